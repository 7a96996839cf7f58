//! A batch as SQLite stores it: every value found, unquoted, of its type and in the format that records have in the file. Made by whoever brings
//! the batch, so that the one thread that writes has no more to do than to copy.
//!
//! What is not of the type of its column is kept as [`Storage::value`] says; SQLite converts nothing any more.
//!
//! <https://sqlite.org/fileformat2.html#record_format>

use std::ops::Range;

use rusqlite::types::ValueRef;

use super::storage::Storage;
use crate::{Batch, csv};

/// How a database keeps its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextEncoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl TextEncoding {
    /// Appends a text of UTF-8.
    fn put(self, out: &mut Vec<u8>, text: &[u8]) {
        let lossy = || String::from_utf8_lossy(text);
        match self {
            Self::Utf8 => out.extend_from_slice(text),
            Self::Utf16Le => out.extend(lossy().encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => out.extend(lossy().encode_utf16().flat_map(u16::to_be_bytes)),
        }
    }
}

/// The records of a batch.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    ends: Vec<usize>,
}

impl Records {
    /// Reads `batch`, whose records are stored as `storages` say, into `spare`, or says why it cannot be read.
    pub(super) fn read(
        spare: Self,
        batch: &Batch,
        storages: &[Storage],
        encoding: TextEncoding,
    ) -> Result<Self, String> {
        let mut encoder = Encoder::new(encoding, spare);
        // A record takes about as much as its line does: quotes and commas make room for types.
        encoder.begin(batch.bytes().len());
        if encoder.read_regular(batch.bytes(), storages).is_none() {
            encoder.begin(batch.bytes().len());
            encoder.read_any(batch.bytes(), storages)?;
        }
        match encoder.records {
            records if records.len() as u64 == batch.records() => Ok(records),
            records => Err(format!("a batch has {} records, not {}", records.len(), batch.records())),
        }
    }

    /// Returns how many records there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns how many bytes all records take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the records, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.iter().scan(0, |start, end| {
            let record = &self.bytes[*start..*end];
            *start = *end;
            Some(record)
        })
    }
}

/// Makes records of values.
#[derive(Debug)]
pub(super) struct Encoder {
    records: Records,
    encoding: TextEncoding,
    /// Of the record under way: the types of its values, and the values.
    types: Vec<u8>,
    values: Vec<u8>,
    /// A value without the quotes that are doubled in the batch.
    undoubled: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(encoding: TextEncoding, records: Records) -> Self {
        Self { records, encoding, types: Vec::new(), values: Vec::new(), undoubled: Vec::new() }
    }

    /// Forgets all records, and makes room for so many bytes of others.
    fn begin(&mut self, bytes: usize) {
        self.records.bytes.clear();
        self.records.bytes.reserve(bytes);
        self.records.ends.clear();
        self.types.clear();
        self.values.clear();
    }

    /// Ends the record under way, which is the only one, and returns it.
    pub(super) fn into_record(mut self) -> Vec<u8> {
        self.end_record();
        self.records.bytes
    }

    /// Reads in one go what is as it should be; `None` where anything is not, however slightly.
    fn read_regular(&mut self, bytes: &[u8], storages: &[Storage]) -> Option<()> {
        let mut at = 0;
        while at < bytes.len() {
            for (column, storage) in storages.iter().enumerate() {
                let (value, has_doubled, end) = next_value(bytes, at)?;
                match has_doubled {
                    true => self.add_doubled(*storage, &bytes[value]),
                    false => self.add(*storage, &bytes[value]),
                }
                let separator = if column + 1 == storages.len() { b'\n' } else { b',' };
                if bytes.get(end) != Some(&separator) {
                    return None;
                }
                at = end + 1;
            }
            self.end_record();
        }
        Some(())
    }

    /// Reads whatever there is, as everybody reads CSV here.
    fn read_any(&mut self, bytes: &[u8], storages: &[Storage]) -> Result<(), String> {
        for record in csv::records(bytes) {
            let mut count = 0;
            for value in csv::values(record) {
                if let Some(storage) = storages.get(count) {
                    self.add(*storage, &value);
                }
                count += 1;
            }
            if count != storages.len() {
                return Err(format!("a record has {count} values, not {}", storages.len()));
            }
            self.end_record();
        }
        Ok(())
    }

