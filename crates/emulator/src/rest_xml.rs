//! REST answers as XML, for clients that ask for it by `Accept` or by `.xml` at the end of the address.
//!
//! The documents are those of JSON: members are elements, items of an array are repeated elements, and the type and address
//! of a record are attributes of its element.

use axum::{
    body::{Body, HttpBody, to_bytes},
    http::{HeaderValue, header, request::Parts},
    response::Response,
};
use serde_json::{Map, Value as Json};

use crate::{
    answer::escape,
    call::{Call, Resource},
};

const NAMESPACE: &str = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Returns the path without the ending by which it chooses a form, and whether that form is XML.
pub(crate) fn without_ending(head: &Parts) -> (&str, bool) {
    let path = head.uri.path();
    let accept = head.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts_xml = accept.contains("application/xml") && !accept.contains("application/json");
    match (path.starts_with("/services/data/"), path.strip_suffix(".xml"), path.strip_suffix(".json")) {
        (true, Some(path), _) => (path, true),
        (true, _, Some(path)) => (path, false),
        (is_rest, ..) => (path, is_rest && accepts_xml),
    }
}

/// Returns the names of the outermost element and, for a list, of its items. Bulk API 2.0 knows no XML.
pub(crate) fn names(call: &Call) -> Option<(String, &'static str)> {
    let (outer, item) = match call {
        Call::Versions => ("Versions", "Version"),
        Call::Rest(_, resource) if resource.is_bulk() => return None,
        Call::Rest(_, Resource::Query(_) | Resource::QueryMore(_) | Resource::ToolingQuery) => {
            ("QueryResult", "records")
        }
        Call::Rest(_, Resource::DescribeGlobal) => ("DescribeGlobal", "sobjects"),
        Call::Rest(_, Resource::Describe(_)) => ("DescribeSObject", "fields"),
        Call::Rest(_, Resource::Limits) => ("LimitsSnapshot", "limit"),
        Call::Rest(_, Resource::Record { object, .. }) => return Some((object.clone(), "record")),
        Call::Rest(..) | Call::Unknown | Call::WrongMethod => ("Result", "item"),
        _ => return None,
    };
    Some((outer.to_owned(), item))
}

/// Writes an answer that is a JSON document anew, as XML.
pub(crate) async fn spell(answer: Response, (outer, item): (String, &'static str)) -> Response {
    let is_json =
        answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let size = answer.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let Some(size) = size.filter(|size| is_json && *size > 0) else { return answer };
    let (mut head, body) = answer.into_parts();
    let document = to_bytes(body, size).await.ok().and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok());
    let (outer, item) = if head.status.is_success() { (outer.as_str(), item) } else { ("Errors", "Error") };
    let xml = document.map(|document| to_xml(outer, item, &document)).unwrap_or_default();
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml;charset=UTF-8"));
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(xml))
}

fn to_xml(outer: &str, item: &str, document: &Json) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned();
    match document {
        Json::Array(items) => {
            open(outer, NAMESPACE, &mut out);
            items.iter().for_each(|value| element(item, value, &mut out));
            close(outer, &mut out);
        }
        Json::Object(members) => object(outer, NAMESPACE, members, &mut out),
        value => element(outer, value, &mut out),
    }
    out
}

fn element(name: &str, value: &Json, out: &mut String) {
    match value {
        Json::Null => open_and_close(name, out),
        Json::Array(items) => items.iter().for_each(|item| element(name, item, out)),
        Json::Object(members) => object(name, "", members, out),
        Json::String(text) => leaf(name, &escape(&printable(text)), out),
        other => leaf(name, &other.to_string(), out),
    }
}

fn object(name: &str, namespace: &str, members: &Map<String, Json>, out: &mut String) {
    let mut attributes = namespace.to_owned();
    for (key, value) in members.get("attributes").and_then(Json::as_object).into_iter().flatten() {
        let value = escape(value.as_str().unwrap_or_default());
        let space = if attributes.is_empty() { "" } else { " " };
        attributes.push_str(&format!("{space}{}=\"{value}\"", valid(key)));
    }
    open(name, &attributes, out);
    members.iter().filter(|(key, _)| *key != "attributes").for_each(|(key, value)| element(key, value, out));
    close(name, out);
}

fn open(name: &str, attributes: &str, out: &mut String) {
    let space = if attributes.is_empty() { "" } else { " " };
    out.push_str(&format!("<{}{space}{attributes}>", valid(name)));
}

fn close(name: &str, out: &mut String) {
    out.push_str(&format!("</{}>", valid(name)));
}

fn leaf(name: &str, text: &str, out: &mut String) {
    open(name, "", out);
    out.push_str(text);
    close(name, out);
}

fn open_and_close(name: &str, out: &mut String) {
    out.push_str(&format!("<{} xsi:nil=\"true\"/>", valid(name)));
}

/// Returns a name that an element can have.
fn valid(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() { format!("_{name}") } else { name }
}

/// Leaves out what no XML 1.0 document can hold.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_elements_and_attributes_are_attributes() {
        let document = json!({"totalSize": 1, "done": true, "records": [
            {"attributes": {"type": "Account", "url": "/x"}, "Name": "A & B\u{0}", "Phone": null, "Owner": {"Id": "005"}}
        ]});

        assert_eq!(
            to_xml("QueryResult", "records", &document),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><QueryResult xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <totalSize>1</totalSize><done>true</done><records type=\"Account\" url=\"/x\"><Name>A &amp; B</Name>\
             <Phone xsi:nil=\"true\"/><Owner><Id>005</Id></Owner></records></QueryResult>"
        );
    }

    #[test]
    fn the_items_of_a_list_and_odd_names_get_names_that_are_valid() {
        let xml = to_xml("Errors", "Error", &json!([{"a b": 1, "1": "x"}]));

        assert!(xml.ends_with("><Error><a_b>1</a_b><_1>x</_1></Error></Errors>"), "{xml}");
    }
}
