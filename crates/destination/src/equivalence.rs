//! Whatever loads come one after another, every destination ends up with what [`Memory`] holds.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::contract::Harness;
use crate::memory::{Memory, Record, TableContents};
use crate::{
    Batch, Column, ColumnType, CommittedLoad, ErrorKind, Gone, PartId, Premise, TableSpec, WriteMode, csv, csv_dir,
    sqlite,
};

/// One load: its mode, how records end with it, its columns and the values of its parts' records in these columns.
#[derive(Clone, Debug)]
struct Load {
    mode: WriteMode,
    gone: Option<Gone>,
    columns: Vec<&'static str>,
    parts: Vec<Vec<Vec<&'static str>>>,
}

const KEY: [&str; 2] = ["Id", "Kind"];

/// Loads of one table. Upserts and appends are not mixed: SQLite refuses to upsert where appends have left duplicates.
fn loads() -> impl Strategy<Value = Vec<Load>> {
    select(vec![WriteMode::Upsert, WriteMode::Append]).prop_flat_map(|mode| {
        let whole = prop_oneof![4 => Just(mode), 1 => Just(WriteMode::Replace)];
        let whole = (whole, columns()).prop_flat_map(|(mode, columns)| load(mode, None, columns));
        let one = prop_oneof![4 => whole.boxed(), 2 => telling(mode), 2 => keys()];
        prop::collection::vec(one, 1..6)
    })
}

/// An upsert whose column `A` says what is gone, where there are upserts.
fn telling(mode: WriteMode) -> BoxedStrategy<Load> {
    let gone = any::<bool>().prop_map(|is_stored| Some(Gone::ToldBy { column: "A".to_owned(), is_stored }));
    let gone = gone.prop_map(move |gone| gone.filter(|_| mode == WriteMode::Upsert));
    let columns = Just(vec!["Kind", "A", "Id", "Stamp", "B"]).prop_shuffle();
    (gone, columns).prop_flat_map(move |(gone, columns)| load(mode, gone, columns)).boxed()
}

/// Keys of records that are gone, or of all others.
fn keys() -> BoxedStrategy<Load> {
    let mode = select(vec![WriteMode::Remove, WriteMode::Retain]);
    let gone = select(vec![Gone::Removed, Gone::Marked { column: "A".to_owned() }]);
    let columns = Just(KEY.to_vec()).prop_shuffle();
    (mode, gone, columns).prop_flat_map(|(mode, gone, columns)| load(mode, Some(gone), columns)).boxed()
}

/// The key, the version, and some of the other columns, in any order.
fn columns() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(vec!["A", "B", "C"], 0..=3).prop_flat_map(|others| {
        let columns = [&KEY[..], &["Stamp"], &others].concat();
        Just(columns).prop_shuffle()
    })
}

fn load(mode: WriteMode, gone: Option<Gone>, columns: Vec<&'static str>) -> impl Strategy<Value = Load> {
    let value = |column: &&'static str| match *column {
        "Id" => select(vec!["", "1", "2", "3", "4", "5", "6"]),
        "Kind" => select(vec!["", "a"]),
        "Stamp" => select(vec!["", "2024-01-01", "2024-02-01"]),
        _ => select(vec!["", "true", "y,\"y\"", "z\n"]),
    };
    let record = columns.iter().map(value).collect::<Vec<_>>();
    let parts = prop::collection::vec(prop::collection::vec(record, 0..6), 0..4);
    parts.prop_map(move |parts| Load { mode, gone: gone.clone(), columns: columns.clone(), parts })
}

fn spec(load: &Load) -> TableSpec {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        column_type: ColumnType::Text,
        is_nullable: true,
        description: None,
    };
    TableSpec {
        row: "accounts".to_owned(),
        name: "Account".to_owned(),
        columns: load.columns.iter().map(column).collect(),
        primary_key: KEY.map(str::to_owned).to_vec(),
        write_mode: load.mode,
        version_column: load.columns.contains(&"Stamp").then(|| "Stamp".to_owned()),
        keys_are_unique: false,
        identity: None,
        gone: load.gone.clone(),
        premise: Premise::Anything,
    }
}

/// How a load ended: what its commit said and what the table then holds, or why it was refused.
type Outcome = Result<(CommittedLoad, TableContents), ErrorKind>;

/// Does `loads` one after another.
async fn run(harness: &dyn Harness, loads: &[Load]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for load in loads {
        outcomes.push(match run_one(harness, load).await {
            Ok(committed) => {
                let mut contents = harness.read("Account").await.unwrap();
                contents.records.sort();
                Ok((comparable(committed, &contents.records), contents))
            }
            Err(error) => Err(error.kind()),
        });
    }
    outcomes
}

async fn run_one(harness: &dyn Harness, load: &Load) -> crate::Result<CommittedLoad> {
    let running = harness.destination().begin(&spec(load)).await?;
    let mut written = Vec::new();
    for (number, records) in (0..).zip(&load.parts) {
        let mut bytes = Vec::new();
        for record in records {
            csv::write_record(&mut bytes, record.iter().map(|value| value.as_bytes()));
        }
        let mut part = running.open_part(PartId(number)).await?;
        part.write(Batch::new(bytes.into(), records.len() as u64)).await?;
        written.push(part.finish().await?);
    }
    running.commit(written, "{}").await
}

/// Returns `committed` without the count that a destination may leave out, after checking it.
fn comparable(committed: CommittedLoad, records: &[Record]) -> CommittedLoad {
    assert!(committed.table_records.is_none_or(|count| count == records.len() as u64), "{committed:?}");
    CommittedLoad { table_records: None, ..committed }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_destinations_agree(loads in loads()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let expected = run(&Memory::new(), &loads).await;

            prop_assert_eq!(&run(&sqlite::tests::TestFile::new(), &loads).await, &expected);
            prop_assert_eq!(&run(&csv_dir::tests::TestFolder::new(), &loads).await, &expected);
            Ok(())
        })?;
    }
}
