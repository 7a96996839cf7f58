//! A batch as SQLite takes it: every value found, unquoted and of its type. Made by whoever brings the batch, so that the one thread that
//! writes has no more to do than to write.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use rusqlite::types::ValueRef;

use super::storage::Storage;
use crate::{Batch, csv};

/// The values of a batch.
#[derive(Debug)]
pub(super) struct Cells {
    bytes: Bytes,
    /// Values that do not stand in the batch as they are: those with doubled quotes.
    unquoted: Vec<u8>,
    cells: Vec<Cell>,
    width: usize,
}

/// One value.
#[derive(Clone, Debug)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Place),
    Blob(Place),
}

/// Where a value stands.
#[derive(Clone, Debug)]
enum Place {
    Batch(Range<usize>),
    Unquoted(Range<usize>),
}

impl Cells {
    /// Reads `batch`, whose records are stored as `storages` say, or says why it cannot be read.
    pub(super) fn read(batch: &Batch, storages: &[Storage]) -> Result<Self, String> {
        let bytes = batch.bytes().clone();
        let width = storages.len();
        let mut cells = Vec::with_capacity(batch.records() as usize * width);
        let mut unquoted = Vec::new();
        let mut records = 0;
        for record in csv::records(&bytes) {
            let mut count = 0;
            for value in csv::values(record) {
                if let Some(storage) = storages.get(count) {
                    cells.push(Cell::of(*storage, value, &bytes, &mut unquoted));
                }
                count += 1;
            }
            if count != width {
                return Err(format!("a record has {count} values, not {width}"));
            }
            records += 1;
        }
        match records {
            records if records == batch.records() => Ok(Self { bytes, unquoted, cells, width }),
            records => Err(format!("a batch has {records} records, not {}", batch.records())),
        }
    }

    /// Returns the values of each record.
    pub(super) fn records(&self) -> impl Iterator<Item = impl Iterator<Item = ValueRef<'_>>> {
        self.cells.chunks(self.width).map(|cells| cells.iter().map(|cell| self.value(cell)))
    }

    fn value(&self, cell: &Cell) -> ValueRef<'_> {
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(number) => ValueRef::Integer(*number),
            Cell::Real(number) => ValueRef::Real(*number),
            Cell::Text(place) => ValueRef::Text(self.text(place)),
            Cell::Blob(place) => ValueRef::Blob(self.text(place)),
        }
    }

    fn text(&self, place: &Place) -> &[u8] {
        match place {
            Place::Batch(range) => &self.bytes[range.clone()],
            Place::Unquoted(range) => &self.unquoted[range.clone()],
        }
    }
}

impl Cell {
    fn of(storage: Storage, value: Cow<'_, [u8]>, bytes: &Bytes, unquoted: &mut Vec<u8>) -> Self {
        let mut place = || match &value {
            Cow::Borrowed(text) => {
                let start = text.as_ptr() as usize - bytes.as_ptr() as usize;
                Place::Batch(start..start + text.len())
            }
            Cow::Owned(text) => {
                let start = unquoted.len();
                unquoted.extend_from_slice(text);
                Place::Unquoted(start..unquoted.len())
            }
        };
        match storage.value(&value) {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(_) => Self::Text(place()),
            ValueRef::Blob(_) => Self::Blob(place()),
        }
    }
}

/// Reads `batch` with a type for each column, all types in turn, and asserts that every value is what stands in the batch.
#[cfg(any(test, fuzzing))]
pub(crate) fn assert_kept(batch: &Batch) {
    use Storage::{Boolean, Date, DateTime, Integer, Real, Text, Time};

    let records: Vec<Vec<Cow<'_, [u8]>>> =
        csv::records(batch.bytes()).map(|line| csv::values(line).collect()).collect();
    let width = records.first().map_or(1, Vec::len);
    let storages: Vec<_> =
        [Text, Integer, Real, Boolean, Date, DateTime, Time].into_iter().cycle().take(width).collect();
    let is_even = records.iter().all(|record| record.len() == width);
    let cells = match Cells::read(batch, &storages) {
        Ok(cells) => cells,
        Err(why) => return assert!(!is_even, "{why}"),
    };
    assert!(is_even && cells.records().count() == records.len());
    for (cells, record) in cells.records().zip(&records) {
        for (cell, text) in cells.zip(record) {
            let number = || str::from_utf8(text).unwrap_or_default().parse::<f64>().unwrap_or_default();
            match cell {
                ValueRef::Null => assert!(text.is_empty()),
                ValueRef::Integer(1) if **text == *b"true" => {}
                ValueRef::Integer(0) if **text == *b"false" => {}
                ValueRef::Integer(value) => assert!((value as f64).to_bits() == number().to_bits() || value == 0),
                ValueRef::Real(value) => assert!(value.is_finite() && value.to_bits() == number().to_bits()),
                ValueRef::Text(value) | ValueRef::Blob(value) => assert_eq!(value, &**text),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(text: &'static str, records: u64) -> Batch {
        Batch::new(text.into(), records)
    }

    #[test]
    fn every_value_is_found_where_it_stands() {
        let storages = [Storage::Text, Storage::Integer, Storage::Real];
        let cells = Cells::read(&batch("\"a\"\"b\",\"1\",\"2.5\"\nc,,x\n", 2), &storages).unwrap();

        let values: Vec<Vec<ValueRef<'_>>> = cells.records().map(Iterator::collect).collect();

        let text = ValueRef::Text;
        assert_eq!(
            values,
            [
                vec![text(b"a\"b"), ValueRef::Integer(1), ValueRef::Real(2.5)],
                vec![text(b"c"), ValueRef::Null, text(b"x")],
            ]
        );
    }

    #[test]
    fn a_batch_that_is_not_what_it_says_is_refused() {
        let storages = [Storage::Text, Storage::Text];

        assert_eq!(Cells::read(&batch("a\n", 1), &storages).unwrap_err(), "a record has 1 values, not 2");
        assert_eq!(Cells::read(&batch("a,b,c\n", 1), &storages).unwrap_err(), "a record has 3 values, not 2");
        assert_eq!(Cells::read(&batch("a,b\n", 2), &storages).unwrap_err(), "a batch has 1 records, not 2");
    }
}
