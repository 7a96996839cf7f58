//! Formula fields: what a record shows of its own fields and of its parents', worked out when it is read. That is why a formula changes
//! without a stamp on its record (`SystemModstamp` tells of a record's own changes only), at the moment at which what it reads changes.
//!
//! `parse` reads the text of a describe's `calculatedFormula`, `resolve` finds the fields it names, `evaluate` works it out, `function`
//! holds the functions. Of the formula language there is what formulas of fields use most; one with anything else is left alone, and its
//! field holds what the org was made with.

mod evaluate;
mod function;
mod parse;
mod resolve;

pub(crate) use evaluate::Moment;
use function::Function;

use crate::object::FieldKind;
use crate::select::Sign;
use crate::value::Value;

/// How many formulas may read one another.
const DEEPEST: u32 = 10;

/// A formula field whose names have been found.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    expression: Expression,
    kind: FieldKind,
    /// Whether a number that is missing counts as zero.
    null_is_zero: bool,
    /// The record's own fields that it reads, references to parents among them.
    inputs: Vec<usize>,
    /// Whether it depends on when it is read.
    needs_moment: bool,
}

/// What a formula computes.
#[derive(Debug, Clone)]
enum Expression {
    Constant(Value),
    Field(FieldRef),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
}

/// A field of the record or of one of its parents.
#[derive(Debug, Clone)]
struct FieldRef {
    /// The references on the way, each with the table that it leads to.
    way: Vec<(usize, usize)>,
    field: usize,
    kind: FieldKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Join,
    Sum(Sign),
    Times,
    Divided,
    Power,
}

impl Formula {
    /// Returns whether a change of one of these fields of the record changes the formula.
    pub(crate) fn reads_any_of(&self, fields: &[usize]) -> bool {
        self.inputs.iter().any(|input| fields.contains(input))
    }

    /// Returns whether it depends on when it is read.
    pub(crate) fn needs_moment(&self) -> bool {
        self.needs_moment
    }
}

#[cfg(test)]
mod tests;
