//! One row from plan to commit.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp, ToSpan};
use orgtap_destination::{CommittedLoad, Destination};
use orgtap_salesforce::Client;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::deletions;
use crate::error::{Error, Result};
use crate::event::{EventSender, RunEvent};
use crate::extract::{self, Downloads, Extracted, Extraction, Parts, remove_jobs};
use crate::load::{Fate, RowLoad};
use crate::order::RunMark;
use crate::plan::{self, CLOCKS_APART, COMMIT_MARGIN, FetchWindow, LeftOut, Plan, Terms, less};
use crate::report::{Loaded, RowReport, RowTimes};
use crate::spec::{Fetch, RowSpec, RunSpec};

/// How far a claim may lie beyond all stamps and be believed on the org's word alone.
const FAR_BEYOND: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many times a row whose job is aborted or gone creates one.
const JOBS_TRIED: u32 = 3;

/// How many times a row is planned whose table others change before it is locked.
pub(crate) const PLANS_MADE: u32 = 3;

/// What every row of a run works with.
#[derive(Clone, Debug)]
pub(crate) struct RowContext {
    pub(crate) spec: Arc<RunSpec>,
    /// Shares the session with the other rows and counts this row's calls.
    pub(crate) client: Client,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) events: EventSender,
    pub(crate) stop: CancellationToken,
    /// Shared with the other rows.
    pub(crate) downloads: Arc<Downloads>,
    /// Shared with the other rows: the turns of jobs that are for a range of a query.
    pub(crate) range_jobs: Arc<Semaphore>,
    /// Shared with the other rows: by what the states of one run are known.
    pub(crate) mark: Arc<RunMark>,
}

/// Runs `row` to its end and reports how it went.
pub(crate) async fn run(context: &RowContext, row: &RowSpec) -> RowReport {
    let started = Instant::now();
    let mut told = Told::default();
    let outcome =
        if context.stop.is_cancelled() { Err(Error::Stopped) } else { load_to_now(context, row, &mut told).await };
    report(context, row, started, told, outcome)
}

/// Compares the table of `row` with the org and reports how it went.
pub(crate) async fn reconcile(context: &RowContext, row: &RowSpec) -> RowReport {
    let started = Instant::now();
    let mut told = Told::default();
    let outcome = match context.stop.is_cancelled() {
        true => Err(Error::Stopped),
        false => deletions::reconcile(context, row, &mut told).await,
    };
    report(context, row, started, told, outcome)
}

fn report(context: &RowContext, row: &RowSpec, started: Instant, told: Told, outcome: Result<Loaded>) -> RowReport {
    let report = RowReport {
        row: row.name.clone(),
        table: told.table,
        outcome,
        elapsed: started.elapsed(),
        calls: context.client.calls(),
        received: context.client.received_bytes(),
        times: told.times,
        notes: told.notes,
    };
    context.events.send(RunEvent::Finished { report: Box::new(report.clone()) });
    report
}

/// What is known of a row whether it ends well or not.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) table: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) times: RowTimes,
    /// Whether the row went on with what an earlier run began.
    pub(crate) is_taken_up: bool,
}

/// Loads `row`. Where that was to finish what an earlier run began, the row goes on to what has changed since then.
async fn load_to_now(context: &RowContext, row: &RowSpec, told: &mut Told) -> Result<Loaded> {
    let loaded = load_row(context, row, context.spec.full_refresh, told).await?;
    if !told.is_taken_up || row.fetch != Fetch::Incremental {
        return Ok(loaded);
    }
    told.is_taken_up = false;
    let changed = load_row(context, row, false, told).await?;
    Ok(loaded.followed_by(changed))
}

async fn load_row(context: &RowContext, row: &RowSpec, full_refresh: bool, told: &mut Told) -> Result<Loaded> {
    let Begun { plan, load, gone } = begin_row(context, row, full_refresh, told).await?;
    let loaded = load_plan(context, &plan, load, told).await;
    if loaded.is_err() {
        told.notes.extend(deletions::ended_already(row, gone));
    }
    let loaded = deletions::with_gone(loaded?.0, &plan, gone);
    let compared = deletions::compare_if_due(context, row, &plan, told).await?;
    Ok(match compared {
        Some(compared) => loaded.compared_by(&compared),
        None => loaded,
    })
}

