//! Queries that people really wrote, with what is known about them. The collection does not belong to this repository;
//! without it these tests say so and pass.

use std::{
    fs,
    path::{Path, PathBuf},
};

use orgtap_soql::parse;
use serde::Deserialize;

/// A query of the collection that is judged otherwise here.
struct Exception {
    /// The FNV-1a hash of its text.
    hash: u64,
    /// The like of it, in our words.
    example: &'static str,
    reason: &'static str,
}

/// Valid in the collection and refused here.
const REFUSED: [Exception; 4] = [
    Exception {
        hash: 0xd780_e89b_eba3_70a0,
        example: "SELECT Id FROM Account WHERE Fax = 'a' OR Fax = 'b' AND Owner.Name = 'c'",
        reason: "Salesforce refuses AND and OR without parentheses",
    },
    Exception {
        hash: 0x5ae4_89b6_671d_b7b9,
        example: "SELECT Id FROM Account WHERE Fax = 'a' OR (NOT Fax = 'b') AND Site = 'c' OR Phone = 'd'",
        reason: "Salesforce refuses AND and OR without parentheses",
    },
    Exception {
        hash: 0x7ad5_b328_1ead_b10d,
        example: "SELECT Id FROM Account WHERE Name = :'a'",
        reason: "a bind expression, though of a constant: the API takes none",
    },
    Exception {
        hash: 0x0322_227b_b836_e2e6,
        example: "SELECT Id FROM Account WHERE OR Name = 'a'",
        reason: "no condition stands before OR",
    },
];

/// Invalid in the collection and parsed here.
const PARSED: [Exception; 6] = [
    Exception {
        hash: 0x35e3_2a67_4691_ceb1,
        example: "SELECT Nothing__c FROM Account",
        reason: "the field does not exist, which only a describe tells",
    },
    Exception {
        hash: 0x2a1a_422b_ee71_5a96,
        example: "SELECT Owner FROM Account",
        reason: "the name is that of a relationship, which only a describe tells",
    },
    Exception {
        hash: 0x64ba_3ed4_252f_393c,
        example: "SELECT Name FROM Thing__c UPDATE TRACKING",
        reason: "the object is no article, which only a describe tells; an extract is refused it all the same",
    },
    Exception {
        hash: 0xb612_fe3c_2433_ad46,
        example: "SELECT Name FROM Thing__c UPDATE VIEWSTAT",
        reason: "the object is no article, which only a describe tells; an extract is refused it all the same",
    },
    Exception {
        hash: 0x4640_315b_893a_df97,
        example: "SELECT Name FROM Thing__c UPDATE VIEWSTAT, TRACKING",
        reason: "the object is no article, which only a describe tells; an extract is refused it all the same",
    },
    Exception {
        hash: 0x6f52_dc6e_7a98_4048,
        example: "SELECT Name FROM Account AS a USING SCOPE everything",
        reason: "AS may stand before the alias of an object, and the scope after it: one parser of several refuses it",
    },
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

/// The hash of a text that is told by nothing else here: FNV-1a in 64 bits.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn is_among(query: &str, exceptions: &[Exception]) -> bool {
    exceptions.iter().any(|exception| exception.hash == hash(query))
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
    let cases = cases("queries.jsonl");
    for (exceptions, is_valid) in [(&REFUSED[..], true), (&PARSED[..], false)] {
        for Exception { hash: known, example, reason } in exceptions {
            let is_it = |case: &&Case| case.valid == is_valid && hash(&case.query) == *known;
            let case = cases.iter().find(is_it).map(|case| case.query.as_str());

            assert!(cases.is_empty() || case.is_some(), "{reason}: it is not there any more");
            for text in case.into_iter().chain([*example]) {
                assert_ne!(parse(text).is_ok(), is_valid, "{reason}: {text}");
            }
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
