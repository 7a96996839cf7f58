//! What the platform needs beside the binary: image, forms, an example.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::site::Site;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_image_copies_what_is_there_and_runs_without_rights() {
    let file = read("Dockerfile");
    let instructions: Vec<Vec<&str>> =
        file.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_whitespace().collect()).collect();
    let of = |name: &str| instructions.iter().filter(|words| words.first() == Some(&name)).collect::<Vec<_>>();

    for copy in of("COPY").iter().filter(|words| !words[1].starts_with("--from")) {
        for source in &copy[1..copy.len() - 1] {
            assert!(root().join(source).exists(), "{source}");
            assert!(read(".dockerignore").contains(&format!("!{source}")), "{source} is ignored");
        }
    }
    assert!(file.contains("ENTRYPOINT [\"orgtap\", \"component\"]"));
    assert_ne!(of("USER")[0][1], "0:0");
    let version = read("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = \"").map(str::to_owned));
    let version = version.unwrap().replace('"', "");
    assert!(of("FROM")[0][1].starts_with(&format!("rust:{version}")), "the compiler is the oldest that works");
}

#[test]
fn every_question_of_the_forms_is_answered() {
    let mut actions = BTreeSet::from(["testConnection".to_owned()]);
    for form in ["configSchema.json", "configRowSchema.json"] {
        collect_actions(&json(&format!("component_config/{form}")), &mut actions);
    }
    assert_eq!(actions.len(), 6, "{actions:?}");

    for action in actions {
        let ran = Site::demo().object("Account").action(&action).run().succeeds();

        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(answer.is_array() || answer["status"] == "success", "{action}: {answer}");
    }
}

fn collect_actions(schema: &Value, actions: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(action) = map.get("async").and_then(|binding| binding["action"].as_str()) {
                actions.insert(action.to_owned());
            }
            map.values().for_each(|value| collect_actions(value, actions));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_actions(value, actions)),
        _ => {}
    }
}

#[test]
fn client_credentials_are_not_asked_for_a_user_name() {
    let schema = json("component_config/configSchema.json");

    assert_eq!(schema["required"], serde_json::json!(["login_method", "api_version"]));
    let methods = &schema["properties"]["username"]["options"]["dependencies"]["login_method"];
    assert_eq!(*methods, serde_json::json!(["security_token", "connected_app"]));
}

#[test]
fn the_sample_is_a_configuration_that_only_lacks_real_credentials() {
    let mut site = Site::demo();
    site.config = json("component_config/sample-config/config.json");

    let ran = site.run().exits(1);

    assert!(ran.stderr.starts_with("could not sign in at"), "{}", ran.stderr);
}
