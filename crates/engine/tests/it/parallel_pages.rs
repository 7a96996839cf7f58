//! Pages that are read several at the same time: the same table as page after page, whatever Salesforce says of where they are.

use std::sync::Arc;

use orgtap_destination::memory::Memory;
use orgtap_emulator::{Action, CallKind, CannedAnswer, EmulatorOptions, Fault, Org, When};
use orgtap_engine::{RowReport, RowTimes, RunEvent, RunSpec};
use orgtap_salesforce::ApiVersion;

use crate::fixture::{Fixture, object, only};
use crate::records::assert_same;

const PAGE_RECORDS: u32 = 10;

async fn fixture() -> Fixture {
    let options = EmulatorOptions { page_records: u64::from(PAGE_RECORDS), ..EmulatorOptions::default() };
    Fixture::with(Org::builder().demo(900).build(), options).await
}

fn spec(connections: usize) -> RunSpec {
    RunSpec { page_records: PAGE_RECORDS, download_connections: connections, ..RunSpec::new(vec![object("Account")]) }
}

async fn run(fixture: &Fixture, connections: usize) -> RowReport {
    only(fixture.run(spec(connections)).await)
}

fn pages(fixture: &Fixture) -> u64 {
    fixture.live("Account").len().div_ceil(PAGE_RECORDS as usize) as u64
}

fn answer(body: &str) -> Action {
    Action::Answer(CannedAnswer { status: 200, headers: std::collections::BTreeMap::new(), body: body.to_owned() })
}

#[tokio::test]
async fn pages_from_a_list_hold_every_record_in_order() {
    for connections in [2, 5, 64] {
        let fixture = fixture().await;

        let report = run(&fixture, connections).await;

        assert_eq!(report.outcome.unwrap().records, fixture.live("Account").len() as u64);
        let (listed, sequence) = (fixture.memory.table("Account").unwrap(), Memory::new());
        let one = only(fixture.run_into(Arc::new(sequence.clone()), spec(1)).await);
        one.outcome.unwrap();
        assert_eq!(Some(listed), sequence.table("Account"), "the order is that of one page after another");
        assert_eq!(fixture.emulator.calls(CallKind::ResultPages), pages(&fixture).div_ceil(5));
    }
}

#[tokio::test]
async fn pages_are_asked_for_at_the_same_time_but_no_more_than_the_connections() {
    let fixture = fixture().await;
    let gate = "pages".to_owned();
    fixture.emulator.faults().add(Fault::always(CallKind::Results, Action::Hold { gate })).unwrap();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(3));
    running.held(fixture.emulator.faults(), "pages").await;
    while fixture.emulator.calls(CallKind::Results) < 3 {
        tokio::task::yield_now().await;
    }
    (0..1000).for_each(|_| std::hint::spin_loop());
    tokio::task::yield_now().await;

    let at_once = fixture.emulator.calls(CallKind::Results);
    fixture.emulator.faults().release("pages");
    running.end().await.outcome.unwrap();

    assert_eq!(at_once, 3);
}

#[tokio::test]
async fn the_report_tells_where_the_time_of_the_row_went_and_what_came_over_the_wire() {
    let fixture = fixture().await;

    let report = run(&fixture, 3).await;

    let RowTimes { planning, job_wait, transfer, commit } = report.times;
    assert!([planning, job_wait, transfer, commit].iter().all(|time| !time.is_zero()), "{:?}", report.times);
    assert!(report.times.waiting() + transfer + commit <= report.elapsed, "{report:?}");
    let bytes = report.outcome.unwrap().bytes;
    assert!((1..bytes).contains(&report.received), "{} of {bytes} bytes, compressed", report.received);
}

#[tokio::test]
async fn a_small_job_costs_no_call_for_a_list() {
    let fixture = Fixture::demo(300).await;

    fixture.load(&object("Account")).await;

    assert_eq!(fixture.emulator.calls(CallKind::ResultPages), 0);
}

