//! Records that are gone from the org, out of the table or flagged in it: before a load those that the org's log of deletions lists, after it
//! all whose Ids the org does not have any more.
//!
//! The log is asked before the query: a record that was deleted and restored comes back with the query, which sees it newer. What the log
//! lists is committed with the state as it was, so that a run that is cut off before its records are loaded asks again. That Ids are to be
//! compared is saved with the records, so that the next run does it if this one is cut off.

mod log;

use bytes::Bytes;
use orgtap_destination::{Batch, Gone, PartId, WriteMode, WrittenPart, csv};
use orgtap_salesforce::ErrorKind;

use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::load::{Fate, RowLoad};
use crate::plan::{self, Comparison, Ending, Plan, PlannedApi};
use crate::report::Loaded;
use crate::row::{PLANS_MADE, RowContext, Told, load_plan};
use crate::spec::{Deleted, Fetch, RowSpec};
use crate::state::State;
use log::{Answer, Log};

/// About how many bytes of Ids are written in one batch.
const BATCH_BYTES: usize = 1 << 20;

/// What is done before the records are loaded.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// The load of the records, where it had to be begun.
    pub(crate) load: Option<RowLoad>,
    /// How many records left the table or were flagged.
    pub(crate) gone: u64,
}

/// Asks the org's log of deletions, if the plan says so, and ends the records that it lists. What the answer means for the rest of the run is
/// written into the plan.
pub(crate) async fn end_listed(
    context: &RowContext,
    row: &RowSpec,
    plan: &mut Plan,
    told: &mut Told,
) -> Result<Before> {
    let (Some(from), Some(ending)) = (plan.deletions.log_from, plan.ending.clone()) else {
        return Ok(Before::default());
    };
    let Some(now) = ending.now else { return Ok(Before::default()) };
    let answer = tokio::select! {
        biased;
        () = context.stop.cancelled() => return Err(Error::Stopped),
        answer = log::ask(&context.client, &plan.object, from, now) => answer?,
    };
    match answer {
        Answer::Listed(log) => end_all(context, plan, &ending, log).await,
        Answer::Gap(reason) => {
            plan.reach_back();
            compare_because(plan, reason);
            Ok(Before::default())
        }
        Answer::NoLog(reason) => {
            let ids = plan::compare(row, &context.client, &*context.destination).await?.plan;
            let (compare, note) = plan::without_log(row, (&ids.query, ids.operation), &context.client, &reason).await;
            told.notes.extend(note);
            if let Some(reason) = compare {
                compare_because(plan, reason);
            } else if let Some(every) = row.reconcile_every {
                told.notes.push(format!("{reason}: all Ids are compared every {every} runs, and not in this one"));
            }
            Ok(Before::default())
        }
    }
}

fn compare_because(plan: &mut Plan, reason: String) {
    plan.deletions.compare = Some(reason);
    plan.state_after.is_reconcile_due = true;
}

/// Ends the records in `log`, unless an earlier run has left a load of the records: it had done so up to that load's state.
async fn end_all(context: &RowContext, plan: &mut Plan, ending: &Ending, log: Log) -> Result<Before> {
    if log.ids > 0 {
        plan.reach_back();
        let load = RowLoad::begin(context, plan).await?;
        if load.is_taken_up() {
            return Ok(Before { load: Some(load), gone: 0 });
        }
        // One load of a table at a time.
        load.end(context, &plan.row, Fate::Discard).await;
    }
    let saved = ending.saved.as_ref().and_then(|saved| saved.state.watermark);
    let State { watermark, deletions_until, .. } = &mut plan.state_after;
    *deletions_until = (*deletions_until).max(Some(log.covered));
    // A record that the log still lists although it was restored comes back with the records that changed since the watermark.
    *watermark = watermark.map(|watermark| watermark.min(log.covered)).max(saved);
    if log.ids == 0 {
        return Ok(Before::default());
    }
    let gone = end_keys(context, plan, ending, log).await?;
    tracing::info!(row = plan.row, records = gone, "ended records that the org's log lists as deleted");
    Ok(Before { load: None, gone })
}

/// Commits the end of the records in `log`, with the state as it is saved already, to the letter: the load of the records goes on from it.
async fn end_keys(context: &RowContext, plan: &Plan, ending: &Ending, log: Log) -> Result<u64> {
    let Some(saved) = &ending.saved else { return Ok(0) };
    let document = saved.document.clone();
    let table = plan::keys(&plan.row, plan.table.name.clone(), ending, WriteMode::Remove, document);
    // Nothing of it is to be taken up: the next run asks again.
    let keys = Plan { table, api: PlannedApi::Rest, rest_up_to: None, ..plan.clone() };
    let load = RowLoad::begin(context, &keys).await?;
    let written = match write(&load, log).await {
        Ok(written) if !context.stop.is_cancelled() => written,
        outcome => {
            load.end(context, &plan.row, Fate::Discard).await;
            return Err(outcome.err().unwrap_or(Error::Stopped));
        }
    };
    let committed = load.load.commit(vec![written], &saved.document).await;
    Ok(committed.map_err(Error::destination)?.gone)
}

async fn write(load: &RowLoad, log: Log) -> Result<WrittenPart> {
    let mut part = load.load.open_part(PartId(0)).await.map_err(Error::destination)?;
    let mut rest = Bytes::from(log.csv);
    while !rest.is_empty() {
        let (records, length) = first_records(&rest);
        part.write(Batch::new(rest.split_to(length), records)).await.map_err(Error::destination)?;
    }
    part.finish().await.map_err(Error::destination)
}

/// Returns how many of the first records of `csv` make a batch, and their length.
fn first_records(csv: &[u8]) -> (u64, usize) {
    let (mut records, mut length) = (0, 0);
    for record in csv::records(csv) {
        records += 1;
        length += record.len();
        if length >= BATCH_BYTES {
            break;
        }
    }
    (records, length)
}

