//! `AccountHistory`: what fields of accounts were before. Like all History objects it has no `LastModifiedDate` and no
//! `SystemModstamp`, and values of any type.

use super::account::name;
use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, picklist, reference};
use crate::object::FieldKind;
use crate::value::Value;

/// The tracked fields with their data types.
const TRACKED: &[(&str, &str)] =
    &[("created", "Text"), ("Name", "Text"), ("Owner", "EntityId"), ("AnnualRevenue", "Currency"), ("Rating", "Text")];
const FIELDS: &[&str] = &["created", "Name", "Owner", "AnnualRevenue", "Rating"];
const DATA_TYPES: &[&str] = &["Text", "EntityId", "Currency"];

fn tracked(draw: Draw<'_>) -> (&'static str, &'static str) {
    TRACKED[draw.of(const { salt("Field") }).below(TRACKED.len() as u64) as usize]
}

fn value(draw: Draw<'_>) -> Value {
    match tracked(draw).0 {
        "Name" => name(draw.of(draw.salt)),
        "Owner" => draw.user(),
        "AnnualRevenue" => draw.maybe(80, |d| (d.between(1, 100_000) as f64 * 1000.0).into()),
        "Rating" => draw.word(&["Hot", "Warm", "Cold"]),
        _ => Value::Null,
    }
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let mut spec = ObjectSpec::new(Kind::AccountHistory, "AccountHistory", "Account History", "Account History")
        .set("createable", false)
        .set("updateable", false)
        .set("undeletable", false)
        .fields([
            reference("AccountId", "Account ID", &["Account"], "Account", |d| d.parent(Kind::Account))
                .required()
                .read_only()
                .children("Histories", true),
            picklist("Field", "Changed Field", FIELDS, |d| tracked(d).0.into()).required().read_only(),
            picklist("DataType", "Datatype", DATA_TYPES, |d| tracked(d).1.into()).read_only(),
            field(FieldKind::AnyType, "OldValue", "Old Value", value)
                .read_only()
                .set("filterable", false)
                .set("sortable", false),
            field(FieldKind::AnyType, "NewValue", "New Value", value)
                .read_only()
                .set("filterable", false)
                .set("sortable", false),
        ])
        .audited();
    // The last three fields of the audit are those that History objects lack.
    spec.fields.truncate(spec.fields.len() - 3);
    spec
}
