//! How deep a tree is nested, which bounds the stack that reading, printing and walking it take.

use super::{DEEPEST, Parser, SUBQUERY_LEVELS};
use crate::{
    ast::{Argument, Call, Comparison, Condition, Operand, Query, SelectItem, Value, WithKind},
    diagnostic::Span,
};

impl Parser<'_> {
    pub(super) fn check_depth(&mut self, query: &Query) {
        if of_query(query) > DEEPEST {
            self.complain_of_depth(query.span);
        }
    }

    pub(super) fn complain_of_depth(&mut self, place: Span) {
        let message = format!("the query is nested deeper than {DEEPEST} levels");
        self.complain(message, place, "leave out parentheses that are not needed");
    }
}

fn of_query(query: &Query) -> usize {
    let selected = query.select.iter().map(|item| match item {
        SelectItem::Subquery { query, .. } => SUBQUERY_LEVELS + of_query(query),
        SelectItem::Call { call, .. } => of_call(call),
        SelectItem::Field { .. } | SelectItem::TypeOf(_) => 0,
    });
    let with = query.with.iter().filter_map(|with| match &with.kind {
        WithKind::Condition(condition) => Some(condition),
        _ => None,
    });
    let conditions = query.filter.iter().chain(&query.having).chain(with).map(of_condition);
    let grouped = query.group_by.iter().flat_map(|group_by| &group_by.items);
    let operands = grouped.chain(query.order_by.iter().map(|item| &item.operand)).map(of_operand);
    selected.chain(conditions).chain(operands).max().unwrap_or_default()
}

fn of_condition(condition: &Condition) -> usize {
    match condition {
        Condition::And(operands) | Condition::Or(operands) => {
            1 + operands.iter().map(of_condition).max().unwrap_or_default()
        }
        Condition::Not(operand) => 1 + of_condition(operand),
        Condition::Comparison(comparison) => of_comparison(comparison),
    }
}

fn of_comparison(comparison: &Comparison) -> usize {
    let right = match &comparison.right {
        Value::Subquery(query) => SUBQUERY_LEVELS + of_query(query),
        Value::Literal(_) | Value::List(_) => 0,
    };
    right.max(of_operand(&comparison.left))
}

fn of_operand(operand: &Operand) -> usize {
    match operand {
        Operand::Path(_) => 0,
        Operand::Call(call) => of_call(call),
    }
}

fn of_call(call: &Call) -> usize {
    let arguments = call.arguments.iter().map(|argument| match argument {
        Argument::Call(inner) => of_call(inner),
        Argument::Path(_) | Argument::Literal(_) => 0,
    });
    1 + arguments.max().unwrap_or_default()
}
