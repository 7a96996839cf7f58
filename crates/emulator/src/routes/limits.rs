//! Org limits and record counts.

use axum::{http::StatusCode, response::Response};
use serde::Serialize;
use serde_json::{Map, Value as Json, json as document};

use super::{Request, bulk_v1::job::DAILY_BATCHES};
use crate::{answer::json, fault::Action};

/// Limits that nothing here uses up: name and what the org has.
const UNTOUCHED: [(&str, u64); 35] = [
    ("ActiveScratchOrgs", 40),
    ("AnalyticsExternalDataSizeMB", 40_960),
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentEinsteinDataInsightsStoryCreation", 5),
    ("ConcurrentEinsteinDiscoveryStoryCreation", 2),
    ("ConcurrentSyncReportRuns", 20),
    ("DailyAnalyticsDataflowJobExecutions", 60),
    ("DailyAnalyticsUploadedFilesSizeMB", 51_200),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyAsyncApexTests", 500),
    ("DailyDeliveredPlatformEvents", 25_000),
    ("DailyDurableGenericStreamingApiEvents", 200_000),
    ("DailyDurableStreamingApiEvents", 200_000),
    ("DailyGenericStreamingApiEvents", 200_000),
    ("DailyScratchOrgs", 80),
    ("DailyStandardVolumePlatformEvents", 25_000),
    ("DailyStreamingApiEvents", 200_000),
    ("DailyWorkflowEmails", 2_000),
    ("DataStorageMB", 10_240),
    ("DurableStreamingApiConcurrentClients", 20),
    ("FileStorageMB", 10_240),
    ("HourlyAsyncReportRuns", 1_200),
    ("HourlyDashboardRefreshes", 200),
    ("HourlyDashboardResults", 5_000),
    ("HourlyDashboardStatuses", 999_999_999),
    ("HourlyLongTermIdMapping", 100_000),
    ("HourlyODataCallout", 20_000),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("HourlyPublishedStandardVolumePlatformEvents", 100_000),
    ("HourlyShortTermIdMapping", 100_000),
    ("HourlySyncReportRuns", 500),
    ("HourlyTimeBasedWorkflow", 1_000),
    ("MassEmail", 5_000),
    ("SingleEmail", 5_000),
    ("StreamingApiConcurrentClients", 1_000),
];

#[derive(Serialize)]
struct Counts {
    #[serde(rename = "sObjects")]
    objects: Vec<Count>,
}

#[derive(Serialize)]
struct Count {
    count: u64,
    name: String,
}

/// Answers `limits`.
pub(super) fn limits(request: &Request) -> Response {
    let server = &request.server;
    let mut limits: Map<String, Json> =
        UNTOUCHED.iter().map(|(name, max)| ((*name).to_owned(), limit(*max, 0))).collect();
    let mut used = |name: &str, max, used| drop(limits.insert(name.to_owned(), limit(max, used)));
    used("DailyApiRequests", server.options.daily_api_requests, server.counter.api_requests());
    used("DailyBulkApiBatches", DAILY_BATCHES, server.batch_jobs.batches_today(server.org.now()));
    used("DailyBulkV2QueryJobs", server.options.daily_query_jobs, server.jobs.created_today(server.org.now()));
    let stored = server.jobs.stored_today(server.org.now()) / 1024 / 1024;
    used("DailyBulkV2QueryFileStorageMB", server.options.daily_result_kilobytes / 1024, stored);
    // Permission sets nest one limit in another, which readers of this document have to bear.
    let nested = document!({"Max": 1_500, "Remaining": 1_499, "CreateCustom": {"Max": 1_000, "Remaining": 999}});
    limits.insert("PermissionSets".to_owned(), nested);
    json(StatusCode::OK, &limits)
}

fn limit(max: u64, used: u64) -> Json {
    document!({"Max": max, "Remaining": max.saturating_sub(used)})
}

/// Answers `limits/recordCount`. Objects that do not exist are left out. Salesforce counts now and then, so a fault may have an older count told.
pub(super) fn record_count(request: &Request) -> Response {
    let org = request.org();
    let names: Vec<String> = match request.parameter("sObjects") {
        Some(list) => list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
        None => org.objects().iter().map(|object| object.name.clone()).collect(),
    };
    let count = |name: &String| {
        let object = org.object(name)?;
        let count = match &request.fault {
            Some(Action::ReportRecords { records }) => *records,
            _ => org.record_count(&object.name)?,
        };
        Some(Count { count, name: object.name.clone() })
    };
    json(StatusCode::OK, &Counts { objects: names.iter().filter_map(count).collect() })
}
