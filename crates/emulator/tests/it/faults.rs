//! Every fault, as a client meets it.

use std::time::Duration;

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault};

use crate::{
    bulk::{JOBS, complete_job, create_job},
    client::{Fixture, read_answer},
};

const LIMITS: &str = "/services/data/v62.0/limits";

#[tokio::test]
async fn answers_of_faults_are_those_of_salesforce() {
    let fixture = Fixture::new().await;
    let canned =
        CannedAnswer { status: 418, headers: [("X-Tea".to_owned(), "pot".to_owned())].into(), body: "tea".to_owned() };
    let table = [
        (Action::Unavailable, 503, "text/html; charset=UTF-8", "down for maintenance"),
        (Action::NotRouted, 420, "text/html; charset=UTF-8", "setting things up"),
        (Action::DailyLimit, 403, "application/json;charset=UTF-8", "TotalRequests Limit exceeded."),
        (Action::ConcurrentLimit, 403, "application/json;charset=UTF-8", "ConcurrentPerOrgLongTxn Limit exceeded."),
        (Action::UnknownException, 500, "application/json;charset=UTF-8", "UNKNOWN_EXCEPTION"),
        (Action::NotAcceptable, 406, "", ""),
        (Action::EmptyBody, 200, "", ""),
        (Action::Answer(canned), 418, "", "tea"),
    ];
    for (action, status, content_type, text) in table {
        fixture.emulator.faults().add(Fault::next(CallKind::Limits, action.clone())).unwrap();

        let answer = fixture.get(LIMITS).await;

        assert_eq!(answer.status, status, "{action:?}");
        assert_eq!(answer.header("content-type").unwrap_or_default(), content_type, "{action:?}");
        assert!(answer.text().contains(text) && answer.text().is_empty() == text.is_empty(), "{}", answer.text());
        assert_eq!(fixture.get(LIMITS).await.status, 200, "{action:?}");
    }
}

#[tokio::test]
async fn too_many_requests_says_when_to_come_back() {
    let fixture = Fixture::new().await;
    for retry_after_secs in [Some(7), None] {
        fixture
            .emulator
            .faults()
            .add(Fault::next(CallKind::Limits, Action::TooManyRequests { retry_after_secs }))
            .unwrap();

        let answer = fixture.get(LIMITS).await;

        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), retry_after_secs.map(|_| "7"));
    }
}

#[tokio::test]
async fn a_reset_connection_answers_nothing() {
    let fixture = Fixture::new().await;
    fixture.emulator.faults().add(Fault::next(CallKind::Limits, Action::ResetConnection)).unwrap();
    let bearer = format!("Bearer {}", fixture.settings.access_token);
    let headers = [("Authorization", bearer.as_str())];

    assert!(fixture.exchange("GET", LIMITS, &headers, &[]).await.is_empty());
    assert_eq!(fixture.get(LIMITS).await.status, 200);
}

#[tokio::test]
async fn a_cut_body_breaks_off_where_it_is_told_to() {
    let fixture = Fixture::new().await;
    let job = complete_job(&fixture, "SELECT Id, Name, Description FROM Account").await;
    let results = format!("{JOBS}/{job}/results");
    for (path, kind) in
        [(results.as_str(), CallKind::Results), ("/services/data/v62.0/sobjects/Account/describe", CallKind::Describe)]
    {
        for encoding in ["identity", "gzip"] {
            let headers = [("Accept-Encoding", encoding)];
            let whole = fixture.send("GET", path, &headers, &[]).await;
            assert!(whole.complete);
            for after_bytes in [0, 1, 5_000] {
                fixture.emulator.faults().add(Fault::next(kind, Action::CutBody { after_bytes })).unwrap();

                let cut = fixture.send("GET", path, &headers, &[]).await;

                assert_eq!((cut.status, cut.complete), (200, false), "{path} {encoding} {after_bytes}");
                assert_eq!(cut.body, whole.body[..usize::try_from(after_bytes).unwrap()]);
            }
        }
    }
}

#[tokio::test]
async fn a_reset_body_breaks_off_before_its_end() {
    let fixture = Fixture::new().await;
    let path = "/services/data/v62.0/sobjects/Account/describe";
    let whole = fixture.get(path).await;
    fixture.emulator.faults().add(Fault::next(CallKind::Describe, Action::ResetBody { after_bytes: 500 })).unwrap();

    let bearer = format!("Bearer {}", fixture.settings.access_token);
    let bytes = fixture.exchange("GET", path, &[("Authorization", bearer.as_str())], &[]).await;

    assert!(bytes.len() < whole.body.len(), "{}", bytes.len());
}

