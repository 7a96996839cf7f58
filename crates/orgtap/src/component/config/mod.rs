//! `config.json`: from the platform's document to what the engine runs on.

mod connection;
mod keys;
mod row;
mod value;

use std::fs;
use std::path::Path;

use orgtap_destination::keboola::ManifestForm;
use orgtap_engine::RowSpec;
use serde_json::Value;

use super::failure::Failure;
use crate::env::{self, Environment};
use crate::nearest::nearest;
use crate::output::format::printable;
pub(crate) use connection::Access;
pub(crate) use row::Row;
use value::{Findings, Section};

/// What the platform asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Run,
    TestConnection,
    TestQuery,
    LoadObjects,
    LoadFields,
    LoadPossibleIncrementalField,
    LoadPossiblePrimaryKeys,
}

impl Action {
    /// Every action by its name.
    const ALL: [(&'static str, Self); 7] = [
        ("run", Self::Run),
        ("testConnection", Self::TestConnection),
        ("testQuery", Self::TestQuery),
        ("loadObjects", Self::LoadObjects),
        ("loadFields", Self::LoadFields),
        ("loadPossibleIncrementalField", Self::LoadPossibleIncrementalField),
        ("loadPossiblePrimaryKeys", Self::LoadPossiblePrimaryKeys),
    ];
}

/// What is to be done, with as much of the configuration as that needs.
#[derive(Debug)]
pub(crate) enum Task {
    /// Extract into a table.
    Run { row: Box<Row>, output: Output },
    /// See whether signing in works.
    TestConnection,
    /// Show what a query finds.
    TestQuery { row: Box<RowSpec> },
    /// List the objects.
    LoadObjects,
    /// List an object's fields.
    LoadFields { object: String },
    /// List the fields that may order change.
    LoadPossibleIncrementalField { row: Box<RowSpec> },
    /// List the columns that may be a key.
    LoadPossiblePrimaryKeys { row: Box<RowSpec> },
}

/// Where a table goes.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) bucket: String,
    pub(crate) manifest: ManifestForm,
}

/// A configuration that can be used.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) access: Access,
    pub(crate) task: Task,
    /// Whether more is to be logged than usual.
    pub(crate) is_debug: bool,
    /// What the user should know although it stops nothing.
    pub(crate) warnings: Vec<String>,
}

/// The document, before it is understood.
#[derive(Debug)]
pub(crate) struct Document(Value);

impl Document {
    /// Reads `config.json` in `data_dir`.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, Failure> {
        let path = data_dir.join("config.json");
        let refuse =
            |why: String| Failure::of_user(format!("could not read the configuration `{}`: {why}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| refuse(error.to_string()))?;
        Self::parse(&text).map_err(refuse)
    }

    /// Reads the text of `config.json`, or says why it cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| format!("it is not JSON: {error}"))?;
        if value.is_object() { Ok(Self(value)) } else { Err("it is not a JSON object".to_owned()) }
    }

    /// Returns whether an answer on standard output is expected, and nothing else there.
    pub(crate) fn is_sync_action(&self) -> bool {
        !matches!(self.0.get("action"), None | Some(Value::Null)) && self.0["action"] != "run" && self.0["action"] != ""
    }

    /// Reads what the action needs.
    pub(crate) fn configuration(&self, environment: &Environment) -> Result<Configuration, Failure> {
        let findings = Findings::default();
        let configuration = self.read(environment, &findings);
        let (problems, warnings) = findings.into_lists();
        match configuration {
            Some(configuration) if problems.is_empty() => Ok(Configuration { warnings, ..configuration }),
            _ => Err(Failure::of_user(format!("could not use the configuration: {}", problems.join("; ")))),
        }
    }

