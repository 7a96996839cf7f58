//! What ARCHITECTURE.md says, held against the tree: who may use whom, that named paths exist, that every option is documented, that files
//! stay readable.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate with the crates of this workspace that it may use, and crates from elsewhere that it must not.
const HOUSE: [(&str, &[&str], &[&str]); 6] = [
    ("soql", &[], &["tokio", "reqwest", "serde"]),
    ("salesforce", &[], &["clap", "rusqlite"]),
    ("destination", &[], &["clap", "reqwest"]),
    ("engine", &["orgtap-soql", "orgtap-salesforce", "orgtap-destination"], &["clap", "toml", "reqwest", "rusqlite"]),
    ("emulator", &["orgtap-soql"], &["clap", "reqwest", "rusqlite"]),
    (
        "orgtap",
        &["orgtap-soql", "orgtap-salesforce", "orgtap-destination", "orgtap-engine", "orgtap-emulator"],
        &["reqwest", "openssl"],
    ),
];

/// The most lines a source file may have.
const MAX_LINES: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn crates_use_only_what_the_drawing_allows() {
    for (name, allowed, forbidden) in HOUSE {
        let manifest: toml::Table = read(&format!("crates/{name}/Cargo.toml")).parse().unwrap();
        let uses: BTreeSet<&str> =
            manifest.get("dependencies").and_then(toml::Value::as_table).unwrap().keys().map(String::as_str).collect();

        for used in &uses {
            let is_ours = used.starts_with("orgtap-");
            assert!(!is_ours || allowed.contains(used), "crates/{name} must not use {used}");
            assert!(!forbidden.contains(used), "crates/{name} must not use {used}");
        }
    }
}

/// One of the fuzz targets is the program itself, compiled as part of another package.
#[test]
fn the_fuzzers_have_what_the_program_needs() {
    let names = |path: &str| -> BTreeSet<String> {
        let manifest: toml::Table = read(path).parse().unwrap();
        manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
    };

    let missing: Vec<_> = names("crates/orgtap/Cargo.toml").difference(&names("fuzz/Cargo.toml")).cloned().collect();

    assert!(missing.is_empty(), "not in fuzz/Cargo.toml: {missing:?}");
}

#[test]
fn every_crate_is_in_the_drawing() {
    let found: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();

    assert_eq!(found, HOUSE.iter().map(|(name, _, _)| (*name).to_owned()).collect());
}

#[test]
fn paths_named_in_the_documents_exist() {
    let mut missing = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/configuration.md"] {
        for named in read(document).split('`').skip(1).step_by(2) {
            let is_path = ["crates/", "docs/", "examples/", "bench/", ".ci/"].iter().any(|top| named.starts_with(top));
            if is_path && !root().join(named).exists() {
                missing.push(format!("{document}: {named}"));
            }
        }
    }

    assert!(missing.is_empty(), "named but not there: {missing:#?}");
}

#[test]
fn every_configuration_option_is_documented() {
    let schema = run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let mut options = BTreeSet::new();
    collect_properties(&schema, &mut options);
    assert!(options.contains("login_method") && options.contains("cursor_field"), "the schema has the options");

    let documented = read("docs/configuration.md");

    let missing: Vec<_> = options.iter().filter(|option| !documented.contains(&format!("`{option}`"))).collect();
    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
}

fn collect_properties(schema: &serde_json::Value, options: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                options.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| collect_properties(value, options));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect_properties(value, options)),
        _ => {}
    }
}

#[test]
fn every_flag_is_documented() {
    let documented = read("docs/configuration.md");
    let mut missing = BTreeSet::new();
    let commands = [
        "demo",
        "init",
        "check",
        "plan",
        "run",
        "objects",
        "describe",
        "query",
        "emulator",
        "component",
        "schema",
        "completions",
    ];
    for command in commands {
        assert!(documented.contains(&format!("`orgtap {command}")), "not in docs/configuration.md: orgtap {command}");
        for word in run(&[command, "--help"]).split(|char: char| !(char.is_ascii_alphanumeric() || char == '-')) {
            let is_flag = word.starts_with("--") && word.len() > 2;
            if is_flag && !["--help", "--version"].contains(&word) && !documented.contains(word) {
                missing.insert(word.to_owned());
            }
        }
    }

    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
}

#[test]
fn every_environment_variable_is_documented() {
    let documented = read("docs/configuration.md");
    let source = read("crates/orgtap/src/env.rs");
    let names: BTreeSet<&str> = source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    assert!(names.contains("ORGTAP_LOGIN_URL"), "env.rs names its variables");

    let missing: Vec<_> = names.iter().filter(|name| !documented.contains(**name)).collect();

    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
}

#[test]
fn source_files_stay_readable() {
    let mut long = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                if lines > MAX_LINES {
                    long.push(format!("{} ({lines})", path.display()));
                }
            }
        }
    }

    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {long:#?}");
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_orgtap")).args(arguments).output().unwrap();
    assert!(output.status.success(), "orgtap {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
