//! Rows at once, with bounded concurrency; the failure of one never touches another.

use std::sync::Arc;
use std::time::Instant;

use orgtap_destination::Destination;
use orgtap_salesforce::Client;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::event::EventSender;
use crate::extract::Downloads;
use crate::order;
use crate::plan::{self, Plan, Terms};
use crate::report::{RowReport, RowTimes, RunReport};
use crate::row::{self, RowContext};
use crate::spec::RunSpec;

/// How many jobs for ranges of a query are under way at once, of all rows together. What the org allows is not documented for query jobs, and
/// everyone shares it.
const RANGE_JOBS: usize = 8;

/// Runs every row of `spec` and returns how each went. Rows that the last run did not get to begin first, else it is by their order in `spec`.
///
/// Rows commit one by one. When `stop` is cancelled, rows that have not committed end with [`Error::Stopped`] and nothing of them becomes
/// visible; the next run goes on from there where the destination can keep what was loaded, else their jobs are aborted.
pub async fn run(
    spec: RunSpec,
    client: &Client,
    destination: Arc<dyn Destination>,
    events: EventSender,
    stop: CancellationToken,
) -> RunReport {
    each_row(spec, client, destination, events, stop, Work::Load).await
}

/// Compares the table of every row of `spec` with the org, by Ids alone: records that are gone from the org leave the table or are flagged, as
/// the row says. Returns how each went, and notes how many records of the org the tables lack.
///
/// The tables have to be loaded, and rows that ignore deleted records fail: see [`RowSpec::can_reconcile`](crate::RowSpec::can_reconcile).
/// Stops as [`run`] does.
pub async fn reconcile(
    spec: RunSpec,
    client: &Client,
    destination: Arc<dyn Destination>,
    events: EventSender,
    stop: CancellationToken,
) -> RunReport {
    each_row(spec, client, destination, events, stop, Work::Compare).await
}

/// What is done with every row.
#[derive(Clone, Copy, Debug)]
enum Work {
    Load,
    Compare,
}

async fn each_row(
    spec: RunSpec,
    client: &Client,
    destination: Arc<dyn Destination>,
    events: EventSender,
    stop: CancellationToken,
    work: Work,
) -> RunReport {
    let started = Instant::now();
    let spec = Arc::new(spec);
    let permits = Arc::new(Semaphore::new(spec.concurrency.max(1)));
    let downloads = Arc::new(Downloads::new(spec.download_connections));
    let range_jobs = Arc::new(Semaphore::new(RANGE_JOBS));
    let (order, mark) = order::of(&spec, &*destination).await;
    let mark = Arc::new(mark);
    let mut tasks = JoinSet::new();
    for index in order {
        // Waited for here, so that the rows begin in their order. The semaphore is never closed; without a permit a row would merely start early.
        let permit = Arc::clone(&permits).acquire_owned().await.ok();
        let context = RowContext {
            spec: Arc::clone(&spec),
            client: client.metered(),
            destination: Arc::clone(&destination),
            events: events.clone(),
            stop: stop.clone(),
            downloads: Arc::clone(&downloads),
            range_jobs: Arc::clone(&range_jobs),
            mark: Arc::clone(&mark),
        };
        tasks.spawn(async move {
            let _permit = permit;
            let row = &context.spec.rows[index];
            let report = match work {
                Work::Load => row::run(&context, row).await,
                Work::Compare => row::reconcile(&context, row).await,
            };
            (index, report)
        });
    }
    let mut reports: Vec<Option<RowReport>> = spec.rows.iter().map(|_| None).collect();
    while let Some(joined) = tasks.join_next().await {
        if let Ok((index, report)) = joined {
            reports[index] = Some(report);
        }
    }
    let rows = reports.into_iter().zip(&spec.rows).map(|(report, row)| report.unwrap_or_else(|| panicked(&row.name)));
    RunReport { rows: rows.collect(), elapsed: started.elapsed() }
}

/// Plans every row of `spec` without moving a record: one result per row, in order.
pub async fn plan(spec: &RunSpec, client: &Client, destination: &dyn Destination) -> Vec<Result<Plan>> {
    let mut plans = Vec::with_capacity(spec.rows.len());
    for row in &spec.rows {
        let terms = Terms { full_refresh: spec.full_refresh, records_per_job: spec.records_per_job };
        plans.push(match plan::make(row, terms, client, destination).await {
            Ok(plan) => plan.hold_against(client).await,
            refused => refused,
        });
    }
    plans
}

/// The report of a row whose task broke down: a defect of orgtap, which must not take the other rows along.
fn panicked(row: &str) -> RowReport {
    RowReport {
        row: row.to_owned(),
        table: None,
        outcome: Err(Error::Internal { message: "its task ended unexpectedly".to_owned() }),
        elapsed: std::time::Duration::ZERO,
        calls: 0,
        received: 0,
        times: RowTimes::default(),
        notes: Vec::new(),
    }
}
