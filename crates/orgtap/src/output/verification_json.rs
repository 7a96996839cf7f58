//! The document of `orgtap verify --json`.

use jiff::Timestamp;
use orgtap_engine::{
    Error, Explained, Explanation, Named, RecordKind, SampleReport, Since, ValueDifference, Verification, WindowCount,
};
use serde::Serialize;

use super::json::{ErrorDocument, VERSION};

/// The most characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 200;

/// `orgtap verify --json`
#[derive(Debug, Serialize)]
pub(crate) struct VerificationsDocument {
    version: u32,
    rows: Vec<RowDocument>,
}

#[derive(Debug, Serialize)]
struct RowDocument {
    row: String,
    /// `agrees`, `differs` or `failed`.
    status: &'static str,
    verification: Option<VerificationDocument>,
    error: Option<ErrorDocument>,
}

#[derive(Debug, Serialize)]
struct VerificationDocument {
    object: String,
    table: String,
    watermark: Option<String>,
    table_records: u64,
    windows: Vec<WindowDocument>,
    named: NamedDocument,
    created_since: Option<SinceDocument>,
    duplicates: Option<u64>,
    sample: Option<SampleDocument>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct WindowDocument {
    from: Option<String>,
    to: Option<String>,
    records: &'static str,
    org: u64,
    table: u64,
    difference: i64,
    explained: u64,
    explanation: Option<&'static str>,
    agrees: bool,
}

#[derive(Debug, Serialize)]
struct NamedDocument {
    missing: Vec<String>,
    extra: Vec<String>,
    is_partial: bool,
    /// How many windows with an explained difference hold too many records to look for missing ones.
    unexamined: u64,
}

#[derive(Debug, Serialize)]
struct SinceDocument {
    org: u64,
    table: u64,
}

#[derive(Debug, Serialize)]
struct SampleDocument {
    records: u64,
    equal: u64,
    changed_since: u64,
    deleted: u64,
    no_longer_selected: u64,
    unknown: Vec<String>,
    differences: Vec<DifferenceDocument>,
}

#[derive(Debug, Serialize)]
struct DifferenceDocument {
    id: String,
    column: String,
    org: Option<String>,
    table: Option<String>,
}

impl VerificationsDocument {
    /// Returns the document for what was found of the rows with these names.
    pub(crate) fn new(outcomes: &[(&str, Result<Verification, Error>)]) -> Self {
        let document = |(row, outcome): &(&str, Result<Verification, Error>)| RowDocument {
            row: (*row).to_owned(),
            status: match outcome {
                Ok(found) if found.agrees() => "agrees",
                Ok(_) => "differs",
                Err(_) => "failed",
            },
            verification: outcome.as_ref().ok().map(VerificationDocument::from),
            error: outcome.as_ref().err().map(ErrorDocument::from),
        };
        Self { version: VERSION, rows: outcomes.iter().map(document).collect() }
    }
}

impl From<&Verification> for VerificationDocument {
    fn from(found: &Verification) -> Self {
        Self {
            object: found.object.clone(),
            table: found.table.clone(),
            watermark: text(found.watermark),
            table_records: found.table_records,
            windows: found.windows.iter().map(WindowDocument::from).collect(),
            named: NamedDocument::from(&found.named),
            created_since: found.created_since.map(|Since { org, table }| SinceDocument { org, table }),
            duplicates: found.duplicates,
            sample: found.sample.as_ref().map(SampleDocument::from),
            notes: found.notes.clone(),
        }
    }
}

impl From<&Named> for NamedDocument {
    fn from(named: &Named) -> Self {
        let Named { missing, extra, is_partial, unexamined } = named.clone();
        Self { missing, extra, is_partial, unexamined }
    }
}

impl From<&WindowCount> for WindowDocument {
    fn from(window: &WindowCount) -> Self {
        Self {
            from: text(window.from),
            to: text(window.to),
            records: match window.kind {
                RecordKind::All => "all",
                RecordKind::Live => "live",
                RecordKind::Deleted => "deleted",
                RecordKind::Undated => "undated",
            },
            org: window.org,
            table: window.table,
            difference: window.difference(),
            explained: window.explained.map_or(0, |explained| explained.records),
            explanation: window.explained.map(|Explained { by, .. }| match by {
                Explanation::Deleted => "deleted",
                Explanation::ChangedSince => "changed_since",
                Explanation::Purged => "purged",
            }),
            agrees: window.agrees(),
        }
    }
}

impl From<&SampleReport> for SampleDocument {
    fn from(sample: &SampleReport) -> Self {
        Self {
            records: sample.records,
            equal: sample.equal,
            changed_since: sample.changed_since,
            deleted: sample.deleted,
            no_longer_selected: sample.no_longer_selected,
            unknown: sample.unknown.clone(),
            differences: sample.differences.iter().map(DifferenceDocument::from).collect(),
        }
    }
}

impl From<&ValueDifference> for DifferenceDocument {
    fn from(difference: &ValueDifference) -> Self {
        let ValueDifference { id, column, org, table } = difference;
        let shortened = |value: &Option<String>| value.as_deref().map(shortened);
        Self { id: id.clone(), column: column.clone(), org: shortened(org), table: shortened(table) }
    }
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => value.get(..end).unwrap_or_default().to_owned() + "…",
        None => value.to_owned(),
    }
}
