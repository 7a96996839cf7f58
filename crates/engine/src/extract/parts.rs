//! Parts on their way into the load, and what is told of them meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use orgtap_destination::{Batch, PartId, PartWriter, TableLoad, WrittenPart};
use orgtap_salesforce::Job;
use tokio::sync::Mutex as AsyncMutex;

use super::newest::Newest;
use crate::error::{Error, Result};
use crate::event::{EventSender, RunEvent};
use crate::plan::Plan;

/// Where the parts of one row go.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    row: String,
    load: &'a dyn TableLoad,
    events: EventSender,
    written: Mutex<Vec<WrittenPart>>,
    records: AtomicU64,
    bytes: AtomicU64,
    expected: AtomicU64,
    newest: OnceLock<Newest>,
    /// How long query jobs were waited for.
    job_wait: Mutex<Duration>,
    /// Held while the journal is saved: an older one must not take the place of a newer.
    saving: AsyncMutex<()>,
}

impl<'a> Parts<'a> {
    /// Writes to `load`, which holds the parts `written` already.
    pub(crate) fn new(row: &str, load: &'a dyn TableLoad, written: Vec<WrittenPart>, events: &EventSender) -> Self {
        Self {
            row: row.to_owned(),
            load,
            events: events.clone(),
            records: AtomicU64::new(written.iter().map(|written| written.records).sum()),
            bytes: AtomicU64::new(written.iter().map(|written| written.bytes).sum()),
            written: Mutex::new(written),
            expected: AtomicU64::new(u64::MAX),
            newest: OnceLock::new(),
            job_wait: Mutex::default(),
            saving: AsyncMutex::new(()),
        }
    }

    /// Returns the parts that are whole.
    pub(crate) fn written(&self) -> Vec<WrittenPart> {
        self.lock().clone()
    }

    /// Forgets the parts that `is_kept` refuses: they are not to be committed.
    pub(super) fn retain(&self, is_kept: impl Fn(&WrittenPart) -> bool) {
        let mut written = self.lock();
        for forgotten in written.iter().filter(|written| !is_kept(written)) {
            self.take_back(forgotten.records, forgotten.bytes);
        }
        written.retain(is_kept);
    }

    /// Has the stamps of the records watched from now on, if the plan knows where they are.
    pub(super) fn watch_stamps(&self, plan: &Plan) {
        if let Some(column) = plan.cursor_column {
            self.newest.get_or_init(|| Newest::of_column(column));
        }
    }

    /// Returns the newest stamp among the records that went through here, where stamps are watched.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.newest.get().and_then(Newest::stamp)
    }

    /// Runs `waiting`, which waits for a job, and notes how long that took.
    pub(super) async fn wait_for<T>(&self, waiting: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = waiting.await;
        *self.job_wait.lock().unwrap_or_else(PoisonError::into_inner) += started.elapsed();
        result
    }

    /// Returns how long query jobs were waited for.
    pub(crate) fn job_wait(&self) -> Duration {
        *self.job_wait.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins `part`, or begins it again: what it held is discarded.
    pub(super) async fn open(&self, part: PartId) -> Result<OpenPart<'_>> {
        let writer = self.load.open_part(part).await.map_err(Error::destination)?;
        Ok(OpenPart { parts: self, writer: Some(writer), records: 0, bytes: 0 })
    }

    /// Saves the load's journal as `document` returns it once its turn has come.
    pub(super) async fn save_journal(&self, document: impl FnOnce() -> String) -> Result<()> {
        let _turn = self.saving.lock().await;
        self.load.save_journal(&document()).await.map_err(Error::destination)
    }

    /// Tells how many records there will be.
    pub(super) fn expect(&self, records: u64) {
        self.expected.store(records, Ordering::Relaxed);
        self.tell();
    }

    /// Tells how a job stands.
    pub(super) fn job(&self, job: &Job) {
        self.events.send(RunEvent::Job {
            row: self.row.clone(),
            job_id: job.id.to_string(),
            state: job.state.to_string(),
            records_processed: job.records_processed,
        });
    }

    fn add(&self, records: u64, bytes: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn take_back(&self, records: u64, bytes: u64) {
        self.records.fetch_sub(records, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let expected = self.expected.load(Ordering::Relaxed);
        self.events.send(RunEvent::Progress {
            row: self.row.clone(),
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            expected: (expected != u64::MAX).then_some(expected),
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<WrittenPart>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part being written. Dropping it discards the part.
#[derive(Debug)]
pub(super) struct OpenPart<'a> {
    parts: &'a Parts<'a>,
    /// Gone once the part is whole.
    writer: Option<Box<dyn PartWriter>>,
    records: u64,
    bytes: u64,
}

impl OpenPart<'_> {
    /// Appends whole records.
    pub(super) async fn write(&mut self, batch: Batch) -> Result<()> {
        let (records, bytes) = (batch.records(), batch.bytes().len() as u64);
        if let Some(newest) = self.parts.newest.get() {
            newest.look_at(&batch);
        }
        let writer = self.writer.as_mut().expect("a part is closed once, and then it is gone");
        writer.write(batch).await.map_err(Error::destination)?;
        self.records += records;
        self.bytes += bytes;
        self.parts.add(records, bytes);
        Ok(())
    }

    /// Says that the part is whole.
    pub(super) async fn close(mut self) -> Result<WrittenPart> {
        let writer = self.writer.take().expect("a part is closed once, and then it is gone");
        let finished = writer.finish().await.map_err(Error::destination);
        if finished.is_err() {
            self.parts.take_back(self.records, self.bytes);
        }
        let written = finished?;
        let mut all = self.parts.lock();
        all.retain(|other| other.part != written.part);
        all.push(written);
        Ok(written)
    }
}

impl Drop for OpenPart<'_> {
    fn drop(&mut self) {
        if self.writer.is_some() {
            self.parts.take_back(self.records, self.bytes);
        }
    }
}
