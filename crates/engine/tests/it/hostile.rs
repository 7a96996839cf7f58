//! An org that never ends: records, values, pages and lists of pages without end. A row fails soon, with little taken and nothing committed.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use orgtap_destination::memory::Memory;
use orgtap_engine::{Api, Error, EventSender, RowSpec, RunSpec};
use orgtap_salesforce::{ApiVersion, Client, Connection, HttpOptions, Login, ManualClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fixture::{chain, only, some_of};

const JOB: &str = "/services/data/v62.0/jobs/query/750000000000001AAA";
/// How many records the org says there are.
const RECORDS: u64 = 10;

/// An answer: headers, a body, and whether that goes on for ever.
struct Answer {
    headers: String,
    body: Vec<u8>,
    is_endless: bool,
}

impl Answer {
    fn json(body: impl Into<String>) -> Self {
        let body = body.into().into_bytes();
        Self { headers: "content-type: application/json\r\n".to_owned(), body, is_endless: false }
    }

    fn page(headers: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { headers: headers.into(), body: body.into(), is_endless: false }
    }

    fn endless(self) -> Self {
        Self { is_endless: true, ..self }
    }
}

/// A server, and what it saw.
struct Org {
    url: Url,
    asked: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicUsize>,
}

/// Gives what belongs to a call of a path, the `n`th of all.
type Script = fn(path: &str, n: usize) -> Option<Answer>;

impl Org {
    /// Starts an org of one object with one field, whose other answers are those of `script`.
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let org = Self { url, asked: Arc::default(), sent: Arc::default() };
        let (asked, sent) = (Arc::clone(&org.asked), Arc::clone(&org.sent));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, sent) = (Arc::clone(&asked), Arc::clone(&sent));
                // A client that hangs up is what the tests are about.
                tokio::spawn(async move { serve(stream, script, &asked, &sent).await.ok() });
            }
        });
        org
    }

    /// Runs a row of the one object and returns why it failed.
    async fn fail(&self, row: RowSpec, page_records: u32) -> Error {
        let connection = Connection {
            login: Login::AccessToken { access_token: "T".into(), instance_url: self.url.clone() },
            login_url: None,
            domain: None,
            sandbox: false,
            api_version: ApiVersion::default(),
            http: HttpOptions::default(),
        };
        let clock = Arc::new(ManualClock::new("2024-01-01T00:00:00Z".parse().unwrap()));
        let client = Client::new(connection, clock).unwrap();
        let memory = Memory::new();
        let spec = RunSpec { page_records, ..RunSpec::new(vec![row]) };
        let destination = Arc::new(memory.clone());
        let report =
            orgtap_engine::run(spec, &client, destination, EventSender::silent(), CancellationToken::new()).await;

        assert!(memory.table("Account").is_none(), "nothing was committed");
        only(report).outcome.unwrap_err()
    }

    fn calls(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.starts_with(path)).count()
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Script,
    asked: &Mutex<Vec<String>>,
    sent: &AtomicUsize,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    // The body of the one request that has one is of no interest.
    while !request.windows(4).any(|word| word == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let address = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let path = address.split('?').next().unwrap_or_default().to_owned();
    let n = {
        let mut asked = asked.lock().unwrap();
        asked.push(address);
        asked.len()
    };
    let Answer { headers, body, is_endless } = script(&path, n).unwrap_or_else(|| usual(&path));
    let length = if is_endless { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    stream.write_all(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{length}{headers}\r\n").as_bytes()).await?;
    loop {
        stream.write_all(&body).await?;
        sent.fetch_add(body.len(), Ordering::Relaxed);
        if !is_endless {
            return stream.shutdown().await;
        }
    }
}

fn usual(path: &str) -> Answer {
    Answer::json(match path {
        "/services/data/" => r#"[{"version":"62.0"}]"#.to_owned(),
        path if path.ends_with("/describe") => {
            r#"{"name":"Account","queryable":true,"fields":[{"name":"Id","type":"id"}]}"#.to_owned()
        }
        path if path.contains("/jobs/query") => {
            format!(r#"{{"id":"750000000000001AAA","state":"JobComplete","numberRecordsProcessed":{RECORDS}}}"#)
        }
        _ => "{}".to_owned(),
    })
}

fn by(api: Api) -> RowSpec {
    RowSpec { api, ..some_of("Account", &["Id"]) }
}

fn is_results(path: &str) -> bool {
    path.ends_with("/results")
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn assert_says(error: &Error, words: &str) {
    assert!(matches!(error, Error::Incomplete { .. }), "{error:?}");
    assert!(chain(error).contains(words), "{}", chain(error));
}

/// A page with so many times the same record.
fn page_of(records: usize) -> String {
    format!("\"Id\"\n{}", "\"001000000000001AAA\"\n".repeat(records))
}

#[tokio::test]
async fn a_page_with_records_without_end_is_hung_up_on() {
    let org = Org::start(|path, _| {
        is_results(path).then(|| Answer::page("sforce-locator: null\r\n", page_of(10_000)).endless())
    })
    .await;

    let error = org.fail(by(Api::Bulk), 50_000).await;

    assert_says(&error, "announced with 10 records and goes on after them");
    assert!(org.sent() < 100 << 20, "{} bytes in {} calls", org.sent(), org.calls(&format!("{JOB}/results")));
}

#[tokio::test]
async fn a_small_page_that_inflates_without_end_is_hung_up_on() {
    let org = Org::start(|path, _| {
        is_results(path).then(|| {
            let headers = "sforce-locator: null\r\nsforce-numberofrecords: 10\r\ncontent-encoding: gzip\r\n";
            Answer::page(headers, gzip(page_of(1 << 20).as_bytes())).endless()
        })
    })
    .await;

    let error = org.fail(by(Api::Bulk), 50_000).await;

    assert_says(&error, "announced with 10 records and goes on after them");
}

#[tokio::test]
async fn a_value_without_end_is_hung_up_on() {
    let org = Org::start(|path, _| {
        // The body begins after the empty line.
        let headers = "sforce-numberofrecords: 10\r\n\r\n\"Id\"\n\"";
        is_results(path).then(|| Answer::page(headers, "x".repeat(1 << 20)).endless())
    })
    .await;

    let error = org.fail(by(Api::Bulk), 50_000).await;

    assert_says(&error, "a record is longer than 67108864 bytes");
    assert_eq!(org.calls(&format!("{JOB}/results")), 1);
    assert!(org.sent() < 100 << 20, "{} bytes", org.sent());
}

#[tokio::test]
async fn pages_that_always_name_another_one_end() {
    let org = Org::start(|path, n| {
        is_results(path)
            .then(|| Answer::page(format!("sforce-locator: L{n}\r\nsforce-numberofrecords: 0\r\n"), "\"Id\"\n"))
    })
    .await;

    let error = org.fail(by(Api::Bulk), 50_000).await;

    assert_says(&error, "after 110 pages there are still more");
    assert_eq!(org.calls(&format!("{JOB}/results")), 110);
}

#[tokio::test]
async fn pages_that_hold_more_than_the_job_found_end() {
    let org = Org::start(|path, n| {
        is_results(path).then(|| {
            let headers = format!("sforce-locator: L{n}\r\nsforce-numberofrecords: 2\r\n");
            Answer::page(headers, format!("\"Id\"\n\"{n:014}a\"\n\"{n:014}b\"\n"))
        })
    })
    .await;

    let error = org.fail(by(Api::Bulk), 50_000).await;

    assert_says(&error, "the job found 10 records, its pages hold 12");
    assert_eq!(org.calls(&format!("{JOB}/results")), 6);
}

#[tokio::test]
async fn a_list_of_pages_without_end_is_given_up() {
    let org = Org::start(|path, n| {
        if path.ends_with("/resultPages") {
            let page = |at| format!(r#"{{"resultUrl":"{JOB}/results?locator=P{n}x{at}"}}"#);
            let pages: Vec<_> = (0..5).map(page).collect();
            let next = format!("{JOB}/resultPages?locator=N{n}");
            return Some(Answer::json(format!(
                r#"{{"resultPages":[{}],"nextRecordsUrl":"{next}","done":false}}"#,
                pages.join(",")
            )));
        }
        is_results(path).then(|| {
            Answer::page("sforce-locator: null\r\nsforce-numberofrecords: 1\r\n", "\"Id\"\n\"001000000000001\"\n")
        })
    })
    .await;

    let error = org.fail(by(Api::Bulk), 5).await;

    assert_says(&error, "the job found 10 records, its pages hold 1");
    assert_eq!(org.calls(&format!("{JOB}/resultPages")), 12);
}

#[tokio::test]
async fn pages_of_a_rest_query_that_always_name_another_one_end() {
    let empty: Script = |path, n| {
        let next = format!("/services/data/v62.0/query/01g-{n}");
        path.contains("/query").then(|| {
            Answer::json(format!(r#"{{"totalSize":{RECORDS},"done":false,"nextRecordsUrl":"{next}","records":[]}}"#))
        })
    };
    let full: Script = |path, n| {
        let next = format!("/services/data/v62.0/query/01g-{n}");
        path.contains("/query").then(|| {
            let records = format!(r#"{{"Id":"{n}{path}a"}},{{"Id":"{n}{path}b"}}"#);
            Answer::json(format!(
                r#"{{"totalSize":{RECORDS},"done":false,"nextRecordsUrl":"{next}","records":[{records}]}}"#
            ))
        })
    };

    let org = Org::start(empty).await;
    assert_says(&org.fail(by(Api::Rest), 50_000).await, "after 111 pages there are still more");

    let org = Org::start(full).await;
    assert_says(&org.fail(by(Api::Rest), 50_000).await, "the query found 10 records, its pages hold 12");
}
