//! That every text arrives as it was sent.

use bytes::Bytes;

use super::{Harness, accounts, assert_records, begin, load, supports};
use crate::{Batch, PartId, WriteMode};

/// Every text arrives as it was sent.
pub async fn quoted_newlines_and_commas_survive(harness: &dyn Harness) {
    let longest = "é\"\n".repeat(131_072 / 3) + "ab";
    let texts = [
        "a,b",
        "\"quoted\"",
        "\"",
        "line\r\nline\nline\rline",
        "\r",
        "\n",
        "trailing line end\r\n",
        " leading and trailing blanks ",
        "\ttab",
        "NA",
        "null",
        "NULL",
        "None",
        "\\N",
        "007",
        "1e3",
        "true",
        "2024-02-30",
        "smile 😀 \u{200d}",
        "line\u{2028}separator",
        "\u{feff}mark",
        "'; DROP TABLE Account; --",
        "=1+1",
        longest.as_str(),
    ];
    assert_eq!(longest.chars().count(), 131_072);
    let numbers: Vec<String> = (0..texts.len()).map(|number| number.to_string()).collect();
    let records: Vec<[&str; 2]> = numbers.iter().zip(texts).map(|(number, text)| [number.as_str(), text]).collect();
    let records: Vec<&[&str]> = records.iter().map(<[&str; 2]>::as_slice).collect();

    for mode in [WriteMode::Replace, WriteMode::Upsert] {
        if supports(harness, mode) {
            load(harness, &accounts(mode), &[&records]).await;
            assert_records(harness, &records).await;
        }
    }
}

/// An empty value is a null, quoted or not.
pub async fn empty_fields_load_as_null(harness: &dyn Harness) {
    let load = begin(harness, &accounts(WriteMode::Replace)).await;
    let mut part = load.open_part(PartId(0)).await.expect("open part");
    part.write(Batch::new(Bytes::from_static(b"1,\n\"2\",\"\"\n"), 2)).await.expect("write");
    let part = part.finish().await.expect("finish");

    load.commit(vec![part], "{}").await.expect("commit");

    assert_records(harness, &[&["1", ""], &["2", ""]]).await;
}