/// Compares all Ids with the table that was just loaded as `plan` says, if that says so too.
pub(crate) async fn compare_if_due(
    context: &RowContext,
    row: &RowSpec,
    plan: &Plan,
    told: &mut Told,
) -> Result<Option<Loaded>> {
    let Some(reason) = &plan.deletions.compare else { return Ok(None) };
    if told.is_taken_up && row.fetch == Fetch::Incremental {
        // What has changed since is loaded next, and then it is time.
        return Ok(None);
    }
    let compared = compare(context, row, told).await;
    if compared.is_err() {
        told.notes.push("the records are loaded; the next run compares all Ids".to_owned());
    }
    let compared = compared?;
    told.notes.push(format!("compared all {} Ids with the table: {reason}", compared.records));
    Ok(Some(compared))
}

/// Finishes the comparison that an earlier run left, if it is due by `plan`: to begin the load of the records would discard it. Returns how many
/// records ended, if so; the plan is outdated then.
pub(crate) async fn finish_comparison(
    context: &RowContext,
    row: &RowSpec,
    plan: &Plan,
    told: &mut Told,
) -> Result<Option<u64>> {
    let saved = plan.ending.as_ref().and_then(|ending| ending.saved.as_ref());
    if plan.deletions.compare.is_none() || !saved.is_some_and(|saved| saved.state.is_reconcile_due) {
        return Ok(None);
    }
    // Mostly nothing is left, and a comparison costs calls to plan.
    let Some(left) = RowLoad::left_of(context, &plan.table.name).await? else { return Ok(None) };
    let ids = plan::compare(row, &context.client, &*context.destination).await?.plan;
    if !RowLoad::is_of(context, &left, &ids).await? {
        return Ok(None);
    }
    match compare(context, row, told).await {
        Ok(compared) => {
            let note = format!("compared all {} Ids with the table, as an earlier run had begun to", compared.records);
            told.notes.push(note);
            Ok(Some(compared.removed + compared.flagged))
        }
        // It may be of this job alone, and last. To load the records discards it.
        Err(Error::Salesforce(error))
            if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::UnexpectedAnswer) =>
        {
            told.notes.push(format!("the comparison of all Ids that an earlier run had begun begins anew: {error}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Compares all Ids with the table of `row`, alone.
pub(crate) async fn reconcile(context: &RowContext, row: &RowSpec, told: &mut Told) -> Result<Loaded> {
    context.events.send(RunEvent::Planning { row: row.name.clone() });
    compare(context, row, told).await
}

async fn compare(context: &RowContext, row: &RowSpec, told: &mut Told) -> Result<Loaded> {
    let (planned, load) = begin_comparison(context, row, told).await?;
    // That the comparison was taken up has no bearing on the load of the records.
    let mut of_ids = Told::default();
    let loaded = load_plan(context, &planned.plan, load, &mut of_ids).await;
    told.notes.append(&mut of_ids.notes);
    let (loaded, absent) = loaded?;
    if let Some(absent) = absent.filter(|absent| *absent > 0) {
        told.notes.extend(absent_note(context, &planned, absent).await);
    }
    Ok(loaded)
}

/// Plans a comparison and begins it; anew where another run commits in between.
async fn begin_comparison(context: &RowContext, row: &RowSpec, told: &mut Told) -> Result<(Comparison, RowLoad)> {
    for plans_made in 1.. {
        let planned = tokio::select! {
            biased;
            () = context.stop.cancelled() => return Err(Error::Stopped),
            planned = plan::compare(row, &context.client, &*context.destination) => planned?,
        };
        told.table = Some(planned.plan.table.name.clone());
        match RowLoad::begin(context, &planned.plan).await {
            Err(error) if error.is_of_changed_table() && plans_made < PLANS_MADE => {}
            begun => return begun.map(|load| (planned, load)),
        }
    }
    Err(Error::Internal { message: "it was planned too often".to_owned() })
}

/// Returns what the user should know of `absent` records that are in the org and not in the table. Some may have come since the last run.
async fn absent_note(context: &RowContext, Comparison { plan, changed }: &Comparison, absent: u64) -> Option<String> {
    let changed = changed.as_ref()?;
    let all = format!("the table lacks {absent} of the org's records");
    let refresh = format!("`orgtap run --full-refresh --row \"{}\"` loads everything again", plan.row);
    Some(match context.client.count(&changed.to_string(), plan.operation).await {
        Ok(changed) if absent <= changed => {
            format!("{all}; {changed} changed since the last run, and the next one loads them")
        }
        Ok(changed) => format!("{all}, and only {changed} changed since the last run; {refresh}"),
        Err(error) => {
            tracing::debug!(row = plan.row, %error, "could not count what changed");
            format!("{all}; if it still does after the next run, {refresh}")
        }
    })
}

/// Says of `count` records that are gone already what a failed `row` does not tell of its load.
pub(crate) fn ended_already(row: &RowSpec, count: u64) -> Option<String> {
    let done = if row.deleted == Deleted::Remove { "taken out" } else { "flagged" };
    (count > 0).then(|| format!("records that are gone from the org are {done} nevertheless: {count}"))
}

/// Returns `loaded` with what was done to records that are gone, `count` of them, as the table of `plan` ends them.
pub(crate) fn with_gone(loaded: Loaded, plan: &Plan, count: u64) -> Loaded {
    match plan.ending.as_ref().map(|ending| &ending.gone) {
        Some(Gone::Marked { .. }) => Loaded { flagged: loaded.flagged + count, ..loaded },
        _ => Loaded { removed: loaded.removed + count, ..loaded },
    }
}
