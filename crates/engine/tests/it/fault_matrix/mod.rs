//! The fault matrix: every trouble that a run may meet, in each destination, in a row's first run and in an incremental one. After at most
//! so many restarts as the line says the table equals the org, no record is there twice, and the runs after it read what has changed, no
//! more and no less.
//!
//! What was seen stands in `docs/reliability.md`. Where that differs, the test fails; with `ORGTAP_TEST_WRITE_MATRIX` it writes the page.

mod cell;
mod document;
mod list;
mod place;
mod trouble;

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use cell::{Hit, Outcome, live_through};
use document::Line;
use place::Kind;
use trouble::{Cause, Trouble};

const COLUMNS: [(Kind, Hit); 6] = [
    (Kind::Sqlite, Hit::First),
    (Kind::Sqlite, Hit::Incremental),
    (Kind::Csv, Hit::First),
    (Kind::Csv, Hit::Incremental),
    (Kind::Component, Hit::First),
    (Kind::Component, Hit::Incremental),
];

/// Longer than any cell takes: where none ends for so long, one waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// One cell: what goes wrong, where and when.
type Cell = (Trouble, Kind, Hit);
/// What became of a cell: how the row got over its trouble, or why it did not.
type Seen = Result<Outcome, String>;

/// Lives through all `cells`, several at the same time.
fn live_through_all(cells: Vec<Cell>) -> Vec<Seen> {
    let (cells, next) = (Arc::new(cells), Arc::new(AtomicUsize::new(0)));
    let (sender, ended) = channel();
    // Half of the time a lane waits for the disk.
    for _ in 0..2 * thread::available_parallelism().map_or(2, usize::from) {
        let (cells, next, sender) = (Arc::clone(&cells), Arc::clone(&next), sender.clone());
        thread::spawn(move || lane(&cells, &next, &sender));
    }
    drop(sender);
    let mut seen = BTreeMap::new();
    while seen.len() < cells.len() {
        let (index, lived) = ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let begun = cells[..next.load(Ordering::Relaxed).min(cells.len())].iter().enumerate();
            let waiting: Vec<_> =
                begun.filter(|(index, _)| !seen.contains_key(index)).map(|(_, cell)| name(cell)).collect();
            panic!("these wait for ever: {waiting:?}")
        });
        seen.insert(index, lived);
    }
    seen.into_values().collect()
}

/// Lives through cells, one after another, until there is none left. Time stands still but where a cell moves it on.
fn lane(cells: &[Cell], next: &AtomicUsize, ended: &Sender<(usize, Seen)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    // While something blocks, the clock does not run on by itself when everybody waits for the network.
    let (end, until_end) = channel::<()>();
    runtime.spawn_blocking(move || until_end.recv().is_err());
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(cell @ (trouble, kind, hit)) = cells.get(index) else { break };
        let lived = catch_unwind(AssertUnwindSafe(|| runtime.block_on(live_through(trouble, *kind, *hit))));
        let lived = lived.map_err(|panic| format!("{}: {}", name(cell), words(&*panic)));
        if ended.send((index, lived)).is_err() {
            break;
        }
    }
    drop(end);
}

fn name((trouble, kind, hit): &Cell) -> String {
    format!("{} ({kind:?}, {hit:?})", trouble.what)
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[test]
fn whatever_goes_wrong_the_table_equals_the_org_in_the_end() {
    let nothing = || Trouble::new("nothing", Cause::Nothing);
    let undisturbed = [nothing(), nothing().one_by_one(), nothing().by_rest()];
    let sections = list::sections();
    let troubles: Vec<&Trouble> = undisturbed.iter().chain(sections.iter().flat_map(|(_, lines)| lines)).collect();
    let cells = troubles.iter().flat_map(|trouble| COLUMNS.map(|(kind, hit)| ((*trouble).clone(), kind, hit)));

    let seen = live_through_all(cells.collect());

    let failed: Vec<&str> = seen.iter().filter_map(|seen| seen.as_ref().err().map(String::as_str)).collect();
    assert!(failed.is_empty(), "{} of {} cells:\n{}", failed.len(), seen.len(), failed.join("\n"));
    let mut outcomes = seen.into_iter().map(Result::unwrap);
    let mut line = || -> Vec<Outcome> { outcomes.by_ref().take(COLUMNS.len()).collect() };
    let usual = [line(), line(), line()];
    let sections = sections.iter().map(|(title, lines)| {
        let lines = lines.iter().map(|trouble| {
            let is_like = |usual: &Trouble| (usual.api, usual.connections) == (trouble.api, trouble.connections);
            let usual = &usual[undisturbed.iter().position(is_like).unwrap()];
            Line { what: trouble.what, restarts: trouble.restarts, cells: document::cells(trouble, &line(), usual) }
        });
        (*title, lines.collect())
    });
    document::compare(&document::table(&sections.collect::<Vec<_>>()));
}
