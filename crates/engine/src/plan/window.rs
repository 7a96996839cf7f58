//! Which records a row reads: all, or those since the watermark that the last commit saved.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orgtap_destination::{Destination, Premise, WriteMode};
use orgtap_salesforce::{Client, SObject};
use orgtap_soql::Condition;

use super::FetchWindow;
use super::cursor::{self, CLOCKS_APART, COMMIT_MARGIN, Complete, Cursor};
use crate::error::{Error, Result};
use crate::spec::{Deleted, Fetch, Load, RowSpec, StartOver};
use crate::state::{Fingerprint, SavedState, State};

/// The part of a plan that the saved state decides.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) fetch: FetchWindow,
    /// What the query has to say in addition.
    pub(super) condition: Option<Condition>,
    pub(super) write_mode: WriteMode,
    pub(super) state_after: State,
    /// The state that the table is carried on from, where it is. It may lack a watermark.
    pub(super) saved: Option<SavedState>,
    /// What has to stand when the records are loaded.
    pub(super) premise: Premise,
    /// The field that orders change, where it matters.
    cursor: Option<Cursor>,
    /// What is read instead, where the log of deletions lists records that may have been restored before the watermark.
    pub(super) wider: Option<(FetchWindow, Condition)>,
    /// The column that tells how far the stamps of the records reach.
    pub(super) cursor_column: Option<usize>,
    /// How far back a watermark has to lie.
    pub(super) watermark_margin: SignedDuration,
    /// How far before the newest stamp a watermark has to lie where no job tells the org's time.
    pub(super) stamp_margin: SignedDuration,
    /// What a fetch by the cursor field costs, if that is much, and what to do about it.
    pub(super) cursor_cost: Option<(String, &'static str)>,
    pub(super) notes: Vec<String>,
}

/// What the saved state is good for.
#[derive(Debug)]
enum Saved {
    /// The table can be carried on from here.
    Watermark { watermark: Timestamp, state: Box<SavedState> },
    /// There is nothing to carry on, or nobody knows from where.
    Nothing {
        /// Why.
        reason: String,
        /// The state of the table, where there is one of what the row asks for.
        state: Option<Box<SavedState>>,
    },
    /// The table is made of something else than the row now asks for.
    Outdated {
        /// What changed.
        reason: String,
        /// Whether it is of another org, whose records are not to be mixed with this one's.
        is_of_other_org: bool,
    },
}

impl Window {
    /// Reads the row's state and decides.
    pub(super) async fn open(
        row: &RowSpec,
        full_refresh: bool,
        object: &SObject,
        mut fingerprint: Fingerprint,
        client: &Client,
        destination: &dyn Destination,
        table: &str,
    ) -> Result<Self> {
        if row.fetch == Fetch::All {
            let reason = "the row fetches all".to_owned();
            let saved = match row.can_reconcile() && !full_refresh {
                true => carried_on(row, &fingerprint, destination, table).await?.ok(),
                false => None,
            };
            return Ok(Self {
                fetch: FetchWindow::All { reason },
                condition: None,
                write_mode: if full_refresh { WriteMode::Replace } else { whole_write_mode(row) },
                state_after: State::new(fingerprint, cursor::by_margin(object).map(to_the_second)),
                saved,
                premise: Premise::Anything,
                cursor: None,
                wider: None,
                cursor_column: None,
                watermark_margin: SignedDuration::ZERO,
                stamp_margin: SignedDuration::ZERO,
                cursor_cost: None,
                notes: Vec::new(),
            });
        }
        let cursor = cursor_of(row, object, fingerprint.include_deleted)?;
        fingerprint.cursor_field = Some(cursor.field.clone());
        let (saved, document) = if full_refresh {
            let reason = "a full refresh was asked for".to_owned();
            (Saved::Outdated { reason, is_of_other_org: false }, None)
        } else {
            let document = destination.state(&row.name, table).await.map_err(Error::destination)?;
            (saved_state(document.clone(), &fingerprint), document)
        };
        // The watermark is asked for before the query runs: what is stamped later may be seen by the query or not.
        let complete = cursor::watermark(client, object).await;
        decide(row, full_refresh, &cursor, (saved, document), complete, fingerprint)
    }

