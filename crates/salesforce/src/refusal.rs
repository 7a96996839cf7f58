//! Reads what Salesforce says when it refuses, and decides what the caller can do about it.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::{Error, ErrorKind, QueryPlace};
use crate::untrusted::{literal, one_line};
use crate::wire::RefusalAnswer;

/// An answer whose status is not one of success.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    code: Option<String>,
    message: String,
    form: Form,
    retry_after: Option<Duration>,
    /// The host that a redirect leads to.
    target: Option<String>,
    /// Where the query is wrong.
    place: Option<QueryPlace>,
}

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Salesforce,
    Empty,
    WebPage,
    Other,
}

impl Refusal {
    pub(crate) fn read(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let answer = first_answer(body);
        let code = answer.code.map(|code| one_line(&code));
        let place = answer.message.as_deref().and_then(place);
        let message = answer.message.as_deref().map(readable).unwrap_or_default();
        let body = body.trim_ascii_start();
        let form = match () {
            () if code.is_some() || !message.is_empty() => Form::Salesforce,
            () if body.is_empty() => Form::Empty,
            () if body.starts_with(b"<") => Form::WebPage,
            () => Form::Other,
        };
        Self { status, code, message, form, retry_after, target: None, place }
    }

    /// Makes a refusal that was not read from JSON.
    pub(crate) fn of(status: u16, code: Option<String>, message: &str) -> Self {
        let code = code.map(|code| one_line(&code));
        let (place, message) = (place(message), readable(message));
        Self { status, code, message, form: Form::Salesforce, retry_after: None, target: None, place }
    }

    /// Notes the host that the answer leads to, if it is a redirect. Nobody goes there: it would get the credentials.
    pub(crate) fn with_target(self, host: Option<String>) -> Self {
        let target = host.filter(|_| (300..400).contains(&self.status)).map(|host| literal(&host));
        Self { target, ..self }
    }

    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn is_salesforce(&self) -> bool {
        self.form == Form::Salesforce
    }

    /// Returns the error for a refusal of kind `kind`, which repeating does not mend.
    pub(crate) fn into_error_of(self, kind: ErrorKind, action: impl Into<Cow<'static, str>>) -> Error {
        let error = Error::new(kind, action, self.cause()).with_retry_after(self.retry_after).with_place(self.place);
        match self.code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }

