//! What a row does about records that are deleted in the org: what its settings allow, what its query has to see, and how those are found
//! that no query sees any more.
//!
//! A query sees a deleted record while it is in the recycle bin. Later, or where it was emptied, the org's log of deletions tells the Ids for
//! fifteen days, of objects for which there is one. Beyond that, only comparing all Ids does.

use jiff::{SignedDuration, Timestamp};
use orgtap_destination::{Column, Destination, Gone, WriteMode};
use orgtap_salesforce::{Client, QueryOperation, SObject};
use orgtap_soql::Query;

use super::columns::item_of;
use super::resolve::Resolved;
use super::route;
use super::source::{self, Selected};
use super::window::Window;
use super::{FetchWindow, compare};
use crate::error::{Error, Result};
use crate::projection::{ColumnSource, Origin};
use crate::spec::{Deleted, Load, RowSpec};
use crate::state::SavedState;

/// The field that says that a record is in the recycle bin.
pub(super) const IS_DELETED: &str = "IsDeleted";

/// How far back the org's log of deletions reaches.
const LOG_REACH: SignedDuration = SignedDuration::from_hours(15 * 24);

/// The most records whose Ids are compared in every run, of objects without a log of deletions: one page of a job.
const FEW_RECORDS: u64 = 100_000;

/// Why the log cannot be asked.
pub(crate) const OUT_OF_REACH: &str = "the last run is longer ago than Salesforce's log of deletions reaches back";

/// What a run does about records that are deleted in the org, beside what its query sees of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletions {
    /// What becomes of them.
    pub treatment: Deleted,
    /// From when on the org's log of deletions is asked, if it is.
    pub log_from: Option<Timestamp>,
    /// Why all Ids are compared once the records are loaded, if they are.
    pub compare: Option<String>,
}

impl Deletions {
    /// Nothing but what the query sees.
    pub(super) fn none(treatment: Deleted) -> Self {
        Self { treatment, log_from: None, compare: None }
    }
}

/// How records of a table end, where the table outlives its loads and they do.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// The column of the key.
    pub(crate) id: Column,
    /// What becomes of records that are gone.
    pub(crate) gone: Gone,
    /// The state that the table is carried on from, if it is.
    pub(crate) saved: Option<SavedState>,
    /// When the object was described, by the org's clock.
    pub(crate) now: Option<Timestamp>,
}

/// Checks that the row can do with deleted records what it says, and returns how, where that is more than reading them or not. Also returns
/// what the user should know.
pub(super) fn check(
    row: &RowSpec,
    selected: &Selected,
    destination: &dyn Destination,
) -> Result<(Option<Ending>, Vec<String>)> {
    let none = Ok((None, Vec::new()));
    match (row.deleted, row.load) {
        (Deleted::Remove, Load::Append) => Err(refused(
            "take deleted records out of a table to which versions are only added",
            "set `deleted = \"flag\"`, or `load = \"incremental\"`",
        )),
        (Deleted::Remove, _) if selected.includes_deleted => Err(refused(
            "take deleted records out of a table whose query asks for `ALL ROWS`",
            "leave `ALL ROWS` out, or set `deleted = \"flag\"`",
        )),
        (Deleted::Ignore, _) | (_, Load::Full | Load::Append) => none,
        // Nothing is ever deleted of what has no such flag and no log; the source has said so.
        (Deleted::Flag { .. }, _) if selected.object.field(IS_DELETED).is_none() => none,
        (Deleted::Flag { is_demanded: false }, _) => match why_not(row, selected, destination) {
            Some((what, _)) => Ok((None, vec![format!("records that are purged are not flagged: {what}")])),
            None => Ok((Some(ending(row, selected)?), Vec::new())),
        },
        (Deleted::Flag { .. } | Deleted::Remove, Load::Incremental) => match why_not(row, selected, destination) {
            Some((what, hint)) => {
                let verb = if row.deleted == Deleted::Remove {
                    "take deleted records out of"
                } else {
                    "flag deleted records in"
                };
                Err(refused(&format!("{verb} the table: {what}"), hint))
            }
            None => Ok((Some(ending(row, selected)?), Vec::new())),
        },
    }
}