    /// Has what changed since `instant` be read, where that is before the watermark, if the log of deletions since then lists any: it may list
    /// records that were restored.
    pub(super) fn may_reach_back(&mut self, row: &RowSpec, instant: Timestamp) -> Result<()> {
        if let (FetchWindow::Since { cursor_field, to, watermark, .. }, Some(cursor)) = (&self.fetch, &self.cursor)
            && instant < *watermark
        {
            let (cursor_field, from) = (cursor_field.clone(), lower_bound(row, cursor, instant));
            let condition = cursor.condition(Some(&from), to.as_deref())?;
            let fetch = FetchWindow::Since { cursor_field, from, to: to.clone(), watermark: *watermark };
            self.wider = condition.map(|condition| (fetch, condition));
        }
        Ok(())
    }
}

/// Returns what has to stand when the records of `fetch` are loaded, for which the state `document` was read. What holds all records can be
/// put upon anything, unless it is added without looking.
fn premise(fetch: &FetchWindow, write_mode: WriteMode, document: Option<String>) -> Premise {
    match (fetch, write_mode) {
        (FetchWindow::Since { .. }, _) | (_, WriteMode::Append) => Premise::state(document),
        (FetchWindow::All { .. }, _) => Premise::Anything,
    }
}

/// Returns the field that orders change. Where deletions count, one that they change too.
pub(super) fn cursor_of(row: &RowSpec, object: &SObject, includes_deleted: bool) -> Result<Cursor> {
    let reads_deletions = includes_deleted || row.deleted == Deleted::Remove;
    Cursor::choose(object, row.cursor_field.as_deref(), reads_deletions)
}

/// Returns the state that `table` can be carried on from as `fingerprint` says, or why there is none.
pub(super) async fn carried_on(
    row: &RowSpec,
    fingerprint: &Fingerprint,
    destination: &dyn Destination,
    table: &str,
) -> Result<Result<SavedState, String>> {
    let document = destination.state(&row.name, table).await.map_err(Error::destination)?;
    Ok(match saved_state(document, fingerprint) {
        Saved::Watermark { state, .. } | Saved::Nothing { state: Some(state), .. } => Ok(*state),
        Saved::Nothing { reason, state: None } | Saved::Outdated { reason, .. } => Err(reason),
    })
}

/// Returns what a saved document is good for.
fn saved_state(document: Option<String>, fingerprint: &Fingerprint) -> Saved {
    let Some(document) = document else {
        return Saved::Nothing { reason: "the first fetch of this row".to_owned(), state: None };
    };
    match State::read(&document) {
        Err(reason) => Saved::Outdated { reason, is_of_other_org: false },
        Ok(state) => {
            let saved = state.fingerprint.as_ref();
            let is_of_other_org = saved.is_some_and(|saved| fingerprint.is_of_other_org(saved));
            let difference = saved.and_then(|saved| fingerprint.difference(saved));
            let watermark = state.watermark;
            let state = Box::new(SavedState { state, document });
            match (difference, watermark) {
                (Some(reason), _) => Saved::Outdated { reason: format!("the row changed ({reason})"), is_of_other_org },
                (None, None) => {
                    Saved::Nothing { reason: "the last run left no watermark".to_owned(), state: Some(state) }
                }
                (None, Some(watermark)) => Saved::Watermark { watermark, state },
            }
        }
    }
}

