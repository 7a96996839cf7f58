//! Loading tables.

use std::collections::BTreeMap;
use std::time::Duration;

use orgtap_emulator::{Id, Org, Scope, Value};

use crate::context::{TestContext, as_json};

const ACCOUNTS: &str = "[[rows]]\nname = \"accounts\"\nobject = \"Account\"\nload = \"incremental\"\n";

/// Returns the ids of the records that `soql` selects.
fn ids(org: &Org, soql: &str) -> Vec<Id> {
    let selection = org.select(soql, Scope::Live).unwrap();
    selection.records(0, selection.total()).filter_map(|record| record.id).collect()
}

fn fields(fields: &[(&str, &str)]) -> BTreeMap<String, Value> {
    fields.iter().map(|(name, text)| ((*name).to_owned(), Value::text(*text))).collect()
}

fn count(org: &Org, soql: &str) -> u64 {
    org.select(soql, Scope::Live).unwrap().total()
}

#[test]
fn a_full_load_fills_the_table_with_every_record() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"account\"\n");

    let report = context.orgtap(&["run", "--json"]).succeeds().json();

    let accounts = count(context.org(), "SELECT Id FROM Account");
    assert_eq!(
        context.sql("SELECT count(*), count(DISTINCT Id) FROM Account"),
        [[accounts.to_string(), accounts.to_string()]]
    );
    let row = &report["rows"][0];
    assert_eq!(row["row"], "account");
    assert_eq!(row["table"], "Account");
    assert_eq!(row["status"], "committed");
    assert_eq!(row["write_mode"], "replace");
    assert_eq!(row["records"], accounts);
    assert!(row["api_calls"].as_u64().unwrap() >= 3);
}

#[test]
fn an_incremental_run_moves_only_what_changed() {
    let context = TestContext::new();
    context.configure(ACCOUNTS);
    context.orgtap(&["run"]).succeeds();
    let org = context.org();
    org.advance(Duration::from_secs(3600));
    let before = count(org, "SELECT Id FROM Account");
    let changed = ids(org, "SELECT Id FROM Account LIMIT 2");
    changed.iter().for_each(|id| org.update(*id, fields(&[("Name", "Changed")])).unwrap());
    org.insert("Account", fields(&[("Name", "New")])).unwrap();

    let report = context.orgtap(&["run", "--json"]).succeeds().json();

    assert_eq!(report["rows"][0]["records"], 3);
    assert_eq!(report["rows"][0]["write_mode"], "upsert");
    assert_eq!(context.sql("SELECT count(*) FROM Account"), [[(before + 1).to_string()]]);
    assert_eq!(
        context.sql("SELECT Name, count(*) FROM Account WHERE Name IN ('Changed', 'New') GROUP BY Name"),
        [["Changed", "2"], ["New", "1"]]
    );
}

#[test]
fn deleted_records_come_along_where_they_are_asked_for() {
    let context = TestContext::new();
    context.configure(&format!("{ACCOUNTS}include_deleted = true\n"));
    context.orgtap(&["run"]).succeeds();
    let org = context.org();
    org.advance(Duration::from_secs(3600));
    let gone = ids(org, "SELECT Id FROM Account LIMIT 1")[0];
    org.delete(gone).unwrap();

    context.orgtap(&["run"]).succeeds();

    assert_eq!(context.sql(&format!("SELECT IsDeleted FROM Account WHERE Id = '{gone}'")), [["1"]]);
}

#[test]
fn a_full_refresh_forgets_what_was_loaded() {
    let context = TestContext::new();
    context.configure(ACCOUNTS);
    context.orgtap(&["run"]).succeeds();
    let org = context.org();
    let gone = ids(org, "SELECT Id FROM Account LIMIT 1")[0];
    org.delete(gone).unwrap();

    let kept = context.orgtap(&["run", "--json"]).succeeds().json();
    let stale = context.sql(&format!("SELECT count(*) FROM Account WHERE Id = '{gone}'"));
    let refreshed = context.orgtap(&["run", "--full-refresh", "--json"]).succeeds().json();

    assert_eq!(kept["rows"][0]["write_mode"], "upsert");
    assert_eq!(stale, [["1"]]);
    assert_eq!(refreshed["rows"][0]["write_mode"], "replace");
    assert_eq!(context.sql(&format!("SELECT count(*) FROM Account WHERE Id = '{gone}'")), [["0"]]);
}

#[test]
fn a_query_loads_what_it_selects_with_typed_columns() {
    let context = TestContext::new();
    context.configure(
        "[[rows]]\ntable = \"contacts\"\nsoql = \"SELECT Id, LastName, Account.Name, CreatedDate FROM Contact WHERE AccountId != null ORDER BY Id LIMIT 7\"\n",
    );

    context.orgtap(&["run"]).succeeds();

    assert_eq!(context.sql("SELECT count(*), count(\"Account.Name\") FROM contacts"), [["7", "7"]]);
    assert_eq!(
        context.sql("SELECT name FROM pragma_table_info('contacts')"),
        [["Id"], ["LastName"], ["Account.Name"], ["CreatedDate"]]
    );
}

