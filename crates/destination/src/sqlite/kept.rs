//! What must hold of every record that SQLite gets as it stores it, for the tests here and for those that try any bytes.

use std::borrow::Cow;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::image::{IMAGE, Image};
use super::record::{Records, TextEncoding};
use super::storage::Storage;
use crate::{Batch, csv};

/// How many columns a table of SQLite may have.
const MOST_COLUMNS: usize = 2_000;

/// Reads `batch` with a type for each column, all types in turn, has SQLite show it, and asserts that every value is what stands in the batch.
pub(crate) fn assert_kept(batch: &Batch) {
    use Storage::{Boolean, Date, DateTime, Integer, Real, Text, Time};

    let records: Vec<Vec<Cow<'_, [u8]>>> =
        csv::records(batch.bytes()).map(|line| csv::values(line).collect()).collect();
    let width = records.first().map_or(1, Vec::len);
    // A table of more columns cannot be made, so that there is no load of one.
    if width > MOST_COLUMNS {
        return;
    }
    let storages: Vec<_> =
        [Text, Integer, Real, Boolean, Date, DateTime, Time].into_iter().cycle().take(width).collect();
    let is_even = records.iter().all(|record| record.len() == width);
    match Records::read(Records::default(), batch, &storages, TextEncoding::Utf8) {
        Err(why) => assert!(!is_even, "{why}"),
        Ok(read) => {
            assert!(is_even && read.len() == records.len());
            assert_shown(&[read], &storages, TextEncoding::Utf8, &records);
        }
    }
}