#[tokio::test]
async fn a_truncated_body_ends_in_good_order() {
    let fixture = Fixture::new().await;
    let job = complete_job(&fixture, "SELECT Id, Name, Description FROM Account").await;
    let results = format!("{JOBS}/{job}/results");
    for (path, kind) in
        [(results.as_str(), CallKind::Results), ("/services/data/v62.0/sobjects/Account/describe", CallKind::Describe)]
    {
        for encoding in ["identity", "gzip"] {
            let headers = [("Accept-Encoding", encoding)];
            let whole = fixture.send("GET", path, &headers, &[]).await.body;
            let ends = [(0, 0), (1, 1), (700, 700), (-1, whole.len() - 1), (i64::MIN, 0), (i64::MAX, whole.len())];
            for (at, end) in ends {
                fixture.emulator.faults().add(Fault::next(kind, Action::TruncateBody { at })).unwrap();

                let short = fixture.send("GET", path, &headers, &[]).await;

                assert_eq!((short.status, short.complete), (200, true), "{path} {encoding} {at}");
                assert_eq!(short.body, whole[..end], "{path} {encoding} {at}");
            }
        }
    }
}

#[tokio::test]
async fn a_stalled_body_goes_on_when_its_gate_opens() {
    let fixture = Fixture::new().await;
    let path = "/services/data/v62.0/sobjects/Account/describe";
    let whole = fixture.get(path).await;
    let faults = fixture.emulator.faults();
    let stall = Action::StallBody { after_bytes: 700, gate: "slow".to_owned() };
    faults.add(Fault::next(CallKind::Describe, stall)).unwrap();

    let script = async {
        faults.held("slow").await;
        assert_eq!(fixture.get(LIMITS).await.status, 200);
        faults.release("slow");
    };
    let (stalled, ()) = tokio::join!(fixture.get(path), script);

    assert!(stalled.complete);
    assert_eq!(stalled.body, whole.body);
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_was_carried_out() {
    let fixture = Fixture::new().await;
    fixture.emulator.faults().add(Fault::next(CallKind::JobCreate, Action::LoseAnswer)).unwrap();
    let bearer = format!("Bearer {}", fixture.settings.access_token);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = br#"{"operation":"query","query":"SELECT Id FROM User"}"#;

    assert!(fixture.exchange("POST", JOBS, &headers, body).await.is_empty());

    let jobs = fixture.get(JOBS).await.json();
    assert_eq!(jobs["records"].as_array().unwrap().len(), 1, "{jobs}");
}

#[tokio::test]
async fn pages_repeat_and_lead_astray_on_demand() {
    let fixture = Fixture::new().await;
    let job = complete_job(&fixture, "SELECT Id FROM User").await;
    let page = format!("{JOBS}/{job}/results?maxRecords=2");
    let first = fixture.get(&page).await;
    let second = format!("{page}&locator={}", first.header("sforce-locator").unwrap());
    let faults = fixture.emulator.faults();

    faults.add(Fault::next(CallKind::Results, Action::RepeatPage)).unwrap();
    assert_eq!(fixture.get(&second).await.body, first.body);
    assert_ne!(fixture.get(&second).await.body, first.body);

    faults.add(Fault::next(CallKind::Results, Action::ShiftPage { records: 1 })).unwrap();
    let shifted = fixture.get(&second).await;
    assert_eq!(shifted.text().lines().nth(1), first.text().lines().nth(2));
    assert_eq!(shifted.text().lines().count(), first.text().lines().count());

    faults.add(Fault::next(CallKind::Results, Action::ReportLocator { locator: "astray".to_owned() })).unwrap();
    let astray = fixture.get(&page).await;
    assert_eq!((astray.header("sforce-locator"), &astray.body), (Some("astray"), &first.body));
    assert_eq!(fixture.get(&format!("{page}&locator=astray")).await.refusal().1, "INVALID_LOCATOR");
}

#[tokio::test]
async fn the_names_of_a_page_may_stand_in_another_order_than_its_values() {
    let fixture = Fixture::new().await;
    let job = complete_job(&fixture, "SELECT Id, Username, IsActive FROM User").await;
    let page = format!("{JOBS}/{job}/results");
    let right = fixture.get(&page).await;
    fixture.emulator.faults().add(Fault::next(CallKind::Results, Action::TurnHeader)).unwrap();

    let turned = fixture.get(&page).await;

    let (header, values) =
        turned.text().split_once('\n').map(|(header, values)| (header.to_owned(), values.to_owned())).unwrap();
    assert_eq!(header, "\"Username\",\"IsActive\",\"Id\"");
    assert_eq!(values, right.text().split_once('\n').unwrap().1);
    assert_eq!(fixture.get(&page).await.body, right.body);
}

#[tokio::test]
async fn a_job_may_tell_a_wrong_number_of_records() {
    let fixture = Fixture::new().await;
    let job = complete_job(&fixture, "SELECT Id FROM User").await;
    fixture.emulator.faults().add(Fault::next(CallKind::JobInfo, Action::ReportRecords { records: 1_000 })).unwrap();

    let told = async || fixture.get(&format!("{JOBS}/{job}")).await.json()["numberRecordsProcessed"].clone();
    assert_eq!(told().await, 1_000);
    assert_ne!(told().await, 1_000);
}

#[tokio::test]
async fn a_short_page_holds_less_than_its_header_says() {
    let fixture = Fixture::new().await;
    let job = complete_job(&fixture, "SELECT Id FROM User").await;
    fixture.emulator.faults().add(Fault::next(CallKind::Results, Action::ShortPage { missing_records: 3 })).unwrap();

    let page = fixture.get(&format!("{JOBS}/{job}/results")).await;

    let records: usize = page.header("sforce-numberofrecords").unwrap().parse().unwrap();
    assert!(page.complete);
    assert_eq!(page.text().lines().count() - 1, records - 3);
}

#[tokio::test]
async fn sessions_are_lost_one_or_all() {
    let fixture = Fixture::new().await;
    fixture.emulator.faults().add(Fault::next(CallKind::Limits, Action::ExpireSession)).unwrap();
    assert_eq!(fixture.get(LIMITS).await.refusal().1, "INVALID_SESSION_ID");
    assert_eq!(fixture.get(LIMITS).await.status, 401);

    let other = format!("Bearer {}", fixture.emulator.settings().access_token);
    let limits = async || fixture.send_bare("GET", LIMITS, &[("Authorization", &other)], &[]).await.status;
    assert_eq!(limits().await, 200);
    fixture.emulator.faults().add(Fault::next(CallKind::Query, Action::ExpireAllSessions)).unwrap();
    fixture.query("SELECT Id FROM User").await;
    assert_eq!(limits().await, 401);
}

#[tokio::test]
async fn a_held_call_is_answered_when_its_gate_opens() {
    let fixture = Fixture::new().await;
    let faults = fixture.emulator.faults();
    faults.add(Fault::next(CallKind::Limits, Action::Hold { gate: "slow".to_owned() })).unwrap();

    let script = async {
        faults.held("slow").await;
        assert_eq!(fixture.get(LIMITS).await.status, 200);
        faults.release("slow");
    };
    let (held, ()) = tokio::join!(fixture.get(LIMITS), script);

    assert_eq!(held.status, 200);
    faults.add(Fault::next(CallKind::Limits, Action::Hold { gate: "slow".to_owned() })).unwrap();
    let again = async {
        faults.held("slow").await;
        faults.clear();
    };
    let (held_again, ()) = tokio::join!(fixture.get(LIMITS), again);
    assert_eq!(held_again.status, 200);
}

#[tokio::test]
async fn a_shutdown_lets_held_calls_go() {
    let fixture = Fixture::new().await;
    fixture.emulator.faults().add(Fault::next(CallKind::Versions, Action::Hold { gate: "slow".to_owned() })).unwrap();
    let address = fixture.settings.url.strip_prefix("http://").unwrap().to_owned();
    let held = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /services/data HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        read_answer(&bytes, false).unwrap().status
    });
    fixture.emulator.faults().held("slow").await;

    tokio::time::timeout(Duration::from_secs(30), fixture.emulator.shutdown()).await.unwrap();

    assert_eq!(held.await.unwrap(), 200);
}

