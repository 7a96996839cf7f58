//! What may stand beside aggregates and GROUP BY.

use std::collections::HashSet;

use crate::{
    ast::{Argument, Call, GroupBy, GroupKind, Operand, Path, Query, SelectItem},
    diagnostic::{Diagnostic, Span, excerpt},
    function,
};

pub(super) fn refusals(query: &Query) -> Vec<Diagnostic> {
    let mut found = if query.is_aggregate() { with_groups(query) } else { without_groups(query) };
    found.extend(query.select.iter().filter_map(aggregates_of_children));
    found
}

/// "Only root queries support aggregate expressions."
fn aggregates_of_children(item: &SelectItem) -> Option<Diagnostic> {
    let SelectItem::Subquery { query, .. } = item else { return None };
    let call = query.calls().find(|call| function::is_aggregate(call)).map(|call| call.span);
    let span = call.or_else(|| query.group_by.as_ref().map(|group_by| group_by.span))?;
    let diagnostic = Diagnostic::error("a child subquery takes neither aggregates nor GROUP BY", span);
    Some(diagnostic.suggest("query the children on their own"))
}

/// What stands beside aggregates.
fn with_groups(query: &Query) -> Vec<Diagnostic> {
    let bare_count = query.calls().find(|call| function::is_bare_count(call));
    if let (Some(call), None) = (bare_count, &query.group_by) {
        return beside_bare_count(query, call);
    }
    let groups = Groups::of(query);
    let mut found: Vec<Diagnostic> = query.select.iter().filter_map(|item| groups.refuse_item(item)).collect();
    found.extend(bare_count.map(|call| {
        let diagnostic = Diagnostic::error("`COUNT()` does not stand with GROUP BY", call.span);
        diagnostic.suggest("write `COUNT(Id)`")
    }));
    found.extend(query.order_by.iter().filter_map(|item| groups.refuse(&item.operand)));
    let having = query.having.iter().flat_map(|having| having.comparisons());
    found.extend(having.filter_map(|comparison| groups.refuse(&comparison.left)));
    match &query.group_by {
        Some(group_by) => {
            found.extend(too_many_subtotals(group_by).into_iter().chain(subtotals_among_fields(group_by)))
        }
        None => {
            found.extend(having_without_groups(query));
            found.extend(query.limit.map(|limit| {
                let message = "LIMIT stands with aggregate functions only if there is GROUP BY";
                Diagnostic::error(message, limit.span).suggest("leave it out: the result is one row")
            }));
        }
    }
    found
}

/// Aggregates in WHERE, and what makes sense of groups only.
fn without_groups(query: &Query) -> Vec<Diagnostic> {
    let aggregate = |operand: &Operand| match operand {
        Operand::Call(call) if function::is_aggregate(call) => {
            Some((format!("`{}`", excerpt(&call.to_string())), call.span))
        }
        _ => None,
    };
    let filtered = query.filter.iter().flat_map(|filter| filter.comparisons());
    let in_where = filtered.filter_map(|comparison| aggregate(&comparison.left)).map(|(call, span)| {
        let diagnostic = Diagnostic::error(format!("{call} does not stand in WHERE"), span);
        diagnostic.suggest("group by a field and move the condition to HAVING")
    });
    let ordered = query.order_by.iter().filter_map(|item| aggregate(&item.operand)).map(|(call, span)| {
        let diagnostic = Diagnostic::error(format!("{call} does not stand in ORDER BY without GROUP BY"), span);
        diagnostic.suggest("group by a field")
    });
    let parts = query.calls().filter(|call| function::is_date_part(call)).map(|call| {
        let message = format!("`{}` is selected without GROUP BY", excerpt(&call.to_string()));
        Diagnostic::error(message, call.span).suggest("select the field itself, or group by the function too")
    });
    in_where.chain(ordered).chain(parts).chain(having_without_groups(query)).collect()
}

fn having_without_groups(query: &Query) -> Option<Diagnostic> {
    query.having.as_ref().map(|having| {
        let diagnostic = Diagnostic::error("HAVING stands without GROUP BY", having.span());
        diagnostic.suggest("add GROUP BY, or move the condition to WHERE")
    })
}

/// `COUNT()` gives one number and no row, so nothing can be said about rows.
fn beside_bare_count(query: &Query, call: &Call) -> Vec<Diagnostic> {
    let ordered = query.order_by.first().map(|item| item.operand.span());
    let refuse = |span: Span| {
        let diagnostic = Diagnostic::error("ORDER BY does not stand with `COUNT()`", span);
        diagnostic.suggest("leave it out")
    };
    let having = query.having.as_ref().map(|_| {
        let diagnostic = Diagnostic::error("`COUNT()` does not stand with HAVING", call.span);
        diagnostic.suggest("write `COUNT(Id)` and group by a field")
    });
    ordered.map(refuse).into_iter().chain(having).collect()
}

fn too_many_subtotals(group_by: &GroupBy) -> Option<Diagnostic> {
    const MOST: usize = 3;
    (group_by.kind != GroupKind::Plain && group_by.items.len() > MOST).then(|| {
        let message = format!("ROLLUP and CUBE take {MOST} fields at most");
        Diagnostic::error(message, group_by.span).suggest("group by fewer fields")
    })
}

