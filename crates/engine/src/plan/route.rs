//! Which API carries a row's records, and why.
//!
//! The Bulk API carries any number of records, but a job has to be created, waited for, read and deleted: few records are there sooner, and in
//! fewer calls, through REST.

use orgtap_salesforce::{Client, QueryOperation, is_refused_by_bulk};
use orgtap_soql::{Call, Diagnostic, Name, Query, SelectItem, Span};

use super::PlannedApi;
use crate::spec::Api;

/// The most records that are read through REST because they are few: one page of a REST query, so that it costs one call where a job costs four
/// at least.
const FEW_RECORDS: u64 = 2_000;

/// The most records that REST goes on with where the org had counted few: as many pages, one after another, take about as long as a job, and
/// not more calls.
const MOST_BY_REST: u64 = 5 * FEW_RECORDS;

/// What is to be read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) object: &'a str,
    pub(super) query: &'a Query,
    pub(super) operation: QueryOperation,
    /// Why the Bulk API cannot carry it.
    pub(super) obstacles: &'a [Diagnostic],
}

/// Which way the records take.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) api: PlannedApi,
    pub(super) reason: String,
    /// How many records there are, where that was asked.
    pub(super) records: Option<u64>,
    /// How many records REST may find before a job is the better way after all; `None` where nothing but REST may carry them, or a job does.
    pub(super) rest_up_to: Option<u64>,
}

/// Decides which API carries the records. Asks the org how many there are, with one call at the most, where that decides.
pub(super) async fn choose(wanted: Api, reading: &Reading<'_>, client: &Client) -> Route {
    let route = |api, reason: &str| Route { api, reason: reason.to_owned(), records: None, rest_up_to: None };
    match (wanted, reading.obstacles.first()) {
        (Api::Rest, _) => route(PlannedApi::Rest, "the row asks for it"),
        (Api::Bulk, _) => route(PlannedApi::Bulk, "the row asks for it"),
        (Api::Auto | Api::BulkFirst, Some(obstacle)) => route(PlannedApi::Rest, &obstacle.message),
        (Api::BulkFirst, None) => route(PlannedApi::Bulk, "it goes first"),
        (Api::Auto, None) => match count(reading, client).await {
            Some(Count { records, reason }) if records <= FEW_RECORDS => {
                let reason = format!("{reason}, a job's wait would cost more");
                Route { api: PlannedApi::Rest, reason, records: Some(records), rest_up_to: Some(MOST_BY_REST) }
            }
            count => Route {
                records: count.map(|count| count.records),
                ..route(PlannedApi::Bulk, "it carries any number of records")
            },
        },
    }
}

/// How many records there are, and the words for it.
#[derive(Debug)]
struct Count {
    records: u64,
    reason: String,
}

/// Returns how many records there are. `None` where they cannot be few, or the org does not say it soon.
async fn count(reading: &Reading<'_>, client: &Client) -> Option<Count> {
    let Reading { query, operation, object, .. } = reading;
    if !client.fits_in_address(&query.to_string(), *operation) {
        return None;
    }
    let limit = query.limit.map(|limit| limit.value);
    if let Some(records) = limit.filter(|limit| *limit <= FEW_RECORDS) {
        return Some(Count { records, reason: format!("at most {}", counted(records)) });
    }
    let count = if is_whole(query) && *operation == QueryOperation::Query {
        client.record_counts().await.map(|counts| counts.get(*object).copied())
    } else {
        client.count(&count_query(query).to_string(), *operation).await.map(Some)
    };
    match count {
        Ok(count) => count.map(|records| Count { records, reason: counted(records) }),
        Err(error) => {
            tracing::debug!(object, error = %error, "could not count the records, taking them for many");
            None
        }
    }
}

/// Returns how many records there are, where the org says it soon.
pub(super) async fn records(reading: &Reading<'_>, client: &Client) -> Option<u64> {
    count(reading, client).await.map(|count| count.records)
}

fn counted(records: u64) -> String {
    if records == 1 { "1 record".to_owned() } else { format!("{records} records") }
}

/// Returns whether nothing narrows the query.
pub(super) fn is_whole(query: &Query) -> bool {
    query.filter.is_none() && query.scope.is_none() && query.with.is_empty() && query.limit.is_none()
}

/// Returns the query that counts the records of `query`.
pub(crate) fn count_query(query: &Query) -> Query {
    let function = Name { text: "COUNT".to_owned(), span: Span::default() };
    let call = Call { function, arguments: Vec::new(), span: Span::default() };
    let mut counting = query.clone();
    counting.select = vec![SelectItem::Call { call, alias: None }];
    counting.drop_order_by();
    counting.limit = None;
    counting.offset = None;
    counting
}

/// Returns why the Bulk API cannot carry `object`, whose name stands at `span`, where that is known.
pub(super) fn not_in_bulk(object: &str, span: Span) -> Option<Diagnostic> {
    is_refused_by_bulk(object).then(|| Diagnostic::error(format!("the Bulk API does not carry `{object}`"), span))
}
