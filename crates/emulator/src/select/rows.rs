//! Reading a selection page by page. The place of every thousandth record is remembered, so that a page far behind does
//! not cost reading all before it again.

use std::sync::PoisonError;

use super::{Row, Selection};
use crate::id::Id;
use crate::org::RecordRef;
use crate::value::Value;

use super::resolve::Located;

/// How many records lie between two remembered places.
const STEP: u64 = 1000;

/// What is known of the order of the records so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The id of record 0, `STEP`, 2 · `STEP`, …
    marks: Vec<Id>,
    /// How many records there are, once all have been seen.
    total: Option<u64>,
}

/// The rows of a page, values only.
pub struct Rows<'a> {
    selection: &'a Selection,
    records: Records<'a>,
    parents: Vec<Option<Located<'a>>>,
    /// Rows of groups, which are no records.
    computed: std::slice::Iter<'a, Vec<Value>>,
}

/// The records of a page.
pub(super) struct Records<'a> {
    records: Box<dyn Iterator<Item = RecordRef<'a>> + Send + 'a>,
    left: u64,
}

impl<'a> Records<'a> {
    /// Returns up to `up_to` records from `from` on, both without regard to LIMIT and OFFSET.
    pub(super) fn new(selection: &'a Selection, from: u64, up_to: u64) -> Self {
        let records: Box<dyn Iterator<Item = RecordRef<'a>> + Send + 'a> = match selection.sorted() {
            Some(ids) => {
                let table = selection.table();
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(ids.len());
                Box::new(ids[from..].iter().filter_map(|id| table.find(*id)))
            }
            None => {
                let mut marked = Marked::starting_before(selection, from);
                let skipped = from - marked.at;
                // The places passed on the way are worth remembering too.
                if skipped > 0 && marked.nth(usize::try_from(skipped - 1).unwrap_or(usize::MAX)).is_none() {
                    Box::new(std::iter::empty())
                } else {
                    Box::new(marked)
                }
            }
        };
        Self { records, left: up_to }
    }

    fn none() -> Self {
        Self { records: Box::new(std::iter::empty()), left: 0 }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<RecordRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        self.records.next()
    }
}

/// Records in the order of their ids, noting places as they go by.
struct Marked<'a> {
    selection: &'a Selection,
    records: Box<dyn Iterator<Item = RecordRef<'a>> + Send + 'a>,
    /// The number of the next record.
    at: u64,
}

impl<'a> Marked<'a> {
    /// Starts at the last remembered place that is not behind record `from`.
    fn starting_before(selection: &'a Selection, from: u64) -> Self {
        let progress = selection.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = usize::try_from(from / STEP).unwrap_or(usize::MAX).min(progress.marks.len().saturating_sub(1));
        let start = progress.marks.get(mark).copied();
        drop(progress);
        let records = selection.filter.records(&selection.snapshot, selection.table, start);
        Self { selection, records: Box::new(records), at: start.map_or(0, |_| mark as u64 * STEP) }
    }

    fn note(&self, record: RecordRef<'_>) {
        let mut progress = self.selection.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.marks.len() as u64 == self.at / STEP {
            progress.marks.push(self.selection.table().id(record));
        }
    }
}

impl<'a> Iterator for Marked<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<RecordRef<'a>> {
        let Some(record) = self.records.next() else {
            self.selection.progress.lock().unwrap_or_else(PoisonError::into_inner).total = Some(self.at);
            return None;
        };
        if self.at.is_multiple_of(STEP) {
            self.note(record);
        }
        self.at += 1;
        Some(record)
    }
}

/// Returns how many records there are without regard to LIMIT and OFFSET, but does not count beyond `enough`.
pub(super) fn count(selection: &Selection, enough: u64) -> u64 {
    let known = selection.progress.lock().unwrap_or_else(PoisonError::into_inner).total;
    if let Some(total) = known {
        return total;
    }
    let mut marked = Marked::starting_before(selection, u64::MAX);
    while marked.at < enough && marked.next().is_some() {}
    marked.at
}

impl<'a> Rows<'a> {
    pub(super) fn new(selection: &'a Selection, from: u64, up_to: u64) -> Self {
        Self { records: Records::new(selection, from, up_to), ..Self::empty(selection) }
    }

    pub(super) fn computed(selection: &'a Selection, rows: &'a [Vec<Value>], from: u64, up_to: u64) -> Self {
        let rest = rows.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
        let most = usize::try_from(up_to).unwrap_or(usize::MAX).min(rest.len());
        Self { computed: rest[..most].iter(), ..Self::empty(selection) }
    }

    pub(super) fn empty(selection: &'a Selection) -> Self {
        Self { selection, records: Records::none(), parents: Vec::new(), computed: [].iter() }
    }

    /// Reads the next row into `values`, whose room is used again; returns `false` after the last.
    pub fn read(&mut self, values: &mut Vec<Value>) -> bool {
        values.clear();
        if let Some(record) = self.records.next() {
            self.selection.read(record, values, &mut self.parents);
            return true;
        }
        self.computed.next().map(|row| values.extend_from_slice(row)).is_some()
    }

    /// Reads the next row with its id and parents.
    pub(super) fn read_row(&mut self) -> Option<Row> {
        if let Some(record) = self.records.next() {
            return Some(self.selection.row(record));
        }
        self.computed.next().map(|values| Row { id: None, values: values.clone(), parents: Vec::new() })
    }
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("left", &self.records.left).finish_non_exhaustive()
    }
}

impl Iterator for Rows<'_> {
    type Item = Vec<Value>;

    fn next(&mut self) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(self.selection.columns().len());
        self.read(&mut values).then_some(values)
    }
}
