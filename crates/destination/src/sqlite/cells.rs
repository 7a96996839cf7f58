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

/// One value. There are many: it is kept small.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Place),
    Blob(Place),
    UnquotedText(Place),
    UnquotedBlob(Place),
}

/// Where a value begins and how long it is, in bytes.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    length: u32,
}

impl Cells {
    /// Reads `batch`, whose records are stored as `storages` say, or says why it cannot be read.
    pub(super) fn read(batch: &Batch, storages: &[Storage]) -> Result<Self, String> {
        let bytes = batch.bytes().clone();
        if u32::try_from(bytes.len()).is_err() {
            return Err(format!("a batch has {} bytes, which is too many", bytes.len()));
        }
        let cells = Vec::with_capacity(batch.records() as usize * storages.len());
        let mut read = Self { bytes, unquoted: Vec::new(), cells, width: storages.len() };
        let records = match read.read_regular(storages) {
            Some(records) => records,
            None => read.read_any(storages)?,
        };
        match records {
            records if records == batch.records() => Ok(read),
            records => Err(format!("a batch has {records} records, not {}", batch.records())),
        }
    }

    /// Reads in one go what is as it should be, and returns how many records there are; `None` where anything is not, however slightly.
    fn read_regular(&mut self, storages: &[Storage]) -> Option<u64> {
        let bytes = self.bytes.clone();
        let (mut at, mut records) = (0, 0);
        while at < bytes.len() {
            for (column, storage) in storages.iter().enumerate() {
                let (value, has_doubled, end) = next_value(&bytes, at)?;
                let cell = match has_doubled {
                    true => self.undoubled(*storage, &bytes[value.clone()]),
                    false => Cell::of(*storage, &bytes[value.clone()], Place::of(&value), false),
                };
                self.cells.push(cell);
                let separator = if column + 1 == storages.len() { b'\n' } else { b',' };
                if bytes.get(end) != Some(&separator) {
                    return None;
                }
                at = end + 1;
            }
            records += 1;
        }
        Some(records)
    }

    /// Reads whatever there is, as everybody reads CSV here.
    fn read_any(&mut self, storages: &[Storage]) -> Result<u64, String> {
        self.cells.clear();
        self.unquoted.clear();
        let bytes = self.bytes.clone();
        let mut records = 0;
        for record in csv::records(&bytes) {
            let mut count = 0;
            for value in csv::values(record) {
                if let Some(storage) = storages.get(count) {
                    let cell = self.cell(*storage, value);
                    self.cells.push(cell);
                }
                count += 1;
            }
            if count != self.width {
                return Err(format!("a record has {count} values, not {}", self.width));
            }
            records += 1;
        }
        Ok(records)
    }

    fn cell(&mut self, storage: Storage, value: Cow<'_, [u8]>) -> Cell {
        match value {
            Cow::Borrowed(text) => {
                let start = text.as_ptr() as usize - self.bytes.as_ptr() as usize;
                Cell::of(storage, text, Place::of(&(start..start + text.len())), false)
            }
            Cow::Owned(text) => self.unquoted(storage, &text),
        }
    }

    /// Makes a cell of a value that still has its quotes doubled.
    fn undoubled(&mut self, storage: Storage, doubled: &[u8]) -> Cell {
        let start = self.unquoted.len();
        csv::undouble_into(doubled, &mut self.unquoted);
        let place = start..self.unquoted.len();
        Cell::of(storage, &self.unquoted[place.clone()], Place::of(&place), true)
    }

    fn unquoted(&mut self, storage: Storage, text: &[u8]) -> Cell {
        let start = self.unquoted.len();
        self.unquoted.extend_from_slice(text);
        Cell::of(storage, text, Place::of(&(start..self.unquoted.len())), true)
    }

    /// Returns the values of each record.
    pub(super) fn records(&self) -> impl Iterator<Item = impl Iterator<Item = ValueRef<'_>>> {
        self.cells.chunks(self.width).map(|cells| cells.iter().map(|cell| self.value(*cell)))
    }

    fn value(&self, cell: Cell) -> ValueRef<'_> {
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(number) => ValueRef::Integer(number),
            Cell::Real(number) => ValueRef::Real(number),
            Cell::Text(place) => ValueRef::Text(&self.bytes[place.range()]),
            Cell::Blob(place) => ValueRef::Blob(&self.bytes[place.range()]),
            Cell::UnquotedText(place) => ValueRef::Text(&self.unquoted[place.range()]),
            Cell::UnquotedBlob(place) => ValueRef::Blob(&self.unquoted[place.range()]),
        }
    }
}

