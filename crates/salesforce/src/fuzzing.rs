//! What the fuzz targets call: every reader of a server's bytes, and what must hold of whatever it reads.
//!
//! It is here only for them and for the tests below, and not part of the crate's surface. A finding becomes a line in the tests.

#![allow(clippy::missing_panics_doc, reason = "they panic for what must not be, which is what they are for")]

use serde::de::DeserializeOwned;
use url::Url;

use crate::auth::{SoapAnswer, oauth_session};
use crate::bulk::{Job, Locator, ResultPageList};
use crate::describe::SObject;
use crate::error::{Error, ErrorKind};
use crate::http::{Encoding, Unreadable, http_date, parse, wait_asked};
use crate::limits::{ApiUsage, Limits};
use crate::query::{QueryPage, escape, part, path_on_this_host};
use crate::refusal::Refusal;
use crate::wire;

/// Longer texts are not read, so that a run stays quick.
const LARGEST: usize = 1 << 20;
const JOB: &str = "/services/data/v62.0/jobs/query/750000000000001AAA";

/// Reads a body as one of the answers in JSON. The first byte says as which, and whether it is gzip.
pub fn json_answer(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let encoding = if choice & 0x80 == 0 { Encoding::Identity } else { Encoding::Gzip };
    let answer = Body { encoding, body };
    match choice & 0x7f {
        0 => answer.read(|described: SObject| clean(described.odd_name().map_or(&described.name, |_| ""))),
        1 => answer.read(|_: wire::DescribeGlobal| {}),
        2 => answer.read(|answer: wire::QueryAnswer| query_page(QueryPage::from(answer))),
        3 => answer.read(|answer| part(answer).map(|answer| query_page(answer.into())).unwrap_or_else(error)),
        4 => answer.read(|answer| Job::read(answer).map(|job| jobs(&job)).unwrap_or_else(error)),
        5 => answer.read(result_pages),
        6 => answer.read(|answer| used(Limits::read(answer))),
        7 => answer.read(|_: wire::UpdatedAnswer| {}),
        8 => answer.read(|_: wire::DeletedAnswer| {}),
        9 => answer.read(|_: Vec<wire::Version>| {}),
        10 => answer.read(|_: wire::RecordCounts| {}),
        11 => answer.read(|answer: wire::Resources| used(crate::auth::identity(answer.identity.as_deref()))),
        12 => answer.read(|answer| session(|login| oauth_session("sign in", login, answer))),
        status => error(Refusal::read(100 + u16::from(status) * 4, body, None).into_error("do it")),
    }
}

/// Reads a body as the answer to a login by SOAP.
pub fn soap_answer(data: &[u8]) {
    let answer = SoapAnswer::read(&String::from_utf8_lossy(data));
    session(|login| answer.session(200, "sign in", login));
}

/// Reads the values of headers.
pub fn headers(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    let now = jiff::Timestamp::UNIX_EPOCH;
    used(ApiUsage::parse(text));
    used(http_date(text));
    used(wait_asked(text, now));
    assert!(wire::count_in_header(text).is_none_or(|count| count.checked_add(count).is_some()));
    if let Ok(Some(locator)) = Locator::from_header(text) {
        sent_as_a_value(locator.as_str());
    }
}

/// Reads addresses that a server answers with: of the next page, of the pages of a job.
pub fn addresses(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    next_page(text);
    let pages = |next: Option<&str>| wire::ResultPagesAnswer {
        result_pages: vec![wire::ResultPageAnswer { result_url: text.to_owned() }],
        next_records_url: next.map(str::to_owned),
        done: false,
    };
    result_pages(pages(None));
    result_pages(pages(Some(text)));
}

/// Has a value be made although nobody looks at it.
fn used<T>(value: T) {
    std::hint::black_box(value);
}

/// A body to be read.
struct Body<'a> {
    encoding: Encoding,
    body: &'a [u8],
}

impl Body<'_> {
    /// Reads it as one type of answer and does with it what the client does.
    fn read<T: DeserializeOwned>(self, then: impl FnOnce(T)) {
        match parse(self.encoding, self.body.to_vec(), LARGEST, "application/json") {
            Ok(answer) => then(answer),
            Err(Unreadable::TooLarge(why) | Unreadable::Other(why)) => clean(&why),
        }
    }
}

fn query_page(page: QueryPage) {
    if let Some(next) = &page.next {
        next_page(next);
    }
    for record in page.records {
        let text = record.to_string();
        assert_eq!(serde_json::from_str::<crate::Record>(&text).unwrap_or_default(), record, "{text}");
        for (_, value) in record.0 {
            QueryPage::of_children(value).into_iter().for_each(query_page);
        }
    }
}

fn next_page(next: &str) {
    match path_on_this_host(next) {
        Ok(path) => {
            let url = here().join(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(url.origin(), here().origin(), "{path}");
            assert!(url.path().starts_with("/services/data/"), "{path}");
        }
        Err(refusal) => error(refusal),
    }
}

fn result_pages(answer: wire::ResultPagesAnswer) {
    match ResultPageList::read(answer, &here(), JOB) {
        Ok(list) => list.pages.iter().flatten().chain(&list.next).for_each(|locator| sent_as_a_value(locator.as_str())),
        Err(why) => clean(&why),
    }
}

/// A locator must not change where a request goes.
fn sent_as_a_value(locator: &str) {
    let path = format!("{JOB}/results?locator={}", escape(locator));
    let url = here().join(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!((url.path(), url.fragment()), (format!("{JOB}/results").as_str(), None), "{path}");
    assert_eq!(url.query_pairs().collect::<Vec<_>>(), [("locator".into(), locator.into())], "{path}");
}

fn jobs(job: &Job) {
    assert!(job.id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    clean(&job.state.to_string());
    clean(job.error_message.as_deref().unwrap_or_default());
}

/// The session of a login that was encrypted must be so, too.
fn session(open: impl FnOnce(&Url) -> crate::Result<crate::auth::Session>) {
    match open(&here()) {
        Ok(session) => {
            assert_eq!(session.instance_url.scheme(), "https");
            assert!(session.instance_url.username().is_empty() && session.instance_url.path() == "/");
        }
        Err(refusal) => error(refusal),
    }
}

fn here() -> Url {
    Url::parse("https://acme.my.salesforce.com").expect("it is an address")
}

/// What a user reads of a failure must not command the terminal.
fn error(error: Error) {
    assert_ne!(error.kind(), ErrorKind::Deadline);
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        clean(&error.to_string());
        cause = error.source();
    }
    clean(&error.hint().unwrap_or_default());
    clean(error.error_code().unwrap_or_default());
}

fn clean(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.len() < 20_000, "{} bytes", text.len());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_of_a_server_make_a_reader_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            json_answer(&data);
            soap_answer(&data);
            headers(&data);
            addresses(&data);
        }

        #[test]
        fn no_address_leads_away(address in "((https?:)?//[a-z.]{0,8}|\\\\)?(/services/data/v62.0/jobs/query/750000000000001AAA/result(s|Pages)|/services/data/)?(/?\\.\\./|%2[eEfF]|[?#&@\\\\\r\n]|locator=|.){0,12}") {
            addresses(address.as_bytes());
        }
    }
}
