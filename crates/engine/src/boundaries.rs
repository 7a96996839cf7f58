//! Where records end in CSV bytes, found 64 bytes at a time.
//!
//! No value is decoded: quotes, commas and line ends become bits, and one pass over them finds the records, counts the values of each, and
//! makes sure that quotes stand where every reader of CSV takes them alike.

use wide::i8x16;

use crate::decode::DecodeError;

/// How many bytes are looked at together: one for each bit of a word.
const BLOCK: usize = 64;
/// How many bytes are compared at once, on any processor.
const LANES: usize = 16;

/// Goes through the records of a page, piece by piece.
#[derive(Clone, Debug)]
pub(crate) struct Boundaries {
    /// How many values a record has.
    values: usize,
    /// All bits where what comes next lies within quotes, else none.
    quoted: u64,
    /// Commas outside of quotes in the record that goes on.
    commas: usize,
    /// 1 where a quote may come next: at the beginning of a value, or to double the one before.
    may_quote: u64,
}

impl Boundaries {
    /// Stands before the first record.
    pub(crate) fn new(values: usize) -> Self {
        Self { values, quoted: 0, commas: 0, may_quote: 1 }
    }

    /// Returns whether what comes next lies within quotes.
    pub(crate) fn is_quoted(&self) -> bool {
        self.quoted != 0
    }

    /// Appends to `ends` where records end in `bytes`: behind each. Fails at a record that has another number of values, or quotes that others may read otherwise:
    /// nobody looks into it later where its bytes are taken as they are.
    pub(crate) fn find(&mut self, bytes: &[u8], ends: &mut Vec<usize>) -> Result<(), DecodeError> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            self.block(&Marks::of(block), number * BLOCK, ends)?;
        }
        if let Some(last) = rest.len().checked_sub(1) {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            let marks = Marks::of(&block);
            self.block(&marks, bytes.len() - rest.len(), ends)?;
            self.may_quote = marks.any() >> last & 1;
        }
        Ok(())
    }

    fn block(&mut self, marks: &Marks, start: usize, ends: &mut Vec<usize>) -> Result<(), DecodeError> {
        // An opening quote lies within, a closing one does not. A doubled quote closes and opens again.
        let within = parity(marks.quotes) ^ self.quoted;
        let stray = marks.quotes & within & !(marks.any() << 1 | self.may_quote);
        let commas = marks.commas & !within;
        let before_stray = (stray & stray.wrapping_neg()).wrapping_sub(1);
        let mut line_ends = marks.line_ends & !within & before_stray;
        let mut counted = 0;
        while line_ends != 0 {
            let at = line_ends.trailing_zeros();
            let so_far = (commas & ((1 << at) - 1)).count_ones() as usize;
            let found = self.commas + so_far - counted + 1;
            if found != self.values {
                return Err(DecodeError::Ragged { expected: self.values, found });
            }
            (self.commas, counted) = (0, so_far);
            ends.push(start + at as usize + 1);
            line_ends &= line_ends - 1;
        }
        if stray != 0 {
            return Err(DecodeError::Quote);
        }
        self.commas += commas.count_ones() as usize - counted;
        self.quoted = (within >> 63).wrapping_neg();
        self.may_quote = marks.any() >> 63;
        Ok(())
    }
}

/// Calls `each` with every one of whole `records`, its line end included.
pub(crate) fn for_each_record<'a>(records: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let (mut quoted, mut begin) = (0, 0);
    let mut look_at = |block: &[u8; BLOCK], start: usize| {
        let marks = Marks::of(block);
        let within = parity(marks.quotes) ^ quoted;
        quoted = (within >> 63).wrapping_neg();
        let mut line_ends = marks.line_ends & !within;
        while line_ends != 0 {
            let end = start + line_ends.trailing_zeros() as usize + 1;
            each(&records[begin..end]);
            begin = end;
            line_ends &= line_ends - 1;
        }
    };
    let (blocks, rest) = records.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        look_at(block, number * BLOCK);
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    look_at(&block, records.len() - rest.len());
}

/// What stands out among 64 bytes: a bit for each byte, the lowest for the first.
#[derive(Clone, Copy, Debug)]
struct Marks {
    quotes: u64,
    commas: u64,
    line_ends: u64,
}

