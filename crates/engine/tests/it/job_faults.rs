//! Jobs and sessions that go wrong: the row goes on where it can, else it fails alone.

use std::time::Duration;

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault, When};
use orgtap_engine::{Error, RowSpec, RunSpec};
use orgtap_salesforce::ErrorKind;

use crate::fixture::{Fixture, MINUTE, chain, incremental, object, only, soql};
use crate::records::{Records, assert_same};

fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::Salesforce(error) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_job_that_fails_fails_its_row_alone() {
    let message = Some("insufficient access rights on cross-reference id".to_owned());
    let cases = [
        (CallKind::JobInfo, Action::FailJob { message }, ErrorKind::JobFailed),
        (CallKind::JobInfo, Action::FailJob { message: None }, ErrorKind::JobFailed),
    ];
    for (call, action, expected) in cases {
        let fixture = Fixture::demo(300).await;
        let rows = ["Account", "Contact", "Case"].map(|name| incremental(object(name)));
        let spec = RunSpec { concurrency: 1, ..RunSpec::new(rows.to_vec()) };
        fixture.run(spec.clone()).await;
        let before = fixture.table("Account");
        fixture.org.advance(10 * MINUTE);
        for name in ["Account", "Contact", "Case"] {
            let [changed] = fixture.first(name);
            fixture.set(changed, "Description", "changed");
        }
        fixture.emulator.faults().add(Fault::next(call, action.clone())).unwrap();

        let report = fixture.run(spec.clone()).await;

        let failed: Vec<_> = report.failures().map(|(row, error)| (row.row.as_str(), kind(error))).collect();
        assert_eq!(failed, [("Account", expected)], "{action:?}");
        assert_same(&fixture.table("Account"), &before);
        assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
        assert_same(&fixture.table("Case"), &fixture.live("Case"));
        // Whatever it was, the next run makes good for it.
        fixture.run(spec).await;
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn a_query_that_is_too_much_for_one_job_is_asked_for_in_pieces() {
    let reasons = [
        "QUERY_TIMEOUT: Your query request was running for too long.",
        "InternalServerError : Retried more than fifteen times",
    ];
    for (reason, failing) in reasons.into_iter().zip([1, 3]) {
        let fixture = Fixture::demo(900).await;
        let action = Action::FailJob { message: Some(reason.to_owned()) };
        let fault = Fault { call: Some(CallKind::JobInfo), when: When::Next(failing), action };
        fixture.emulator.faults().add(fault).unwrap();
        let row = soql("SELECT Id, Name FROM Account WHERE Name != 'x' OR Name != 'y' ORDER BY Name");

        let loaded = fixture.load(&row).await;

        assert_eq!(loaded.records, fixture.live("Account").len() as u64);
        let query = "SELECT Id, Name FROM Account";
        let truth = Records::of_query(&fixture.org, query, orgtap_emulator::Scope::Live);
        assert_same(&fixture.table("Account"), &truth);
        let calls = |kind| fixture.emulator.calls(kind);
        assert!(calls(CallKind::JobCreate) > 4);
        assert_eq!(calls(CallKind::JobDelete), calls(CallKind::JobCreate));
    }
}

#[tokio::test]
async fn a_query_with_a_limit_is_not_asked_for_in_pieces() {
    let fixture = Fixture::demo(900).await;
    let action = Action::FailJob { message: Some("QUERY_TIMEOUT".to_owned()) };
    fixture.emulator.faults().add(Fault::next(CallKind::JobInfo, action)).unwrap();

    let error = fixture.fail(&soql("SELECT Id, Name FROM Account LIMIT 7")).await;

    assert_eq!(kind(&error), ErrorKind::QueryTimeout);
}

#[tokio::test]
async fn a_job_that_is_aborted_or_gone_is_created_again() {
    let cases = [
        (CallKind::JobInfo, Action::AbortJob),
        (CallKind::JobInfo, Action::LoseJob),
        (CallKind::Results, Action::LoseJob),
    ];
    for (call, action) in cases {
        let fixture = Fixture::demo(300).await;
        fixture.emulator.faults().add(Fault { call: Some(call), when: When::Next(2), action: action.clone() }).unwrap();

        fixture.load(&object("Account")).await;

        assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 3, "{action:?}");
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn a_row_whose_jobs_vanish_again_and_again_gives_up() {
    for (action, expected) in [(Action::AbortJob, ErrorKind::JobAborted), (Action::LoseJob, ErrorKind::JobGone)] {
        let fixture = Fixture::demo(300).await;
        fixture.emulator.faults().add(Fault::always(CallKind::JobInfo, action)).unwrap();

        let error = fixture.fail(&object("Account")).await;

        assert_eq!((kind(&error), fixture.emulator.calls(CallKind::JobCreate)), (expected, 3));
        assert!(fixture.memory.table("Account").is_none());
    }
}

#[tokio::test]
async fn the_reason_of_a_failed_job_is_told() {
    let fixture = Fixture::demo(100).await;
    let message = Some("QUERY_TIMEOUT: Your query request\nwas running for too long.".to_owned());
    fixture.emulator.faults().add(Fault::always(CallKind::JobInfo, Action::FailJob { message })).unwrap();

    let error = fixture.fail(&object("Account")).await;

    let told = chain(&error);
    assert!(
        told.ends_with("Salesforce answered QUERY_TIMEOUT: Your query request was running for too long."),
        "{told}"
    );
    assert!(error.is_user_error() && error.hint().unwrap().starts_with("make the query smaller"));
}

#[tokio::test]
async fn a_job_may_be_seen_in_any_order_of_states() {
    let fixture = Fixture::demo(100).await;
    for (at, state) in (1..).zip(["InProgress", "UploadComplete", "Resting", "InProgress", "UploadComplete"]) {
        let action = Action::ReportState { state: state.to_owned() };
        fixture.emulator.faults().add(Fault::nth(CallKind::JobInfo, at, action)).unwrap();
    }

    fixture.load(&object("Account")).await;

    assert!(fixture.emulator.calls(CallKind::JobInfo) > 5);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_job_that_takes_longer_than_its_deadline_is_given_up_and_deleted() {
    let fixture = Fixture::demo(100).await;
    let action = Action::ReportState { state: "InProgress".to_owned() };
    fixture.emulator.faults().add(Fault::always(CallKind::JobInfo, action)).unwrap();
    let job_deadline = Duration::from_secs(3600);

    let spec = RunSpec { job_deadline, ..RunSpec::new(vec![object("Account")]) };
    let error = only(fixture.run(spec).await).outcome.unwrap_err();

    assert_eq!(kind(&error), ErrorKind::Deadline);
    let waited: Duration = fixture.clock.sleeps().iter().sum();
    assert!((job_deadline..job_deadline + MINUTE).contains(&waited), "{waited:?}");
    assert_eq!(fixture.emulator.calls(CallKind::JobDelete), 1);
    assert!(fixture.memory.table("Account").is_none());
}

#[tokio::test]
async fn a_session_may_be_lost_before_any_call() {
    let calls = [
        CallKind::Describe,
        CallKind::Updated,
        CallKind::JobCreate,
        CallKind::JobInfo,
        CallKind::Results,
        CallKind::JobDelete,
        CallKind::Query,
        CallKind::QueryMore,
    ];
    for call in calls {
        let fixture = Fixture::demo(11_000).await;
        fixture.emulator.faults().add(Fault::next(call, Action::ExpireAllSessions)).unwrap();
        // One row for each API, with more than one page by REST.
        let rest = RowSpec { api: orgtap_engine::Api::Rest, ..soql("SELECT Id, Name FROM Contact") };

        let report = fixture.run(RunSpec::new(vec![incremental(object("Account")), rest])).await;

        assert_eq!(report.failures().count(), 0, "{call}: {:?}", report.failures().next());
        assert_eq!(fixture.emulator.calls(CallKind::Login), 2, "{call}");
        assert!(fixture.emulator.faults().list().is_empty(), "{call} was met");
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        let query = "SELECT Id, Name FROM Contact";
        let truth = Records::of_query(&fixture.org, query, orgtap_emulator::Scope::Live);
        assert_same(&fixture.table("Contact"), &truth);
    }
}

#[tokio::test]
async fn what_passes_delays_a_row_and_no_more() {
    let actions = [
        Action::Unavailable,
        Action::NotRouted,
        Action::TooManyRequests { retry_after_secs: Some(7) },
        Action::ConcurrentLimit,
        Action::NotAcceptable,
    ];
    for action in actions {
        let fixture = Fixture::demo(300).await;
        // Every third call of any kind but the sign-in.
        for call in [CallKind::Describe, CallKind::Updated, CallKind::JobCreate, CallKind::JobInfo, CallKind::Results] {
            fixture
                .emulator
                .faults()
                .add(Fault { call: Some(call), when: When::Next(2), action: action.clone() })
                .unwrap();
        }

        fixture.load(&incremental(object("Account"))).await;

        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 3, "{action:?}");
    }
}

#[tokio::test]
async fn a_daily_limit_is_not_run_against() {
    let fixture = Fixture::demo(100).await;
    fixture.emulator.faults().add(Fault::always(CallKind::JobCreate, Action::DailyLimit)).unwrap();

    let error = fixture.fail(&object("Account")).await;

    assert_eq!((kind(&error), fixture.emulator.calls(CallKind::JobCreate)), (ErrorKind::LimitExceeded, 1));
    assert!(error.is_user_error() && error.hint().is_some());
}

#[tokio::test]
async fn a_job_that_cannot_be_deleted_is_no_reason_to_fail() {
    let fixture = Fixture::demo(100).await;
    let refused = Fault::always(CallKind::JobDelete, Action::UnknownException);
    fixture.emulator.faults().add(refused).unwrap();

    fixture.load(&object("Account")).await;

    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_job_whose_creation_was_answered_to_nobody_is_created_again_and_the_lost_one_is_named() {
    let fixture = Fixture::demo(300).await;
    // The org has created the job by the time its answer is cut off.
    let cut =
        Fault { call: Some(CallKind::JobCreate), when: When::Next(2), action: Action::CutBody { after_bytes: 5 } };
    fixture.emulator.faults().add(cut).unwrap();

    let report = fixture.run_row(&object("Case")).await;

    assert_same(&fixture.table("Case"), &fixture.live("Case"));
    assert!(report.outcome.is_ok(), "{report:?}");
    let [note] = report.notes.as_slice() else { panic!("{:?}", report.notes) };
    let named = note.matches("750").count();
    assert_eq!(named, 3, "the job that was read and the two that nobody knew of: {note}");
}

#[tokio::test]
async fn no_more_than_three_jobs_are_created_of_which_nobody_hears() {
    let fixture = Fixture::demo(300).await;
    fixture.emulator.faults().add(Fault::always(CallKind::JobCreate, Action::LoseAnswer)).unwrap();

    let error = fixture.fail(&object("Case")).await;

    let hint = error.hint().unwrap();
    assert!(hint.contains("may have created up to 3 jobs"), "{hint}");
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 3);
}

#[tokio::test]
async fn a_creation_that_is_answered_without_a_job_is_not_repeated() {
    let fixture = Fixture::demo(300).await;
    let body = r#"{"state":"UploadComplete","object":"Case"}"#.to_owned();
    let answer = Action::Answer(CannedAnswer { status: 200, headers: [].into(), body });
    fixture.emulator.faults().add(Fault::always(CallKind::JobCreate, answer)).unwrap();

    let error = fixture.fail(&object("Case")).await;

    assert!(chain(&error).contains("may run in vain"), "{}", chain(&error));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 1);
}

#[tokio::test]
async fn a_job_that_was_not_created_leaves_no_word_of_one() {
    let fixture = Fixture::demo(300).await;
    fixture.emulator.faults().add(Fault::next(CallKind::JobCreate, Action::Unavailable)).unwrap();

    let report = fixture.run_row(&object("Case")).await;

    assert!(report.outcome.is_ok() && report.notes.is_empty(), "{report:?}");
}
