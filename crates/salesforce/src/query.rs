//! REST queries: for what the Bulk API cannot do, and for small answers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::json;
use serde_json::value::RawValue;
use url::Url;

use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Record};
use crate::refusal::{NOT_SALESFORCE, Refusal};
use crate::untrusted::{literal, shortened};
use crate::wire::{CompositeAnswer, CompositePart, QueryAnswer};

/// The longest path that is asked for with GET. Salesforce allows 16,384 bytes for the address and all headers together, of which an access
/// token takes up to some thousands.
const LONGEST_PATH: usize = 12_000;

/// What may stand in a parameter as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Which records a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryOperation {
    /// Records that are neither deleted nor archived.
    Query,
    /// Deleted (as long as they are in the recycle bin) and archived records too.
    QueryAll,
}

impl QueryOperation {
    /// The name in addresses and in jobs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::QueryAll => "queryAll",
        }
    }
}

/// One page of the answer to a REST query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPage {
    /// The records, each with its `attributes`, fields in the order of the query.
    pub records: Vec<Record>,
    /// How many records the whole answer has; for `SELECT COUNT()` the count.
    pub total_size: u64,
    /// Where the next page is, for [`Client::query_more`](crate::Client::query_more), or `None` on the last.
    pub next: Option<String>,
}

impl From<QueryAnswer> for QueryPage {
    fn from(answer: QueryAnswer) -> Self {
        let next = answer.next_records_url.filter(|next| !answer.done && !next.is_empty());
        Self { records: answer.records, total_size: answer.total_size, next }
    }
}

impl QueryPage {
    /// Returns the page that `value` holds, where it is the answer to a child subquery. `None` for anything else.
    pub fn of_children(value: Json) -> Option<Self> {
        let Json::Record(Record(members)) = value else { return None };
        let (mut records, mut total_size, mut next, mut is_done) = (None, None, None, true);
        for (name, value) in members {
            match (name.as_str(), value) {
                ("records", Json::List(list)) => records = Some(list),
                ("totalSize", Json::Number(number)) => total_size = number.parse().ok(),
                ("done", Json::Boolean(done)) => is_done = done,
                ("nextRecordsUrl", Json::Text(url)) => next = Some(url),
                _ => {}
            }
        }
        let record = |value| match value {
            Json::Record(record) => Some(record),
            _ => None,
        };
        let records = records?.into_iter().map(record).collect::<Option<Vec<_>>>()?;
        Some(Self { records, total_size: total_size?, next: next.filter(|next| !is_done && !next.is_empty()) })
    }
}

impl Client {
    /// Returns whether `soql` fits into the address of a request, so that a query needs no composite one around it.
    pub fn fits_in_address(&self, soql: &str, operation: QueryOperation) -> bool {
        self.query_path(soql, operation).len() <= LONGEST_PATH
    }

    pub(crate) fn query_path(&self, soql: &str, operation: QueryOperation) -> String {
        format!("{}/{}?q={}", self.base_path(), operation.name(), escape(soql))
    }

    /// Runs a query and returns its first page. A query too long for an address is sent in the body of a composite request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidQuery`] and [`ErrorKind::QueryTimeout`] are about the query itself.
    pub async fn query(&self, soql: &str, operation: QueryOperation) -> Result<QueryPage> {
        let path = self.query_path(soql, operation);
        if path.len() > LONGEST_PATH {
            return self.query_in_body(&path).await;
        }
        match self.call_for::<QueryAnswer>(&Call::get(ACTION, path.clone()).many()).await {
            // Gateways have limits of their own.
            Err(error) if error.kind() == ErrorKind::QueryTooLong => self.query_in_body(&path).await,
            answer => Ok(answer?.into()),
        }
    }