fn refused(what: &str, hint: &str) -> Error {
    Error::row_with_hint(format!("could not {what}"), hint)
}

/// Returns why records cannot end in the table of `row`, and what to do about it.
fn why_not(row: &RowSpec, selected: &Selected, destination: &dyn Destination) -> Option<(&'static str, &'static str)> {
    let is_removing = row.deleted == Deleted::Remove;
    let Query { limit, offset, .. } = &selected.query;
    let is_id = |name: &String| name.eq_ignore_ascii_case("Id");
    if !destination.capabilities().removes {
        Some(("this destination cannot do that", "set `deleted = \"ignore\"`, or choose another destination"))
    } else if selected.query.is_aggregate() {
        Some(("the query groups records", "set `deleted = \"ignore\"`, or select the records themselves"))
    } else if is_removing && (limit.is_some() || offset.is_some()) {
        Some(("a query with LIMIT or OFFSET does not say which records belong to it", "leave LIMIT and OFFSET out"))
    } else if !has_field(selected, "Id")
        || row.primary_key.as_ref().is_some_and(|key| !matches!(key.as_slice(), [id] if is_id(id)))
    {
        Some((
            "the org tells them by `Id`, which is not the table's primary key",
            "select `Id` and leave `primary_key` out, or set `deleted = \"ignore\"`",
        ))
    } else if !is_removing && !has_field(selected, IS_DELETED) {
        Some(("the row has no column `IsDeleted` to say it", "select `IsDeleted`, or set `deleted = \"ignore\"`"))
    } else {
        None
    }
}

/// Returns whether the column called `name` is the root object's field of that name.
fn has_field(selected: &Selected, name: &str) -> bool {
    let projection = &selected.selection.projection;
    let mut columns = projection.columns.iter().zip(&selected.selection.columns);
    columns.any(|(source, column)| {
        let ColumnSource::Value(value) = source else { return false };
        let origin = &projection.values[*value].origin;
        column.column.name == name && matches!(origin, Origin::Field { path, .. } if path.as_slice() == [name])
    })
}

fn ending(row: &RowSpec, selected: &Selected) -> Result<Ending> {
    let id = selected.selection.columns.iter().find(|column| column.column.name == "Id");
    let id = id.ok_or_else(|| Error::Internal { message: "the key `Id` went missing".to_owned() })?;
    let gone = match row.deleted {
        Deleted::Remove => Gone::Removed,
        _ => Gone::Marked { column: IS_DELETED.to_owned() },
    };
    Ok(Ending { id: row.types.column(id), gone, saved: None, now: selected.object.server_time })
}

/// Has the query of a row that takes deleted records out of its table leave them out where the table is made anew, and else tell which they
/// are, in a column that the table need not have.
pub(super) fn see_deleted(row: &RowSpec, selected: &mut Selected, fetch: &FetchWindow) -> Result<Option<Gone>> {
    let object = selected.object.clone();
    let Some(field) = object.field(IS_DELETED).filter(|_| row.deleted == Deleted::Remove) else { return Ok(None) };
    if matches!(fetch, FetchWindow::All { .. }) {
        source::leave_out_deleted(&object, &mut selected.query)?;
        return Ok(None);
    }
    let is_stored = has_field(selected, IS_DELETED);
    if !is_stored {
        let columns = &selected.selection.columns;
        if columns.iter().any(|column| column.column.name.eq_ignore_ascii_case(IS_DELETED)) {
            return Err(refused(
                "take deleted records out of the table: a column of it is called `IsDeleted` and is something else",
                "give it another alias",
            ));
        }
        let item = item_of(&field.name)?;
        selected.selection.add_field(&Resolved::of(&object, field), item)?;
        let added = std::mem::take(&mut selected.selection.select);
        let added: Vec<_> = added.into_iter().map(|item| source::rooted(item, &selected.query)).collect();
        selected.query.select.extend(added);
    }
    Ok(Some(Gone::ToldBy { column: IS_DELETED.to_owned(), is_stored }))
}

