//! What the fuzz targets call: every reader of bytes that came from elsewhere, and what must hold of whatever it reads.
//!
//! It is here only for them and for the tests below, and not part of the crate's surface. A finding becomes a line in the tests.

#![allow(clippy::missing_panics_doc, reason = "they panic for what must not be, which is what they are for")]

use crate::keboola::normalise;
use crate::sqlite::assert_kept;
use crate::{Batch, csv, file_name};

/// Finds the records of any CSV, whole and in two pieces: where it is cut changes nothing.
pub fn csv_boundaries(data: &[u8]) {
    let Some((cut, bytes)) = data.split_first() else { return };
    let records: Vec<&[u8]> = csv::records(bytes).collect();
    assert_eq!(records.concat(), bytes);

    let end = csv::end_of_last_record(bytes);
    let whole: Vec<&[u8]> = csv::records(&bytes[..end]).collect();
    assert!(whole.iter().all(|record| record.ends_with(b"\n")));
    assert!(records.starts_with(&whole) && records.len() <= whole.len() + 1);

    let (first, _) = bytes.split_at(bytes.len() * usize::from(*cut) / 256);
    let (done, open) = bytes.split_at(csv::end_of_last_record(first));
    let pieces: Vec<&[u8]> = csv::records(done).chain(csv::records(open)).collect();
    assert_eq!(pieces, records);
    records.into_iter().for_each(written_again);
}

/// Stores the values of any CSV with typed columns and looks whether they come back.
pub fn typed_cells(data: &[u8]) {
    let end = csv::end_of_last_record(data);
    let records = csv::records(&data[..end]).count() as u64;
    assert_kept(&Batch::new(bytes::Bytes::copy_from_slice(&data[..end]), records));
}

/// Makes file and column names of any name.
pub fn names(data: &[u8]) {
    let name = String::from_utf8_lossy(data);
    let file = file_name::encode(&name);
    assert!(!file.contains(['/', '\\', '\0']) && !file.starts_with('.'), "{file}");
    assert!(file.is_ascii() && !file.chars().any(|char| char.is_ascii_control()), "{file}");
    assert!(normalise(&name).bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
}

/// What is read from a record and written again reads the same.
fn written_again(record: &[u8]) {
    let values: Vec<_> = csv::values(record).collect();
    let mut written = Vec::new();
    csv::write_record(&mut written, values.iter().map(AsRef::as_ref));
    assert_eq!(csv::records(&written).count(), 1);
    assert_eq!(csv::values(&written).collect::<Vec<_>>(), values);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_csv_is_read_the_same_in_pieces_and_its_values_are_kept(
            data in prop::collection::vec(prop_oneof![prop::sample::select(b"\"\"\",,\n\r1.e-+naif \0\x0b".to_vec()), any::<u8>()], 0..60)
        ) {
            csv_boundaries(&data);
            typed_cells(&data);
        }

        #[test]
        fn any_name_is_safe(name in "(\\.\\./|/|\\.|%|[a-z]|.){0,12}") {
            names(name.as_bytes());
        }
    }
}
