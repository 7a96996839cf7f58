//! `Contact`: people, most of them at an account.

use super::account::merged_into;
use super::person::{first_name, full_name, last_name, mailbox, phone};
use crate::dataset::address::address_fields;
use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::{DEPARTMENTS, TITLES};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

const SALUTATIONS: &[&str] = &["Mr.", "Ms.", "Mx.", "Dr.", "Prof."];
const SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
/// The values that `Languages__c` can combine, by powers of two.
const LANGUAGES: &[&str] = &["English", "German", "Czech", "Spanish", "Japanese"];

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    ObjectSpec::new(Kind::Contact, "Contact", "Contact", "Contacts")
        .set("feedEnabled", true)
        .fields([
            reference("MasterRecordId", "Master Record ID", &["Contact"], "MasterRecord", merged_into).read_only(),
            reference("AccountId", "Account ID", &["Account"], "Account", account).children("Contacts", true),
            text("LastName", "Last Name", 80, |d| last_name(d).into()).required().part_of("Name"),
            text("FirstName", "First Name", 40, |d| first_name(d).into()).part_of("Name"),
            picklist("Salutation", "Salutation", SALUTATIONS, |d| d.maybe(40, |d| d.word(SALUTATIONS))).part_of("Name"),
            text("Name", "Full Name", 121, |d| Value::text(full_name(d)))
                .required()
                .read_only()
                .set("nameField", true)
                .set("extraTypeInfo", "personname"),
        ])
        .fields([field(FieldKind::Boolean, "IsPersonAccount", "Is Person Account", |d| {
            d.account_of_person().is_some().into()
        })
        .read_only()
        .only_with(Profile::PersonAccounts)])
        .fields(address_fields!("Mailing", "Mailing"))
        .fields(address_fields!("Other", "Other"))
        .fields(facts())
        .audited()
}

/// Returns a person's own account, or that of whom the contact works for: one that is no person.
fn account(draw: Draw<'_>) -> Value {
    if let Some(account) = draw.account_of_person() {
        return account.id().into();
    }
    let is_company = |n: &u64| draw.org.contact_of(*n).is_none();
    draw.maybe(95, |d| {
        d.parent_number(Kind::Account).filter(is_company).map_or(Value::Null, |n| d.org.id(Kind::Account, n).into())
    })
}

/// Fields that accounts which are people do not take from their contacts: they have their own, or none.
const NOT_OF_PERSONS: &[&str] = &[
    "Id",
    "IsDeleted",
    "MasterRecordId",
    "AccountId",
    "Name",
    "IsPersonAccount",
    "Phone",
    "ReportsToId",
    "Description",
    "OwnerId",
    "LastActivityDate",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
];

/// Returns the fields that accounts which are people take from their contacts.
pub(super) fn of_persons() -> impl Iterator<Item = FieldSpec> {
    let taken = spec().fields.into_iter().filter(|field| !NOT_OF_PERSONS.contains(&&*field.name));
    taken.map(|field| {
        let name = match field.name.strip_suffix("__c") {
            Some(stem) => format!("{stem}__pc"),
            None if matches!(&*field.name, "FirstName" | "LastName" | "Salutation") => field.name.to_string(),
            None => format!("Person{}", field.name),
        };
        field.of_person(name)
    })
}

fn facts() -> [FieldSpec; 18] {
    [
        field(FieldKind::Phone, "Phone", "Business Phone", |d| d.maybe(75, |d| Value::text(phone(d)))),
        field(FieldKind::Phone, "MobilePhone", "Mobile Phone", |d| d.maybe(50, |d| Value::text(phone(d)))),
        reference("ReportsToId", "Reports To ID", &["Contact"], "ReportsTo", |d| d.maybe(25, Draw::earlier_one)),
        field(FieldKind::Email, "Email", "Email", |d| {
            d.maybe(88, |d| Value::text(format!("{}@example.com", mailbox(d))))
        })
        .set("idLookup", true),
        text("Title", "Title", 128, |d| d.maybe(80, |d| d.line(|d| d.pick(TITLES).to_owned()))),
        text("Department", "Department", 80, |d| d.maybe(60, |d| d.word(DEPARTMENTS))),
        text("AssistantName", "Assistant's Name", 40, |_| Value::Null),
        picklist("LeadSource", "Lead Source", SOURCES, |d| d.maybe(60, |d| d.word(SOURCES))),
        field(FieldKind::Date, "Birthdate", "Birthdate", |d| d.maybe(45, |d| d.day_before(80 * 365).into())),
        long_text("Description", "Contact Description", 32_000, |d| d.maybe(25, |d| d.prose(40))),
        reference("OwnerId", "Owner ID", &["User"], "Owner", |d| d.user()).required().set("defaultedOnCreate", true),
        field(FieldKind::Boolean, "HasOptedOutOfEmail", "Email Opt Out", |d| d.chance(12).into()),
        field(FieldKind::Boolean, "DoNotCall", "Do Not Call", |d| d.chance(8).into()),
        field(FieldKind::Date, "LastActivityDate", "Last Activity", |d| d.maybe(50, |d| d.day_before(300).into()))
            .read_only(),
        field(FieldKind::DateTime, "EmailBouncedDate", "Email Bounced Date", |d| d.maybe(3, |d| d.instant_before(400))),
        text("EmailBouncedReason", "Email Bounced Reason", 255, |_| Value::Null),
        field(FieldKind::MultiPicklist, "Languages__c", "Languages", languages).values(LANGUAGES).set("precision", 5),
        text("Nickname__c", "Nickname", 60, |d| d.maybe(30, |d| d.line(|d| first_name(d).to_owned()))),
    ]
}

fn languages(draw: Draw<'_>) -> Value {
    let chosen = draw.below(1 << LANGUAGES.len());
    let words: Vec<&str> =
        LANGUAGES.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, word)| *word).collect();
    Value::text(words.join(";"))
}