/// Subtotals are of all that a query groups by, and not of one field among others.
fn subtotals_among_fields(group_by: &GroupBy) -> Option<Diagnostic> {
    let is_subtotal = |call: &&Call| call.function.is("ROLLUP") || call.function.is("CUBE");
    let calls = group_by.items.iter().filter_map(|item| match item {
        Operand::Call(call) => Some(call),
        Operand::Path(_) => None,
    });
    calls.into_iter().find(is_subtotal).map(|call| {
        let name = call.function.text.to_ascii_uppercase();
        let diagnostic = Diagnostic::error(format!("`{name}` stands among the fields of GROUP BY"), call.span);
        diagnostic.suggest(format!("put all of them into it, such as `GROUP BY {name}(a, b)`"))
    })
}

/// What a query groups by, in a form in which equal things have equal texts.
struct Groups<'a> {
    query: &'a Query,
    grouped: HashSet<String>,
    /// The names of columns; whether Salesforce takes them for their columns is not known for every clause.
    aliases: HashSet<String>,
}

impl<'a> Groups<'a> {
    fn of(query: &'a Query) -> Self {
        let items = query.group_by.iter().flat_map(|group_by| &group_by.items);
        let grouped = items.map(|item| match item {
            Operand::Path(path) => path_text(query, path),
            Operand::Call(call) => call_text(query, call),
        });
        let alias = |item: &SelectItem| match item {
            SelectItem::Field { alias, .. } | SelectItem::Call { alias, .. } | SelectItem::Subquery { alias, .. } => {
                alias.as_ref().map(|alias| alias.text.to_ascii_lowercase())
            }
            SelectItem::TypeOf(_) => None,
        };
        Self { query, grouped: grouped.collect(), aliases: query.select.iter().filter_map(alias).collect() }
    }

    fn refuse_item(&self, item: &SelectItem) -> Option<Diagnostic> {
        match item {
            SelectItem::Field { path, .. } => self.refuse_path(path),
            SelectItem::Call { call, .. } if call.function.is("FIELDS") => {
                let diagnostic = Diagnostic::error("`FIELDS` does not stand beside aggregates", call.span);
                Some(diagnostic.suggest("name the fields that are grouped by"))
            }
            SelectItem::Call { call, .. } => self.refuse_call(call),
            SelectItem::Subquery { span, .. } => {
                let diagnostic = Diagnostic::error("a child subquery does not stand beside aggregates", *span);
                Some(diagnostic.suggest("query the children on their own"))
            }
            SelectItem::TypeOf(type_of) => {
                let diagnostic = Diagnostic::error("TYPEOF does not stand beside aggregates", type_of.span);
                Some(diagnostic.suggest("group by the fields instead"))
            }
        }
    }

    fn refuse(&self, operand: &Operand) -> Option<Diagnostic> {
        match operand {
            Operand::Path(path) if self.aliases.contains(&path.to_string().to_ascii_lowercase()) => None,
            Operand::Path(path) => self.refuse_path(path),
            Operand::Call(call) => self.refuse_call(call),
        }
    }

    fn refuse_path(&self, path: &Path) -> Option<Diagnostic> {
        (!self.has_path(path)).then(|| neither(&path.to_string(), path.span()))
    }

    /// A function is right when it aggregates, is grouped by itself, or is made of a field that is.
    fn refuse_call(&self, call: &Call) -> Option<Diagnostic> {
        let is_right = function::is_aggregate(call)
            || call.function.is("GROUPING")
            || self.grouped.contains(&call_text(self.query, call))
            || fields(call).iter().all(|path| self.has_path(path));
        (!is_right).then(|| neither(&call.to_string(), call.span))
    }

    fn has_path(&self, path: &Path) -> bool {
        self.grouped.contains(&path_text(self.query, path))
    }
}

fn neither(what: &str, span: Span) -> Diagnostic {
    let what = excerpt(what);
    let diagnostic = Diagnostic::error(format!("`{what}` is neither grouped by nor aggregated"), span);
    diagnostic.suggest(format!("add it to GROUP BY, or write `MAX({what})`"))
}

fn path_text(query: &Query, path: &Path) -> String {
    query.field_path(path).join(".").to_ascii_lowercase()
}

fn call_text(query: &Query, call: &Call) -> String {
    let argument = |argument: &Argument| match argument {
        Argument::Path(path) => path_text(query, path),
        Argument::Call(inner) => call_text(query, inner),
        Argument::Literal(literal) => literal.to_string(),
    };
    let arguments: Vec<String> = call.arguments.iter().map(argument).collect();
    format!("{}({})", call.function.text.to_ascii_lowercase(), arguments.join(", "))
}

/// The fields in a call, at any depth.
fn fields(call: &Call) -> Vec<&Path> {
    let mut found = Vec::new();
    for argument in &call.arguments {
        match argument {
            Argument::Path(path) => found.push(path),
            Argument::Call(inner) => found.extend(fields(inner)),
            Argument::Literal(_) => {}
        }
    }
    found
}
