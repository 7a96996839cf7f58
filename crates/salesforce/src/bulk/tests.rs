use std::time::Duration;

use super::{JobId, JobState, Locator, PageBody, WaitOptions};
use crate::scripted::{Reply, Scripted, message};
use crate::{ErrorKind, QueryOperation, Result};

const ID: &str = "750R0000000zlh9IAA";

fn id() -> JobId {
    ID.parse().unwrap()
}

fn job(state: &str) -> Reply {
    job_with(state, "")
}

fn job_with(state: &str, more: &str) -> Reply {
    Reply::json(&format!(
        r#"{{"id":"{ID}","operation":"query","object":"Account","state":"{state}","apiVersion":62.0{more}}}"#
    ))
}

async fn all(mut body: PageBody) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        assert!(chunk.len() <= 1 << 20);
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// Text that is large and hardly gets smaller.
fn large_csv() -> Vec<u8> {
    csv_of(2_000_000)
}

fn csv_of(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut csv = b"\"Id\",\"Name\"\n".to_vec();
    while csv.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        csv.extend_from_slice(format!("\"{state}\",\"{}\"\n", state.rotate_left(31)).as_bytes());
    }
    csv
}

#[tokio::test]
async fn a_job_is_created_from_soql_as_it_stands() {
    let created = job_with("UploadComplete", r#","createdDate":"2018-12-10T17:50:19.000+0000""#);
    let server = Scripted::start([created]).await;

    let job = server
        .client()
        .0
        .create_query_job(QueryOperation::QueryAll, "SELECT Id FROM Account WHERE Name = '\"é\\n'")
        .await
        .unwrap();

    let request = &server.received()[0];
    assert_eq!(request.line, "POST /services/data/v62.0/jobs/query HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json; charset=UTF-8"));
    let sent: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(sent["operation"], "queryAll");
    assert_eq!(sent["query"], "SELECT Id FROM Account WHERE Name = '\"é\\n'");
    assert_eq!(
        (&sent["contentType"], &sent["columnDelimiter"], &sent["lineEnding"]),
        (&"CSV".into(), &"COMMA".into(), &"LF".into())
    );
    assert_eq!((job.id.as_str(), &job.state, job.object.as_deref()), (ID, &JobState::UploadComplete, Some("Account")));
    assert_eq!(job.api_version.unwrap().to_string(), "62.0");
    assert_eq!(job.created.unwrap().to_string(), "2018-12-10T17:50:19Z");
}

