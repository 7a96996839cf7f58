//! The forms of an answer: JSON documents, and the refusals of each API with its own error body.
//!
//! What is refused, and with which words, is decided where the call is answered.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;

/// The content type of REST answers, spelt as Salesforce does.
const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// REST: an array of one error, the message first.
    Rest { status: StatusCode, code: String, message: String, fields: Option<Vec<String>> },
    /// Bulk API 2.0: an array of one error, the code first.
    Bulk { status: StatusCode, code: String, message: String },
    /// The token endpoint: an object.
    Oauth { error: &'static str, description: &'static str },
    /// SOAP: a fault. `login` tells login problems from all others.
    Soap { code: &'static str, message: String, login: bool },
    /// Bulk API v1: one error, as XML or as JSON.
    Async { status: StatusCode, code: &'static str, message: String, json: bool },
}

#[derive(Serialize)]
struct RestError<'a> {
    message: &'a str,
    #[serde(rename = "errorCode")]
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a [String]>,
}

#[derive(Serialize)]
struct BulkError<'a> {
    #[serde(rename = "errorCode")]
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AsyncError<'a> {
    exception_code: &'a str,
    exception_message: &'a str,
}

#[derive(Serialize)]
struct OauthError {
    error: &'static str,
    error_description: &'static str,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Rest { status, code: code.into(), message: message.into(), fields: None }
    }

    pub(crate) fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A resource, object, record or job that does not exist.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    /// A session that is unknown or has expired.
    pub(crate) fn session() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    /// A resource that exists, asked with a method that it does not know.
    pub(crate) fn wrong_method(method: &Method) -> Self {
        let message = format!("HTTP Method '{method}' not allowed.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
    }

    /// A Bulk API 2.0 call that cannot be carried out for a reason without a code of its own.
    pub(crate) fn api_error(message: impl Into<String>) -> Self {
        Self::bad_request("API_ERROR", message)
    }

    /// Names the fields at fault.
    pub(crate) fn about(mut self, names: impl IntoIterator<Item = String>) -> Self {
        if let Self::Rest { fields, .. } = &mut self {
            *fields = Some(names.into_iter().collect());
        }
        self
    }

    /// Spells a refusal as it stands among the results of several records.
    pub(crate) fn into_record_error(self) -> serde_json::Value {
        let (code, message, fields) = match self {
            Self::Rest { code, message, fields, .. } => (code, message, fields.unwrap_or_default()),
            Self::Bulk { code, message, .. } => (code, message, Vec::new()),
            Self::Oauth { error, description } => (error.to_owned(), description.to_owned(), Vec::new()),
            Self::Soap { code, message, .. } | Self::Async { code, message, .. } => {
                (code.to_owned(), message, Vec::new())
            }
        };
        serde_json::json!({"statusCode": code, "message": message, "fields": fields})
    }

    /// Spells a REST refusal as Bulk API 2.0 does.
    pub(crate) fn into_bulk(self) -> Self {
        match self {
            Self::Rest { status, code, message, .. } => Self::Bulk { status, code, message },
            other => other,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Rest { status, code, message, fields } => {
                json(status, &[RestError { message: &message, code: &code, fields: fields.as_deref() }])
            }
            Self::Bulk { status, code, message } => json(status, &[BulkError { code: &code, message: &message }]),
            Self::Oauth { error, description } => {
                no_store(json(StatusCode::BAD_REQUEST, &OauthError { error, error_description: description }))
            }
            Self::Async { status, code, message, json: true } => {
                async_json(status, &AsyncError { exception_code: code, exception_message: &message })
            }
            Self::Async { status, code, message, json: false } => async_error(status, code, &message),
            Self::Soap { code, message, login } => soap_fault(code, &message, login),
        }
    }
}

fn soap_fault(code: &str, message: &str, login: bool) -> Response {
    let (fault, message) = (if login { "LoginFault" } else { "UnexpectedErrorFault" }, escape(message));
    xml(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
             <faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>\
             <sf:{fault} xsi:type=\"sf:{fault}\"><sf:exceptionCode>{code}</sf:exceptionCode>\
             <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{fault}></detail></soapenv:Fault>\
             </soapenv:Body></soapenv:Envelope>"
        ),
    )
}

fn async_error(status: StatusCode, code: &str, message: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error\n   xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">\n \
         <exceptionCode>{code}</exceptionCode>\n <exceptionMessage>{}</exceptionMessage>\n</error>",
        escape(message)
    );
    with_type(status, HeaderValue::from_static("application/xml"), Body::from(text))
}

/// Escapes `text` for an XML element.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// Answers with a JSON document.
pub(crate) fn json<T: Serialize + ?Sized>(status: StatusCode, document: &T) -> Response {
    match serde_json::to_vec(document) {
        Ok(bytes) => json_bytes(status, bytes),
        Err(error) => {
            tracing::error!(%error, "could not write a JSON answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Answers with a JSON document that is written already.
pub(crate) fn json_bytes(status: StatusCode, document: Vec<u8>) -> Response {
    with_type(status, JSON, Body::from(document))
}

/// Answers with a JSON document of Bulk API v1, which names no character set.
pub(crate) fn async_json<T: Serialize + ?Sized>(status: StatusCode, document: &T) -> Response {
    let mut answer = json(status, document);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Answers with an XML document.
pub(crate) fn xml(status: StatusCode, document: String) -> Response {
    with_type(status, XML, Body::from(document))
}

/// Answers with an HTML page, for people and where a request does not reach an org.
pub(crate) fn html(status: StatusCode, page: impl Into<Body>) -> Response {
    with_type(status, HeaderValue::from_static("text/html; charset=UTF-8"), page.into())
}

/// Answers without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    status.into_response()
}

/// Forbids storing an answer that carries a session.
pub(crate) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn with_type(status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// Writes a time as REST documents carry it: `2024-05-06T07:08:09.000+0000`.
pub(crate) fn rest_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// Writes a time as an HTTP header carries it.
pub(crate) fn http_time(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads a time out of an HTTP header.
pub(crate) fn parse_http_time(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_times_are_read_back() {
        let time: Timestamp = "2013-07-03T19:43:31Z".parse().unwrap();

        assert_eq!(http_time(time), "Wed, 03 Jul 2013 19:43:31 GMT");
        assert_eq!(parse_http_time("Wed, 03 Jul 2013 19:43:31 GMT"), Some(time));
        assert_eq!(rest_time(time), "2013-07-03T19:43:31.000+0000");
    }
}
