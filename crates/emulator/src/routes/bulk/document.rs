//! How a query job looks on the wire.

use serde::Serialize;

use super::chunking;
use crate::{
    answer::rest_time,
    batch::BatchJob,
    job::{Job, JobState},
    routes::Request,
};

pub(super) const JOB_TYPE: &str = "V2Query";
const CONCURRENCY: &str = "Parallel";
/// The type of the jobs of Bulk API v1.
pub(super) const CLASSIC: &str = "Classic";

/// A job document. Creating, listing and aborting give the brief form.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobDocument {
    id: String,
    operation: &'static str,
    object: String,
    created_by_id: String,
    created_date: String,
    system_modstamp: String,
    state: String,
    pub(super) concurrency_mode: &'static str,
    content_type: &'static str,
    api_version: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<&'static str>,
    line_ending: &'static str,
    column_delimiter: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_records_processed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_processing_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_pk_chunking_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(skip)]
    pub(super) is_chunked: bool,
}

impl JobDocument {
    /// Makes the document name another state than the true one.
    pub(super) fn report_state(&mut self, state: &str) {
        self.state = state.to_owned();
    }

    /// Makes the document tell another number of records than the true one.
    pub(super) fn report_records(&mut self, records: u64) {
        self.number_records_processed = Some(records);
    }
}

/// The list of jobs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    done: bool,
    records: Vec<JobDocument>,
    next_records_url: Option<String>,
}

impl List {
    pub(super) fn new(records: impl Iterator<Item = JobDocument>, next_records_url: Option<String>) -> Self {
        Self { done: next_records_url.is_none(), records: records.collect(), next_records_url }
    }
}

/// The document of a job without the state of its processing.
pub(super) fn brief(job: &Job, request: &Request) -> JobDocument {
    JobDocument {
        id: job.id.to_string(),
        operation: job.request.operation,
        object: job.request.selection.object().name.clone(),
        created_by_id: request.server.org.identity().user_id.to_string(),
        created_date: rest_time(job.created),
        system_modstamp: rest_time(job.changed),
        state: job.state.name().to_owned(),
        concurrency_mode: CONCURRENCY,
        content_type: "CSV",
        api_version: job.request.version.number(),
        job_type: None,
        line_ending: job.request.dialect.line_ending.name,
        column_delimiter: job.request.dialect.delimiter.name,
        number_records_processed: None,
        retries: None,
        total_processing_time: None,
        is_pk_chunking_supported: None,
        error_message: None,
        is_chunked: false,
    }
}

/// The document of a job of Bulk API v1 in the list of all jobs.
pub(super) fn classic(job: &BatchJob, request: &Request) -> JobDocument {
    JobDocument {
        id: job.id.to_string(),
        operation: job.request.operation,
        object: job.request.object.clone(),
        created_by_id: request.server.org.identity().user_id.to_string(),
        created_date: rest_time(job.created),
        system_modstamp: rest_time(job.changed),
        state: job.state.name().to_owned(),
        concurrency_mode: job.request.concurrency,
        content_type: job.request.content.name(),
        api_version: job.request.version.number(),
        job_type: Some(CLASSIC),
        line_ending: job.request.line_ending.name,
        column_delimiter: "COMMA",
        number_records_processed: None,
        retries: None,
        total_processing_time: None,
        is_pk_chunking_supported: None,
        error_message: None,
        is_chunked: job.request.chunking.is_some(),
    }
}

/// The whole document of a job. Counts the records of a job that is complete.
pub(super) fn full(job: &Job, request: &Request) -> JobDocument {
    let selection = &job.request.selection;
    let records = match job.state {
        JobState::UploadComplete => None,
        JobState::JobComplete => Some(selection.total()),
        JobState::InProgress | JobState::Failed | JobState::Aborted => Some(0),
    };
    // A made-up pace: what matters to clients is that the number is there.
    let milliseconds = records.map_or(0, |records| 100 + records / 100);
    JobDocument {
        job_type: Some(JOB_TYPE),
        number_records_processed: records,
        retries: Some(0),
        total_processing_time: Some(milliseconds),
        is_pk_chunking_supported: Some(chunking::is_supported(selection)),
        error_message: job.error_message.clone(),
        ..brief(job, request)
    }
}
