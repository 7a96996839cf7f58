//! GROUP BY, and aggregates without it: records gathered into groups, and what a query computes from each group.

use std::collections::BTreeMap;

use orgtap_soql::{Argument, Call, GroupKind, Operand};

use super::Scope;
use super::aggregate::{Aggregate, AggregateKind, Tally};
use super::compare::Constant;
use super::condition::{self, Subject};
use super::filter::Filter;
use super::order::{self, Direction};
use super::predicate::Predicate;
use super::resolve::{FieldFacts, Resolver};
use super::term::{CurrencyOf, Step, Term};
use crate::error::QueryError;
use crate::object::FieldKind;
use crate::org::Snapshot;
use crate::value::Value;

/// How records are gathered, and what is computed from each group.
#[derive(Debug)]
pub(super) struct Groups {
    keys: Vec<Term>,
    /// For every level of subtotals, which keys stand for all their values.
    levels: Vec<u32>,
    aggregates: Vec<Aggregate>,
    having: Option<Predicate<Cell>>,
    order: Vec<(Cell, Direction)>,
    /// What each column shows.
    cells: Vec<Cell>,
}

/// A value of a group.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    source: Source,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// The value of a key.
    Key(usize),
    /// An aggregate.
    Aggregate(usize),
    /// Whether a key stands for all its values: 1 or 0.
    Grouping(usize),
}

/// A group as it comes out.
#[derive(Debug)]
struct Group {
    keys: Vec<Value>,
    aggregates: Vec<Value>,
    /// The keys that stand for all their values.
    rolled_up: u32,
}

/// The clause that a value of a group stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    Select,
    Having,
    OrderBy,
}

impl Clause {
    /// Returns what is said of a field that is no value of a group.
    fn refusal(self) -> &'static str {
        match self {
            Self::Select | Self::Having => "Field must be grouped or aggregated",
            Self::OrderBy => "Ordered field must be grouped or aggregated",
        }
    }
}

/// How groups are told apart, and in which order they stand unless the query says: subtotals behind what they sum up.
type GroupKey = Vec<(bool, Option<Constant>)>;

impl Groups {
    /// Resolves the keys of GROUP BY.
    pub(super) fn new(resolver: Resolver<'_>) -> Result<Self, QueryError> {
        let mut keys = Vec::new();
        let mut kind = GroupKind::Plain;
        if let Some(group_by) = &resolver.query.group_by {
            kind = group_by.kind;
            if kind != GroupKind::Plain && group_by.items.len() > 3 {
                let message = "A maximum of 3 fields can be used in GROUP BY ROLLUP and GROUP BY CUBE";
                return Err(resolver.refuse("MALFORMED_QUERY", group_by.span, message));
            }
            for item in &group_by.items {
                keys.push(key(resolver, item)?);
            }
        }
        let levels = levels(kind, keys.len());
        Ok(Self { keys, levels, aggregates: Vec::new(), having: None, order: Vec::new(), cells: Vec::new() })
    }

    /// Resolves HAVING and ORDER BY.
    pub(super) fn finish(&mut self, resolver: Resolver<'_>, scope: Scope) -> Result<(), QueryError> {
        let query = resolver.query;
        if let Some(having) = &query.having {
            let mut subject = |operand: &Operand, currency: Option<&str>| {
                if currency.is_some() {
                    let message = "currency codes can not be used with the result of an aggregate function";
                    return Err(resolver.refuse("MALFORMED_QUERY", operand.span(), message));
                }
                let (source, facts) = self.cell(resolver, operand, Clause::Having)?;
                Ok(Subject { source, facts, span: operand.span(), distance: false })
            };
            self.having = Some(condition::predicate(resolver, having, scope, &mut subject)?);
        }
        for item in &query.order_by {
            let (cell, _) = self.cell(resolver, &item.operand, Clause::OrderBy)?;
            self.order.push((cell, Direction::of(item)));
        }
        Ok(())
    }

    /// Adds a column for a grouped field or a function; returns what is known of its values.
    pub(super) fn add_column(&mut self, resolver: Resolver<'_>, operand: &Operand) -> Result<FieldFacts, QueryError> {
        let (cell, facts) = self.cell(resolver, operand, Clause::Select)?;
        self.cells.push(cell);
        Ok(facts)
    }

