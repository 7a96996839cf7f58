//! Records of the REST API into batches, in the text form of the Bulk API, so that a table looks the same whichever carried it.

use orgtap_destination::{Batch, csv};
use orgtap_salesforce::FieldType;
use serde_json::{Map, Value};

use crate::plan::SelectedColumn;

/// Writes `records` as one batch with the given columns.
pub(crate) fn batch(columns: &[SelectedColumn], records: &[Map<String, Value>]) -> Batch {
    let mut bytes = Vec::new();
    for record in records {
        let values: Vec<String> = columns.iter().map(|column| text(column, find(record, &column.path))).collect();
        csv::write_record(&mut bytes, values.iter().map(String::as_bytes));
    }
    Batch::new(bytes.into(), records.len() as u64)
}

/// Follows `path` through parents; a missing parent has no values.
fn find<'a>(record: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = record
        .get(first)
        .or_else(|| record.iter().find(|(name, _)| name.eq_ignore_ascii_case(first)).map(|(_, value)| value))?;
    match value {
        Value::Object(parent) if !rest.is_empty() => find(parent, rest),
        value if rest.is_empty() => Some(value),
        _ => None,
    }
}

/// Returns a value as the Bulk API writes it (compare the two text forms: datetimes end in `Z`, doubles have a decimal part).
fn text(column: &SelectedColumn, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if column.field_type == FieldType::DateTime => {
            text.strip_suffix("+0000").map_or_else(|| text.clone(), |instant| format!("{instant}Z"))
        }
        Some(Value::String(text)) => text.clone(),
        // Without a type of their own (`anyType`), those with a decimal part are the doubles.
        Some(Value::Number(number)) if is_double(&column.field_type) || number.is_f64() => {
            number.as_f64().map_or_else(|| number.to_string(), double)
        }
        Some(value) => value.to_string(),
    }
}

fn is_double(field_type: &FieldType) -> bool {
    matches!(field_type, FieldType::Double | FieldType::Currency | FieldType::Percent)
}

/// Returns a double in the form of the Bulk API, which is that of Java: plain from 0.001 to 10,000,000, else scientific, always with a decimal
/// part.
fn double(value: f64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_like_those_of_the_bulk_api() {
        let cases = [
            (0.0, "0.0"),
            (100.0, "100.0"),
            (3.5, "3.5"),
            (-0.25, "-0.25"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (123_456_789_012.0, "1.23456789012E11"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
        ];

        for (value, expected) in cases {
            assert_eq!(double(value), expected);
        }
    }
}