#[tokio::test]
async fn jobs_fail_abort_and_vanish_on_demand() {
    let fixture = Fixture::new().await;
    let soql = "SELECT Id FROM User";
    let message = "InternalServerError : Retried more than fifteen times".to_owned();
    let table = [
        (CallKind::JobCreate, Action::FailJob { message: Some(message.clone()) }, "Failed", Some(message.as_str())),
        (CallKind::JobInfo, Action::FailJob { message: None }, "Failed", None),
        (CallKind::JobInfo, Action::AbortJob, "Aborted", None),
    ];
    for (kind, action, state, error) in table {
        fixture.emulator.faults().add(Fault::next(kind, action)).unwrap();
        let job = create_job(&fixture, soql).await;

        let document = fixture.get(&format!("{JOBS}/{job}")).await.json();

        assert_eq!(document["state"], state);
        assert_eq!(document["errorMessage"].as_str(), error);
        assert_eq!(fixture.get(&format!("{JOBS}/{job}/results")).await.refusal().0, 400);
    }

    fixture.emulator.faults().add(Fault::next(CallKind::Results, Action::LoseJob)).unwrap();
    let job = complete_job(&fixture, soql).await;
    assert_eq!(fixture.get(&format!("{JOBS}/{job}/results")).await.refusal().1, "NOT_FOUND");
}

#[tokio::test]
async fn states_may_go_backwards_and_need_not_exist() {
    let fixture = Fixture::new().await;
    let job = create_job(&fixture, "SELECT Id FROM User").await;
    let report = |n, state: &str| Fault::nth(CallKind::JobInfo, n, Action::ReportState { state: state.to_owned() });
    fixture.emulator.faults().add(report(2, "UploadComplete")).unwrap();
    fixture.emulator.faults().add(report(3, "Pondering")).unwrap();

    let mut states = Vec::new();
    for _ in 0..4 {
        states.push(fixture.get(&format!("{JOBS}/{job}")).await.json()["state"].as_str().unwrap().to_owned());
    }

    assert_eq!(states, ["InProgress", "UploadComplete", "Pondering", "JobComplete"]);
}
