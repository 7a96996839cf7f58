//! The currencies of an org that has several: which there are, and which one a record's amounts are in.

use super::draw::Draw;
use super::spec::{FieldSpec, picklist};
use crate::profile::Profile;
use crate::value::Value;

/// A currency.
#[derive(Debug)]
pub(super) struct Currency {
    pub(super) code: &'static str,
    /// How much of it one unit of the corporate currency is.
    pub(super) rate: f64,
    /// Digits behind the point.
    pub(super) decimal_places: i64,
    /// Whether amounts may be in it.
    pub(super) is_active: bool,
}

const fn currency_of(code: &'static str, rate: f64, decimal_places: i64, is_active: bool) -> Currency {
    Currency { code, rate, decimal_places, is_active }
}

/// The currencies; the first is the corporate one.
pub(super) const CURRENCIES: [Currency; 6] = [
    currency_of("USD", 1.0, 2, true),
    currency_of("EUR", 0.92, 2, true),
    currency_of("GBP", 0.79, 2, true),
    currency_of("CZK", 23.2, 2, true),
    currency_of("JPY", 151.4, 0, true),
    currency_of("BGN", 1.8, 2, false),
];
/// The codes of those that amounts may be in.
pub(super) const CODES: &[&str] = &["USD", "EUR", "GBP", "CZK", "JPY"];
/// The months for which there are rates of their own.
pub(super) const DATED_MONTHS: u64 = 24;
/// The rates of months: those of the corporate currency never change.
pub(super) const DATED_RATES: u64 = DATED_MONTHS * (CODES.len() as u64 - 1);

/// Returns the currency of a record: the corporate one for half of them.
pub(super) fn currency(draw: Draw<'_>) -> Value {
    if draw.chance(50) { CODES[0].into() } else { draw.again().word(CODES) }
}

/// Returns the field that says which currency a record's amounts are in.
pub(super) fn currency_code() -> FieldSpec {
    picklist("CurrencyIsoCode", "Currency ISO Code", CODES, currency)
        .length(3)
        .set("restrictedPicklist", true)
        .set("defaultedOnCreate", true)
        .set("defaultValue", CODES[0])
        .only_with(Profile::MultiCurrency)
}