    /// Returns the error for a refusal of a request that belongs to a session.
    pub(crate) fn into_error(self, action: impl Into<Cow<'static, str>>) -> Error {
        let (kind, cure) = self.judge();
        let hint = self.hint(kind);
        let error = self.into_error_of(kind, action);
        let error = match cure {
            // The status is the proxy's: it wants other credentials.
            Cure::None if kind == ErrorKind::Connection => error.for_the_user(),
            Cure::None => error,
            Cure::SignIn => error.session_lost(),
            Cure::Wait => error.transient(),
            Cure::WaitButMayHaveRun => error.transient_and_may_have_run(),
        };
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn cause(&self) -> String {
        let said = match (&self.code, self.message.as_str()) {
            (Some(code), "") => code.clone(),
            (Some(code), message) => format!("{code}: {message}"),
            (None, message) => message.to_owned(),
        };
        if let Some(host) = &self.target {
            return format!("Salesforce answered HTTP {}, a redirect to {host}", self.status);
        }
        match self.form {
            Form::Salesforce => format!("Salesforce answered {said}"),
            Form::Empty => format!("Salesforce answered HTTP {} with an empty body", self.status),
            Form::WebPage => format!("Salesforce answered HTTP {} with a web page", self.status),
            Form::Other => format!("Salesforce answered HTTP {} with text that is not its own", self.status),
        }
    }

    fn judge(&self) -> (ErrorKind, Cure) {
        self.judge_by_message().or_else(|| judge_code(self.code())).unwrap_or_else(|| self.judge_by_status())
    }

    /// Some codes mean several things that only the words tell apart.
    fn judge_by_message(&self) -> Option<(ErrorKind, Cure)> {
        let says = |words: &str| self.message.to_ascii_lowercase().contains(words);
        match self.code() {
            _ if INCURABLE.iter().any(|words| says(words)) => Some((ErrorKind::Credentials, Cure::None)),
            "REQUEST_LIMIT_EXCEEDED" if says("concurrent") => Some((ErrorKind::Throttled, Cure::Wait)),
            "REQUEST_LIMIT_EXCEEDED" => Some((ErrorKind::LimitExceeded, Cure::None)),
            _ if says("max bulk v2 query") => Some((ErrorKind::LimitExceeded, Cure::None)),
            _ if NEEDS_FILTER.iter().any(|words| says(words)) => Some((ErrorKind::FilterMissing, Cure::None)),
            // An aggregate with more groups than one page holds, under a code of the log of changes.
            _ if says("does not support querymore") => Some((ErrorKind::InvalidQuery, Cure::None)),
            _ if NOT_IN_BULK.iter().any(|words| says(words)) => Some((ErrorKind::UnsupportedByBulk, Cure::None)),
            _ => None,
        }
    }

    fn judge_by_status(&self) -> (ErrorKind, Cure) {
        match self.status {
            300..400 => (ErrorKind::Configuration, Cure::None),
            401 => (ErrorKind::Credentials, Cure::SignIn),
            403 if self.is_salesforce() => (ErrorKind::Permission, Cure::None),
            404 => (ErrorKind::NotFound, Cure::None),
            // Many describes at the same time are answered so.
            406 if self.form == Form::Empty => (ErrorKind::Throttled, Cure::Wait),
            407 => (ErrorKind::Connection, Cure::None),
            408 => (ErrorKind::Unavailable, Cure::WaitButMayHaveRun),
            409 => (ErrorKind::JobGone, Cure::None),
            410 => (ErrorKind::Version, Cure::None),
            413 | 414 | 431 => (ErrorKind::QueryTooLong, Cure::None),
            // 420: the edge of Salesforce does not know yet where the org lives.
            420 | 503 => (ErrorKind::Unavailable, Cure::Wait),
            429 => (ErrorKind::Throttled, Cure::Wait),
            500 | 502 | 504 => (ErrorKind::Unavailable, Cure::WaitButMayHaveRun),
            400 if self.is_salesforce() => (ErrorKind::InvalidQuery, Cure::None),
            _ => (ErrorKind::UnexpectedAnswer, Cure::None),
        }
    }

    /// Returns what to do about a refusal that was judged to be of `kind`.
    fn hint(&self, kind: ErrorKind) -> Option<&'static str> {
        if self.message.to_ascii_lowercase().contains("does not support querymore") {
            return Some("make fewer groups, by a filter or a coarser grouping: Salesforce gives at most 2,000");
        }
        if kind == ErrorKind::FilterMissing {
            return kind_hint(kind);
        }
        HINTS.iter().find(|(code, _)| *code == self.code()).map(|(_, hint)| *hint).or_else(|| kind_hint(kind))
    }
}

/// What may make the same request succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cure {
    None,
    SignIn,
    Wait,
    WaitButMayHaveRun,
}

/// What to do about answers that Salesforce does not give.
pub(crate) const NOT_SALESFORCE: &str = "run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`";

/// What to do about answers that somebody has changed.
pub(crate) const CHANGED_ON_THE_WAY: &str = "run again; if it stays so, look for a proxy or a gateway in between that packs answers anew, and have it pass them as they come";

/// Refusals of a session that a new session does not cure.
const INCURABLE: [&str; 2] =
    ["connected app is not attached to agent", "this session is not valid for use with the rest api"];

/// What the Bulk API says of what the REST API can do, in several versions and under several codes.
const NOT_IN_BULK: [&str; 6] = [
    "is not supported by the bulk api",
    "not supported in bulk",
    "compound data not supported",
    "aggregate relationships not supported",
    "in csv format",
    "with csv content type",
];

/// What is said of objects that Salesforce queries by certain filters only.
const NEEDS_FILTER: [&str; 3] =
    ["implementation restriction", "a filter on a reified column is required", "where clauses should contain"];

