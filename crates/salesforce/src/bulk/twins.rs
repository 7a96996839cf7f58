//! Jobs that may be there because the answer to their creation was lost on the way.
//!
//! Salesforce does not tell what query a job runs, so that nothing here can be sure: the jobs are named to the user, and never touched.

use std::time::Duration;

use serde::Deserialize;

use super::{Job, JobId};
use crate::client::{Call, Client};
use crate::error::Result;
use crate::query::path_on_this_host;
use crate::wire::JobAnswer;

/// How many pages of jobs are looked through, of a thousand each. An org keeps some ten thousands at the most.
const MOST_PAGES: usize = 20;

/// How much earlier than `job` one may say that it was created, beyond the time between the two: the answers are rounded.
const VAGUENESS: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobsAnswer {
    #[serde(default)]
    records: Vec<JobAnswer>,
    #[serde(default)]
    next_records_url: Option<String>,
}

impl Client {
    /// Returns the jobs that are like `job` in all that Salesforce tells of one, and were created in the time `within` before it: the object, the
    /// operation and the user.
    ///
    /// Meant for a job that was created after the answer to an earlier attempt was lost. Others may create such jobs as well.
    pub async fn twins_of(&self, job: &Job, within: Duration) -> Result<Vec<JobId>> {
        let Some(created) = job.created else { return Ok(Vec::new()) };
        let earliest = created.saturating_sub(within + VAGUENESS).unwrap_or(created);
        let mut next = Some(format!("{}/jobs/query?jobType=V2Query", self.base_path()));
        let mut twins = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(path) = next.take() else { break };
            let answer: JobsAnswer = self.call_for(&Call::get("list the query jobs", path)).await?;
            let jobs = answer.records.into_iter().filter_map(|answer| Job::read(answer).ok());
            let is_like = |other: &Job| {
                let is_in_time = other.created.is_some_and(|at| (earliest..=created).contains(&at));
                other.id != job.id && is_in_time && other.origin == job.origin && other.object == job.object
            };
            twins.extend(jobs.filter(is_like).map(|job| job.id));
            let url = answer.next_records_url.filter(|url| !url.is_empty());
            next = url.map(|url| path_on_this_host(&url)).transpose().map_err(|error| self.masked(error))?;
        }
        Ok(twins)
    }
}
