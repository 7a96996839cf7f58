//! Stopping a run: nothing becomes visible, and what was done is kept for the next run, or nothing is left behind in the org.

use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_destination::null::Null;
use orgtap_emulator::{Action, CallKind, Fault};
use orgtap_engine::{Api, Error, RowSpec, RunSpec};
use orgtap_salesforce::ErrorKind;

use crate::fixture::{Fixture, Running, object, some_of};
use crate::records::assert_same;

const GATE: &str = "gate";

/// Starts `row` in pages of ten records and waits until its `nth` call of `kind` is held.
async fn start_and_hold(fixture: &Fixture, row: RowSpec, kind: CallKind, nth: u64) -> Running {
    start_into(fixture, Arc::new(fixture.memory.clone()), row, kind, nth).await
}

async fn start_into(
    fixture: &Fixture,
    destination: Arc<dyn Destination>,
    row: RowSpec,
    kind: CallKind,
    nth: u64,
) -> Running {
    let hold = Action::Hold { gate: GATE.to_owned() };
    fixture.emulator.faults().add(Fault::nth(kind, nth, hold)).unwrap();
    let spec = RunSpec { page_records: 10, download_connections: 1, ..RunSpec::new(vec![row]) };
    let mut running = fixture.start(destination, spec);
    running.held(fixture.emulator.faults(), GATE).await;
    running
}

#[tokio::test]
async fn a_run_can_be_stopped_at_any_call() {
    let calls = [
        (CallKind::Describe, 1),
        (CallKind::Updated, 1),
        (CallKind::JobInfo, 1),
        (CallKind::JobInfo, 2),
        (CallKind::Results, 1),
        (CallKind::Results, 3),
    ];
    for (kind, nth) in calls {
        let fixture = Fixture::demo(600).await;
        let running = start_and_hold(&fixture, crate::fixture::incremental(object("Account")), kind, nth).await;

        running.stop.cancel();
        let report = running.end().await;

        assert!(matches!(report.outcome, Err(Error::Stopped)), "{kind} {nth}: {:?}", report.outcome);
        assert!(fixture.memory.table("Account").is_none(), "{kind} {nth}");
        fixture.emulator.faults().clear();
        // Another load of the table has no use for what was kept, and removes it.
        fixture.load(&object("Account")).await;
        let calls = |kind| fixture.emulator.calls(kind);
        assert_eq!(calls(CallKind::JobDelete), calls(CallKind::JobCreate), "{kind} {nth}");
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn the_job_of_a_stopped_run_is_aborted_and_deleted_where_the_destination_cannot_keep_its_records() {
    for kind in [CallKind::JobInfo, CallKind::Results] {
        let fixture = Fixture::demo(600).await;
        let mut running = start_into(&fixture, Arc::new(Null::new()), object("Account"), kind, 1).await;
        let job = running.job().await;
        assert!(fixture.client().job(&job).await.is_ok());

        running.stop.cancel();
        running.end().await.outcome.unwrap_err();

        fixture.emulator.faults().clear();
        assert_eq!(fixture.client().job(&job).await.unwrap_err().kind(), ErrorKind::JobGone, "{kind}");
    }
}

#[tokio::test]
async fn a_run_stopped_while_its_job_is_created_leaves_no_job() {
    let fixture = Fixture::demo(600).await;
    let running = start_into(&fixture, Arc::new(Null::new()), object("Account"), CallKind::JobCreate, 1).await;

    running.stop.cancel();
    fixture.emulator.faults().release(GATE);

    assert!(matches!(running.end().await.outcome, Err(Error::Stopped)));
    let calls = |kind| fixture.emulator.calls(kind);
    assert_eq!((calls(CallKind::JobCreate), calls(CallKind::JobAbort), calls(CallKind::JobDelete)), (1, 1, 1));
    assert!(fixture.memory.table("Account").is_none());
}

#[tokio::test]
async fn a_rest_query_can_be_stopped_between_its_pages() {
    let fixture = Fixture::demo(11_000).await;
    let row = RowSpec { api: Api::Rest, ..some_of("Contact", &["Id", "Name"]) };
    let running = start_and_hold(&fixture, row, CallKind::QueryMore, 1).await;

    running.stop.cancel();

    assert!(matches!(running.end().await.outcome, Err(Error::Stopped)));
    assert!(fixture.memory.table("Contact").is_none());
}

#[tokio::test]
async fn rows_that_committed_before_the_stop_stay_and_those_that_wait_never_start() {
    let fixture = Fixture::demo(600).await;
    let hold = Action::Hold { gate: GATE.to_owned() };
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 2, hold)).unwrap();
    let rows = ["Account", "Contact", "Case", "Task"].map(object);
    let spec = RunSpec { concurrency: 1, ..RunSpec::new(rows.to_vec()) };
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec);
    running.held(fixture.emulator.faults(), GATE).await;

    running.stop.cancel();
    let report = running.report().await;

    let stopped: Vec<_> = report.failures().map(|(row, _)| row.row.as_str()).collect();
    assert_eq!(stopped, ["Contact", "Case", "Task"]);
    assert!(report.failures().all(|(_, error)| matches!(error, Error::Stopped)));
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 2);
}
