//! The load of a row: begun, or taken up where an earlier run was cut off; and what becomes of it where the row fails.

use orgtap_destination::{TableLoad, WrittenPart};
use orgtap_salesforce::ErrorKind;

use crate::error::{Error, Result};
use crate::extract::remove_jobs;
use crate::journal::{Journal, JournalBook};
use crate::plan::Plan;
use crate::row::RowContext;

/// A load under way.
#[derive(Debug)]
pub(crate) struct RowLoad {
    pub(crate) load: Box<dyn TableLoad>,
    pub(crate) journal: JournalBook,
    /// What an earlier run has written of it.
    pub(crate) written: Vec<WrittenPart>,
}

/// What becomes of a load whose row failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The jobs are of no more use; new ones may be.
    StartOver,
    /// The next run goes on from here.
    Keep,
    /// Nothing is left behind.
    Discard,
}

impl Fate {
    /// Returns what becomes of a load that failed because of `error`.
    ///
    /// What another run may finish is kept: the network, limits, a stop. What has to be mended first would hardly fit afterwards, and results
    /// that do not add up are not to be built upon.
    pub(crate) fn after(error: &Error) -> Self {
        match error {
            Error::Stopped => Self::Keep,
            Error::Salesforce(error) => match error.kind() {
                ErrorKind::JobAborted | ErrorKind::JobGone | ErrorKind::LocatorExpired => Self::StartOver,
                ErrorKind::Connection
                | ErrorKind::Throttled
                | ErrorKind::Unavailable
                | ErrorKind::LimitExceeded
                | ErrorKind::Credentials => Self::Keep,
                ErrorKind::UnexpectedAnswer if error.is_transient() => Self::Keep,
                _ => Self::Discard,
            },
            Error::Destination(error) if error.kind() == orgtap_destination::ErrorKind::Locked => Self::Keep,
            _ => Self::Discard,
        }
    }
}

impl RowLoad {
    /// Takes up the load that an earlier run left, if it is of the same as `plan`; else begins anew and removes what was left.
    pub(crate) async fn begin(context: &RowContext, plan: &Plan) -> Result<Self> {
        let url = context.client.instance_url().await.map_err(Error::salesforce)?;
        let host = url.host_str().unwrap_or_default();
        let load = context.destination.begin(&plan.table).await.map_err(Error::destination)?;
        let Some(left) = load.left().cloned() else { return Ok(Self::anew(load, plan, host)) };
        let journal = Journal::read(&left.journal);
        match journal {
            Some(journal) if plan.may_create_job() && journal.is_of(plan, host) => {
                Ok(Self { load, written: journal.parts_of(&left.parts), journal: JournalBook::new(journal) })
            }
            outdated => {
                tracing::info!(row = plan.row, "an earlier run was cut off while it did something else; starting over");
                if let Some(journal) = outdated {
                    remove_jobs(&context.client, &journal).await;
                }
                load.abort().await.map_err(Error::destination)?;
                let load = context.destination.begin(&plan.table).await.map_err(Error::destination)?;
                Ok(Self::anew(load, plan, host))
            }
        }
    }

    fn anew(load: Box<dyn TableLoad>, plan: &Plan, host: &str) -> Self {
        Self { load, written: Vec::new(), journal: JournalBook::new(Journal::begin(plan, host)) }
    }

    /// Returns whether an earlier run began it.
    pub(crate) fn is_taken_up(&self) -> bool {
        self.load.left().is_some()
    }

    /// Ends the load without a commit. Returns whether the next run can take it up.
    pub(crate) async fn end(self, context: &RowContext, row: &str, fate: Fate) -> bool {
        let journal = self.journal.snapshot();
        let can_resume = context.destination.capabilities().resume;
        if fate == Fate::Keep && can_resume && journal.has_job() {
            return true;
        }
        if let Err(error) = self.load.abort().await {
            tracing::warn!(row, %error, "could not clean up after the failed load");
        }
        remove_jobs(&context.client, &journal).await;
        false
    }
}
