//! What becomes of deleted records, and `orgtap reconcile`.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use orgtap_destination::csv;
use orgtap_emulator::{Id, Org, Scope};

use crate::context::TestContext;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn row(name: &str, options: &str) -> String {
    format!(
        "[[rows]]\nname = \"{name}\"\ntable = \"{name}\"\nobject = \"Account\"\nload = \"incremental\"\n{options}\n"
    )
}

/// Three rows that treat deleted records differently.
fn rows() -> String {
    ["deleted = \"ignore\"", "deleted = \"flag\"", "deleted = \"remove\""]
        .iter()
        .zip(["ignored", "flagged", "removed"])
        .map(|(options, name)| row(name, options))
        .collect()
}

fn first(org: &Org, count: usize) -> Vec<Id> {
    let selection = org.select(&format!("SELECT Id FROM Account ORDER BY Id LIMIT {count}"), Scope::Live).unwrap();
    selection.records(0, selection.total()).filter_map(|record| record.id).collect()
}

fn delete_for_good(org: &Org, id: Id) {
    org.delete(id).unwrap();
    org.purge(id).unwrap();
}

/// Returns whether each table has the record, and whether it is flagged there.
fn found(context: &TestContext, id: Id) -> [Vec<Vec<String>>; 3] {
    ["ignored", "flagged", "removed"]
        .map(|table| context.sql(&format!("SELECT IsDeleted FROM {table} WHERE Id = '{id}'")))
}

#[test]
fn deleted_records_are_ignored_flagged_or_taken_out() {
    let context = TestContext::new();
    context.configure(&rows());
    context.orgtap(&["run"]).succeeds();
    let org = context.org();
    org.advance(Duration::from_secs(600));
    let gone = first(org, 2);
    delete_for_good(org, gone[0]);
    org.delete(gone[1]).unwrap();

    let ran = context.orgtap(&["run", "--json"]).succeeds();

    let yes = || vec![vec!["1".to_owned()]];
    let no = || vec![vec!["0".to_owned()]];
    for id in gone {
        assert_eq!(found(&context, id), [no(), yes(), vec![]]);
    }
    let figures = |row: usize| {
        let row = &ran.json()["rows"][row];
        (row["records"].clone(), row["removed"].clone(), row["flagged"].clone())
    };
    assert_eq!(figures(0), (0.into(), 0.into(), 0.into()));
    assert_eq!(figures(1), (1.into(), 0.into(), 2.into()));
    assert_eq!(figures(2), (1.into(), 2.into(), 0.into()));
}

#[test]
fn the_report_and_the_plan_say_what_is_done_about_deleted_records() {
    let context = TestContext::new();
    context.configure(&rows());
    let before = context.orgtap(&["plan"]).succeeds().stdout;
    context.orgtap(&["run"]).succeeds();
    context.org().advance(Duration::from_secs(600));
    let after = context.orgtap(&["plan"]).succeeds().stdout;
    delete_for_good(context.org(), first(context.org(), 1)[0]);
    let ran = context.orgtap(&["run"]).succeeds();

    let deleted = |plan: &str| -> Vec<String> {
        plan.lines().filter_map(|line| line.strip_prefix("  deleted   ").map(str::to_owned)).collect()
    };
    assert_eq!(deleted(&before), ["ignored: those in the table stay there", "flagged", "left out"]);
    let since = "those without a trace by the org's log from 2024-06-01T12:00:00Z on";
    assert_eq!(
        deleted(&after),
        [
            "ignored: those in the table stay there".to_owned(),
            format!("flagged, {since}"),
            format!("taken out of the table, {since}")
        ]
    );
    assert!(ran.errors().contains("note: row `flagged`: 1 record of the table flagged as deleted"), "{ran:?}");
    assert!(
        ran.errors().contains("note: row `removed`: 1 record taken out of the table, deleted in the org"),
        "{ran:?}"
    );
}

#[test]
fn reconcile_finds_what_a_run_cannot() {
    for kind in ["sqlite", "csv"] {
        let context = TestContext::new();
        let path = if kind == "csv" { "tables" } else { "t.db" };
        let (connection, rows) = (context.connection(), rows());
        let destination = format!("[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n");
        context.write("orgtap.toml", &format!("{connection}{destination}{rows}"));
        context.orgtap(&["run"]).succeeds();
        let org = context.org();
        org.advance(Duration::from_secs(600));
        for id in first(org, 3) {
            delete_for_good(org, id);
        }
        org.advance(30 * DAY);

        let report = context.orgtap(&["reconcile", "--json"]).succeeds().json();

        let rows = report["rows"].as_array().unwrap();
        let figures: Vec<_> =
            rows.iter().map(|row| (row["row"].as_str().unwrap(), &row["removed"], &row["flagged"])).collect();
        assert_eq!(figures, [("flagged", &0.into(), &3.into()), ("removed", &3.into(), &0.into())], "{kind}");
        assert_eq!(rows[1]["write_mode"], "retain");
        let again = context.orgtap(&["reconcile", "--row", "removed", "--json"]).succeeds().json();
        assert_eq!(again["rows"].as_array().unwrap().len(), 1);
        assert_eq!(again["rows"][0]["removed"], 0);
    }
}

