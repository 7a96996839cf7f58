//! Prints trees as SOQL, on one line.
//!
//! Keywords are upper case, names and numbers as the user wrote them, and parentheses stand exactly where the tree
//! needs them. What is printed parses to the same tree again.

use std::fmt::{self, Display, Formatter, Result, Write as _};

use crate::ast::{
    Argument, Binding, Call, CategoryFilter, CategorySelector, Comparison, Condition, DateLiteral, Direction, ForKind,
    GroupBy, GroupKind, Literal, LiteralKind, Name, Nulls, Operand, Operator, OrderItem, Path, Period, Query, Scope,
    SelectItem, Source, TypeOf, UpdateKind, Value, With, WithKind,
};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "SELECT {} FROM {}", list(&self.select), list(&self.from))?;
        clause(f, "", self.scope.as_ref())?;
        clause(f, "WHERE ", self.filter.as_ref())?;
        self.with.iter().try_for_each(|with| clause(f, "WITH ", Some(with)))?;
        clause(f, "GROUP BY ", self.group_by.as_ref())?;
        clause(f, "HAVING ", self.having.as_ref())?;
        clause(f, "ORDER BY ", (!self.order_by.is_empty()).then(|| list(&self.order_by)))?;
        clause(f, "LIMIT ", self.limit.map(|limit| limit.value))?;
        clause(f, "OFFSET ", self.offset.map(|offset| offset.value))?;
        clause(f, "ALL ROWS", self.all_rows.map(|_| ""))?;
        self.for_clauses.iter().try_for_each(|each| clause(f, "FOR ", Some(each.kind)))?;
        let updates: Vec<UpdateKind> = self.update.iter().map(|update| update.kind).collect();
        clause(f, "UPDATE ", (!updates.is_empty()).then(|| list(&updates)))
    }
}

fn clause(f: &mut Formatter<'_>, keyword: &str, content: Option<impl Display>) -> Result {
    content.map_or(Ok(()), |content| write!(f, " {keyword}{content}"))
}

/// Shows `items` with commas between them.
fn list<T: Display>(items: &[T]) -> impl Display {
    fmt::from_fn(move |f| separated(f, ", ", items, |f, item| item.fmt(f)))
}

fn separated<T>(
    f: &mut Formatter<'_>,
    separator: &str,
    items: &[T],
    show: impl Fn(&mut Formatter<'_>, &T) -> Result,
) -> Result {
    items.iter().enumerate().try_for_each(|(index, item)| {
        if index > 0 {
            f.write_str(separator)?;
        }
        show(f, item)
    })
}

fn aliased(f: &mut Formatter<'_>, alias: Option<&Name>) -> Result {
    alias.map_or(Ok(()), |alias| write!(f, " {alias}"))
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.text)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        separated(f, ".", &self.segments, |f, segment| segment.fmt(f))
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.path.fmt(f)?;
        aliased(f, self.alias.as_ref())
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Field { path, alias } => {
                path.fmt(f)?;
                aliased(f, alias.as_ref())
            }
            Self::Call { call, alias } => {
                call.fmt(f)?;
                aliased(f, alias.as_ref())
            }
            Self::Subquery { query, alias, .. } => {
                write!(f, "({query})")?;
                aliased(f, alias.as_ref())
            }
            Self::TypeOf(type_of) => type_of.fmt(f),
        }
    }
}

impl Display for TypeOf {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "TYPEOF {}", self.relationship)?;
        for branch in &self.branches {
            write!(f, " WHEN {} THEN {}", branch.object, list(&branch.fields))?;
        }
        clause(f, "ELSE ", (!self.otherwise.is_empty()).then(|| list(&self.otherwise)))?;
        f.write_str(" END")
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}({})", self.function, list(&self.arguments))
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Call(call) => call.fmt(f),
            Self::Literal(literal) => literal.fmt(f),
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl Display for Scope {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Named(name) => write!(f, "USING SCOPE {name}"),
            Self::Lookup { field, bindings } => {
                write!(f, "USING LOOKUP {field}")?;
                clause(f, "BIND ", (!bindings.is_empty()).then(|| list(bindings)))
            }
        }
    }
}

impl Display for Binding {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} = {}", self.name, self.value)
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(operands) => separated(f, " AND ", operands, |f, operand| operand.fmt_operand(f)),
            Self::Or(operands) => separated(f, " OR ", operands, |f, operand| operand.fmt_operand(f)),
            Self::Not(operand) => {
                f.write_str("NOT ")?;
                operand.fmt_operand(f)
            }
            Self::Comparison(comparison) => comparison.fmt(f),
        }
    }
}

