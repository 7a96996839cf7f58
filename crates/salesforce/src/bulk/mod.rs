//! Bulk API 2.0 query jobs: `job` runs them, `results` finds the pages of what they found, `body` reads a page, `refused` knows what is never
//! given, `chunking` what is split by Salesforce itself, `twins` looks for jobs that nobody knows of.

mod body;
mod chunking;
mod job;
mod refused;
mod results;
mod twins;

pub use body::PageBody;
pub use chunking::is_chunked;
pub use job::{Job, JobId, JobOrigin, JobState, WaitOptions};
pub use refused::is_refused_by_bulk;
pub use results::{Locator, ResultPage, ResultPageList};

#[cfg(test)]
mod tests;
