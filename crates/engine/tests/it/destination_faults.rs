//! What stands in table and state after the destination failed: always what belongs together.

use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_destination::faulty::{Call, Fault, FaultPlan, Faulty};
use orgtap_emulator::CallKind;
use orgtap_engine::{Error, Fetch, Load, RowReport, RowSpec, RunSpec};

use crate::fixture::{Fixture, MINUTE, incremental, object, only};
use crate::records::{Records, assert_same};

/// Every call that a load makes before its commit takes effect.
const BEFORE_THE_COMMIT: [Call; 6] =
    [Call::State, Call::Begin, Call::OpenPart, Call::Write, Call::Finish, Call::Commit];

fn spec(row: &RowSpec) -> RunSpec {
    RunSpec { page_records: 2, download_connections: 1, ..RunSpec::new(vec![row.clone()]) }
}

/// Runs `row` with a destination that fails as `fault` says.
async fn run_with(fixture: &Fixture, fault: Fault, row: &RowSpec) -> RowReport {
    let destination = Faulty::new(Arc::new(fixture.memory.clone()), FaultPlan::new().fail(fault));
    let report = only(fixture.run_into(Arc::new(destination.clone()), spec(row)).await);
    assert!(destination.raised() > 0, "the fault was met");
    report
}

/// Loads `row` once, then changes five accounts.
async fn loaded_once_and_changed(row: &RowSpec) -> Fixture {
    let fixture = Fixture::demo(300).await;
    only(fixture.run(spec(row)).await).outcome.unwrap();
    fixture.org.advance(10 * MINUTE);
    for id in fixture.first::<5>("Account") {
        fixture.set(id, "Site", "changed");
    }
    fixture.org.advance(MINUTE);
    fixture
}

async fn state(fixture: &Fixture, row: &RowSpec) -> Option<String> {
    fixture.memory.state(&row.name, "Account").await.unwrap()
}

#[tokio::test]
async fn watermark_does_not_advance_when_commit_fails() {
    let row = incremental(object("Account"));
    for call in BEFORE_THE_COMMIT {
        let fixture = loaded_once_and_changed(&row).await;
        let before = (fixture.table("Account"), state(&fixture, &row).await);

        let error = run_with(&fixture, Fault::at(call), &row).await.outcome.unwrap_err();

        assert!(matches!(error, Error::Destination(_)), "{call:?}: {error:?}");
        assert_eq!((fixture.table("Account"), state(&fixture, &row).await), before, "{call:?}");
        assert_eq!(fixture.load(&row).await.records, 5, "{call:?}");
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_is_carried_on_from() {
    let row = incremental(object("Account"));
    let fixture = loaded_once_and_changed(&row).await;
    let before = state(&fixture, &row).await;

    run_with(&fixture, Fault::at(Call::CommitReply), &row).await.outcome.unwrap_err();

    assert_ne!(state(&fixture, &row).await, before);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    fixture.org.advance(MINUTE);
    assert_eq!(fixture.load(&row).await.records, 0);
}

#[tokio::test]
async fn a_log_neither_doubles_nor_skips_after_any_fault() {
    let row = RowSpec { load: Load::Append, fetch: Fetch::Incremental, ..object("Account") };
    for call in BEFORE_THE_COMMIT.into_iter().chain([Call::CommitReply]) {
        let fixture = loaded_once_and_changed(&row).await;
        let before = fixture.table("Account").len();
        fixture.org.advance(10 * MINUTE);

        run_with(&fixture, Fault::at(call), &row).await.outcome.unwrap_err();
        fixture.load(&row).await;

        assert_eq!(fixture.table("Account").len(), before + 5, "{call:?}");
    }
}

#[tokio::test]
async fn a_first_load_that_fails_leaves_nothing() {
    let row = incremental(object("Account"));
    for call in BEFORE_THE_COMMIT {
        let fixture = Fixture::demo(300).await;

        run_with(&fixture, Fault::at(call).after(u32::from(call == Call::Write)), &row).await.outcome.unwrap_err();

        assert!(fixture.memory.table("Account").is_none(), "{call:?}");
        assert_eq!(state(&fixture, &row).await, None, "{call:?}");
    }
}

#[tokio::test]
async fn the_job_of_a_load_that_failed_is_deleted() {
    let row = object("Account");
    for call in [Call::OpenPart, Call::Write, Call::Finish, Call::Commit] {
        let fixture = Fixture::demo(300).await;

        run_with(&fixture, Fault::at(call), &row).await.outcome.unwrap_err();

        let calls = |kind| fixture.emulator.calls(kind);
        assert_eq!((calls(CallKind::JobCreate), calls(CallKind::JobDelete)), (1, 1), "{call:?}");
    }
}

#[tokio::test]
async fn a_load_that_cannot_even_be_aborted_fails_for_its_first_reason() {
    let fixture = Fixture::demo(300).await;
    let plan = FaultPlan::new().fail(Fault::at(Call::Finish)).fail(Fault::at(Call::Abort));
    let destination = Faulty::new(Arc::new(fixture.memory.clone()), plan);

    let report = only(fixture.run_into(Arc::new(destination), spec(&object("Account"))).await);

    assert_eq!(report.outcome.unwrap_err().to_string(), "could not finish a part: this failure is on purpose");
    assert!(fixture.memory.table("Account").is_none());
}

#[tokio::test]
async fn a_table_dropped_by_somebody_is_loaded_anew() {
    let row = incremental(object("Account"));
    let fixture = loaded_once_and_changed(&row).await;
    fixture.memory.drop_table("Account");

    fixture.load(&row).await;

    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_failing_table_does_not_touch_the_others() {
    let fixture = Fixture::demo(300).await;
    let rows = vec![object("Account"), object("Contact"), object("Case")];
    let plan = FaultPlan::new().fail(Fault::at(Call::Commit).on_table("Contact"));
    let destination = Faulty::new(Arc::new(fixture.memory.clone()), plan);

    let report = fixture.run_into(Arc::new(destination), RunSpec::new(rows)).await;

    let failed: Vec<_> = report.failures().map(|(row, _)| row.row.as_str()).collect();
    assert_eq!(failed, ["Contact"]);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_same(&fixture.table("Case"), &fixture.live("Case"));
    assert!(fixture.memory.table("Contact").map(Records::from).is_none());
}
