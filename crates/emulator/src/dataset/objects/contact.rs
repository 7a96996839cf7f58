//! `Contact`: people, most of them at an account.

use super::account::merged_into;
use super::person::{first_name, full_name, last_name, mailbox, phone};
use crate::dataset::address::address_fields;
use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::{DEPARTMENTS, TITLES};
use crate::object::FieldKind;
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
            reference("AccountId", "Account ID", &["Account"], "Account", |d| d.maybe(95, |d| d.parent(Kind::Account)))
                .children("Contacts", true),
            text("LastName", "Last Name", 80, |d| last_name(d).into()).required().part_of("Name"),
            text("FirstName", "First Name", 40, |d| first_name(d).into()).part_of("Name"),
            picklist("Salutation", "Salutation", SALUTATIONS, |d| d.maybe(40, |d| d.word(SALUTATIONS))).part_of("Name"),
            text("Name", "Full Name", 121, |d| Value::text(full_name(d)))
                .required()
                .read_only()
                .set("nameField", true)
                .set("extraTypeInfo", "personname"),
        ])
        .fields(address_fields!("Mailing", "Mailing"))
        .fields(address_fields!("Other", "Other"))
        .fields(facts())
        .audited()
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
