use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::contract::Harness;
use crate::memory::TableContents;
use crate::{Batch, Column, ColumnType, ErrorKind, PartId, Premise, WriteMode, csv};

/// A state file that holds the table, the document and the columns as they are.
#[derive(Debug)]
struct Plain;

impl StateFile for Plain {
    fn read(&self, file: &str) -> Option<KeptState> {
        Some(match file.split_once(": ") {
            Some((table, document)) => KeptState { document: document.to_owned(), table: Some(table.to_owned()) },
            None => KeptState { document: file.to_owned(), table: None },
        })
    }

    fn write(&self, state: &KeptState, columns: &[String]) -> String {
        format!("{}: {}{}", state.table.as_deref().unwrap(), state.document, columns.join("|"))
    }
}

/// A data folder, read as the platform reads it.
struct TestFolder {
    folder: TempDir,
    destination: Keboola,
}

impl TestFolder {
    fn new() -> Self {
        Self::with(ManifestForm::Schema, ColumnForm::Described)
    }

    fn with(manifest: ManifestForm, columns: ColumnForm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let destination = Keboola::new(KeboolaOptions {
            data_dir: folder.path().to_owned(),
            bucket: "in.c-bucket".to_owned(),
            manifest,
            columns,
            state_file: Arc::new(Plain),
        });
        Self { folder, destination }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns everything under `out`, sorted.
    fn outputs(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.path("out")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.push(path.strip_prefix(self.path("out")).unwrap().display().to_string());
            }
        }
        found.sort();
        found
    }

    fn manifest(&self, table: &str) -> Value {
        let path = self.path(&format!("out/tables/{table}.manifest"));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    async fn load(&self, table: &TableSpec, parts: &[&str]) -> Result<()> {
        let load = self.destination.begin(table).await?;
        let mut written = Vec::new();
        for (number, csv) in (0..).zip(parts) {
            let mut part = load.open_part(PartId(number)).await?;
            part.write(Batch::new(csv.to_string().into(), csv::records(csv.as_bytes()).count() as u64)).await?;
            written.push(part.finish().await?);
        }
        load.commit(written, "state ").await.map(|_| ())
    }
}

#[async_trait]
impl Harness for TestFolder {
    fn destination(&self) -> Arc<dyn Destination> {
        Arc::new(self.destination.clone())
    }

    async fn read(&self, table: &str) -> Option<TableContents> {
        if !self.path(&format!("out/tables/{table}.manifest")).exists() {
            return None;
        }
        let manifest = self.manifest(table);
        let schema = manifest["schema"].as_array().unwrap();
        let columns = schema.iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect();
        let mut records = Vec::new();
        for slice in fs::read_dir(self.path(&format!("out/tables/{table}"))).unwrap() {
            let bytes = fs::read(slice.unwrap().path()).unwrap();
            records.extend(csv::records(&bytes).map(|record| {
                let value = |value: &[u8]| (!value.is_empty()).then(|| String::from_utf8(value.to_vec()).unwrap());
                csv::values(record).map(|text| value(&text)).collect()
            }));
        }
        Some(TableContents { columns, records })
    }

    async fn drop_table(&self, _table: &str) {}

    async fn set_state(&self, _row: &str, _table: &str, _state: &str) {}
}

// Those about what is already in the table are for the platform, which merges.
crate::contract_tests! {
    TestFolder::new();
    a_load_that_does_not_add_up_is_refused,
    a_part_that_is_written_again_does_not_come_twice,
    a_record_that_comes_twice_is_refused_whatever_the_key,
    a_record_that_comes_twice_of_which_there_is_one_is_refused,
    a_part_that_is_opened_again_is_closed_to_its_first_writer,
    a_table_that_is_none_is_refused,
    a_writer_ends_with_its_load,
    an_aborted_load_can_be_begun_again,
    dropping_a_load_leaves_the_table_unchanged,
    empty_fields_load_as_null,
    nothing_is_visible_before_commit,
    parts_may_finish_in_any_order,
    parts_that_are_not_committed_do_not_count,
    quoted_newlines_and_commas_survive,
    rewriting_a_part_replaces_it,
    state_is_saved_with_the_data_or_not_at_all,
    two_loads_of_one_table_do_not_mix,
    two_tables_load_at_the_same_time,
}