/// A row whose table is locked.
struct Begun {
    plan: Plan,
    load: RowLoad,
    /// How many records have ended already.
    gone: u64,
}

/// Plans `row` and begins its load. What the plan was made on may have changed by then, for it was read before the table was locked: a run
/// that comes after another one goes on from where that ended.
async fn begin_row(context: &RowContext, row: &RowSpec, full_refresh: bool, told: &mut Told) -> Result<Begun> {
    let notes_before = told.notes.len();
    let mut gone = 0;
    for plans_made in 1.. {
        match begin_once(context, row, full_refresh, told, &mut gone).await {
            Ok((plan, load)) => return Ok(Begun { plan, load, gone }),
            Err(error) if error.is_of_changed_table() && plans_made < PLANS_MADE => {
                tracing::info!(row = row.name, "another run was faster, planning anew");
                told.notes.truncate(notes_before);
            }
            Err(error) => {
                told.notes.extend(deletions::ended_already(row, gone));
                return Err(error);
            }
        }
    }
    Err(Error::Internal { message: "it was planned too often".to_owned() })
}

async fn begin_once(
    context: &RowContext,
    row: &RowSpec,
    full_refresh: bool,
    told: &mut Told,
    gone: &mut u64,
) -> Result<(Plan, RowLoad)> {
    context.events.send(RunEvent::Planning { row: row.name.clone() });
    let started = Instant::now();
    let mut plan = make_plan(context, row, full_refresh).await?;
    told.times.planning += started.elapsed();
    if let Some(ended) = deletions::finish_comparison(context, row, &plan, told).await? {
        *gone += ended;
        plan = make_plan(context, row, full_refresh).await?;
    }
    context.events.send(RunEvent::Planned { row: row.name.clone(), plan: Box::new(plan.clone()) });
    told.table = Some(plan.table.name.clone());
    told.notes.extend(notes(&plan));

    let before = deletions::end_listed(context, row, &mut plan, told).await?;
    *gone += before.gone;
    let begun = match before.load {
        Some(load) => Ok(load),
        None => RowLoad::begin(context, &plan).await,
    };
    Ok((plan, begun?))
}

async fn make_plan(context: &RowContext, row: &RowSpec, full_refresh: bool) -> Result<Plan> {
    let terms = Terms { full_refresh, records_per_job: context.spec.records_per_job };
    tokio::select! {
        biased;
        () = context.stop.cancelled() => Err(Error::Stopped),
        plan = plan::make(row, terms, &context.client, &*context.destination) => plan,
    }
}

/// Loads what `plan` says by `load`, which is begun. Also returns how many keys the table lacks, where the load is of keys.
pub(crate) async fn load_plan(
    context: &RowContext,
    plan: &Plan,
    load: RowLoad,
    told: &mut Told,
) -> Result<(Loaded, Option<u64>)> {
    let mut begun = Some(load);
    for jobs_tried in 1.. {
        let load = match begun.take() {
            Some(load) => load,
            None => RowLoad::begin(context, plan).await?,
        };
        told.notes.extend(load.left_behind.clone());
        if load.is_taken_up() {
            told.is_taken_up = true;
            told.notes.push(taken_up(&load));
        }
        let error = match transfer(context, plan, &load, &mut told.times).await {
            Ok(extracted) => {
                told.notes.extend(extracted.notes.iter().cloned());
                context.events.send(RunEvent::Committing { row: plan.row.clone() });
                let started = Instant::now();
                let committed = commit(context, load, plan, extracted).await;
                told.times.commit += started.elapsed();
                return committed;
            }
            Err(error) => error,
        };
        let fate = Fate::after(&error);
        if load.end(context, &plan.row, fate).await {
            told.notes.push("the next run goes on from where this one ended".to_owned());
        }
        if fate != Fate::StartOver || jobs_tried == JOBS_TRIED {
            return Err(plan.show(error));
        }
        tracing::info!(row = plan.row, %error, "the query job is gone, starting over");
    }
    Err(Error::Internal { message: "it was begun too often".to_owned() })
}

