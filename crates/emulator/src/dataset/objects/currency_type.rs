//! `CurrencyType` and `DatedConversionRate`: the currencies of an org that has several, and their rates in the past.

use crate::dataset::currency::{CURRENCIES, Currency, DATED_MONTHS};
use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, picklist};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

const ALL_CODES: &[&str] = &["USD", "EUR", "GBP", "CZK", "JPY", "BGN"];

/// Returns the objects.
pub(super) fn specs() -> [ObjectSpec; 2] {
    [currency_type(), dated_conversion_rate()]
}

fn currency_type() -> ObjectSpec {
    fn own(draw: Draw<'_>) -> &'static Currency {
        &CURRENCIES[draw.n as usize % CURRENCIES.len()]
    }
    kept_by_setup(ObjectSpec::new(Kind::CurrencyType, "CurrencyType", "Currency Type", "Currency Types"))
        .fields([
            picklist("IsoCode", "Currency ISO Code", ALL_CODES, |d| own(d).code.into()).required().length(3),
            field(FieldKind::Double, "ConversionRate", "Conversion Rate", |d| own(d).rate.into())
                .required()
                .set("scale", 6),
            field(FieldKind::Int, "DecimalPlaces", "Decimal Places", |d| own(d).decimal_places.into()).required(),
            field(FieldKind::Boolean, "IsActive", "Active", |d| own(d).is_active.into()),
            field(FieldKind::Boolean, "IsCorporate", "Corporate Currency", |d| (d.n == 0).into()).read_only(),
        ])
        .audited()
        .without(&["IsDeleted"])
}

fn dated_conversion_rate() -> ObjectSpec {
    /// Returns the currency, and how many months before the org's start the rate begins to hold.
    fn own(draw: Draw<'_>) -> (&'static Currency, i64) {
        let (currency, month) = (draw.n / DATED_MONTHS, draw.n % DATED_MONTHS);
        (&CURRENCIES[1 + currency as usize % (CURRENCIES.len() - 2)], (DATED_MONTHS - 1 - month) as i64)
    }
    /// Returns the rate: up to a tenth above or below the one that holds now.
    fn rate(draw: Draw<'_>) -> Value {
        let (currency, months) = own(draw);
        let change = if months == 0 { 1.0 } else { 0.9 + draw.below(2001) as f64 / 10_000.0 };
        ((currency.rate * change * 1_000_000.0).round() / 1_000_000.0).into()
    }
    let spec = ObjectSpec::new(
        Kind::DatedConversionRate,
        "DatedConversionRate",
        "Dated Conversion Rate",
        "Dated Conversion Rates",
    );
    kept_by_setup(spec)
        .fields([
            picklist("IsoCode", "Currency ISO Code", ALL_CODES, |d| own(d).0.code.into()).required().length(3),
            field(FieldKind::Date, "StartDate", "Start Date", |d| d.org.month_before_start(own(d).1).into()).required(),
            field(FieldKind::Date, "NextStartDate", "Next Start Date", |d| match own(d).1 {
                // The last rate holds until there is another.
                0 => jiff::civil::date(9999, 12, 31).into(),
                months => d.org.month_before_start(months - 1).into(),
            })
            .required()
            .read_only(),
            field(FieldKind::Double, "ConversionRate", "Conversion Rate", rate).required().set("scale", 6),
        ])
        .audited()
        .without(&["IsDeleted"])
}

fn kept_by_setup(spec: ObjectSpec) -> ObjectSpec {
    let flags = ["deletable", "undeletable", "replicateable", "layoutable", "searchable", "triggerable", "mruEnabled"];
    flags.into_iter().fold(spec, |spec, flag| spec.set(flag, false)).only_with(Profile::MultiCurrency)
}
