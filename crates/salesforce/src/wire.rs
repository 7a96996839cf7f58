//! The documents of Salesforce as they come over the wire, read loosely: what is not needed is not looked at.
//!
//! None of these leaves the crate; each is turned into a type of its own where it is read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::strtime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::describe::SObjectSummary;
use crate::json::Record;

#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    pub(crate) version: String,
}

/// The list of what a version offers, of which only the identity of the user is of use.
#[derive(Debug, Deserialize)]
pub(crate) struct Resources {
    pub(crate) identity: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DescribeGlobal {
    pub(crate) sobjects: Vec<SObjectSummary>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryAnswer {
    #[serde(deserialize_with = "count")]
    pub(crate) total_size: u64,
    pub(crate) done: bool,
    #[serde(default)]
    pub(crate) next_records_url: Option<String>,
    #[serde(default)]
    pub(crate) records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompositeAnswer {
    pub(crate) composite_response: Vec<CompositePart>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompositePart {
    /// As it came: numbers lose digits where they are read before they are needed.
    #[serde(default)]
    pub(crate) body: Option<Box<RawValue>>,
    pub(crate) http_status_code: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordCounts {
    #[serde(rename = "sObjects")]
    pub(crate) s_objects: Vec<RecordCount>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordCount {
    pub(crate) name: String,
    pub(crate) count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatedAnswer {
    #[serde(default)]
    pub(crate) ids: Vec<String>,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) latest_date_covered: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedAnswer {
    pub(crate) deleted_records: Vec<DeletedRecordAnswer>,
    #[serde(default, deserialize_with = "optional_timestamp")]
    pub(crate) earliest_date_available: Option<Timestamp>,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) latest_date_covered: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedRecordAnswer {
    pub(crate) id: String,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) deleted_date: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobAnswer {
    pub(crate) id: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) object: Option<String>,
    #[serde(default)]
    pub(crate) operation: Option<String>,
    #[serde(default)]
    pub(crate) created_by_id: Option<String>,
    /// Missing or null before the job has begun.
    #[serde(default, deserialize_with = "optional_count")]
    pub(crate) number_records_processed: Option<u64>,
    /// Milliseconds.
    #[serde(default, deserialize_with = "optional_count")]
    pub(crate) total_processing_time: Option<u64>,
    #[serde(default)]
    pub(crate) error_message: Option<String>,
    #[serde(default, deserialize_with = "optional_flag")]
    pub(crate) is_pk_chunking_supported: Option<bool>,
    #[serde(default, deserialize_with = "optional_timestamp")]
    pub(crate) created_date: Option<Timestamp>,
    /// Documented as text, shown as a number.
    #[serde(default)]
    pub(crate) api_version: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultPagesAnswer {
    #[serde(default)]
    pub(crate) result_pages: Vec<ResultPageAnswer>,
    /// The documentation has both names.
    #[serde(default, alias = "nextRecordUrl")]
    pub(crate) next_records_url: Option<String>,
    #[serde(default)]
    pub(crate) done: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultPageAnswer {
    pub(crate) result_url: String,
}

/// Names to `{"Max": …, "Remaining": …}`, and here and there something else.
pub(crate) type LimitsAnswer = BTreeMap<String, Value>;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LimitAnswer {
    pub(crate) max: u64,
    pub(crate) remaining: i64,
}

/// The answer of the token endpoint. It has no `Debug`, for it is made of secrets.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: String,
    pub(crate) instance_url: String,
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) refresh_token: Option<String>,
}

/// A refusal in any of the forms in use: of REST and Bulk 2.0, of the token endpoint, of Bulk 1.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RefusalAnswer {
    #[serde(default, rename = "errorCode", alias = "exceptionCode", alias = "error")]
    pub(crate) code: Option<String>,
    #[serde(default, alias = "exceptionMessage", alias = "error_description")]
    pub(crate) message: Option<String>,
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_timestamp(&text).ok_or_else(|| serde::de::Error::custom("not a date and time"))
}

fn optional_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(parse_timestamp))
}

/// Counts beyond this are no counts, and sums of those below do not overflow.
const MOST: u64 = 1 << 53;

/// Reads a count that is written as a number or, as gateways do, as text. What is no count is refused: nothing could be held against it.
fn optional_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err(D::Error::custom("not a count")),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.strip_suffix(".0").unwrap_or(&text).parse().ok().filter(|number| *number <= MOST);
    number.map(Some).ok_or_else(|| D::Error::custom("not a count"))
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    optional_count(deserializer)?.ok_or_else(|| D::Error::custom("not a count"))
}

/// Reads the text of a header that is a count.
pub(crate) fn count_in_header(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number <= MOST)
}

fn optional_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

/// Reads `2013-05-08T21:20:00.000+0000`, and the usual forms of ISO 8601.
fn parse_timestamp(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)?.to_timestamp()).ok()
}