impl Cell {
    fn of(storage: Storage, value: &[u8], place: Place, is_unquoted: bool) -> Self {
        match storage.value(value) {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(_) if is_unquoted => Self::UnquotedText(place),
            ValueRef::Text(_) => Self::Text(place),
            ValueRef::Blob(_) if is_unquoted => Self::UnquotedBlob(place),
            ValueRef::Blob(_) => Self::Blob(place),
        }
    }
}

impl Place {
    /// Values are shorter than their batch, which is held against the largest length there is.
    fn of(range: &Range<usize>) -> Self {
        Self { start: range.start as u32, length: range.len() as u32 }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }
}

/// Finds the value that begins at `at`: where it stands, without its quotes; whether quotes are doubled in it; and where what follows it is.
/// Returns `None` where quotes are not as they should be.
fn next_value(bytes: &[u8], at: usize) -> Option<(Range<usize>, bool, usize)> {
    if bytes.get(at) != Some(&b'"') {
        let end = at + bytes[at..].iter().position(|byte| matches!(byte, b',' | b'\n' | b'\r' | b'"'))?;
        return Some((at..end, false, end));
    }
    let (start, mut has_doubled) = (at + 1, false);
    let mut quote = find_quote(bytes, start)?;
    while bytes.get(quote + 1) == Some(&b'"') {
        has_doubled = true;
        quote = find_quote(bytes, quote + 2)?;
    }
    Some((start..quote, has_doubled, quote + 1))
}

/// Finds the first quote from `from` on. Most values are so short that a call of `memchr` costs more than the search: eight bytes at a time.
fn find_quote(bytes: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const QUOTES: u64 = ONES * b'"' as u64;
    let (words, _) = bytes.get(from..)?.as_chunks::<8>();
    let mut at = from;
    for word in words {
        let zero_at_quote = u64::from_le_bytes(*word) ^ QUOTES;
        // The lowest of these bits marks the first byte that is zero; those above it may be wrong.
        let found = zero_at_quote.wrapping_sub(ONES) & !zero_at_quote & (ONES << 7);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    bytes[at..].iter().position(|byte| *byte == b'"').map(|position| at + position)
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

    fn batch(text: &str, records: u64) -> Batch {
        Batch::new(Bytes::copy_from_slice(text.as_bytes()), records)
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
    fn a_quote_is_found_wherever_it_stands() {
        for length in 0..40 {
            for at in 0..length {
                let mut text = vec![b'"' ^ 1; length];
                (text[at], text[0]) = (b'"', b'"');

                let from = 1.min(at);
                assert_eq!(find_quote(&text, from), Some(at), "{at} of {length}");
                assert_eq!(find_quote(&text, at + 1), None);
            }
        }
    }

    #[test]
    fn records_that_are_not_quite_regular_read_as_they_do_elsewhere() {
        let lines =
            ["\"a\"b,c\n", "a\"b\n\",c\n", "a,b\r\n", "\"a\",\"b\"\r\n", "\"a\"\"\",b\n", "\"a\",\"b\n", "a\rb,c\n"];
        for line in lines {
            let text = format!("\"x\"\"y\",\"z\"\n{line}");
            let cells = Cells::read(&batch(&text, 2), &[Storage::Text, Storage::Text]).unwrap();

            let found: Vec<Vec<Vec<u8>>> = cells.records().map(|record| record.map(text_of).collect()).collect();
            let expected: Vec<Vec<Vec<u8>>> = csv::records(text.as_bytes())
                .map(|record| csv::values(record).map(Cow::into_owned).collect())
                .collect();
            assert_eq!(found, expected, "{line:?}");
        }
    }

    fn text_of(value: ValueRef<'_>) -> Vec<u8> {
        match value {
            ValueRef::Text(text) => text.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_batch_that_is_not_what_it_says_is_refused() {
        let storages = [Storage::Text, Storage::Text];

        assert_eq!(Cells::read(&batch("a\n", 1), &storages).unwrap_err(), "a record has 1 values, not 2");
        assert_eq!(Cells::read(&batch("a,b,c\n", 1), &storages).unwrap_err(), "a record has 3 values, not 2");
        assert_eq!(Cells::read(&batch("a,b\n", 2), &storages).unwrap_err(), "a batch has 1 records, not 2");
    }
}
