//! What a run tells while it goes on. Events are for eyes and logs; nothing in the run depends on who listens.

use tokio::sync::mpsc::UnboundedSender;

use crate::plan::Plan;
use crate::report::RowReport;

/// Something that happened in a run. `row` is always the row's name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunEvent {
    /// A row is being planned: its objects are described and its state is read.
    Planning {
        /// The row.
        row: String,
    },
    /// A row knows what it will do.
    Planned {
        /// The row.
        row: String,
        /// What it will do.
        plan: Box<Plan>,
    },
    /// Salesforce works on a row's query job. Sent when the job is created and whenever its state changes.
    Job {
        /// The row.
        row: String,
        /// The job's id.
        job_id: String,
        /// The job's state, as Salesforce words it.
        state: String,
        /// How many records Salesforce has processed, where it says so.
        records_processed: Option<u64>,
    },
    /// Records of a row arrived. The counts are the row's totals so far; a page that has to be read again takes its records back.
    Progress {
        /// The row.
        row: String,
        /// Records so far.
        records: u64,
        /// Bytes of CSV so far.
        bytes: u64,
        /// How many records there will be, once known.
        expected: Option<u64>,
    },
    /// All records of a row arrived; its table is being changed.
    Committing {
        /// The row.
        row: String,
    },
    /// A row ended, well or not.
    Finished {
        /// How it went.
        report: Box<RowReport>,
    },
}

/// Where a run's events go. Cheap to clone; sending to nobody is fine.
#[derive(Clone, Debug, Default)]
pub struct EventSender(Option<UnboundedSender<RunEvent>>);

impl EventSender {
    /// Returns a sender into `channel`.
    pub fn new(channel: UnboundedSender<RunEvent>) -> Self {
        Self(Some(channel))
    }

    /// Returns a sender whose events nobody sees.
    pub fn silent() -> Self {
        Self(None)
    }

    /// Sends `event`, if somebody listens.
    pub(crate) fn send(&self, event: RunEvent) {
        if let Some(channel) = &self.0 {
            // A listener that went away has no bearing on the run.
            drop(channel.send(event));
        }
    }
}
