//! Looking at an org and at what a run would do, without loading anything.

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault};
use serde_json::json;

use crate::context::TestContext;

#[test]
fn plan_tells_what_each_row_would_do_and_why() {
    let context = TestContext::new();
    context.configure(
        "[[rows]]\nobject = \"Contact\"\nfields = [\"Id\", \"LastName\", \"Birthdate\"]\nload = \"incremental\"\n\
         [[rows]]\nname = \"broken\"\nsoql = \"SELECT Id FROM\"\n",
    );

    let ran = context.orgtap(&["plan"]).exits(1);
    let json = context.orgtap(&["plan", "--json"]).exits(1).json();

    insta::assert_snapshot!(format!("{}\n{}", ran.stdout, ran.errors()));
    assert_eq!(json["rows"][0]["plan"]["write_mode"], "upsert");
    assert_eq!(json["rows"][0]["plan"]["columns"][0]["name"], "Id");
    assert!(json["rows"][1]["error"]["message"].as_str().unwrap().contains("could not use the query"));
    assert!(
        !context.path("t.db").exists()
            || context.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'Contact'") == [["0"]]
    );
}

#[test]
fn check_lists_what_works_and_what_does_not() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\n[[rows]]\nobject = \"Nothing__c\"\n");

    let ran = context.orgtap(&["check"]).exits(1);

    assert!(ran.stdout.contains("ok      sign-in: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("ok      row Account: Account → table `Account`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("failed  row Nothing__c: "), "{}", ran.stdout);
    assert_eq!(context.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'Account'"), [["0"]]);
}

#[test]
fn objects_and_fields_are_listed() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = 3\n");

    let objects = context.orgtap(&["objects"]).succeeds();
    let json = context.orgtap(&["objects", "--json"]).succeeds().json();
    let fields = context.orgtap(&["describe", "contact"]).succeeds();
    let fields_json = context.orgtap(&["describe", "Contact", "--json"]).succeeds().json();

    assert!(objects.stdout.lines().any(|line| line.starts_with("Account ")), "{}", objects.stdout);
    assert!(json["objects"].as_array().unwrap().iter().any(|object| object["name"] == "Account"));
    assert!(fields.stdout.lines().any(|line| line.starts_with("LastName ")), "{}", fields.stdout);
    assert!(
        fields_json["fields"]
            .as_array()
            .unwrap()
            .iter()
            .any(|field| field["name"] == "Email" && field["type"] == "email")
    );
}

#[test]
fn a_misspelt_object_is_guessed() {
    let context = TestContext::new();
    context.configure("");

    let ran = context.orgtap(&["describe", "Acount"]).exits(1);

    assert_eq!(
        ran.errors(),
        "error: could not describe `Acount`: the org has no such object, or the user may not see it\n\
         hint: did you mean `Account`? `orgtap objects` lists them all"
    );
}

#[test]
fn the_result_of_a_query_is_printed_as_asked() {
    let context = TestContext::new();
    context.configure("");
    let query = |format: &str| {
        let soql = "SELECT Id, Account.Name FROM Contact WHERE AccountId != null ORDER BY Id LIMIT 3";
        context.orgtap(&["query", "-q", "--format", format, soql]).succeeds()
    };

    let (table, csv, json) = (query("table").stdout, query("csv").stdout, query("json").json());

    let json = json.as_array().unwrap();
    assert_eq!((table.lines().count(), json.len()), (4, 3));
    assert!(table.starts_with("Id                  Account.Name"), "{table}");
    assert!(csv.starts_with("\"Id\",\"Account.Name\"\n\"003"), "{csv}");
    assert!(json[0]["Account"]["Name"].is_string() && json[0]["attributes"].is_null());
}

#[test]
fn a_count_is_a_number() {
    let context = TestContext::new();
    context.configure("");

    let ran = context.orgtap(&["query", "--format", "csv", "SELECT COUNT() FROM User"]).succeeds();

    let users = context.org().select("SELECT Id FROM User", orgtap_emulator::Scope::Live).unwrap().total();
    assert_eq!(ran.stdout, format!("\"count\"\n\"{users}\"\n"));
}

