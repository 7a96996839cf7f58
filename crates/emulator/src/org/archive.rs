//! Activities that the org archives as time goes by: only `queryAll` shows them then. What was there at the org's start is as its
//! records say; from then on an event goes a year after it ended, a closed task a year after it was due or, without a due date, a year
//! after it was created (Salesforce help, "Archived Activities"). The archiver goes through the org once a day and leaves no stamp.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::table::{RecordRef, Table};
use crate::clock::later;
use crate::object::ObjectType;
use crate::value::Value;

/// How long after its end an activity is archived.
const AFTER: Duration = Duration::from_secs(365 * 86_400);
const SECONDS_PER_DAY: i64 = 86_400;
/// The status of a task that is closed in an org that says nothing else.
const CLOSED: &str = "Completed";

/// Which records of an object have been archived since the org's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Archive {
    /// When an event ended.
    ended: Option<usize>,
    /// The day on which it was due.
    due: Option<usize>,
    created: Option<usize>,
    /// What tells that a task is closed.
    closed: Option<(Option<usize>, Option<usize>)>,
    /// When the org started: who was there before and not archived stays so, unless its time comes later.
    start: Timestamp,
    /// Until when the archiver has come.
    until: Timestamp,
}

impl Archive {
    /// Returns what is archived of an object; `None` if nothing ever is.
    pub(super) fn of(object: &ObjectType, start: Timestamp) -> Option<Self> {
        let is_task = object.name == "Task";
        let keeps = (is_task || object.name == "Event") && object.position("IsArchived").is_some();
        keeps.then(|| Self {
            ended: object.position("EndDateTime"),
            due: object.position("ActivityDate"),
            created: object.position("CreatedDate"),
            closed: is_task.then(|| (object.position("IsClosed"), object.position("Status"))),
            start,
            until: start,
        })
    }

    /// Lets the archiver come until `now`; returns whether it has more to do than before.
    pub(super) fn come_to(&mut self, now: Timestamp) -> bool {
        let day = now.as_second().div_euclid(SECONDS_PER_DAY) * SECONDS_PER_DAY;
        let day = Timestamp::from_second(day).unwrap_or(now);
        let is_later = day > self.until;
        self.until = self.until.max(day);
        is_later
    }

    /// Returns whether a record has been archived.
    pub(super) fn holds(&self, table: &Table, record: RecordRef<'_>) -> bool {
        if self.until <= self.start {
            return false;
        }
        let value = |field: Option<usize>| field.map_or(Value::Null, |field| table.whole_value(record, field));
        let is_open = self.closed.is_some_and(|(closed, status)| {
            value(closed) != Value::Boolean(true) && value(status).text_or_empty() != CLOSED
        });
        let (created, ended) = (value(self.created), [value(self.ended), value(self.due), value(self.created)]);
        let Some(goes) = ended.iter().find_map(instant).map(|ended| later(ended, AFTER)) else { return false };
        let is_new = instant(&created).is_some_and(|created| created >= self.start);
        !is_open && goes <= self.until && (is_new || goes >= self.start)
    }
}

fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::DateTime(at) => Some(*at),
        Value::Date(day) => Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok(),
        _ => None,
    }
}
