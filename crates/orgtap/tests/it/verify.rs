//! Tables held against the org.

use std::collections::BTreeMap;
use std::time::Duration;

use orgtap_emulator::{Id, Scope, Value};
use serde_json::Value as Json;

use crate::context::{Ran, TestContext};

const DAY: Duration = Duration::from_secs(86_400);
const ACCOUNTS: &str = "[[rows]]\nname = \"accounts\"\nobject = \"Account\"\nload = \"incremental\"\n";

/// An org whose accounts were loaded, and all transactions of which are over.
fn loaded(rows: &str) -> TestContext {
    let context = TestContext::new();
    context.org().advance(Duration::from_secs(3600));
    context.configure(rows);
    context.orgtap(&["run"]).succeeds();
    context
}

fn fields(fields: &[(&str, &str)]) -> BTreeMap<String, Value> {
    fields.iter().map(|(name, text)| ((*name).to_owned(), Value::text(*text))).collect()
}

fn ids(context: &TestContext, soql: &str) -> Vec<Id> {
    let selection = context.org().select(soql, Scope::Live).unwrap();
    selection.records(0, selection.total()).filter_map(|record| record.id).collect()
}

/// Changes `t.db` as another program might.
fn execute(context: &TestContext, sql: &str) {
    rusqlite::Connection::open(context.path("t.db")).unwrap().execute_batch(sql).unwrap();
}

fn only(ran: &Ran) -> Json {
    let document = ran.json();
    assert_eq!(document["version"], 1);
    assert_eq!(document["rows"].as_array().unwrap().len(), 1);
    document["rows"][0].clone()
}

fn windows(row: &Json) -> Vec<Json> {
    row["verification"]["windows"].as_array().unwrap().clone()
}

fn sum(windows: &[Json], of: &str) -> i64 {
    windows.iter().map(|window| window[of].as_i64().unwrap()).sum()
}

#[test]
fn a_table_that_was_loaded_agrees_with_the_org_in_counts_and_values() {
    let context = loaded(
        "[[rows]]\nobject = \"Account\"\nload = \"incremental\"\n[[rows]]\nobject = \"Case\"\ninclude_deleted = true\n\
         [[rows]]\nobject = \"Opportunity\"\n\
         [[rows]]\nobject = \"Contact\"\nload = \"append\"\n[[rows]]\nobject = \"AccountHistory\"\n\
         [[rows]]\nname = \"query\"\ntable = \"q\"\nsoql = \"SELECT Id, Name, Owner.Name, BillingAddress FROM Account a WHERE Name != null\"\n",
    );
    context.orgtap(&["run"]).succeeds();

    let ran = context.orgtap(&["verify", "--sample", "1000"]).succeeds();
    let json = context.orgtap(&["verify", "--sample", "1000", "--json"]).succeeds().json();

    assert_eq!(ran.stdout.matches("the table agrees with the org").count(), 6, "{}", ran.stdout);
    for row in json["rows"].as_array().unwrap() {
        let found = &row["verification"];
        let windows = windows(row);
        assert_eq!(row["status"], "agrees", "{row:#}");
        assert!(!windows.is_empty());
        assert!(windows.iter().all(|window| window["difference"] == 0), "{row:#}");
        assert!(sum(&windows, "table") > 0, "{row:#}");
        assert_eq!(found["sample"]["equal"], found["sample"]["records"], "{row:#}");
        assert!(found["sample"]["records"].as_i64().unwrap() > 0, "{row:#}");
    }
    let accounts = &json["rows"][0];
    assert!(windows(accounts).len() > 3, "{accounts:#}");
    assert_eq!(accounts["verification"]["table_records"], sum(&windows(accounts), "table"));
    assert!(windows(&json["rows"][1]).iter().any(|window| window["records"] == "deleted"));
}

