//! The field that orders change, and how far the org's changes are known to be complete.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orgtap_salesforce::{Client, Field, FieldType, SObject};
use orgtap_soql::{Condition, LiteralKind, Operator, Path};

use super::columns::nearest;
use crate::error::{Error, Result};

/// How far before the server's time a watermark lies where Salesforce keeps no log of an object's changes. A REST or SOAP call is over after
/// ten minutes (Salesforce limits cheat sheet); this is twice as long, for what runs outside such a call, as batches of the Bulk API do.
pub(crate) const COMMIT_MARGIN: SignedDuration = SignedDuration::from_mins(20);

/// How far what the org says of its time may lie beyond another of its times, and still be of the same clock.
pub(crate) const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

/// The time over which the log of changes is asked how far it is complete. Short, because the answer also lists every change in it.
const LOG_WINDOW: Duration = Duration::from_secs(5 * 60);

/// The fields that order change, best known first. History objects have `CreatedDate` only, logins `LoginTime`.
const USUAL_CURSORS: [&str; 4] = ["LastModifiedDate", "SystemModstamp", "CreatedDate", "LoginTime"];

/// The field that orders change.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub(super) field: String,
    is_date: bool,
    is_nullable: bool,
    /// Whether Salesforce is known to keep an index on it.
    is_indexed: bool,
    /// Why this field, where nobody asked for it and it is not the usual one.
    pub(super) note: Option<String>,
}

impl Cursor {
    /// Chooses the field `wanted`, or the best that `object` has.
    pub(super) fn choose(object: &SObject, wanted: Option<&str>, include_deleted: bool) -> Result<Self> {
        match wanted {
            Some(name) => Self::wanted(object, name),
            None => Self::usual(object, include_deleted),
        }
    }

    fn wanted(object: &SObject, name: &str) -> Result<Self> {
        let Some(field) = object.field(name) else {
            let message =
                format!("could not use `{name}` as `cursor_field`: object `{}` has no such field", object.name);
            let hint = nearest(name, instants(object).map(|field| field.name.as_str()))
                .unwrap_or_else(|| "choose a date or datetime field; `LastModifiedDate` is the usual one".to_owned());
            return Err(Error::row_with_hint(message, hint));
        };
        let problem = match field.field_type {
            FieldType::Date | FieldType::DateTime if field.filterable => return Ok(Self::of(field, None)),
            FieldType::Date | FieldType::DateTime => "Salesforce does not filter by it".to_owned(),
            _ => format!("it is of type {}", field.field_type.name()),
        };
        Err(Error::row_with_hint(
            format!("could not use `{}` as `cursor_field`: {problem}", field.name),
            "choose a date or datetime field; `LastModifiedDate` is the usual one",
        ))
    }

    fn usual(object: &SObject, include_deleted: bool) -> Result<Self> {
        let find = |name: &str| instants(object).find(|field| field.name == name && field.filterable);
        // Deleting a record is sure to change its SystemModstamp only (getDeleted takes its dates from there).
        if include_deleted && let Some(field) = find("SystemModstamp") {
            let note = "the cursor field is `SystemModstamp`, which deleting a record changes too".to_owned();
            return Ok(Self::of(field, Some(note)));
        }
        let Some(field) = USUAL_CURSORS.iter().find_map(|name| find(name)) else {
            return Err(Error::row_with_hint(
                format!("could not fetch `{}` incrementally: it has none of {}", object.name, USUAL_CURSORS.join(", ")),
                "name another date or datetime field in `cursor_field`, or set `fetch = \"all\"`",
            ));
        };
        let note = (field.name != USUAL_CURSORS[0])
            .then(|| format!("the cursor field is `{}`: `{}` has no `{}`", field.name, object.name, USUAL_CURSORS[0]));
        Ok(Self::of(field, note))
    }

    fn of(field: &Field, note: Option<String>) -> Self {
        Self {
            field: field.name.clone(),
            is_date: field.field_type == FieldType::Date,
            is_nullable: field.nillable,
            is_indexed: is_indexed(field),
            note,
        }
    }