    /// Returns the page that [`QueryPage::next`] names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LocatorExpired`] two days after the query: run it again.
    pub async fn query_more(&self, next: &str) -> Result<QueryPage> {
        let call =
            Call::get("read the next page of the query", path_on_this_host(next).map_err(|error| self.masked(error))?)
                .many();
        Ok(self.call_for::<QueryAnswer>(&call).await?.into())
    }

    async fn query_in_body(&self, path: &str) -> Result<QueryPage> {
        let body = json!({ "compositeRequest": [{ "method": "GET", "url": path, "referenceId": "query" }] });
        let call = Call::new(ACTION, Method::POST, format!("{}/composite", self.base_path())).body(body).many();
        let answer = self.call(&call, async |response| part(response.json().await?)).await?;
        Ok(answer.into())
    }
}

const ACTION: &str = "run the query";
/// How much of an address is repeated in an error.
const SHOWN: usize = 200;

/// Returns the answer to the one request inside the composite one.
pub(crate) fn part(answer: CompositeAnswer) -> Result<QueryAnswer> {
    let Some(CompositePart { body, http_status_code }) = answer.composite_response.into_iter().next() else {
        return Err(Error::new(ErrorKind::UnexpectedAnswer, ACTION, "the composite answer is empty"));
    };
    let body = body.as_deref().map_or("null", RawValue::get);
    if http_status_code != 200 {
        return Err(Refusal::read(http_status_code, body.as_bytes(), None).into_error(ACTION));
    }
    serde_json::from_str(body)
        .map_err(|_| Error::new(ErrorKind::UnexpectedAnswer, ACTION, "the composite answer is not that of a query"))
}

/// Returns path and query of `next`. It comes from a server, so the session must not be sent wherever it points.
pub(crate) fn path_on_this_host(next: &str) -> Result<String> {
    let refuse = || {
        let cause = format!("{} is not a path of the REST API", literal(&shortened(next.to_owned(), SHOWN)));
        Error::new(ErrorKind::UnexpectedAnswer, "read the next page of the query", cause).with_hint(NOT_SALESFORCE)
    };
    if next.len() > LONGEST_PATH {
        return Err(refuse());
    }
    let nowhere = Url::parse("https://salesforce.invalid").map_err(|_| refuse())?;
    let url = nowhere.join(next).map_err(|_| refuse())?;
    if url.origin() != nowhere.origin() || !url.path().starts_with("/services/data/") {
        return Err(refuse());
    }
    Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
}

