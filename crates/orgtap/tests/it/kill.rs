//! Runs that are killed at any moment: the next one goes on, and in the end the tables are those of a run that nobody disturbed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use orgtap_emulator::{CallKind, EmulatorOptions, JobTime, Org, Scope};

use crate::context::{TestContext, sql_of};

/// Kills in a test, unless `ORGTAP_TEST_KILLS` says how many.
const KILLS: u32 = 25;
const CONNECTIONS: u64 = 3;
const PAGE_RECORDS: u64 = 40;
const OBJECTS: [&str; 4] = ["Account", "Contact", "Opportunity", "Case"];

/// Numbers that look random and are the same each time.
struct Draw(u64);

impl Draw {
    /// Returns a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        // https://prng.di.unimi.it/splitmix64.c
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn kills() -> u32 {
    #[allow(clippy::disallowed_methods, reason = "a test has no configuration of its own")]
    let wanted = std::env::var("ORGTAP_TEST_KILLS");
    wanted.ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS)
}

fn context() -> TestContext {
    let options =
        EmulatorOptions { page_records: PAGE_RECORDS, job_time: JobTime::Polls(1), ..EmulatorOptions::default() };
    let mut context = TestContext::with(Org::builder().demo(6_000).build(), options);
    context.set("ORGTAP_TEST_HURRY", "1");
    context
}

fn configure(context: &TestContext, kind: &str, path: &str) {
    let rows: String = OBJECTS
        .iter()
        .map(|name| format!("[[rows]]\nobject = \"{name}\"\nload = \"incremental\"\napi = \"bulk\"\n"))
        .collect();
    let connection = context.connection();
    context.write(
        "orgtap.toml",
        &format!(
            "{connection}[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n[run]\npage_records = {PAGE_RECORDS}\ndownload_connections = {CONNECTIONS}\n{rows}"
        ),
    );
}

