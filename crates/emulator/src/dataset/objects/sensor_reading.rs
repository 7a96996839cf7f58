//! `Sensor_Reading__b`: a big object. It is queried by its index, which is made of the fields that every record has, in their order.

use jiff::SignedDuration;

use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, reference, text};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

/// Readings of one shipment.
const PER_SHIPMENT: u64 = 4;

fn shipment(draw: Draw<'_>) -> Value {
    let shipments = draw.org.count(Kind::Shipment).max(1);
    draw.org.id(Kind::Shipment, draw.n / PER_SHIPMENT % shipments).into()
}

/// Returns when it was taken: those of one shipment hours apart.
fn taken(draw: Draw<'_>) -> Value {
    let shipments = draw.org.count(Kind::Shipment).max(1);
    let round = draw.n / PER_SHIPMENT / shipments * PER_SHIPMENT + draw.n % PER_SHIPMENT;
    let first = draw.at(Kind::Shipment, draw.n / PER_SHIPMENT % shipments).created();
    let later = SignedDuration::from_hours(round as i64);
    Value::DateTime(first.checked_add(later).unwrap_or(first))
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let flags = [
        "updateable",
        "undeletable",
        "replicateable",
        "layoutable",
        "searchable",
        "triggerable",
        "mruEnabled",
        "deletable",
    ];
    let spec = ObjectSpec::new(Kind::SensorReading, "Sensor_Reading__b", "Sensor Reading", "Sensor Readings");
    let spec = flags.into_iter().fold(spec.set("custom", true), |spec, flag| spec.set(flag, false));
    spec.only_with(Profile::BigObjects).fields([
        reference("Shipment__c", "Shipment", &["Shipment__c"], "Shipment__r", shipment).required(),
        field(FieldKind::DateTime, "Taken_At__c", "Taken At", taken).required(),
        field(FieldKind::Double, "Temperature__c", "Temperature", |d| {
            d.maybe(95, |d| (d.below(600) as f64 / 10.0 - 20.0).into())
        })
        .set("scale", 1)
        .set("filterable", false)
        .set("sortable", false),
        text("Sensor__c", "Sensor", 40, |d| Value::text(format!("S-{:03}", d.of(const { salt("Sensor") }).below(200))))
            .set("filterable", false)
            .set("sortable", false),
        field(FieldKind::DateTime, "CreatedDate", "Created Date", taken).required().set("filterable", false),
        reference("CreatedById", "Created By ID", &["User"], "CreatedBy", |d| d.user())
            .required()
            .set("filterable", false),
    ])
}