#[tokio::test]
async fn a_creation_that_is_answered_with_something_else_than_a_job_is_not_repeated() {
    let without_state = format!(r#"{{"id":"{ID}"}}"#);
    let cases = [
        (r#"{"state":"UploadComplete","object":"Account"}"#, "one of this moment"),
        (r#"{"id":"../../limits","state":"UploadComplete"}"#, "one of this moment"),
        (&without_state, ID),
        ("null", "one of this moment"),
        ("[]", "one of this moment"),
    ];
    for (answer, named) in cases {
        let server = Scripted::start([Reply::json(answer), job("UploadComplete")]).await;

        let created = server.client().0.create_query_job(QueryOperation::Query, "SELECT Id FROM Account").await;

        let error = created.unwrap_err();
        assert_eq!((error.kind(), error.is_answer_lost()), (ErrorKind::UnexpectedAnswer, false), "{answer}");
        assert!(message(&error).contains("may run in vain"), "{}", message(&error));
        assert!(error.hint().unwrap().contains(named), "{:?}", error.hint());
        assert_eq!(server.lines().len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn the_counts_of_a_job_may_be_written_as_text_or_not_at_all() {
    for (written, read) in [("\"40\"", Some(40)), ("40.0", Some(40)), ("40", Some(40)), ("null", None), ("\"\"", None)]
    {
        let more = format!(
            r#","numberRecordsProcessed":{written},"totalProcessingTime":"334","isPkChunkingSupported":"true""#
        );
        let server = Scripted::start([job_with("JobComplete", &more)]).await;

        let job = server.client().0.job(&id()).await.unwrap();

        assert_eq!(job.records_processed, read, "{written}");
        assert_eq!((job.processing_time, job.is_pk_chunking_supported), (Some(Duration::from_millis(334)), Some(true)));
    }
}

#[tokio::test]
async fn refusals_of_a_job_tell_what_else_may_work() {
    let cases = [
        ("API_ERROR", "Selecting compound data not supported in Bulk Query", ErrorKind::UnsupportedByBulk),
        (
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
            ErrorKind::UnsupportedByBulk,
        ),
        ("INVALIDENTITY", "Entity 'TaskStatus' is not supported by the Bulk API.", ErrorKind::UnsupportedByBulk),
        ("API_ERROR", "Entity 'TaskStatus' is not supported by the Bulk API.", ErrorKind::UnsupportedByBulk),
        ("FEATURENOTENABLED", "Cannot serialize value for 'X' in CSV format", ErrorKind::UnsupportedByBulk),
        (
            "FUNCTIONALITY_NOT_ENABLED",
            "Selecting compound data not supported in Bulk Query",
            ErrorKind::UnsupportedByBulk,
        ),
        ("INVALID_FIELD", "No such column 'Foo' on entity 'Account'.", ErrorKind::InvalidQuery),
        ("API_ERROR", "No such column 'Foo' on entity 'Account'.", ErrorKind::InvalidQuery),
        ("MALFORMED_QUERY", "unexpected token: FROM", ErrorKind::InvalidQuery),
        ("INVALID_TYPE", "sObject type 'X' is not supported.", ErrorKind::InvalidQuery),
        (
            "LIMIT_EXCEEDED",
            "Max bulk v2 query jobs (10000) per 24 hrs has been reached (10021)",
            ErrorKind::LimitExceeded,
        ),
        (
            "API_ERROR",
            "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded",
            ErrorKind::LimitExceeded,
        ),
        ("TXN_SECURITY_METERING_ERROR", "We can't complete the action", ErrorKind::Permission),
    ];
    for (code, text, kind) in cases {
        let server = Scripted::start([Reply::refusal(400, code, text)]).await;

        let error =
            server.client().0.create_query_job(QueryOperation::Query, "SELECT Foo FROM Account").await.unwrap_err();

        assert_eq!(error.kind(), kind, "{code}: {text}");
        assert_eq!(message(&error), format!("could not create the query job: Salesforce answered {code}: {text}"));
        assert!(error.is_user_error() && !error.is_transient());
    }
}

#[tokio::test]
async fn waiting_ends_when_the_job_is_complete_whatever_states_come_before() {
    let states = ["UploadComplete", "InProgress", "UploadComplete", "SomethingNew", "InProgress"];
    let done = job_with(
        "JobComplete",
        r#","numberRecordsProcessed":500,"totalProcessingTime":334,"isPkChunkingSupported":true"#,
    );
    let server = Scripted::start(states.iter().map(|state| job(state)).chain([done])).await;
    let (client, clock) = server.client();
    let mut seen = Vec::new();

    let job =
        client.wait_for_job(&id(), &WaitOptions::default(), |job| seen.push(job.state.to_string())).await.unwrap();

    assert_eq!(seen, [&states[..], &["JobComplete"]].concat());
    assert_eq!((job.records_processed, job.is_pk_chunking_supported), (Some(500), Some(true)));
    assert_eq!(job.processing_time, Some(Duration::from_millis(334)));
    assert_waits(&clock.sleeps(), &[50.0, 100.0, 200.0, 250.0, 312.5]);
}

#[tokio::test]
async fn the_first_look_at_a_new_job_waits_as_the_others_do() {
    let server = Scripted::start([job("InProgress"), job("JobComplete")]).await;
    let (client, clock) = server.client();
    let options = WaitOptions { is_new: true, ..WaitOptions::default() };

    client.wait_for_job(&id(), &options, |_| ()).await.unwrap();

    assert_waits(&clock.sleeps(), &[50.0, 100.0]);
}

/// Waits are a quarter shorter at most, by chance.
fn assert_waits(sleeps: &[Duration], milliseconds: &[f64]) {
    assert_eq!(sleeps.len(), milliseconds.len());
    for (sleep, milliseconds) in sleeps.iter().zip(milliseconds) {
        let wait = Duration::from_secs_f64(milliseconds / 1_000.0);
        assert!((wait * 3 / 4..=wait).contains(sleep), "{sleep:?}, not {wait:?}");
    }
}

#[tokio::test]
async fn waits_grow_to_half_a_minute_and_no_further() {
    let server = Scripted::start((0..30).map(|_| job("InProgress")).chain([job("JobComplete")])).await;
    let (client, clock) = server.client();

    client.wait_for_job(&id(), &WaitOptions::default(), |_| ()).await.unwrap();

    let sleeps = clock.sleeps();
    assert!(sleeps[29] > Duration::from_secs(22) && sleeps[29] <= Duration::from_secs(30), "{sleeps:?}");
}

#[tokio::test]
async fn a_failed_job_gives_the_reason_where_there_is_one() {
    let cases = [
        (
            r#","errorMessage":"insufficient access rights on cross-reference id""#,
            "Salesforce answered insufficient access rights",
            ErrorKind::JobFailed,
        ),
        (
            r#","errorMessage":"InvalidBatch : Failed to process query: QUERY_TIMEOUT: too\nlong""#,
            "too long",
            ErrorKind::QueryTimeout,
        ),
        (
            r#","errorMessage":"InternalServerError : Retried more than fifteen times""#,
            "fifteen",
            ErrorKind::QueryTimeout,
        ),
        (r#","errorMessage":null"#, "gave no reason", ErrorKind::JobFailed),
        ("", "gave no reason", ErrorKind::JobFailed),
    ];
    for (more, cause, kind) in cases {
        let server = Scripted::start([job_with("Failed", more)]).await;

        let error = server.client().0.wait_for_job(&id(), &WaitOptions::default(), |_| ()).await.unwrap_err();

        assert_eq!(error.kind(), kind);
        assert!(message(&error).contains(cause), "{}", message(&error));
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn an_aborted_or_vanished_job_ends_the_wait() {
    let gone = Reply::refusal(404, "NOT_FOUND", "The requested resource does not exist");
    let versions = Reply::json(r#"[{"version":"62.0"}]"#);
    let cases = [
        (vec![job("InProgress"), job("Aborted")], ErrorKind::JobAborted),
        (vec![job("InProgress"), gone, versions], ErrorKind::JobGone),
    ];
    for (replies, kind) in cases {
        let server = Scripted::start(replies).await;

        let error = server.client().0.wait_for_job(&id(), &WaitOptions::default(), |_| ()).await.unwrap_err();

        assert_eq!(error.kind(), kind);
        assert!(message(&error).contains(ID));
    }
}

#[tokio::test]
async fn waiting_ends_at_the_deadline_after_a_last_look() {
    let server = Scripted::start(vec![job("InProgress"); 50]).await;
    let (client, clock) = server.client();
    let options = WaitOptions { deadline: Duration::from_secs(10), ..WaitOptions::default() };

    let error = client.wait_for_job(&id(), &options, |_| ()).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(message(&error).ends_with("it was still `InProgress` after 10 s"), "{}", message(&error));
    assert_eq!(clock.sleeps().iter().sum::<Duration>(), Duration::from_secs(10));
    assert_eq!(server.lines().len(), clock.sleeps().len() + 1);
}

#[tokio::test]
async fn a_clock_that_somebody_sets_ends_no_wait() {
    for moment in ["1999-12-31T23:59:59Z", "2099-12-31T23:59:59Z"] {
        let server = Scripted::start([job("InProgress"), job("InProgress"), job("JobComplete")]).await;
        let (client, clock) = server.client();
        let options = WaitOptions { deadline: Duration::from_secs(60), ..WaitOptions::default() };

        let done = client.wait_for_job(&id(), &options, |_| clock.set(moment.parse().unwrap())).await.unwrap();

        assert_eq!((done.state, server.lines().len()), (JobState::JobComplete, 3), "{moment}");
    }
}

#[tokio::test]
async fn a_look_that_fails_on_the_way_does_not_end_the_wait() {
    let server = Scripted::start([job("InProgress"), Reply::html(503), Reply::hang_up(), job("JobComplete")]).await;

    let result = server.client().0.wait_for_job(&id(), &WaitOptions::default(), |_| ()).await;

    assert_eq!(result.unwrap().state, JobState::JobComplete);
}

#[tokio::test]
async fn aborting_and_deleting_what_has_ended_or_is_gone_is_no_error() {
    let versions = || Reply::json(r#"[{"version":"62.0"}]"#);
    let gone = || Reply::refusal(404, "NOT_FOUND", "The requested resource does not exist");
    let ended = Reply::refusal(400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed");
    let server = Scripted::start([job("Aborted"), ended, gone(), versions(), Reply::new(204, ""), gone()]).await;
    let (client, _) = server.client();

    client.abort_job(&id()).await.unwrap();
    client.abort_job(&id()).await.unwrap();
    client.abort_job(&id()).await.unwrap();
    client.delete_job(&id()).await.unwrap();
    client.delete_job(&id()).await.unwrap();

    let requests = server.received();
    assert_eq!(requests[0].line, format!("PATCH /services/data/v62.0/jobs/query/{ID} HTTP/1.1"));
    assert_eq!(requests[0].body, r#"{"state":"Aborted"}"#);
    assert_eq!(requests[4].line, format!("DELETE /services/data/v62.0/jobs/query/{ID} HTTP/1.1"));
}

#[tokio::test]
async fn deleting_a_job_that_runs_is_an_error() {
    let text = "Error encountered when deleting the job because the job is not terminated";
    let server = Scripted::start([Reply::refusal(400, "API_ERROR", text)]).await;

    let error = server.client().0.delete_job(&id()).await.unwrap_err();

    assert!(message(&error).contains(text));
}

#[tokio::test]
async fn pages_are_read_plain_and_inflated_alike() {
    let csv = large_csv();
    for reply in [Reply::csv(csv.clone()), Reply::csv(csv.clone()).gzip()] {
        let server =
            Scripted::start([reply.header("sforce-locator", "MjAwMDAw").header("sforce-numberofrecords", "50000")])
                .await;

        let page = server.client().0.result_page(&id(), None, Some(50_000)).await.unwrap();

        assert_eq!((page.records, page.next), (Some(50_000), Some(Locator::new("MjAwMDAw"))));
        assert_eq!(all(page.body).await.unwrap(), csv);
        let request = &server.received()[0];
        assert_eq!(request.line, format!("GET /services/data/v62.0/jobs/query/{ID}/results?maxRecords=50000 HTTP/1.1"));
        assert_eq!((request.header("accept"), request.header("accept-encoding")), (Some("text/csv"), Some("gzip")));
    }
}

#[tokio::test]
async fn gzip_in_several_members_is_one_page() {
    let (one, two) = (Reply::csv("\"Id\"\n").gzip(), Reply::csv("\"1\"\n").gzip());
    let server = Scripted::start([one.joined(&two)]).await;

    let page = server.client().0.result_page(&id(), None, None).await.unwrap();

    assert_eq!(all(page.body).await.unwrap(), b"\"Id\"\n\"1\"\n");
}

#[tokio::test]
async fn an_empty_page_has_no_bytes() {
    for reply in [Reply::csv(""), Reply::csv("").gzip(), Reply::csv("").header("content-encoding", "gzip")] {
        let server = Scripted::start([reply]).await;

        let page = server.client().0.result_page(&id(), None, None).await.unwrap();

        assert_eq!((page.records, all(page.body).await.unwrap().len()), (None, 0));
    }
}

#[tokio::test]
async fn the_last_page_has_no_locator() {
    let page = || Reply::csv("\"Id\"\n");
    for reply in [page(), page().header("sforce-locator", "null"), page().header("sforce-locator", "")] {
        let server = Scripted::start([reply]).await;

        assert_eq!(server.client().0.result_page(&id(), None, None).await.unwrap().next, None);
    }
}

#[tokio::test]
async fn a_locator_is_escaped_into_the_address() {
    let server = Scripted::start([Reply::csv("")]).await;

    server.client().0.result_page(&id(), Some(&Locator::new("a+/=&b c")), Some(7)).await.unwrap();

    assert!(server.lines()[0].ends_with("/results?locator=a%2B%2F%3D%26b%20c&maxRecords=7"), "{:?}", server.lines());
}

#[tokio::test]
async fn a_page_that_is_cut_short_or_garbled_is_a_transient_error() {
    let gzip = || Reply::csv(large_csv()).gzip();
    let broken = [
        Reply::csv(large_csv()).cut(),
        gzip().cut(),
        gzip().shortened(1),
        gzip().shortened(8),
        gzip().shortened(100_000),
        Reply::csv("\"Id\"\n").gzip().shortened(12),
        gzip().joined(&Reply::csv("rubbish")),
        Reply::csv("not gzip at all").header("content-encoding", "gzip"),
    ];
    for (index, reply) in broken.into_iter().enumerate() {
        let server = Scripted::start([reply]).await;

        let page = server.client().0.result_page(&id(), None, None).await.unwrap();
        let error = all(page.body).await.unwrap_err();

        assert!(error.is_transient(), "{index}: {}", message(&error));
        assert_eq!(error.kind(), ErrorKind::Connection, "{index}");
        assert!(message(&error).contains(ID), "{index}: {}", message(&error));
    }
}

#[tokio::test]
async fn dropping_a_page_ends_its_download() {
    // Small enough to be taken in whole, so that the download waits for the server and not for the reader.
    let csv = csv_of(600_000);
    for reply in [Reply::csv(csv.clone()).stalled(), Reply::csv(csv).gzip().stalled()] {
        let server = Scripted::start([reply]).await;

        let mut page = server.client().0.result_page(&id(), None, None).await.unwrap();
        assert!(page.body.chunk().await.unwrap().is_some());
        drop(page);

        server.hung_up().await;
    }
}

#[tokio::test]
async fn a_refused_page_says_where_to_begin_again() {
    let versions = || Reply::json(r#"[{"version":"62.0"}]"#);
    let gone = Reply::refusal(404, "NOT_FOUND", "The requested resource does not exist");
    let locator = Locator::new("x");
    let cases = [
        (Reply::refusal(400, "API_ERROR", "bad locator"), Some(&locator), ErrorKind::LocatorExpired),
        (
            Reply::refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
            Some(&locator),
            ErrorKind::LocatorExpired,
        ),
        (Reply::refusal(400, "API_ERROR", "not complete"), None, ErrorKind::InvalidQuery),
        (Reply::new(409, ""), None, ErrorKind::JobGone),
        (gone, Some(&locator), ErrorKind::JobGone),
    ];
    for (reply, locator, kind) in cases {
        let server = Scripted::start([reply, versions()]).await;

        let error = server.client().0.result_page(&id(), locator, None).await.unwrap_err();

        assert_eq!(error.kind(), kind, "{}", message(&error));
        assert!(error.hint().unwrap().starts_with("run again"), "{:?}", error.hint());
    }
}

#[tokio::test]
async fn a_page_that_somebody_packs_anew_says_what_to_look_for() {
    for page in [Reply::csv("x").header("content-encoding", "br"), Reply::csv("x").header("content-encoding", "gzip")] {
        let server = Scripted::start([page]).await;

        let error = match server.client().0.result_page(&id(), None, None).await {
            Ok(page) => all(page.body).await.unwrap_err(),
            Err(error) => error,
        };

        assert!(error.hint().unwrap().contains("packs answers anew"), "{error:?}");
    }
}

#[tokio::test]
async fn the_list_of_pages_is_read_in_all_its_spellings() {
    let first = format!(
        r#"{{"resultPages":[{{"resultUrl":"/services/data/v62.0/jobs/query/{ID}/results"}},
        {{"resultUrl":"/services/data/v62.0/jobs/query/{ID}/results?maxRecords=5&Locator=a%2Bb%3D"}},
        {{"resultUrl":"/services/data/v62.0/jobs/query/{ID}/results?locator=a+b"}}],
        "nextRecordsUrl":"/services/data/v62.0/jobs/query/{ID}/resultpages?locator=NEXT","done":false}}"#
    );
    let path = format!("/services/data/v62.0/jobs/query/{ID}");
    let second = format!(r#"{{"resultPages":[],"nextRecordUrl":"{path}/resultPages?locator=THIRD"}}"#);
    let last = format!(
        r#"{{"resultPages":[{{"resultUrl":"{path}/results/?locator=z"}}],"nextRecordsUrl":"/x?locator=ignored","done":true}}"#
    );
    let server = Scripted::start([Reply::json(&first), Reply::json(&second), Reply::json(&last)]).await;
    let (client, _) = server.client();

    let list = client.result_page_list(&id(), None).await.unwrap();
    assert_eq!(list.pages, [None, Some(Locator::new("a+b=")), Some(Locator::new("a+b"))]);
    let list = client.result_page_list(&id(), list.next.as_ref()).await.unwrap();
    assert_eq!((list.pages.len(), list.next.as_ref()), (0, Some(&Locator::new("THIRD"))));
    let list = client.result_page_list(&id(), list.next.as_ref()).await.unwrap();
    assert_eq!((list.pages, list.next), (vec![Some(Locator::new("z"))], None));

    let path = format!("GET /services/data/v62.0/jobs/query/{ID}/resultPages");
    assert_eq!(server.lines(), [path.clone(), format!("{path}?locator=NEXT"), format!("{path}?locator=THIRD")]);
}

#[tokio::test]
async fn a_list_of_pages_that_leads_elsewhere_is_refused() {
    let path = format!("/services/data/v62.0/jobs/query/{ID}");
    let elsewhere = [
        format!("https://evil.example{path}/results?locator=a"),
        format!("//evil.example{path}/results?locator=a"),
        format!("{path}/../750000000000001AAA/results?locator=a"),
        format!("{path}?locator=a"),
        "results?locator=a".to_owned(),
        "http://[?locator=a".to_owned(),
    ];
    for address in elsewhere {
        let page = format!(r#"{{"resultPages":[{{"resultUrl":"{address}"}}],"done":true}}"#);
        let next = format!(
            r#"{{"resultPages":[{{"resultUrl":"{path}/results?locator=a"}}],"nextRecordsUrl":"{address}","done":false}}"#
        );
        let endless = format!(r#"{{"resultPages":[{{"resultUrl":"{path}/results?locator=a"}}],"done":false}}"#);
        for body in [page, next, endless] {
            let server = Scripted::start([Reply::json(&body)]).await;

            let error = server.client().0.result_page_list(&id(), None).await.unwrap_err();

            assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{body}");
        }
    }
}

#[tokio::test]
async fn a_locator_is_sent_as_a_value_whatever_is_in_it() {
    let page = format!(
        r#"{{"resultPages":[{{"resultUrl":"/services/data/v62.0/jobs/query/{ID}/results?locator=..%2F..%2Fx%3Fa%26b"}}],"done":true}}"#
    );
    let server = Scripted::start([Reply::json(&page), Reply::csv("\"Id\"\n")]).await;
    let (client, _) = server.client();
    let list = client.result_page_list(&id(), None).await.unwrap();

    client.result_page(&id(), list.pages[0].as_ref(), None).await.unwrap();

    assert_eq!(
        server.lines()[1],
        format!("GET /services/data/v62.0/jobs/query/{ID}/results?locator=..%2F..%2Fx%3Fa%26b")
    );
}

#[tokio::test]
async fn versions_without_a_list_of_pages_are_not_asked_for_it() {
    let server = Scripted::start([]).await;
    let login = crate::Login::AccessToken { access_token: "T".into(), instance_url: server.url.clone() };
    let connection = crate::Connection { api_version: "57.0".parse().unwrap(), ..server.connection(login) };

    let error = crate::scripted::client(connection).0.result_page_list(&id(), None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnsupportedByBulk);
    assert!(server.lines().is_empty());
}

#[test]
fn only_letters_and_digits_make_a_job_id() {
    assert!(ID.parse::<JobId>().is_ok());
    for text in ["", "../limits", "750 ", "750?x", "é"] {
        assert!(text.parse::<JobId>().is_err(), "{text}");
    }
}
