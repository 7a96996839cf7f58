//! The same rows through either API are the same text, for every type of field there is.

use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_destination::csv_dir::CsvDir;
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