impl Condition {
    fn fmt_operand(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Comparison(comparison) => comparison.fmt(f),
            _ => write!(f, "({self})"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {} ", self.left, self.operator)?;
        match &self.right {
            Value::Literal(Literal { kind: LiteralKind::String(pattern), .. }) if self.operator == Operator::Like => {
                fmt_pattern(f, pattern)
            }
            Value::Literal(literal) => literal.fmt(f),
            Value::List(literals) => write!(f, "({})", list(literals)),
            Value::Subquery(query) => write!(f, "({query})"),
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Like => "LIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::Includes => "INCLUDES",
            Self::Excludes => "EXCLUDES",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.kind.fmt(f)
    }
}

impl Display for LiteralKind {
    /// Shows a string as plain text; only [`Comparison`] knows whether it is a pattern.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::String(text) => fmt_string(f, text),
            Self::Boolean(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Self::Null => f.write_str("NULL"),
            Self::Number(text) | Self::Date(text) | Self::DateTime(text) | Self::Time(text) => f.write_str(text),
            Self::Currency { iso, amount } => write!(f, "{iso}{amount}"),
            Self::DateLiteral(literal) => literal.fmt(f),
        }
    }
}

fn fmt_string(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('\'')?;
    text.chars().try_for_each(|next| fmt_character(f, next))?;
    f.write_char('\'')
}

/// As [`fmt_string`], except that `\%`, `\_` and `\\` are escapes of the pattern already.
fn fmt_pattern(f: &mut Formatter<'_>, pattern: &str) -> Result {
    f.write_char('\'')?;
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        match rest.next_if(|escaped| next == '\\' && matches!(escaped, '%' | '_' | '\\')) {
            Some(escaped) => write!(f, "\\{escaped}")?,
            None => fmt_character(f, next)?,
        }
    }
    f.write_char('\'')
}

fn fmt_character(f: &mut Formatter<'_>, character: char) -> Result {
    match character {
        '\'' => f.write_str("\\'"),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\u{8}' => f.write_str("\\b"),
        '\u{c}' => f.write_str("\\f"),
        control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control)),
        other => f.write_char(other),
    }
}

impl Display for DateLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Last(Period::Day) => f.write_str("YESTERDAY"),
            Self::This(Period::Day) => f.write_str("TODAY"),
            Self::Next(Period::Day) => f.write_str("TOMORROW"),
            Self::Last(period) => write!(f, "LAST_{period}"),
            Self::This(period) => write!(f, "THIS_{period}"),
            Self::Next(period) => write!(f, "NEXT_{period}"),
            Self::Last90Days => f.write_str("LAST_90_DAYS"),
            Self::Next90Days => f.write_str("NEXT_90_DAYS"),
            Self::LastN(period, count) => write!(f, "LAST_N_{period}S:{count}"),
            Self::NextN(period, count) => write!(f, "NEXT_N_{period}S:{count}"),
            Self::Ago(period, count) => write!(f, "N_{period}S_AGO:{count}"),
        }
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.name())
    }
}

impl Display for With {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            WithKind::SecurityEnforced => f.write_str("SECURITY_ENFORCED"),
            WithKind::UserMode => f.write_str("USER_MODE"),
            WithKind::SystemMode => f.write_str("SYSTEM_MODE"),
            WithKind::DataCategory(filters) => {
                f.write_str("DATA CATEGORY ")?;
                separated(f, " AND ", filters, |f, filter| filter.fmt(f))
            }
            WithKind::RecordVisibilityContext(settings) if settings.is_empty() => {
                f.write_str("RecordVisibilityContext")
            }
            WithKind::RecordVisibilityContext(settings) => write!(f, "RecordVisibilityContext ({})", list(settings)),
            WithKind::Condition(condition) => condition.fmt(f),
        }
    }
}

impl Display for CategoryFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {} ", self.group, self.selector)?;
        match self.categories.as_slice() {
            [only] => only.fmt(f),
            several => write!(f, "({})", list(several)),
        }
    }
}

impl Display for CategorySelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::At => "AT",
            Self::Above => "ABOVE",
            Self::Below => "BELOW",
            Self::AboveOrBelow => "ABOVE_OR_BELOW",
        })
    }
}

impl Display for GroupBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.kind {
            GroupKind::Plain => list(&self.items).fmt(f),
            GroupKind::Rollup => write!(f, "ROLLUP({})", list(&self.items)),
            GroupKind::Cube => write!(f, "CUBE({})", list(&self.items)),
        }
    }
}

impl Display for OrderItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.operand.fmt(f)?;
        f.write_str(match self.direction {
            None => "",
            Some(Direction::Ascending) => " ASC",
            Some(Direction::Descending) => " DESC",
        })?;
        f.write_str(match self.nulls {
            None => "",
            Some(Nulls::First) => " NULLS FIRST",
            Some(Nulls::Last) => " NULLS LAST",
        })
    }
}

impl Display for ForKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::View => "VIEW",
            Self::Reference => "REFERENCE",
            Self::Update => "UPDATE",
        })
    }
}

impl Display for UpdateKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Tracking => "TRACKING",
            Self::Viewstat => "VIEWSTAT",
        })
    }
}
