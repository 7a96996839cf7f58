//! The default destination under the same rows: an SQLite file follows the org, and a load that breaks off changes nothing in it.

use std::path::Path;
use std::sync::Arc;

use orgtap_destination::memory::TableContents;
use orgtap_destination::sqlite::{Sqlite, SqliteOptions};
use orgtap_destination::{ErrorKind, WriteMode};
use orgtap_emulator::Scope;
use orgtap_engine::{Error, RowReport, RowSpec, RunSpec};
use rusqlite::Connection;

use crate::fixture::{Fixture, MINUTE, incremental, only, soql};
use crate::records::{Records, assert_same};

/// Text only, so that the file holds the same text as the org.
const QUERY: &str = "SELECT Id, Name, Description, BillingStreet, Owner.Name, LastModifiedDate FROM Account";

async fn run(fixture: &Fixture, path: &Path, options: SqliteOptions, row: RowSpec) -> RowReport {
    let sqlite = Sqlite::open(path, options).unwrap();
    only(
        fixture
            .run_into(
                Arc::new(sqlite),
                RunSpec { page_records: 20, download_connections: 1, ..RunSpec::new(vec![row]) },
            )
            .await,
    )
}

fn read(path: &Path) -> Records {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT * FROM Account").unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let records = statement.query_map((), |row| (0..columns.len()).map(|column| row.get(column)).collect());
    let records = records.unwrap().collect::<Result<_, _>>().unwrap();
    TableContents { columns, records }.into()
}

fn truth(fixture: &Fixture) -> Records {
    Records::of_query(&fixture.org, QUERY, Scope::Live)
}

#[tokio::test]
async fn a_file_follows_the_org() {
    let fixture = Fixture::demo(600).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let row = incremental(soql(QUERY));

    let first = run(&fixture, &path, SqliteOptions::default(), row.clone()).await.outcome.unwrap();
    assert_eq!(first.records, truth(&fixture).len() as u64);
    assert_same(&read(&path), &truth(&fixture));

    fixture.org.advance(10 * MINUTE);
    let [changed] = fixture.first("Account");
    fixture.set(changed, "Description", "a \"quoted\"\r\nline, and more");
    fixture.new_account("New");
    let second = run(&fixture, &path, SqliteOptions::default(), row).await.outcome.unwrap();

    assert_eq!((second.write_mode, second.records), (WriteMode::Upsert, 2));
    assert_eq!(second.table_records, Some(truth(&fixture).len() as u64));
    assert_same(&read(&path), &truth(&fixture));
}

#[tokio::test]
async fn a_load_for_which_there_is_no_room_leaves_table_and_state_as_they_were() {
    let fixture = Fixture::demo(600).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let row = incremental(soql(QUERY));
    run(&fixture, &path, SqliteOptions::default(), row.clone()).await.outcome.unwrap();
    let before = read(&path);
    fixture.org.advance(10 * MINUTE);
    for id in fixture.first::<50>("Account") {
        fixture.set(id, "Description", "long ".repeat(5_000));
    }

    let max_file_bytes = Some(std::fs::metadata(&path).unwrap().len() + 200_000);
    let full = SqliteOptions { max_file_bytes, ..SqliteOptions::default() };
    let error = run(&fixture, &path, full, row.clone()).await.outcome.unwrap_err();

    assert!(matches!(&error, Error::Destination(error) if error.kind() == ErrorKind::NoSpace), "{error:?}");
    assert_same(&read(&path), &before);
    assert_eq!(run(&fixture, &path, SqliteOptions::default(), row).await.outcome.unwrap().records, 50);
    assert_same(&read(&path), &truth(&fixture));
}
