//! Pages of query-job results: every value quoted, the header on every page.

use std::{
    io::{self, Write},
    sync::Arc,
};

use crate::{object::FieldKind, select::Selection, value::Value};

/// Bytes collected before they are handed on.
const CHUNK: usize = 64 * 1024;

/// How a CSV result is punctuated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: Delimiter,
    pub(crate) line_ending: LineEnding,
}

/// What separates columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter {
    /// The name in job documents.
    pub(crate) name: &'static str,
    byte: u8,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineEnding {
    /// The name in job documents.
    pub(crate) name: &'static str,
    bytes: &'static [u8],
}

impl Delimiter {
    pub(crate) const COMMA: Self = Self { name: "COMMA", byte: b',' };
    pub(crate) const ALL: [Self; 6] = [
        Self { name: "BACKQUOTE", byte: b'`' },
        Self { name: "CARET", byte: b'^' },
        Self::COMMA,
        Self { name: "PIPE", byte: b'|' },
        Self { name: "SEMICOLON", byte: b';' },
        Self { name: "TAB", byte: b'\t' },
    ];
}

impl LineEnding {
    pub(crate) const LF: Self = Self { name: "LF", bytes: b"\n" };
    pub(crate) const ALL: [Self; 2] = [Self::LF, Self { name: "CRLF", bytes: b"\r\n" }];
}

/// One page of a job's results.
#[derive(Debug, Clone)]
pub(crate) struct ResultPage {
    pub(crate) selection: Arc<Selection>,
    pub(crate) dialect: Dialect,
    /// Positions of the selected columns, in the order in which they are written.
    pub(crate) columns: Vec<usize>,
    /// The same of the names in the header.
    pub(crate) names: Vec<usize>,
    /// The first record.
    pub(crate) from: u64,
    /// How many records.
    pub(crate) records: u64,
}

impl ResultPage {
    /// Writes the page, in pieces of about 64 KiB.
    pub(crate) fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut piece = Vec::with_capacity(CHUNK + CHUNK / 4);
        let columns = self.selection.columns();
        self.write_line(&self.names, &mut piece, |column, piece| write_text(&columns[column].header, piece));

        let kinds: Vec<FieldKind> = columns.iter().map(|column| column.kind).collect();
        let mut rows = self.selection.page(self.from, self.records);
        let mut values = Vec::with_capacity(kinds.len());
        while rows.read(&mut values) {
            self.write_line(&self.columns, &mut piece, |column, piece| {
                write_value(&values[column], kinds[column], piece)
            });
            if piece.len() >= CHUNK {
                out.write_all(&piece)?;
                piece.clear();
            }
        }
        out.write_all(&piece)
    }

    fn write_line(&self, columns: &[usize], piece: &mut Vec<u8>, write_column: impl Fn(usize, &mut Vec<u8>)) {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                piece.push(self.dialect.delimiter.byte);
            }
            piece.push(b'"');
            write_column(*column, piece);
            piece.push(b'"');
        }
        piece.extend_from_slice(self.dialect.line_ending.bytes);
    }
}

fn write_value(value: &Value, kind: FieldKind, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => write_text(text, out),
        other => other.write_csv(kind, out),
    }
}

/// Appends text with its quotes doubled.
fn write_text(text: &str, out: &mut Vec<u8>) {
    let mut pieces = text.split('"');
    out.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        out.extend_from_slice(b"\"\"");
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_nothing_else_is_touched() {
        for (text, written) in
            [("", ""), ("a\r\nb,\0", "a\r\nb,\0"), ("\"", "\"\""), ("say \"hi\"", "say \"\"hi\"\""), ("é😀", "é😀")]
        {
            let mut out = Vec::new();
            write_text(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }
}
