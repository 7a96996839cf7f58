//! Records of the REST API into batches, in the text form of the Bulk API, so that a table looks the same whichever carried it.

use std::cell::Cell;

use orgtap_destination::{Batch, csv};
use orgtap_salesforce::{FieldType, Json, Record};

use crate::error::{Error, Result};
use crate::identities::Identities;
use crate::projection::{FieldPath, Origin, Projection, RecordShape, SelectedValue};

/// Writes the pages of one answer.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    projection: &'a Projection,
    /// For each value, what was seen of it.
    seen: Vec<Cell<Seen>>,
}

/// Whether a value was where it is expected, in the records that had a place for it.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Some did not have it.
    is_missing: bool,
    /// Some had it.
    is_present: bool,
}

impl<'a> Encoder<'a> {
    /// Returns an encoder of an answer to the query that `projection` belongs to.
    pub(crate) fn new(projection: &'a Projection) -> Self {
        Self { projection, seen: vec![Cell::default(); projection.values.len()] }
    }

    /// Writes `records` as one batch. Fails where one has no Id although its object has them.
    pub(crate) fn batch(&self, records: &[Record]) -> Result<Batch> {
        let mut bytes = Vec::new();
        let mut identities = Identities::new(self.projection, records.len());
        for record in records {
            let values: Vec<String> =
                self.projection.values.iter().zip(&self.seen).map(|(value, seen)| text(value, record, seen)).collect();
            let start = bytes.len();
            csv::write_record(&mut bytes, self.projection.make(&values).iter().map(AsRef::as_ref));
            identities.add(&bytes[start..]);
        }
        let batch = identities.tell_apart(Batch::new(bytes.into(), records.len() as u64));
        batch.map_err(|error| Error::Incomplete { message: error.to_string() })
    }

    /// Writes the one record of `SELECT COUNT()`.
    pub(crate) fn count(total: u64) -> Batch {
        let mut bytes = Vec::new();
        csv::write_record(&mut bytes, [total.to_string().as_bytes()]);
        Batch::new(bytes.into(), 1)
    }

    /// Fails if a value was in no record at all: an answer that calls it by another name would leave the column empty without a word. Fails as
    /// well if some records lack a field of their own that others have: Salesforce writes those that are null.
    pub(crate) fn finish(&self) -> Result<()> {
        let are_records = self.projection.id_column.is_some();
        for (value, seen) in self.projection.values.iter().zip(&self.seen) {
            let Seen { is_missing, is_present } = seen.get();
            if is_missing && !is_present {
                let message = format!("could not find `{}` in the answer of the REST API", value.header);
                return Err(Error::row_with_hint(message, "give it an alias in the query, or set `api` to `bulk`"));
            }
            if is_missing && are_records && matches!(&value.origin, Origin::Field { path, .. } if path.len() == 1) {
                return Err(Error::Incomplete {
                    message: format!("a record lacks `{}`, which others have", value.header),
                });
            }
        }
        Ok(())
    }
}

/// What a path of names leads to.
enum Found<'a> {
    Value(&'a Json),
    /// A parent is missing, so that all its fields are null.
    NoParent,
    /// A record does not have the last name.
    Missing,
}

/// Follows `path` through parents.
fn find<'a>(record: &'a Record, path: &[String]) -> Found<'a> {
    let mut record = record;
    let Some((last, parents)) = path.split_last() else { return Found::Missing };
    for name in parents {
        match record.get(name) {
            Some(Json::Record(parent)) => record = parent,
            Some(_) => return Found::NoParent,
            None => return Found::Missing,
        }
    }
    record.get(last).map_or(Found::Missing, Found::Value)
}

/// Returns a value as the Bulk API writes it.
fn text(selected: &SelectedValue, record: &Record, seen: &Cell<Seen>) -> String {
    let at = |path: &[String]| {
        let found = find(record, path);
        match found {
            Found::Value(_) => seen.set(Seen { is_present: true, ..seen.get() }),
            Found::Missing => seen.set(Seen { is_missing: true, ..seen.get() }),
            Found::NoParent => {}
        }
        match found {
            Found::Value(value) => Some(value),
            Found::NoParent | Found::Missing => None,
        }
    };
    match &selected.origin {
        Origin::Field { path, field_type } => at(path).map(|value| plain(value, field_type)),
        Origin::Structure { path } => at(path).map(structure),
        Origin::Children { key, shape } => at(std::slice::from_ref(key)).map(|value| shaped(value, shape).to_string()),
        Origin::TypeOf { parent, branches } => {
            at(parent).and_then(Json::as_record).and_then(|parent| of_type(parent, branches))
        }
        Origin::TypeName { parent } => at(parent).and_then(Json::as_record).and_then(Record::object).map(str::to_owned),
        Origin::Count => None,
    }
    .unwrap_or_default()
}

