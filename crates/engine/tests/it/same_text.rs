//! The same rows through either API are the same text, for every type of field there is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_destination::csv_dir::CsvDir;
use orgtap_destination::keboola::{ColumnForm, Keboola, KeboolaOptions, KeptState, ManifestForm, StateFile};
use orgtap_destination::sqlite::{Sqlite, SqliteOptions};
use orgtap_emulator::{Scope, Value};
use orgtap_engine::{Api, RowSpec, RunSpec};
use proptest::prelude::*;

use crate::fixture::{Fixture, chain, fields, object, only, some_of, soql, with_deleted};
use crate::records::{Records, assert_same};

/// Loads `row` through either API and returns the two tables.
async fn both(fixture: &Fixture, row: &RowSpec) -> [Records; 2] {
    for (api, table) in [(Api::Bulk, "bulk"), (Api::Rest, "rest")] {
        fixture.load(&RowSpec { api, table: Some(table.to_owned()), ..row.clone() }).await;
    }
    ["bulk", "rest"].map(|table| fixture.table(table))
}

/// Queries with everything both APIs carry, of the object that has a field of every type.
fn queries() -> Vec<RowSpec> {
    vec![
        object("Shipment__c"),
        object("AccountHistory"),
        object("Task"),
        some_of("Shipment__c", &["Id", "Door__c", "Position__c", "Door__City__s", "Value__c"]),
        soql("SELECT Id, BillingAddress, BillingCity, Owner.Address, ParentId, Parent.BillingAddress FROM Account"),
        soql(
            "SELECT Id, Account__r.Name, Account__r.AnnualRevenue, Parent__r.Loaded_At__c, Parent__r.Insured__c, \
              Account__r.Owner.Email FROM Shipment__c",
        ),
        soql("SELECT Id, What.Name, WhatId, Who.Name, Who.Id, Owner.Name, Owner.Id FROM Task"),
        soql("SELECT FIELDS(ALL) FROM Shipment__c ORDER BY Id LIMIT 200"),
        soql("SELECT FIELDS(STANDARD) FROM Account"),
        soql("SELECT FIELDS(CUSTOM), Id FROM Shipment__c ORDER BY Id LIMIT 150"),
        soql("SELECT Owner.Id, Owner.BillingAddress, Owner.Owner.Name FROM Account Owner"),
        soql("SELECT Id, toLabel(Status__c), toLabel(Carrier__c) Carried FROM Shipment__c"),
        soql("SELECT Id, convertCurrency(Value__c) Euro, Value__c FROM Shipment__c"),
    ]
}

#[tokio::test]
async fn every_type_of_field_is_the_same_text_through_either_api() {
    let fixture = Fixture::demo(3_000).await;

    for row in queries() {
        let row = with_deleted(row);
        let [bulk, rest] = both(&fixture, &row).await;

        assert!(bulk.len() > 10, "{row:?}");
        assert_same(&rest, &bulk);
    }
}

#[tokio::test]
async fn compound_fields_are_json_of_their_parts_and_null_without_any() {
    let fixture = Fixture::demo(100).await;
    let with = fixture.new_account("with");
    let without = fixture.new_account("without");
    fixture.set(with, "BillingCity", "Brno \"střed\"");
    fixture.set(with, "BillingLatitude", 49.5);

    let query = "SELECT Id, BillingAddress FROM Account";
    let plan = fixture.plan(&soql(query)).await.unwrap();
    let [bulk, rest] = both(&fixture, &soql(query)).await;

    assert_same(&rest, &bulk);
    let text = bulk.value(with, "BillingAddress").unwrap();
    let expected = r#"{"city":"Brno \"střed\"","country":null,"geocodeAccuracy":null,"latitude":49.5,"longitude":null,"postalCode":null,"state":null,"street":null}"#;
    assert_eq!(text, expected);
    assert_eq!(bulk.value(without, "BillingAddress"), None);
    assert!(plan.notes.contains(&"`BillingAddress` is JSON, made of its parts".to_owned()), "{:?}", plan.notes);
    assert_eq!(plan.table.columns.len(), 2);
}

