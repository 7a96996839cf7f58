//! Pages that go wrong on the way: the right table or an error, never a short one.

use std::sync::Arc;

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault, When};
use orgtap_engine::{Api, Error, RowSpec, RunEvent, RunSpec};
use orgtap_salesforce::Client;

use crate::fixture::{Fixture, Running, chain, object, only, some_of, soql};
use crate::plain_proxy;
use crate::records::assert_same;

/// Four pages of ten records, the last one shorter.
const PAGE_RECORDS: u32 = 10;

fn canned(status: u16, headers: &[(&str, &str)], body: &str) -> Action {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Action::Answer(CannedAnswer { status, headers, body: body.to_owned() })
}

/// What can happen to a page and is over the next time.
fn passing() -> Vec<Action> {
    let mut faults = vec![
        Action::ShortPage { missing_records: 1 },
        Action::ShortPage { missing_records: 10 },
        Action::TurnHeader,
        Action::ResetConnection,
        Action::EmptyBody,
        Action::Unavailable,
        Action::NotRouted,
        Action::UnknownException,
        Action::NotAcceptable,
        Action::ConcurrentLimit,
        Action::TooManyRequests { retry_after_secs: None },
        Action::TooManyRequests { retry_after_secs: Some(120) },
        Action::ExpireAllSessions,
        canned(502, &[("content-type", "text/html")], "<html>Bad Gateway</html>"),
        canned(504, &[], ""),
    ];
    // Within the header of the page, within a record, and close to the end.
    faults.extend([0, 1, 5, 100, 500, 1_500].map(|after_bytes| Action::CutBody { after_bytes }));
    faults
}

