//! What changes in an org: its records, with and without the transactions that are still open.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use jiff::Timestamp;

use super::roll_up::SummedUp;
use super::snapshot::Tables;
use super::table::Record;
use crate::id::Id;

/// The records of the org as transactions leave them.
#[derive(Debug)]
pub(crate) struct State {
    /// The records with all changes.
    latest: Arc<Tables>,
    /// The records without the changes of open transactions, while there are any.
    committed: Option<Arc<Tables>>,
    /// The open transactions, oldest first.
    open: VecDeque<Transaction>,
    /// The next sequence for an id, by table.
    pub(crate) sequences: Vec<u64>,
    /// The tables of which records are archived.
    archived: Vec<usize>,
    /// What has been written to a draft of the org.
    written: Option<Vec<Write>>,
}

/// Changes that become visible together.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    /// When it began: the stamp of what it changed.
    pub(crate) began: Timestamp,
    /// When everybody sees it.
    pub(crate) commits: Timestamp,
    /// What it changes.
    pub(crate) writes: Vec<Write>,
}

/// A change to a table.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// The record is now this.
    Put {
        /// The position of its table.
        table: usize,
        /// Its id.
        id: Id,
        /// Its values.
        record: Record,
    },
    /// The record is gone for good.
    Purge {
        /// The position of its table.
        table: usize,
        /// Its id.
        id: Id,
        /// When it had been deleted.
        deleted_at: Timestamp,
    },
}

impl State {
    pub(crate) fn new(tables: Tables, sequences: Vec<u64>) -> Self {
        let archived = tables.iter().filter(|(_, table)| table.archives()).map(|(at, _)| at).collect();
        Self { latest: Arc::new(tables), committed: None, open: VecDeque::new(), sequences, archived, written: None }
    }

    /// Returns a copy that notes what is written to it.
    pub(super) fn draft(&self) -> Self {
        let Self { latest, committed, open, sequences, archived, .. } = self;
        Self {
            latest: latest.clone(),
            committed: committed.clone(),
            open: open.clone(),
            sequences: sequences.clone(),
            archived: archived.clone(),
            written: Some(Vec::new()),
        }
    }

    /// Takes what has been written to a draft, and the sequences for ids after it.
    pub(super) fn end_draft(&mut self) -> (Vec<Write>, Vec<u64>) {
        (self.written.take().unwrap_or_default(), mem::take(&mut self.sequences))
    }

    /// Returns the records with all changes, those of open transactions too.
    pub(crate) fn latest(&self) -> &Tables {
        &self.latest
    }

    /// Returns what everybody sees at `now`.
    pub(crate) fn committed(&mut self, now: Timestamp) -> Arc<Tables> {
        self.archive(now);
        let (due, open): (VecDeque<_>, _) =
            mem::take(&mut self.open).into_iter().partition(|transaction| transaction.commits <= now);
        self.open = open;
        if self.open.is_empty() {
            self.committed = None;
        }
        if let Some(committed) = &mut self.committed {
            due.iter().for_each(|transaction| apply(Arc::make_mut(committed), &transaction.writes));
        }
        self.committed.as_ref().unwrap_or(&self.latest).clone()
    }

    /// Lets the archiver of activities come until `now`.
    fn archive(&mut self, now: Timestamp) {
        for tables in [Some(&mut self.latest), self.committed.as_mut()].into_iter().flatten() {
            for at in &self.archived {
                if tables.at(*at).is_to_be_archived(now) {
                    Arc::make_mut(tables).at_mut(*at).archive_until(now);
                }
            }
        }
    }

    /// Returns when the oldest transaction that is still open at `now` began.
    pub(crate) fn oldest_open(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.committed(now);
        self.open.iter().map(|transaction| transaction.began).min()
    }

    /// Makes changes, visible at once or, if the transaction commits later, then. Records of an open transaction are
    /// locked: another that changes them commits after it.
    pub(crate) fn write(&mut self, mut transaction: Transaction) {
        if let Some(written) = &mut self.written {
            written.extend(transaction.writes.iter().cloned());
        }
        let locks = self.open.iter().filter(|open| open.shares_records_with(&transaction));
        transaction.commits =
            locks.map(|open| open.commits).max().unwrap_or(transaction.commits).max(transaction.commits);
        if transaction.commits > transaction.began {
            self.committed.get_or_insert_with(|| self.latest.clone());
            apply(Arc::make_mut(&mut self.latest), &transaction.writes);
            self.open.push_back(transaction);
        } else {
            apply(Arc::make_mut(&mut self.latest), &transaction.writes);
            if let Some(committed) = &mut self.committed {
                apply(Arc::make_mut(committed), &transaction.writes);
            }
        }
    }
}

impl Transaction {
    fn shares_records_with(&self, other: &Self) -> bool {
        self.writes.iter().any(|write| other.writes.iter().any(|other| other.id() == write.id()))
    }
}

impl Write {
    fn id(&self) -> Id {
        match self {
            Self::Put { id, .. } | Self::Purge { id, .. } => *id,
        }
    }

    /// Returns the position of the table, and the record in it.
    fn place(&self) -> (usize, Id) {
        match self {
            Self::Put { table, id, .. } | Self::Purge { table, id, .. } => (*table, *id),
        }
    }
}

fn apply(tables: &mut Tables, writes: &[Write]) {
    let mut summed_up = SummedUp::default();
    for write in writes {
        summed_up.note(tables, write.place());
        match write {
            Write::Put { table, id, record } => tables.at_mut(*table).put(*id, record.clone()),
            Write::Purge { table, id, deleted_at } => tables.at_mut(*table).purge(*id, *deleted_at),
        }
        summed_up.note(tables, write.place());
    }
    summed_up.refresh(tables);
}
