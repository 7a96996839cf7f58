//! Batches that are written together: with a transaction for each, most pages of the file would be written several times.
//!
//! A batch counts as written once it is here. Should its transaction fail, every batch of it is written again in one of its own, so that
//! one that finds no room takes no other with it; a part that lost a batch tells so when it is next written to or finished.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;

use super::image::Image;
use super::load::{Stage, failed};
use super::record::Records;
use crate::parts::PartClaim;

/// How many bytes of records a transaction holds. They are in memory up to three times: here, as pages, and as pages of the file.
const GROUP_BYTES: usize = 1024 * 1024;

/// A batch on its way into a staging table.
#[derive(Debug)]
pub(super) struct StagedBatch {
    pub(super) stage: Arc<Stage>,
    pub(super) claim: PartClaim,
    pub(super) records: Records,
    /// The memory that it takes, given back when it is written.
    pub(super) _room: Option<OwnedSemaphorePermit>,
}

/// The batches that are not written yet.
#[derive(Debug, Default)]
pub(super) struct Group {
    batches: Vec<StagedBatch>,
    bytes: usize,
    image: Image,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Takes a batch, and writes all where that is enough. The claim on its part knows if that fails.
    pub(super) fn add(&mut self, connection: &mut Connection, staged: StagedBatch) {
        self.bytes += staged.records.bytes();
        self.batches.push(staged);
        if self.bytes >= GROUP_BYTES {
            self.write(connection);
        }
    }

    /// Forgets what is not written.
    pub(super) fn clear(&mut self) {
        self.batches.clear();
        self.bytes = 0;
    }

    /// Writes what is here, each load's batches in a transaction.
    pub(super) fn write(&mut self, connection: &mut Connection) {
        let mut batches = std::mem::take(&mut self.batches);
        self.bytes = 0;
        // Those of one part stay in their order.
        batches.sort_by_key(|staged| (Arc::as_ptr(&staged.stage).addr(), staged.claim.part()));
        for batches in batches.chunk_by(|one, other| Arc::ptr_eq(&one.stage, &other.stage)) {
            let stage = &batches[0].stage;
            if let Err(error) = stage.insert(connection, &mut self.image, batches) {
                tracing::debug!(%error, batches = batches.len(), "writing batches one by one");
                batches.iter().for_each(|staged| self.write_alone(connection, staged));
            }
        }
        batches.into_iter().for_each(|staged| staged.stage.reuse(staged.records));
    }

    fn write_alone(&mut self, connection: &mut Connection, staged: &StagedBatch) {
        let StagedBatch { stage, claim, .. } = staged;
        if stage.ledger.is_current(claim)
            && let Err(error) = stage.insert(connection, &mut self.image, std::slice::from_ref(staged))
        {
            stage.ledger.lose(claim, failed(&stage.table, error));
        }
    }
}
