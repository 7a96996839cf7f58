//! Exchange rates, as the org's `CurrencyType` and `DatedConversionRate` records give them.

use std::collections::HashMap;

use jiff::civil::Date;

use super::snapshot::Tables;
use super::table::{RecordRef, Table};
use crate::value::Value;

/// The rates between the currencies of an org with several of them.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    /// How much of each currency one unit of the corporate currency is, and whether the currency is in use.
    fixed: HashMap<String, (f64, bool)>,
    /// The same from a day on, in the order of the days.
    dated: HashMap<String, Vec<(Date, f64)>>,
    corporate: String,
}

impl Rates {
    /// Reads the rates; `None` where the org has one currency.
    pub(crate) fn of(tables: &Tables) -> Option<Self> {
        let types = tables.at(tables.position("CurrencyType")?);
        let mut rates = Self { fixed: HashMap::new(), dated: HashMap::new(), corporate: String::new() };
        for record in types.all() {
            let code = text(types, record, "IsoCode");
            if flag(types, record, "IsCorporate") {
                rates.corporate.clone_from(&code);
            }
            let rate = number(types, record, "ConversionRate").filter(|rate| *rate > 0.0).unwrap_or(1.0);
            rates.fixed.insert(code, (rate, flag(types, record, "IsActive")));
        }
        if let Some(at) = tables.position("DatedConversionRate") {
            rates.read_dated(tables.at(at));
        }
        Some(rates)
    }

    fn read_dated(&mut self, table: &Table) {
        for record in table.all() {
            let day = match field(table, record, "StartDate") {
                Value::Date(day) => day,
                _ => continue,
            };
            if let Some(rate) = number(table, record, "ConversionRate").filter(|rate| *rate > 0.0) {
                self.dated.entry(text(table, record, "IsoCode")).or_default().push((day, rate));
            }
        }
        self.dated.values_mut().for_each(|rates| rates.sort_by_key(|(day, _)| *day));
    }

    /// Returns the currency that the others are measured by, which is the org's default.
    pub(crate) fn corporate(&self) -> &str {
        &self.corporate
    }

    /// Returns whether a currency is in use.
    pub(crate) fn is_active(&self, code: &str) -> bool {
        self.fixed.iter().any(|(known, (_, active))| *active && known.eq_ignore_ascii_case(code))
    }

    /// Returns an amount in another currency, at the rates of a day or at those that hold now. Without a rate it stays as it is.
    pub(crate) fn converted(&self, amount: f64, from: &str, to: &str, day: Option<Date>) -> f64 {
        if from.eq_ignore_ascii_case(to) {
            return amount;
        }
        match (self.rate(from, day), self.rate(to, day)) {
            (Some(from), Some(to)) => amount / from * to,
            _ => amount,
        }
    }

    fn rate(&self, code: &str, day: Option<Date>) -> Option<f64> {
        let code = code.to_ascii_uppercase();
        let dated = day.and_then(|day| {
            let rates = self.dated.get(&code)?;
            let later = rates.partition_point(|(start, _)| *start <= day);
            Some(rates[later.checked_sub(1)?].1)
        });
        dated.or_else(|| self.fixed.get(&code).map(|(rate, _)| *rate))
    }
}

fn field(table: &Table, record: RecordRef<'_>, name: &str) -> Value {
    table.object.position(name).map_or(Value::Null, |at| table.value(record, at))
}

fn text(table: &Table, record: RecordRef<'_>, name: &str) -> String {
    field(table, record, name).text_or_empty().to_ascii_uppercase()
}

fn number(table: &Table, record: RecordRef<'_>, name: &str) -> Option<f64> {
    field(table, record, name).as_number()
}

fn flag(table: &Table, record: RecordRef<'_>, name: &str) -> bool {
    field(table, record, name) == Value::Boolean(true)
}
