//! `action: run`: extracts into a table.

use std::path::Path;
use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_destination::keboola::{Keboola, KeboolaOptions};
use orgtap_engine::{EventSender, FetchWindow, LeftOut, Plan, RowReport, RunEvent, RunSpec};
use orgtap_salesforce::Client;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracing::{debug, info, warn};

use super::config::{Output, Row};
use super::failure::Failure;
use super::state::ComponentState;
use crate::app::Invocation;
use crate::output::format::{counted, megabytes, printable, seconds};
use crate::output::report;

/// Runs the row.
pub(super) async fn run(
    row: Row,
    output: Output,
    data_dir: &Path,
    client: &Client,
    on: &Invocation,
) -> Result<(), Failure> {
    let destination: Arc<dyn Destination> = Arc::new(Keboola::new(KeboolaOptions {
        data_dir: data_dir.to_owned(),
        bucket: output.bucket,
        manifest: output.manifest,
        columns: row.columns,
        state_file: Arc::new(ComponentState),
    }));
    let (sender, receiver) = unbounded_channel();
    let spec = RunSpec::new(vec![row.spec]);
    let (report, ()) = tokio::join!(
        orgtap_engine::run(spec, client, destination, EventSender::new(sender), on.stop.clone()),
        show(receiver)
    );
    match report.failures().next() {
        Some((_, error)) => Err(Failure::of_engine(error)),
        None => Ok(()),
    }
}

/// Logs what happens until the run has sent its last.
async fn show(mut events: UnboundedReceiver<RunEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            RunEvent::Planned { plan, .. } => planned(&plan),
            RunEvent::Job { job_id, state, .. } => info!("query job {job_id}: {state}"),
            RunEvent::Finished { report } => finished(&report),
            _ => {}
        }
    }
}

fn planned(plan: &Plan) {
    info!("reading `{}` through the {}: {}", plan.object, plan.api, printable(&plan.query.to_string()));
    match &plan.fetch {
        FetchWindow::All { reason } => info!("fetching all records: {reason}"),
        FetchWindow::Since { cursor_field, from, watermark, .. } => {
            info!("fetching what changed: `{cursor_field}` from {from} on; the last run covered all up to {watermark}");
        }
    }
    for LeftOut { field, reason } in &plan.left_out {
        debug!("`{field}` is left out: {reason}");
    }
}

fn finished(report: &RowReport) {
    for note in report::notes(report) {
        warn!("{}", printable(&note));
    }
    if let Ok(loaded) = &report.outcome {
        info!(
            "wrote {} ({} MB) to table `{}` in {} s with {}",
            counted(loaded.records, "record"),
            megabytes(loaded.bytes),
            report.table.as_deref().unwrap_or_default(),
            seconds(report.elapsed),
            counted(report.calls, "API call")
        );
    }
}
