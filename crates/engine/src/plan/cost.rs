//! What a row is expected to cost the org: for people to see before it is spent, and never to decide by.

use orgtap_destination::{Column, ColumnType};

use super::{PlannedApi, Ranges};

/// The most records in a page of a REST query.
const REST_PAGE: u64 = 2_000;
/// Records in a page of a job's results, as large as Salesforce usually makes them.
const BULK_PAGE: u64 = 50_000;
/// Pages in a list of a job's pages.
const LISTED_PAGES: u64 = 5;
/// Creating a job, looking at it until a small one is done, and deleting it.
const JOB_CALLS: u64 = 6;
/// Asking for the ends of a range of Ids.
const RANGE_CALLS: u64 = 2;
/// The describe, and how far the changes are complete.
const PLAN_CALLS: u64 = 2;

/// What a row is expected to use of what the org allows a day. Rough: it knows neither how long a job takes nor what the texts hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Records, where the plan had to count them.
    pub records: Option<u64>,
    /// API requests; without [`Cost::records`] the fewest.
    pub api_requests: u64,
    /// Query jobs.
    pub query_jobs: u64,
    /// Bytes of results, before compression.
    pub result_bytes: Option<u64>,
}

impl Cost {
    /// Estimates the cost of reading `records` with these columns.
    pub(super) fn of(api: PlannedApi, records: Option<u64>, columns: &[Column]) -> Self {
        let many = records.unwrap_or(1).max(1);
        let (calls, query_jobs) = match api {
            PlannedApi::Rest => (many.div_ceil(REST_PAGE), 0),
            PlannedApi::Bulk => {
                let pages = many.div_ceil(BULK_PAGE);
                (JOB_CALLS + pages.div_ceil(LISTED_PAGES) + pages, 1)
            }
        };
        let record: u64 = columns.iter().map(|column| usual_bytes(column.column_type)).sum();
        let result_bytes = records.map(|records| records.saturating_mul(record));
        Self { records, api_requests: PLAN_CALLS + calls, query_jobs, result_bytes }
    }

    /// Adds what it costs to ask several jobs in the place of one, and counts their records, if there are such jobs.
    pub(super) fn in_ranges(self, ranges: Option<&Ranges>) -> Self {
        let Some(ranges) = ranges else { return self };
        // Whether Salesforce splits the query is known once its job is there.
        let jobs = if ranges.unless_chunked { 1 } else { u64::from(ranges.jobs) };
        let more_calls = match ranges.unless_chunked {
            true => 1,
            false => (jobs - 1) * JOB_CALLS + jobs * RANGE_CALLS,
        };
        Self {
            records: self.records.or(Some(ranges.records)),
            api_requests: self.api_requests + more_calls,
            query_jobs: jobs,
            ..self
        }
    }
}

/// Returns how many bytes a value takes in CSV, quotes and comma included. Texts are taken for Ids: half of them are, and many are empty.
fn usual_bytes(column_type: ColumnType) -> u64 {
    match column_type {
        ColumnType::Boolean => 8,
        ColumnType::Integer => 6,
        ColumnType::Float => 9,
        ColumnType::Date => 13,
        ColumnType::DateTime => 27,
        ColumnType::Time => 16,
        _ => 21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_records_cost_a_job_and_a_call_a_page() {
        let cost = Cost::of(PlannedApi::Bulk, Some(1_000_000), &[]);

        // Twenty pages on four lists.
        assert_eq!((cost.query_jobs, cost.api_requests), (1, 2 + 6 + 4 + 20));
    }

    #[test]
    fn ranges_cost_a_job_and_its_ends_each() {
        let ranges = |unless_chunked| Ranges { jobs: 4, records: 1_000_000, reason: String::new(), unless_chunked };
        let one = Cost::of(PlannedApi::Bulk, Some(1_000_000), &[]);

        let four = one.in_ranges(Some(&ranges(false)));
        let perhaps = one.in_ranges(Some(&ranges(true)));

        assert_eq!((four.query_jobs, four.api_requests), (4, one.api_requests + 3 * 6 + 4 * 2));
        assert_eq!((perhaps.query_jobs, perhaps.api_requests), (1, one.api_requests + 1));
    }

    #[test]
    fn few_records_cost_a_call() {
        assert_eq!(Cost::of(PlannedApi::Rest, Some(0), &[]).api_requests, 3);
        assert_eq!(Cost::of(PlannedApi::Rest, Some(2_001), &[]).api_requests, 4);
    }

    #[test]
    fn what_was_not_counted_costs_at_least_a_page() {
        let cost = Cost::of(PlannedApi::Bulk, None, &[]);

        assert_eq!((cost.api_requests, cost.result_bytes), (10, None));
    }
}