#[tokio::test]
async fn files_of_either_api_are_the_same_bytes() {
    let fixture = Fixture::demo(1_000).await;
    let folder = tempfile::tempdir().unwrap();
    let mut csv = Vec::new();
    let mut dumps = Vec::new();

    for api in [Api::Bulk, Api::Rest] {
        let path = folder.path().join(format!("{api:?}"));
        let row = RowSpec { api, ..soql(&every_field(&fixture)) };
        let destination: Arc<dyn Destination> = Arc::new(CsvDir::new(&path));
        run(&fixture, destination, &row).await;
        let mut files: Vec<_> =
            std::fs::read_dir(path.join("Shipment__c")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let bytes: Vec<u8> = files
            .iter()
            .filter(|file| file.extension().is_some_and(|it| it == "csv"))
            .flat_map(|file| std::fs::read(file).unwrap())
            .collect();
        csv.push(bytes);

        let path = folder.path().join(format!("{api:?}.db"));
        let sqlite = Sqlite::open(&path, SqliteOptions::default()).unwrap();
        run(&fixture, Arc::new(sqlite), &row).await;
        dumps.push(dump(&path));
    }

    assert!(csv[0].len() > 10_000 && csv[0] == csv[1], "the CSV files differ");
    assert!(!dumps[0].is_empty());
    for (bulk, rest) in dumps[0].iter().zip(&dumps[1]) {
        assert_eq!(rest, bulk);
    }
    assert_eq!(dumps[0].len(), dumps[1].len());
}

/// The form of a `state.json` that nobody reads again.
#[derive(Debug)]
struct Forgotten;

impl StateFile for Forgotten {
    fn read(&self, _: &str) -> Option<KeptState> {
        None
    }

    fn write(&self, _: &KeptState, _: &[String]) -> String {
        String::new()
    }
}

/// Returns all files below `folder` that hold something of a table, by their path in it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "csv" || it == "manifest") {
                found.push((path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn tables_of_a_component_are_the_same_files_by_either_api() {
    let fixture = Fixture::demo(2_500).await;
    let ordered = [
        every_field(&fixture),
        "SELECT FIELDS(ALL) FROM Shipment__c ORDER BY Id LIMIT 200".to_owned(),
        "SELECT Id, What.Name, Who.Name, Owner.Name, Subject, Description FROM Task ORDER BY Id DESC".to_owned(),
        "SELECT Id, BillingAddress, Parent.Name, AnnualRevenue, CreatedDate FROM Account ORDER BY Name, Id".to_owned(),
    ];
    let unordered =
        ["SELECT Id, Name, Account__r.Name, Log__c FROM Shipment__c", "SELECT FIELDS(STANDARD) FROM Account"];

    for (query, is_ordered) in ordered.iter().map(|it| (it.as_str(), true)).chain(unordered.map(|it| (it, false))) {
        let mut both = Vec::new();
        for api in [Api::Bulk, Api::Rest] {
            let folder = tempfile::tempdir().unwrap();
            let options = KeboolaOptions {
                data_dir: folder.path().to_owned(),
                bucket: "in.c-orgtap".to_owned(),
                manifest: ManifestForm::Schema,
                columns: ColumnForm::Described,
                state_file: Arc::new(Forgotten),
            };
            run(&fixture, Arc::new(Keboola::new(options)), &RowSpec { api, ..soql(query) }).await;
            let mut files = files(&folder.path().join("out/tables"));
            if !is_ordered {
                files.iter_mut().for_each(|(_, bytes)| sort_records(bytes));
            }
            both.push(files);
        }
        assert!(both[0].len() >= 2, "a manifest and a slice: {query}");
        assert!(both[0].iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 5_000, "{query}");
        assert!(both[0] == both[1], "the files differ: {query}");
    }
}

/// Puts the records of a file in an order that is the same whoever wrote it.
fn sort_records(bytes: &mut Vec<u8>) {
    let mut records: Vec<&[u8]> = orgtap_destination::csv::records(bytes).collect();
    records.sort_unstable();
    *bytes = records.concat();
}

#[tokio::test]
async fn the_content_of_files_is_left_out_of_whole_objects_and_refused_by_name_by_either_api() {
    let fixture = Fixture::demo(300).await;

    let [bulk, rest] = both(&fixture, &object("Shipment__c")).await;
    let mut refusals = Vec::new();
    for api in [Api::Bulk, Api::Rest] {
        refusals.push(chain(&fixture.fail(&RowSpec { api, ..soql("SELECT Id, Label__c FROM Shipment__c") }).await));
    }

    assert!(!bulk.columns().iter().any(|column| column == "Label__c"));
    assert_eq!(bulk.columns(), rest.columns());
    assert!(refusals[0].contains("`Label__c` cannot be a column"), "{}", refusals[0]);
    assert_eq!(refusals[0], refusals[1]);
}

/// All that a table can hold of the object with every type, in an order that is the same whoever is asked.
fn every_field(fixture: &Fixture) -> String {
    let query = crate::fixture::select_all(&fixture.org, "Shipment__c");
    format!("{query} ORDER BY Id")
}

async fn run(fixture: &Fixture, destination: Arc<dyn Destination>, row: &RowSpec) {
    let report = only(fixture.run_into(destination, RunSpec::new(vec![row.clone()])).await);
    report.outcome.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

/// Returns every value of the table with its type.
fn dump(path: &std::path::Path) -> Vec<Vec<rusqlite::types::Value>> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT * FROM Shipment__c ORDER BY Id").unwrap();
    let columns = statement.column_count();
    let records = statement.query_map((), |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    records.collect::<Result<_, _>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn no_number_and_no_text_changes_between_the_apis(
        doubles in proptest::collection::vec(prop_oneof![any::<f64>(), -1e9..1e9, Just(0.1 + 0.2), Just(f64::MIN_POSITIVE), Just(1e7), Just(-0.0)], 20),
        texts in proptest::collection::vec("[ -~\r\né\u{1F600}\"\\\\]{0,40}", 20),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::demo(100).await;
            for (number, text) in doubles.iter().zip(&texts).filter(|(number, _)| number.is_finite()) {
                let text = Value::from(text.clone());
                let values = fields([("Value__c", (*number).into()), ("Weight__c", (*number).into()), ("Log__c", text.clone()), ("Door__Street__s", text)]);
                fixture.org.insert("Shipment__c", values).unwrap();
            }
            let query = "SELECT Id, Value__c, Weight__c, Log__c, Door__c FROM Shipment__c";

            let [bulk, rest] = both(&fixture, &soql(query)).await;

            assert_same(&rest, &bulk);
            let plain = Records::of_query(&fixture.org, "SELECT Value__c, Log__c FROM Shipment__c", Scope::Live);
            assert_eq!(rest.column("Value__c"), plain.column("Value__c"));
            assert_eq!(rest.column("Log__c"), plain.column("Log__c"));
        });
    }
}