#[test]
fn every_page_of_a_long_result_is_printed() {
    let context = TestContext::with(orgtap_emulator::Org::builder().demo(20_000).build(), Default::default());
    context.configure("");
    let soql = "SELECT Id FROM Contact";

    let ran = context.orgtap(&["query", "-q", "--format", "csv", soql]).succeeds();

    let contacts = context.org().select(soql, orgtap_emulator::Scope::Live).unwrap().total();
    assert!(contacts > 2_000, "one page holds them all");
    assert_eq!(ran.stdout.lines().count() as u64, contacts + 1);
}

#[test]
fn a_plan_shows_what_hurts_under_the_query() {
    let context = TestContext::new();
    context.configure("[[rows]]\nload = \"incremental\"\nsoql = \"\"\"\nSELECT Id\nFROM Contact\nLIMIT 7\"\"\"\n");

    let ran = context.orgtap(&["plan"]).succeeds();
    let json = context.orgtap(&["plan", "--json"]).succeeds().json();

    let place = "  warning: LIMIT takes any of the records, and an incremental fetch never comes back to the others\n    at 3:7\n      LIMIT 7\n            ^\n";
    assert!(ran.stdout.contains(place), "{}", ran.stdout);
    let warnings = json["rows"][0]["plan"]["warnings"].as_array().unwrap();
    let limit = warnings.iter().find(|warning| warning["message"].as_str().unwrap().starts_with("LIMIT takes"));
    let limit = limit.unwrap_or_else(|| panic!("{json}"));
    assert_eq!((&limit["start"], &limit["end"], &limit["severity"]), (&json!(29), &json!(30), &json!("warning")));
}