fn judge_code(code: &str) -> Option<(ErrorKind, Cure)> {
    let kind = match code {
        "INVALID_SESSION_ID" | "INVALIDSESSIONID" => return Some((ErrorKind::Credentials, Cure::SignIn)),
        "SERVER_UNAVAILABLE" | "API_CURRENTLY_DISABLED" => return Some((ErrorKind::Unavailable, Cure::Wait)),
        "UNKNOWN_EXCEPTION" => return Some((ErrorKind::Unavailable, Cure::WaitButMayHaveRun)),
        "INVALIDENTITY" | "FEATURENOTENABLED" => ErrorKind::UnsupportedByBulk,
        "INVALID_FIELD" | "INVALID_TYPE" | "INVALID_TYPE_FOR_OPERATION" | "MALFORMED_QUERY" | "OPERATION_TOO_LARGE" => {
            ErrorKind::InvalidQuery
        }
        "QUERY_TIMEOUT" => ErrorKind::QueryTimeout,
        "INVALID_QUERY_LOCATOR" | "INVALID_LOCATOR" | "INVALIDLOCATOR" => ErrorKind::LocatorExpired,
        "INVALID_REPLICATION_DATE" | "EXCEEDED_ID_LIMIT" => ErrorKind::ChangesUnavailable,
        "LIMIT_EXCEEDED" | "EXCEEDEDQUOTA" => ErrorKind::LimitExceeded,
        "UNSUPPORTED_API_VERSION" | "INVALIDVERSION" => ErrorKind::Version,
        "API_DISABLED_FOR_ORG" | "FUNCTIONALITY_NOT_ENABLED" | "INSUFFICIENT_ACCESS" => ErrorKind::Permission,
        _ if code.starts_with("TXN_SECURITY_") => ErrorKind::Permission,
        _ => return None,
    };
    Some((kind, Cure::None))
}

const HINTS: [(&str, &str); 9] = [
    (
        "INVALID_FIELD",
        "remove the field, correct its name, or grant the user read access to it: a hidden field looks like a missing one",
    ),
    (
        "INVALID_TYPE",
        "correct the object's name, or grant the user read access to it: a hidden object looks like a missing one",
    ),
    ("INVALID_TYPE_FOR_OPERATION", "choose another object: no API can query this one"),
    ("MALFORMED_QUERY", "correct the query at the place that the message names"),
    ("OPERATION_TOO_LARGE", "grant the user `View All Data`, or add a filter"),
    ("API_DISABLED_FOR_ORG", "grant the user `API Enabled`; the org's edition must have API access"),
    ("TXN_SECURITY_METERING_ERROR", "grant the user `Exempt from Transaction Security`"),
    ("INVALID_REPLICATION_DATE", "reload in full: the log of changes reaches back 30 days, that of deletions 15"),
    ("EXCEEDED_ID_LIMIT", "ask for a shorter time: the answer holds at most 600,000 ids"),
];

fn kind_hint(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::LimitExceeded => "wait until the org's 24 hours have moved on, or raise its allowance",
        ErrorKind::FilterMissing => {
            "load it with `soql`, and a WHERE clause that filters as the message says: Salesforce gives this object no other way"
        }
        ErrorKind::QueryTooLong => {
            "select fewer fields or name fewer values, or set `api` to `bulk`, which takes longer queries"
        }
        ErrorKind::QueryTimeout => "make the query smaller: fewer records by a filter on an indexed field, no ORDER BY",
        ErrorKind::Permission => "ask the administrator to grant the user this access",
        ErrorKind::Connection => "check the proxy's `username` and `password`",
        ErrorKind::Configuration => "set `domain` to the org's present My Domain: the host has moved",
        ErrorKind::UnsupportedByBulk => "set `api` to `auto` or `rest`",
        ErrorKind::Unavailable => "run again later; https://status.salesforce.com tells how Salesforce is doing",
        ErrorKind::Throttled => "run again later, or fewer things at the same time",
        ErrorKind::NotFound => "correct the name, or grant the user access: what is hidden looks like what is missing",
        ErrorKind::UnexpectedAnswer => NOT_SALESFORCE,
        ErrorKind::InvalidQuery => "correct what the message names, or ask Salesforce Support what it means",
        ErrorKind::Credentials => {
            "let an administrator check the policies of the app and of its sessions: they forbid this one the API"
        }
        ErrorKind::Version => "set `api_version` to another one: Salesforce retires old ones",
        ErrorKind::LocatorExpired => "run again: the records are read from the first page on",
        ErrorKind::JobGone => "run again: a new job is created",
        _ => return None,
    })
}

