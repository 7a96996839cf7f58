//! Tables that others change or remove between the plan of a run and its commit: nothing is doubled, and nothing is lost.

use std::path::Path;
use std::sync::Arc;

use orgtap_destination::csv_dir::CsvDir;
use orgtap_destination::faulty::{self, Call, FaultPlan, Faulty};
use orgtap_destination::sqlite::{Sqlite, SqliteOptions};
use orgtap_destination::{Destination, ErrorKind, WriteMode};
use orgtap_emulator::{Action, CallKind, Fault};
use orgtap_engine::{Error, Fetch, Load, RowReport, RowSpec, RunSpec, Source};
use rusqlite::Connection;

use crate::fixture::{Fixture, MINUTE, Running, chain, incremental, object, only, removing, some_of, with_deleted};
use crate::records::assert_same;

const GATE: &str = "gate";

/// Starts a run of `row` that waits at its next call of `kind`.
async fn start_held(fixture: &Fixture, destination: Arc<dyn Destination>, row: &RowSpec, kind: CallKind) -> Running {
    fixture.emulator.faults().add(Fault::nth(kind, 1, Action::Hold { gate: GATE.to_owned() })).unwrap();
    let mut running = fixture.start(destination, RunSpec::new(vec![row.clone()]));
    running.held(fixture.emulator.faults(), GATE).await;
    running
}

fn change_five(fixture: &Fixture) {
    fixture.org.advance(10 * MINUTE);
    for id in fixture.first::<5>("Account") {
        fixture.set(id, "Site", "changed");
    }
    fixture.org.advance(10 * MINUTE);
}

#[track_caller]
fn assert_changed(report: &RowReport) {
    let error = report.outcome.as_ref().unwrap_err();
    assert!(matches!(error, Error::Destination(error) if error.kind() == ErrorKind::Changed), "{}", chain(error));
    assert!(error.is_user_error());
    assert_eq!(error.hint().as_deref(), Some("run again"));
}

#[tokio::test]
async fn appends_that_were_planned_on_the_same_state_double_nothing() {
    let columns = ["Id", "Site", "IsDeleted", "SystemModstamp"];
    let log = RowSpec { load: Load::Append, fetch: Fetch::Incremental, ..with_deleted(some_of("Account", &columns)) };
    for is_first in [true, false] {
        let fixture = Fixture::demo(300).await;
        if !is_first {
            fixture.load(&log).await;
        }
        change_five(&fixture);
        // It has read the state, and asks how far the org's changes are complete.
        let late = start_held(&fixture, Arc::new(fixture.memory.clone()), &log, CallKind::Updated).await;
        let early = fixture.load(&log).await;
        let versions = fixture.table("Account");
        assert_eq!(early.records, if is_first { fixture.all("Account").len() as u64 } else { 5 });

        fixture.emulator.faults().release(GATE);
        let loaded = late.end().await.outcome.unwrap();

        assert_eq!((loaded.write_mode, loaded.records), (WriteMode::Append, 0), "{is_first}");
        assert_same(&fixture.table("Account"), &versions);
    }
}