#[test]
fn a_record_that_the_table_lacks_is_found_in_its_window() {
    let context = loaded(ACCOUNTS);
    let gone = context.sql("SELECT Id, CreatedDate FROM Account ORDER BY CreatedDate LIMIT 1 OFFSET 10")[0].clone();
    execute(&context, &format!("DELETE FROM Account WHERE Id = '{}'", gone[0]));

    let ran = context.orgtap(&["verify"]).exits(1);
    let row = only(&context.orgtap(&["verify", "--json"]).exits(1));

    assert_eq!(row["status"], "differs");
    let differing: Vec<_> = windows(&row).into_iter().filter(|window| window["difference"] != 0).collect();
    assert_eq!(differing.len(), 1);
    assert_eq!((&differing[0]["difference"], &differing[0]["agrees"]), (&Json::from(-1), &Json::from(false)));
    let created = gone[1].as_str();
    assert!(differing[0]["from"].as_str().is_none_or(|from| from <= created), "{created} {differing:?}");
    assert!(differing[0]["to"].as_str().is_none_or(|to| created < to), "{created} {differing:?}");
    assert!(ran.stdout.lines().any(|line| line.contains(" -1 ") && line.ends_with(" differs")), "{}", ran.stdout);
    assert!(ran.stdout.contains("the table differs from the org"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("\n1 not in the table: {}\n", gone[0])), "{}", ran.stdout);
    assert_eq!(
        row["verification"]["named"],
        serde_json::json!({"missing": [gone[0]], "extra": [], "is_partial": false, "unexamined": 0})
    );
    assert_eq!(ran.errors(), "");
}

#[test]
fn a_record_that_the_table_lacks_is_found_where_as_many_changed() {
    let context = loaded(ACCOUNTS);
    // Created together, so that they are of one window.
    let together = ids(&context, "SELECT Id FROM Account ORDER BY CreatedDate, Id LIMIT 2");
    execute(&context, &format!("DELETE FROM Account WHERE Id = '{}'", together[0]));
    context.org().advance(Duration::from_secs(600));
    context.org().update(together[1], fields(&[("Site", "changed since")])).unwrap();

    let ran = context.orgtap(&["verify", "--json"]).exits(1);

    let row = only(&ran);
    let differing: Vec<_> = windows(&row).into_iter().filter(|window| window["difference"] != 0).collect();
    assert_eq!((differing.len(), &differing[0]["explanation"]), (1, &"changed_since".into()), "{row:#}");
    assert_eq!(row["verification"]["named"]["missing"], serde_json::json!([together[0].to_string()]), "{row:#}");
    assert_eq!(row["status"], "differs");
    let told = context.orgtap(&["verify"]).exits(1).stdout;
    assert!(told.contains(&format!("1 not in the table: {}", together[0])), "{told}");
}

#[test]
fn a_row_that_removes_deleted_records_is_held_against_the_live_ones() {
    let context = TestContext::with(orgtap_emulator::Org::builder().demo(6_000).build(), Default::default());
    let deleted = context.org().select("SELECT Id FROM Account WHERE IsDeleted = true", Scope::All).unwrap();
    assert!(deleted.total() > 0);
    context.org().advance(Duration::from_secs(3600));
    context.configure(&format!("{ACCOUNTS}deleted = \"remove\"\n"));
    context.orgtap(&["run"]).succeeds();

    context.orgtap(&["verify", "--sample", "50"]).succeeds();
}

#[test]
fn a_changed_value_is_found_by_the_sample() {
    let context = loaded(ACCOUNTS);
    let id = ids(&context, "SELECT Id FROM Account LIMIT 1")[0].to_string();
    execute(
        &context,
        &format!("UPDATE Account SET Name = 'a' || char(10) || 'b', AnnualRevenue = 1.5 WHERE Id = '{id}'"),
    );

    let counted = context.orgtap(&["verify"]).succeeds();
    let ran = context.orgtap(&["verify", "--sample", "1000"]).exits(1);
    let row = only(&context.orgtap(&["verify", "--sample", "1000", "--json"]).exits(1));

    assert!(!counted.stdout.contains("sample"), "{}", counted.stdout);
    let differences = row["verification"]["sample"]["differences"].as_array().unwrap();
    let named: Vec<_> =
        differences.iter().map(|difference| (difference["id"].as_str(), difference["column"].as_str())).collect();
    assert_eq!(named, [(Some(id.as_str()), Some("Name")), (Some(id.as_str()), Some("AnnualRevenue"))]);
    assert_eq!(differences[0]["table"], "a\nb");
    assert_eq!(differences[0]["org"], context_name(&context, &id));
    assert!(ran.stdout.contains(&id) && ran.stdout.contains("a b"), "{}", ran.stdout);
}