/// What never becomes right, however often it is asked for.
fn lasting() -> Vec<Action> {
    let mut faults = passing();
    faults.retain(|fault| !matches!(fault, Action::TooManyRequests { .. }));
    faults.extend([
        canned(200, &[("content-type", "text/html")], "<html>Please sign in</html>"),
        canned(200, &[("sforce-locator", "null")], ""),
        canned(200, &[("sforce-locator", "null")], "\"Id\"\n"),
        canned(200, &[("sforce-locator", "null"), ("sforce-numberofrecords", "0")], "\"Id\",\"Name\"\n"),
        canned(
            200,
            &[("sforce-locator", "null"), ("sforce-numberofrecords", "1")],
            "\"Id\",\"Name\"\n\"x\",\"unclosed\n",
        ),
        canned(404, &[], r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#),
        canned(400, &[], r#"[{"errorCode":"INVALID_LOCATOR","message":"invalid locator"}]"#),
        canned(409, &[], r#"[{"errorCode":"API_ERROR","message":"API version mismatch"}]"#),
        canned(403, &[], r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#),
    ]);
    faults
}

async fn run(fixture: &Fixture, row: &RowSpec) -> Result<u64, Error> {
    fixture.run_paged(row, PAGE_RECORDS).await.outcome.map(|loaded| loaded.records)
}

/// Runs into `action` on one of the four pages.
async fn fails_once(fixture: &Fixture, client: Client, page: u64, action: Action) {
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, page, action.clone())).unwrap();

    let spec =
        RunSpec { page_records: PAGE_RECORDS, download_connections: 1, ..RunSpec::new(vec![object("Shipment__c")]) };
    let outcome = only(fixture.run_as(&client, spec).await).outcome;

    let loaded = outcome.unwrap_or_else(|error| panic!("{action:?} on page {page}: {}", chain(&error)));
    assert_eq!(loaded.records, fixture.live("Shipment__c").len() as u64, "{action:?} on page {page}");
    assert_same(&fixture.table("Shipment__c"), &fixture.live("Shipment__c"));
    assert!(fixture.emulator.faults().list().is_empty(), "{action:?} on page {page} was met");
}

#[tokio::test]
async fn a_page_that_fails_once_is_read_again() {
    for (action, page) in passing().into_iter().zip([1, 2, 4].into_iter().cycle()) {
        let fixture = Fixture::demo(600).await;
        fails_once(&fixture, fixture.client(), page, action).await;
    }
}

#[tokio::test]
async fn a_page_that_is_not_compressed_and_fails_once_is_read_again() {
    for (action, page) in passing().into_iter().zip([2, 4, 1].into_iter().cycle()) {
        // The session comes from elsewhere, so it cannot be opened again.
        if action != Action::ExpireAllSessions {
            let fixture = Fixture::demo(600).await;
            let proxy = plain_proxy::start(&fixture.emulator.url()).await;
            fails_once(&fixture, fixture.client_at(proxy), page, action).await;
        }
    }
}

#[tokio::test]
async fn every_other_page_may_fail() {
    for action in [Action::CutBody { after_bytes: 700 }, Action::ShortPage { missing_records: 3 }, Action::Unavailable]
    {
        let fixture = Fixture::demo(600).await;
        let fault = Fault { call: Some(CallKind::Results), when: When::Every(2), action };
        fixture.emulator.faults().add(fault).unwrap();

        run(&fixture, &object("Shipment__c")).await.unwrap();

        assert_same(&fixture.table("Shipment__c"), &fixture.live("Shipment__c"));
    }
}

#[tokio::test]
async fn a_page_that_never_comes_right_fails_the_row_and_leaves_the_table_as_it_was() {
    for action in lasting() {
        let fixture = Fixture::demo(600).await;
        fixture.load(&object("Shipment__c")).await;
        let before = fixture.table("Shipment__c");
        let [changed] = fixture.first("Shipment__c");
        fixture.set(changed, "Goods__c", "changed");
        // The first page comes through: what was written of it must go too.
        for page in 2..100 {
            fixture.emulator.faults().add(Fault::nth(CallKind::Results, page, action.clone())).unwrap();
        }

        let outcome = run(&fixture, &object("Shipment__c")).await;

        let error = outcome.err().unwrap_or_else(|| panic!("{action:?} gave a table"));
        assert!(matches!(error, Error::Salesforce(_) | Error::Incomplete { .. }), "{action:?}: {error:?}");
        assert_same(&fixture.table("Shipment__c"), &before);
        let calls = |kind| fixture.emulator.calls(kind);
        assert!(calls(CallKind::Results) <= 2 + 8, "{action:?}: {} attempts", calls(CallKind::Results));
        // The next run makes good for it, and no job is left behind.
        fixture.emulator.faults().clear();
        run(&fixture, &object("Shipment__c")).await.unwrap();
        assert_same(&fixture.table("Shipment__c"), &fixture.live("Shipment__c"));
        let created = fixture.emulator.calls(CallKind::JobCreate);
        assert!(fixture.emulator.calls(CallKind::JobDelete) >= created, "{action:?}");
    }
}

#[tokio::test]
async fn a_page_with_too_few_columns_is_refused() {
    let fixture = Fixture::demo(600).await;
    let page = canned(200, &[("sforce-locator", "null"), ("sforce-numberofrecords", "1")], "\"Id\"\n\"001\"\n");
    fixture.emulator.faults().add(Fault::always(CallKind::Results, page)).unwrap();

    let error = run(&fixture, &some_of("Account", &["Id", "Name"])).await.unwrap_err();

    let message = "could not read the records whole: the page has the columns Id, where Id,Name were asked for";
    assert_eq!(chain(&error), message);
}

#[tokio::test]
async fn a_page_in_the_place_of_another_fails_the_row() {
    let fixture = Fixture::demo(600).await;
    let (running, first, [_, third]) = hold_first_page(&fixture, some_of("Account", &["Id"])).await;
    // All counts add up: ten records for ten, and the page after is the right one.
    let headers = [("sforce-locator", third.as_str()), ("sforce-numberofrecords", "10")];
    fixture.emulator.faults().add(Fault::next(CallKind::Results, canned(200, &headers, &first))).unwrap();
    fixture.emulator.faults().release("first page");

    let error = running.end().await.outcome.unwrap_err();

    assert_eq!(chain(&error), "could not read the records whole: two pages begin with the same record");
    assert!(fixture.memory.table("Account").is_none());
}

#[tokio::test]
async fn results_that_end_too_early_fail_the_row() {
    let fixture = Fixture::demo(600).await;
    // The page is as it says, and it says that it is the last.
    let headers = [("sforce-locator", "null"), ("sforce-numberofrecords", "1")];
    let page = canned(200, &headers, "\"Id\"\n\"001000000000000AAA\"\n");
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 2, page)).unwrap();
    let accounts = fixture.live("Account").len();

    let error = run(&fixture, &some_of("Account", &["Id"])).await.unwrap_err();

    let message = format!("could not read the records whole: the job found {accounts} records, its pages hold 11");
    assert_eq!(chain(&error), message);
    assert!(fixture.memory.table("Account").is_none());
}

