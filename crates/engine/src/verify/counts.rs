//! Counts in the org, and what accounts for a difference.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use orgtap_salesforce::{Client, QueryOperation};
use orgtap_soql::{Condition, LiteralKind, Operator, Path, Query};

use super::outcome::{Explained, Explanation, RecordKind, Since, WindowCount};
use super::sample::stamp;
use super::table::{CREATED, IS_DELETED, Tally};
use super::windows::{self, Window};
use crate::error::{Error, Result};
use crate::plan::{Subject, count_query};

/// How many counts are asked for at once.
const AT_ONCE: usize = 4;

/// The org, asked for the records of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Org<'a> {
    pub(super) client: &'a Client,
    pub(super) subject: &'a Subject,
    /// Whether each run takes out of the table what was deleted, so that it holds nothing that was deleted before the last.
    pub(super) holds_no_deleted: bool,
}

impl Org<'_> {
    /// Compares the counts of all windows.
    pub(super) async fn compare(&self, tally: &Tally) -> Result<Vec<WindowCount>> {
        let windows = match tally.is_dated() {
            true => windows::divide(&tally.days, self.subject.watermark),
            false => vec![Window { from: None, to: None, table: tally.undated }],
        };
        let kinds: &[RecordKind] =
            if tally.tells_deleted() { &[RecordKind::Live, RecordKind::Deleted] } else { &[RecordKind::All] };
        let each = windows.iter().flat_map(|window| kinds.iter().map(|kind| self.compare_window(*window, *kind)));
        let mut counts: Vec<WindowCount> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
        if tally.is_dated() && tally.undated.all() > 0 {
            let table = tally.undated.all();
            let kind = RecordKind::Undated;
            counts.push(WindowCount { from: None, to: None, kind, org: 0, table, explained: None });
        }
        Ok(counts)
    }

    /// Counts what was created after the watermark.
    pub(super) async fn created_since(&self, tally: &Tally) -> Result<Option<Since>> {
        let Some(watermark) = self.subject.watermark.filter(|_| tally.is_dated()) else { return Ok(None) };
        let since = Window { from: Some(watermark), to: None, table: Default::default() };
        let org = self.count(&self.subject.query, self.subject.operation, within(&since)?).await?;
        Ok(Some(Since { org, table: tally.since }))
    }

    async fn compare_window(&self, window: Window, kind: RecordKind) -> Result<WindowCount> {
        let (table, is_deleted) = match kind {
            RecordKind::Live => (window.table.live, Some(false)),
            RecordKind::Deleted => (window.table.deleted, Some(true)),
            RecordKind::All | RecordKind::Undated => (window.table.all(), None),
        };
        let mut conditions = within(&window)?;
        if let Some(is_deleted) = is_deleted {
            conditions.push(Condition::compare(path(IS_DELETED)?, Operator::Eq, LiteralKind::Boolean(is_deleted)));
        }
        let org = self.count(&self.subject.query, self.subject.operation, conditions).await?;
        let explained = if org == table { None } else { self.explain(&window, kind, org, table).await? };
        Ok(WindowCount { from: window.from, to: window.to, kind, org, table, explained })
    }

    /// Returns what may account for a difference.
    async fn explain(&self, window: &Window, kind: RecordKind, org: u64, table: u64) -> Result<Option<Explained>> {
        let difference = org.abs_diff(table);
        let (records, by) = match (kind, table > org) {
            // Deleted records vanish for good after some time, and the table keeps them.
            (RecordKind::Deleted, true) => (difference, Explanation::Purged),
            (RecordKind::All, true) if !self.subject.includes_deleted => {
                (self.hidden(window, org).await?, Explanation::Deleted)
            }
            _ => (self.changed_since(window).await?, Explanation::ChangedSince),
        };
        Ok((records > 0).then(|| Explained { records: records.min(difference), by }))
    }

    /// Counts the records of the window that the row does not read, for they are deleted or archived, and that the table may hold.
    async fn hidden(&self, window: &Window, visible: u64) -> Result<u64> {
        let all = &self.subject.query_all;
        let mut conditions = within(window)?;
        if !self.holds_no_deleted {
            return Ok(self.count(all, QueryOperation::QueryAll, conditions).await?.saturating_sub(visible));
        }
        let can_tell = self.subject.object.field(IS_DELETED).is_some_and(|field| field.filterable);
        let Some(changed) = self.since_watermark()?.filter(|_| can_tell) else { return Ok(0) };
        conditions.push(changed);
        conditions.push(Condition::compare(path(IS_DELETED)?, Operator::Eq, LiteralKind::Boolean(true)));
        self.count(all, QueryOperation::QueryAll, conditions).await
    }

    /// Counts the records of the window that changed after the watermark.
    async fn changed_since(&self, window: &Window) -> Result<u64> {
        let Some(changed) = self.since_watermark()? else { return Ok(0) };
        let mut conditions = within(window)?;
        conditions.push(changed);
        self.count(&self.subject.query, self.subject.operation, conditions).await
    }

    /// Returns the condition of what changed after the watermark. `None` where nobody can tell.
    fn since_watermark(&self) -> Result<Option<Condition>> {
        let (Some(watermark), Some(stamp)) = (self.subject.watermark, stamp(&self.subject.object)) else {
            return Ok(None);
        };
        Ok(Some(Condition::compare(path(stamp)?, Operator::Ge, literal(watermark)?)))
    }

    async fn count(&self, query: &Query, operation: QueryOperation, conditions: Vec<Condition>) -> Result<u64> {
        let mut counting = count_query(query);
        conditions.into_iter().for_each(|condition| counting.add_condition(condition));
        let page = self.client.query(&counting.to_string(), operation).await.map_err(Error::salesforce)?;
        Ok(page.total_size)
    }
}

/// Returns the condition that a record was created in the window.
pub(super) fn within(window: &Window) -> Result<Vec<Condition>> {
    let bound = |at: Option<Timestamp>| at.map(literal).transpose();
    let range = Condition::range(&path(CREATED)?, bound(window.from)?, bound(window.to)?);
    Ok(range.into_iter().collect())
}

fn literal(at: Timestamp) -> Result<LiteralKind> {
    LiteralKind::date_time(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .map_err(|error| Error::Internal { message: error.to_string() })
}

pub(super) fn path(text: &str) -> Result<Path> {
    Path::of(text).map_err(|error| Error::Internal { message: error.to_string() })
}
