//! Holds a table against the org: counts of records, window by window, and a sample of records, value by value.
//!
//! A table is complete up to the row's watermark. What was created, changed or deleted in the org since then is told apart from what is
//! wrong. It changes nothing, neither in the org nor in the table.

mod counts;
mod names;
mod outcome;
mod sample;
mod table;
mod windows;

use orgtap_destination::Destination;
use orgtap_salesforce::Client;

use self::counts::Org;
use self::table::Tally;
use crate::error::{Error, Result};
use crate::plan::{Subject, nothing_loaded};
use crate::projection::Origin;
use crate::spec::{Deleted, Load, RowSpec};

pub use self::outcome::{
    Explained, Explanation, Named, RecordKind, SampleReport, Since, ValueDifference, Verification, WindowCount,
};

/// Compares the table of `row` with the org, and `sample` of its records value by value.
///
/// # Errors
///
/// There is no table of what the row now asks for, or the org or the destination does not answer. A difference is no error.
pub async fn verify(
    row: &RowSpec,
    sample: usize,
    client: &Client,
    destination: &dyn Destination,
) -> Result<Verification> {
    let subject = Subject::of(row, client, destination).await?;
    let mut tally = Tally::new(&subject, row.load, sample);
    let scan = destination.scan(&subject.table.name, tally.columns()).await.map_err(Error::destination)?;
    let Some(mut scan) = scan else { return Err(nothing_loaded(&subject.table.name)) };
    while let Some(batch) = scan.next().await.map_err(Error::destination)? {
        tally.add(&batch);
    }
    let mut verification = Verification {
        row: row.name.clone(),
        object: subject.object.name.clone(),
        table: subject.table.name.clone(),
        watermark: subject.watermark,
        table_records: tally.records,
        windows: Vec::new(),
        named: Named::default(),
        created_since: None,
        duplicates: tally.duplicates,
        sample: None,
        notes: notes(row, &subject),
    };
    match why_uncountable(row, &subject) {
        Some(reason) => verification.notes.push(format!("not counted: {reason}")),
        None => {
            let holds_no_deleted = row.load == Load::Full || row.deleted == Deleted::Remove;
            let org = Org { client, subject: &subject, holds_no_deleted };
            verification.windows = org.compare(&tally).await?;
            if tally.has_ids() {
                let counts = &verification.windows;
                verification.named = names::name(client, &subject, destination, counts, tally.is_dated()).await?;
            }
            verification.created_since = org.created_since(&tally).await?;
        }
    }
    if sample > 0 {
        match tally.has_ids() {
            true => verification.sample = Some(sample::compare(client, &subject, &tally.into_sample()).await?),
            false => verification.notes.push("no sample: the table has no column `Id`".to_owned()),
        }
    }
    Ok(verification)
}

/// Returns why the org's count says nothing about the table, if that is so.
fn why_uncountable(row: &RowSpec, subject: &Subject) -> Option<&'static str> {
    let query = &subject.query;
    if query.is_aggregate() || subject.projection.is_count() {
        return Some("its records are computed");
    }
    if query.limit.is_some() || query.offset.is_some() {
        return Some("LIMIT and OFFSET select other records at another time");
    }
    if row.load == Load::Append && !table::has_ids(subject) {
        return Some("each run appends records, and without a column `Id` versions of one cannot be told from others");
    }
    None
}

/// Returns what the user should know of the comparison.
fn notes(row: &RowSpec, subject: &Subject) -> Vec<String> {
    let mut notes = Vec::new();
    if subject.watermark.is_none() {
        notes.push(
            "the last run could not tell how far the table is complete: what changed since counts as a difference"
                .to_owned(),
        );
    }
    if row.load == Load::Append {
        notes.push("each run appends records, so those with different Ids are counted".to_owned());
    }
    let key = &subject.table.primary_key;
    if row.load == Load::Incremental && !key.is_empty() && !key.iter().any(|column| column == "Id") {
        notes.push(format!("records with the same {} are one in the table, but several in the org", key.join(", ")));
    }
    if subject.query_all.filter.is_some() && row.load == Load::Incremental {
        notes.push("records that the query selected once and no longer selects stay in the table".to_owned());
    }
    let has_children = subject.projection.values.iter().any(|value| matches!(value.origin, Origin::Children { .. }));
    if has_children {
        notes.push("child records are not compared: they change without their parent".to_owned());
    }
    notes
}
