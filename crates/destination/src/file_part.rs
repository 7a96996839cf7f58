//! A part that is a file: written off the async threads, under the eyes of the load's ledger.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::files::blocking;
use crate::parts::{PartClaim, PartLedger};
use crate::{Batch, PartWriter, Result, WrittenPart};

/// From how many bytes on records are written: to ask another thread and wait for it costs as much as writing some tens of KiB.
const WRITE_BYTES: usize = 512 << 10;

/// A file that takes the records of a part.
pub(crate) trait RecordFile: fmt::Debug + Send + 'static {
    /// Appends whole records.
    fn write(&mut self, records: &Batch) -> Result<()>;

    /// Writes out what is still in memory. The part is whole and holds what `written` says.
    fn finish(self, written: &WrittenPart) -> Result<()>;
}

/// One part being written to a file.
#[derive(Debug)]
pub(crate) struct FilePart<F> {
    ledger: Arc<PartLedger>,
    claim: PartClaim,
    /// Away while a write is under way, and gone after one that failed.
    file: Option<F>,
    /// Records that are still to be written.
    waiting: Waiting,
}

#[derive(Debug, Default)]
struct Waiting {
    batches: Vec<Batch>,
    bytes: usize,
}

impl Waiting {
    fn add(&mut self, batch: Batch) {
        self.bytes += batch.bytes().len();
        self.batches.push(batch);
    }

    fn write_to(self, file: &mut impl RecordFile) -> Result<()> {
        // Each gives its memory back as soon as it is written.
        self.batches.into_iter().try_for_each(|batch| file.write(&batch))
    }
}

impl<F> FilePart<F> {
    /// Makes the writer of a part that was just opened.
    pub(crate) fn new(ledger: Arc<PartLedger>, claim: PartClaim, file: F) -> Self {
        Self { ledger, claim, file: Some(file), waiting: Waiting::default() }
    }

    fn take(&mut self) -> (F, Waiting) {
        let file = self.file.take().expect("the ledger refuses a part after a failed write");
        (file, std::mem::take(&mut self.waiting))
    }
}

#[async_trait]
impl<F: RecordFile> PartWriter for FilePart<F> {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.ledger.check(&self.claim)?;
        self.claim.start();
        let mut claimed = self.claim;
        claimed.add(&batch);
        self.waiting.add(batch);
        if self.waiting.bytes >= WRITE_BYTES {
            let (mut file, waiting) = self.take();
            self.file = Some(blocking(move || waiting.write_to(&mut file).map(|()| file)).await?);
        }
        self.claim = claimed;
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<WrittenPart> {
        self.ledger.check(&self.claim)?;
        let (mut file, waiting) = self.take();
        let written = self.claim.so_far();
        blocking(move || waiting.write_to(&mut file).and_then(|()| file.finish(&written))).await?;
        self.ledger.finish(&self.claim)
    }
}