/// Returns the value of the branch that is for the parent's object.
fn of_type(parent: &Record, branches: &[(Option<String>, FieldPath)]) -> Option<String> {
    let object = parent.object()?;
    let is_for = |name: &Option<String>| name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(object));
    let others = || branches.iter().find(|(name, _)| name.is_none());
    let (_, (path, field_type)) = branches.iter().find(|(name, _)| is_for(name)).or_else(others)?;
    match find(parent, path) {
        Found::Value(Json::Record(_) | Json::List(_)) | Found::NoParent | Found::Missing => None,
        Found::Value(value) => Some(plain(value, field_type)),
    }
}

/// Returns a plain value as the Bulk API writes it (compare the two text forms: datetimes end in `Z`, doubles have a decimal part).
fn plain(value: &Json, field_type: &FieldType) -> String {
    match value {
        Json::Null => String::new(),
        Json::Text(text) if is_instant(text, field_type) => {
            text.strip_suffix("+0000").map_or_else(|| text.clone(), |instant| format!("{instant}Z"))
        }
        Json::Text(text) => text.clone(),
        // Without a type of their own (`anyType`), those with a decimal part are the doubles.
        Json::Number(number) if is_double(field_type) || number.contains(['.', 'e', 'E']) => double(number),
        Json::Number(number) => number.clone(),
        other => other.to_string(),
    }
}

/// Returns whether a text is one of a datetime. Without a type of their own (`anyType`), they are told by their form.
fn is_instant(text: &str, field_type: &FieldType) -> bool {
    let has_form = || {
        let form = "0000-00-00T00:00:00.000+0000";
        let is_like = |(byte, like): (u8, u8)| if like == b'0' { byte.is_ascii_digit() } else { byte == like };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(is_like)
    };
    *field_type == FieldType::DateTime || *field_type == FieldType::AnyType && has_form()
}

fn is_double(field_type: &FieldType) -> bool {
    matches!(field_type, FieldType::Double | FieldType::Currency | FieldType::Percent)
}

/// Returns a number in the form of the Bulk API, which is that of Java's doubles. One with more digits than a double holds keeps them.
fn double(number: &str) -> String {
    match number.parse() {
        Ok(value) if digits(&format!("{value:e}")) == digits(number) => java(value),
        _ if number.contains(['.', 'e', 'E']) => number.to_owned(),
        _ => format!("{number}.0"),
    }
}

/// Returns the digits that make a number, without zeros before and after.
fn digits(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    all.trim_matches('0').to_owned()
}

/// Writes a double as Java does: plain from 0.001 to 10,000,000, else scientific, always with a decimal part.
fn java(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:E}");
    match scientific.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => scientific,
    }
}

/// Returns a structure as JSON, without what the API says about it; nothing for null, nor where all its members are.
fn structure(value: &Json) -> String {
    match value {
        Json::Record(record) if record.fields().all(|(_, member)| *member == Json::Null) => String::new(),
        Json::Null => String::new(),
        value => shaped(value, &RecordShape::default()).to_string(),
    }
}

/// Returns a value of a child record, with its own records as a list, and the values of each in the order of the query.
fn shaped(value: &Json, shape: &RecordShape) -> Json {
    match value {
        Json::Record(record) => match record.get("records") {
            Some(Json::List(children)) if record.get("totalSize").is_some() => {
                Json::List(children.iter().map(|child| shaped(child, shape)).collect())
            }
            _ => Json::Record(in_order(record, shape)),
        },
        Json::List(values) => Json::List(values.iter().map(|value| shaped(value, shape)).collect()),
        Json::Null if shape.is_list => Json::List(Vec::new()),
        other => other.clone(),
    }
}