fn column(name: &str, column_type: ColumnType) -> Column {
    Column { name: name.to_owned(), column_type, is_nullable: false, description: Some(format!("Label of {name}")) }
}

fn table(columns: Vec<Column>) -> TableSpec {
    TableSpec {
        row: "row".to_owned(),
        name: "Account".to_owned(),
        primary_key: vec![columns[0].name.clone()],
        columns,
        write_mode: WriteMode::Upsert,
        version_column: None,
        keys_are_unique: true,
        identity: None,
        gone: None,
        premise: Premise::Anything,
    }
}

fn ids() -> TableSpec {
    table(vec![column("Id", ColumnType::Text)])
}

#[tokio::test]
async fn nothing_but_slices_manifest_and_state_is_left() {
    let folder = TestFolder::new();

    folder.load(&ids(), &["1\n", "2\n"]).await.unwrap();

    assert_eq!(
        folder.outputs(),
        [
            "state.json",
            "tables",
            "tables/Account",
            "tables/Account.manifest",
            "tables/Account/part_0000.csv",
            "tables/Account/part_0001.csv"
        ]
    );
    assert_eq!(fs::read_to_string(folder.path("out/state.json")).unwrap(), "Account: state Id");
}

#[tokio::test]
async fn a_load_that_is_given_up_leaves_nothing_to_import() {
    let folder = TestFolder::new();

    let load = folder.destination.begin(&ids()).await.unwrap();
    let mut part = load.open_part(PartId(0)).await.unwrap();
    part.write(Batch::new("1\n".into(), 1)).await.unwrap();
    let during = folder.outputs();
    load.abort().await.unwrap();
    drop(part);

    assert!(!during.iter().any(|path| path.starts_with("tables/") || path == "state.json"), "{during:?}");
    assert_eq!(folder.outputs(), ["tables"]);
}

#[tokio::test]
async fn a_commit_that_fails_halfway_leaves_what_was_there() {
    let folder = TestFolder::new();
    folder.load(&ids(), &["1\n"]).await.unwrap();
    // No file can be put in the place of a folder.
    fs::remove_file(folder.path("out/state.json")).unwrap();
    fs::create_dir_all(folder.path("out/state.json/in the way")).unwrap();

    let error = folder.load(&ids(), &["2\n"]).await.unwrap_err();

    assert!(error.to_string().starts_with("could not write"), "{error}");
    assert_eq!(fs::read_to_string(folder.path("out/tables/Account/part_0000.csv")).unwrap(), "1\n");
    assert!(!folder.path("out/.orgtap").exists());
}

#[tokio::test]
async fn no_records_are_an_empty_slice() {
    let folder = TestFolder::new();

    folder.load(&ids(), &[]).await.unwrap();

    assert_eq!(fs::read(folder.path("out/tables/Account/part_0000.csv")).unwrap(), b"");
    assert_eq!(folder.manifest("Account")["schema"][0]["name"], "Id");
}

#[tokio::test]
async fn bytes_stay_as_they_are_but_for_nul() {
    let folder = TestFolder::new();
    let bytes = "\"a\r\nb\0c\",\"\rd\0\0\"\n\"\0\",\n";

    folder.load(&table(vec![column("Id", ColumnType::Text), column("B", ColumnType::Text)]), &[bytes]).await.unwrap();

    let slice = fs::read_to_string(folder.path("out/tables/Account/part_0000.csv")).unwrap();
    assert_eq!(slice, bytes.replace('\0', ""));
}

