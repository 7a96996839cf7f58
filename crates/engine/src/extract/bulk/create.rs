//! The creation of a job, also where the answer to it is lost.
//!
//! Then nobody knows whether Salesforce runs the query, and it does not tell what query a job runs: taking up a job that looks like it could
//! load somebody else's records. So another job is created, and the user is told.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgtap_salesforce::retry::Transient;
use orgtap_salesforce::{Job, JobId};

use super::BulkJob;
use crate::error::{Error, Result};
use crate::journal::{JobRecord, Journal};

/// How long before a job one may have been created whose answer was lost: as long as all attempts together take, and the answers with them.
const ATTEMPTS_TAKE: Duration = Duration::from_secs(30 * 60);

/// A job that was created.
#[derive(Debug)]
pub(super) struct Created {
    pub(super) job: Job,
    /// How many answers to its creation were lost.
    lost_answers: u32,
    /// The ids of jobs that may be of those.
    twins: Vec<String>,
}

impl JobRecord {
    /// Notes that it is the job that was `created`.
    pub(super) fn note_created(&mut self, created: &Created) {
        self.note(&created.job);
        (self.lost_answers, self.twins) = (created.lost_answers, created.twins.clone());
    }
}

/// How many answers may be lost before no further job is created: each may have left one that runs in vain, and counts.
const MOST_LOST: u32 = 3;

/// How long to wait after the first lost answer, and how much longer after each further one.
const AFTER_LOST: Duration = Duration::from_secs(20);

impl BulkJob<'_> {
    /// Creates the job and writes it to the journal.
    pub(super) async fn create(self) -> Result<JobId> {
        let created = self.create_for(&self.record().query).await?;
        self.change(|record| record.note_created(&created));
        self.save().await?;
        self.on.parts.job(&created.job);
        Ok(created.job.id)
    }

    /// Creates a job for `query`, of which the journal does not know yet.
    pub(super) async fn create_for(self, query: &str) -> Result<Created> {
        let plan = self.on.plan;
        let lost = AtomicU32::new(0);
        let create = || async {
            let created = self.on.client.create_query_job(plan.operation, query).await;
            created.map_err(|error| {
                let is_lost = u32::from(error.is_answer_lost());
                NotCreated { error, lost: lost.fetch_add(is_lost, Ordering::Relaxed) + is_lost }
            })
        };
        let job = self.on.client.with_backoff(create).await.map_err(NotCreated::into_error)?;
        tracing::debug!(row = plan.row, job_id = %job.id, "created the query job");
        let lost_answers = lost.into_inner();
        let twins = if lost_answers == 0 { Vec::new() } else { self.twins(&job).await };
        Ok(Created { job, lost_answers, twins })
    }

    /// Returns the ids of the jobs that may have been created by an attempt whose answer was lost.
    async fn twins(self, job: &Job) -> Vec<String> {
        match self.on.client.twins_of(job, ATTEMPTS_TAKE).await {
            Ok(twins) => {
                let known = self.on.journal.snapshot();
                let is_known = |id: &JobId| known.jobs.iter().any(|record| record.id().as_ref() == Some(id));
                twins.iter().filter(|id| !is_known(id)).map(JobId::to_string).collect()
            }
            Err(error) => {
                tracing::debug!(job_id = %job.id, error = %error, "could not look for a job whose answer was lost");
                Vec::new()
            }
        }
    }
}

/// Returns what the user should know of answers that were lost.
pub(super) fn lost(journal: &Journal) -> Vec<String> {
    let jobs = journal.jobs.iter().filter(|job| job.lost_answers > 0);
    let is_ours = |id: &&String| journal.jobs.iter().any(|job| job.id().is_some_and(|own| own.as_str() == **id));
    let note = |id: String, twins: &[String]| {
        // Jobs that were created at the same time look alike.
        let twins: Vec<&str> = twins.iter().filter(|id| !is_ours(id)).map(String::as_str).collect();
        let which = match twins.as_slice() {
            [] => "none that looks like it is there now".to_owned(),
            twins => format!(
                "it looks like {}; abort it in Setup → Bulk Data Load Jobs unless it is somebody else's",
                twins.join(", ")
            ),
        };
        format!(
            "Salesforce's answer to creating a query job was lost, so job {id} was created after it. A job of the same query may run in vain: {which}"
        )
    };
    jobs.filter_map(|job| Some(note(job.id()?.to_string(), &job.twins))).collect()
}

/// A job that was not created, as far as anybody knows.
#[derive(Debug)]
struct NotCreated {
    error: orgtap_salesforce::Error,
    /// How many answers were lost by then.
    lost: u32,
}

impl NotCreated {
    /// Says what may run in vain.
    fn into_error(self) -> Error {
        if self.lost == 0 {
            return Error::salesforce(self.error);
        }
        let what_to_do = self.error.hint().unwrap_or_else(|| "run again".to_owned());
        Error::salesforce(self.error.with_hint(format!(
            "{what_to_do}; Salesforce may have created up to {} jobs of the query whose answers were lost: abort them in Setup → Bulk Data Load Jobs",
            self.lost
        )))
    }
}

impl fmt::Display for NotCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Transient for NotCreated {
    /// What surely did not run, the client has repeated itself.
    fn is_transient(&self) -> bool {
        self.error.is_answer_lost() && self.lost < MOST_LOST
    }

    /// A gateway in trouble is given the time that all attempts of other calls take together.
    fn retry_after(&self) -> Option<Duration> {
        Transient::retry_after(&self.error).or(Some(AFTER_LOST * self.lost))
    }
}
