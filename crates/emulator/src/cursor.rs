//! Cursors of REST queries: what `nextRecordsUrl` leads back to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    id::Id,
    select::{Children, Selection},
};

/// How long a cursor can be read on.
const KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// The key prefix of query locators.
const KEY_PREFIX: [u8; 3] = *b"01g";

/// A query that is being read page by page.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    pub(crate) source: Source,
    pub(crate) page_records: u64,
    opened: Timestamp,
}

/// What a cursor reads.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The records of a query.
    Query(Arc<Selection>),
    /// The children of one record.
    Children(Arc<Children>, Id),
}

impl Source {
    /// Returns how many records there are.
    pub(crate) fn total(&self) -> u64 {
        match self {
            Self::Query(selection) => selection.total(),
            Self::Children(children, parent) => children.total(*parent),
        }
    }
}

/// The open cursors.
#[derive(Debug, Default)]
pub(crate) struct Cursors(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: HashMap<Id, Cursor>,
    sequence: u64,
}

impl Cursors {
    /// Opens a cursor and returns the id that starts its locators.
    pub(crate) fn open(&self, source: Source, page_records: u64, pod: [u8; 3], now: Timestamp) -> Id {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.open.retain(|_, cursor| cursor.is_kept(now));
        state.sequence += 1;
        let id = Id::of(KEY_PREFIX, pod, state.sequence);
        state.open.insert(id, Cursor { source, page_records, opened: now });
        id
    }

    /// Finds the cursor and position of a locator such as `01gRO0000016PIAYA2-2000`.
    pub(crate) fn find(&self, locator: &str, now: Timestamp) -> Option<(Id, Cursor, u64)> {
        let (id, position) = locator.split_once('-')?;
        let (id, position) = (id.parse().ok()?, position.parse().ok()?);
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cursor = state.open.get(&id).filter(|cursor| cursor.is_kept(now))?;
        Some((id, cursor.clone(), position))
    }
}

impl Cursor {
    fn is_kept(&self, now: Timestamp) -> bool {
        now.duration_since(self.opened).unsigned_abs() < KEPT || now < self.opened
    }
}
