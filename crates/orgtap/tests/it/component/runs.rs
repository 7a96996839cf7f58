//! `run`: which records come, what is kept for the next run, and what is left when something fails.

use orgtap_emulator::{Action, CallKind, Fault, Org, Scope, Value as OrgValue};
use serde_json::{Value, json};

use super::site::{Site, recorded_org};

/// Returns the records of a query as the org itself answers it.
fn truth(org: &Org, soql: &str) -> usize {
    org.select(soql, Scope::All).unwrap().page(0, u64::MAX).count()
}

fn changed_accounts() -> Site {
    let mut site = Site::demo().object("Account").changed_by("LastModifiedDate");
    site.set("fields", json!(["Id", "Name", "LastModifiedDate"]));
    site
}

#[test]
fn the_next_run_fetches_what_changed_and_adds_it_to_the_table() {
    let site = changed_accounts();
    site.run_and_carry_on();
    let all = site.records("Account");
    site.context.org().advance(std::time::Duration::from_secs(3600));
    let id = std::str::from_utf8(&all[0][0]).unwrap().parse().unwrap();
    site.context.org().update(id, [("Name".to_owned(), OrgValue::from("changed"))].into()).unwrap();

    let ran = site.run().succeeds();

    assert!(ran.stdout.contains("fetching what changed: `LastModifiedDate`"), "{}", ran.stdout);
    assert_eq!(site.records("Account").len(), 1);
    assert_eq!(site.records("Account")[0][1], b"changed");
    assert_eq!(site.manifest("Account")["incremental"], true);
}

#[test]
fn the_last_run_is_told_by_the_server_whatever_this_machine_says() {
    let site = changed_accounts();

    site.run_and_carry_on();

    let state = site.json("out/state.json");
    let last_run: String = state["last_run"].as_str().unwrap().to_owned();
    assert!(last_run <= site.context.org().now().to_string(), "{last_run}");
    assert!(last_run.starts_with("20") && last_run.ends_with(".000Z"), "{last_run}");
}

#[test]
fn a_row_that_asks_for_something_else_fetches_everything_again_and_leaves_the_table_to_others() {
    type Bend = fn(&mut Site);
    let changes: [(&str, Bend); 2] = [
        ("new: `Type`", |site| site.set("fields", json!(["Id", "Name", "LastModifiedDate", "Type"]))),
        ("the cursor field was `LastModifiedDate`", |site| {
            site.set("loading_options.incremental_field", json!("SystemModstamp"))
        }),
    ];
    for (reason, bend) in changes {
        let mut site = changed_accounts();
        site.run_and_carry_on();
        bend(&mut site);

        let ran = site.run().succeeds();

        assert!(ran.stdout.contains("fetches all: the row changed") && ran.stdout.contains(reason), "{}", ran.stdout);
        assert_eq!(
            site.records("Account").len(),
            truth(site.context.org(), "SELECT Id FROM Account WHERE IsDeleted = false")
        );
        assert_eq!(site.manifest("Account")["incremental"], true);
    }
}

#[test]
fn a_row_that_fills_another_table_fetches_everything() {
    type Bend = fn(&mut Site);
    let changes: [(&str, &str, Bend); 2] = [
        ("Account", "customers", |site| site.set("loading_options.output_table_name", json!("customers"))),
        ("Contact", "Contact", |site| site.set("object", json!("Contact"))),
    ];
    for (object, table, bend) in changes {
        let mut site = changed_accounts();
        site.run_and_carry_on();
        bend(&mut site);

        let ran = site.run_and_carry_on();

        assert!(ran.stdout.contains("in/state.json is that of table `Account`"), "{}", ran.stdout);
        assert_eq!(
            site.records(table).len(),
            truth(site.context.org(), &format!("SELECT Id FROM {object} WHERE IsDeleted = false"))
        );
        assert_eq!(site.manifest(table)["incremental"], true);
        let again = site.run().succeeds();
        assert!(again.stdout.contains("fetching what changed"), "{}", again.stdout);
    }
}