fn in_order(record: &Record, shape: &RecordShape) -> Record {
    let place = |name: &str| shape.members.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut fields: Vec<_> = record
        .fields()
        .map(|(name, value)| {
            let place = place(name);
            let none = RecordShape::default();
            let below = place.map_or(&none, |place| &shape.members[place].1);
            (place.unwrap_or(usize::MAX), (name.to_owned(), shaped(value, below)))
        })
        .collect();
    fields.sort_by_key(|(place, _)| *place);
    Record(fields.into_iter().map(|(_, field)| field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_like_those_of_the_bulk_api() {
        let cases = [
            ("0", "0.0"),
            ("-0.0", "-0.0"),
            ("100", "100.0"),
            ("3.50", "3.5"),
            ("-0.25", "-0.25"),
            ("9999999", "9999999.0"),
            ("1e7", "1.0E7"),
            ("123456789012", "1.23456789012E11"),
            ("0.001", "0.001"),
            ("0.0001", "1.0E-4"),
            ("1.7976931348623157e308", "1.7976931348623157E308"),
            ("12345678901234567.89", "12345678901234567.89"),
            ("123456789012345678", "123456789012345678.0"),
        ];

        for (value, expected) in cases {
            assert_eq!(double(value), expected);
        }
    }

    #[test]
    fn datetimes_look_like_those_of_the_bulk_api_and_other_texts_stay() {
        let text = |text: &str, field_type| plain(&Json::Text(text.to_owned()), &field_type);

        for field_type in [FieldType::DateTime, FieldType::AnyType] {
            assert_eq!(text("2024-06-15T12:30:00.000+0000", field_type), "2024-06-15T12:30:00.000Z");
        }
        assert_eq!(text("2024-06-15T12:30:00.000+0000", FieldType::String), "2024-06-15T12:30:00.000+0000");
        assert_eq!(text("1+0000", FieldType::AnyType), "1+0000");
    }

    #[test]
    fn a_structure_is_json_without_what_the_api_says_about_it_and_nothing_where_all_is_null() {
        let text = |json: &str| structure(&serde_json::from_str(json).unwrap());

        assert_eq!(
            text(r#"{"city":"Brno","latitude":49.50,"street":null}"#),
            r#"{"city":"Brno","latitude":49.50,"street":null}"#
        );
        assert_eq!(text(r#"{"attributes":{"type":"x"},"city":null}"#), "");
        assert_eq!(text("null"), "");
    }

    #[test]
    fn a_value_that_no_record_has_is_an_error_and_one_without_a_parent_is_null() {
        let value = |path: &[&str]| SelectedValue {
            header: path.join("."),
            is_header_uncertain: false,
            origin: Origin::Field {
                path: path.iter().map(|name| (*name).to_owned()).collect(),
                field_type: FieldType::String,
            },
        };
        let columns = vec![crate::projection::ColumnSource::Value(0)];
        let finish = |path: &[&str], records: &str| {
            let projection = Projection { values: vec![value(path)], columns: columns.clone(), id_column: Some(0) };
            let encoder = Encoder::new(&projection);
            drop(encoder.batch(&serde_json::from_str::<Vec<Record>>(records).unwrap()));
            encoder.finish().is_ok()
        };

        assert!(finish(&["Name"], "[]"));
        assert!(finish(&["Name"], r#"[{"name":null},{"Name":"x"}]"#));
        assert!(finish(&["Owner", "Name"], r#"[{"Owner":null}]"#));
        assert!(finish(&["Owner", "Name"], r#"[{"Owner":{"Name":"x"}},{"Owner":{"Id":"1"}}]"#));
        assert!(!finish(&["Name"], r#"[{"name":null},{}]"#));
        assert!(!finish(&["Name"], r#"[{"expr0":"x"}]"#));
        assert!(!finish(&["Owner", "Name"], r#"[{"Owner":{"Id":"1"}}]"#));
    }

    #[test]
    fn children_are_a_list_in_the_order_of_the_query() {
        let answer = r#"{"totalSize":2,"done":true,"records":[
            {"attributes":{"type":"Contact"},"Email":null,"Owner":{"attributes":{"type":"User"},"Name":"N"},"Amount":12345678901234567.89,"Cases":null},
            {"attributes":{"type":"Contact"},"Email":"e","Owner":null,"Cases":{"totalSize":0,"done":true,"records":[]}}]}"#;
        let list = |members: Vec<(String, RecordShape)>| RecordShape { is_list: true, members };
        let member = |name: &str, shape| (name.to_owned(), shape);
        let plain = RecordShape::default;
        let shape = list(vec![member("owner", plain()), member("EMAIL", plain()), member("Cases", list(Vec::new()))]);

        let text = shaped(&serde_json::from_str(answer).unwrap(), &shape).to_string();

        assert_eq!(
            text,
            r#"[{"Owner":{"Name":"N"},"Email":null,"Cases":[],"Amount":12345678901234567.89},{"Owner":null,"Email":"e","Cases":[]}]"#
        );
    }
}
