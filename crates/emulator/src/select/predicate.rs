//! Conditions, ready to be asked of records. Salesforce knows two truth values: a comparison with no value is false, its
//! opposite true.

use std::cmp::Ordering;

use orgtap_soql::Operator;

use super::compare::{Constant, compare, fold};
use super::like::Pattern;
use super::period::Days;
use crate::value::Value;

/// A condition on values of type `S`'s: fields of a record in WHERE, columns of a group in HAVING.
#[derive(Debug, Clone)]
pub(super) enum Predicate<S> {
    /// All hold.
    And(Vec<Self>),
    /// At least one holds.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A value passes a test.
    Test {
        /// Where the value comes from.
        subject: S,
        /// Whether capitals differ from small letters.
        case_sensitive: bool,
        /// The test.
        test: Test,
    },
}

/// A test of a value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// There is no value.
    IsNull,
    /// There is a value.
    IsNotNull,
    /// The value stands so to a constant.
    Compare(Operator, Constant),
    /// The value stands so to a range of days.
    Days(Operator, Days),
    /// The text fits a pattern.
    Like(Pattern),
    /// The value is in a list.
    In(List),
    /// The value is not in a list.
    NotIn(List),
    /// All of at least one group of options are chosen.
    Includes(Vec<Vec<String>>),
    /// All of no group of options are chosen.
    Excludes(Vec<Vec<String>>),
}

/// The values of an IN list or a semi-join.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// Sorted.
    constants: Vec<Constant>,
    has_null: bool,
}

impl<S> Predicate<S> {
    /// Returns the condition that all of `conditions` hold; `None` if there are none.
    pub(super) fn all(mut conditions: Vec<Self>) -> Option<Self> {
        if conditions.len() > 1 { Some(Self::And(conditions)) } else { conditions.pop() }
    }

    /// Returns whether the condition holds for the values that `read` finds.
    pub(super) fn holds(&self, read: &impl Fn(&S) -> Value) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.holds(read)),
            Self::Or(any) => any.iter().any(|one| one.holds(read)),
            Self::Not(one) => !one.holds(read),
            Self::Test { subject, case_sensitive, test } => test.passes(&read(subject), *case_sensitive),
        }
    }
}

impl Test {
    fn passes(&self, value: &Value, case_sensitive: bool) -> bool {
        match self {
            Self::IsNull => value.is_null(),
            Self::IsNotNull => !value.is_null(),
            Self::Compare(operator, constant) => holds(*operator, compare(value, constant, case_sensitive)),
            Self::Days(operator, days) => in_days(*operator, value, *days),
            Self::Like(pattern) => match value {
                Value::Text(text) => pattern.fits(text),
                Value::Id(id) => pattern.fits(&id.to_string()),
                _ => false,
            },
            Self::In(list) => list.holds(value, case_sensitive),
            Self::NotIn(list) => !list.holds(value, case_sensitive),
            Self::Includes(groups) => includes(value, groups),
            Self::Excludes(groups) => !includes(value, groups),
        }
    }
}

impl List {
    /// Makes a list of constants, `None` being no value.
    pub(super) fn new(values: impl IntoIterator<Item = Option<Constant>>) -> Self {
        let mut list = Self::default();
        for value in values {
            match value {
                Some(constant) => list.constants.push(constant),
                None => list.has_null = true,
            }
        }
        list.constants.sort_unstable();
        list.constants.dedup();
        list
    }

    fn holds(&self, value: &Value, case_sensitive: bool) -> bool {
        if value.is_null() {
            return self.has_null;
        }
        let order =
            |constant: &Constant| compare(value, constant, case_sensitive).map_or(Ordering::Less, Ordering::reverse);
        self.constants.binary_search_by(order).is_ok()
    }

    /// Returns the constants.
    pub(super) fn constants(&self) -> &[Constant] {
        &self.constants
    }
}

fn holds(operator: Operator, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return operator == Operator::Ne };
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        _ => false,
    }
}

/// Returns how a value stands to a range of days: equal when it is in it.
fn in_days(operator: Operator, value: &Value, days: Days) -> bool {
    let (is_before, is_after) = match value {
        Value::Date(day) => (*day < days.start, *day >= days.end),
        Value::DateTime(at) => (*at < days.starts_at, *at >= days.ends_at),
        _ => return operator == Operator::Ne,
    };
    let order = if is_before {
        Ordering::Less
    } else if is_after {
        Ordering::Greater
    } else {
        Ordering::Equal
    };
    holds(operator, Some(order))
}

/// Returns whether all options of any of the groups are chosen in a multi-select picklist.
fn includes(value: &Value, groups: &[Vec<String>]) -> bool {
    let Value::Text(text) = value else { return false };
    let chosen: Vec<String> = text.split(';').map(fold).collect();
    groups.iter().any(|group| group.iter().all(|option| chosen.contains(option)))
}
