//! Batches of all loads that share one transaction: with one for each, most pages of the file would be written several times.
//!
//! A batch counts as written before its transaction is committed. Should that fail, every batch of the group is written again in a
//! transaction of its own, so that no load fails by another's fault; a part that lost a batch tells so when it is next written to or finished.

use std::sync::Arc;

use rusqlite::Connection;

use super::cells::Cells;
use super::load::{Stage, failed};
use crate::parts::PartClaim;
use crate::{Batch, Result};

/// How many bytes of batches a transaction holds. They stay in memory until it is committed.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// A batch on its way into a staging table.
#[derive(Debug)]
pub(super) struct StagedBatch {
    pub(super) stage: Arc<Stage>,
    pub(super) claim: PartClaim,
    pub(super) batch: Batch,
}

/// The batches of the transaction that is open; none is where there are none.
#[derive(Debug, Default)]
pub(super) struct Group {
    batches: Vec<StagedBatch>,
    bytes: usize,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Writes a batch, whose values are `cells`. The claim on its part knows if that fails.
    pub(super) fn write(&mut self, connection: &mut Connection, staged: StagedBatch, cells: &Cells) {
        if self.is_empty()
            && let Err(error) = connection.execute_batch("BEGIN IMMEDIATE")
        {
            let error = failed(&staged.stage.table, error);
            return staged.stage.ledger.lose(&staged.claim, error);
        }
        let written = staged.stage.insert(connection, &staged.claim, cells);
        self.bytes += staged.batch.bytes().len();
        self.batches.push(staged);
        match written {
            Ok(()) if self.bytes < GROUP_BYTES => {}
            Ok(()) => self.commit(connection),
            Err(error) => self.write_singly(connection, &error),
        }
    }

    /// Commits what was written, if there is any.
    pub(super) fn commit(&mut self, connection: &mut Connection) {
        if self.is_empty() {
            return;
        }
        match connection.execute_batch("COMMIT") {
            Ok(()) => *self = Self::default(),
            Err(error) => self.write_singly(connection, &error),
        }
    }

    fn write_singly(&mut self, connection: &mut Connection, why: &rusqlite::Error) {
        tracing::debug!(error = %why, batches = self.batches.len(), "writing batches one by one");
        // SQLite may have done so itself.
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::debug!(%error, "could not roll back");
        }
        for staged in std::mem::take(self).batches {
            if let Err(error) = staged.write_alone(connection) {
                staged.stage.ledger.lose(&staged.claim, error);
            }
        }
    }
}

impl StagedBatch {
    fn write_alone(&self, connection: &mut Connection) -> Result<()> {
        if !self.stage.ledger.is_current(&self.claim) {
            return Ok(());
        }
        let cells = self.stage.cells(&self.batch)?;
        self.stage.in_transaction_of(connection, |transaction| self.stage.insert(transaction, &self.claim, &cells))
    }
}