    /// Adds a value that still has its quotes doubled.
    fn add_doubled(&mut self, storage: Storage, doubled: &[u8]) {
        let mut undoubled = std::mem::take(&mut self.undoubled);
        undoubled.clear();
        csv::undouble_into(doubled, &mut undoubled);
        self.add(storage, &undoubled);
        self.undoubled = undoubled;
    }

    fn add(&mut self, storage: Storage, text: &[u8]) {
        match storage.value(text) {
            ValueRef::Null => self.types.push(0),
            ValueRef::Integer(number) => self.add_integer(number),
            ValueRef::Real(number) => self.add_real(number),
            ValueRef::Text(text) => self.add_text(text),
            ValueRef::Blob(bytes) => {
                self.values.extend_from_slice(bytes);
                put_varint(&mut self.types, 12 + 2 * bytes.len() as u64);
            }
        }
    }

    pub(super) fn add_integer(&mut self, number: i64) {
        // How many bytes there are of each type, from 1 on. Zero and one have types of their own, and no bytes.
        const WIDTHS: [usize; 6] = [1, 2, 3, 4, 6, 8];
        if let 0 | 1 = number {
            return self.types.push(8 + number as u8);
        }
        let fits = |width: &usize| number >> (8 * width - 1) == number >> 63;
        let kind = WIDTHS.iter().position(fits).unwrap_or(WIDTHS.len() - 1);
        self.types.push(kind as u8 + 1);
        self.values.extend_from_slice(&number.to_be_bytes()[8 - WIDTHS[kind]..]);
    }

    /// Adds a number to a column of such. Whole ones are stored as integers where that takes less, as SQLite itself does.
    fn add_real(&mut self, number: f64) {
        const LARGEST_IN_SIX_BYTES: f64 = ((1_u64 << 47) - 1) as f64;
        let is_negative_zero = number == 0.0 && number.is_sign_negative();
        if number.trunc() == number && number.abs() <= LARGEST_IN_SIX_BYTES && !is_negative_zero {
            return self.add_integer(number as i64);
        }
        self.types.push(7);
        self.values.extend_from_slice(&number.to_bits().to_be_bytes());
    }

    pub(super) fn add_text(&mut self, text: &[u8]) {
        let start = self.values.len();
        self.encoding.put(&mut self.values, text);
        put_varint(&mut self.types, 13 + 2 * (self.values.len() - start) as u64);
    }

    fn end_record(&mut self) {
        // The header's length counts itself.
        let length = self.types.len() as u64;
        let bytes = &mut self.records.bytes;
        put_varint(bytes, if length < 127 { length + 1 } else { length + varint_bytes(length + 2) as u64 });
        bytes.extend_from_slice(&self.types);
        bytes.extend_from_slice(&self.values);
        self.records.ends.push(bytes.len());
        self.types.clear();
        self.values.clear();
    }
}

/// Appends a number as SQLite writes those of varying length. None has 56 bits: it would be the length of something that is in memory.
pub(super) fn put_varint(out: &mut Vec<u8>, number: u64) {
    if number < 1 << 7 {
        return out.push(number as u8);
    }
    for place in (0..varint_bytes(number)).rev() {
        let bits = (number >> (7 * place)) as u8 & 0x7f;
        out.push(if place > 0 { bits | 0x80 } else { bits });
    }
}

/// Returns how many bytes such a number takes.
fn varint_bytes(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_batch_that_is_not_what_it_says_is_refused() {
        let storages = [Storage::Text, Storage::Text];
        let cases = [
            ("a\n", 1, "a record has 1 values, not 2"),
            ("a,b,c\n", 1, "a record has 3 values, not 2"),
            ("a,b\n", 2, "a batch has 1 records, not 2"),
        ];

        for (text, records, why) in cases {
            let batch = Batch::new(text.as_bytes().to_vec().into(), records);
            assert_eq!(Records::read(Records::default(), &batch, &storages, TextEncoding::Utf8).unwrap_err(), why);
        }
    }
}
