//! `Case`: what customers complain about.

use jiff::SignedDuration;

use super::person::mailbox;
use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::PROBLEMS;
use crate::object::FieldKind;
use crate::value::Value;

pub(super) const STATUSES: &[&str] = &["New", "Working", "Escalated", "Closed"];
const ORIGINS: &[&str] = &["Phone", "Email", "Web"];
const PRIORITIES: &[&str] = &["High", "Medium", "Low"];
const REASONS: &[&str] = &["Installation", "Equipment Complexity", "Performance", "Breakdown", "Feedback", "Other"];
const TYPES: &[&str] = &["Mechanical", "Electrical", "Electronic", "Structural", "Other"];

fn status(draw: Draw<'_>) -> &'static str {
    let draw = draw.of(const { salt("Status") });
    if draw.again().chance(60) { "Closed" } else { draw.pick(STATUSES) }
}

fn closed_date(draw: Draw<'_>) -> Value {
    if status(draw) != "Closed" {
        return Value::Null;
    }
    let open = SignedDuration::from_secs(draw.between(600, 80_000) as i64);
    draw.created().checked_add(open).map_or(Value::Null, Value::DateTime)
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    ObjectSpec::new(Kind::Case, "Case", "Case", "Cases")
        .set("feedEnabled", true)
        .fields([
            reference("MasterRecordId", "Master Record ID", &["Case"], "MasterRecord", |_| Value::Null).read_only(),
            text("CaseNumber", "Case Number", 30, |d| Value::text(format!("{:08}", d.n + 1000)))
                .required()
                .read_only()
                .set("autoNumber", true)
                .set("nameField", true),
            reference("ContactId", "Contact ID", &["Contact"], "Contact", |d| d.maybe(85, |d| d.parent(Kind::Contact)))
                .children("Cases", false),
            reference("AccountId", "Account ID", &["Account"], "Account", |d| d.maybe(90, |d| d.parent(Kind::Account)))
                .children("Cases", false),
            reference("ParentId", "Parent Case ID", &["Case"], "Parent", |d| d.maybe(4, Draw::earlier_one))
                .children("Cases", false),
            field(FieldKind::Email, "SuppliedEmail", "Email Address", |d| {
                d.maybe(30, |d| Value::text(format!("{}@example.com", mailbox(d))))
            }),
            picklist("Type", "Case Type", TYPES, |d| d.maybe(60, |d| d.word(TYPES))),
            picklist("Status", "Status", STATUSES, |d| status(d).into()),
            picklist("Reason", "Case Reason", REASONS, |d| d.maybe(65, |d| d.word(REASONS))),
            picklist("Origin", "Case Origin", ORIGINS, |d| d.word(ORIGINS)),
            text("Subject", "Subject", 255, |d| d.maybe(97, |d| d.line(|d| d.pick(PROBLEMS).to_owned()))),
            picklist("Priority", "Priority", PRIORITIES, |d| d.word(PRIORITIES)),
            long_text("Description", "Description", 32_000, |d| d.maybe(70, |d| d.prose(80))),
            field(FieldKind::Boolean, "IsClosed", "Closed", |d| (status(d) == "Closed").into()).read_only(),
            field(FieldKind::DateTime, "ClosedDate", "Closed Date", closed_date).read_only(),
            field(FieldKind::Boolean, "IsEscalated", "Escalated", |d| (status(d) == "Escalated").into()),
            reference("OwnerId", "Owner ID", &["Group", "User"], "Owner", |d| d.user())
                .required()
                .set("defaultedOnCreate", true),
        ])
        .audited()
}
