//! Reads and writes the CSV dialect that [`Batch`](crate::Batch) carries: RFC 4180 over whole records in memory.
//!
//! It finds record and value boundaries without decoding, and reads no files, headers or types. Bytes that break the dialect give some
//! values, never a panic; whoever needs certainty counts records and values.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2_iter};

/// Returns the records of `bytes`, each with its line end. The last may lack it.
pub fn records(bytes: &[u8]) -> Records<'_> {
    Records { rest: bytes }
}

/// Returns the values of one record, unquoted. An empty value is a null.
pub fn values(record: &[u8]) -> Values<'_> {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    Values { rest: Some(record.strip_suffix(b"\r").unwrap_or(record)) }
}

/// Appends one record to `out`, every value in quotes as Salesforce writes them.
pub fn write_record<'a>(out: &mut Vec<u8>, values: impl IntoIterator<Item = &'a [u8]>) {
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(out, value);
    }
    out.push(b'\n');
}

/// Returns where the last whole record of `bytes` ends; 0 if none does.
pub(crate) fn end_of_last_record(bytes: &[u8]) -> usize {
    let mut is_quoted = false;
    let mut end = 0;
    for at in memchr2_iter(b'"', b'\n', bytes) {
        if bytes[at] == b'"' {
            is_quoted = !is_quoted;
        } else if !is_quoted {
            end = at + 1;
        }
    }
    end
}

/// The records of some CSV bytes.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut is_quoted = false;
        // Within quotes a doubled quote toggles twice, so parity alone tells where a record ends.
        let end = memchr2_iter(b'"', b'\n', self.rest).find(|at| {
            if self.rest[*at] == b'"' {
                is_quoted = !is_quoted;
                return false;
            }
            !is_quoted
        });
        let (record, rest) = self.rest.split_at(end.map_or(self.rest.len(), |at| at + 1));
        self.rest = rest;
        Some(record)
    }
}

/// The values of one record.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    /// What is still to be read; `None` after the last value.
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Values<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let (value, after) = match rest.split_first() {
            Some((b'"', quoted)) => read_quoted(quoted),
            _ => {
                let end = memchr(b',', rest).unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..end]), &rest[end..])
            }
        };
        self.rest = match after.split_first() {
            Some((b',', rest)) => Some(rest),
            _ => memchr(b',', after).map(|comma| &after[comma + 1..]),
        };
        Some(value)
    }
}

/// Reads a value whose opening quote is behind us; returns it and what follows the closing quote.
fn read_quoted(quoted: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let mut has_doubled = false;
    let mut from = 0;
    while let Some(quote) = memchr(b'"', &quoted[from..]).map(|at| from + at) {
        if quoted.get(quote + 1) != Some(&b'"') {
            return (undouble(&quoted[..quote], has_doubled), &quoted[quote + 1..]);
        }
        has_doubled = true;
        from = quote + 2;
    }
    (undouble(quoted, has_doubled), &[])
}

fn undouble(quoted: &[u8], has_doubled: bool) -> Cow<'_, [u8]> {
    if !has_doubled {
        return Cow::Borrowed(quoted);
    }
    let mut value = Vec::with_capacity(quoted.len());
    undouble_into(quoted, &mut value);
    Cow::Owned(value)
}

/// Appends a value to `out`, one quote for each two in `quoted`.
pub(crate) fn undouble_into(quoted: &[u8], out: &mut Vec<u8>) {
    let mut rest = quoted;
    while let Some(quote) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=quote]);
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn write_value(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut written = 0;
    for quote in memchr_iter(b'"', value) {
        out.extend_from_slice(&value[written..=quote]);
        out.push(b'"');
        written = quote + 1;
    }
    out.extend_from_slice(&value[written..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        let text = |value: Cow<'_, [u8]>| String::from_utf8(value.into_owned()).unwrap();
        records(bytes).map(|record| values(record).map(text).collect()).collect()
    }

    #[test]
    fn quoted_and_bare_values_read_alike() {
        assert_eq!(read(b"a,\"b\",,\"\"\nc,d,e,f\n"), [["a", "b", "", ""], ["c", "d", "e", "f"]]);
    }

    #[test]
    fn line_ends_inside_quotes_belong_to_the_value() {
        assert_eq!(read(b"\"a\r\nb\",\"c\rd\"\n\"e\n\",\",\"\n"), [["a\r\nb", "c\rd"], ["e\n", ","]]);
    }

    #[test]
    fn doubled_quotes_are_one_quote() {
        assert_eq!(read(b"\"\"\"\",\"a\"\"b\"\"\"\n"), [["\"", "a\"b\""]]);
    }

    #[test]
    fn the_last_record_may_lack_its_line_end() {
        assert_eq!(read(b"a,b\nc,"), [["a", "b"], ["c", ""]]);
    }

    #[test]
    fn malformed_quotes_end_with_the_bytes() {
        assert_eq!(read(b"\"a\"b,c\n"), [["a", "c"]]);
        assert_eq!(read(b"\"a,\"\"b\n"), [["a,\"b"]]);
    }

    #[test]
    fn a_line_end_within_an_open_quote_ends_no_record() {
        assert_eq!(end_of_last_record(b"a\n\"b\nc"), 2);
        assert_eq!(end_of_last_record(b"a\n\"b\nc\"\n"), 8);
        assert_eq!(end_of_last_record(b"\"a\n"), 0);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(table in prop::collection::vec(prop::collection::vec("[\"a,\r\n\u{2028}é ]{0,6}", 1..5), 0..5)) {
            let mut bytes = Vec::new();
            for record in &table {
                write_record(&mut bytes, record.iter().map(String::as_bytes));
            }

            prop_assert_eq!(read(&bytes), table);
            prop_assert_eq!(end_of_last_record(&bytes), bytes.len());
        }

        #[test]
        fn any_bytes_are_split_without_loss(bytes in prop::collection::vec(prop::sample::select(b"\"\",a\r\n".to_vec()), 0..40)) {
            let split: Vec<u8> = records(&bytes).flatten().copied().collect();
            let values_read = records(&bytes).flat_map(values).count();

            prop_assert!(values_read >= records(&bytes).count());
            prop_assert_eq!(split, bytes);
        }
    }
}