/// Returns `text` as the value of a parameter.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Scripted, message};

    const PAGE: &str = r#"{"totalSize":3222,"done":false,"nextRecordsUrl":"/services/data/v62.0/query/01gRO0000016PIAYA2-500",
        "records":[{"attributes":{"type":"Contact"},"Name":"John","Id":"003","Score":0.1234567890123456789,"Owner":null}]}"#;

    #[tokio::test]
    async fn a_query_is_escaped_into_the_address_and_keeps_the_order_of_fields() {
        let server = Scripted::start([Reply::json(PAGE)]).await;

        let page = server
            .client()
            .0
            .query("SELECT Name FROM Contact WHERE A = 'x&y+é'", QueryOperation::QueryAll)
            .await
            .unwrap();

        assert_eq!(
            server.lines(),
            [
                "GET /services/data/v62.0/queryAll?q=SELECT%20Name%20FROM%20Contact%20WHERE%20A%20%3D%20%27x%26y%2B%C3%A9%27"
            ]
        );
        assert_eq!(page.total_size, 3_222);
        assert_eq!(
            page.records[0].fields().map(|(name, _)| name).collect::<Vec<_>>(),
            ["Name", "Id", "Score", "Owner"]
        );
        assert_eq!(page.records[0].get("Score"), Some(&Json::Number("0.1234567890123456789".to_owned())));
        assert_eq!(page.records[0].object(), Some("Contact"));
        assert_eq!(page.next.as_deref(), Some("/services/data/v62.0/query/01gRO0000016PIAYA2-500"));
    }

    #[tokio::test]
    async fn pages_follow_until_the_last() {
        let last = r#"{"totalSize":3222,"done":true,"records":[]}"#;
        let server = Scripted::start([Reply::json(PAGE), Reply::json(last)]).await;
        let (client, _) = server.client();

        let first = client.query("SELECT Id FROM Contact", QueryOperation::Query).await.unwrap();
        let second = client.query_more(&first.next.unwrap()).await.unwrap();

        assert_eq!(server.lines()[1], "GET /services/data/v62.0/query/01gRO0000016PIAYA2-500");
        assert_eq!((second.records.len(), second.next), (0, None));
    }

    #[tokio::test]
    async fn the_session_is_not_sent_where_a_next_page_points_elsewhere() {
        let server = Scripted::start([]).await;
        let (client, _) = server.client();
        let elsewhere = [
            "https://evil.example.com/services/data/v62.0/query/x",
            "//evil.example.com/services/data/x",
            "/services/data/../../x",
            "/evil",
            "",
            "query/x",
            "\\\\evil.example.com/services/data/",
        ];

        for next in elsewhere {
            let error = client.query_more(next).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{next}");
        }

        assert!(server.lines().is_empty());
    }

    #[tokio::test]
    async fn a_long_query_is_sent_in_a_body() {
        let answer = format!(
            r#"{{"compositeResponse":[{{"body":{PAGE},"httpHeaders":{{}},"httpStatusCode":200,"referenceId":"query"}}]}}"#
        );
        let server = Scripted::start([Reply::json(&answer)]).await;
        let soql = format!("SELECT {} FROM Account", vec!["Some_Long_Field_Name__c"; 719].join(","));

        let page = server.client().0.query(&soql, QueryOperation::Query).await.unwrap();

        assert_eq!(page.total_size, 3_222);
        let request = &server.received()[0];
        assert_eq!(request.line, "POST /services/data/v62.0/composite HTTP/1.1");
        let sent: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let url = sent["compositeRequest"][0]["url"].as_str().unwrap();
        assert!(url.starts_with("/services/data/v62.0/query?q=SELECT%20Some_Long_Field_Name__c%2C"), "{url}");
    }

    #[tokio::test]
    async fn a_query_too_long_for_a_gateway_is_sent_in_a_body() {
        let answer = format!(r#"{{"compositeResponse":[{{"body":{PAGE},"httpStatusCode":200}}]}}"#);
        for status in [414, 431] {
            let server = Scripted::start([Reply::html(status), Reply::json(&answer)]).await;

            let page = server.client().0.query("SELECT Id FROM Contact", QueryOperation::Query).await.unwrap();

            assert_eq!(page.total_size, 3_222);
        }
    }

    #[tokio::test]
    async fn a_refusal_inside_a_composite_answer_is_the_refusal_of_the_query() {
        let refusal = r#"[{"errorCode":"INVALID_FIELD","message":"No such column 'Foo'"}]"#;
        let answer = format!(r#"{{"compositeResponse":[{{"body":{refusal},"httpStatusCode":400}}]}}"#);
        let server = Scripted::start([Reply::html(414), Reply::json(&answer)]).await;

        let error = server.client().0.query("SELECT Foo FROM Contact", QueryOperation::Query).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_eq!(message(&error), "could not run the query: Salesforce answered INVALID_FIELD: No such column 'Foo'");
    }

    #[tokio::test]
    async fn an_expired_locator_and_a_slow_query_are_told_apart() {
        let expired = Reply::refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
        let slow = Reply::refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long.");
        let server = Scripted::start([expired, slow]).await;
        let (client, _) = server.client();

        let error = client.query_more("/services/data/v62.0/query/01g-2000").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LocatorExpired);
        let error = client.query("SELECT Id FROM A", QueryOperation::Query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueryTimeout);
        assert!(error.hint().unwrap().contains("smaller"));
    }
}
