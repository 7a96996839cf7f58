//! What the fuzz targets call: every reader of bytes that came from elsewhere, and what must hold of whatever it reads.
//!
//! It is here only for them and for the tests below, and not part of the crate's surface. A finding becomes a line in the tests.

#![allow(clippy::missing_panics_doc, reason = "they panic for what must not be, which is what they are for")]

use std::sync::Arc;

use bytes::Bytes;
use orgtap_destination::{Batch, csv};
use orgtap_salesforce::{FieldType, Record};

use crate::decode::{DecodeError, PageDecoder};
use crate::encode::Encoder;
use crate::journal::Journal;
use crate::projection::{ColumnSource, Origin, Part, Projection, RecordShape, SelectedValue};
use crate::state::State;

/// Reads a page of CSV, whole and in pieces. The first byte says how large those are, the second what the query selects.
pub fn page(data: &[u8]) {
    let [piece, selection, page @ ..] = data else { return };
    let projection = Arc::new(projection(*selection));
    let columns = projection.columns.len();
    let whole = decode(&projection, page, page.len().max(1));
    let in_pieces = decode(&projection, page, usize::from(*piece) + 1);
    if let Ok(bytes) = &whole {
        assert!(bytes.is_empty() || bytes.ends_with(b"\n"));
        assert!(str::from_utf8(bytes).is_ok());
        assert!(csv::records(bytes).all(|record| csv::values(record).count() == columns), "{bytes:?}");
    }
    assert_eq!(in_pieces.is_ok(), whole.is_ok(), "{whole:?} {in_pieces:?}");
    if let (Ok(whole), Ok(in_pieces)) = (whole, in_pieces) {
        assert_eq!(whole, in_pieces);
    }
}

/// Writes a record of the REST API as CSV.
pub fn record(data: &[u8]) {
    let [selection, record @ ..] = data else { return };
    let Ok(record) = serde_json::from_slice::<Record>(record) else { return };
    let projection = projection(*selection);
    let encoder = Encoder::new(&projection);
    let Ok(batch) = encoder.batch(&[record]) else { return };
    let mut records = csv::records(batch.bytes());
    let first = records.next().unwrap_or_default();
    assert_eq!((csv::values(first).count(), records.next()), (projection.columns.len(), None));
    drop(encoder.finish());
}

/// Reads the documents that are kept between runs: a state, and the journal of a load.
pub fn documents(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match State::read(text) {
        Ok(state) => {
            assert_eq!(State::read(&state.document()).as_ref(), Ok(&state));
            if let Some(fingerprint) = &state.fingerprint {
                assert_eq!(fingerprint.difference(fingerprint), None);
            }
        }
        Err(why) => assert!(!why.chars().any(char::is_control), "{why:?}"),
    }
    if let Some(journal) = Journal::read(text) {
        assert_eq!(Journal::read(&journal.document()).as_ref(), Some(&journal));
        journal.go_on_with();
    }
}

fn decode(projection: &Arc<Projection>, page: &[u8], piece: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = PageDecoder::new(Arc::clone(projection));
    let mut batches = Vec::new();
    for chunk in page.chunks(piece) {
        decoder.push(&Bytes::copy_from_slice(chunk), &mut batches)?;
    }
    decoder.finish(&mut batches)?;
    for batch in &batches {
        assert_eq!(csv::records(batch.bytes()).count() as u64, batch.records());
    }
    assert_eq!(batches.iter().map(Batch::records).sum::<u64>(), decoder.records());
    Ok(batches.iter().flat_map(|batch| batch.bytes().to_vec()).collect())
}

/// One of some selections: plain, with a function, with a column of parts, with children.
fn projection(choice: u8) -> Projection {
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let field = |name: &str, is_header_uncertain| SelectedValue {
        header: name.to_owned(),
        is_header_uncertain,
        origin: Origin::Field {
            path: path(name),
            field_type: FieldType::from(if name == "Latitude" { "double" } else { "string" }),
        },
    };
    let shape = RecordShape { is_list: true, members: vec![("Id".to_owned(), RecordShape::default())] };
    let children = SelectedValue { origin: Origin::Children { key: "C".to_owned(), shape }, ..field("C", false) };
    let part = |key: &str, value| Part { key: key.to_owned(), value, is_number: value == 1 };
    let plain = |values: Vec<SelectedValue>| {
        let columns: Vec<_> = (0..values.len()).map(ColumnSource::Value).collect();
        Projection { id_column: (values[0].header == "Id").then_some(0), values, columns }
    };
    match choice % 5 {
        0 => plain(vec![field("Id", false)]),
        1 => plain(vec![field("Id", false), field("A.Name", false)]),
        2 => plain(vec![field("E", true), field("Id", false), field("E", true)]),
        3 => plain(vec![field("Id", false), children]),
        _ => Projection {
            values: vec![field("City", false), field("Latitude", false), field("Id", false)],
            columns: vec![ColumnSource::Value(2), ColumnSource::Parts(vec![part("city", 0), part("latitude", 1)])],
            id_column: Some(0),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_page_is_read_or_refused_the_same_however_it_arrives(
            head in (any::<u8>(), any::<u8>()),
            page in "\"?(Id|\u{feff}Id|E|City)\"?(,\"?(A.Name|id|C|Latitude|E|Id)\"?){0,3}\r?\n([a-z0-9,\"\r\n\0\u{e9}]{0,8}){0,6}",
        ) {
            super::page(&[&[head.0, head.1], page.as_bytes()].concat());
        }

        #[test]
        fn no_document_makes_its_reader_panic(first in ".{0,60}", number in any::<u64>(), wide in any::<u128>()) {
            documents(first.as_bytes());
            let state = "{\"version\":1,\"watermark\":null,\"fingerprint\":null}";
            let job = format!("{{\"query\":\"\",\"id\":null,\"created\":null,\"records\":{number},\"first_part\":{},\"pages\":[null],\"is_listed\":true,\"reading\":\"listed\",\"ids\":{{\"low\":0,\"high\":{wide}}},\"splits\":{}}}", number as u32, number as u8);
            documents(format!("{{\"version\":1,\"basis\":\"\",\"state_after\":{state},\"newest\":null,\"jobs\":[{job},{job}]}}").as_bytes());
        }
    }
}
