//! Compound fields and their parts: an address, a geolocation.

use orgtap_salesforce::{Field, FieldType, SObject};

use crate::projection::Part;

/// Returns whether `field` is an object of several values in the REST API, which the Bulk API does not carry ("Selecting compound data not
/// supported in Bulk Query").
pub(super) fn is_compound(field: &Field) -> bool {
    matches!(field.field_type, FieldType::Address | FieldType::Location)
        || matches!(field.soap_type.as_str(), "urn:address" | "urn:location" | "tns:address" | "tns:location")
}

/// Returns the parts of `compound` by the keys that they have in the REST API, in its order, which is that of the keys.
pub(super) fn parts<'a>(object: &'a SObject, compound: &Field) -> Vec<(String, &'a Field)> {
    let is_part = |field: &&Field| {
        let name = field.compound_field_name.as_deref();
        name.is_some_and(|name| name.eq_ignore_ascii_case(&compound.name)) && !is_compound(field)
    };
    let mut parts: Vec<_> =
        object.fields.iter().filter(is_part).map(|field| (key(&compound.name, &field.name), field)).collect();
    parts.sort_by(|(one, _), (other, _)| one.cmp(other));
    parts
}

/// Returns the part that is the value at the place `value`.
pub(super) fn part(key: String, value: usize, field: &Field) -> Part {
    let is_number = matches!(
        field.field_type,
        FieldType::Double | FieldType::Int | FieldType::Long | FieldType::Currency | FieldType::Percent
    );
    Part { key, value, is_number }
}

/// Returns the key of a part: `city` of `BillingCity`, `latitude` of `Place__Latitude__s`.
fn key(compound: &str, part: &str) -> String {
    let (prefix, suffix) = match compound.strip_suffix("__c") {
        Some(name) => (format!("{name}__"), "__s"),
        None => (compound.strip_suffix("Address").unwrap_or(compound).to_owned(), ""),
    };
    let name = part.strip_prefix(&prefix).unwrap_or(part);
    let name = name.strip_suffix(suffix).unwrap_or(name);
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_rest_api() {
        let cases = [
            ("BillingAddress", "BillingPostalCode", "postalCode"),
            ("Address", "City", "city"),
            ("PersonMailingAddress", "PersonMailingStateCode", "stateCode"),
            ("Place__c", "Place__Latitude__s", "latitude"),
            ("ns__Home__c", "ns__Home__CountryCode__s", "countryCode"),
        ];
        for (compound, part, expected) in cases {
            assert_eq!(key(compound, part), expected);
        }
    }
}
