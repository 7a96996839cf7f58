//! The names of a formula, found among the fields of an object and its parents.

use super::function::Function;
use super::parse::{Syntax, parse};
use super::{DEEPEST, Expression, FieldRef, Formula};
use crate::org::Tables;
use crate::value::Value;

/// How many parents of parents a formula may go to.
const MOST_HOPS: usize = 10;

impl Formula {
    /// Reads the formula of a field; `None` if it has none, or one that this program does not know.
    pub(crate) fn of(tables: &Tables, table: usize, field: usize) -> Option<Self> {
        Self::within(tables, table, field, 0)
    }

    fn within(tables: &Tables, table: usize, field: usize, depth: u32) -> Option<Self> {
        let object = &tables.at(table).object;
        let described = &object.describe["fields"][field];
        let text = described["calculatedFormula"].as_str().filter(|_| object.fields[field].calculated)?;
        let mut resolver = Resolver { tables, table, depth, inputs: Vec::new(), needs_moment: false };
        let expression = resolver.expression(parse(text)?)?;
        let Resolver { inputs, needs_moment, .. } = resolver;
        let null_is_zero = described["formulaTreatNullNumberAsZero"] == true;
        Some(Self { expression, kind: object.fields[field].kind, null_is_zero, inputs, needs_moment })
    }
}

struct Resolver<'a> {
    tables: &'a Tables,
    table: usize,
    /// How many formulas that read this one lie above.
    depth: u32,
    inputs: Vec<usize>,
    needs_moment: bool,
}

impl Resolver<'_> {
    fn expression(&mut self, syntax: Syntax) -> Option<Expression> {
        Some(match syntax {
            Syntax::Text(text) => Expression::Constant(Value::text(text)),
            Syntax::Number(number) => Expression::Constant(number.into()),
            Syntax::Name(name) => match name.to_ascii_uppercase().as_str() {
                "TRUE" => Expression::Constant(true.into()),
                "FALSE" => Expression::Constant(false.into()),
                "NULL" => Expression::Constant(Value::Null),
                _ => Expression::Field(self.field(&name)?),
            },
            Syntax::Not(inner) => Expression::Not(self.boxed(*inner)?),
            Syntax::Negative(inner) => Expression::Negative(self.boxed(*inner)?),
            Syntax::Binary(operator, left, right) => {
                Expression::Binary(operator, self.boxed(*left)?, self.boxed(*right)?)
            }
            Syntax::Call(name, arguments) => {
                let function = Function::of(&name).filter(|function| function.takes(arguments.len()))?;
                self.needs_moment |= function.needs_moment();
                let arguments = arguments.into_iter().map(|argument| self.expression(argument));
                Expression::Call(function, arguments.collect::<Option<_>>()?)
            }
        })
    }

    fn boxed(&mut self, syntax: Syntax) -> Option<Box<Expression>> {
        self.expression(syntax).map(Box::new)
    }

    fn field(&mut self, path: &str) -> Option<FieldRef> {
        let names: Vec<&str> = path.split('.').collect();
        let (leaf, relationships) = names.split_last().filter(|(_, way)| way.len() <= MOST_HOPS)?;
        let mut table = self.table;
        let mut way = Vec::new();
        for name in relationships {
            let object = &self.tables.at(table).object;
            let reference = object.relationship(name).filter(|reference| reference.reference_to.len() == 1)?;
            let position = object.position(&reference.name)?;
            table = self.tables.position(&reference.reference_to[0])?;
            way.push((position, table));
        }
        let object = &self.tables.at(table).object;
        let field = object.position(leaf).filter(|at| !object.fields[*at].kind.is_compound())?;
        // What reads another formula depends on all that this one does.
        let inner = Some(self.depth).filter(|depth| *depth < DEEPEST);
        let inner = inner.and_then(|depth| Formula::within(self.tables, table, field, depth + 1));
        if let Some(inner) = inner {
            self.needs_moment |= inner.needs_moment;
            if way.is_empty() {
                self.inputs.extend(inner.inputs);
            }
        }
        self.inputs.push(way.first().map_or(field, |(reference, _)| *reference));
        Some(FieldRef { way, field, kind: object.fields[field].kind })
    }
}
