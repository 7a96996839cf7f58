//! Runs that are cut off: the next one goes on with the same job, reads only what is missing, and commits once.

use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_emulator::{Action, CallKind, EmulatorOptions, Fault, Org};
use orgtap_engine::{Error, Fetch, Load, RowReport, RowSpec, RunSpec};

use crate::fixture::{Fixture, MINUTE, incremental, object, only, some_of, with_deleted};
use crate::records::assert_same;

const PAGE_RECORDS: u32 = 10;

/// An org whose pages hold ten records, whoever decides on their size.
async fn fixture() -> Fixture {
    let options = EmulatorOptions { page_records: u64::from(PAGE_RECORDS), ..EmulatorOptions::default() };
    Fixture::with(Org::builder().demo(900).build(), options).await
}

fn spec(row: &RowSpec, download_connections: usize) -> RunSpec {
    RunSpec { page_records: PAGE_RECORDS, download_connections, ..RunSpec::new(vec![row.clone()]) }
}

async fn run(fixture: &Fixture, row: &RowSpec, connections: usize) -> RowReport {
    only(fixture.run(spec(row, connections)).await)
}

/// Runs `row` until its `nth` call of `kind`, and ends it there: as a killed process does, it says nothing more.
async fn cut_off(fixture: &Fixture, row: &RowSpec, connections: usize, kind: CallKind, nth: u64) {
    let gate = format!("{kind} {nth}");
    fixture.emulator.faults().add(Fault::nth(kind, nth, Action::Hold { gate: gate.clone() })).unwrap();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(row, connections));
    running.held(fixture.emulator.faults(), &gate).await;
    running.kill().await;
    fixture.emulator.faults().clear();
}

fn calls(fixture: &Fixture, kind: CallKind) -> u64 {
    fixture.emulator.calls(kind)
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_gone_on_with_by_the_same_job() {
    for connections in [1, 3] {
        let fixture = fixture().await;
        let pages = fixture.live("Account").len().div_ceil(PAGE_RECORDS as usize) as u64;
        assert!(pages >= 4, "{pages}");
        cut_off(&fixture, &object("Account"), connections, CallKind::Results, 3).await;

        let report = run(&fixture, &object("Account"), connections).await;

        let loaded = report.outcome.unwrap();
        assert_eq!(loaded.records, fixture.live("Account").len() as u64);
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        assert_eq!(calls(&fixture, CallKind::JobCreate), 1);
        assert_eq!(calls(&fixture, CallKind::JobDelete), 1);
        let again = calls(&fixture, CallKind::Results) - pages;
        assert!(again <= connections as u64, "{again} pages were read twice over {connections} connections");
        assert!(report.notes.iter().any(|note| note.starts_with("went on with the query of ")), "{:?}", report.notes);
    }
}

#[tokio::test]
async fn a_run_can_be_cut_off_again_and_again() {
    for connections in [1, 3] {
        let fixture = fixture().await;
        let row = incremental(object("Account"));
        let cuts = [
            (CallKind::JobInfo, 1),
            (CallKind::JobInfo, 1),
            (CallKind::Results, 1),
            (CallKind::Results, 2),
            (CallKind::Results, 2),
        ];
        for (kind, nth) in cuts {
            cut_off(&fixture, &row, connections, kind, nth).await;
            assert!(fixture.memory.table("Account").is_none());
        }

        run(&fixture, &row, connections).await.outcome.unwrap();

        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        // One job for all that, and one for what has changed since.
        assert_eq!(calls(&fixture, CallKind::JobCreate), 2, "{connections}");
    }
}

#[tokio::test]
async fn the_watermark_of_a_resumed_load_is_that_of_the_run_that_was_cut_off() {
    let fixture = fixture().await;
    let row = incremental(object("Account"));
    cut_off(&fixture, &row, 1, CallKind::Results, 2).await;
    fixture.org.advance(10 * MINUTE);
    let [changed] = fixture.first("Account");
    fixture.set(changed, "Description", "changed after the job, before it was taken up again");
    fixture.org.advance(10 * MINUTE);

    let loaded = run(&fixture, &row, 1).await.outcome.unwrap();

    // The load is that of the job, and what has changed since then follows.
    assert!(loaded.records > fixture.live("Account").len() as u64);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_resumed_load_into_a_log_neither_doubles_nor_skips() {
    let fixture = fixture().await;
    let row = RowSpec { load: Load::Append, fetch: Fetch::Incremental, ..object("Account") };
    fixture.org.advance(10 * MINUTE);
    cut_off(&fixture, &row, 3, CallKind::Results, 3).await;
    fixture.org.advance(10 * MINUTE);
    for id in fixture.first::<3>("Account") {
        fixture.set(id, "Site", "changed");
    }
    fixture.org.advance(10 * MINUTE);

    run(&fixture, &row, 3).await.outcome.unwrap();

    assert_eq!(calls(&fixture, CallKind::JobCreate), 2);
    assert_eq!(fixture.table("Account").len(), fixture.live("Account").len() + 3);
}

#[tokio::test]
async fn a_row_that_changed_starts_over_and_removes_the_old_job() {
    let others = [
        incremental(object("Account")),
        with_deleted(object("Account")),
        some_of("Account", &["Id", "Name"]),
        RowSpec { primary_key: Some(vec!["Name".to_owned()]), ..object("Account") },
    ];
    for other in others {
        let fixture = fixture().await;
        cut_off(&fixture, &object("Account"), 1, CallKind::Results, 2).await;

        let report = run(&fixture, &other, 1).await;

        report.outcome.unwrap();
        assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobDelete)), (2, 2), "{other:?}");
    }
}

