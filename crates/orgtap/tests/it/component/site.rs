//! A data folder and the org that its configuration names.

use std::fs;
use std::path::{Path, PathBuf};

use orgtap_destination::csv;
use orgtap_emulator::{EmulatorOptions, Org, OrgIdentity};
use serde_json::{Value, json};

use crate::context::{Ran, TestContext};

/// Where the recorded runs and their org are.
pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keboola")
}

/// Returns the org of the recorded runs. `is_sandbox` chooses which of its users signs in.
pub(super) fn recorded_org(is_sandbox: bool) -> Org {
    let (suffix, token) = if is_sandbox { (".sbx", "TOKEN456") } else { ("", "TOKEN123") };
    let mut builder = Org::builder().starts_at("2024-06-15T12:00:00Z".parse().unwrap()).identity(OrgIdentity {
        username: format!("user@example.com{suffix}"),
        password: "Passw0rd".to_owned(),
        security_token: token.to_owned(),
        consumer_key: "3MVG9mockConsumerKey.1".to_owned(),
        consumer_secret: "MOCKSECRET123".to_owned(),
        ..OrgIdentity::default()
    });
    let report = builder.import(&fixtures().join("org")).unwrap();
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    builder.build()
}

/// A data folder with an org to go with it.
pub(super) struct Site {
    pub(super) context: TestContext,
    /// `config.json`.
    pub(super) config: Value,
}

impl Site {
    /// Starts the recorded org, with a configuration that signs in and extracts nothing yet.
    pub(super) fn new() -> Self {
        Self::of(recorded_org(false))
    }

    /// Starts a small demo org: quicker, where the records do not matter.
    pub(super) fn demo() -> Self {
        let mut site = Self::of(crate::context::demo_org());
        let settings = site.context.emulator().settings();
        site.set("username", json!(settings.username));
        site.set("#password", json!(settings.password));
        site.set("#security_token", json!(settings.security_token));
        site
    }

    pub(super) fn of(org: Org) -> Self {
        let mut context = TestContext::with(org, EmulatorOptions::default());
        let url = context.emulator().url();
        context.set("ORGTAP_LOGIN_URL", &url);
        context.set("ORGTAP_TEST_HURRY", "1");
        context.set("KBC_CONFIGID", "123456");
        let parameters = json!({
            "login_method": "security_token", "username": "user@example.com", "#password": "Passw0rd",
            "#security_token": "TOKEN123", "sandbox": false, "api_version": "62.0"
        });
        Self { context, config: json!({ "parameters": parameters }) }
    }

    /// Sets a parameter; `loading_options.pkey` sets one within another.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        *self.parameter(key) = value;
    }

    /// Removes a parameter.
    pub(super) fn remove(&mut self, key: &str) {
        let (parent, name) = key.rsplit_once('.').unwrap_or(("", key));
        let parent = if parent.is_empty() { &mut self.config["parameters"] } else { self.parameter(parent) };
        parent.as_object_mut().unwrap().remove(name);
    }

    fn parameter(&mut self, key: &str) -> &mut Value {
        key.split('.').fold(&mut self.config["parameters"], |value, name| &mut value[name])
    }

    /// Extracts an object.
    pub(super) fn object(mut self, object: &str) -> Self {
        self.set("query_type_selector", json!("Object"));
        self.set("object", json!(object));
        self.set("loading_options", json!({ "incremental": 0, "pkey": ["Id"] }));
        self
    }

    /// Extracts a query.
    pub(super) fn soql(mut self, query: &str) -> Self {
        self.set("query_type_selector", json!("Custom SOQL"));
        self.set("soql_query", json!(query));
        self.set("loading_options", json!({ "incremental": 0, "pkey": ["Id"] }));
        self
    }

    /// Loads incrementally what changed by `field`.
    pub(super) fn changed_by(mut self, field: &str) -> Self {
        self.set(
            "loading_options",
            json!({ "incremental": 1, "incremental_fetch": true, "incremental_field": field, "pkey": ["Id"] }),
        );
        self
    }

    /// Asks a sync action.
    pub(super) fn action(mut self, action: &str) -> Self {
        self.config["action"] = json!(action);
        self
    }

    /// Writes the state of an earlier run.
    pub(super) fn state(&self, state: &Value) {
        fs::create_dir_all(self.context.path("data/in")).unwrap();
        self.context.write("data/in/state.json", &state.to_string());
    }

    /// Runs the component on its data folder, as it stands.
    pub(super) fn run(&self) -> Ran {
        fs::create_dir_all(self.context.path("data")).unwrap();
        self.context.write("data/config.json", &self.config.to_string());
        self.again()
    }

    /// Runs the component without writing the configuration.
    pub(super) fn again(&self) -> Ran {
        let data = self.context.path("data").display().to_string();
        self.context.orgtap(&["component", "--data-dir", &data])
    }

    /// Runs, and carries the state over to the next run as the platform does.
    pub(super) fn run_and_carry_on(&self) -> Ran {
        let ran = self.run().succeeds();
        fs::create_dir_all(self.context.path("data/in")).unwrap();
        fs::copy(self.context.path("data/out/state.json"), self.context.path("data/in/state.json")).unwrap();
        ran
    }

    /// Returns a JSON file of the data folder.
    pub(super) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.context.read(&format!("data/{name}"))).unwrap()
    }

    pub(super) fn manifest(&self, table: &str) -> Value {
        self.json(&format!("out/tables/{table}.manifest"))
    }

    /// Returns the records of all slices of a table, sorted.
    pub(super) fn records(&self, table: &str) -> Vec<Vec<Vec<u8>>> {
        let mut records = Vec::new();
        for slice in fs::read_dir(self.context.path(&format!("data/out/tables/{table}"))).unwrap() {
            records.extend(parse(&fs::read(slice.unwrap().path()).unwrap()));
        }
        records.sort();
        records
    }

    /// Returns the names of everything under `out`.
    pub(super) fn outputs(&self) -> Vec<String> {
        let mut found = Vec::new();
        let root = self.context.path("data/out");
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                found.push(path.strip_prefix(&root).unwrap().display().to_string());
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// Asserts that nothing is there that the platform could import.
    #[track_caller]
    pub(super) fn has_nothing_to_import(&self) {
        let outputs = self.outputs();
        assert!(outputs.iter().all(|path| path == "tables"), "{outputs:?}");
    }
}

/// Returns the records of some CSV.
pub(super) fn parse(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    csv::records(bytes).map(|record| csv::values(record).map(|value| value.into_owned()).collect()).collect()
}
