//! A client of the Salesforce APIs that an extraction needs: sign-in, describes, REST queries, Bulk API 2.0 query jobs, limits, changes.
//!
//! It takes SOQL as text and gives bytes and records back. It does not parse SOQL, does not know what a table is, reads no environment
//! variable of its own and never writes to an org.

mod allowance;
mod auth;
mod bulk;
mod changes;
mod client;
mod clock;
mod connection;
mod describe;
mod domain;
mod error;
mod explain;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(test)]
mod hostile;
mod http;
mod json;
mod limits;
mod query;
mod refusal;
pub mod retry;
#[cfg(test)]
mod scripted;
mod secrets;
mod untrusted;
mod version;
mod wire;

pub use allowance::{Resource, Shares, Spending};
pub use bulk::{
    Job, JobId, JobOrigin, JobState, Locator, PageBody, ResultPage, ResultPageList, WaitOptions, is_chunked,
    is_refused_by_bulk,
};
pub use changes::{Deleted, DeletedRecord, Updated};
pub use client::{Client, SignedIn};
pub use clock::{Clock, ManualClock, SystemClock};
pub use connection::{Connection, HttpOptions, Login, Proxies, ProxyServer};
pub use describe::{ChildRelationship, Field, FieldType, SObject, SObjectSummary};
pub use error::{Error, ErrorKind, QueryPlace, Result};
pub use explain::{QueryPlan, QueryPlanNote};
pub use json::{Json, Record};
pub use limits::{ApiUsage, Limit, Limits};
pub use query::{QueryOperation, QueryPage};
pub use version::ApiVersion;
