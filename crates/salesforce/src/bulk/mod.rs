//! Bulk API 2.0 query jobs: `job` runs them, `results` finds the pages of what they found, `body` reads a page.

mod body;
mod job;
mod results;

pub use body::PageBody;
pub use job::{Job, JobId, JobState, WaitOptions};
pub use results::{Locator, ResultPage, ResultPageList};

#[cfg(test)]
mod tests;
