//! Documents whose values make no sense: numbers that are none, dates of no calendar, nesting without end, XML that asks for more.

use super::*;
use crate::scripted::client;
use crate::{JobId, QueryOperation};

fn id() -> JobId {
    "750000000000001AAA".parse().unwrap()
}

const NO_COUNTS: [&str; 8] = ["-1", "9223372036854775808", "1e400", "1.5", "\"NaN\"", "\"-1\"", "true", "[]"];

#[tokio::test]
async fn a_count_of_a_job_that_is_none_is_refused() {
    for count in NO_COUNTS {
        let body = format!(r#"{{"id":"{}","state":"JobComplete","numberRecordsProcessed":{count}}}"#, id());
        let server = Scripted::start(vec![Reply::json(&body); 8]).await;

        let error = server.client().0.job(&id()).await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "something else than was asked for");
    }
}

#[tokio::test]
async fn a_count_of_a_query_that_is_none_is_refused() {
    for count in NO_COUNTS {
        let body = format!(r#"{{"totalSize":{count},"done":true,"records":[]}}"#);
        let server = Scripted::start(vec![Reply::json(&body); 8]).await;

        let error = server.client().0.query("SELECT Id FROM A", QueryOperation::Query).await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "something else than was asked for");
    }
}

#[tokio::test]
async fn a_count_of_a_page_that_is_none_is_refused() {
    for count in ["-1", "18446744073709551616", "9223372036854775808", "NaN", "1.0", "", "é"] {
        let page = Reply::csv("\"Id\"\n").header("Sforce-NumberOfRecords", count);
        let server = Scripted::start(vec![page; 8]).await;

        let error = server.client().0.result_page(&id(), None, None).await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "sforce-numberofrecords");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn nesting_without_end_is_refused_wherever_it_stands() {
    let lists = "[".repeat(100_000);
    let records = r#"{"a":"#.repeat(100_000);
    for deep in [lists, records] {
        let bodies = [
            deep.clone(),
            format!(r#"{{"totalSize":1,"done":true,"records":{deep}"#),
            format!(r#"{{"totalSize":1,"done":true,"records":[{{"a":{deep}"#),
            format!(
                r#"{{"totalSize":1,"done":true,"records":[{{"a":{}1{}}}]}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            format!(r#"{{"totalSize":1,"done":true,"unknown":{deep}"#),
        ];
        for body in bodies {
            let server = Scripted::start(vec![Reply::json(&body); 8]).await;

            let error = server.client().0.query("SELECT Id FROM A", QueryOperation::Query).await.unwrap_err();

            assert_kind(&error, ErrorKind::UnexpectedAnswer, "something else than was asked for");
        }
        let (_, error) = limits(Reply::new(400, deep)).await;
        assert_kind(&error, ErrorKind::UnexpectedAnswer, "HTTP 400");
    }
}

#[tokio::test]
async fn text_that_is_no_json_is_refused_without_being_repeated() {
    let bodies: [&[u8]; 6] = [
        b"{\"name\":\"hidden\xff\",\"fields\":[]}",
        b"{\"name\":\"hidden\\ud800\",\"fields\":[]}",
        b"{\"name\":\"hidden\x00\",\"fields\":[]}",
        b"{\"name\":\"hidden\",\"name\":\"hidden\",\"fields\":[]}",
        b"{\"name\":\"hidden\",\"fields\":[]}\x1b]8;;http://hidden\x07",
        b"{\"name\":\"hidden\",\"fields\":[{\"name\":\"Id\",\"type\":\"id\",\"length\":1e999}]}",
    ];
    for body in bodies {
        let server = Scripted::start(vec![Reply::json("").with_body(body.to_vec()); 8]).await;

        let error = server.client().0.describe("Account").await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "could not describe `Account`");
    }
}

#[tokio::test]
async fn a_moment_that_is_none_is_refused() {
    let now = "2024-01-01T00:00:00Z".parse().unwrap();
    for moment in ["", "99999-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "-999999999999", "\u{1b}[31m", "2024-01-01"] {
        let body = serde_json::json!({ "ids": [], "latestDateCovered": moment }).to_string();
        let server = Scripted::start(vec![Reply::json(&body); 8]).await;

        let error = server.client().0.updated("Account", now, now).await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "something else than was asked for");
    }
}

#[tokio::test]
async fn a_wait_that_a_server_asks_for_has_an_end() {
    for (asked, most) in [("99999999999", 300), ("18446744073709551615", 300), ("-5", 1), ("1e9", 1), ("\u{7f}", 1)] {
        let server = Scripted::start([Reply::html(503).header("Retry-After", asked), Reply::json("{}")]).await;
        let (client, clock) = server.client();

        let result = client.limits().await;

        assert!(result.is_ok(), "{asked}: {result:?}");
        assert!(clock.sleeps().iter().all(|wait| wait.as_secs() <= most), "{asked}: {:?}", clock.sleeps());
    }
}

/// Entities that multiply, that name a file, that call for a host; and a session that is not where a login's is.
#[tokio::test]
async fn xml_that_asks_for_more_gives_no_session() {
    let bomb = (0..20).fold("<!ENTITY e0 \"hidden\">".to_owned(), |text, at| {
        format!("{text}<!ENTITY e{} \"&e{at};&e{at};&e{at};&e{at};\">", at + 1)
    });
    let elsewhere = Scripted::start([]).await;
    let bodies = [
        format!("<!DOCTYPE a [{bomb}]><a><sessionId>&e20;</sessionId></a>"),
        format!("<!DOCTYPE a SYSTEM \"{}x\"><a><serverUrl>https://acme.com</serverUrl></a>", elsewhere.url),
        "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a><sessionId>S</sessionId><serverUrl>&f;</serverUrl></a>"
            .to_owned(),
        format!("<a x=\"{}\">", "hidden".repeat(100_000)),
        "<a>".repeat(200_000),
        "<sessionId><![CDATA[".to_owned(),
        "<faultcode>sf:X</faultcode><faultstring><![CDATA[\u{1b}]8;;x\u{7}]]></faultstring>".to_owned(),
    ];
    for body in bodies {
        let server = Scripted::start(vec![Reply::new(200, body); 3]).await;

        let error = client(server.connection(security_token())).0.sign_in().await.unwrap_err();

        assert_fit_to_show(&error);
        assert!(matches!(error.kind(), ErrorKind::UnexpectedAnswer | ErrorKind::Credentials), "{error:?}");
    }
    assert!(elsewhere.lines().is_empty());
}
