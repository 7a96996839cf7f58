//! Amounts in orgs with several currencies: `convertCurrency()`, literals such as `USD5000`, and which currency sums and orders go by.
//!
//! Amounts of opportunities are converted at the rates of the day they close, if the org keeps dated rates; all others at the rates
//! that hold now (SOQL reference, "convertCurrency()").

use std::sync::Arc;

use orgtap_soql::{Comparison, Literal, LiteralKind, Operand, Span, Value as Right};

use super::resolve::{FieldPath, Located, Place, Resolver};
use super::term::{Step, Term};
use crate::error::QueryError;
use crate::object::FieldKind;
use crate::org::{Rates, Snapshot};
use crate::value::Value;

/// An amount in another currency than that of its record.
#[derive(Debug, Clone)]
pub(super) struct Conversion {
    /// The field that says which currency the record's amounts are in.
    code: FieldPath,
    /// The day whose rates hold.
    day: Option<FieldPath>,
    rates: Arc<Rates>,
    to: String,
}

/// Objects whose amounts are converted at the rates of a day, with the path to it.
const DATED: &[(&str, &[&str])] = &[
    ("Opportunity", &["CloseDate"]),
    ("OpportunityLineItem", &["Opportunity", "CloseDate"]),
    ("OpportunityHistory", &["CloseDate"]),
];

impl Conversion {
    /// Returns the amount of a record.
    pub(super) fn apply(&self, value: &Value, snapshot: &Snapshot, record: Located<'_>) -> Value {
        let Some(amount) = value.as_number() else { return Value::Null };
        let from = self.code.value(snapshot, record).text_or_empty();
        let day = match self.day.as_ref().map(|day| day.value(snapshot, record)) {
            Some(Value::Date(day)) => Some(day),
            _ => None,
        };
        // A record without currency is in the corporate one.
        let from = if from.is_empty() { self.rates.corporate() } else { &from };
        Value::Double(self.rates.converted(amount, from, &self.to, day))
    }

    /// Returns whether another conversion gives the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.to == other.to && self.code.is_same(&other.code)
    }

    /// Returns the currency that amounts are converted to.
    pub(super) fn currency(&self) -> &str {
        &self.to
    }

    /// Returns the field that says which currency the record's amounts are in.
    pub(super) fn code(&self) -> &FieldPath {
        &self.code
    }
}

impl Resolver<'_> {
    /// Returns the exchange rates, if the org has several currencies.
    pub(super) fn rates(self) -> Option<Rates> {
        Rates::of(&self.snapshot.tables)
    }

    /// Lets a term of an amount of money be in the user's currency.
    pub(super) fn in_own_currency(self, term: Term) -> Term {
        let own = self.snapshot.asker.currency.clone();
        self.converted(term, |_| own)
    }

    /// Lets a term of an amount of money be in the org's default currency, by which amounts are ordered and added up.
    pub(super) fn in_default_currency(self, term: Term) -> Term {
        self.converted(term, |rates| rates.corporate().to_owned())
    }

    /// Lets a term of an amount of money be in the currency of the literals that it is compared with.
    pub(super) fn in_currency(self, term: Term, code: &str) -> Term {
        self.converted(term, |_| code.to_ascii_uppercase())
    }

    /// Returns how an amount is converted; `None` where there is one currency, or where the field is no amount.
    pub(super) fn conversion(self, path: &FieldPath, to: impl FnOnce(&Rates) -> String) -> Option<Conversion> {
        if path.field.kind != FieldKind::Currency {
            return None;
        }
        let rates = self.rates()?;
        let way: Vec<&str> = path.relationships.iter().map(|(name, _)| name.as_str()).collect();
        let beside = |names: &[&str]| {
            let all: Vec<&str> = way.iter().chain(names).copied().collect();
            self.path_from(Place::of(self.table), &all, Span::default()).ok()
        };
        let object = path.leaf.object(self.snapshot)?;
        let is_dated = self.snapshot.tables.position("DatedConversionRate").is_some();
        let day = DATED.iter().find(|(name, _)| is_dated && *name == object).and_then(|(_, names)| beside(names));
        let to = to(&rates);
        Some(Conversion { code: beside(&["CurrencyIsoCode"])?, day, rates: Arc::new(rates), to })
    }

    fn converted(self, term: Term, to: impl FnOnce(&Rates) -> String) -> Term {
        match self.conversion(&term.path, to).filter(|_| term.is_plain()) {
            Some(conversion) => term.then(Step::Convert(Box::new(conversion))),
            None => term,
        }
    }

    /// Refuses `convertCurrency` where amounts are compared by what they are worth anyway.
    pub(super) fn check_unconverted(self, operand: &Operand, clause: &str) -> Result<(), QueryError> {
        match operand {
            Operand::Call(call) if call.function.is("convertCurrency") && self.rates().is_some() => {
                // The rule is documented; the wording is not recorded.
                let message = format!("convertCurrency can not be used in {clause}");
                Err(self.refuse("MALFORMED_QUERY", call.span, &message))
            }
            _ => Ok(()),
        }
    }

    /// Returns the currency that a comparison's literals name: theirs if it is one, the org's default if they are several.
    pub(super) fn currency_of(self, comparison: &Comparison) -> Result<Option<String>, QueryError> {
        let literals: &[Literal] = match &comparison.right {
            Right::Literal(literal) => std::slice::from_ref(literal),
            Right::List(literals) => literals,
            Right::Subquery(_) => &[],
        };
        let code = |literal: &Literal| match &literal.kind {
            LiteralKind::Currency { iso, .. } => Some(iso.to_ascii_uppercase()),
            _ => None,
        };
        let mut codes: Vec<String> = literals.iter().filter_map(code).collect();
        if codes.is_empty() {
            return Ok(None);
        }
        let Some(rates) = self.rates() else { return Ok(None) };
        // The rules are documented; the wordings are from memory.
        if codes.len() < literals.len() {
            let message = "values with and without currency codes can not be mixed";
            return Err(self.refuse("INVALID_QUERY_FILTER_OPERATOR", comparison.span, message));
        }
        if let Some(unknown) = codes.iter().find(|code| !rates.is_active(code)) {
            let message = format!("Invalid or inactive currency code: {unknown}");
            return Err(self.refuse("INVALID_QUERY_FILTER_OPERATOR", comparison.span, &message));
        }
        codes.dedup();
        Ok(Some(if let [only] = codes.as_slice() { only.clone() } else { rates.corporate().to_owned() }))
    }
}