fn context_name(context: &TestContext, id: &str) -> String {
    let ran =
        context.orgtap(&["query", "-q", "--format", "json", &format!("SELECT Name FROM Account WHERE Id = '{id}'")]);
    ran.succeeds().json()[0]["Name"].as_str().unwrap().to_owned()
}

#[test]
fn a_sample_draws_as_many_records_as_it_is_asked_for() {
    let context = loaded(ACCOUNTS);

    let row = only(&context.orgtap(&["verify", "--sample", "7", "--json"]).succeeds());

    assert_eq!(row["verification"]["sample"]["records"], 7);
    assert_eq!(row["verification"]["sample"]["equal"], 7);
}

#[test]
fn a_duplicate_is_found() {
    let context = loaded("[[rows]]\nobject = \"Account\"\n");
    execute(
        &context,
        "DROP INDEX IF EXISTS \"_orgtap_key_Account\"; INSERT INTO Account SELECT * FROM Account LIMIT 1",
    );

    let ran = context.orgtap(&["verify"]).exits(1);
    let row = only(&context.orgtap(&["verify", "--json"]).exits(1));

    assert_eq!(row["verification"]["duplicates"], 1);
    assert_eq!(windows(&row).iter().filter(|window| window["difference"] == 1).count(), 1);
    assert!(ran.stdout.contains("\n1 record with a key that another one has\n"), "{}", ran.stdout);
}

#[test]
fn what_happened_in_the_org_since_is_no_difference() {
    let context = loaded(ACCOUNTS);
    let org = context.org();
    org.advance(Duration::from_secs(3600));
    let [deleted, changed] = ids(&context, "SELECT Id FROM Account LIMIT 2")[..].try_into().unwrap();
    org.delete(deleted).unwrap();
    org.update(changed, fields(&[("Name", "Changed")])).unwrap();
    org.insert("Account", fields(&[("Name", "New")])).unwrap();

    let ran = context.orgtap(&["verify", "--sample", "1000"]).succeeds();
    let row = only(&context.orgtap(&["verify", "--sample", "1000", "--json"]).succeeds());

    let found = &row["verification"];
    let explained: Vec<_> = windows(&row).into_iter().filter(|window| window["difference"] != 0).collect();
    assert_eq!(explained.len(), 1);
    assert_eq!((&explained[0]["explanation"], &explained[0]["explained"]), (&Json::from("deleted"), &Json::from(1)));
    assert_eq!(found["created_since"]["org"], 1);
    assert_eq!(found["created_since"]["table"], 0);
    assert_eq!((&found["sample"]["deleted"], &found["sample"]["changed_since"]), (&Json::from(1), &Json::from(1)));
    assert!(ran.stdout.contains("ok: 1 deleted or archived in the org"), "{}", ran.stdout);
    assert!(ran.stdout.contains("created since the last run: 1, of which the table has 0 already"), "{}", ran.stdout);
}

#[test]
fn a_deleted_record_that_a_row_reads_is_counted_as_deleted() {
    let context = loaded(&format!("{ACCOUNTS}include_deleted = true\n"));
    context.org().advance(Duration::from_secs(3600));
    let deleted = ids(&context, "SELECT Id FROM Account LIMIT 1")[0];
    context.org().delete(deleted).unwrap();

    let before = only(&context.orgtap(&["verify", "--json"]).succeeds());
    context.org().advance(Duration::from_secs(3600));
    context.orgtap(&["run"]).succeeds();
    let after = only(&context.orgtap(&["verify", "--json"]).succeeds());

    let differing =
        |row: &Json| windows(row).into_iter().filter(|window| window["difference"] != 0).collect::<Vec<_>>();
    assert_eq!(differing(&before).len(), 2, "once among the live, once among the deleted");
    assert!(differing(&before).iter().all(|window| window["explanation"] == "changed_since"), "{before:#}");
    assert_eq!(differing(&after), Vec::<Json>::new());
    assert!(windows(&after).iter().any(|window| window["records"] == "deleted" && window["table"] == 1));
}

