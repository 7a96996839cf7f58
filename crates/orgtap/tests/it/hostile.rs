//! An org whose names and values mean harm: to the terminal that shows them, and to the disk that gets them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault};

use crate::context::{Ran, TestContext};

/// A colour, a bell, a link, the one-byte form of an escape, a mark that turns the line around, a line of its own.
const ESCAPES: &str =
    "a\\u001b[31mb\\u0007c\\u001b]8;;http://evil.example\\u001b\\\\d\\u009b2Je\\u202ef\\r\\u2028g\\u0000";

fn answer(context: &TestContext, call: CallKind, status: u16, body: &str) {
    let headers = [("content-type".to_owned(), "application/json".to_owned())].into();
    let answer = Action::Answer(CannedAnswer { status, headers, body: body.to_owned() });
    context.emulator().faults().add(Fault::always(call, answer)).unwrap();
}

#[track_caller]
fn assert_tame(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let is_harmful = |char: &char| {
            char.is_control() && !matches!(char, '\n' | '\t') || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2028}')
        };
        assert_eq!(text.chars().find(is_harmful), None, "{text:?}");
    }
}

#[test]
fn names_and_labels_of_an_org_do_not_command_the_terminal() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\n");
    // One answer to both: what is not asked for is not looked at.
    let described = format!(
        r#"{{"sobjects":[{{"name":"{ESCAPES}","label":"{ESCAPES}","queryable":true,"keyPrefix":"{ESCAPES}"}}],
        "name":"Account","label":"{ESCAPES}","fields":[{{"name":"Id","type":"id"}},
        {{"name":"N","type":"{ESCAPES}","label":"{ESCAPES}","referenceTo":["{ESCAPES}"]}}]}}"#
    );
    answer(&context, CallKind::Describe, 200, &described);

    let objects = context.orgtap(&["objects"]).succeeds();
    let fields = context.orgtap(&["describe", "Account"]).succeeds();

    assert!(objects.stdout.contains("a[31mbc]8;;http://evil.example"), "{}", objects.stdout);
    assert!(fields.stdout.contains("N "), "{}", fields.stdout);
    for ran in [objects, fields, context.orgtap(&["plan"]), context.orgtap(&["check"])] {
        assert_tame(&ran);
    }
}

#[test]
fn values_of_records_do_not_command_the_terminal() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\n");
    let records = format!(r#"[{{"attributes":{{"type":"{ESCAPES}"}},"Name":"{ESCAPES}","{ESCAPES}":1}}]"#);
    answer(&context, CallKind::Query, 200, &format!(r#"{{"totalSize":1,"done":true,"records":{records}}}"#));

    let table = context.orgtap(&["query", "SELECT Name FROM Account"]).succeeds();
    let computed = context.orgtap(&["query", "SELECT COUNT(Id) FROM Account GROUP BY Name"]).succeeds();
    let json = context.orgtap(&["query", "--format", "json", "SELECT Name FROM Account"]).succeeds();

    assert!(table.stdout.contains("a[31mbc"), "{}", table.stdout);
    assert_eq!(json.json()[0]["Name"].as_str().unwrap().chars().next_back(), Some('\0'));
    assert_tame(&json);
    assert!(computed.stdout.contains("a[31mbc"), "{}", computed.stdout);
    assert_tame(&table);
    assert_tame(&computed);
}

#[test]
fn log_lines_about_an_org_do_not_command_the_terminal() {
    let mut context = TestContext::new();
    context.set("ORGTAP_TEST_HURRY", "1");
    context.configure("[[rows]]\nobject = \"Account\"\napi = \"bulk\"\n");
    let job = format!(r#"{{"id":"750000000000001AAA","state":"{ESCAPES}","object":"{ESCAPES}"}}"#);
    answer(&context, CallKind::JobCreate, 200, &job);
    answer(&context, CallKind::JobInfo, 400, &format!(r#"[{{"errorCode":"{ESCAPES}","message":"{ESCAPES}"}}]"#));

    for format in ["text", "json"] {
        let ran = context.orgtap(&["run", "-vv", "--log-format", format]).exits(1);

        assert!(ran.stderr.contains("job created"), "{}", ran.stderr);
        assert_tame(&ran);
    }
}

/// Returns every file and folder below `folder`, but the configuration.
fn files(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        }
        found.insert(name);
    }
}

#[test]
fn nothing_is_written_outside_the_destination_whatever_a_table_is_called() {
    let names = [
        "../../x",
        "/etc/x",
        "..",
        ".",
        ".hidden",
        "CON",
        "nul.txt",
        "a/b",
        "a\\b",
        "-rf",
        "x\u{202e}y",
        "a`b\"c'd; --",
        "~",
        "%2e%2e",
        "Account",
        "*",
        "sqlite",
        "é",
    ];
    for (kind, path) in [("csv", "tables"), ("sqlite", "t.db")] {
        let context = TestContext::new();
        let rows: String = names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let name = serde_json::Value::from(*name);
                format!("[[rows]]\nname = \"{at}\"\nsoql = \"SELECT Id FROM User\"\ntable = {name}\n")
            })
            .collect();
        context.write(
            "orgtap.toml",
            &format!("{}[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n{rows}", context.connection()),
        );

        let ran = context.orgtap(&["run", "--json"]);

        let mut found = BTreeSet::new();
        files(&context.path(""), "", &mut found);
        found.remove("orgtap.toml");
        assert!(!found.is_empty(), "{}", ran.stderr);
        for file in &found {
            let is_inside =
                file == path || file.starts_with(&format!("{path}{}", if kind == "csv" { "/" } else { "-" }));
            assert!(is_inside, "{file}");
            assert!(!file.split('/').any(|part| part == ".." || part.contains(['\\', '`', '*'])), "{file}");
        }
        assert_tame(&ran);
        assert_eq!(ran.json()["rows"].as_array().unwrap().len(), names.len());
    }
}
