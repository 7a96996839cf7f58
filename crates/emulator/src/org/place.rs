//! Picklists of states and countries: a record that is given a code has the name that belongs to it, and the other way round.

use crate::object::{FieldKind, FieldType, ObjectType};
use crate::value::Value;

/// How the names of the fields end that hold codes.
const CODES: &[&str] = &["StateCode", "CountryCode"];

/// Completes the addresses of a record of which the fields `given` were set.
pub(super) fn complete_addresses(object: &ObjectType, given: &[usize], values: &mut [Value]) {
    let is_code = |field: &FieldType| {
        field.kind == FieldKind::Picklist
            && field.compound.is_some()
            && CODES.iter().any(|end| field.name.ends_with(end))
    };
    for (code, field) in object.fields.iter().enumerate().filter(|(_, field)| is_code(field)) {
        let Some(name) = field.name.strip_suffix("Code").and_then(|name| object.position(name)) else { continue };
        match (given.contains(&code), given.contains(&name)) {
            (true, false) => values[name] = named(field, &values[code]),
            (false, true) => values[code] = coded(field, &values[name]),
            _ => {}
        }
    }
}

/// Returns the name that belongs to a code.
fn named(field: &FieldType, code: &Value) -> Value {
    let code = code.text_or_empty();
    let known = field.labels.iter().find(|(value, _)| value.eq_ignore_ascii_case(&code));
    known.map_or(Value::Null, |(_, label)| label.as_str().into())
}

/// Returns the code that belongs to a name.
fn coded(field: &FieldType, name: &Value) -> Value {
    let name = name.text_or_empty().to_lowercase();
    let known = field.labels.iter().find(|(_, label)| label.to_lowercase() == name);
    known.map_or(Value::Null, |(value, _)| value.as_str().into())
}