#[test]
fn records_that_only_the_table_has_are_named_but_not_those_that_were_deleted() {
    let context = loaded(ACCOUNTS);
    context.org().advance(Duration::from_secs(3600));
    let deleted = ids(&context, "SELECT Id FROM Account ORDER BY CreatedDate LIMIT 1")[0];
    context.org().delete(deleted).unwrap();
    execute(
        &context,
        &format!(
            "CREATE TEMP TABLE copy AS SELECT * FROM Account WHERE Id = '{deleted}'; UPDATE copy SET Id = '001xx0000000000AAA'; \
             INSERT INTO Account SELECT * FROM copy"
        ),
    );

    let row = only(&context.orgtap(&["verify", "--json"]).exits(1));

    assert_eq!(row["verification"]["named"]["extra"], serde_json::json!(["001xx0000000000AAA"]), "{row:#}");
    assert_eq!(row["verification"]["named"]["missing"], serde_json::json!([]));
    let window = windows(&row).into_iter().find(|window| window["difference"] != 0).unwrap();
    assert_eq!((&window["difference"], &window["explained"]), (&Json::from(2), &Json::from(1)));
}

#[test]
fn a_record_that_the_org_never_had_is_named() {
    let context = loaded(ACCOUNTS);
    execute(&context, "UPDATE Account SET Id = '001xx0000000000AAA' WHERE rowid = (SELECT min(rowid) FROM Account)");

    let row = only(&context.orgtap(&["verify", "--sample", "1000", "--json"]).exits(1));

    assert_eq!(row["verification"]["sample"]["unknown"], serde_json::json!(["001xx0000000000AAA"]));
}

#[test]
fn a_csv_table_is_verified_as_well() {
    let context = TestContext::new();
    let connection = context.connection();
    context.write("orgtap.toml", &format!("{connection}[destination]\nkind = \"csv\"\npath = \"out\"\n{ACCOUNTS}fields = [\"Id\", \"Name\", \"AnnualRevenue\", \"CreatedDate\"]\n"));
    context.org().advance(Duration::from_secs(3600));
    context.orgtap(&["run"]).succeeds();
    let agrees = only(&context.orgtap(&["verify", "--sample", "1000", "--json"]).succeeds());
    let part = std::fs::read_dir(context.path("out/Account")).unwrap().map(|entry| entry.unwrap().path());
    let part = part.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "csv")).unwrap();
    let text = std::fs::read_to_string(&part).unwrap();
    let doubled = text.lines().last().unwrap().to_owned();
    std::fs::write(&part, format!("{text}{doubled}\n")).unwrap();

    let differs = only(&context.orgtap(&["verify", "--json"]).exits(1));

    assert_eq!(agrees["status"], "agrees");
    assert_eq!(differs["verification"]["duplicates"], 1);
}

#[test]
fn a_row_that_has_loaded_nothing_is_to_be_run_first() {
    let context = TestContext::new();
    context.configure(ACCOUNTS);

    let ran = context.orgtap(&["verify"]).exits(1);
    let row = only(&context.orgtap(&["verify", "--json"]).exits(1));

    assert_eq!(
        ran.errors(),
        "error: row `accounts`: could not compare table `Account` with the org: the row has loaded nothing into it yet\n\
         hint: run the row first"
    );
    assert_eq!((&row["status"], &row["verification"]), (&Json::from("failed"), &Json::Null));
    assert_eq!(row["error"]["is_user_error"], true);
}

