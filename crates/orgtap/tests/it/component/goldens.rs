//! Every recorded run of the original component, and what is right where it was wrong.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::site::{Site, fixtures, parse, recorded_org};

/// Cases in which the original fails and should not.
const RIGHTLY_DONE: [&str; 3] =
    ["05_soql_limit_no_where", "16_incremental_date_field", "40_incremental_field_not_chosen"];

struct Golden {
    name: String,
    folder: PathBuf,
}

impl Golden {
    fn all() -> Vec<Self> {
        let mut goldens: Vec<Self> = fs::read_dir(fixtures().join("golden"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|folder| Self { name: folder.file_name().unwrap().to_str().unwrap().to_owned(), folder })
            .collect();
        goldens.sort_by(|one, other| one.name.cmp(&other.name));
        assert!(goldens.len() >= 25, "{} cases", goldens.len());
        goldens
    }

    fn json(&self, name: &str) -> Option<Value> {
        let text = fs::read_to_string(self.folder.join(name)).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Runs the case and returns what differs from what is right.
    fn differences(&self, site: &mut Site) -> Vec<String> {
        let mut differences = Differences { case: self.name.clone(), found: Vec::new() };
        drop(fs::remove_dir_all(site.context.path("data")));
        site.config = self.json("config.json").unwrap();
        site.state(&self.json("in_state.json").unwrap());
        let ran = site.run();
        let result = self.json("result.json").unwrap_or_default();
        let exit = if RIGHTLY_DONE.contains(&&*self.name) { 0 } else { result["exit_code"].as_i64().unwrap_or(0) };
        differences.compare("exit code", &ran.code.map(i64::from), &Some(exit));
        if exit != 0 {
            differences.compare("lines of the message", &ran.stderr.lines().count(), &1);
            return differences.found;
        }
        differences.compare("standard error", &&*ran.stderr, &"");
        match result.get("stdout_json") {
            Some(_) => differences.compare("answer", &answer(&ran.stdout), &self.right_answer(&result["stdout_json"])),
            None => self.compare_tables(site, &mut differences),
        }
        differences.found
    }

    /// Returns the recorded answer, mended where the notes say that it is wrong.
    fn right_answer(&self, recorded: &Value) -> Value {
        let mut right = recorded.clone();
        if self.name == "59_sync_loadPossiblePrimaryKeys_soql" {
            right[1] = serde_json::json!({ "value": "Account_Name", "label": "Account.Name" });
        }
        right
    }

    fn compare_tables(&self, site: &Site, differences: &mut Differences) {
        let tables = self.folder.join("expected_out/tables");
        let manifests: Vec<PathBuf> =
            fs::read_dir(tables).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        for path in manifests.iter().filter(|path| path.extension().is_some_and(|extension| extension == "manifest")) {
            let table = path.file_stem().unwrap().to_str().unwrap();
            let expected: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            differences.compare("manifest", &site.manifest(table), &expected);
        }
        if let Some(mut expected) = self.json("expected_out/state.json") {
            let mut state = site.json("out/state.json");
            for state in [&mut state, &mut expected] {
                let state = state.as_object_mut().unwrap();
                assert!(state.remove("last_run").is_some(), "{}", self.name);
                state.remove("orgtap");
            }
            differences.compare("state", &state, &expected);
        }
        if let Some(mut right) = self.right_records() {
            right.sort();
            let names = site.outputs();
            let manifest = names.iter().find_map(|path| path.strip_prefix("tables/")?.strip_suffix(".manifest"));
            let records = site.records(manifest.unwrap());
            differences.compare("number of records", &records.len(), &right.len());
            differences.compare("records", &(records == right), &true);
        }
    }

    /// Returns the records that are right: the mended ones or, where none had to be, those of the original.
    fn right_records(&self) -> Option<Vec<Vec<Vec<u8>>>> {
        if let Ok(bytes) = fs::read(self.folder.join("right_out/rows.csv")) {
            return Some(parse(&bytes).split_off(1));
        }
        let tables = fs::read_dir(self.folder.join("expected_out/tables")).ok()?;
        let slices = tables.map(|entry| entry.unwrap().path()).find(|path| path.is_dir())?;
        let slices = fs::read_dir(slices).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        Some(slices.flat_map(|bytes| parse(&bytes)).collect())
    }
}

/// Returns what was answered on standard output.
fn answer(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

struct Differences {
    case: String,
    found: Vec<String>,
}

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, right: &T) {
        if found != right {
            self.found.push(format!("{}: {what} is {found:?}, not {right:?}", self.case));
        }
    }
}

/// Sets the variables that only some cases have.
fn dress(site: &mut Site, name: &str) {
    if name == "02_legacy_manifest" {
        site.context.set("KBC_STACKID", "connection.keboola.com");
        site.context.set("KBC_PROJECT_FEATURE_GATES", "queuev2");
        site.context.set("KBC_DATA_TYPE_SUPPORT", "none");
    }
}

#[test]
fn recorded_runs_of_the_original_come_out_right() {
    let org = recorded_org(false);
    let mut differences = Vec::new();
    for golden in Golden::all() {
        let mut site = match golden.name.as_str() {
            "31_sandbox" => Site::of(recorded_org(true)),
            _ => Site::of(org.clone()),
        };
        dress(&mut site, &golden.name);
        differences.extend(golden.differences(&mut site));
    }

    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn the_fixtures_are_whole() {
    for golden in Golden::all() {
        for file in ["config.json", "in_state.json"] {
            assert!(Path::new(&golden.folder).join(file).exists(), "{}: {file}", golden.name);
        }
    }
}
