//! One row from plan to commit.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp, ToSpan};
use orgtap_destination::{CommittedLoad, Destination, TableLoad, WrittenPart};
use orgtap_salesforce::Client;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::event::{EventSender, RunEvent};
use crate::extract::{self, Extracted};
use crate::load;
use crate::plan::{self, FetchWindow, LeftOut, Plan, less};
use crate::report::{Loaded, RowReport};
use crate::spec::{RowSpec, RunSpec};

/// How far a claim may lie beyond all stamps and be believed on the org's word alone.
const FAR_BEYOND: SignedDuration = SignedDuration::from_hours(90 * 24);

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
    state.watermark = state.watermark.and_then(|claim| watermark(claim, plan, extracted));
    let committed = load.commit(written, &state.document()).await.map_err(Error::destination)?;
    let CommittedLoad { superseded, table_records, changes, .. } = committed;
    Ok(Loaded { write_mode: plan.table.write_mode, records, bytes, superseded, table_records, changes })
}

/// Holds the claim up to where the table is complete against other words on the org's clock, for a gateway may set the `Date` of an answer by
/// its own: when the org took the job and, where that is not told or the claim lies far beyond, the newest stamp that was read. A quiet object
/// loses nothing by the lower bound. `None` where nobody knows.
fn watermark(claim: Timestamp, plan: &Plan, extracted: &Extracted) -> Option<Timestamp> {
    let claim = extracted.job_created.map_or(claim, |created| less(created, plan.watermark_margin).min(claim));
    if plan.cursor_column.is_none() {
        return Some(claim);
    }
    let saved = match &plan.fetch {
        FetchWindow::Since { watermark, .. } => Some(*watermark),
        FetchWindow::All { .. } => None,
    };
    // Stamps are whole seconds, and the second of the newest one is over where the claim lies beyond it.
    let newest = extracted.newest.map(|stamp| stamp.saturating_add(1.second()).unwrap_or(stamp));
    let reached = newest.max(saved);
    let is_near = reached.is_some_and(|reached| claim.duration_since(reached) < FAR_BEYOND);
    if extracted.job_created.is_some() && is_near { Some(claim) } else { reached.map(|reached| reached.min(claim)) }
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
