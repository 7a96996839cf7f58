//! The load of a row: begun, or taken up where an earlier run was cut off; and what becomes of it where the row fails.

use jiff::SignedDuration;
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
    /// Why an earlier run's load was not taken up, where that is for the user to know.
    pub(crate) left_behind: Option<String>,
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
        let is_of_plan = |journal: &Journal| can_go_on(journal, plan, host);
        let too_old =
            journal.as_ref().filter(|journal| is_of_plan(journal)).and_then(|journal| age(context, plan, journal));
        match journal {
            Some(journal) if is_of_plan(&journal) && too_old.is_none() => {
                let written = journal.parts_of(&left.parts);
                Ok(Self { load, written, journal: JournalBook::new(journal), left_behind: None })
            }
            outdated => {
                tracing::info!(
                    row = plan.row,
                    too_old,
                    "an earlier run was cut off, but cannot be gone on with; starting over"
                );
                if let Some(journal) = outdated {
                    remove_jobs(&context.client, &journal).await;
                }
                load.abort().await.map_err(Error::destination)?;
                let load = context.destination.begin(&plan.table).await.map_err(Error::destination)?;
                Ok(Self { left_behind: too_old, ..Self::anew(load, plan, host) })
            }
        }
    }

    /// Returns the journal of the load that an earlier run left of `table`, if there is one.
    pub(crate) async fn left_of(context: &RowContext, table: &str) -> Result<Option<Journal>> {
        let left = context.destination.left_journal(table).await.map_err(Error::destination)?;
        Ok(left.and_then(|document| Journal::read(&document)))
    }

    /// Returns whether what `journal` is of can be finished as a load of what `plan` says.
    pub(crate) async fn is_of(context: &RowContext, journal: &Journal, plan: &Plan) -> Result<bool> {
        let url = context.client.instance_url().await.map_err(Error::salesforce)?;
        Ok(can_go_on(journal, plan, url.host_str().unwrap_or_default()))
    }

    fn anew(load: Box<dyn TableLoad>, plan: &Plan, host: &str) -> Self {
        let journal = JournalBook::new(Journal::begin(plan, host));
        Self { load, written: Vec::new(), journal, left_behind: None }
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

/// Returns whether what `journal` is of can be finished as a load of what `plan` says, in the org at `host`. Without a job there is nothing to go
/// on with, and another moment to begin at.
fn can_go_on(journal: &Journal, plan: &Plan, host: &str) -> bool {
    journal.has_job() && plan.may_create_job() && journal.is_of(plan, host)
}

/// Returns what the user should know of the jobs of `journal` if they are too old to be gone on with: a table that nothing brings up to date
/// afterwards would show the org as it was then. Their age is by the org's clock; of one that it does not tell nothing is said.
fn age(context: &RowContext, plan: &Plan, journal: &Journal) -> Option<String> {
    let is_followed =
        plan.state_after.fingerprint.as_ref().is_some_and(|fingerprint| fingerprint.cursor_field.is_some());
    let created = journal.first_created()?;
    let within = context.spec.resume_within;
    let is_old = plan.made?.duration_since(created) > SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
    (is_old && !is_followed).then(|| {
        let hours = within.as_secs() / 3600;
        format!("began anew: an earlier run was cut off, but its query is of {created}, more than {hours} h ago (`resume_within_hours`)")
    })
}
