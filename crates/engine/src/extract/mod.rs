//! Records out of the org, as a stream of parts.
//!
//! Parts travel as messages over a bounded channel. A page that did not arrive whole is read again under the same part: opening a part anew
//! discards what it held.

mod bulk;
mod documents;
mod newest;
mod rest;

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use orgtap_destination::{Batch, PartId, csv};
use orgtap_salesforce::{Client, ErrorKind};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::event::{EventSender, RunEvent};
use crate::plan::{Plan, PlannedApi};
use crate::spec::RunSpec;
use newest::Newest;

/// How many messages may wait for the load. A batch is a few hundred KiB at the most, so this bounds the memory of a row.
const MESSAGES_IN_FLIGHT: usize = 8;

/// One step of writing parts.
#[derive(Debug)]
pub(crate) enum PartMessage {
    /// The part begins, or begins again.
    Open(PartId),
    /// Records of the part.
    Records(PartId, Batch),
    /// The part is whole.
    Close(PartId),
}

/// What an extraction found, beside the records.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// When the org says it took the job, by its own clock.
    pub(crate) job_created: Option<Timestamp>,
    /// The newest stamp among the records, where the stamps were watched.
    pub(crate) newest: Option<Timestamp>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// Where the parts of one row go.
#[derive(Debug)]
pub(crate) struct PartSender {
    row: String,
    channel: mpsc::Sender<PartMessage>,
    events: EventSender,
    records: AtomicU64,
    bytes: AtomicU64,
    expected: AtomicU64,
    newest: OnceLock<Newest>,
}

/// The load went away: it failed, and says why itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadEnded;

/// Returns the two ends of a row's stream of parts.
pub(crate) fn channel(row: &str, events: &EventSender) -> (PartSender, mpsc::Receiver<PartMessage>) {
    let (channel, receiver) = mpsc::channel(MESSAGES_IN_FLIGHT);
    let sender = PartSender {
        row: row.to_owned(),
        channel,
        events: events.clone(),
        records: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        expected: AtomicU64::new(u64::MAX),
        newest: OnceLock::new(),
    };
    (sender, receiver)
}

impl PartSender {
    /// Has the stamps of the records watched from now on, if the plan knows where they are.
    fn watch_stamps(&self, plan: &Plan) {
        if let Some(column) = plan.cursor_column {
            self.newest.get_or_init(|| Newest::of_column(column));
        }
    }

    async fn send(&self, message: PartMessage) -> Result<(), LoadEnded> {
        self.channel.send(message).await.map_err(|_| LoadEnded)
    }

    async fn records(&self, part: PartId, batch: Batch) -> Result<(), LoadEnded> {
        let (records, bytes) = (batch.records(), batch.bytes().len() as u64);
        if let Some(newest) = self.newest.get() {
            newest.look_at(&batch);
        }
        self.send(PartMessage::Records(part, batch)).await?;
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
        Ok(())
    }

    /// Takes back what an attempt at a part had sent.
    fn take_back(&self, records: u64, bytes: u64) {
        self.records.fetch_sub(records, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn expect(&self, records: u64) {
        self.expected.store(records, Ordering::Relaxed);
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

    fn job(&self, job: &orgtap_salesforce::Job) {
        self.events.send(RunEvent::Job {
            row: self.row.clone(),
            job_id: job.id.to_string(),
            state: job.state.to_string(),
            records_processed: job.records_processed,
        });
    }
}

/// What was seen of the pages so far, to notice one that comes again: the counts alone may add up, or never end.
#[derive(Debug)]
struct PagesSeen {
    first_records: HashSet<Vec<u8>>,
    next_pages: HashSet<String>,
    /// Whether no two records are alike.
    records_differ: bool,
}

impl PagesSeen {
    fn new(plan: &Plan) -> Self {
        let records_differ = plan.table.keys_are_unique;
        Self { first_records: HashSet::new(), next_pages: HashSet::new(), records_differ }
    }

    /// Takes up a page: its first record, and where it says that the next one is.
    fn add(&mut self, first_record: Option<Vec<u8>>, next: Option<&str>) -> Result<()> {
        if first_record.is_some_and(|record| self.records_differ && !self.first_records.insert(record)) {
            return Err(Error::Incomplete { message: "two pages begin with the same record".to_owned() });
        }
        if next.is_some_and(|next| !self.next_pages.insert(next.to_owned())) {
            return Err(Error::Incomplete { message: "two pages name the same page as the next".to_owned() });
        }
        Ok(())
    }
}

fn first_record(batch: &Batch) -> Option<Vec<u8>> {
    csv::records(batch.bytes()).next().map(<[u8]>::to_vec)
}

/// Reads everything that `plan` asks for and sends it to `parts`. Ends early, with its job aborted, when `stop` is cancelled.
pub(crate) async fn extract(
    client: &Client,
    plan: &Plan,
    spec: &RunSpec,
    parts: &PartSender,
    stop: &CancellationToken,
) -> Result<Extracted> {
    let extracted = by_some_api(client, plan, spec, parts, stop).await?;
    Ok(Extracted { newest: parts.newest.get().and_then(Newest::stamp), ..extracted })
}

async fn by_some_api(
    client: &Client,
    plan: &Plan,
    spec: &RunSpec,
    parts: &PartSender,
    stop: &CancellationToken,
) -> Result<Extracted> {
    let refusal = match plan.api {
        PlannedApi::Rest => None,
        PlannedApi::Bulk => match bulk::extract(client, plan, spec, parts, stop).await {
            Err(Error::Salesforce(error))
                if plan.may_fall_back
                    && matches!(error.kind(), ErrorKind::UnsupportedByBulk | ErrorKind::FilterMissing) =>
            {
                Some(error)
            }
            result => return result,
        },
    };
    let mut extracted = rest::extract(client, plan, parts, stop).await?;
    if let Some(error) = refusal {
        tracing::info!(row = plan.row, reason = %error, "the Bulk API refused the query, using the REST API");
        extracted.notes.push("read through the REST API, since the Bulk API refused the query".to_owned());
    }
    Ok(extracted)
}

/// The error of an extraction whose load went away. The load's own error is the one to report.
fn load_ended(_: LoadEnded) -> Error {
    Error::Stopped
}
