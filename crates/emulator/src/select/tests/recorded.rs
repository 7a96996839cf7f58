//! Refusals held against those that were recorded from real orgs or quoted in public. The collection does not belong to
//! this repository; without it this test says so and passes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use super::org;
use crate::org::Org;
use crate::select::Scope;

/// Codes in the collection that a query cannot be refused with here, with the reason.
const ELSEWHERE: [(&str, &str); 14] = [
    ("API_DISABLED_FOR_ORG", "about the org, not the query"),
    ("ENTITY_IS_DELETED", "about a write"),
    ("EXCEEDED_ID_LIMIT", "about the pages of groups: tested over HTTP"),
    ("INVALIDENTITY", "about the Bulk API: tested over HTTP"),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "about a write"),
    ("INVALID_SESSION_ID", "about the session"),
    ("MALFORMED_ID", "about a write"),
    ("MALFORMED_SEARCH", "about a search, not a query"),
    ("NOT_FOUND", "about an address"),
    ("PROCESSING_HALTED", "about a write"),
    ("QUERY_TIMEOUT", "an answer of an overloaded org: a fault"),
    ("REQUEST_LIMIT_EXCEEDED", "about limits: a fault"),
    ("REQUIRED_FIELD_MISSING", "about a write"),
    ("INVALID_FIELD", "held by text below where the query is known; else about a write"),
];

/// Queries of the collection, or such as have its texts, that the fixture's org can be asked: the refusal is to be the same.
const ASKED: [(&str, &str); 4] = [
    ("SELEKT Name FROM Account", "unexpected token: SELEKT"),
    ("SELECT Bacon__c FROM Account LIMIT 2", "No such column 'Bacon__c' on entity 'Account'"),
    ("select count() from XYZZY", "sObject type 'XYZZY' is not supported"),
    ("", "SOQL statements can not be longer than 100000 characters"),
];

/// Finds the folder that the collections of real data are in.
#[expect(clippy::disallowed_methods, reason = "tests have no `orgtap::env`")]
fn shared() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let named = std::env::var_os("ORGTAP_SHARED").map(PathBuf::from);
    named.into_iter().chain([beside_the_repository]).find(|folder| folder.is_dir())
}

fn bodies() -> Vec<Json> {
    let Some(folder) = shared().map(|folder| folder.join("data/errors")) else {
        println!("skipped: the collection of refusals is not there; set ORGTAP_SHARED to the folder with `data`");
        return Vec::new();
    };
    let files = ["errors.jsonl", "reported_in_issues.jsonl"];
    let text: String = files.iter().filter_map(|file| fs::read_to_string(folder.join(file)).ok()).collect();
    text.lines()
        .map(|line| serde_json::from_str::<Json>(line).expect("a line is a JSON object")["body"].take())
        .collect()
}

/// Returns the code and message of every refusal in a body, at any depth.
fn refusals(body: &Json, found: &mut Vec<(String, String)>) {
    match body {
        Json::Array(items) => items.iter().for_each(|item| refusals(item, found)),
        Json::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            if members.contains_key("errorCode") {
                found.push((text("errorCode"), text("message")));
            }
            members.values().for_each(|member| refusals(member, found));
        }
        _ => {}
    }
}

fn refused(org: &Org, soql: &str) -> (String, String) {
    let soql = if soql.is_empty() { "x".repeat(100_001) } else { soql.to_owned() };
    let error = org.select(&soql, Scope::Live).unwrap_err();
    (error.code.to_owned(), error.message)
}

#[test]
fn every_recorded_refusal_of_a_query_is_given_word_by_word_or_listed_with_a_reason() {
    let org = org();
    let mut recorded = Vec::new();
    bodies().iter().for_each(|body| refusals(body, &mut recorded));
    let given: Vec<(String, String)> = ASKED.iter().map(|(soql, _)| refused(&org, soql)).collect();
    for (code, message) in &recorded {
        let is_listed = ELSEWHERE.iter().any(|(known, _)| known == code);
        let is_given = given.iter().any(|known| known == &(code.clone(), message.clone()));
        assert!(is_given || is_listed, "{code}: {message}");
    }
    for (listed, reason) in ELSEWHERE {
        assert!(
            recorded.is_empty() || recorded.iter().any(|(code, _)| code == listed),
            "{listed} ({reason}) is not there"
        );
    }
    let texts: BTreeSet<&str> = recorded.iter().map(|(_, message)| message.as_str()).collect();
    for ((_, part), (_, text)) in ASKED.iter().zip(&given) {
        assert!(text.contains(part), "{text}");
        assert!(texts.is_empty() || texts.contains(text.as_str()), "{text}");
    }
}