#[test]
fn a_row_that_fails_leaves_the_others_alone() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Acount\"\n[[rows]]\nobject = \"Contact\"\n");

    let ran = context.orgtap(&["run", "--json"]).exits(1);

    let report = ran.json();
    assert_eq!(report["rows"][0]["status"], "failed");
    assert_eq!(report["rows"][0]["error"]["is_user_error"], true);
    assert_eq!(report["rows"][1]["status"], "committed");
    assert!(ran.errors().starts_with("error: row `Acount`: "), "{}", ran.stderr);
    assert!(ran.errors().contains("\nhint: did you mean `Account`?"), "{}", ran.stderr);
    assert_eq!(context.sql("SELECT count(*) > 0 FROM Contact"), [["1"]]);
    assert_eq!(context.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'Acount'"), [["0"]]);
}

#[test]
fn a_reader_that_went_away_hides_no_failure() {
    let context = TestContext::new();
    context.configure(&format!(
        "{ACCOUNTS}deleted = \"remove\"\n[[rows]]\nobject = \"Acount\"\nload = \"incremental\"\ndeleted = \"remove\"\n"
    ));
    let without_reader = |args: &[&str]| {
        let mut running = context.start(args);
        running.close_stdout();
        running.end()
    };

    for args in [&["run"][..], &["run", "--json"], &["reconcile"], &["reconcile", "--json"]] {
        let ran = without_reader(args).exits(1);

        assert!(ran.errors().contains("error: row `Acount`: "), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("standard output"), "{args:?}: {}", ran.stderr);
    }
    without_reader(&["run", "--row", "accounts"]).succeeds();
}

#[test]
fn only_the_named_rows_run() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\n[[rows]]\nobject = \"Contact\"\n");

    let report = context.orgtap(&["run", "--row", "Contact", "--json"]).succeeds().json();
    let unknown = context.orgtap(&["run", "--row", "Contct"]).exits(1);

    assert_eq!(report["rows"].as_array().unwrap().len(), 1);
    assert_eq!(report["rows"][0]["row"], "Contact");
    assert_eq!(
        unknown.stderr,
        "error: could not run row `Contct`: no row has that name\nhint: did you mean `Contact`?\n"
    );
}

#[test]
fn the_report_has_a_line_for_each_row_and_one_for_all() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"User\"\n");

    let ran = context.orgtap(&["run"]).succeeds();

    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("row   table  mode     records"), "{}", ran.stdout);
    assert!(lines[1].starts_with("User  User   replace "), "{}", ran.stdout);
    assert!(lines[2].contains(" API calls; the org has used "), "{}", ran.stdout);
    assert!(lines[2].contains(" MB on the wire) in "), "{}", ran.stdout);
    assert!(lines[3].contains(" MB per second; of the rows' time, "), "{}", ran.stdout);
    assert!(ran.stderr.contains(" INFO "), "{}", ran.stderr);
}

#[test]
fn the_report_tells_where_the_time_went() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"User\"\napi = \"bulk\"\n[[rows]]\nobject = \"Account\"\n");

    let report = context.orgtap(&["run", "--json"]).succeeds().json();

    let rows = report["rows"].as_array().unwrap();
    for place in rows.iter().chain([&report["totals"]]) {
        let phases: Vec<_> = place["seconds"].as_object().unwrap().keys().collect();
        assert_eq!(phases, ["planning", "job_wait", "transfer", "commit"], "{place}");
        assert!(place["received_bytes"].as_u64().unwrap() > 0, "{place}");
    }
    for key in ["records", "bytes", "received_bytes", "api_calls"] {
        let sum: u64 = rows.iter().map(|row| row[key].as_u64().unwrap()).sum();
        assert_eq!(report["totals"][key].as_u64(), Some(sum), "{key}: {report}");
    }
    assert!(
        report["totals"]["records_per_second"].is_f64() && report["totals"]["bytes_per_second"].is_f64(),
        "{report}"
    );
}

#[test]
fn a_csv_destination_gets_a_folder_per_table() {
    let context = TestContext::new();
    let connection = context.connection();
    context.write("orgtap.toml", &format!("{connection}[destination]\nkind = \"csv\"\npath = \"out\"\n[[rows]]\nobject = \"User\"\nfields = [\"Id\", \"Username\"]\n"));

    context.orgtap(&["run"]).succeeds();

    let files: Vec<_> =
        std::fs::read_dir(context.path("out/User")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let csv = files.iter().find(|file| file.extension().is_some_and(|extension| extension == "csv")).unwrap();
    let text = std::fs::read_to_string(csv).unwrap();
    assert!(text.replace('"', "").starts_with("Id,Username\n005"), "{text}");
}

#[test]
fn a_wrong_password_is_tried_once_for_all_rows() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\n[[rows]]\nobject = \"Contact\"\n");
    context.write("orgtap.toml", &context.read("orgtap.toml").replace("password = \"", "password = \"wrong"));

    let ran = context.orgtap(&["run"]).exits(1);

    assert!(ran.stderr.contains("INVALID_LOGIN"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhint: ") || ran.stderr.starts_with("hint: "), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("INVALID_LOGIN").count(), 1, "{}", ran.stderr);
}

#[test]
fn log_lines_can_be_json() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"User\"\n");

    let ran = context.orgtap(&["run", "-v", "--log-format", "json"]).succeeds();

    let lines: Vec<_> = ran.stderr.lines().map(as_json).collect();
    assert!(lines.iter().any(|line| line["message"] == "committed" && line["row"] == "User"));
    assert!(lines.iter().any(|line| line["level"] == "DEBUG"));
}