#[tokio::test]
async fn a_run_goes_on_from_where_another_one_has_ended_since_its_plan() {
    let row = incremental(object("Account"));
    let fixture = Fixture::demo(300).await;
    fixture.load(&row).await;
    change_five(&fixture);
    let late = start_held(&fixture, Arc::new(fixture.memory.clone()), &row, CallKind::Updated).await;
    fixture.load(&row).await;
    fixture.new_account("new");

    fixture.emulator.faults().release(GATE);
    let report = late.end().await;

    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(report.outcome.unwrap().records, 1);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_run_whose_table_another_row_has_replaced_since_its_plan_loads_all() {
    let row = incremental(object("Account"));
    let fixture = Fixture::demo(300).await;
    fixture.load(&row).await;
    change_five(&fixture);
    let late = start_held(&fixture, Arc::new(fixture.memory.clone()), &row, CallKind::Updated).await;
    let few = Source::Soql("SELECT Id, Name FROM Account LIMIT 3".to_owned());
    fixture.load(&RowSpec { table: Some("Account".to_owned()), ..RowSpec::new("few", few) }).await;
    assert_eq!(fixture.table("Account").len(), 3);

    fixture.emulator.faults().release(GATE);
    late.end().await.outcome.unwrap();

    let live = fixture.live("Account").len();
    assert_eq!(fixture.table("Account").len(), live);
    assert_eq!(fixture.column_by_id("Account", "Site").len(), live);
}

/// Runs `row` into a destination that says, `times` times after so many loads were begun, that the table has changed.
async fn run_changed(fixture: &Fixture, row: &RowSpec, after: u32, times: u32) -> RowReport {
    let fault = faulty::Fault::at(Call::Begin).after(after).times(times).with_kind(ErrorKind::Changed);
    let destination = Faulty::new(Arc::new(fixture.memory.clone()), FaultPlan::new().fail(fault));
    let report = only(fixture.run_into(Arc::new(destination.clone()), RunSpec::new(vec![row.clone()])).await);
    assert_eq!(destination.raised(), times);
    report
}

#[tokio::test]
async fn a_row_whose_table_changes_again_and_again_is_planned_three_times() {
    let row = incremental(object("Account"));
    let fixture = Fixture::demo(300).await;
    fixture.load(&row).await;
    change_five(&fixture);
    let before = fixture.table("Account");

    let failed = run_changed(&fixture, &row, 0, 3).await;
    assert_eq!(failed.outcome.unwrap_err().hint().as_deref(), Some("run again"));
    assert_same(&fixture.table("Account"), &before);

    assert_eq!(run_changed(&fixture, &row, 0, 2).await.outcome.unwrap().records, 5);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn deleted_records_end_and_are_told_whenever_the_table_changes() {
    // The load that looks whether there is one to be taken up, that of the keys, and that of the records.
    for begun in 0..3 {
        let row = removing(object("Account"));
        let fixture = Fixture::demo(300).await;
        fixture.load(&row).await;
        change_five(&fixture);
        let [gone] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.org.advance(10 * MINUTE);

        let loaded = run_changed(&fixture, &row, begun, 1).await.outcome.unwrap();

        assert_eq!((loaded.records, loaded.removed), (4, 1), "{begun}");
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn ids_are_compared_although_the_table_has_changed() {
    let row = removing(object("Account"));
    let fixture = Fixture::demo(300).await;
    fixture.load(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    fixture.org.advance(10 * MINUTE);
    let late = {
        let hold = Action::Hold { gate: GATE.to_owned() };
        fixture.emulator.faults().add(Fault::nth(CallKind::JobCreate, 2, hold)).unwrap();
        let every = RowSpec { reconcile_every: std::num::NonZeroU32::new(1), ..row.clone() };
        let mut running = fixture.start(Arc::new(fixture.memory.clone()), RunSpec::new(vec![every]));
        running.held(fixture.emulator.faults(), GATE).await;
        running
    };
    let state = fixture.memory.state(&row.name, "Account").await.unwrap().unwrap();
    fixture.memory.set_state(&row.name, "Account", "another");

    fixture.emulator.faults().release(GATE);
    let report = late.end().await;

    assert_changed(&report);
    // What it was compared with is not what it knows of.
    assert_eq!(fixture.memory.state(&row.name, "Account").await.unwrap().as_deref(), Some("another"));
    fixture.memory.set_state(&row.name, "Account", &state);
    fixture.load(&row).await;
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_table_that_is_removed_during_a_run_is_not_made_of_the_changes_alone() {
    type Open = fn(&Path) -> Arc<dyn Destination>;
    type Remove = fn(&Path);
    let destinations: [(Open, Remove); 2] = [
        (
            |folder| Arc::new(Sqlite::open(folder.join("org.db"), SqliteOptions::default()).unwrap()),
            |folder| Connection::open(folder.join("org.db")).unwrap().execute_batch("DROP TABLE Account").unwrap(),
        ),
        (
            |folder| Arc::new(CsvDir::new(folder.join("tables"))),
            |folder| std::fs::rename(folder.join("tables/Account"), folder.join("moved away")).unwrap(),
        ),
    ];
    for (open, remove) in destinations {
        for row in [incremental(object("Account")), removing(object("Account"))] {
            let fixture = Fixture::demo(300).await;
            let folder = tempfile::tempdir().unwrap();
            let destination = open(folder.path());
            let spec = RunSpec::new(vec![row.clone()]);
            only(fixture.run_into(destination.clone(), spec.clone()).await).outcome.unwrap();
            change_five(&fixture);
            let running = start_held(&fixture, destination.clone(), &row, CallKind::Results).await;

            remove(folder.path());
            fixture.emulator.faults().release(GATE);
            assert_changed(&running.end().await);

            assert_eq!(destination.state(&row.name, "Account").await.unwrap(), None);
            assert!(destination.scan("Account", &["Id".to_owned()]).await.unwrap().is_none());
            let next = only(fixture.run_into(destination, spec).await).outcome.unwrap();
            let all = fixture.live("Account").len() as u64;
            assert_eq!((next.records, next.table_records), (all, Some(all)));
        }
    }
}

#[tokio::test]
async fn what_was_cut_off_is_not_gone_on_with_where_its_table_is_gone() {
    let row = incremental(object("Account"));
    let fixture = Fixture::demo(300).await;
    fixture.load(&row).await;
    change_five(&fixture);
    let cut_off = start_held(&fixture, Arc::new(fixture.memory.clone()), &row, CallKind::Results).await;
    cut_off.kill().await;
    fixture.emulator.faults().clear();
    fixture.memory.drop_table("Account");

    let report = fixture.run_row(&row).await;

    assert_eq!(report.outcome.unwrap().records, fixture.live("Account").len() as u64);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}