fn decide(
    row: &RowSpec,
    full_refresh: bool,
    cursor: &Cursor,
    (saved, document): (Saved, Option<String>),
    complete: Option<Complete>,
    fingerprint: Fingerprint,
) -> Result<Window> {
    let mut notes = Vec::new();
    let bound = complete.map(|complete| to_the_second(less(complete.until, cursor.margin())));
    // Appended records are not looked up again, so each version of a record may fall into one window only: the window ends before any of the org's
    // clocks may say that the query began.
    let bound = bound.map(|bound| if row.load == Load::Append { less(bound, CLOCKS_APART) } else { bound });
    let to = match (row.load, bound) {
        (Load::Append, Some(bound)) => Some(cursor.bound(bound)),
        (Load::Append, None) => return Err(no_watermark()),
        _ => None,
    };
    if to.is_some() && cursor.is_nullable() {
        notes.push(format!("records without `{}` are left out until they have one", cursor.field));
    }
    if bound.is_none() {
        notes.push("Salesforce did not tell its time, so the next run fetches all again".to_owned());
    }
    if let Saved::Outdated { reason, .. } = &saved {
        notes.push(format!("fetches all: {reason}"));
    }
    let (fetch, watermark) = match &saved {
        Saved::Watermark { watermark, .. } => (since(row, cursor, *watermark, to.clone()), bound.max(Some(*watermark))),
        Saved::Nothing { reason, .. } | Saved::Outdated { reason, .. } => {
            notes.extend(cursor.note.clone());
            (FetchWindow::All { reason: reason.clone() }, bound)
        }
    };
    let from = match &fetch {
        FetchWindow::Since { from, .. } => Some(from.as_str()),
        FetchWindow::All { .. } => None,
    };
    let write_mode = match (&saved, row.load) {
        // A log of versions cannot be rebuilt from the org: only the user's own word clears it.
        (Saved::Outdated { .. }, Load::Append) if !full_refresh => WriteMode::Append,
        (Saved::Outdated { is_of_other_org, .. }, _)
            if full_refresh || *is_of_other_org || row.start_over == StartOver::Replace =>
        {
            WriteMode::Replace
        }
        (Saved::Watermark { .. }, _) => write_mode(row.load),
        _ => whole_write_mode(row),
    };
    let saved = match saved {
        Saved::Watermark { state, .. } => Some(*state),
        Saved::Nothing { state, .. } => state.map(|state| *state),
        Saved::Outdated { .. } => None,
    };
    Ok(Window {
        premise: premise(&fetch, write_mode, document),
        condition: cursor.condition(from, to.as_deref())?,
        fetch,
        write_mode,
        cursor: Some(cursor.clone()),
        wider: None,
        cursor_column: cursor.column(&fingerprint.fields),
        watermark_margin: cursor.margin(),
        // What is appended cannot be read twice.
        stamp_margin: match row.load == Load::Append || complete.is_some_and(|complete| complete.is_logged) {
            true => SignedDuration::ZERO,
            false => COMMIT_MARGIN,
        },
        cursor_cost: cursor.cost(),
        state_after: State::new(fingerprint, watermark),
        saved,
        notes,
    })
}

fn since(row: &RowSpec, cursor: &Cursor, watermark: Timestamp, to: Option<String>) -> FetchWindow {
    FetchWindow::Since { cursor_field: cursor.field.clone(), from: lower_bound(row, cursor, watermark), to, watermark }
}

fn lower_bound(row: &RowSpec, cursor: &Cursor, instant: Timestamp) -> String {
    // What is appended would be there twice.
    let overlap = if row.load == Load::Append { Duration::ZERO } else { row.overlap };
    cursor.bound(instant.saturating_sub(overlap).unwrap_or(Timestamp::MIN))
}

fn write_mode(load: Load) -> WriteMode {
    match load {
        Load::Full => WriteMode::Replace,
        Load::Incremental => WriteMode::Upsert,
        Load::Append => WriteMode::Append,
    }
}

/// Returns what is done with all records of the row. Where deleted ones are to leave the table, whatever else it holds is gone.
fn whole_write_mode(row: &RowSpec) -> WriteMode {
    match (row.load, row.deleted) {
        (Load::Incremental, Deleted::Remove) => WriteMode::Replace,
        (load, _) => write_mode(load),
    }
}

/// Returns the instant that lies `margin` before `at`.
pub(crate) fn less(at: Timestamp, margin: SignedDuration) -> Timestamp {
    at.saturating_sub(margin).unwrap_or(at)
}

/// Salesforce stamps to the second; a watermark within a second would claim the whole of it.
pub(crate) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn no_watermark() -> Error {
    Error::row_with_hint(
        "could not append only what changed: Salesforce did not tell its time, so no window can be closed",
        "set `fetch = \"all\"`, or load incrementally by primary key",
    )
}