#[test]
fn a_state_that_names_no_table_counts_for_any() {
    let mut site = changed_accounts();
    site.run_and_carry_on();
    let mut state = site.json("in/state.json");
    assert_eq!(state["orgtap"].as_object_mut().unwrap().remove("table"), Some(json!("Account")));
    site.state(&state);
    site.set("loading_options.output_table_name", json!("customers"));

    let ran = site.run().succeeds();

    assert!(ran.stdout.contains("fetching what changed"), "{}", ran.stdout);
}

#[test]
fn a_first_run_fetches_records_without_a_cursor_value_too() {
    let mut site = Site::new().object("Account").changed_by("LastActivityDate");
    site.set("fields", json!(["Id"]));

    site.run().succeeds();

    assert_eq!(
        site.records("Account").len(),
        truth(site.context.org(), "SELECT Id FROM Account WHERE IsDeleted = false")
    );
}

#[test]
fn a_full_load_fetches_everything_whatever_else_is_ticked() {
    let mut site = Site::demo().object("Account").changed_by("LastModifiedDate");
    site.set("fields", json!(["Id"]));
    site.set("loading_options.incremental", json!(0));
    site.state(&json!({ "last_run": "2030-01-01T00:00:00.000Z" }));

    let ran = site.run().succeeds();

    assert!(
        ran.stdout.contains("WARNING: `parameters.loading_options.incremental_fetch` has no effect"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        site.records("Account").len(),
        truth(site.context.org(), "SELECT Id FROM Account WHERE IsDeleted = false")
    );
    assert_eq!(site.manifest("Account")["incremental"], false);
}

#[test]
fn a_state_that_cannot_be_read_fetches_everything() {
    for state in [json!({ "last_run": "yesterday" }), json!([]), json!({ "last_run": null })] {
        let site = changed_accounts();
        site.state(&state);

        site.run().succeeds();

        assert_eq!(
            site.records("Account").len(),
            truth(site.context.org(), "SELECT Id FROM Account WHERE IsDeleted = false"),
            "{state}"
        );
    }
}

#[test]
fn archived_activities_come_and_deleted_ones_do_not() {
    let mut site = Site::new().object("Task");
    site.set("fields", json!(["Id", "IsArchived"]));

    site.run().succeeds();

    let records = site.records("Task");
    assert_eq!(records.len(), truth(site.context.org(), "SELECT Id FROM Task WHERE IsDeleted = false"));
    assert!(records.iter().any(|record| record[1] == b"true"), "the org has archived tasks");
}

#[test]
fn deleted_records_of_an_object_that_has_none_are_a_warning() {
    let mut site = Site::new().object("User");
    site.set("fields", json!(["Id"]));
    site.set("is_deleted", json!(true));

    let ran = site.run().succeeds();

    assert!(ran.stdout.contains("WARNING: `User` has no deleted records to include"), "{}", ran.stdout);
}

/// Queries that the original breaks, each with what it means.
const QUERIES: [(&str, &str); 8] = [
    (
        "SELECT Id FROM Account WHERE Type = 'Other' OR Rating = 'Hot'",
        "SELECT Id FROM Account WHERE IsDeleted = false AND (Type = 'Other' OR Rating = 'Hot')",
    ),
    ("SELECT Id FROM Account ORDER BY Name", "SELECT Id FROM Account WHERE IsDeleted = false"),
    ("SELECT Id FROM Account ORDER BY Name\nLIMIT 5", "SELECT Id FROM Account WHERE IsDeleted = false LIMIT 5"),
    ("SELECT Id FROM Account WHERE Name = 'a where b limit c'", "SELECT Id FROM Account WHERE Name = 'none such'"),
    (
        "SELECT Id FROM Account WHERE Name LIKE '%limit%'",
        "SELECT Id FROM Account WHERE Name LIKE '%limit%' AND IsDeleted = false",
    ),
    ("SELECT Id, Limit__c FROM Weird_Thing__c", "SELECT Id FROM Weird_Thing__c WHERE IsDeleted = false"),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email != null)",
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email != null) AND IsDeleted = false",
    ),
    ("SELECT Id FROM Account ALL ROWS", "SELECT Id FROM Account"),
];

