//! The values of a new or changed record, checked against the fields of its object.

use std::collections::BTreeMap;

use crate::clock::whole_second;
use crate::error::ChangeError;
use crate::object::{FieldKind, FieldType, ObjectType};
use crate::value::Value;

/// Fields that only the org sets, whatever a caller asks for.
const ORG_FIELDS: &[&str] = &["Id", "IsDeleted", "SystemModstamp"];

/// Returns the values by the positions of their fields, after checking that they fit.
pub(super) fn checked(
    object: &ObjectType,
    fields: BTreeMap<String, Value>,
) -> Result<Vec<(usize, Value)>, ChangeError> {
    fields.into_iter().map(|(name, value)| check(object, &name, value)).collect()
}

fn check(object: &ObjectType, name: &str, value: Value) -> Result<(usize, Value), ChangeError> {
    let at = object.position(name).ok_or_else(|| no_such_column(object, name))?;
    let field = &object.fields[at];
    if ORG_FIELDS.contains(&field.name.as_str()) || field.kind.is_compound() {
        return Err(ChangeError::read_only(&field.name));
    }
    let value = fitted(field, value)?;
    match &value {
        Value::Text(text) if field.length > 0 && text.chars().count() as u64 > field.length => {
            let shown: String = text.chars().filter(|char| !char.is_control()).take(255).collect();
            let message = format!("{}: data value too large: {shown} (max length={})", field.label, field.length);
            Err(ChangeError::new("STRING_TOO_LONG", message).about(&field.name))
        }
        _ => Ok((at, value)),
    }
}

/// Returns the value as the field holds it.
fn fitted(field: &FieldType, value: Value) -> Result<Value, ChangeError> {
    use FieldKind as K;
    let fits = match &value {
        Value::Null => field.kind != K::Boolean,
        Value::Id(_) => matches!(field.kind, K::Reference | K::AnyType) || field.kind.is_text(),
        Value::Text(_) => field.kind == K::Reference || field.kind.is_text(),
        Value::Boolean(_) => matches!(field.kind, K::Boolean | K::AnyType),
        Value::Integer(_) => field.kind.is_number() || field.kind == K::AnyType,
        Value::Double(_) => field.kind.is_double() || field.kind == K::AnyType,
        Value::Date(_) => matches!(field.kind, K::Date | K::AnyType),
        Value::DateTime(_) => matches!(field.kind, K::DateTime | K::AnyType),
        Value::Time(_) => matches!(field.kind, K::Time | K::AnyType),
        Value::Compound(_) => false,
    };
    if !fits {
        let message = format!("{}: value not of required type: {}", field.label, value.csv(field.kind));
        return Err(ChangeError::new("INVALID_TYPE_ON_FIELD_IN_RECORD", message).about(&field.name));
    }
    Ok(match value {
        Value::DateTime(at) => Value::DateTime(whole_second(at)),
        #[expect(clippy::cast_precision_loss, reason = "a double field holds what a double can hold")]
        Value::Integer(number) if field.kind.is_double() => Value::Double(number as f64),
        Value::Text(text) if field.kind == K::Reference => text.parse().map_or(Value::Text(text), Value::Id),
        other => other,
    })
}

/// Returns the fields that a new record must have and this one has not.
pub(super) fn missing_fields(object: &ObjectType, given: &[(usize, Value)]) -> Vec<String> {
    let has = |at: usize| given.iter().any(|(field, value)| *field == at && !value.is_null());
    let needed = object.fields.iter().enumerate().filter(|(at, field)| {
        let defaulted = object.describe["fields"][at]["defaultedOnCreate"] == true;
        !field.nillable && field.createable && !defaulted && field.kind != FieldKind::Boolean && !has(*at)
    });
    needed.map(|(_, field)| field.name.clone()).collect()
}

/// Returns what a new record has where nothing is given.
pub(super) fn defaults(object: &ObjectType, sequence: u64) -> Vec<Value> {
    let default = |(at, field): (usize, &FieldType)| match field.kind {
        FieldKind::Boolean => false.into(),
        _ if object.describe["fields"][at]["autoNumber"] == true => Value::text(format!("{sequence:08}")),
        _ => Value::Null,
    };
    object.fields.iter().enumerate().map(default).collect()
}

/// Returns whether a field is a part of a person's name.
pub(super) fn names_a_person(field: &FieldType) -> bool {
    matches!(field.name.as_str(), "FirstName" | "LastName")
}

/// Puts a person's name together from its parts.
pub(super) fn compose_name(object: &ObjectType, values: &mut [Value]) {
    let (Some(name), Some(last)) = (object.position("Name"), object.position("LastName")) else { return };
    let part = |field: Option<usize>| match field.map(|field| &values[field]) {
        Some(Value::Text(text)) => Some(&**text),
        _ => None,
    };
    let parts: Vec<&str> = [part(object.position("FirstName")), part(Some(last))].into_iter().flatten().collect();
    if !parts.is_empty() {
        values[name] = Value::text(parts.join(" "));
    }
}

/// Refuses a field that the object does not have.
pub(super) fn no_such_column(object: &ObjectType, name: &str) -> ChangeError {
    let name: String = name.chars().filter(|char| !char.is_control()).take(80).collect();
    ChangeError::new("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name))
}