/// Refusals come as a list or, here and there, as a bare object.
fn first_answer(body: &[u8]) -> RefusalAnswer {
    let list = serde_json::from_slice::<Vec<RefusalAnswer>>(body).map(|list| list.into_iter().next());
    let first = list.or_else(|_| serde_json::from_slice(body).map(Some));
    first.ok().flatten().unwrap_or_default()
}

/// What stands between the copy of the query and what is wrong with it.
const PLACE: &str = "ERROR at Row:";

/// Returns the message on one line, without the copy of the query that points at the place of an error.
fn readable(message: &str) -> String {
    let after_query = message.rsplit_once(PLACE).and_then(|(_, rest)| rest.split_once('\n'));
    one_line(after_query.map_or(message, |(_, text)| text))
}

/// Reads the place that a message names: `ERROR at Row:1:Column:12`.
pub(crate) fn place(message: &str) -> Option<QueryPlace> {
    let (_, rest) = message.rsplit_once(PLACE)?;
    let (row, rest) = rest.split_once(":Column:")?;
    let digits = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    Some(QueryPlace { row: row.parse().ok()?, column: rest.get(..digits)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(status: u16, body: &str) -> Error {
        Refusal::read(status, body.as_bytes(), None).into_error("do it")
    }

    fn cause(error: &Error) -> String {
        std::error::Error::source(error).unwrap().to_string()
    }

    #[test]
    fn a_refusal_is_read_in_every_form_in_use() {
        let bodies = [
            r#"[{"message":"no","errorCode":"X"}]"#,
            r#"[{"errorCode":"X","message":"no","fields":["Id"]},{"errorCode":"Y","message":"second"}]"#,
            r#"{"message":"no","errorCode":"X"}"#,
            r#"{"error":"X","error_description":"no"}"#,
            r#"{"exceptionCode":"X","exceptionMessage":"no"}"#,
        ];
        for body in bodies {
            assert_eq!(cause(&error(400, body)), "Salesforce answered X: no", "{body}");
        }
    }

    #[test]
    fn a_refusal_in_no_known_form_is_told_by_its_status() {
        let cases = [
            (500, "", "HTTP 500 with an empty body"),
            (404, " \n<html>secret</html>", "HTTP 404 with a web page"),
            (400, "oops", "HTTP 400 with text that is not its own"),
            (400, "[]", "HTTP 400 with text that is not its own"),
            (400, "[{}]", "HTTP 400 with text that is not its own"),
        ];
        for (status, body, text) in cases {
            assert_eq!(cause(&error(status, body)), format!("Salesforce answered {text}"), "{body}");
        }
    }

    #[test]
    fn the_copy_of_the_query_is_left_out_of_the_message() {
        let body = r#"[{"errorCode":"INVALID_FIELD","message":"\nSELECT Id, Foo FROM Account\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Account'."}]"#;

        let error = error(400, body);

        assert_eq!(cause(&error), "Salesforce answered INVALID_FIELD: No such column 'Foo' on entity 'Account'.");
        assert_eq!(error.error_code(), Some("INVALID_FIELD"));
        assert_eq!(error.place(), Some(QueryPlace { row: 1, column: 12 }));
    }

    #[test]
    fn a_place_is_read_where_there_is_one() {
        let cases = [
            ("x ERROR at Row:12:Column:3 No such column", Some((12, 3))),
            ("'ERROR at Row:9:Column:9' ERROR at Row:1:Column:2\nno", Some((1, 2))),
            ("ERROR at Row:1:Column:", None),
            ("ERROR at Row:-1:Column:2", None),
            ("ERROR at Row:99999999999999999999:Column:2", None),
            ("unexpected token", None),
        ];
        for (message, expected) in cases {
            assert_eq!(place(message).map(|place| (place.row, place.column)), expected, "{message}");
        }
    }

    #[test]
    fn what_a_refusal_means_follows_from_code_words_and_status() {
        let cases = [
            (400, "QUERY_TIMEOUT", "", ErrorKind::QueryTimeout),
            (400, "INVALID_QUERY_LOCATOR", "", ErrorKind::LocatorExpired),
            (400, "INVALID_REPLICATION_DATE", "", ErrorKind::ChangesUnavailable),
            (400, "EXCEEDED_ID_LIMIT", "", ErrorKind::ChangesUnavailable),
            (400, "UNSUPPORTED_API_VERSION", "", ErrorKind::Version),
            (400, "NEW_CODE", "", ErrorKind::InvalidQuery),
            (
                400,
                "MALFORMED_QUERY",
                "Implementation restriction: ContentDocumentLink requires a filter by a single Id",
                ErrorKind::FilterMissing,
            ),
            (
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
                ErrorKind::InvalidQuery,
            ),
            (403, "API_DISABLED_FOR_ORG", "", ErrorKind::Permission),
            (403, "NEW_CODE", "", ErrorKind::Permission),
            (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", ErrorKind::LimitExceeded),
            (
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                ErrorKind::Throttled,
            ),
            (403, "REQUEST_LIMIT_EXCEEDED", "", ErrorKind::LimitExceeded),
            (403, "INVALID_SESSION_ID", "", ErrorKind::Credentials),
            (401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", ErrorKind::Credentials),
            (404, "NOT_FOUND", "", ErrorKind::NotFound),
            (414, "URI_TOO_LONG", "", ErrorKind::QueryTooLong),
            (418, "NEW_CODE", "", ErrorKind::UnexpectedAnswer),
        ];
        for (status, code, text, kind) in cases {
            let body = format!(r#"[{{"errorCode":"{code}","message":"{text}"}}]"#);

            assert_eq!(error(status, &body).kind(), kind, "{status} {code}");
        }
    }

    #[test]
    fn a_page_of_a_gateway_that_forbids_is_not_a_missing_permission() {
        assert_eq!(error(403, "<html>blocked</html>").kind(), ErrorKind::UnexpectedAnswer);
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let cases = [
            (400, r#"[{"errorCode":"NEW_CODE","message":"no"}]"#, "what the message names"),
            (400, r#"[{"errorCode":"INVALID_QUERY_LOCATOR","message":"no"}]"#, "first page"),
            (400, r#"[{"errorCode":"INVALID_LOCATOR","message":"no"}]"#, "first page"),
            (400, r#"[{"errorCode":"UNSUPPORTED_API_VERSION","message":"no"}]"#, "`api_version`"),
            (401, r#"[{"errorCode":"X","message":"Connected app is not attached to Agent"}]"#, "policies of the app"),
            (409, "", "a new job"),
            (409, r#"[{"errorCode":"API_ERROR","message":"no"}]"#, "a new job"),
            (410, "", "`api_version`"),
            (418, "", "in Salesforce's place"),
        ];
        for (status, body, hint) in cases {
            assert!(error(status, body).hint().is_some_and(|told| told.contains(hint)), "{status} {body}");
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_message() {
        let body = "[{\"errorCode\":\"X\\u001b[2J\",\"message\":\"a\\r\\n\\u0000b\\u202e\"}]";

        assert_eq!(cause(&error(400, body)), "Salesforce answered X [2J: a b");
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(status in 100..600_u16, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let error = Refusal::read(status, &body, None).into_error("do it");
            prop_assert!(!cause(&error).chars().any(char::is_control));
        }

        #[test]
        fn no_message_reaches_the_user_on_several_lines(message in ".{0,200}") {
            let body = serde_json::json!([{ "errorCode": "X", "message": message }]).to_string();
            prop_assert!(!cause(&error(400, &body)).chars().any(char::is_control));
        }
    }
}
