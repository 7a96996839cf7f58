//! Conditions of WHERE, HAVING and WITH.

use super::{Literal, Operand, Query};
use crate::diagnostic::Span;

/// A logical expression.
///
/// Nesting is what parentheses mean: `And([And([a, b]), c])` is `(a AND b) AND c`. Build conditions with
/// [`Condition::all`], [`Condition::any`], [`Condition::negate`] and [`Condition::compare`], which keep the rules
/// stated on the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All hold; at least two.
    And(Vec<Self>),
    /// At least one holds; at least two.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// One comparison.
    Comparison(Comparison),
}

impl Condition {
    /// Returns the span from the first comparison to the last.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::And(operands) | Self::Or(operands) => {
                operands.iter().map(Self::span).reduce(Span::to).unwrap_or_default()
            }
            Self::Not(operand) => operand.span(),
            Self::Comparison(comparison) => comparison.span,
        }
    }

    /// Returns every comparison in it, from left to right. Does not look into semi-joins.
    #[must_use]
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::And(operands) | Self::Or(operands) => operands.iter().flat_map(Self::comparisons).collect(),
            Self::Not(operand) => operand.comparisons(),
            Self::Comparison(comparison) => vec![comparison],
        }
    }
}

/// An operand, an operator and a value: `Amount > 5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What is compared.
    pub left: Operand,
    /// How.
    pub operator: Operator,
    /// With what. A list or a subquery stands with [`Operator::takes_list`] only, a literal with the others only.
    pub right: Value,
    /// From the operand to the end of the value.
    pub span: Span,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Eq,
    /// `!=`, also written `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `LIKE`
    Like,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `INCLUDES`, on multi-select picklists
    Includes,
    /// `EXCLUDES`, on multi-select picklists
    Excludes,
}

impl Operator {
    /// Returns whether a list in parentheses stands on its right, not a single value.
    #[must_use]
    pub fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::Includes | Self::Excludes)
    }
}

/// The right side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A single value.
    Literal(Literal),
    /// A list in parentheses; never empty.
    List(Vec<Literal>),
    /// A semi-join, or an anti-join with `NOT IN`.
    Subquery(Box<Query>),
}
