//! The configurations that newcomers copy: each of `examples/`, and the one in the README, runs as it stands.

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::{TestContext, sql_of};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns an org with the variables set that the examples name.
fn context() -> TestContext {
    let mut context = TestContext::new();
    let settings = context.emulator().settings();
    let variables = [
        ("ORGTAP_LOGIN_URL", settings.url.clone()),
        ("SF_USERNAME", settings.username),
        ("SF_PASSWORD", settings.password),
        ("SF_TOKEN", settings.security_token),
        ("SF_DOMAIN", settings.domain),
        ("SF_CONSUMER_KEY", settings.consumer_key),
        ("SF_CONSUMER_SECRET", settings.consumer_secret),
        ("SF_ACCESS_TOKEN", settings.access_token),
        ("SF_INSTANCE_URL", settings.url),
    ];
    for (name, value) in variables {
        context.set(name, &value);
    }
    context
}

/// Runs the example `name` and returns its folder.
fn run(context: &TestContext, name: &str) {
    let text = fs::read_to_string(root().join("examples").join(name)).unwrap();
    context.write("orgtap.toml", &text);
    context.orgtap(&["check"]).succeeds();
    context.orgtap(&["run"]).succeeds();
}

#[test]
fn the_sqlite_example_loads_its_tables() {
    let context = context();

    run(&context, "sqlite.toml");

    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name";
    let found = sql_of(&context.path("salesforce.db"), tables);
    assert_eq!(found, [["Account"], ["Contact"], ["open_opportunities"]]);
}

#[test]
fn the_csv_example_loads_its_tables() {
    let context = context();

    run(&context, "csv.toml");

    for table in ["User", "AccountHistory"] {
        assert!(context.path(&format!("salesforce/{table}")).is_dir(), "{table}");
    }
}

#[test]
fn the_sf_cli_example_loads_its_table() {
    let context = context();

    run(&context, "sf-cli.toml");

    assert_ne!(sql_of(&context.path("salesforce.db"), "SELECT count(*) FROM Account"), [["0"]]);
}

#[test]
fn every_example_has_a_test() {
    let mut found: Vec<_> = fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();

    assert_eq!(found, ["csv.toml", "sf-cli.toml", "sqlite.toml"]);
}

#[test]
fn the_configuration_in_the_readme_runs() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let context = context();
    // The one thing in it that only its reader can know.
    let username = context.emulator().settings().username;
    context.write("orgtap.toml", &example.replace("user@example.com", &username));

    context.orgtap(&["run"]).succeeds();

    assert_ne!(sql_of(&context.path("salesforce.db"), "SELECT count(*) FROM Account"), [["0"]]);
}