/// Returns what the user should know of a load that an earlier run began.
fn taken_up(load: &RowLoad) -> String {
    let journal = load.journal.snapshot();
    let records: u64 = load.written.iter().map(|written| written.records).sum();
    let since = journal.first_created().map(|created| format!(" of {created}")).unwrap_or_default();
    format!("went on with the query{since}, of which an earlier run had loaded {records} records")
}

/// Reads what is missing of the records and writes it.
async fn transfer(context: &RowContext, plan: &Plan, load: &RowLoad, times: &mut RowTimes) -> Result<Extracted> {
    let started = Instant::now();
    let parts = Parts::new(&plan.row, &*load.load, load.written.clone(), &context.events);
    let extraction = Extraction {
        client: &context.client,
        plan,
        spec: &context.spec,
        downloads: &context.downloads,
        range_jobs: &context.range_jobs,
        parts: &parts,
        journal: &load.journal,
    };
    let extracted = extract::extract(extraction, &context.stop).await;
    times.job_wait += parts.job_wait();
    times.transfer += started.elapsed().saturating_sub(parts.job_wait());
    let extracted = extracted?;
    // All records are there, but nothing of them is visible yet.
    if context.stop.is_cancelled() { Err(Error::Stopped) } else { Ok(extracted) }
}

async fn commit(
    context: &RowContext,
    load: RowLoad,
    plan: &Plan,
    extracted: Extracted,
) -> Result<(Loaded, Option<u64>)> {
    let journal = load.journal.snapshot();
    let written = extracted.written.clone();
    let (records, bytes) =
        written.iter().fold((0, 0), |(records, bytes), part| (records + part.records, bytes + part.bytes));
    let mut state = journal.state_after.clone();
    state.watermark = state.watermark.and_then(|claim| watermark(claim, plan, &extracted));
    state.run = context.mark.get(plan.made);
    let committed = load.load.commit(written, &state.document()).await.map_err(Error::destination);
    // What is staged needs its jobs no more, and what is lost needs new ones.
    remove_jobs(&context.client, &journal).await;
    let CommittedLoad { superseded, gone, absent, table_records, changes, .. } = committed?;
    let write_mode = plan.table.write_mode;
    let loaded = Loaded { write_mode, records, bytes, superseded, removed: 0, flagged: 0, table_records, changes };
    Ok((deletions::with_gone(loaded, plan, gone), absent))
}

/// Holds the claim up to where the table is complete against other words on the org's clock, for a gateway may set the `Date` of an answer by
/// its own: when the org took the job and, where that is not told or the claim lies far beyond, the newest stamp that was read. A quiet object
/// loses nothing by the lower bound. `None` where nobody knows.
fn watermark(claim: Timestamp, plan: &Plan, extracted: &Extracted) -> Option<Timestamp> {
    let fingerprint = plan.state_after.fingerprint.as_ref();
    let is_appended = fingerprint.is_some_and(|fingerprint| fingerprint.appends == Some(true));
    let claim = match extracted.job_created {
        // It is of another clock than the org's, and says nothing of transactions that were open. What is appended cannot be read twice.
        Some(created) if !is_appended && claim.duration_since(created) > CLOCKS_APART => less(created, COMMIT_MARGIN),
        Some(created) => less(created, plan.watermark_margin).min(claim),
        None => claim,
    };
    if plan.cursor_column.is_none() {
        return Some(claim);
    }
    let saved = match &plan.fetch {
        FetchWindow::Since { watermark, .. } => Some(*watermark),
        FetchWindow::All { .. } => None,
    };
    // Stamps are whole seconds, and the second of the newest one is over where the claim lies beyond it.
    let newest = extracted.newest.map(|stamp| stamp.saturating_add(1.second()).unwrap_or(stamp));
    let newest = match extracted.job_created {
        Some(_) => newest,
        None => newest.map(|stamp| less(stamp, plan.stamp_margin)),
    };
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
    let warnings = plan.warnings.iter().flat_map(|warnings| warnings.as_slice()).map(|warning| warning.message.clone());
    left_out.filter(|_| is_whole).into_iter().chain(plan.notes.iter().cloned()).chain(warnings).collect()
}
