//! Whether a query is asked for in several jobs at the same time, each for a range of Ids, and why.
//!
//! Salesforce splits the queries of most objects by itself and works on the parts in parallel. Those of others it works on in one piece, whatever
//! their size, which takes long and may be too much. A job costs about six calls and some seconds, so it pays only where there is much to read.

use orgtap_salesforce::{Client, FieldType, SObject, is_chunked};

use super::PlannedApi;
use super::route::{self, Reading, Route};
use crate::spec::Api;

/// The most jobs for one query. More would wait for each other, and for those of everyone else in the org.
const MOST_JOBS: u64 = 8;

/// Kinds of objects whose Ids cannot be compared: big objects are filtered by their index alone, external ones live elsewhere, and metadata is
/// small.
const WITHOUT_RANGES: [&str; 3] = ["__b", "__x", "__mdt"];

/// Several jobs in the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// How many.
    pub jobs: u32,
    /// How many records they are expected to find together.
    pub records: u64,
    /// Why.
    pub reason: String,
    /// Whether only if Salesforce says of the one job that it does not split it: it is expected to.
    pub unless_chunked: bool,
}

/// Decides it for a query that is planned so. `records_per_job` is what makes a job of its own pay; with 0 none does.
pub(super) async fn decide(
    wanted: Api,
    reading: &Reading<'_>,
    route: &Route,
    object: &SObject,
    records_per_job: u32,
    client: &Client,
) -> Option<Ranges> {
    let query = reading.query;
    let is_bounded = query.limit.is_some() || query.offset.is_some();
    // An order is asked for by somebody who wants it.
    if route.api != PlannedApi::Bulk || records_per_job == 0 || is_bounded || !query.order_by.is_empty() {
        return None;
    }
    let has_ranges = object.field("Id").is_some_and(|id| id.field_type == FieldType::Id && id.filterable)
        && !WITHOUT_RANGES.iter().any(|kind| object.name.ends_with(kind));
    if !has_ranges {
        return None;
    }
    let is_chunked = is_chunked(&object.name);
    let records = match (route.records, wanted) {
        (None, Api::Bulk | Api::BulkFirst) if !is_chunked => route::records(reading, client).await,
        (records, _) => records,
    }?;
    let jobs = (records / u64::from(records_per_job)).min(MOST_JOBS);
    let reason = match is_chunked {
        true => format!(
            "Salesforce is expected to split queries of `{}` by itself; if it says that it does not",
            object.name
        ),
        false => format!("Salesforce is not known to split queries of `{}` by itself", object.name),
    };
    (jobs > 1).then_some(Ranges { jobs: jobs as u32, records, reason, unless_chunked: is_chunked })
}
