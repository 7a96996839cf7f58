//! Between which values the records of an object lie, asked of the org in queries of one record each, which Salesforce answers from an index.

use jiff::Timestamp;
use orgtap_salesforce::{ErrorKind, FieldType};
use orgtap_soql::{Operator, Query};

use super::BulkJob;
use super::key_range::{Key, KeyRange};
use crate::error::{Error, Result};

/// What the org says of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// The first and the last record lie here.
    At(KeyRange),
    /// There is no record.
    Nowhere,
    /// The object's records cannot be compared or ordered like this.
    Unknown,
}

/// From which end of a range a record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// Fields that say when a record was created, and that never change. Logins have their own.
const CREATED: [&str; 2] = ["CreatedDate", "LoginTime"];

/// No record is older: Salesforce was founded in March 1999. One that says so is in the first range, which has no lower end.
const EARLIEST: u128 = 920_246_400;

/// How long after a job was created records may be expected at the most: what comes later is in the last range, which has no upper end.
const LATEST: u128 = 24 * 3600;

impl BulkJob<'_> {
    /// Returns where the records are that lie in `within`, whatever the query's conditions.
    pub(super) async fn ends(self, key: &Key, within: Option<KeyRange>) -> Result<Ends> {
        let (low, high) = (within.map(|range| range.low), within.map(|range| range.high));
        let Some(first) = self.end(key, End::First, low, high).await? else { return Ok(Ends::Unknown) };
        let Some(first) = first else { return Ok(Ends::Nowhere) };
        // Asked from the first on, so that it shows whether values of this kind can be compared at all.
        let Some(last) = self.end(key, End::Last, Some(first), high).await? else { return Ok(Ends::Unknown) };
        Ok(last
            .filter(|last| *last >= first)
            .map_or(Ends::Nowhere, |last| Ends::At(KeyRange { low: first, high: last })))
    }

    /// Returns `range`, between two records, in at most `count` ranges, each between two records. What lies between them was empty when it was
    /// looked at. The widest is cut first: Ids come in clusters, and the space between these is what the first cuts find.
    pub(super) async fn divide(self, key: &Key, range: KeyRange, count: usize) -> Result<Vec<KeyRange>> {
        let mut ranges = vec![range];
        while ranges.len() < count {
            let widest = (0..ranges.len()).max_by_key(|index| ranges[*index].width()).unwrap_or_default();
            let KeyRange { low, high } = ranges[widest];
            let middle = low + (high - low) / 2;
            let last = self.end(key, End::Last, Some(low), Some(middle)).await?.flatten();
            let first = self.end(key, End::First, Some(middle + 1), Some(high)).await?.flatten();
            match (last, first) {
                (Some(last), Some(first)) if low <= last && last < first && first <= high => {
                    let halves = [KeyRange { low, high: last }, KeyRange { low: first, high }];
                    ranges.splice(widest..=widest, halves);
                }
                _ => break,
            }
        }
        Ok(ranges)
    }

    /// Returns the first or the last number from `low` to `high`; `None` in place of it if there is none, and in place of all if Salesforce
    /// refuses the question.
    async fn end(self, key: &Key, end: End, low: Option<u128>, high: Option<u128>) -> Result<Option<Option<u128>>> {
        let Some(soql) = self.question(key, end, low, high) else { return Ok(None) };
        match self.on.client.query(&soql, self.on.plan.operation).await {
            Ok(page) => {
                let value = |record: &orgtap_salesforce::Record| key.number(record.get(key.field())?.as_text()?);
                let found = page.records.first().map(value);
                // A value that is no number here cannot be the end of a range.
                Ok(if found == Some(None) { None } else { Some(found.flatten()) })
            }
            Err(error) if is_refused(error.kind()) => {
                tracing::debug!(object = self.on.plan.object, field = key.field(), %error, "the records cannot be ordered");
                Ok(None)
            }
            Err(error) => Err(Error::salesforce(error)),
        }
    }

    fn question(self, key: &Key, end: End, low: Option<u128>, high: Option<u128>) -> Option<String> {
        let (object, field) = (&self.on.plan.object, key.field());
        let order = match end {
            End::First => "ASC",
            End::Last => "DESC",
        };
        let nulls = if *key == Key::Id { "" } else { " NULLS LAST" };
        let mut query: Query =
            orgtap_soql::parse(&format!("SELECT {field} FROM {object} ORDER BY {field} {order}{nulls} LIMIT 1"))
                .ok()?;
        for (operator, number) in [(Operator::Ge, low), (Operator::Le, high)] {
            if let Some(number) = number {
                query.add_condition(key.condition(operator, number)?);
            }
        }
        Some(query.to_string())
    }

    /// Returns the field that says when a record was created; `None` where the object has none to filter by.
    pub(super) async fn created_key(self) -> Result<Option<Key>> {
        let object = self.on.client.describe(&self.on.plan.object).await.map_err(Error::salesforce)?;
        let fits = |name: &&str| {
            object.field(name).filter(|field| field.field_type == FieldType::DateTime && field.filterable)
        };
        let field = CREATED.iter().find_map(fits);
        Ok(field.map(|field| Key::Created { field: field.name.clone(), is_nullable: field.nillable }))
    }
}

/// Returns all the time in which records can have been created, for the first cut where the org does not say more. `until` is by its clock.
pub(super) fn all_time(until: Option<Timestamp>) -> Option<KeyRange> {
    let until = u128::try_from(until?.as_second()).ok()?;
    Some(KeyRange { low: EARLIEST, high: (until + LATEST).max(EARLIEST) })
}

/// Returns whether Salesforce does not do such a thing, or not in time, rather than not now.
pub(super) fn is_refused(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidQuery
            | ErrorKind::FilterMissing
            | ErrorKind::UnsupportedByBulk
            | ErrorKind::QueryTimeout
            | ErrorKind::QueryTooLong
    )
}
