//! `Event`: meetings. Old ones are archived, so that only `queryAll` sees them.

use jiff::{SignedDuration, Timestamp};

use super::task::what;
use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, long_text, picklist, reference, text};
use crate::object::FieldKind;
use crate::profile::Profile;

const SUBJECTS: &[&str] = &["Call", "Meeting", "Email", "Demo", "Lunch", "Other"];
const SHOWN_AS: &[&str] = &["Busy", "OutOfOffice", "Free"];
const ROOMS: &[&str] = &["Room 1", "Room 2", "at the customer's", "online"];
/// Events that ended longer ago than this are archived.
const ARCHIVED_AFTER_SECONDS: u64 = 365 * 86_400;

/// Returns when it begins: some days after it was made, at a full quarter of an hour.
fn starts(draw: Draw<'_>) -> Timestamp {
    let later = draw.of(const { salt("StartDateTime") }).between(1, 60 * 24 * 4) as i64 * 900;
    let at = draw.created().checked_add(SignedDuration::from_secs(later)).unwrap_or(draw.created());
    Timestamp::from_second(at.as_second().div_euclid(900) * 900).unwrap_or(at)
}

fn minutes(draw: Draw<'_>) -> i64 {
    draw.of(const { salt("DurationInMinutes") }).between(1, 12) as i64 * 15
}

fn ends(draw: Draw<'_>) -> Timestamp {
    starts(draw).checked_add(SignedDuration::from_mins(minutes(draw))).unwrap_or(starts(draw))
}

fn is_archived(draw: Draw<'_>) -> bool {
    !draw.is_deleted() && draw.org.age(ends(draw)) > ARCHIVED_AFTER_SECONDS
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    ObjectSpec::new(Kind::Event, "Event", "Event", "Events")
        .only_with(Profile::Activities)
        .fields([
            reference("WhoId", "Name ID", &["Contact"], "Who", |d| d.maybe(70, |d| d.parent(Kind::Contact)))
                .set("referenceTo", ["Contact", "Lead"].as_slice())
                .set("polymorphicForeignKey", true)
                .set("namePointing", true)
                .children("Events", false),
            reference("WhatId", "Related To ID", &["Account", "Case", "Opportunity", "Shipment__c"], "What", |d| {
                d.maybe(75, what)
            })
            .set("polymorphicForeignKey", true)
            .set("namePointing", true)
            .children("Events", false),
            field(FieldKind::Combobox, "Subject", "Subject", |d| d.line(|d| d.pick(SUBJECTS).to_owned()))
                .values(SUBJECTS),
            text("Location", "Location", 255, |d| d.maybe(60, |d| d.word(ROOMS))),
            field(FieldKind::Boolean, "IsAllDayEvent", "All-Day Event", |_| false.into()),
            field(FieldKind::DateTime, "ActivityDateTime", "Due Date Time", |d| starts(d).into()),
            field(FieldKind::Date, "ActivityDate", "Due Date Only", |d| {
                jiff::tz::Offset::UTC.to_datetime(starts(d)).date().into()
            }),
            field(FieldKind::Int, "DurationInMinutes", "Duration", |d| minutes(d).into()),
            field(FieldKind::DateTime, "StartDateTime", "Start Date Time", |d| starts(d).into()),
            field(FieldKind::DateTime, "EndDateTime", "End Date Time", |d| ends(d).into()),
            long_text("Description", "Description", 32_000, |d| d.maybe(35, |d| d.prose(50))),
            reference("OwnerId", "Assigned To ID", &["User"], "Owner", |d| d.user())
                .required()
                .set("defaultedOnCreate", true),
            field(FieldKind::Boolean, "IsPrivate", "Private", |d| d.chance(4).into()),
            picklist("ShowAs", "Show Time As", SHOWN_AS, |d| d.word(SHOWN_AS)),
            field(FieldKind::Boolean, "IsArchived", "Archived", |d| is_archived(d).into()).read_only(),
        ])
        .audited()
}
