//! A table read back: its records in batches, read ahead on a thread that may wait for the disk.

use std::sync::mpsc::SendError;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{Batch, Error, ErrorKind, Result, csv};

/// How many batches are read ahead.
const AHEAD: usize = 2;

/// From which size on a batch is handed over.
const BATCH_BYTES: usize = 256 * 1024;

/// The records of a table, as they stood when the scan began. Dropping it ends the reading.
#[derive(Debug)]
pub struct TableScan {
    batches: mpsc::Receiver<Message>,
}

/// A batch, a failure, or `None` at the end: a thread that breaks down must not look like one that is done.
type Message = Result<Option<Batch>>;

impl TableScan {
    /// Has `read` read the table on a thread of its own.
    pub(crate) fn start(read: impl FnOnce(&mut ScanOutput) -> Result<()> + Send + 'static) -> Self {
        let (sender, batches) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let mut output = ScanOutput { sender, bytes: Vec::new(), records: 0 };
            let read = read(&mut output).and_then(|()| output.hand_over());
            // Whoever went away does not want to know.
            output.sender.blocking_send(read.map(|()| None)).ok();
        });
        Self { batches }
    }

    /// Returns the next records, or `None` after the last. Not to be called again after an error.
    ///
    /// # Cancel safety
    ///
    /// A call that is given up loses no records.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        let broken_off = || Err(Error::new(ErrorKind::Failed, "could not read a table: its reader has stopped"));
        self.batches.recv().await.unwrap_or_else(broken_off)
    }
}

/// Takes the records of a table that is read.
#[derive(Debug)]
pub(crate) struct ScanOutput {
    sender: mpsc::Sender<Message>,
    bytes: Vec<u8>,
    records: u64,
}

impl ScanOutput {
    /// Takes the values of one record. Fails if nobody reads any more.
    pub(crate) fn record<'a>(&mut self, values: impl IntoIterator<Item = &'a [u8]>) -> Result<()> {
        csv::write_record(&mut self.bytes, values);
        self.records += 1;
        if self.bytes.len() < BATCH_BYTES { Ok(()) } else { self.hand_over() }
    }

    fn hand_over(&mut self) -> Result<()> {
        if self.records == 0 {
            return Ok(());
        }
        let batch = Batch::new(Bytes::from(std::mem::take(&mut self.bytes)), std::mem::take(&mut self.records));
        self.sender
            .blocking_send(Ok(Some(batch)))
            .map_err(|_| Error::new(ErrorKind::Failed, "could not read a table to its end").with_source(SendError(())))
    }
}
