//! `Account`: companies.

use crate::dataset::address::address_fields;
use crate::dataset::currency::currency_code;
use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::{COMPANY_FORMS, COMPANY_STEMS, COMPANY_TRADES};
use crate::object::FieldKind;
use crate::org::{RollUp, RollUpOperation};
use crate::profile::Profile;
use crate::value::Value;

use super::contact;
use super::person::{full_name, phone};

const TYPES: &[&str] = &["Prospect", "Customer - Direct", "Customer - Channel", "Installation Partner", "Other"];
const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Banking",
    "Biotechnology",
    "Construction",
    "Education",
    "Energy",
    "Food & Beverage",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Manufacturing",
    "Media",
    "Retail",
    "Shipping",
    "Technology",
    "Utilities",
];
const SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];

/// Returns a company's name without its legal form.
fn company(draw: Draw<'_>) -> (&'static str, &'static str) {
    let draw = draw.of(const { salt("Name") });
    (draw.pick(COMPANY_STEMS), draw.again().pick(COMPANY_TRADES))
}

/// Returns a company's full name.
pub(super) fn name(draw: Draw<'_>) -> Value {
    if let Some(contact) = draw.person() {
        return Value::text(full_name(contact));
    }
    let draw = draw.of(const { salt("Name") });
    draw.line(|d| {
        let ((stem, trade), form) = (company(d), d.of(const { salt("Form") }).pick(COMPANY_FORMS));
        format!("{stem} {trade} {form}")
    })
}

fn website(draw: Draw<'_>) -> Value {
    let (stem, trade) = company(draw);
    Value::text(format!("https://{}-{}.example.com", stem.to_lowercase(), trade.to_lowercase()))
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    ObjectSpec::new(Kind::Account, "Account", "Account", "Accounts")
        .set("feedEnabled", true)
        .fields([
            reference("MasterRecordId", "Master Record ID", &["Account"], "MasterRecord", merged_into).read_only(),
            text("Name", "Account Name", 255, name).required().set("nameField", true),
            currency_code(),
            picklist("Type", "Account Type", TYPES, |d| d.maybe(90, |d| d.word(TYPES))),
            reference("ParentId", "Parent Account ID", &["Account"], "Parent", |d| d.maybe(15, Draw::earlier_one))
                .children("ChildAccounts", false),
        ])
        .fields(address_fields!("Billing", "Billing"))
        .fields(address_fields!("Shipping", "Shipping"))
        .fields(facts())
        .fields(person())
        .fields(sums())
        .audited()
}

/// What accounts that are people have.
fn person() -> Vec<FieldSpec> {
    let own = [
        field(FieldKind::Boolean, "IsPersonAccount", "Is Person Account", |d| d.person().is_some().into())
            .read_only()
            .only_with(Profile::PersonAccounts),
        reference("PersonContactId", "Contact ID", &["Contact"], "PersonContact", |d| {
            d.person().map_or(Value::Null, |contact| contact.id().into())
        })
        .read_only()
        .only_with(Profile::PersonAccounts),
    ];
    own.into_iter().chain(contact::of_persons()).collect()
}

/// What accounts tell of their opportunities. The values are worked out by the org, not drawn.
fn sums() -> [FieldSpec; 4] {
    let sum = |kind, name, label, function: &str| {
        field(kind, name, label, |_| Value::Null)
            .read_only()
            .set("calculated", true)
            .set("inlineHelpText", function)
            .only_with(Profile::RollUps)
    };
    [
        sum(FieldKind::Double, "Opportunities__c", "Opportunities", "COUNT of opportunities").set("scale", 0),
        sum(FieldKind::Currency, "Pipeline__c", "Pipeline", "SUM of the amounts of opportunities"),
        sum(FieldKind::Currency, "Largest_Deal__c", "Largest Deal", "MAX of the amounts of opportunities"),
        sum(FieldKind::Date, "First_Close__c", "First Close", "MIN of the close dates of opportunities"),
    ]
}

