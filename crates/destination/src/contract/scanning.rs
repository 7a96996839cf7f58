//! That a table can be read back.

use super::{Harness, ROW, STATE, TABLE, accounts, begin, load, supports, table, write};
use crate::memory::Record;
use crate::{Column, ColumnType, TableSpec, WriteMode, csv};

/// What was loaded is read back: every type, nulls, quotes, line ends, and values that are not what their column says. Numbers may be spelt
/// otherwise.
pub async fn what_was_loaded_is_read_back(harness: &dyn Harness) {
    if !harness.destination().capabilities().scan {
        return;
    }
    let columns = [
        ("Id", ColumnType::Text),
        ("Is", ColumnType::Boolean),
        ("Count", ColumnType::Integer),
        ("Amount", ColumnType::Float),
        ("Day", ColumnType::Date),
        ("At", ColumnType::DateTime),
        ("Time", ColumnType::Time),
    ];
    let mut records: Vec<Vec<String>> = [
        ["1", "true", "42", "1234.5", "2024-02-29", "2024-02-29T12:34:56.000Z", "12:34:56.789Z"],
        ["2", "false", "-9223372036854775808", "1.0E7", "1700-01-01", "1970-01-01T00:00:00.000Z", "00:00:00.000Z"],
        ["", "", "", "", "", "", ""],
        ["a\"b\r\n,\n'", "maybe", "1e3", "0.1", "2024", " 7", "\u{feff}"],
        ["007", "1", "0012x", "NaN", "12", "1.50", "null"],
    ]
    .map(|record| record.map(str::to_owned).to_vec())
    .to_vec();
    // More than what moves at once.
    records.extend((0..3_000).map(|at| vec![format!("{at}-{}", "x".repeat(300)); 7]));
    let column = |(name, column_type): &(&str, ColumnType)| Column {
        name: (*name).to_owned(),
        column_type: *column_type,
        is_nullable: true,
        description: None,
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let spec = TableSpec {
        row: ROW.to_owned(),
        columns: columns.iter().map(column).collect(),
        ..table(&names, &[], WriteMode::Replace)
    };
    let borrowed: Vec<Vec<&str>> = records.iter().map(|record| record.iter().map(String::as_str).collect()).collect();
    let borrowed: Vec<&[&str]> = borrowed.iter().map(Vec::as_slice).collect();
    load(harness, &spec, &[&borrowed]).await;

    let read = scan(harness, &names).await.expect("the table");

    let mut expected: Vec<Record> =
        records.into_iter().map(|record| record.into_iter().map(comparable).collect()).collect();
    let mut read: Vec<Record> =
        read.into_iter().map(|record| record.into_iter().flatten().map(comparable).collect()).collect();
    expected.sort();
    read.sort();
    assert_eq!(read.len(), expected.len());
    for (read, expected) in read.iter().zip(&expected) {
        assert_eq!(read, expected);
    }
}

/// The columns come in the order in which they are asked for; one that the table lacks is null. A table that is not there is none.
pub async fn a_scan_reads_the_columns_that_are_asked_for(harness: &dyn Harness) {
    if !harness.destination().capabilities().scan {
        return;
    }
    assert_eq!(scan(harness, &["Id"]).await, None);
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;

    let read = scan(harness, &["Name", "Nothing", "Id"]).await.expect("the table");

    assert_eq!(read, [[Some("a".to_owned()), Some(String::new()), Some("1".to_owned())]]);
    assert_eq!(scan(harness, &["Name"]).await.expect("the table"), [[Some("a".to_owned())]]);
}

/// A scan sees what is committed, and nothing of a load under way, which it does not hinder.
pub async fn a_scan_sees_the_last_commit(harness: &dyn Harness) {
    if !harness.destination().capabilities().scan || !supports(harness, WriteMode::Upsert) {
        return;
    }
    load(harness, &accounts(WriteMode::Upsert), &[&[&["1", "old"], &["2", "b"]]]).await;
    let under_way = begin(harness, &accounts(WriteMode::Upsert)).await;
    let part = write(&*under_way, 0, &[&["1", "new"]]).await;

    let before = scan(harness, &["Name"]).await.expect("the table");
    under_way.commit(vec![part], STATE).await.expect("commit");
    let after = scan(harness, &["Name"]).await.expect("the table");

    let names = |records: Vec<Record>| {
        let mut names: Vec<String> = records.into_iter().flatten().flatten().collect();
        names.sort();
        names
    };
    assert_eq!(names(before), ["b", "old"]);
    assert_eq!(names(after), ["b", "new"]);
}

/// Returns the records, every value as text.
async fn scan(harness: &dyn Harness, columns: &[&str]) -> Option<Vec<Record>> {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let mut scan = harness.destination().scan(TABLE, &columns).await.expect("begin to scan")?;
    let mut records = Vec::new();
    while let Some(batch) = scan.next().await.expect("scan") {
        let text = |value: &[u8]| Some(String::from_utf8(value.to_vec()).expect("UTF-8"));
        let read: Vec<Record> =
            csv::records(batch.bytes()).map(|record| csv::values(record).map(|value| text(&value)).collect()).collect();
        assert_eq!(read.len() as u64, batch.records());
        records.extend(read);
    }
    Some(records)
}

/// Returns a value in a form in which equal numbers are equal.
fn comparable(text: String) -> Option<String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.contains('.') => Some(format!("{number:?}")),
        _ => Some(text),
    }
}
