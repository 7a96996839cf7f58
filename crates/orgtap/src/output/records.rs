//! Records of the REST API as a table, as CSV or as JSON, a page at a time.
//!
//! Parents become columns with dotted names. What has no text form (child records, addresses) is shown as JSON.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use orgtap_salesforce::{Json, Record};
use orgtap_soql::{Query, SelectItem};

use super::console::{Console, Style};
use super::format::{printable_json, printable_lines};
use super::table::Table;
use crate::cli::QueryFormat;

/// Prints pages of records.
#[derive(Debug)]
pub(crate) struct Printer {
    columns: Vec<Column>,
    format: Format,
}

#[derive(Debug)]
enum Format {
    /// The heading waits for the first rows, which set the widths.
    Table {
        table: Table,
        style: Style,
        is_started: bool,
    },
    Csv {
        is_started: bool,
        is_watched: bool,
    },
    Json {
        is_started: bool,
    },
}

/// A column: the names that lead to its value.
#[derive(Debug)]
pub(crate) struct Column {
    path: Vec<String>,
}

impl Printer {
    /// Returns a printer for the result of `query`, of which `first_page` is the beginning.
    pub(crate) fn new(format: QueryFormat, query: &Query, first_page: &[Record], console: &Console) -> Self {
        let columns = columns(query, first_page);
        let format = match format {
            QueryFormat::Table => {
                let table = Table::new(columns.iter().map(Column::name));
                Format::Table { table, style: console.out, is_started: false }
            }
            QueryFormat::Csv => Format::Csv { is_started: false, is_watched: io::stdout().is_terminal() },
            QueryFormat::Json => Format::Json { is_started: false },
        };
        Self { columns, format }
    }

    /// Prints a page.
    pub(crate) fn print(&mut self, records: &[Record]) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match &mut self.format {
            Format::Table { table, style, is_started } => {
                records.iter().for_each(|record| table.push(self.columns.iter().map(|column| column.text(record))));
                if !std::mem::replace(is_started, true) {
                    writeln!(out, "{}", table.heading(*style))?;
                }
                out.write_all(table.take_rows().as_bytes())?;
            }
            Format::Csv { is_started, is_watched } => {
                // Others get the values as they are; a terminal would obey what is in them.
                let shown = |text: String| if *is_watched { printable_lines(&text) } else { text };
                if !std::mem::replace(is_started, true) {
                    write_csv(&mut out, self.columns.iter().map(Column::name).map(shown))?;
                }
                for record in records {
                    write_csv(&mut out, self.columns.iter().map(|column| shown(column.text(record))))?;
                }
            }
            Format::Json { is_started } => {
                for record in records {
                    out.write_all(if std::mem::replace(is_started, true) { b",\n  " } else { b"[\n  " })?;
                    write!(out, "{}", printable_json(&without_attributes(record).to_string()))?;
                }
            }
        }
        out.flush()
    }

    /// Ends what was printed.
    pub(crate) fn finish(self) -> io::Result<()> {
        let Format::Json { is_started } = self.format else { return Ok(()) };
        let mut out = io::stdout().lock();
        out.write_all(if is_started { b"\n]\n" } else { b"[]\n" })?;
        out.flush()
    }
}

impl Column {
    /// Returns the column's name, with dots.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// Returns the record's value in this column.
    pub(crate) fn text(&self, record: &Record) -> String {
        match self.value(record) {
            None | Some(Json::Null) => String::new(),
            Some(Json::Text(text)) => text.clone(),
            Some(other) => plain(other).to_string(),
        }
    }

    fn value<'a>(&self, record: &'a Record) -> Option<&'a Json> {
        let (first, rest) = self.path.split_first()?;
        rest.iter().try_fold(record.get(first)?, |value, name| value.as_record()?.get(name))
    }
}

/// Returns the columns of the result of `query`, of which `first_page` is the beginning.
pub(crate) fn columns(query: &Query, first_page: &[Record]) -> Vec<Column> {
    selected(query).unwrap_or_else(|| found(first_page))
}