#[test]
fn reconcile_needs_a_row_that_it_can_compare() {
    let context = TestContext::new();
    context.configure(&row("ignored", ""));

    let all = context.orgtap(&["reconcile"]).exits(1).stderr;
    let one = context.orgtap(&["reconcile", "--row", "ignored"]).exits(1).stderr;
    let unknown = context.orgtap(&["reconcile", "--row", "ignord"]).exits(1).stderr;
    context.configure(&row("removed", "deleted = \"remove\""));
    let not_loaded = context.orgtap(&["reconcile"]).exits(1);

    assert!(all.contains("could not compare any table: every row ignores deleted records"), "{all}");
    assert!(one.contains("could not compare the table of row `ignored`: it ignores deleted records"), "{one}");
    assert!(unknown.contains("did you mean `ignored`?"), "{unknown}");
    let errors = not_loaded.errors();
    assert!(errors.contains("could not compare the table with the org: the first fetch of this row"), "{errors}");
    assert!(errors.contains("hint: `orgtap run --row \"removed\"` loads it"), "{errors}");
}

#[test]
fn ids_are_compared_every_so_many_runs() {
    let context = TestContext::new();
    context.configure(&row("removed", "deleted = \"remove\"\nreconcile_every = 2"));
    let compared = || context.orgtap(&["run"]).succeeds().errors().contains("every 2 runs");

    assert_eq!([compared(), compared(), compared(), compared()], [false, false, true, false]);
}

/// Returns the Ids of the records in `table` that are not flagged.
fn live_in(context: &TestContext, kind: &str, table: &str) -> BTreeSet<String> {
    if kind == "sqlite" {
        return context.sql(&format!("SELECT Id FROM {table} WHERE IsDeleted = 0")).into_iter().flatten().collect();
    }
    let parts = fs::read_dir(context.path("tables").join(table)).unwrap().map(|entry| entry.unwrap().path());
    let mut live = BTreeSet::new();
    for part in parts.filter(|path| path.is_file()) {
        let bytes = fs::read(part).unwrap();
        let mut records = csv::records(&bytes)
            .map(|record| csv::values(record).map(|value| String::from_utf8_lossy(&value).into_owned()).collect());
        let header: Vec<String> = records.next().unwrap();
        let position = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (id, flag) = (position("Id"), position("IsDeleted"));
        live.extend(records.filter(|record: &Vec<String>| record[flag] == "false").map(|record| record[id].clone()));
    }
    live
}

#[test]
fn runs_that_are_killed_at_any_moment_miss_no_deletion() {
    for kind in ["sqlite", "csv"] {
        let mut context = TestContext::new();
        context.set("ORGTAP_TEST_HURRY", "1");
        let path = if kind == "csv" { "tables" } else { "t.db" };
        let options = |deleted| format!("api = \"bulk\"\nreconcile_every = 3\ndeleted = \"{deleted}\"");
        let rows = row("flagged", &options("flag")) + &row("removed", &options("remove"));
        let connection = context.connection();
        let destination = format!("[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n");
        context.write("orgtap.toml", &format!("{connection}{destination}{rows}"));
        context.orgtap(&["run"]).succeeds();
        let started = Instant::now();
        context.orgtap(&["run"]).succeeds();
        let whole = started.elapsed();
        let org = context.org();

        for round in 0..16 {
            org.advance(Duration::from_secs(120));
            let ids = first(org, 3);
            delete_for_good(org, ids[0]);
            org.delete(ids[1]).unwrap();
            org.advance(Duration::from_secs(60));
            if round % 2 == 0 {
                org.undelete(ids[1]).unwrap();
            }
            let mut run = context.start(&["run"]);
            std::thread::sleep(whole * (round * 7 % 16) / 16);
            run.signal("KILL");
            run.end();
        }
        org.advance(Duration::from_secs(60));
        context.orgtap(&["run"]).succeeds();

        let selection = org.select("SELECT Id FROM Account", Scope::Live).unwrap();
        let live: BTreeSet<_> =
            selection.records(0, selection.total()).filter_map(|record| Some(record.id?.to_string())).collect();
        assert_eq!(live_in(&context, kind, "removed"), live, "{kind}");
        assert_eq!(live_in(&context, kind, "flagged"), live, "{kind}");
    }
}
