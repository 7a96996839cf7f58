//! Records of several parts that arrive by turns, as pages do that are read at the same time.

use super::*;
use crate::{PartWriter, TableLoad, WrittenPart};

/// Writes batches of one record to `parts` by turns, each written to the file before the next, so that every record is a run of its own.
async fn by_turns(load: &dyn TableLoad, parts: &mut [Box<dyn PartWriter>], records: &[&[[&str; 2]]]) {
    for turn in records {
        for (part, record) in parts.iter_mut().zip(*turn) {
            part.write(batch(&[record])).await.unwrap();
            load.save_journal("journal").await.unwrap();
        }
    }
}

async fn opened(load: &dyn TableLoad, parts: impl IntoIterator<Item = u32>) -> Vec<Box<dyn PartWriter>> {
    let mut opened = Vec::new();
    for part in parts {
        opened.push(load.open_part(PartId(part)).await.unwrap());
    }
    opened
}

async fn finished(parts: Vec<Box<dyn PartWriter>>) -> Vec<WrittenPart> {
    let mut finished = Vec::new();
    for part in parts {
        finished.push(part.finish().await.unwrap());
    }
    finished
}

const TURNS: [&[[&str; 2]]; 2] = [&[["a1", "0"], ["b1", "1"], ["c1", "2"]], &[["a2", "0"], ["b2", "1"], ["c2", "2"]]];

#[tokio::test]
async fn a_part_that_is_opened_again_takes_no_other_with_it() {
    let file = TestFile::new();
    let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
    let mut parts = opened(&*load, 0..3).await;
    by_turns(&*load, &mut parts, &TURNS).await;
    drop(parts.remove(1));

    let mut again = opened(&*load, [1]).await;
    by_turns(&*load, &mut again, &[&[["b3", "again"]]]).await;
    let mut written = finished(parts).await;
    written.extend(finished(again).await);
    load.commit(written, "{}").await.unwrap();

    assert_eq!(file.texts("SELECT Id FROM Account ORDER BY Id"), ["a1", "a2", "b3", "c1", "c2"]);
}

#[tokio::test]
async fn a_part_that_is_left_out_takes_no_other_with_it() {
    let file = TestFile::new();
    let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
    let mut parts = opened(&*load, 0..3).await;
    by_turns(&*load, &mut parts, &TURNS).await;
    let mut written = finished(parts).await;

    written.remove(0);
    let committed = load.commit(written, "{}").await.unwrap();

    assert_eq!((committed.records, committed.table_records), (4, Some(4)));
    assert_eq!(file.texts("SELECT Id FROM Account ORDER BY Id"), ["b1", "b2", "c1", "c2"]);
}

#[tokio::test]
async fn of_a_killed_load_only_the_finished_parts_are_left() {
    let file = TestFile::new();
    let spec = accounts(WriteMode::Replace);
    let load = file.sqlite.begin(&spec).await.unwrap();
    let mut parts = opened(&*load, 0..3).await;
    by_turns(&*load, &mut parts, &TURNS).await;
    finished(vec![parts.remove(1)]).await;
    drop(load);
    drop(parts);

    let load = file.sqlite.begin(&spec).await.unwrap();
    let left = load.left().unwrap().parts.clone();
    assert_eq!(file.texts("SELECT Id FROM _orgtap_stage_account ORDER BY Id"), ["b1", "b2"]);
    let mut parts = opened(&*load, [0]).await;
    by_turns(&*load, &mut parts, &[&[["a3", "0"]]]).await;
    let written = [left, finished(parts).await].concat();
    load.commit(written, "{}").await.unwrap();

    assert_eq!(file.texts("SELECT Id FROM Account ORDER BY Id"), ["a3", "b1", "b2"]);
    assert_eq!(file.tables(), ["Account", "_orgtap_state"]);
}

#[tokio::test]
async fn of_two_records_with_one_key_the_later_parts_stays_whichever_came_first() {
    let versions = [None, Some("Value".to_owned())];
    for version_column in versions {
        let file = TestFile::new();
        let columns = [("Id", ColumnType::Text), ("Value", ColumnType::Text), ("Part", ColumnType::Text)];
        let spec = TableSpec { version_column, ..table(&columns, WriteMode::Upsert) };
        let load = file.sqlite.begin(&spec).await.unwrap();
        let mut written = Vec::new();
        for part in [2, 0, 1] {
            let mut writer = load.open_part(PartId(part)).await.unwrap();
            for place in ["first", "last"] {
                let from = format!("{part}, {place}");
                writer.write(batch(&[&["1", "same", &from]])).await.unwrap();
            }
            written.push(writer.finish().await.unwrap());
        }

        let committed = load.commit(written, "{}").await.unwrap();

        assert_eq!((committed.records, committed.superseded), (6, 5));
        assert_eq!(file.texts("SELECT Part FROM Account"), ["2, last"]);
    }
}

#[tokio::test]
async fn a_file_of_another_text_encoding_is_loaded_as_any_other() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let file = TestFile::new();
        file.execute(&format!("PRAGMA encoding = '{encoding}'; CREATE TABLE mine (x)"));

        for mode in [WriteMode::Replace, WriteMode::Upsert] {
            file.load(&accounts(mode), &[&["1", "é😀\"\n"], &["2", ""]]).await.unwrap();
        }

        assert_eq!(file.texts("SELECT Value FROM Account ORDER BY Id"), ["é😀\"\n", "NULL"]);
        assert_eq!(file.texts("PRAGMA encoding"), [encoding]);
        assert_eq!(file.texts("PRAGMA integrity_check"), ["ok"]);
    }
}