    /// Resolves a value of a group.
    fn cell(
        &mut self,
        resolver: Resolver<'_>,
        operand: &Operand,
        clause: Clause,
    ) -> Result<(Cell, FieldFacts), QueryError> {
        let call = match operand {
            Operand::Path(_) => None,
            Operand::Call(call) => Some(call),
        };
        if let Some(call) = call {
            if let Some(kind) = AggregateKind::of(&call.function.text) {
                return self.aggregate(resolver, call, kind, clause);
            }
            if call.function.is("GROUPING") {
                return self.grouping(resolver, call);
            }
            if let [Argument::Call(inner)] = call.arguments.as_slice()
                && holds_aggregate(inner)
            {
                return self.around(resolver, call, inner, clause);
            }
        }
        let term = resolver.term(operand)?;
        let facts = term.facts.clone();
        let exact = self.keys.iter().position(|key| key.is_same(&term));
        if let Some(at) = exact {
            return Ok((Cell { source: Source::Key(at), steps: Vec::new() }, facts));
        }
        // A function of a grouped field, but for parts of datetimes, which must be grouped themselves.
        let is_computable = |key: &Term| {
            let of_date = key.facts.kind == FieldKind::Date;
            key.is_plain() && key.path.is_same(&term.path) && (!term.is_date_part() || of_date)
        };
        match self.keys.iter().position(is_computable) {
            Some(at) => Ok((Cell { source: Source::Key(at), steps: term.steps().to_vec() }, facts)),
            None => {
                let message = format!("{}: {}", clause.refusal(), term.path.field.name);
                Err(resolver.refuse("MALFORMED_QUERY", operand.span(), &message))
            }
        }
    }

    fn aggregate(
        &mut self,
        resolver: Resolver<'_>,
        call: &Call,
        kind: AggregateKind,
        clause: Clause,
    ) -> Result<(Cell, FieldFacts), QueryError> {
        let term = match call.arguments.as_slice() {
            [Argument::Path(path)] => resolver.path(path).map(Term::from)?,
            [Argument::Call(inner)] => resolver.call(inner)?,
            _ => return Err(resolver.refuse("MALFORMED_QUERY", call.span, "unexpected token: ')'")),
        };
        let counts = matches!(kind, AggregateKind::Count | AggregateKind::CountDistinct);
        let term = if counts { term } else { resolver.in_default_currency(term) };
        let name = call.function.text.to_ascii_uppercase();
        if !kind.takes(&term.facts) {
            let message = format!("field {} does not support aggregate operator {name}", term.path.field.name);
            return Err(resolver.refuse("MALFORMED_QUERY", call.span, &message));
        }
        if clause == Clause::Select && self.keys.iter().any(|key| key.is_plain() && key.is_same(&term)) {
            let message = format!("Grouped field should not be aggregated: {}", term.path.field.name);
            return Err(resolver.refuse("MALFORMED_QUERY", call.span, &message));
        }
        let known = self.aggregates.iter().position(|known| known.kind == kind && known.term.is_same(&term));
        let at = known.unwrap_or_else(|| {
            self.aggregates.push(Aggregate { kind, term });
            self.aggregates.len() - 1
        });
        Ok((Cell { source: Source::Aggregate(at), steps: Vec::new() }, self.aggregates[at].facts()))
    }

    fn grouping(&self, resolver: Resolver<'_>, call: &Call) -> Result<(Cell, FieldFacts), QueryError> {
        let term = match call.arguments.as_slice() {
            [Argument::Path(path)] => resolver.path(path).map(Term::from)?,
            [Argument::Call(inner)] => resolver.call(inner)?,
            _ => return Err(resolver.refuse("MALFORMED_QUERY", call.span, "unexpected token: ')'")),
        };
        let key = self.keys.iter().position(|key| key.is_same(&term));
        let at = key.filter(|_| self.levels.len() > 1).ok_or_else(|| {
            let message = "GROUPING is only valid for fields of GROUP BY ROLLUP and GROUP BY CUBE";
            resolver.refuse("MALFORMED_QUERY", call.span, message)
        })?;
        let facts = FieldFacts { kind: FieldKind::Int, soap_type: "xsd:int".to_owned(), ..term.facts };
        Ok((Cell { source: Source::Grouping(at), steps: Vec::new() }, facts))
    }

    /// Resolves a function around an aggregate, such as `FORMAT(MAX(Amount))`.
    fn around(
        &mut self,
        resolver: Resolver<'_>,
        call: &Call,
        inner: &Call,
        clause: Clause,
    ) -> Result<(Cell, FieldFacts), QueryError> {
        let (mut cell, mut facts) = self.cell(resolver, &Operand::Call(inner.clone()), clause)?;
        if call.function.is("format") {
            let rates = resolver.rates().filter(|_| facts.kind == FieldKind::Currency);
            cell.steps.push(match rates {
                Some(rates) => Step::FormatMoney(CurrencyOf::Code(rates.corporate().to_owned())),
                None => Step::Format(facts.kind, resolver.snapshot.asker.clone()),
            });
            facts.kind = FieldKind::String;
        } else if call.function.is("convertCurrency") && resolver.rates().is_some() {
            let message = "convertCurrency can not be used with the result of an aggregate function";
            return Err(resolver.refuse("MALFORMED_QUERY", call.span, message));
        } else if !call.function.is("convertCurrency") {
            let message = format!("unexpected token: '{}'", call.function.text);
            return Err(resolver.refuse("MALFORMED_QUERY", call.span, &message));
        }
        Ok((cell, facts))
    }

