//! One row from plan to commit.

use std::sync::Arc;
use std::time::Instant;

use orgtap_destination::{CommittedLoad, Destination, TableLoad, WrittenPart};
use orgtap_salesforce::Client;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::event::{EventSender, RunEvent};
use crate::extract::{self, Extracted};
use crate::load;
use crate::plan::{self, FetchWindow, LeftOut, Plan};
use crate::report::{Loaded, RowReport};
use crate::spec::{RowSpec, RunSpec};

/// What every row of a run works with.
#[derive(Clone, Debug)]
pub(crate) struct RowContext {
    pub(crate) spec: Arc<RunSpec>,
    /// Shares the session with the other rows and counts this row's calls.
    pub(crate) client: Client,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) events: EventSender,
    pub(crate) stop: CancellationToken,
}

/// Runs `row` to its end and reports how it went.
pub(crate) async fn run(context: &RowContext, row: &RowSpec) -> RowReport {
    let started = Instant::now();
    let mut told = Told::default();
    let outcome =
        if context.stop.is_cancelled() { Err(Error::Stopped) } else { load_row(context, row, &mut told).await };
    let report = RowReport {
        row: row.name.clone(),
        table: told.table,
        outcome,
        elapsed: started.elapsed(),
        calls: context.client.calls(),
        notes: told.notes,
    };
    context.events.send(RunEvent::Finished { report: Box::new(report.clone()) });
    report
}

/// What is known of a row whether it ends well or not.
#[derive(Debug, Default)]
struct Told {
    table: Option<String>,
    notes: Vec<String>,
}

async fn load_row(context: &RowContext, row: &RowSpec, told: &mut Told) -> Result<Loaded> {
    context.events.send(RunEvent::Planning { row: row.name.clone() });
    let plan = tokio::select! {
        biased;
        () = context.stop.cancelled() => return Err(Error::Stopped),
        plan = plan::make(row, context.spec.full_refresh, &context.client, &*context.destination) => plan?,
    };
    context.events.send(RunEvent::Planned { row: row.name.clone(), plan: Box::new(plan.clone()) });
    told.table = Some(plan.table.name.clone());
    told.notes = notes(&plan);

    let load = context.destination.begin(&plan.table).await.map_err(Error::destination)?;
    match transfer(context, &plan, &*load).await {
        Ok((extracted, written)) => {
            told.notes.extend(extracted.notes.iter().cloned());
            context.events.send(RunEvent::Committing { row: row.name.clone() });
            commit(load, &plan, &extracted, written).await
        }
        Err(error) => {
            if let Err(abort) = load.abort().await {
                tracing::warn!(row = row.name, error = %abort, "could not clean up after the failed load");
            }
            Err(error)
        }
    }
}

/// Extracts and writes at the same time, joined by a bounded channel.
async fn transfer(context: &RowContext, plan: &Plan, load: &dyn TableLoad) -> Result<(Extracted, Vec<WrittenPart>)> {
    let (sender, receiver) = extract::channel(&plan.row, &context.events);
    let extracting =
        async move { extract::extract(&context.client, plan, &context.spec, &sender, &context.stop).await };
    let (extracted, written) = tokio::join!(extracting, load::write_all(load, receiver));
    // Where the load failed, the extraction only noticed that nobody listens any more.
    let (written, extracted) = (written?, extracted?);
    // All records are there, but nothing of them is visible yet.
    if context.stop.is_cancelled() { Err(Error::Stopped) } else { Ok((extracted, written)) }
}

async fn commit(
    load: Box<dyn TableLoad>,
    plan: &Plan,
    extracted: &Extracted,
    written: Vec<WrittenPart>,
) -> Result<Loaded> {
    let (records, bytes) =
        written.iter().fold((0, 0), |(records, bytes), part| (records + part.records, bytes + part.bytes));
    let mut state = plan.state_after.clone();
    // No claim reaches beyond the moment at which the org, by its own clock, took the job.
    if let (Some(watermark), Some(created)) = (state.watermark.as_mut(), extracted.job_created) {
        *watermark = created.min(*watermark);
    }
    let committed = load.commit(written, &state.document()).await.map_err(Error::destination)?;
    let CommittedLoad { superseded, table_records, changes, .. } = committed;
    Ok(Loaded { write_mode: plan.table.write_mode, records, bytes, superseded, table_records, changes })
}

/// Returns what the user should know of a plan. What is the same in every run is said where everything is fetched, and not each time after.
fn notes(plan: &Plan) -> Vec<String> {
    let left_out = (!plan.left_out.is_empty()).then(|| {
        let names: Vec<&str> = plan.left_out.iter().map(|LeftOut { field, .. }| field.as_str()).collect();
        format!("left out, since no query carries them: {}", names.join(", "))
    });
    let is_whole = matches!(plan.fetch, FetchWindow::All { .. });
    left_out.filter(|_| is_whole).into_iter().chain(plan.notes.iter().cloned()).collect()
}