/// Returns the columns that the query selects, or `None` where only the answer tells their names.
fn selected(query: &Query) -> Option<Vec<Column>> {
    if query.is_aggregate() {
        return None;
    }
    let column = |item: &SelectItem| match item {
        SelectItem::Field { path, .. } => {
            Some(Column { path: query.field_path(path).into_iter().map(str::to_owned).collect() })
        }
        _ => None,
    };
    query.select.iter().map(column).collect()
}

/// Returns the columns of these records, in the order in which they first appear.
fn found(records: &[Record]) -> Vec<Column> {
    let mut paths: Vec<Vec<String>> = Vec::new();
    for record in records {
        collect(record, &[], &mut paths);
    }
    // The record that has a parent tells more than the one without.
    let is_prefix = |path: &[String]| paths.iter().any(|other| other.len() > path.len() && other.starts_with(path));
    let kept: Vec<_> = paths.iter().filter(|path| !is_prefix(path)).cloned().collect();
    kept.into_iter().map(|path| Column { path }).collect()
}

fn collect(record: &Record, above: &[String], paths: &mut Vec<Vec<String>>) {
    for (key, value) in record.fields() {
        let path: Vec<_> = above.iter().cloned().chain([key.to_owned()]).collect();
        match value.as_record().filter(|parent| parent.object().is_some()) {
            Some(parent) => collect(parent, &path, paths),
            None if paths.contains(&path) => {}
            None => paths.push(path),
        }
    }
}

/// Returns the record without what the API adds to it.
fn without_attributes(record: &Record) -> Record {
    Record(record.fields().map(|(name, value)| (name.to_owned(), plain(value))).collect())
}

fn plain(value: &Json) -> Json {
    match value {
        Json::Record(record) => Json::Record(without_attributes(record)),
        Json::List(elements) => Json::List(elements.iter().map(plain).collect()),
        other => other.clone(),
    }
}

fn write_csv(out: &mut impl Write, values: impl Iterator<Item = String>) -> io::Result<()> {
    for (position, value) in values.enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        // Quotes keep an empty text, line ends and leading blanks apart from what readers make of them.
        write!(out, "\"{}\"", value.replace('"', "\"\""))?;
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(value: serde_json::Value) -> Record {
        serde_json::from_value(value).unwrap()
    }

    fn headings(columns: &[Column]) -> Vec<String> {
        columns.iter().map(|column| column.path.join(".")).collect()
    }

    #[test]
    fn columns_follow_the_query_even_where_a_parent_is_missing() {
        let query = orgtap_soql::parse("SELECT c.Id, c.account.Name FROM Contact c").unwrap();
        let columns = selected(&query).unwrap();
        let with = record(
            json!({"attributes": {"type": "X"}, "Id": "1", "Account": {"attributes": {"type": "X"}, "Name": "A"}}),
        );
        let without = record(json!({"attributes": {"type": "X"}, "Id": "2", "Account": null}));

        assert_eq!(headings(&columns), ["Id", "account.Name"]);
        assert_eq!(columns[1].text(&with), "A");
        assert_eq!(columns[1].text(&without), "");
    }

    #[test]
    fn columns_of_a_computed_result_come_from_the_answer() {
        let query = orgtap_soql::parse("SELECT COUNT(Id) FROM Contact").unwrap();
        let records = [
            record(json!({"attributes": {"type": "X"}, "Owner": null, "expr0": 3})),
            record(
                json!({"attributes": {"type": "X"}, "Owner": {"attributes": {"type": "X"}, "Name": "x"}, "expr0": 4}),
            ),
        ];

        assert!(selected(&query).is_none());
        let mut headings = headings(&found(&records));
        headings.sort();
        assert_eq!(headings, ["Owner.Name", "expr0"]);
    }

    #[test]
    fn csv_keeps_every_text_apart() {
        let mut out = Vec::new();
        write_csv(&mut out, ["a\"b", "", " c\r\n,"].map(str::to_owned).into_iter()).unwrap();

        assert_eq!(out, b"\"a\"\"b\",\"\",\" c\r\n,\"\n");
    }
}