#[tokio::test]
async fn a_job_that_is_gone_when_it_is_taken_up_again_is_created_anew() {
    for call in [CallKind::JobInfo, CallKind::Results] {
        let fixture = fixture().await;
        cut_off(&fixture, &object("Account"), 1, CallKind::Results, 2).await;
        fixture.new_account("new");
        fixture.emulator.faults().add(Fault::next(call, Action::LoseJob)).unwrap();

        run(&fixture, &object("Account"), 1).await.outcome.unwrap();

        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        assert_eq!(calls(&fixture, CallKind::JobCreate), 2, "{call}");
    }
}

#[tokio::test]
async fn what_another_run_may_finish_is_kept_for_it() {
    let passing = [
        Action::ResetConnection,
        Action::Unavailable,
        Action::DailyLimit,
        Action::TooManyRequests { retry_after_secs: None },
        Action::CutBody { after_bytes: 100 },
    ];
    for action in passing {
        let fixture = fixture().await;
        let from_third = (3..50).map(|nth| Fault::nth(CallKind::Results, nth, action.clone()));
        from_third.for_each(|fault| fixture.emulator.faults().add(fault).unwrap());
        let report = run(&fixture, &object("Account"), 1).await;
        assert!(report.outcome.is_err(), "{action:?}");
        assert_eq!(report.notes.last().unwrap(), "the next run goes on from where this one ended");
        fixture.emulator.faults().clear();
        let before = calls(&fixture, CallKind::Results);

        run(&fixture, &object("Account"), 1).await.outcome.unwrap();

        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        let pages = fixture.live("Account").len().div_ceil(PAGE_RECORDS as usize) as u64;
        assert_eq!(calls(&fixture, CallKind::JobCreate), 1, "{action:?}");
        assert_eq!(calls(&fixture, CallKind::Results) - before, pages - 2, "{action:?}");
    }
}

#[tokio::test]
async fn a_query_that_is_too_old_is_not_gone_on_with_where_nothing_brings_its_table_up_to_date() {
    for (row, age, jobs) in [
        (object("Account"), 23 * 60, 1),
        (object("Account"), 25 * 60, 2),
        // One job for all, and one for what has changed since.
        (incremental(object("Account")), 25 * 60, 2),
    ] {
        let fixture = fixture().await;
        cut_off(&fixture, &row, 1, CallKind::Results, 2).await;
        fixture.new_account("new");
        fixture.org.advance(MINUTE * age);

        let report = run(&fixture, &row, 1).await;

        report.outcome.unwrap();
        assert_eq!(calls(&fixture, CallKind::JobCreate), jobs, "{row:?} after {age} minutes");
        assert_eq!(calls(&fixture, CallKind::JobDelete), jobs);
        let is_told = report.notes.iter().any(|note| {
            note.starts_with("began anew: ") && note.ends_with("more than 24 h ago (`resume_within_hours`)")
        });
        let begins_anew = row.fetch == Fetch::All && age > 24 * 60;
        assert_eq!(is_told, begins_anew, "{:?}", report.notes);
        if begins_anew {
            assert_same(&fixture.table("Account"), &fixture.live("Account"));
        }
    }
}

#[tokio::test]
async fn how_old_a_query_may_be_that_is_gone_on_with_is_the_users_to_say() {
    let fixture = fixture().await;
    cut_off(&fixture, &object("Account"), 1, CallKind::Results, 2).await;
    fixture.org.advance(2 * MINUTE);
    let never = RunSpec { resume_within: std::time::Duration::ZERO, ..spec(&object("Account"), 1) };

    only(fixture.run(never).await).outcome.unwrap();

    assert_eq!(calls(&fixture, CallKind::JobCreate), 2);
}

#[tokio::test]
async fn a_stopped_run_is_gone_on_with() {
    let fixture = fixture().await;
    let gate = "third page".to_owned();
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 3, Action::Hold { gate })).unwrap();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(&object("Account"), 1));
    running.held(fixture.emulator.faults(), "third page").await;
    running.stop.cancel();
    assert!(matches!(running.end().await.outcome, Err(Error::Stopped)));
    fixture.emulator.faults().clear();

    run(&fixture, &object("Account"), 1).await.outcome.unwrap();

    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobDelete)), (1, 1));
}

#[tokio::test]
async fn a_load_whose_pages_are_all_there_needs_nothing_of_the_org_but_its_plan() {
    let fixture = fixture().await;
    let destination = orgtap_destination::faulty::Faulty::new(
        Arc::new(fixture.memory.clone()),
        orgtap_destination::faulty::FaultPlan::new().fail(
            orgtap_destination::faulty::Fault::at(orgtap_destination::faulty::Call::Commit)
                .with_kind(orgtap_destination::ErrorKind::Locked),
        ),
    );
    let row = object("Account");
    only(fixture.run_into(Arc::new(destination), spec(&row, 3)).await).outcome.unwrap_err();
    let before = calls(&fixture, CallKind::Results);

    run(&fixture, &row, 3).await.outcome.unwrap();

    assert_eq!(calls(&fixture, CallKind::Results), before);
    assert!(fixture.memory.state("Account", "Account").await.unwrap().is_some());
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}
