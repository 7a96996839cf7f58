//! Runs that are held to a share of what the org allows a day.

use orgtap_emulator::{CallKind, EmulatorOptions, Org, Scope};

use crate::context::TestContext;

const ROWS: &str = "[[rows]]\nobject = \"Account\"\napi = \"bulk\"\n[[rows]]\nobject = \"Contact\"\napi = \"bulk\"\n\
    [[rows]]\nobject = \"Case\"\napi = \"bulk\"\n";

fn context(daily_api_requests: u64, daily_query_jobs: u64, limits: &str) -> TestContext {
    let org = Org::builder().demo(2_000).build();
    let options =
        EmulatorOptions { daily_api_requests, daily_query_jobs, page_records: 100, ..EmulatorOptions::default() };
    let context = TestContext::with(org, options);
    context.configure(&format!("[run]\nconcurrency = 1\n[limits]\n{limits}\n{ROWS}"));
    context
}

fn loaded(context: &TestContext, table: &str) -> u64 {
    let live = context.org().select(&format!("SELECT Id FROM {table}"), Scope::Live).unwrap().total();
    let rows = context.sql(&format!("SELECT count(*), count(DISTINCT Id) FROM \"{table}\""));
    assert_eq!(rows, [[live.to_string(), live.to_string()]], "{table}");
    live
}

#[test]
fn a_run_stops_at_its_share_of_the_requests_and_later_runs_complete_the_table() {
    let context = context(1_000, 10_000, "api_requests_percent = 1");
    context.configure(
        "[run]\npage_records = 20\ndownload_connections = 1\n[limits]\napi_requests_percent = 1\n\
         [[rows]]\nobject = \"Account\"\napi = \"bulk\"\n",
    );

    let first = context.orgtap(&["run"]).exits(1);

    assert!(
        first.stderr.contains("this run has used 10 API requests, and may use 1 % of the org's 1000 a day"),
        "{first:?}"
    );
    assert!(first.stderr.contains("limits.api_requests_percent"), "{first:?}");
    assert!(
        first.stdout.contains("API requests used of the 10 that a run may use; the org has 1,000 a day"),
        "{first:?}"
    );
    assert!(first.stderr.contains("the next run goes on from where this one ended"), "{first:?}");
    let more_runs = 1 + (0..10).take_while(|_| context.orgtap(&["run"]).code != Some(0)).count();
    assert!((2..=4).contains(&more_runs), "{more_runs}");
    assert_eq!(context.emulator().calls(CallKind::JobCreate), 1);
    assert!(loaded(&context, "Account") > 200);
}

#[test]
fn a_run_creates_no_more_jobs_than_its_share() {
    let context = context(100_000, 100, "query_jobs_percent = 2");

    let report = context.orgtap(&["run", "--json"]).exits(1).json();

    let statuses: Vec<_> =
        report["rows"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == "committed").count(), 2, "{report}");
    assert_eq!(report["spending"][1]["used"], 2, "{report}");
    assert_eq!(report["spending"][1]["may_use"], 2, "{report}");
}

#[test]
fn rows_that_a_run_does_not_get_to_come_first_in_the_next() {
    let context = context(100_000, 100, "query_jobs_percent = 1");
    let committed = || -> Vec<String> {
        let report = context.orgtap(&["run", "--json"]).exits(1).json();
        // Where the org's clock stands still, runs are told apart all the same.
        let rows = report["rows"].as_array().unwrap().clone();
        let order: Vec<_> = rows.iter().map(|row| row["row"].clone()).collect();
        assert_eq!(order, ["Account", "Contact", "Case"], "the report keeps the order of the configuration");
        let done = rows.iter().filter(|row| row["status"] == "committed");
        done.map(|row| row["row"].as_str().unwrap().to_owned()).collect()
    };

    let runs: Vec<_> = (0..7).map(|_| committed()).collect();

    let turns = ["Account", "Contact", "Case", "Account", "Contact", "Case", "Account"];
    assert_eq!(runs, turns.map(|row| vec![row.to_owned()]));
    for table in ["Account", "Contact", "Case"] {
        loaded(&context, table);
    }
}

