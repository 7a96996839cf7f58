//! `Shipment__c`: a custom object with a field of every type there is.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::Time;

use super::person::{mailbox, phone};
use crate::dataset::address::{located, named, place, street};
use crate::dataset::currency::currency_code;
use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::{NASTY_LINES, NASTY_TEXTS, PRODUCTS, PROSE};
use crate::object::FieldKind;
use crate::value::Value;

const STATUSES: &[&str] = &["Planned", "Packed", "On its way", "Delivered", "Lost"];
const CARRIERS: &[&str] = &["Falcon Freight", "Harbor Shipping", "Own van"];
const HANDLING: &[&str] = &["Fragile", "Keep dry", "Keep cold", "This side up"];
/// The most characters a long text area takes.
const LONGEST: usize = 131_072;

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    ObjectSpec::new(Kind::Shipment, "Shipment__c", "Shipment", "Shipments")
        .fields([
            reference("OwnerId", "Owner ID", &["Group", "User"], "Owner", |d| d.user())
                .required()
                .set("defaultedOnCreate", true),
            text("Name", "Shipment Number", 80, |d| Value::text(format!("SHP-{:07}", d.n + 1)))
                .required()
                .read_only()
                .set("autoNumber", true)
                .set("nameField", true),
        ])
        .fields(links())
        .fields(texts())
        .fields(numbers())
        .fields(places())
        .audited()
}

fn links() -> [FieldSpec; 3] {
    [
        reference("Account__c", "Account", &["Account"], "Account__r", |d| d.maybe(95, |d| d.parent(Kind::Account)))
            .children("Shipments__r", false),
        reference("Contact__c", "Receiver", &["Contact"], "Contact__r", |d| d.maybe(60, |d| d.parent(Kind::Contact))),
        reference("Parent__c", "Part of", &["Shipment__c"], "Parent__r", |d| d.maybe(20, Draw::earlier_one))
            .children("Parts__r", false),
    ]
}

fn texts() -> [FieldSpec; 16] {
    [
        text("Goods__c", "Goods", 255, |d| d.maybe(90, |d| d.line(|d| d.pick(PRODUCTS).to_owned()))),
        text("External_Id__c", "External ID", 40, |d| Value::text(format!("EXT-{:08x}", d.below(1 << 32))))
            .set("externalId", true)
            .set("unique", true)
            .set("caseSensitive", true)
            .set("idLookup", true),
        picklist("Status__c", "Status", STATUSES, |d| d.word(STATUSES)),
        field(FieldKind::MultiPicklist, "Handling__c", "Handling", handling).values(HANDLING).set("precision", 4),
        field(FieldKind::Combobox, "Carrier__c", "Carrier", |d| d.maybe(80, |d| d.word(CARRIERS))).values(CARRIERS),
        long_text("Note__c", "Note", 255, |d| d.maybe(50, |d| d.word(NASTY_LINES))),
        long_text("Log__c", "Log", LONGEST as u64, |d| d.maybe(40, log)),
        long_text("Instructions__c", "Instructions", 32_768, |d| d.maybe(35, rich_text))
            .set("htmlFormatted", true)
            .set("extraTypeInfo", "richtextarea"),
        field(FieldKind::Email, "Notify__c", "Notify", |d| {
            d.maybe(70, |d| Value::text(format!("{}@example.com", mailbox(d))))
        }),
        field(FieldKind::Phone, "Driver_Phone__c", "Driver's Phone", |d| d.maybe(60, |d| Value::text(phone(d)))),
        field(FieldKind::Url, "Tracking__c", "Tracking", |d| {
            d.maybe(65, |d| Value::text(format!("https://track.example.com/?id={:x}&lang=en,cs", d.below(1 << 40))))
        }),
        field(FieldKind::EncryptedString, "Door_Code__c", "Door Code", |d| {
            d.maybe(30, |d| Value::text(format!("****{:04}", d.below(10_000))))
        }),
        field(FieldKind::AnyType, "Reading__c", "Last Reading", reading)
            .read_only()
            .set("filterable", false)
            .set("sortable", false),
        field(FieldKind::Base64, "Label__c", "Label", |d| d.maybe(25, label)),
        text("Summary__c", "Summary", 1300, |d| {
            Value::text(format!("{} / {}", d.of(const { salt("Status__c") }).pick(STATUSES), d.n + 1))
        })
        .read_only()
        .set("calculated", true)
        .set("calculatedFormula", "TEXT(Status__c) & ' / ' & TEXT(Sequence__c)"),
        field(FieldKind::DataCategoryGroupReference, "Topic__c", "Topic", |_| Value::Null).read_only(),
    ]
}

