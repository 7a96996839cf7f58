//! The end of a run, for people: a table with a line per row, then what else is to be known, then what failed and what to do about it. What
//! goes to standard error goes there whether or not anybody reads standard output.

use std::io;
use std::time::Duration;

use orgtap_engine::{RowReport, RowTimes, RunReport};
use orgtap_salesforce::{ApiUsage, Spending};

use super::Console;
use super::format::{count, counted, megabytes, printable, seconds};
use super::table::Table;

/// Prints the table and the totals to standard output, and what else is to be known, but for what failed, to standard error.
pub(crate) fn print(
    console: &Console,
    report: &RunReport,
    usage: Option<ApiUsage>,
    spending: &[Spending],
) -> io::Result<()> {
    let spent = || spending.iter().filter_map(held_to).try_for_each(|line| console.line(&line));
    let printed = table(console, report, usage).and_then(|()| spent());
    for row in &report.rows {
        notes(row).iter().for_each(|note| console.note(&format!("row `{}`: {note}", row.row)));
    }
    printed
}

/// Prints the table and the totals to standard output.
pub(crate) fn table(console: &Console, report: &RunReport, usage: Option<ApiUsage>) -> io::Result<()> {
    console.line(&rows(report).render(console.out))?;
    console.line(&totals(report, usage))?;
    pace(report).map_or(Ok(()), |pace| console.line(&pace))
}

/// Tells what failed on standard error.
pub(crate) fn failures(console: &Console, report: &RunReport) {
    for (row, error) in report.failures() {
        console.error(&format!("row `{}`: ", printable(&row.row)), error, error.hint().as_deref());
    }
}

fn rows(report: &RunReport) -> Table {
    let mut table =
        Table::new(["row", "table", "mode", "records#", "MB#", "seconds#", "waited#", "API calls#", "result"]);
    for row in &report.rows {
        let loaded = row.outcome.as_ref().ok();
        table.push([
            row.row.clone(),
            row.table.clone().unwrap_or_else(|| "–".to_owned()),
            loaded.map_or("–".to_owned(), |loaded| loaded.write_mode.to_string()),
            loaded.map_or("–".to_owned(), |loaded| count(loaded.records)),
            loaded.map_or("–".to_owned(), |loaded| megabytes(loaded.bytes)),
            seconds(row.elapsed),
            seconds(row.times.waiting()),
            count(row.calls),
            result(row),
        ]);
    }
    table
}

fn result(row: &RowReport) -> String {
    match &row.outcome {
        Ok(loaded) => match loaded.table_records {
            Some(records) => format!("ok, {} in the table", count(records)),
            None => "ok".to_owned(),
        },
        Err(_) => "failed".to_owned(),
    }
}

/// All rows together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) received: u64,
    pub(crate) calls: u64,
    pub(crate) times: RowTimes,
}

impl Totals {
    /// Adds up the rows of `report`. Records and their bytes are those of rows that came to their end.
    pub(crate) fn of(report: &RunReport) -> Self {
        let mut totals = Self::default();
        for row in &report.rows {
            if let Ok(loaded) = &row.outcome {
                totals.records += loaded.records;
                totals.bytes += loaded.bytes;
            }
            totals.received += row.received;
            totals.calls += row.calls;
            totals.times += row.times;
        }
        totals
    }
}

fn totals(report: &RunReport, usage: Option<ApiUsage>) -> String {
    let Totals { records, bytes, received, calls, .. } = Totals::of(report);
    let usage =
        usage.map(|usage| format!("; the org has used {} of {} today", count(usage.used), count(usage.allowed)));
    format!(
        "{}, {} MB ({} MB on the wire) in {} s with {}{}",
        counted(records, "record"),
        megabytes(bytes),
        megabytes(received),
        seconds(report.elapsed),
        counted(calls, "API call"),
        usage.unwrap_or_default()
    )
}

/// Tells how fast it went, and where the time of the rows went.
fn pace(report: &RunReport) -> Option<String> {
    let Totals { records, bytes, times, .. } = Totals::of(report);
    let elapsed = report.elapsed.as_secs_f64();
    let all = (times.waiting() + times.transfer + times.commit).as_secs_f64();
    if elapsed <= 0.0 || all <= 0.0 {
        return None;
    }
    let share = |time: Duration| format!("{:.0} %", time.as_secs_f64() * 100.0 / all);
    Some(format!(
        "{} and {} MB per second; of the rows' time, {} went by waiting for Salesforce ({} for jobs), {} reading and writing, {} committing",
        counted((records as f64 / elapsed) as u64, "record"),
        megabytes((bytes as f64 / elapsed) as u64),
        share(times.waiting()),
        share(times.job_wait),
        share(times.transfer),
        share(times.commit)
    ))
}

/// Returns how much of a share was used, where the run was held to one.
fn held_to(spending: &Spending) -> Option<String> {
    let (may_use, daily) = (spending.may_use?, spending.daily?);
    let (used, resource) = (count(spending.used), spending.resource);
    Some(format!(
        "{used} {resource} used of the {} that a run may use; the org has {} a day",
        count(may_use),
        count(daily)
    ))
}

/// Returns what the user should know of a row, besides the figures.
pub(crate) fn notes(row: &RowReport) -> Vec<String> {
    let mut notes = row.notes.clone();
    if let Ok(loaded) = &row.outcome {
        notes.extend(loaded.changes.iter().map(ToString::to_string));
        if loaded.removed > 0 {
            notes.push(format!("{} taken out of the table, deleted in the org", counted(loaded.removed, "record")));
        }
        if loaded.flagged > 0 {
            notes.push(format!("{} of the table flagged as deleted", counted(loaded.flagged, "record")));
        }
        if loaded.superseded > 0 {
            notes.push(format!("{} dropped for a newer one with the same key", counted(loaded.superseded, "record")));
        }
    }
    notes
}