/// Runs to the end, then again and again with a kill at a random moment until enough runs were killed. Every time a run ends, all begins anew
/// in another place. Returns how many places there are, the first being that of the undisturbed run.
fn run_with_kills(context: &TestContext, kind: &str, name: impl Fn(u32) -> String) -> u32 {
    configure(context, kind, &name(0));
    let started = Instant::now();
    context.orgtap(&["run"]).succeeds();
    let whole = started.elapsed();

    let pages = context.emulator().calls(CallKind::Results);
    let mut draw = Draw(7);
    let (mut killed, mut place) = (0, 1);
    let mut kills_here = 0;
    let mut before = context.emulator().calls(CallKind::Results);
    configure(context, kind, &name(place));
    loop {
        let is_last = killed == kills();
        let mut run = context.start(&["run"]);
        if !is_last {
            std::thread::sleep(Duration::from_micros(draw.below(whole.as_micros() as u64)));
            run.signal("KILL");
        }
        let ran = run.end();
        if ran.code.is_none() {
            killed += 1;
            kills_here += 1;
            continue;
        }
        let ran = ran.succeeds();
        let read = context.emulator().calls(CallKind::Results) - before;
        // Rows that committed before a kill look for changes after it: one page each, without a record.
        assert!(
            read <= pages + (CONNECTIONS + OBJECTS.len() as u64) * kills_here,
            "{read} pages were read of {pages}, after {kills_here} kills: {}",
            ran.stderr
        );
        if is_last {
            return place + 1;
        }
        place += 1;
        (kills_here, before) = (0, context.emulator().calls(CallKind::Results));
        configure(context, kind, &name(place));
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_leaves_the_tables_of_an_undisturbed_one_in_sqlite() {
    let context = context();

    let places = run_with_kills(&context, "sqlite", |place| format!("{place}.db"));

    let tables = |place: u32| {
        let file = context.path(&format!("{place}.db"));
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let names: Vec<String> = sql_of(&file, sql).into_iter().flatten().collect();
        // Records stand in the order in which their pages came.
        let table = |name: &String| (name.clone(), sql_of(&file, &format!("SELECT * FROM \"{name}\" ORDER BY Id")));
        names.iter().filter(|name| *name != "_orgtap_state").map(table).collect::<BTreeMap<_, _>>()
    };
    let undisturbed = tables(0);
    assert_eq!(
        undisturbed.keys().map(String::as_str).collect::<Vec<_>>(),
        ["Account", "Case", "Contact", "Opportunity"]
    );
    (1..places).for_each(|place| assert_eq!(tables(place), undisturbed, "in place {place}"));
}

#[test]
fn a_run_that_is_killed_again_and_again_leaves_the_tables_of_an_undisturbed_one_in_csv_files() {
    let context = context();

    let places = run_with_kills(&context, "csv", |place| format!("out{place}"));

    let undisturbed = OBJECTS.map(|object| records(&context.path("out0").join(object)));
    for place in 1..places {
        let found = OBJECTS.map(|object| records(&context.path(&format!("out{place}")).join(object)));
        assert!(found == undisturbed, "tables differ in place {place}");
    }
}

/// Takes records out of the org between runs that are killed, some of them for good, and has the tables held against the org whenever a run ends.
fn delete_between_kills(kind: &str, path: &str) {
    let context = context();
    let rows = [("Account", "remove"), ("Contact", "flag"), ("Case", "remove"), ("Opportunity", "flag")];
    let rows: String = rows
        .iter()
        .map(|(name, deleted)| {
            format!("[[rows]]\nobject = \"{name}\"\nload = \"incremental\"\napi = \"bulk\"\ndeleted = \"{deleted}\"\nreconcile_every = 2\n")
        })
        .collect();
    let connection = context.connection();
    let run = format!("[run]\npage_records = {PAGE_RECORDS}\ndownload_connections = {CONNECTIONS}\n");
    context
        .write("orgtap.toml", &format!("{connection}[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n{run}{rows}"));
    context.org().advance(Duration::from_secs(3600));
    context.orgtap(&["run"]).succeeds();
    let started = Instant::now();
    context.orgtap(&["run"]).succeeds();
    let whole = started.elapsed();

    let mut draw = Draw(11);
    let mut killed = 0;
    while killed < kills() {
        for object in OBJECTS {
            let live = context.org().select(&format!("SELECT Id FROM {object}"), Scope::Live).unwrap();
            let mut ids = live.records(0, live.total()).filter_map(|record| record.id);
            let (gone, for_good) = (ids.next().unwrap(), ids.nth(draw.below(20) as usize).unwrap());
            context.org().delete(gone).unwrap();
            // It may have gone with the first.
            if context.org().delete(for_good).is_ok() {
                context.org().purge(for_good).unwrap();
            }
        }
        context.org().advance(Duration::from_secs(900));
        // After some kills a run may end: with all that is to be read, it takes longer than the one that the kills are timed by.
        for is_last in [false, false, false, false, false, false, true] {
            let mut run = context.start(&["run"]);
            if !is_last {
                std::thread::sleep(Duration::from_micros(draw.below(whole.as_micros() as u64 * 2)));
                run.signal("KILL");
            }
            let ran = run.end();
            if ran.code.is_some() {
                ran.succeeds();
                break;
            }
            killed += 1;
        }
        // What the log of deletions may not show yet, a comparison does.
        context.orgtap(&["reconcile"]).succeeds();
        context.orgtap(&["verify"]).succeeds();
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_takes_out_and_flags_what_is_deleted_in_sqlite() {
    delete_between_kills("sqlite", "t.db");
}

/// Returns the bytes of a table's parts, in order and without their headers. Parts are gathered into larger ones by whichever run comes next.
fn records(table: &Path) -> Vec<u8> {
    let parts = fs::read_dir(table).unwrap().map(|entry| entry.unwrap().path());
    let mut parts: Vec<_> = parts.filter(|path| path.extension().is_some_and(|extension| extension == "csv")).collect();
    parts.sort();
    assert!(!parts.is_empty());
    parts
        .iter()
        .flat_map(|part| fs::read_to_string(part).unwrap().split_once('\n').unwrap().1.as_bytes().to_vec())
        .collect()
}