#[test]
fn rows_whose_objects_are_spelled_otherwise_have_their_turn_in_folders_too() {
    let context = context(100_000, 100, "");
    let rows: String =
        ["account", "CONTACT", "case"].map(|name| format!("[[rows]]\nobject = \"{name}\"\napi = \"bulk\"\n")).concat();
    let connection = context.connection();
    context.write(
        "orgtap.toml",
        &format!(
            "{connection}[destination]\nkind = \"csv\"\npath = \"tables\"\n[run]\nconcurrency = 1\n[limits]\nquery_jobs_percent = 1\n{rows}"
        ),
    );

    for _ in 0..3 {
        context.orgtap(&["run"]).exits(1);
    }

    for table in ["Account", "Contact", "Case"] {
        assert!(context.path("tables").join(table).is_dir(), "{table} had no turn");
    }
}

#[test]
fn a_row_that_a_limit_cut_off_comes_before_those_that_the_last_run_committed() {
    let context = context(1_000, 10_000, "");
    let rows =
        "[run]\nconcurrency = 1\npage_records = 20\ndownload_connections = 1\n[limits]\napi_requests_percent = 2\n";
    context.configure(&format!("{rows}{ROWS}"));

    let mut committed = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..12 {
        let report = context.orgtap(&["run", "--json"]).json();
        for row in report["rows"].as_array().unwrap().iter().filter(|row| row["status"] == "committed") {
            *committed.entry(row["row"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }

    // Each has its turn again and again, although a run's share is not enough for all.
    let (least, most) = (committed.values().min().copied(), committed.values().max().copied());
    assert_eq!(committed.len(), 3, "{committed:?}");
    assert!(least >= Some(2) && most <= least.map(|least| least + 1), "{committed:?}");
}

#[test]
fn a_share_that_is_kept_free_is_left_to_others() {
    let context = context(1_000, 10_000, "keep_free_percent = 99");

    let ran = context.orgtap(&["run"]).exits(1);

    assert!(ran.stderr.contains("99 % of the org's 1000 API requests a day are to be left free"), "{ran:?}");
}

#[test]
fn a_share_beyond_reason_is_refused_with_its_place() {
    let context = context(1_000, 10_000, "api_requests_percent = 101");

    let ran = context.orgtap(&["run"]).exits(1);

    assert!(ran.stderr.contains("`limits.api_requests_percent` must be between 1 and 100"), "{ran:?}");
}

#[test]
fn a_plan_says_when_several_jobs_read_a_row_and_why() {
    let describe = r#"{"name":"MeterReading","label":"Reading","keyPrefix":"a0M","replicateable":true,"fields":[
        {"name":"Id","type":"id"},{"name":"Name","type":"string"},{"name":"SystemModstamp","type":"datetime","nillable":false}]}"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reading.json"), describe).unwrap();
    let mut builder = Org::builder();
    builder.import(folder.path()).unwrap();
    let org = builder.build();
    for number in 0..40 {
        let name = orgtap_emulator::Value::text(format!("reading {number}"));
        org.insert("MeterReading", [("Name".to_owned(), name)].into()).unwrap();
    }
    let context = TestContext::with(org, EmulatorOptions::default());
    context.configure("[run]\nrecords_per_job = 10\n[[rows]]\nobject = \"MeterReading\"\napi = \"bulk\"\n");

    let plan = context.orgtap(&["plan", "--json"]).succeeds().json();
    let text = context.orgtap(&["plan"]).succeeds().stdout;
    context.orgtap(&["run"]).succeeds();

    let reason = "Salesforce is not known to split queries of `MeterReading` by itself";
    let ranges = serde_json::json!({"jobs": 4, "records": 40, "reason": reason, "unless_chunked": false});
    assert_eq!(plan["rows"][0]["plan"]["ranges"], ranges);
    assert!(
        text.contains(&format!("4 at the same time, each for a range of Ids: {reason}, and 40 records are expected")),
        "{text}"
    );
    assert_eq!((loaded(&context, "MeterReading"), context.emulator().calls(CallKind::JobCreate)), (40, 4));
}

#[test]
fn a_plan_says_what_the_row_will_cost() {
    let context = context(1_000, 10_000, "");
    context.configure("[[rows]]\nobject = \"Account\"\n");

    let plan = context.orgtap(&["plan", "--json"]).succeeds().json();

    let cost = &plan["rows"][0]["plan"]["cost"];
    let live = context.org().select("SELECT Id FROM Account", Scope::Live).unwrap().total();
    assert_eq!((&cost["records"], &cost["query_jobs"], &cost["api_requests"]), (&live.into(), &0.into(), &3.into()));
    assert!(cost["result_bytes"].as_u64().unwrap() > live * 50, "{cost}");
}