/// Returns what the sums are made of.
pub(super) fn roll_ups() -> Vec<RollUp> {
    let of = |field: &str, operation, of: Option<&str>| RollUp {
        object: "Account".to_owned(),
        field: field.to_owned(),
        operation,
        child: "Opportunity".to_owned(),
        reference: "AccountId".to_owned(),
        of: of.map(str::to_owned),
    };
    vec![
        of("Opportunities__c", RollUpOperation::Count, None),
        of("Pipeline__c", RollUpOperation::Sum, Some("Amount")),
        of("Largest_Deal__c", RollUpOperation::Max, Some("Amount")),
        of("First_Close__c", RollUpOperation::Min, Some("CloseDate")),
    ]
}

fn facts() -> [FieldSpec; 20] {
    [
        field(FieldKind::Phone, "Phone", "Account Phone", |d| d.maybe(80, |d| Value::text(phone(d)))),
        field(FieldKind::Phone, "Fax", "Account Fax", |d| d.maybe(20, |d| Value::text(phone(d)))),
        text("AccountNumber", "Account Number", 40, |d| {
            d.maybe(70, |d| Value::text(format!("{:08}", d.below(100_000_000))))
        }),
        field(FieldKind::Url, "Website", "Website", |d| d.maybe(75, website)),
        text("Sic", "SIC Code", 20, |d| d.maybe(40, |d| Value::text(format!("{:04}", d.below(10_000))))),
        picklist("Industry", "Industry", INDUSTRIES, |d| d.maybe(85, |d| d.word(INDUSTRIES))),
        field(FieldKind::Currency, "AnnualRevenue", "Annual Revenue", |d| d.maybe(60, revenue)).set("scale", 0),
        field(FieldKind::Int, "NumberOfEmployees", "Employees", |d| {
            d.maybe(65, |d| (d.between(1, 90_000) as i64).into())
        })
        .set("digits", 8),
        picklist("Ownership", "Ownership", &["Public", "Private", "Subsidiary", "Other"], |d| {
            d.maybe(50, |d| d.word(&["Public", "Private", "Subsidiary", "Other"]))
        }),
        text("TickerSymbol", "Ticker Symbol", 20, |_| Value::Null),
        long_text("Description", "Account Description", 32_000, |d| d.maybe(45, |d| d.prose(60))),
        picklist("Rating", "Account Rating", &["Hot", "Warm", "Cold"], |d| {
            d.maybe(55, |d| d.word(&["Hot", "Warm", "Cold"]))
        }),
        text("Site", "Account Site", 80, |d| d.maybe(15, |d| d.line(|_| "Headquarters".to_owned()))),
        reference("OwnerId", "Owner ID", &["User"], "Owner", |d| d.user()).required().set("defaultedOnCreate", true),
        picklist("AccountSource", "Account Source", SOURCES, |d| d.maybe(50, |d| d.word(SOURCES))),
        field(FieldKind::Date, "LastActivityDate", "Last Activity", |d| d.maybe(60, |d| d.day_before(300).into()))
            .read_only(),
        field(FieldKind::DateTime, "LastViewedDate", "Last Viewed Date", |_| Value::Null).read_only(),
        field(FieldKind::DateTime, "LastReferencedDate", "Last Referenced Date", |_| Value::Null).read_only(),
        field(FieldKind::Double, "NumberofLocations__c", "Number of Locations", |d| {
            d.maybe(40, |d| (d.between(1, 40) as f64).into())
        })
        .set("precision", 3),
        field(FieldKind::Date, "SLAExpirationDate__c", "SLA Expiration Date", |d| {
            d.maybe(30, |d| d.day_before(700).into())
        }),
    ]
}

/// Returns amounts from small to large enough for scientific notation.
fn revenue(draw: Draw<'_>) -> Value {
    let digits = draw.between(5, 11) as u32;
    (draw.again().between(1, 9_999) as f64 * 10_f64.powi(digits as i32 - 4)).round().into()
}

/// Returns the record that a merge kept instead of this one: some of the deleted records lost a merge.
pub(super) fn merged_into(draw: Draw<'_>) -> Value {
    let is_person = draw.person().or(draw.account_of_person()).is_some();
    if draw.is_deleted() && !is_person && draw.chance(25) { draw.again().parent(draw.kind) } else { Value::Null }
}