/// Decides how records are found that are gone and that the query does not see. Also returns what the user should know.
pub(super) async fn decide(
    row: &RowSpec,
    selected: &Selected,
    window: &mut Window,
    client: &Client,
) -> Result<(Deletions, Vec<String>)> {
    let mut deletions = Deletions::none(row.deleted);
    // The claim is the org's word on its changes; what is lowered of it later is for stamps that came with the records.
    window.state_after.deletions_until = window.state_after.watermark;
    let carried_on = window.saved.as_ref().filter(|_| window.write_mode == WriteMode::Upsert);
    let Some(SavedState { state: saved, .. }) = carried_on else {
        return Ok((deletions, cursor_note(window, &selected.object).into_iter().collect()));
    };
    let mut notes = Vec::new();
    let runs = saved.runs_since_reconcile.saturating_add(1);
    let from = saved.deletions_until.or(saved.watermark);
    // An instant that is still to come is the word of a wrong clock.
    let reaches = |now: Timestamp| from.is_some_and(|from| from <= now && now.duration_since(from) <= LOG_REACH);
    deletions.compare = if saved.is_reconcile_due {
        Some("an earlier run could not tell which records are gone".to_owned())
    } else if let Some(every) = row.reconcile_every.filter(|every| runs >= every.get()) {
        Some(if every.get() == 1 { "in every run".to_owned() } else { format!("every {every} runs") })
    } else if !selected.object.replicateable {
        let reason = format!("Salesforce keeps no log of deletions of `{}`", selected.object.name);
        let (ids, operation) = compare::query(row, selected)?;
        let (compare, note) = without_log(row, (&ids, operation), client, &reason).await;
        notes.extend(note);
        compare
    } else if from.is_none() || selected.object.server_time.is_none() {
        Some("Salesforce did not tell its time, from which its log of deletions would be asked".to_owned())
    } else if !selected.object.server_time.is_some_and(reaches) {
        Some(OUT_OF_REACH.to_owned())
    } else {
        if let Some(from) = from {
            window.may_reach_back(row, from)?;
        }
        deletions.log_from = from;
        None
    };
    if deletions.compare.is_none() {
        // Until the log has answered, or for good where there is none.
        window.state_after.deletions_until = from;
    }
    window.state_after.runs_since_reconcile = runs;
    window.state_after.is_reconcile_due = deletions.compare.is_some();
    Ok((deletions, notes))
}

/// Decides whether all `ids` are compared in every run where no log tells which records are gone, because of `reason`: if they are few. Also
/// returns what the user should know if they are not.
pub(crate) async fn without_log(
    row: &RowSpec,
    (ids, operation): (&Query, QueryOperation),
    client: &Client,
    reason: &str,
) -> (Option<String>, Option<String>) {
    if row.reconcile_every.is_some() {
        return (None, None);
    }
    match client.count(&route::count_query(ids).to_string(), operation).await {
        Ok(records) if records <= FEW_RECORDS => (Some(format!("{reason}, and there are few records")), None),
        counted => {
            tracing::debug!(row = row.name, ?counted, "too many Ids to compare in every run");
            let note = format!(
                "{reason}: deleted records that no query shows are not noticed until `orgtap reconcile` or `reconcile_every` compares all Ids"
            );
            (None, Some(note))
        }
    }
}

/// Returns what is to be said of a cursor that restoring a record may leave as it is.
fn cursor_note(window: &Window, object: &SObject) -> Option<String> {
    let cursor = window.state_after.fingerprint.as_ref()?.cursor_field.as_deref()?;
    let is_fine = cursor == "SystemModstamp" || object.field("SystemModstamp").is_none();
    (!is_fine).then(|| {
        format!(
            "a record that is restored comes back once its `{cursor}` changes; with the cursor field `SystemModstamp`, at once"
        )
    })
}