    fn read(&self, environment: &Environment, findings: &Findings) -> Option<Configuration> {
        let root = Section::root(&self.0, findings)?;
        check_root(&root, &self.0);
        let action = action(&root)?;
        let parameters = root.section("parameters");
        parameters.check_keys_beside(keys::PARAMETERS, keys::BUTTONS);
        let access = connection::read(&parameters, &root.section("image_parameters"), environment);
        let is_debug = parameters.flag("debug").unwrap_or(false);
        let task = match action {
            Action::Run => {
                let output = output(&root, &parameters, environment);
                Task::Run { row: Box::new(row::read(&parameters)?), output }
            }
            Action::TestConnection => Task::TestConnection,
            Action::TestQuery => Task::TestQuery { row: Box::new(row::read_source(&parameters)?) },
            Action::LoadObjects => Task::LoadObjects,
            Action::LoadFields => Task::LoadFields { object: row::read_object(&parameters)? },
            Action::LoadPossibleIncrementalField => {
                Task::LoadPossibleIncrementalField { row: Box::new(row::read_source(&parameters)?) }
            }
            Action::LoadPossiblePrimaryKeys => {
                Task::LoadPossiblePrimaryKeys { row: Box::new(row::read_source(&parameters)?) }
            }
        };
        Some(Configuration { access, task, is_debug, warnings: Vec::new() })
    }
}

/// Looks for a misspelt `parameters` or `action`: what else the platform writes beside them is its own affair.
fn check_root(root: &Section<'_>, document: &Value) {
    let absent = || keys::ROOT.iter().copied().filter(|key| !root.has(key));
    for key in document.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !keys::ROOT.contains(&key.as_str())
            && let Some(meant) = nearest(key, absent())
        {
            let shown: String = printable(key).chars().take(60).collect();
            root.problem(&shown, format!("is not known; did you mean `{meant}`?"));
        }
    }
    if !root.has("parameters") {
        root.problem("parameters", "is missing");
    }
}

fn action(root: &Section<'_>) -> Option<Action> {
    let Some(name) = root.text("action") else {
        return (!root.has("action")).then_some(Action::Run);
    };
    let known = Action::ALL.iter().find(|(known, _)| *known == name).map(|(_, action)| *action);
    if known.is_none() {
        let names = Action::ALL.map(|(known, _)| known);
        connection::unknown_choice(root, "action", &name, &names);
    }
    known
}

fn output(root: &Section<'_>, parameters: &Section<'_>, environment: &Environment) -> Output {
    Output { bucket: bucket(parameters, environment), manifest: manifest_form(root, environment) }
}

/// Returns the bucket: the user's, or one of the configuration's own.
fn bucket(parameters: &Section<'_>, environment: &Environment) -> String {
    let key = "bucket_name";
    let Some(name) = parameters.text(key) else {
        let configuration = environment.first_of(&[env::KBC_CONFIGID]).map_or("000000000".to_owned(), |(_, id)| id);
        return format!("in.c-kds-team-ex-salesforce-v2-{configuration}");
    };
    let bare = name.strip_prefix("in.c-").unwrap_or(&name);
    if bare.len() != name.len() {
        parameters.warn(key, "goes without `in.c-`, which every bucket here begins with");
    }
    let is_fine = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    if bare.is_empty() || !bare.chars().all(is_fine) {
        parameters.problem(
            key,
            "must be made of letters, digits, `_` and `-`: Storage takes nothing else in a bucket's name",
        );
    }
    format!("in.c-{bare}")
}

/// Returns which manifest the project wants.
fn manifest_form(root: &Section<'_>, environment: &Environment) -> ManifestForm {
    let form = |support: &str| match support {
        "authoritative" | "hints" => ManifestForm::Schema,
        _ => ManifestForm::Legacy,
    };
    if let Some(support) = root.section("storage").section("output").text("data_type_support") {
        return form(&support);
    }
    let support = environment.first_of(&[env::KBC_DATA_TYPE_SUPPORT]).map(|(_, support)| support);
    if environment.first_of(&[env::KBC_STACKID]).is_some() {
        form(&support.unwrap_or_default())
    } else {
        ManifestForm::Schema
    }
}
