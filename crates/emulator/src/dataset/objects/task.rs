//! `Task`: what people have done and still have to do. Old ones are archived, so that only `queryAll` sees them.

use jiff::tz::Offset;

use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, long_text, picklist, reference};
use crate::object::FieldKind;
use crate::value::Value;

const SUBJECTS: &[&str] = &["Call", "Email", "Send Letter", "Send Quote", "Follow up", "Other"];
pub(super) const STATUSES: &[&str] =
    &["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"];
pub(super) const PRIORITIES: &[&str] = &["High", "Normal", "Low"];
/// Closed tasks that were due longer ago than this are archived.
const ARCHIVED_AFTER_SECONDS: u64 = 365 * 86_400;

fn status(draw: Draw<'_>) -> &'static str {
    let draw = draw.of(const { salt("Status") });
    if draw.again().chance(65) { "Completed" } else { draw.pick(STATUSES) }
}

fn due(draw: Draw<'_>) -> Value {
    draw.of(const { salt("ActivityDate") }).maybe(90, |d| d.day_before(730).into())
}

/// Returns whether it was archived before the org started, by the rule that `org::archive` goes on with.
fn is_archived(draw: Draw<'_>) -> bool {
    let ended = match due(draw) {
        Value::Date(day) => Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(draw.created()),
        _ => draw.created(),
    };
    !draw.is_deleted() && status(draw) == "Completed" && draw.org.age(ended) > ARCHIVED_AFTER_SECONDS
}

/// Returns the record that an activity is about.
pub(super) fn what(draw: Draw<'_>) -> Value {
    let kinds = [Kind::Account, Kind::Opportunity, Kind::Case, Kind::Shipment];
    draw.again().parent(kinds[draw.below(4) as usize])
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    ObjectSpec::new(Kind::Task, "Task", "Task", "Tasks")
        .fields([
            reference("WhoId", "Name ID", &["Contact"], "Who", |d| d.maybe(70, |d| d.parent(Kind::Contact)))
                .set("referenceTo", ["Contact", "Lead"].as_slice())
                .set("polymorphicForeignKey", true)
                .set("namePointing", true)
                .children("Tasks", false),
            reference("WhatId", "Related To ID", &["Account", "Case", "Opportunity", "Shipment__c"], "What", |d| {
                d.maybe(75, what)
            })
            .set("polymorphicForeignKey", true)
            .set("namePointing", true)
            .children("Tasks", false),
            field(FieldKind::Combobox, "Subject", "Subject", |d| d.line(|d| d.pick(SUBJECTS).to_owned()))
                .values(SUBJECTS),
            field(FieldKind::Date, "ActivityDate", "Due Date Only", due),
            picklist("Status", "Status", STATUSES, |d| status(d).into()).required(),
            picklist("Priority", "Priority", PRIORITIES, |d| d.word(PRIORITIES)).required(),
            field(FieldKind::Boolean, "IsHighPriority", "High Priority", |d| {
                (d.of(const { salt("Priority") }).pick(PRIORITIES) == "High").into()
            })
            .read_only(),
            reference("OwnerId", "Assigned To ID", &["Group", "User"], "Owner", |d| d.user())
                .required()
                .set("defaultedOnCreate", true),
            long_text("Description", "Description", 32_000, |d| d.maybe(40, |d| d.prose(60))),
            field(FieldKind::Boolean, "IsClosed", "Closed", |d| (status(d) == "Completed").into()).read_only(),
            field(FieldKind::Boolean, "IsArchived", "Archived", |d| is_archived(d).into()).read_only(),
            field(FieldKind::Int, "CallDurationInSeconds", "Call Duration", |d| {
                d.maybe(30, |d| (d.below(3600) as i64).into())
            }),
            picklist("CallType", "Call Type", &["Internal", "Inbound", "Outbound"], |d| {
                d.maybe(30, |d| d.word(&["Internal", "Inbound", "Outbound"]))
            }),
            field(FieldKind::DateTime, "CompletedDateTime", "Completed Date/Time", |d| {
                if status(d) == "Completed" { d.modified().into() } else { Value::Null }
            })
            .read_only(),
        ])
        .audited()
}
