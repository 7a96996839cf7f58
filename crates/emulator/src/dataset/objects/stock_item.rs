//! `Stock_Item__x`: an external object, whose records are kept by another system.

use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, text};
use crate::dataset::words::PRODUCTS;
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

fn key(draw: Draw<'_>) -> Value {
    Value::text(format!("STK-{:06}", draw.n + 1))
}

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let flags = ["createable", "updateable", "deletable", "undeletable", "replicateable", "triggerable", "mruEnabled"];
    let spec = ObjectSpec::new(Kind::StockItem, "Stock_Item__x", "Stock Item", "Stock Items");
    let spec = flags.into_iter().fold(spec.set("custom", true), |spec, flag| spec.set(flag, false));
    spec.only_with(Profile::ExternalObjects).fields([
        field(FieldKind::Id, "Id", "External Object ID", |d| Value::Id(d.id())),
        text("ExternalId", "External ID", 255, key).required().read_only().set("nameField", true),
        field(FieldKind::Url, "DisplayUrl", "Display URL", |d| {
            Value::text(format!("https://stock.example.com/items/{}", d.n + 1))
        })
        .read_only(),
        text("Product__c", "Product", 120, |d| d.line(|d| d.pick(PRODUCTS).to_owned())).read_only(),
        field(FieldKind::Double, "Quantity__c", "Quantity", |d| (d.below(5_000) as f64).into())
            .read_only()
            .set("scale", 0),
        field(FieldKind::DateTime, "Counted_At__c", "Counted At", |d| d.maybe(90, |d| d.instant_before(60)))
            .read_only(),
    ])
}
