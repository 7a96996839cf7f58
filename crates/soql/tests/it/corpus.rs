//! Queries that people really wrote, with what is known about them. The collection does not belong to this repository;
//! without it these tests say so and pass.

use std::{
    fs,
    path::{Path, PathBuf},
};

use orgtap_soql::parse;
use serde::Deserialize;

/// Valid in the collection and refused here.
const REFUSED: [(&str, &str); 4] = [
    (
        "WHERE Name LIKE 'A%'\nOR Type = 'Partner'\nAND Owner.Username",
        "Salesforce refuses AND and OR without parentheses",
    ),
    ("(NOT (\n    CALENDAR_MONTH(CreatedDate) = 10", "Salesforce refuses AND and OR without parentheses"),
    ("WHERE Name = :'BDI_ManageAdvancedMappingCtrl'", "a bind expression, though of a constant"),
    ("WHERE OR field = 5", "no condition stands before OR"),
];

/// Invalid in the collection and parsed here.
const PARSED: [(&str, &str); 5] = [
    ("SELECT Bacon__c FROM Account LIMIT 2", "the field does not exist, which only a describe tells"),
    ("SELECT account from contact", "the name is that of a relationship, which only a describe tells"),
    ("FROM Knowledge__c\nUPDATE TRACKING", "the object is no article, which only a describe tells"),
    ("FROM Knowledge__c\n   UPDATE VIEWSTAT", "the object is no article, which only a describe tells"),
    ("FROM object1 AS objectAs USING SCOPE everything", "AS may stand before the alias of an object"),
];

#[derive(Debug, Deserialize)]
struct Case {
    query: String,
    #[serde(default)]
    valid: bool,
}

/// Finds the folder that the collections of real data are in.
#[expect(clippy::disallowed_methods, reason = "tests have no `orgtap::env`")]
fn shared() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let named = std::env::var_os("ORGTAP_SHARED").map(PathBuf::from);
    named.into_iter().chain([beside_the_repository]).find(|folder| folder.is_dir())
}

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn cases(file: &str) -> Vec<Case> {
    let Some(text) = shared().and_then(|folder| fs::read_to_string(folder.join("data/soql").join(file)).ok()) else {
        println!("skipped: `{file}` is not there; set ORGTAP_SHARED to the folder with `data`");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).expect("a line is a JSON object")).collect()
}

fn is_among(query: &str, exceptions: &[(&str, &str)]) -> bool {
    exceptions.iter().any(|(part, _)| query.contains(part))
}

#[test]
fn every_valid_query_parses_and_prints_to_itself() {
    for case in cases("queries.jsonl").iter().filter(|case| case.valid && !is_among(&case.query, &REFUSED)) {
        let query = parse(&case.query).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));

        assert_eq!(parse(&query.to_string()).as_ref(), Ok(&query), "{}", case.query);
    }
}

#[test]
fn every_invalid_query_is_refused_at_a_place_inside_it() {
    for case in cases("queries.jsonl").iter().filter(|case| !case.valid && !is_among(&case.query, &PARSED)) {
        let diagnostics = parse(&case.query).expect_err(&case.query);

        for diagnostic in diagnostics.as_slice() {
            let span = diagnostic.span;
            assert!(case.query.get(span.start..span.end).is_some(), "{span:?} {}", case.query);
        }
    }
}

#[test]
fn every_exception_is_still_one() {
    for case in cases("queries.jsonl") {
        if is_among(&case.query, if case.valid { &REFUSED } else { &PARSED }) {
            assert_ne!(parse(&case.query).is_ok(), case.valid, "{}", case.query);
        }
    }
}

#[test]
fn every_query_with_bind_variables_is_refused() {
    for case in cases("apex_bind.jsonl") {
        let diagnostics = parse(&case.query).expect_err(&case.query);

        let names_them = diagnostics.as_slice().iter().any(|it| it.message == "the API takes no bind variables");
        assert!(names_them, "{}", diagnostics.render());
    }
}
