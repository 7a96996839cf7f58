//! A part that is a file: written off the async threads, under the eyes of the load's ledger.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::files::blocking;
use crate::parts::{PartClaim, PartLedger};
use crate::{Batch, PartWriter, Result, WrittenPart};

/// A file that takes the records of a part.
pub(crate) trait RecordFile: fmt::Debug + Send + 'static {
    /// Appends whole records.
    fn write(&mut self, records: &[u8]) -> Result<()>;

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
}

impl<F> FilePart<F> {
    /// Makes the writer of a part that was just opened.
    pub(crate) fn new(ledger: Arc<PartLedger>, claim: PartClaim, file: F) -> Self {
        Self { ledger, claim, file: Some(file) }
    }
}

#[async_trait]
impl<F: RecordFile> PartWriter for FilePart<F> {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.ledger.check(&self.claim)?;
        self.claim.start();
        let mut file = self.file.take().expect("the ledger refuses a part after a failed write");
        let bytes = batch.bytes().clone();
        self.file = Some(blocking(move || file.write(&bytes).map(|()| file)).await?);
        self.claim.add(&batch);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<WrittenPart> {
        self.ledger.check(&self.claim)?;
        let file = self.file.take().expect("the ledger refuses a part after a failed write");
        let written = self.claim.so_far();
        blocking(move || file.finish(&written)).await?;
        self.ledger.finish(&self.claim)
    }
}