#[test]
fn a_row_that_changed_since_is_to_be_run_first() {
    let context = loaded(ACCOUNTS);
    context.configure(&format!("{ACCOUNTS}include_deleted = true\n"));

    let ran = context.orgtap(&["verify"]).exits(1);

    assert!(ran.errors().contains("since its last load the row changed ("), "{}", ran.stderr);
    assert!(ran.errors().ends_with("hint: run the row first"), "{}", ran.stderr);
}

#[test]
fn computed_and_limited_rows_say_why_they_are_not_counted() {
    let context = loaded(
        "[[rows]]\ntable = \"sums\"\nsoql = \"SELECT Industry, COUNT(Id) n FROM Account GROUP BY Industry\"\n\
         [[rows]]\nname = \"few\"\ntable = \"few\"\nsoql = \"SELECT Id, Name FROM Account ORDER BY Name LIMIT 5\"\n",
    );

    let json = context.orgtap(&["verify", "--sample", "10", "--json"]).succeeds().json();

    let notes = |row: usize| json["rows"][row]["verification"]["notes"].to_string();
    assert!(notes(0).contains("not counted: its records are computed"), "{json:#}");
    assert!(notes(1).contains("not counted: LIMIT and OFFSET"), "{json:#}");
    assert_eq!(json["rows"][0]["verification"]["sample"], Json::Null);
    assert_eq!(json["rows"][1]["verification"]["sample"]["equal"], 5);
}

#[test]
fn versions_of_an_appended_record_count_once() {
    let context = loaded("[[rows]]\nobject = \"Account\"\nload = \"append\"\n");
    context.orgtap(&["run"]).succeeds();

    let row = only(&context.orgtap(&["verify", "--sample", "1000", "--json"]).succeeds());

    let accounts = ids(&context, "SELECT Id FROM Account").len() as i64;
    assert_eq!(row["verification"]["table_records"], 2 * accounts);
    assert_eq!(sum(&windows(&row), "table"), accounts);
    assert_eq!(row["verification"]["sample"]["records"], accounts);
}

#[test]
fn records_without_a_cursor_value_are_not_missed_in_a_log() {
    let context = TestContext::new();
    let contacts = ids(&context, "SELECT Id FROM Contact ORDER BY Id");
    let (with, without) = contacts.split_at(contacts.len() / 2);
    let born = |ids: &[Id], day: Value| {
        for id in ids {
            context.org().update(*id, [("Birthdate".to_owned(), day.clone())].into()).unwrap();
        }
    };
    born(with, Value::Date("1990-05-01".parse().unwrap()));
    born(without, Value::Null);
    context.org().advance(3 * DAY);
    context.configure(
        "[[rows]]\nobject = \"Contact\"\nload = \"append\"\nfetch = \"incremental\"\ncursor_field = \"Birthdate\"\n",
    );
    context.orgtap(&["run"]).succeeds();

    let row = only(&context.orgtap(&["verify", "--json"]).succeeds());

    assert_eq!(row["status"], "agrees", "{row:#}");
    assert_eq!((sum(&windows(&row), "org"), sum(&windows(&row), "table")), (with.len() as i64, with.len() as i64));

    born(&with[..2], Value::Null);
    context.org().advance(3 * DAY);
    context.orgtap(&["run"]).succeeds();

    context.orgtap(&["verify"]).succeeds();
    execute(&context, &format!("DELETE FROM Contact WHERE Id = '{}'", with[5]));
    context.orgtap(&["verify"]).exits(1);
}

#[test]
fn a_reader_that_went_away_hides_no_difference() {
    let context = loaded(ACCOUNTS);
    execute(&context, "DELETE FROM Account WHERE rowid = 3");

    for args in [&["verify"][..], &["verify", "--json"]] {
        let mut running = context.start(args);
        running.close_stdout();

        running.end().exits(1);
    }
}

#[test]
fn an_unknown_row_is_guessed() {
    let context = TestContext::new();
    context.configure(ACCOUNTS);

    let ran = context.orgtap(&["verify", "--row", "account"]).exits(1);

    assert_eq!(
        ran.errors(),
        "error: could not verify row `account`: no row has that name\nhint: did you mean `accounts`?"
    );
}