    /// Returns `at` as it stands in a query.
    pub(super) fn bound(&self, at: Timestamp) -> String {
        let form = if self.is_date { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%SZ" };
        at.strftime(form).to_string()
    }

    /// Returns how far a watermark has to lie before the instant up to which everything is known.
    ///
    /// A date carries no time zone: for a user far in the west it is still yesterday. So its watermark lies a day back.
    pub(super) fn margin(&self) -> SignedDuration {
        if self.is_date { SignedDuration::from_hours(24) } else { SignedDuration::ZERO }
    }

    /// Returns which of `columns` holds the instants of change. A date is no instant.
    pub(super) fn column(&self, columns: &[String]) -> Option<usize> {
        columns.iter().position(|column| *column == self.field).filter(|_| !self.is_date)
    }

    /// Returns what a fetch by this field costs, if somebody chose one that has no index as far as anybody can tell, and what to do about it.
    pub(super) fn cost(&self) -> Option<(String, &'static str)> {
        let message = format!(
            "the cursor field `{}` is not known to be indexed: each fetch may have Salesforce look at all records of the object, \
             and time out where they are many",
            self.field
        );
        let suggestion =
            "`SystemModstamp` is indexed for every object that has it; else ask Salesforce for a custom index";
        (!self.is_indexed).then_some((message, suggestion))
    }

    /// Returns whether records may lack a value, so that it does not order them.
    pub(super) fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    /// Returns the condition that the cursor lies within the bounds, of which `from` is inclusive and `to` exclusive. Records without a value
    /// count as changed, unless there is an upper bound: they would lie within every such window.
    pub(super) fn condition(&self, from: Option<&str>, to: Option<&str>) -> Result<Option<Condition>> {
        let mut bounds = Vec::with_capacity(2);
        for (operator, bound) in [(Operator::Ge, from), (Operator::Lt, to)] {
            if let Some(bound) = bound {
                bounds.push(Condition::compare(self.path()?, operator, self.literal(bound)?));
            }
        }
        let Some(within) = Condition::all(bounds) else {
            return Ok(None);
        };
        if !self.is_nullable || to.is_some() {
            return Ok(Some(within));
        }
        let is_null = Condition::compare(self.path()?, Operator::Eq, LiteralKind::Null);
        Ok(Condition::any([within, is_null]))
    }

    /// Returns the condition that a record has a value; `None` where each has one.
    pub(super) fn has_value(&self) -> Result<Option<Condition>> {
        let has_value = || Ok(Condition::compare(self.path()?, Operator::Ne, LiteralKind::Null));
        self.is_nullable.then(has_value).transpose()
    }

    fn path(&self) -> Result<Path> {
        Path::of(&self.field).map_err(|error| Error::row(error.to_string()))
    }

    fn literal(&self, bound: &str) -> Result<LiteralKind> {
        let literal = if self.is_date { LiteralKind::date(bound) } else { LiteralKind::date_time(bound) };
        literal.map_err(|error| Error::Internal { message: error.to_string() })
    }
}

/// Returns whether Salesforce is known to keep an index on the field: on the stamps of records (best practices for large data volumes,
/// "Indexes"). Other fields that are indexed by themselves are ids, lookups, names and external ids, none of which is a date or datetime; of
/// custom indexes no describe tells. The stamp of logins is the only one that they have.
fn is_indexed(field: &Field) -> bool {
    USUAL_CURSORS.contains(&field.name.as_str())
}

fn instants(object: &SObject) -> impl Iterator<Item = &Field> {
    object.fields.iter().filter(|field| matches!(field.field_type, FieldType::Date | FieldType::DateTime))
}

/// Up to which instant the changes of an object are complete.
#[derive(Clone, Copy, Debug)]
pub(super) struct Complete {
    pub(super) until: Timestamp,
    /// Whether the org's log of changes says so, and not only the time of an answer.
    pub(super) is_logged: bool,
}

/// Asks the org up to which instant its changes of `object` are complete: everything stamped earlier can be seen now. `None` where the server
/// does not even tell its time.
///
/// This machine's clock takes no part. `latestDateCovered` stays behind while transactions are open (`getUpdated`, SOAP API guide).
pub(super) async fn watermark(client: &Client, object: &SObject) -> Option<Complete> {
    let now = object.server_time?;
    let by_time = || Some(Complete { until: by_margin(object)?, is_logged: false });
    if !object.replicateable {
        return by_time();
    }
    let start = now.saturating_sub(LOG_WINDOW).ok()?;
    match client.updated(&object.name, start, now).await {
        // What claims to know what is still to come knows nothing of transactions that are open.
        Ok(updated) if updated.latest_date_covered.duration_since(now) > CLOCKS_APART => by_time(),
        Ok(updated) => Some(Complete { until: updated.latest_date_covered.min(now), is_logged: true }),
        Err(error) => {
            tracing::debug!(object = object.name, error = %error, "no log of changes, taking the server's time less a margin");
            by_time()
        }
    }
}

/// Returns the time at which the object was described, less what a transaction may take.
pub(super) fn by_margin(object: &SObject) -> Option<Timestamp> {
    object.server_time?.saturating_sub(COMMIT_MARGIN).ok()
}