#[tokio::test]
async fn results_of_which_nobody_says_where_they_end_fail_the_row() {
    let count_of_records = r#","numberRecordsProcessed":3"#;
    for (count, locator, is_right) in [("", None, false), ("", Some("null"), true), (count_of_records, None, true)] {
        let fixture = Fixture::demo(600).await;
        let job = format!(r#"{{"id":"750R0000000zxr8IAA","state":"JobComplete"{count}}}"#);
        let page = "\"Id\"\n\"001R0000000zlh1IAA\"\n\"001R0000000zlh2IAA\"\n\"001R0000000zlh3IAA\"\n";
        let headers: Vec<_> =
            [("content-type", "text/csv")].into_iter().chain(locator.map(|text| ("sforce-locator", text))).collect();
        let faults = fixture.emulator.faults();
        faults
            .add(Fault::always(CallKind::JobInfo, canned(200, &[("content-type", "application/json")], &job)))
            .unwrap();
        faults.add(Fault::always(CallKind::Results, canned(200, &headers, page))).unwrap();

        let outcome = run(&fixture, &soql("SELECT Id FROM Account")).await;

        assert_eq!(outcome.is_ok(), is_right, "{count} {locator:?}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(matches!(error, Error::Incomplete { .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_page_that_names_itself_as_the_next_one_fails_the_row() {
    let fixture = Fixture::demo(600).await;
    let (running, _, [second, _]) = hold_first_page(&fixture, some_of("Account", &["Id"])).await;
    let headers = [("sforce-locator", second.as_str()), ("sforce-numberofrecords", "1")];
    fixture
        .emulator
        .faults()
        .add(Fault::next(CallKind::Results, canned(200, &headers, "\"Id\"\n\"001000000000000AAA\"\n")))
        .unwrap();
    fixture.emulator.faults().release("first page");

    let error = running.end().await.outcome.unwrap_err();

    assert_eq!(chain(&error), "could not read the records whole: two pages name the same page as the next");
    assert!(fixture.memory.table("Account").is_none());
}

/// Starts `row` and holds its first page. Returns the text of that page meanwhile, and the locators of the two pages after it.
async fn hold_first_page(fixture: &Fixture, row: RowSpec) -> (Running, String, [String; 2]) {
    let gate = "first page".to_owned();
    fixture.emulator.faults().add(Fault::next(CallKind::Results, Action::Hold { gate })).unwrap();
    let spec = RunSpec { page_records: PAGE_RECORDS, download_connections: 1, ..RunSpec::new(vec![row]) };
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec);
    running.held(fixture.emulator.faults(), "first page").await;
    let job = running.job().await;

    let client = fixture.client();
    let mut first = client.result_page(&job, None, Some(PAGE_RECORDS)).await.unwrap();
    let second = first.next.clone().unwrap();
    let third = client.result_page(&job, Some(&second), Some(PAGE_RECORDS)).await.unwrap().next.unwrap();
    let mut text = Vec::new();
    while let Some(chunk) = first.body.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    (running, String::from_utf8(text).unwrap(), [second, third].map(|locator| locator.as_str().to_owned()))
}

#[tokio::test]
async fn locators_that_lead_in_a_circle_fail_the_row() {
    let fixture = Fixture::demo(600).await;
    for page in 1..200 {
        let next = ["a", "b", "c"][page as usize % 3];
        let headers = [("sforce-locator", next), ("sforce-numberofrecords", "1")];
        let body = "\"Industry\"\n\"Banking\"\n";
        fixture.emulator.faults().add(Fault::nth(CallKind::Results, page, canned(200, &headers, body))).unwrap();
    }

    let error = run(&fixture, &some_of("Account", &["Industry"])).await.unwrap_err();

    assert_eq!(chain(&error), "could not read the records whole: two pages name the same page as the next");
    assert_eq!(fixture.emulator.calls(CallKind::Results), 4);
    assert!(fixture.memory.table("Account").is_none());
}

#[tokio::test]
async fn progress_takes_back_the_records_of_a_page_that_is_read_again() {
    let fixture = Fixture::demo(600).await;
    let fault = Fault::nth(CallKind::Results, 2, Action::ShortPage { missing_records: 4 });
    fixture.emulator.faults().add(fault).unwrap();
    let spec =
        RunSpec { page_records: PAGE_RECORDS, download_connections: 1, ..RunSpec::new(vec![object("Shipment__c")]) };
    let total = fixture.live("Shipment__c").len() as u64;

    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec);
    let mut told = Vec::new();
    loop {
        let progress = |event: &RunEvent| match event {
            RunEvent::Progress { records, expected, .. } => Some(Some((*records, *expected))),
            RunEvent::Committing { .. } => Some(None),
            _ => None,
        };
        let Some(progress) = running.event(progress).await else { break };
        told.push(progress);
    }

    running.end().await.outcome.unwrap();
    assert_eq!(told.last(), Some(&(total, Some(total))));
    assert!(told.iter().all(|(records, _)| *records <= total), "{told:?}");
    assert!(!told.is_sorted(), "some were taken back: {told:?}");
}

#[tokio::test]
async fn a_record_without_an_id_fails_the_row() {
    for (api, call, body) in [
        (Api::Bulk, CallKind::Results, "\"Id\",\"Name\"\n\"001000000000001AAA\",\"a\"\n\"\",\"b\"\n"),
        (
            Api::Rest,
            CallKind::Query,
            r#"{"totalSize": 1, "done": true, "records": [{"attributes": {"type": "Account"}, "Id": null, "Name": "b"}]}"#,
        ),
    ] {
        let fixture = Fixture::demo(100).await;
        let headers = [("sforce-locator", "null"), ("sforce-numberofrecords", "2")];
        fixture.emulator.faults().add(Fault::always(call, canned(200, &headers, body))).unwrap();

        let error = fixture.fail(&RowSpec { api, ..some_of("Account", &["Id", "Name"]) }).await;

        assert_eq!(chain(&error), "could not read the records whole: a record has no Id");
        assert!(fixture.memory.table("Account").is_none());
    }
}

#[tokio::test]
async fn pages_of_a_rest_query_are_right_or_the_row_fails() {
    let row = RowSpec { api: Api::Rest, ..some_of("Contact", &["Id", "Name"]) };
    let repeat = canned(200, &[], r#"{"totalSize": 4400, "done": true, "records": []}"#);
    let endless = canned(
        200,
        &[],
        r#"{"totalSize": 4400, "done": false, "records": [], "nextRecordsUrl": "/services/data/v62.0/query/01g-1"}"#,
    );

    for action in passing() {
        if matches!(action, Action::ShortPage { .. } | Action::TurnHeader) {
            continue;
        }
        let fixture = Fixture::demo(11_000).await;
        fixture.emulator.faults().add(Fault::next(CallKind::Query, action.clone())).unwrap();
        fixture.emulator.faults().add(Fault::next(CallKind::QueryMore, action.clone())).unwrap();

        let loaded = fixture.run_row(&row).await.outcome;

        let loaded = loaded.unwrap_or_else(|error| panic!("{action:?}: {}", chain(&error)));
        assert_eq!(loaded.records as usize, fixture.table("Contact").len(), "{action:?}");
        assert_eq!(fixture.table("Contact").column("Id"), fixture.live("Contact").column("Id"), "{action:?}");
    }
    for action in [repeat, endless] {
        let fixture = Fixture::demo(11_000).await;
        let fault = Fault { call: Some(CallKind::QueryMore), when: When::Next(20), action };
        fixture.emulator.faults().add(fault).unwrap();

        let error = fixture.fail(&row).await;

        assert!(matches!(error, Error::Incomplete { .. }), "{error:?}");
        assert!(fixture.memory.table("Contact").is_none());
    }
}