#[test]
fn a_query_is_narrowed_in_the_right_place() {
    let org = recorded_org(false);
    for (query, meant) in QUERIES {
        let site = Site::of(org.clone()).soql(query);

        site.run().succeeds();

        let table = if query.contains("Weird") { "weird_thing__c" } else { "account" };
        assert_eq!(site.records(table).len(), truth(&org, meant), "{query}");
    }
}

#[test]
fn a_key_is_found_in_any_case_and_in_both_spellings() {
    for key in ["Account.Name", "Account_Name", "account_name", "ACCOUNT.NAME"] {
        let mut site = Site::demo().soql("SELECT Id, Account.Name FROM Contact");
        site.set("loading_options.pkey", json!([key]));

        site.run().succeeds();

        let schema = &site.manifest("contact")["schema"];
        assert_eq!((&schema[0]["primary_key"], &schema[1]["primary_key"]), (&Value::Null, &json!(true)), "{key}");
        assert_eq!(schema[1]["name"], "Account_Name");
    }
}

#[test]
fn a_key_that_is_not_selected_is_refused() {
    let site = Site::demo().soql("SELECT Name FROM Account WHERE Id != null");

    let ran = site.run().exits(1);

    assert_eq!(
        ran.stderr,
        "could not use the query: could not use `Id` as `pkey`: it is not among the columns of the row \
         (select it, or take it out of `pkey`)\n"
    );
    site.has_nothing_to_import();
}

#[test]
fn a_query_without_records_makes_an_empty_table_on_its_first_run() {
    let site = Site::demo().soql("SELECT Id, Name FROM Account WHERE Name = 'none such'");

    site.run().succeeds();

    assert_eq!(site.context.read("data/out/tables/account/part_0000.csv"), "");
    assert_eq!(site.manifest("account")["schema"][1]["name"], "Name");
    assert_eq!(site.json("out/state.json")["prev_output_columns"], json!(["Id", "Name"]));
}

#[test]
fn an_object_with_hundreds_of_fields_is_read() {
    let number = |n: usize| json!({ "name": format!("A_field_with_quite_a_long_name_{n}__c"), "type": "string" });
    let mut fields = vec![json!({ "name": "Id", "type": "id" })];
    fields.extend((0..700).map(number));
    let folder = tempfile::tempdir().unwrap();
    let describe =
        json!({ "name": "Wide__c", "label": "Wide", "keyPrefix": "a0W", "queryable": true, "fields": fields });
    std::fs::write(folder.path().join("Wide__c.json"), describe.to_string()).unwrap();
    let mut builder = Org::builder();
    builder.import(folder.path()).unwrap();
    let org = builder.build();
    org.insert("Wide__c", Default::default()).unwrap();
    let mut site = Site::of(org).object("Wide__c");
    let settings = site.context.emulator().settings();
    for (key, value) in [
        ("username", settings.username),
        ("#password", settings.password),
        ("#security_token", settings.security_token),
    ] {
        site.set(key, json!(value));
    }

    site.run().succeeds();

    assert_eq!(site.records("Wide__c")[0].len(), 701);
}

#[test]
fn a_run_that_fails_leaves_nothing_to_import() {
    for (call, code) in [(CallKind::JobCreate, 2), (CallKind::Results, 2)] {
        let site = changed_accounts();
        site.context.emulator().faults().add(Fault::always(call, Action::UnknownException)).unwrap();

        let ran = site.run().exits(code);

        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        site.has_nothing_to_import();
    }
}

#[test]
fn what_breaks_on_the_way_is_asked_for_again() {
    let mut site = Site::demo().object("Account");
    site.set("fields", json!(["Id"]));
    let faults = [
        (CallKind::Results, Action::CutBody { after_bytes: 20 }),
        (CallKind::Results, Action::ShortPage { missing_records: 3 }),
        (CallKind::Results, Action::Unavailable),
        (CallKind::Results, Action::ExpireAllSessions),
        (CallKind::JobInfo, Action::ResetConnection),
    ];
    for (call, action) in faults {
        site.context.emulator().faults().add(Fault::next(call, action.clone())).unwrap();

        site.run().succeeds();

        let right = truth(site.context.org(), "SELECT Id FROM Account WHERE IsDeleted = false");
        assert_eq!(site.records("Account").len(), right, "{action:?}");
    }
}
