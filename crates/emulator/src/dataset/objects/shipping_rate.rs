//! `Shipping_Rate__mdt`: a custom metadata type. Its records are part of the org's setup: never deleted, not replicated.

use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, picklist, text};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

const ZONES: &[&str] = &["Local", "Domestic", "Europe", "Overseas"];
const SPEEDS: &[&str] = &["Slow", "Standard", "Express"];

fn zone(draw: Draw<'_>) -> &'static str {
    ZONES[draw.n as usize / SPEEDS.len() % ZONES.len()]
}

fn speed(draw: Draw<'_>) -> &'static str {
    SPEEDS[draw.n as usize % SPEEDS.len()]
}

fn developer_name(draw: Draw<'_>) -> Value {
    Value::text(format!("{}_{}", zone(draw), speed(draw)))
}

fn label(draw: Draw<'_>) -> Value {
    Value::text(format!("{} {}", zone(draw), speed(draw)))
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let spec = ObjectSpec::new(Kind::ShippingRate, "Shipping_Rate__mdt", "Shipping Rate", "Shipping Rates");
    spec.set("custom", true).only_with(Profile::CustomMetadata).fields([
        field(FieldKind::Id, "Id", "Custom Metadata Record ID", |d| Value::Id(d.id())),
        text("DeveloperName", "Custom Metadata Record Name", 40, developer_name).required(),
        text("MasterLabel", "Label", 40, label).required(),
        picklist("Language", "Master Language", &["en_US"], |_| "en_US".into()).required(),
        text("NamespacePrefix", "Namespace Prefix", 15, |_| Value::Null).read_only(),
        text("Label", "Label", 40, label),
        text("QualifiedApiName", "Qualified API Name", 70, developer_name).read_only(),
        field(FieldKind::DateTime, "SystemModstamp", "System Modstamp", |d| d.stamped().into()).required(),
        picklist("Zone__c", "Zone", ZONES, |d| zone(d).into()),
        picklist("Speed__c", "Speed", SPEEDS, |d| speed(d).into()),
        field(FieldKind::Double, "Price__c", "Price", |d| (d.between(300, 9_900) as f64 / 100.0).into())
            .set("scale", 2),
        field(FieldKind::Boolean, "Active__c", "Active", |d| d.chance(80).into()),
    ])
}