impl Marks {
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut marks = Self { quotes: 0, commas: 0, line_ends: 0 };
        let (parts, _) = block.as_chunks::<LANES>();
        for (number, part) in parts.iter().enumerate() {
            let part = i8x16::new(part.map(u8::cast_signed));
            let bits = |byte: u8| {
                u64::from(part.simd_eq(i8x16::splat(byte.cast_signed())).to_bitmask() & 0xffff) << (number * LANES)
            };
            marks.quotes |= bits(b'"');
            marks.commas |= bits(b',');
            marks.line_ends |= bits(b'\n');
        }
        marks
    }

    fn any(&self) -> u64 {
        self.quotes | self.commas | self.line_ends
    }
}

/// Sets each bit that has an odd number of bits of `bits` at it and below.
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use orgtap_destination::csv;
    use proptest::prelude::*;

    use super::*;

    /// What [`Boundaries::find`] does, byte by byte.
    fn byte_by_byte(values: usize, bytes: &[u8]) -> Result<Vec<usize>, DecodeError> {
        let (mut ends, mut is_quoted, mut commas, mut before) = (Vec::new(), false, 0, b'\n');
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'"' if !is_quoted && !matches!(before, b'"' | b',' | b'\n') => return Err(DecodeError::Quote),
                b'"' => is_quoted = !is_quoted,
                b',' if !is_quoted => commas += 1,
                b'\n' if !is_quoted => {
                    let found = std::mem::take(&mut commas) + 1;
                    if found != values {
                        return Err(DecodeError::Ragged { expected: values, found });
                    }
                    ends.push(at + 1);
                }
                _ => {}
            }
            before = byte;
        }
        Ok(ends)
    }

    /// Finds the ends in `bytes` that come in pieces, as if they came in one.
    fn by_pieces(values: usize, bytes: &[u8], piece: usize) -> Result<Vec<usize>, DecodeError> {
        let (mut boundaries, mut all) = (Boundaries::new(values), Vec::new());
        for (number, part) in bytes.chunks(piece).enumerate() {
            let mut ends = Vec::new();
            boundaries.find(part, &mut ends)?;
            all.extend(ends.iter().map(|end| number * piece + end));
        }
        Ok(all)
    }

    fn find(values: usize, bytes: &[u8]) -> Result<Vec<usize>, DecodeError> {
        by_pieces(values, bytes, bytes.len())
    }

    #[test]
    fn records_that_end_in_the_same_block_are_found_each() {
        let bytes = b"1,2\n\"a\n,\",\"\"\n,\n".repeat(20);

        let ends = find(2, &bytes).unwrap();

        assert_eq!((&ends[..4], ends.len(), ends.last()), (&[4, 13, 15, 19][..], 60, Some(&bytes.len())));
    }

    #[test]
    fn the_fault_that_comes_first_counts() {
        assert_eq!(find(2, b"1\na\"b\n"), Err(DecodeError::Ragged { expected: 2, found: 1 }));
        assert_eq!(find(2, b"a\"b\n1\n"), Err(DecodeError::Quote));
    }

    proptest! {
        #[test]
        fn blocks_find_what_a_look_at_every_byte_finds(
            bytes in prop::collection::vec(prop::sample::select(b"\"\",,\n\nax\xc3\0".to_vec()), 0..300),
            values in 1_usize..4,
            piece in 1_usize..200,
        ) {
            prop_assert_eq!(by_pieces(values, &bytes, piece), byte_by_byte(values, &bytes));
        }

        #[test]
        fn well_formed_records_are_found_wherever_they_lie(
            table in prop::collection::vec(("[a-z\"\n\r,\u{e9} ]{0,40}", "[a-z\"\n,]{0,90}"), 0..20),
            piece in 1_usize..200,
        ) {
            let mut bytes = Vec::new();
            for (a, b) in &table {
                csv::write_record(&mut bytes, [a.as_bytes(), b.as_bytes()]);
            }

            let ends = by_pieces(2, &bytes, piece).unwrap();

            prop_assert_eq!((ends.last().copied().unwrap_or_default(), ends.len()), (bytes.len(), table.len()));
        }

        #[test]
        fn each_record_is_handed_over_once(
            table in prop::collection::vec(("[a-z\"\n\r,\u{e9} ]{0,40}", "[a-z\"\n,]{0,90}"), 0..20),
        ) {
            let mut bytes = Vec::new();
            for (a, b) in &table {
                csv::write_record(&mut bytes, [a.as_bytes(), b.as_bytes()]);
            }
            let mut found = Vec::new();
            for_each_record(&bytes, |record| found.push(record));

            prop_assert_eq!(found, csv::records(&bytes).collect::<Vec<_>>());
        }
    }
}
