//! Addresses: a compound field and its parts, which all tell of the same place.

use super::draw::Draw;
use super::words::{COUNTRIES, PLACES, Place, STATES, STREETS};
use crate::profile::Profile;
use crate::value::Value;

/// Returns the place of an address, if the record has one. `draw` is that of the compound field.
pub(super) fn place(draw: Draw<'_>) -> Option<&'static Place> {
    draw.again().chance(85).then(|| &PLACES[draw.below(PLACES.len() as u64) as usize])
}

/// Returns the street, now and then of several lines.
pub(super) fn street(draw: Draw<'_>) -> Value {
    if place(draw).is_none() {
        return Value::Null;
    }
    let line = draw.of(draw.salt ^ 1);
    let (number, street) = (line.between(1, 999), line.again().pick(STREETS));
    match line.below(12) {
        0 => Value::text(format!("{number} {street}\r\nSuite {}", line.again().below(100))),
        1 => Value::text(format!("{number} {street}\nFloor {}, \"East\" wing", line.again().below(40))),
        _ => Value::text(format!("{number} {street}")),
    }
}

/// Returns one of a place's texts.
pub(super) fn named(draw: Draw<'_>, part: fn(&'static Place) -> &'static str) -> Value {
    place(draw).map_or(Value::Null, |place| part(place).into())
}

/// What picklists of states offer: the codes and the names that belong to them.
pub(super) const STATE_CODES: &[(&str, &str)] = &[
    ("CA", "California"),
    ("D", "Dublin"),
    ("IL", "Illinois"),
    ("MI", "Milano"),
    ("NSW", "New South Wales"),
    ("NY", "New York"),
    ("ON", "Ontario"),
    ("QC", "Quebec"),
    ("SP", "São Paulo"),
    ("TX", "Texas"),
];
/// What picklists of countries offer: the codes and the names that belong to them.
pub(super) const COUNTRY_CODES: &[(&str, &str)] = &[
    ("AU", "Australia"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CZ", "Czechia"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("ES", "Spain"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("IE", "Ireland"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("KE", "Kenya"),
    ("PL", "Poland"),
    ("SG", "Singapore"),
    ("TR", "Türkiye"),
    ("US", "United States"),
];

fn has_picklists(draw: Draw<'_>) -> bool {
    draw.org.profiles.has(Profile::StateCountry)
}

/// Returns the code and name of a place's state, where the picklists have it: those of a few countries only.
fn listed_state(draw: Draw<'_>) -> Option<(&'static str, &'static str)> {
    let place = place(draw)?;
    STATES.iter().find(|(city, ..)| *city == place.0).map(|(_, code, name)| (*code, *name))
}

/// Returns the code and name of a place's country.
fn listed_country(draw: Draw<'_>) -> Option<(&'static str, &'static str)> {
    let place = place(draw)?;
    COUNTRIES.iter().find(|(usual, ..)| *usual == place.3).map(|(_, code, name)| (*code, *name))
}

/// Returns the state: its name as the picklist spells it, where there is one.
pub(super) fn state(draw: Draw<'_>) -> Value {
    if !has_picklists(draw) {
        return named(draw, |place| place.1);
    }
    listed_state(draw).map_or(Value::Null, |(_, name)| name.into())
}

/// Returns the code of the state.
pub(super) fn state_code(draw: Draw<'_>) -> Value {
    listed_state(draw).map_or(Value::Null, |(code, _)| code.into())
}

/// Returns the country: its name as the picklist spells it, where there is one.
pub(super) fn country(draw: Draw<'_>) -> Value {
    if !has_picklists(draw) {
        return named(draw, |place| place.3);
    }
    listed_country(draw).map_or(Value::Null, |(_, name)| name.into())
}

/// Returns the code of the country.
pub(super) fn country_code(draw: Draw<'_>) -> Value {
    listed_country(draw).map_or(Value::Null, |(code, _)| code.into())
}

/// Returns one of a place's coordinates; a third of all addresses were never located.
pub(super) fn located(draw: Draw<'_>, part: fn(&'static Place) -> f64) -> Value {
    place(draw).filter(|_| draw.below(3) > 0).map_or(Value::Null, |place| part(place).into())
}

/// Returns how exactly an address was located.
pub(super) fn accuracy(draw: Draw<'_>) -> Value {
    place(draw).filter(|_| draw.below(3) > 0).map_or(Value::Null, |_| "Address".into())
}

/// The fields of an address whose parts begin with a prefix.
macro_rules! address_fields {
    ($prefix:literal, $label:literal) => {{
        use $crate::dataset::address::{
            COUNTRY_CODES, STATE_CODES, accuracy, country, country_code, located, named, state, state_code, street,
        };
        use $crate::dataset::draw::{Draw, salt};
        use $crate::dataset::spec::{field, long_text, picklist, text};
        use $crate::object::FieldKind;
        use $crate::value::Value;
        const ADDRESS: &str = concat!($prefix, "Address");
        fn own(draw: Draw<'_>) -> Draw<'_> {
            draw.of(const { salt(ADDRESS) })
        }
        [
            long_text(concat!($prefix, "Street"), concat!($label, " Street"), 255, |d| street(own(d))),
            text(concat!($prefix, "City"), concat!($label, " City"), 40, |d| named(own(d), |place| place.0)),
            text(concat!($prefix, "State"), concat!($label, " State/Province"), 80, |d| state(own(d))),
            text(concat!($prefix, "PostalCode"), concat!($label, " Zip/Postal Code"), 20, |d| {
                named(own(d), |place| place.2)
            }),
            text(concat!($prefix, "Country"), concat!($label, " Country"), 80, |d| country(own(d))),
            picklist(concat!($prefix, "StateCode"), concat!($label, " State/Province Code"), &[], |d| {
                state_code(own(d))
            })
            .labelled(STATE_CODES)
            .length(10)
            .set("restrictedPicklist", true)
            .set("dependentPicklist", true)
            .set("controllerName", concat!($prefix, "CountryCode"))
            .only_with($crate::profile::Profile::StateCountry),
            picklist(concat!($prefix, "CountryCode"), concat!($label, " Country Code"), &[], |d| country_code(own(d)))
                .labelled(COUNTRY_CODES)
                .length(10)
                .set("restrictedPicklist", true)
                .only_with($crate::profile::Profile::StateCountry),
            field(FieldKind::Double, concat!($prefix, "Latitude"), concat!($label, " Latitude"), |d| {
                located(own(d), |place| place.4)
            })
            .set("scale", 15),
            field(FieldKind::Double, concat!($prefix, "Longitude"), concat!($label, " Longitude"), |d| {
                located(own(d), |place| place.5)
            })
            .set("scale", 15),
            picklist(
                concat!($prefix, "GeocodeAccuracy"),
                concat!($label, " Geocode Accuracy"),
                &["Address", "NearAddress", "Block", "Street", "City", "Unknown"],
                |d| accuracy(own(d)),
            ),
        ]
        .map(|part| part.part_of(ADDRESS))
        .into_iter()
        // A compound is put together from its parts when it is read.
        .chain([field(FieldKind::Address, ADDRESS, concat!($label, " Address"), |_| Value::Null)])
    }};
}

pub(super) use address_fields;