    /// Returns the values of the columns of each group that HAVING keeps, in the order of ORDER BY.
    pub(super) fn rows(&self, filter: &Filter, snapshot: &Snapshot, table: usize) -> Vec<Vec<Value>> {
        let mut groups = self.gather(filter, snapshot, table);
        groups.retain(|group| self.having.as_ref().is_none_or(|having| having.holds(&|cell: &Cell| cell.of(group))));
        let constant = |value: &Value| Constant::of(value, false);
        groups.sort_by(|a, b| {
            let each = self.order.iter();
            let compare = |(cell, direction): &(Cell, Direction)| {
                order::compare(*direction, constant(&cell.of(a)).as_ref(), constant(&cell.of(b)).as_ref())
            };
            each.map(compare).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        groups.iter().map(|group| self.cells.iter().map(|cell| cell.of(group)).collect()).collect()
    }

    fn gather(&self, filter: &Filter, snapshot: &Snapshot, table: usize) -> Vec<Group> {
        let mut groups: BTreeMap<GroupKey, (u32, Vec<Value>, Vec<Tally>)> = BTreeMap::new();
        let tallies = || vec![Tally::default(); self.aggregates.len()];
        if self.keys.is_empty() {
            // Without GROUP BY there is one group, even of no records.
            groups.insert(Vec::new(), (0, Vec::new(), tallies()));
        }
        for record in filter.records(snapshot, table, None) {
            let values: Vec<Value> = self.keys.iter().map(|key| key.value(snapshot, (table, record))).collect();
            for &rolled_up in &self.levels {
                let is_rolled_up = |at: usize| rolled_up & (1 << at) != 0;
                let key = values.iter().zip(&self.keys).enumerate().map(|(at, (value, key))| {
                    (
                        is_rolled_up(at),
                        if is_rolled_up(at) { None } else { Constant::of(value, key.facts.case_sensitive) },
                    )
                });
                let (_, _, tallies) = groups.entry(key.collect()).or_insert_with(|| {
                    let shown =
                        |(at, value): (usize, &Value)| if is_rolled_up(at) { Value::Null } else { value.clone() };
                    (rolled_up, values.iter().enumerate().map(shown).collect(), tallies())
                });
                for (aggregate, tally) in self.aggregates.iter().zip(tallies) {
                    aggregate.add(tally, snapshot, (table, record));
                }
            }
        }
        let finished = groups.into_values().map(|(rolled_up, keys, tallies)| {
            let aggregates = self.aggregates.iter().zip(tallies).map(|(aggregate, tally)| aggregate.result(tally));
            Group { keys, aggregates: aggregates.collect(), rolled_up }
        });
        finished.collect()
    }
}

impl Cell {
    fn of(&self, group: &Group) -> Value {
        let value = match self.source {
            Source::Key(at) => group.keys[at].clone(),
            Source::Aggregate(at) => group.aggregates[at].clone(),
            Source::Grouping(at) => Value::Integer(i64::from(group.rolled_up & (1 << at) != 0)),
        };
        self.steps.iter().fold(value, |value, step| step.apply(&value))
    }
}

fn key(resolver: Resolver<'_>, item: &Operand) -> Result<Term, QueryError> {
    let refuse = |message: String| Err(resolver.refuse("MALFORMED_QUERY", item.span(), &message));
    if let Operand::Call(call) = item
        && holds_aggregate(call)
    {
        return refuse(format!("unexpected token: '{}'", call.function.text));
    }
    let term = resolver.term(item)?;
    if term.is_distance() || (!term.is_date_part() && !term.facts.groupable) {
        return refuse(format!("field '{}' can not be grouped in a query call", term.path.field.name));
    }
    Ok(term)
}

/// Returns which keys each level of subtotals rolls up.
fn levels(kind: GroupKind, keys: usize) -> Vec<u32> {
    let all = (1_u32 << keys.min(31)) - 1;
    match kind {
        GroupKind::Plain => vec![0],
        GroupKind::Rollup => (0..=keys).map(|kept| all & !((1_u32 << kept) - 1)).collect(),
        GroupKind::Cube => (0..=all).collect(),
    }
}

/// Returns whether a call is an aggregate or holds one.
pub(super) fn holds_aggregate(call: &Call) -> bool {
    AggregateKind::of(&call.function.text).is_some()
        || call.function.is("GROUPING")
        || call.arguments.iter().any(|argument| matches!(argument, Argument::Call(inner) if holds_aggregate(inner)))
}