#[tokio::test]
async fn where_there_is_no_list_pages_are_read_one_after_another() {
    let refusals = [
        Action::UnknownException,
        answer("{\"resultPages\": [], \"done\": true}"),
        Action::Answer(CannedAnswer {
            status: 404,
            headers: std::collections::BTreeMap::new(),
            body: r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#.to_owned(),
        }),
        answer(
            r#"{"resultPages": [{"resultUrl": "https://evil.example/services/data/v62.0/jobs/query/750/results?locator=x"}], "done": true}"#,
        ),
        answer(
            r#"{"resultPages": [{"resultUrl": "/services/data/v62.0/jobs/query/../../../x?locator=x"}], "done": true}"#,
        ),
        answer(r#"{"resultPages": [{"resultUrl": "/a?locator=x"}, {"resultUrl": "/a?locator=x"}], "done": true}"#),
    ];
    for refusal in refusals {
        let fixture = fixture().await;
        fixture.emulator.faults().add(Fault::always(CallKind::ResultPages, refusal.clone())).unwrap();

        run(&fixture, 4).await.outcome.unwrap();

        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        assert_eq!(fixture.emulator.calls(CallKind::Results), pages(&fixture), "{refusal:?}");
    }
}

#[tokio::test]
async fn below_version_58_pages_are_read_one_after_another() {
    let mut fixture = fixture().await;
    fixture.api_version = "57.0".parse::<ApiVersion>().unwrap();

    run(&fixture, 4).await.outcome.unwrap();

    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_eq!(fixture.emulator.calls(CallKind::ResultPages), 0);
}

#[tokio::test]
async fn a_list_that_does_not_add_up_is_made_good_for_page_after_page() {
    let fixture = fixture().await;
    let mut running = {
        let gate = "list".to_owned();
        fixture.emulator.faults().add(Fault::next(CallKind::ResultPages, Action::Hold { gate })).unwrap();
        fixture.start(Arc::new(fixture.memory.clone()), spec(4))
    };
    running.held(fixture.emulator.faults(), "list").await;
    let job = running.job().await;
    // The list ends after its first five pages.
    let list = fixture.client().result_page_list(&job, None).await.unwrap();
    let urls: Vec<_> = list.pages.iter().flatten().map(|page| page.as_str().to_owned()).collect();
    let url = |locator: &String| {
        format!(r#"{{"resultUrl": "/services/data/v62.0/jobs/query/{job}/results?locator={locator}"}}"#)
    };
    let body = format!(r#"{{"resultPages": [{}], "done": true}}"#, urls.iter().map(url).collect::<Vec<_>>().join(","));
    running.kill().await;
    fixture.emulator.faults().clear();
    fixture.emulator.faults().add(Fault::always(CallKind::ResultPages, answer(&body))).unwrap();

    let report = run(&fixture, 4).await;

    assert_eq!(report.outcome.unwrap().records, fixture.live("Account").len() as u64);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_eq!(fixture.emulator.calls(CallKind::Results), 5 + pages(&fixture));
}

#[tokio::test]
async fn a_page_of_several_that_fails_is_read_again_alone() {
    let faults = [
        Action::ShortPage { missing_records: 3 },
        Action::CutBody { after_bytes: 300 },
        Action::ResetConnection,
        Action::Unavailable,
        Action::TooManyRequests { retry_after_secs: Some(3) },
    ];
    for action in faults {
        let fixture = fixture().await;
        let fault = Fault { call: Some(CallKind::Results), when: When::Every(3), action: action.clone() };
        fixture.emulator.faults().add(fault).unwrap();

        run(&fixture, 3).await.outcome.unwrap();

        assert_same(&fixture.table("Account"), &fixture.live("Account"));
        let calls = fixture.emulator.calls(CallKind::Results);
        assert!(calls <= pages(&fixture) * 3 / 2 + 3, "{action:?}: {calls}");
    }
}

#[tokio::test]
async fn a_session_that_ends_between_pages_is_renewed_once_for_all() {
    let fixture = fixture().await;
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 3, Action::ExpireAllSessions)).unwrap();

    run(&fixture, 4).await.outcome.unwrap();

    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_eq!(fixture.emulator.calls(CallKind::Login), 2);
}

#[tokio::test]
async fn progress_never_exceeds_what_is_there() {
    let fixture = fixture().await;
    let fault =
        Fault { call: Some(CallKind::Results), when: When::Every(3), action: Action::ShortPage { missing_records: 2 } };
    fixture.emulator.faults().add(fault).unwrap();
    let total = fixture.live("Account").len() as u64;

    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(3));
    let mut last = 0;
    loop {
        let progress = |event: &RunEvent| match event {
            RunEvent::Progress { records, .. } => Some(Some(*records)),
            RunEvent::Committing { .. } => Some(None),
            _ => None,
        };
        let Some(records) = running.event(progress).await else { break };
        assert!(records <= total);
        last = records;
    }

    running.end().await.outcome.unwrap();
    assert_eq!(last, total);
}