fn numbers() -> [FieldSpec; 13] {
    [
        currency_code(),
        field(FieldKind::Boolean, "Insured__c", "Insured", |d| d.chance(50).into()),
        field(FieldKind::Currency, "Value__c", "Value", |d| {
            d.maybe(85, |d| (d.between(1, 5_000_000_000) as f64 / 100.0).into())
        }),
        field(FieldKind::Percent, "Discount__c", "Discount", |d| {
            d.maybe(30, |d| (d.between(0, 1000) as f64 / 10.0).into())
        })
        .set("precision", 4)
        .set("scale", 1),
        field(FieldKind::Double, "Weight__c", "Weight", weight).set("scale", 6),
        field(FieldKind::Double, "Boxes__c", "Boxes", |d| d.maybe(90, |d| (d.between(0, 60) as f64).into()))
            .set("precision", 4),
        field(FieldKind::Int, "Stops__c", "Stops", |d| d.maybe(80, |d| (d.below(12) as i64).into())),
        field(FieldKind::Long, "Barcode__c", "Barcode", |d| d.maybe(75, |d| (d.below(1 << 53) as i64).into())),
        field(FieldKind::Date, "Due__c", "Due", |d| d.maybe(90, |d| d.day_before(700).into())),
        field(FieldKind::Date, "Founded__c", "Customer Since", |d| d.maybe(20, |d| d.day_before(200 * 365).into())),
        field(FieldKind::DateTime, "Loaded_At__c", "Loaded At", |d| d.maybe(70, |d| d.instant_before(700))),
        field(FieldKind::Time, "Dock_Opens__c", "Dock Opens", |d| d.maybe(60, time_of_day)),
        field(FieldKind::Double, "Sequence__c", "Sequence", |d| (d.n as f64 + 1.0).into())
            .read_only()
            .set("calculated", true)
            .set("calculatedFormula", "VALUE(RIGHT(Name, 7))"),
    ]
}

fn places() -> [FieldSpec; 10] {
    fn door(draw: Draw<'_>) -> Draw<'_> {
        draw.of(const { salt("Door__c") })
    }
    fn position(draw: Draw<'_>) -> Draw<'_> {
        draw.of(const { salt("Position__c") })
    }
    let coordinate = |name, label, make| field(FieldKind::Double, name, label, make).set("scale", 15);
    [
        long_text("Door__Street__s", "Door (Street)", 255, |d| street(door(d))).part_of("Door__c"),
        text("Door__City__s", "Door (City)", 40, |d| named(door(d), |place| place.0)).part_of("Door__c"),
        text("Door__PostalCode__s", "Door (Zip/Postal Code)", 20, |d| named(door(d), |place| place.2))
            .part_of("Door__c"),
        text("Door__CountryCode__s", "Door (Country)", 80, |d| named(door(d), |place| place.3)).part_of("Door__c"),
        coordinate("Door__Latitude__s", "Door (Latitude)", |d| located(door(d), |place| place.4)).part_of("Door__c"),
        coordinate("Door__Longitude__s", "Door (Longitude)", |d| located(door(d), |place| place.5)).part_of("Door__c"),
        field(FieldKind::Address, "Door__c", "Door", |_| Value::Null),
        coordinate("Position__Latitude__s", "Position (Latitude)", |d| {
            place(position(d)).map_or(Value::Null, |place| place.4.into())
        })
        .part_of("Position__c"),
        coordinate("Position__Longitude__s", "Position (Longitude)", |d| {
            place(position(d)).map_or(Value::Null, |place| place.5.into())
        })
        .part_of("Position__c"),
        field(FieldKind::Location, "Position__c", "Position", |_| Value::Null),
    ]
}

fn handling(draw: Draw<'_>) -> Value {
    let chosen = draw.below(1 << HANDLING.len());
    let words: Vec<&str> =
        HANDLING.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, word)| *word).collect();
    Value::text(words.join(";"))
}

/// Returns a log: mostly short, in one of five hundred records as long as the field takes.
fn log(draw: Draw<'_>) -> Value {
    if draw.below(500) > 0 {
        return draw.again().prose(120);
    }
    let mut text = String::with_capacity(LONGEST);
    let mut step = draw;
    while text.chars().count() < LONGEST {
        step = step.again();
        for _ in 0..64 {
            step = step.again();
            text.push_str(step.pick(PROSE));
            text.push(' ');
        }
        text.push_str(step.again().pick(NASTY_TEXTS));
    }
    // A blank at the end would not survive in a real org.
    let mut text: String = text.chars().take(LONGEST - 1).collect();
    text.push('.');
    Value::text(text)
}

fn rich_text(draw: Draw<'_>) -> Value {
    let (first, second) = (draw.pick(NASTY_LINES), draw.again().pick(PRODUCTS));
    Value::text(format!("<p>Handle <b>{second}</b> &amp; \"{first}\"</p>\n<ul><li>first;</li><li>second</li></ul>"))
}

/// Returns a value of any type.
fn reading(draw: Draw<'_>) -> Value {
    match draw.below(5) {
        0 => draw.again().chance(50).into(),
        1 => (draw.again().below(1_000_000) as f64 / 8.0).into(),
        2 => draw.again().day_before(300).into(),
        3 => draw.again().word(NASTY_LINES),
        _ => Value::Null,
    }
}

/// Returns a weight, from very small to very large.
fn weight(draw: Draw<'_>) -> Value {
    let digits = draw.below(16) as i32 - 6;
    draw.again().maybe(90, |d| (d.between(1, 999_999) as f64 * 10_f64.powi(digits - 5)).into())
}

fn time_of_day(draw: Draw<'_>) -> Value {
    let millisecond = draw.below(1000) as i32;
    let (hour, minute) = (draw.again().below(24) as i8, draw.again().again().below(60) as i8);
    Time::new(hour, minute, 0, millisecond * 1_000_000).map_or(Value::Null, Value::Time)
}

fn label(draw: Draw<'_>) -> Value {
    Value::text(BASE64_STANDARD.encode(format!("label {} of {}", draw.below(10), draw.n)))
}