#[tokio::test]
async fn columns_that_storage_could_not_tell_apart_are_refused() {
    let folder = TestFolder::new();
    let text = |name| column(name, ColumnType::Text);

    for (other, name) in [("Owner_Name", "Owner_Name"), ("owner_name", "owner_name"), ("Owner-Name", "Owner_Name")] {
        let error = folder.load(&table(vec![text("Owner.Name"), text(other)]), &[]).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::InvalidTable);
        assert!(
            error.to_string().contains(&format!("`Owner.Name` and `{other}` would both be called `{name}`")),
            "{error}"
        );
    }
    assert!(folder.outputs().is_empty());
}

#[tokio::test]
async fn a_manifest_tells_types_keys_and_labels() {
    let folder = TestFolder::new();
    let mut spec = table(vec![
        column("Id", ColumnType::Text),
        column("Flag", ColumnType::Boolean),
        column("Count", ColumnType::Integer),
        column("Size", ColumnType::Float),
        column("Day", ColumnType::Date),
        column("Moment", ColumnType::DateTime),
        column("Noon", ColumnType::Time),
    ]);
    spec.columns[1].is_nullable = true;

    folder.load(&spec, &[]).await.unwrap();

    let manifest = folder.manifest("Account");
    let schema = manifest["schema"].as_array().unwrap();
    let types: Vec<&str> = schema.iter().map(|column| column["data_type"]["base"]["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["STRING", "BOOLEAN", "INTEGER", "FLOAT", "DATE", "TIMESTAMP", "STRING"]);
    assert_eq!(schema[0]["primary_key"], true);
    assert_eq!(schema[0]["description"], "Label of Id");
    assert_eq!((&schema[0]["nullable"], &schema[1]["nullable"]), (&Value::Null, &Value::Bool(true)));
    assert_eq!(manifest["destination"], "in.c-bucket.Account");
    assert_eq!(manifest["incremental"], true);
}

#[tokio::test]
async fn a_legacy_manifest_names_columns_and_key_alone() {
    let folder = TestFolder::with(ManifestForm::Legacy, ColumnForm::Described);
    let spec = table(vec![column("Account.Name", ColumnType::Text), column("Size", ColumnType::Float)]);

    folder.load(&TableSpec { write_mode: WriteMode::Replace, ..spec }, &[]).await.unwrap();

    let expected = serde_json::json!({
        "destination": "in.c-bucket.Account", "incremental": false, "primary_key": ["Account_Name"], "write_always": false,
        "delimiter": ",", "enclosure": "\"", "columns": ["Account_Name", "Size"]
    });
    assert_eq!(folder.manifest("Account"), expected);
}

#[tokio::test]
async fn the_state_of_the_last_run_is_read_from_the_input_folder() {
    let folder = TestFolder::new();
    assert_eq!(folder.destination.state("row", "Account").await.unwrap(), None);
    fs::create_dir(folder.path("in")).unwrap();
    fs::write(folder.path("in/state.json"), "kept").unwrap();

    assert_eq!(folder.destination.state("row", "Account").await.unwrap().as_deref(), Some("kept"));
    folder.load(&ids(), &[]).await.unwrap();
    assert_eq!(folder.destination.state("row", "Account").await.unwrap().as_deref(), Some("state "));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_the_users_to_mend() {
    let folder = TestFolder::new();
    fs::write(folder.path("out"), "a file").unwrap();

    let error = folder.destination.begin(&ids()).await.unwrap_err();

    assert!(error.is_user_error(), "{error:?}");
}

#[tokio::test]
async fn the_state_of_another_table_is_none() {
    let folder = TestFolder::new();
    folder.load(&ids(), &["1\n"]).await.unwrap();
    fs::create_dir(folder.path("in")).unwrap();
    fs::rename(folder.path("out/state.json"), folder.path("in/state.json")).unwrap();
    let next = Keboola::new(KeboolaOptions::clone(&folder.destination.options));

    assert_eq!(next.state("row", "Account").await.unwrap().as_deref(), Some("state Id"));
    assert_eq!(next.state("row", "Accounts").await.unwrap(), None);
}