#[test]
fn a_query_is_checked_without_connecting() {
    let context = TestContext::new();

    let good = context.orgtap(&["query", "--check", "SELECT Id FROM Account"]).succeeds();
    let bad = context.orgtap(&["query", "--check", "SELECT Id FROM Account WHERE Name == 'x'"]).exits(1);
    let broken = context.orgtap(&["query", "--check", "SELECT Name, COUNT(Id) FROM Account"]).exits(1);
    let json = context.orgtap(&["query", "--check", "--json", "SELECT Id FROM Account WHERE Name == 'x'"]).exits(1);

    assert_eq!(good.stdout, "ok\n");
    insta::assert_snapshot!(bad.errors(), @r"
    error: could not use the query: `==` is not an operator of SOQL
      at 1:35
        SELECT Id FROM Account WHERE Name == 'x'
                                          ^^
      hint: write `=`
    ");
    assert!(broken.stderr.contains("`Name` is neither grouped by nor aggregated"), "{}", broken.stderr);
    let expected = json!({"valid": false, "diagnostics": [{"message": "`==` is not an operator of SOQL", "start": 34, "end": 36, "help": "write `=`", "severity": "error"}]});
    assert_eq!(json.json(), expected);
}

#[test]
fn a_file_of_queries_is_answered_line_by_line() {
    let context = TestContext::new();
    context.write(
        "q.jsonl",
        "{\"query\": \"SELECT Id FROM Account\", \"valid\": true}\n\n{\"query\": \"SELECT Id FROM\"}\n{\"query\": \"SELECT Name, COUNT(Id) FROM A\"}\n",
    );
    context.write("broken.jsonl", "{\"query\": \"SELECT Id FROM Account\"}\n{\"text\": 1}\n");

    let json = context.orgtap(&["query", "--check", "--json", "--file", "q.jsonl"]).exits(1);
    let text = context.orgtap(&["query", "--check", "--file", "q.jsonl"]).exits(1);
    let broken = context.orgtap(&["query", "--check", "--file", "broken.jsonl"]).exits(1);

    let answers: Vec<serde_json::Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let valid: Vec<_> = answers.iter().map(|answer| answer["valid"].as_bool().unwrap()).collect();
    let found: Vec<_> = answers.iter().map(|answer| answer["diagnostics"].as_array().unwrap().len()).collect();
    assert_eq!((valid, found), (vec![true, false, true], vec![0, 1, 1]));
    assert!(
        text.stdout.contains("q.jsonl:3: error: ") && text.stdout.ends_with("1 of 3 queries are in order\n"),
        "{}",
        text.stdout
    );
    assert!(
        broken.stderr.starts_with("error: could not read line 2 of `broken.jsonl`: missing field `query`"),
        "{}",
        broken.stderr
    );
}

#[test]
fn a_query_is_explained_without_reading_it() {
    let context = TestContext::new();
    context.configure("");
    let soql = "SELECT COUNT(Id), Rating FROM Account WHERE Name != null GROUP BY Rating";

    let ran = context.orgtap(&["query", "--explain", soql]).succeeds();
    let json = context.orgtap(&["query", "--explain", "--json", soql]).succeeds().json();
    let wrong = context.orgtap(&["query", "--explain", "SELECT Nmae FROM Account"]).exits(1);

    insta::assert_snapshot!(ran.stdout, @r"
      object    Account
      API       REST API: the Bulk API takes no aggregate functions
      records   neither deleted nor archived
      query     SELECT COUNT(Id), Rating FROM Account WHERE Name != NULL GROUP BY Rating
      cost      at least 3 API requests for records that are not counted before
      columns   integer   expr0
                text      Rating

    Salesforce knows 1 way, best first
      TableScan: relative cost [n] (not selective), about 35 of 35 records of Account
    ");
    assert_eq!(
        (&json["plan"]["api"], &json["salesforce_plans"][0]["leading_operation"]),
        (&json!("rest"), &json!("TableScan"))
    );
    assert!(wrong.stderr.contains("did you mean `Name`?"), "{}", wrong.stderr);
    assert!(context.emulator().stats().queries.is_empty());
}

#[test]
fn what_is_no_query_is_shown_with_its_place() {
    let context = TestContext::new();

    let ran = context.orgtap(&["query", "SELECT Id FORM Account"]).exits(1);

    assert!(ran.stderr.starts_with("error: could not use the query: unexpected `FORM`\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("SELECT Id FORM Account\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains('^'), "{}", ran.stderr);
}

#[test]
fn what_salesforce_refuses_is_shown_where_it_stands_in_the_query() {
    let context = TestContext::new();
    context.configure("[[rows]]\nsoql = \"\"\"\nSELECT Id\nFROM Contact\nWHERE Nmae = 'x'\n\"\"\"\n");

    let shown = "\n  at 3:7\n    WHERE Nmae = 'x'\n          ^^^^\n";

    for (command, is_listed) in [("check", true), ("plan", false), ("run", false)] {
        let ran = context.orgtap(&[command]).exits(1);
        let text = if is_listed { &ran.stdout } else { &ran.stderr };
        assert!(
            text.contains("could not use the query: Salesforce answered INVALID_FIELD: No such column 'Nmae'"),
            "{text}"
        );
        assert!(text.contains(shown), "{text}");
        assert_eq!(text.lines().filter(|line| line.trim_start().starts_with("hint:")).count(), 1, "{text}");
    }
}

#[test]
fn what_a_server_says_of_a_query_puts_nothing_on_the_terminal_but_its_words() {
    let context = TestContext::new();
    context.configure("");
    let say = |message: &str| {
        let body = json!([{"errorCode": "MALFORMED_QUERY\u{1b}[2J", "message": message}]).to_string();
        let answer = CannedAnswer { status: 400, headers: [].into(), body };
        context.emulator().faults().clear();
        context.emulator().faults().add(Fault::always(CallKind::Query, Action::Answer(answer))).unwrap();
        context.orgtap(&["query", "SELECT Id, Name FROM Account"]).exits(1).stderr
    };

    for message in [
        "\u{1b}]0;x\u{7}SELECT\n^\nERROR at Row:1:Column:12\n\u{1b}[31mNo such column 'Name'\r\u{202e}",
        "ERROR at Row:999999:Column:4\nNo such column 'Name'",
        "ERROR at Row:0:Column:0\n'Name'",
    ] {
        let stderr = say(message);
        assert!(stderr.contains("    SELECT Id, Name FROM Account\n               ^^^^\n"), "{stderr}");
        assert!(
            stderr.chars().all(|next| next == '\n' || !next.is_control()) && !stderr.contains('\u{202e}'),
            "{stderr:?}"
        );
    }
    let elsewhere = say("ERROR at Row:1:Column:800\nit broke");
    assert!(!elsewhere.contains('^') && elsewhere.contains("it broke"), "{elsewhere}");
}