/// Has SQLite show `batches` and asserts that their values are those of `records`, and that SQLite finds nothing wrong.
fn assert_shown(batches: &[Records], storages: &[Storage], encoding: TextEncoding, records: &[Vec<Cow<'_, [u8]>>]) {
    let mut connection = connection(encoding);
    Image::default().show(&mut connection, storages, encoding, batches.iter()).expect("an image is a database");
    let check: String = connection
        .query_row(&format!("PRAGMA {IMAGE}.integrity_check"), (), |row| row.get(0))
        .expect("an image can be checked");
    assert_eq!(check, "ok");
    let mut statement = connection.prepare(&format!("SELECT * FROM {IMAGE}.{IMAGE}")).expect("an image has a table");
    let mut rows = statement.query(()).expect("an image can be read");
    for record in records {
        let row = rows.next().expect("a record can be read").expect("no record is missing");
        for (column, text) in record.iter().enumerate() {
            assert_value(row.get_ref(column).expect("no value is missing"), text);
        }
    }
    assert!(rows.next().expect("the table has an end").is_none());
}

fn connection(encoding: TextEncoding) -> Connection {
    let connection = Connection::open_in_memory().expect("there is memory");
    let name = match encoding {
        TextEncoding::Utf8 => "UTF-8",
        TextEncoding::Utf16Le => "UTF-16le",
        TextEncoding::Utf16Be => "UTF-16be",
    };
    connection.pragma_update(None, "encoding", name).expect("a new database has any encoding");
    connection.execute_batch("CREATE TABLE t (c)").expect("a table can be made");
    Image::attach(&connection).expect("a database can be attached");
    connection
}

fn assert_value(value: ValueRef<'_>, text: &[u8]) {
    let number = || str::from_utf8(text).unwrap_or_default().parse::<f64>().unwrap_or_default();
    match value {
        ValueRef::Null => assert!(text.is_empty()),
        ValueRef::Integer(1) if *text == *b"true" => {}
        ValueRef::Integer(0) if *text == *b"false" => {}
        ValueRef::Integer(value) => assert!((value as f64).to_bits() == number().to_bits() || value == 0),
        ValueRef::Real(value) => assert!(value.is_finite() && value.to_bits() == number().to_bits()),
        ValueRef::Text(value) | ValueRef::Blob(value) => assert_eq!(value, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(text: &str) -> Batch {
        Batch::new(text.as_bytes().to_vec().into(), csv::records(text.as_bytes()).count() as u64)
    }

    #[test]
    fn values_of_every_type_and_size_are_kept() {
        let numbers = [
            "0",
            "1",
            "-1",
            "127",
            "128",
            "-128",
            "-129",
            "32767",
            "-32769",
            "8388607",
            "8388608",
            "2147483647",
            "2147483648",
        ];
        let more =
            ["140737488355327", "-140737488355328", "140737488355328", "9223372036854775807", "-9223372036854775808"];
        let reals = ["-0.0", "1.5", "1e300", "-3.0", "140737488355327.0", "140737488355328.0", "9007199254740993"];
        for text in numbers.iter().chain(&more).chain(&reals).chain(&[
            "",
            "true",
            "false",
            "2024-01-01",
            "007",
            "x",
            "0\0",
            "0\0:0",
            "1e5\0-",
        ]) {
            assert_kept(&batch(&format!("{}\n", [*text; 7].join(","))));
        }
    }

    #[test]
    fn texts_are_kept_however_long_they_are() {
        let lengths =
            [0, 1, 56, 57, 58, 8_000, 8_185, 8_186, 65_400, 65_487, 65_493, 65_500, 65_536, 131_000, 131_060, 500_000];
        for length in lengths {
            let text: String = ('a'..='z').cycle().take(length).collect();
            assert_kept(&batch(&format!("\"{text}\",1\nb,2\n\"{text}\",3\n")));
        }
    }

    #[test]
    fn records_of_a_thousand_columns_and_batches_of_many_records_are_kept() {
        assert_kept(&batch(&format!("{}\n", vec!["a\u{e9}"; 2_000].join(","))));
        let many: String = (0..5_000).map(|number| format!("\"R-{number}\",{number},{number}.5\n")).collect();
        assert_kept(&batch(&many));
    }

    #[test]
    fn a_level_of_pages_above_another_is_read_as_well() {
        let long = "x".repeat(40_000);
        let text: String = (0..4_500).map(|number| format!("{number}{long}\n")).collect();

        assert_kept(&batch(&text));
    }

    #[test]
    fn records_that_are_not_quite_regular_read_as_they_do_elsewhere() {
        let lines =
            ["\"a\"b,c\n", "a\"b\n\",c\n", "a,b\r\n", "\"a\",\"b\"\r\n", "\"a\"\"\",b\n", "\"a\",\"b\n", "a\rb,c\n"];
        for line in lines {
            assert_kept(&batch(&format!("\"x\"\"y\",\"z\"\n{line}")));
        }
    }

    #[test]
    fn texts_are_kept_in_a_database_of_another_encoding() {
        for encoding in [TextEncoding::Utf16Le, TextEncoding::Utf16Be] {
            let batch = batch("\"é\u{1f600}\"\"\",x,\n");
            let storages = [Storage::Text, Storage::Date, Storage::Text];
            let records = Records::read(Records::default(), &batch, &storages, encoding).unwrap();
            let values = csv::records(batch.bytes()).map(|line| csv::values(line).collect()).collect::<Vec<_>>();

            assert_shown(&[records], &storages, encoding, &values);
        }
    }

    #[test]
    fn sqlite_copies_the_records_as_they_are() {
        let mut connection = connection(TextEncoding::Utf8);
        let (batch, storages) = (batch("a,1\nb,2\n"), [Storage::Text, Storage::Integer]);
        let records = Records::read(Records::default(), &batch, &storages, TextEncoding::Utf8).unwrap();
        Image::default().show(&mut connection, &storages, TextEncoding::Utf8, [records].iter()).unwrap();
        connection.execute_batch("CREATE TABLE stage (name TEXT, number INTEGER)").unwrap();

        let sql = format!("EXPLAIN INSERT INTO main.stage SELECT * FROM {IMAGE}.{IMAGE}");
        let mut statement = connection.prepare(&sql).unwrap();
        let steps: Vec<String> = statement.query_map((), |row| row.get(1)).unwrap().map(Result::unwrap).collect();

        assert!(steps.contains(&"RowCell".to_owned()), "{steps:?}");
    }
}
