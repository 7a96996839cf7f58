//! `Opportunity`: deals with accounts.

use jiff::SignedDuration;

use crate::dataset::currency::currency_code;
use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::PRODUCTS;
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

/// The stages with their probability in percent.
const STAGES: &[(&str, f64)] = &[
    ("Prospecting", 10.0),
    ("Qualification", 10.0),
    ("Needs Analysis", 20.0),
    ("Value Proposition", 50.0),
    ("Id. Decision Makers", 60.0),
    ("Proposal/Price Quote", 75.0),
    ("Negotiation/Review", 90.0),
    ("Closed Won", 100.0),
    ("Closed Won", 100.0),
    ("Closed Lost", 0.0),
];
const STAGE_NAMES: &[&str] = &[
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];
const TYPES: &[&str] = &["New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement"];

fn stage(draw: Draw<'_>) -> (&'static str, f64) {
    STAGES[draw.of(const { salt("StageName") }).below(STAGES.len() as u64) as usize]
}

fn amount(draw: Draw<'_>) -> Option<f64> {
    let draw = draw.of(const { salt("Amount") });
    draw.again().chance(85).then(|| draw.between(10_000, 99_000_000) as f64 / 100.0)
}

/// Returns the day the deal closes: some months after it began, maybe after the org's start.
fn close_date(draw: Draw<'_>) -> jiff::civil::Date {
    let created = draw.created();
    let later = SignedDuration::from_hours(24 * draw.of(const { salt("CloseDate") }).between(5, 240) as i64);
    let at = created.checked_add(later).unwrap_or(created);
    jiff::tz::Offset::UTC.to_datetime(at).date()
}

/// Returns the fiscal year, which has the name of the year it ends in, and the quarter in which the deal closes.
fn fiscal(draw: Draw<'_>) -> (i64, i64) {
    let (date, start) = (close_date(draw), draw.org.fiscal_year_start);
    let year = i64::from(date.year()) + i64::from(start > 1 && date.month() >= start);
    (year, i64::from((date.month() - start).rem_euclid(12) / 3 + 1))
}

/// Returns the formula fields, whose values `formula` works out.
fn formulas() -> [FieldSpec; 4] {
    let formula = |spec: FieldSpec, text: &str| {
        spec.read_only().set("calculated", true).set("calculatedFormula", text).only_with(Profile::Formulas)
    };
    let nothing = |_: Draw<'_>| Value::Null;
    [
        formula(text("Account_Name__c", "Name of Account", 1300, nothing), "Account.Name"),
        formula(
            field(FieldKind::Currency, "Weighted_Amount__c", "Weighted Amount", nothing),
            "BLANKVALUE(Amount, 0) * Probability",
        ),
        formula(
            field(FieldKind::Boolean, "Is_Urgent__c", "Urgent", nothing).required(),
            "NOT(IsClosed) && Account.AnnualRevenue > 1000000 && CloseDate - TODAY() < 30",
        ),
        formula(
            field(FieldKind::Double, "Days_To_Close__c", "Days to Close", nothing).set("scale", 0),
            "IF(IsClosed, NULL, CloseDate - TODAY())",
        ),
    ]
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let name = |d: Draw<'_>| d.line(|d| format!("{} {}", d.pick(PRODUCTS), d.again().between(2020, 2030)));
    ObjectSpec::new(Kind::Opportunity, "Opportunity", "Opportunity", "Opportunities")
        .set("feedEnabled", true)
        .fields([
            reference("AccountId", "Account ID", &["Account"], "Account", |d| d.maybe(97, |d| d.parent(Kind::Account)))
                .children("Opportunities", true),
            field(FieldKind::Boolean, "IsPrivate", "Private", |d| d.chance(3).into()),
            text("Name", "Name", 120, name).required().set("nameField", true),
            long_text("Description", "Description", 32_000, |d| d.maybe(40, |d| d.prose(50))),
            picklist("StageName", "Stage", STAGE_NAMES, |d| stage(d).0.into()).required(),
            currency_code(),
            field(FieldKind::Currency, "Amount", "Amount", |d| amount(d).map_or(Value::Null, Value::Double)),
            field(FieldKind::Percent, "Probability", "Probability (%)", |d| stage(d).1.into()).set("precision", 3),
            field(FieldKind::Currency, "ExpectedRevenue", "Expected Amount", |d| {
                amount(d).map_or(Value::Null, |amount| ((amount * stage(d).1).round() / 100.0).into())
            })
            .read_only(),
            field(FieldKind::Double, "TotalOpportunityQuantity", "Quantity", |d| {
                d.maybe(50, |d| (d.between(1, 500) as f64).into())
            }),
            field(FieldKind::Date, "CloseDate", "Close Date", |d| close_date(d).into()).required(),
            picklist("Type", "Opportunity Type", TYPES, |d| d.maybe(80, |d| d.word(TYPES))),
            text("NextStep", "Next Step", 255, |d| d.maybe(35, |d| d.line(|_| "call, then \"mail\"".to_owned()))),
            picklist("LeadSource", "Lead Source", &["Web", "Other"], |d| d.maybe(50, |d| d.word(&["Web", "Other"]))),
            field(FieldKind::Boolean, "IsClosed", "Closed", |d| stage(d).0.starts_with("Closed").into()).read_only(),
            field(FieldKind::Boolean, "IsWon", "Won", |d| (stage(d).0 == "Closed Won").into()).read_only(),
            reference("OwnerId", "Owner ID", &["User"], "Owner", |d| d.user())
                .required()
                .set("defaultedOnCreate", true),
            reference("ContactId", "Contact ID", &["Contact"], "Contact", |d| d.maybe(40, |d| d.parent(Kind::Contact))),
            field(FieldKind::Int, "FiscalQuarter", "Fiscal Quarter", |d| fiscal(d).1.into()).read_only(),
            field(FieldKind::Int, "FiscalYear", "Fiscal Year", |d| fiscal(d).0.into()).read_only(),
            text("Fiscal", "Fiscal Period", 6, |d| {
                let (year, quarter) = fiscal(d);
                Value::text(format!("{year} {quarter}"))
            })
            .read_only(),
        ])
        .fields(formulas())
        .audited()
}
