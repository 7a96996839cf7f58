//! Edits on the tree, and conditions built without text.
//!
//! An edit keeps everything it does not change, with its spans, and its result always parses, unless it exceeds the
//! limits of length and depth. Which condition or limit is right is for the caller to decide.

use crate::{
    ast::{
        Argument, Call, Comparison, Condition, Count, Literal, LiteralKind, Operand, Operator, Path, Query, SelectItem,
        Value,
    },
    diagnostic::Span,
    error::Malformed,
    token,
};

impl Query {
    /// Requires `condition` as well: the result means the old query AND `condition`.
    ///
    /// Its paths start at the root object and stay so whatever aliases the query has, see [`Query::root_path`]. Of a query
    /// with a LIMIT, an OFFSET or groups it narrows the records that these are applied to, not the rows of the result.
    pub fn add_condition(&mut self, condition: Condition) {
        let condition = self.rooted(condition);
        self.filter = Condition::all(self.filter.take().into_iter().chain([condition]));
    }

    /// Sets LIMIT to `value`, whatever it was.
    pub fn set_limit(&mut self, value: u64) {
        let span = self.limit.map(|limit| limit.span).unwrap_or_default();
        self.limit = Some(Count { value, span });
    }

    /// Sets LIMIT to `value` unless it is lower already.
    pub fn lower_limit(&mut self, value: u64) {
        self.set_limit(self.limit.map_or(value, |limit| limit.value.min(value)));
    }

    /// Selects `fields`, paths from the root object, instead of what was selected. Does nothing when `fields` is empty.
    pub fn replace_select(&mut self, fields: Vec<Path>) {
        if !fields.is_empty() {
            let rooted = fields.into_iter().map(|path| self.root_path(path));
            self.select = rooted.map(|path| SelectItem::Field { path, alias: None }).collect();
        }
    }

    /// Drops ORDER BY.
    pub fn drop_order_by(&mut self) {
        self.order_by.clear();
    }

    /// Returns a path that means in this query what `path` means from the root object.
    ///
    /// A path that begins with an alias of the query or with the name of its object would be taken for a path from there:
    /// in `FROM Account Owner`, `Owner.Name` is the name of the account. It gets the root's alias or name in front:
    /// `Owner.Owner.Name`.
    #[must_use]
    pub fn root_path(&self, path: Path) -> Path {
        let Some(root) = self.from.first() else { return path };
        if self.means(&path, &path) {
            return path;
        }
        let names = root.alias.iter().chain([root.path.last()]);
        let prefixed = names.map(|name| Path { segments: [name].into_iter().chain(&path.segments).cloned().collect() });
        let found = prefixed.into_iter().find(|prefixed| self.means(prefixed, &path));
        found.unwrap_or(path)
    }

    /// Returns whether `typed` is `path` from the root object.
    fn means(&self, typed: &Path, path: &Path) -> bool {
        self.field_path(typed).into_iter().eq(path.segments.iter().map(|name| name.text.as_str()))
    }

    fn rooted(&self, condition: Condition) -> Condition {
        let all = |operands: Vec<Condition>| operands.into_iter().map(|operand| self.rooted(operand)).collect();
        match condition {
            Condition::And(operands) => Condition::And(all(operands)),
            Condition::Or(operands) => Condition::Or(all(operands)),
            Condition::Not(operand) => Condition::Not(Box::new(self.rooted(*operand))),
            Condition::Comparison(comparison) => {
                let left = match comparison.left {
                    Operand::Path(path) => Operand::Path(self.root_path(path)),
                    Operand::Call(call) => Operand::Call(self.rooted_call(call)),
                };
                Condition::Comparison(Comparison { left, ..comparison })
            }
        }
    }

    fn rooted_call(&self, call: Call) -> Call {
        let arguments = call.arguments.into_iter().map(|argument| match argument {
            Argument::Path(path) => Argument::Path(self.root_path(path)),
            Argument::Call(inner) => Argument::Call(self.rooted_call(inner)),
            literal @ Argument::Literal(_) => literal,
        });
        Call { arguments: arguments.collect(), ..call }
    }

    /// Splits the query into one for each range of `field` between `bounds`: before the first, from each up to the next,
    /// and from the last on. Ranges hold their lower bound and not their upper one, so that every record whose field has a
    /// value is in exactly one of them.
    ///
    /// `field` is a path from the root object and never null, such as `Id` or `SystemModstamp`; `bounds` ascend. `None`
    /// when the parts would not add up to the whole: with LIMIT, OFFSET, groups or aggregates.
    #[must_use]
    pub fn split(&self, field: &Path, bounds: &[LiteralKind]) -> Option<Vec<Self>> {
        if self.limit.is_some() || self.offset.is_some() || self.is_aggregate() {
            return None;
        }
        let starts = [None].into_iter().chain(bounds.iter().map(Some));
        let ends = bounds.iter().map(Some).chain([None]);
        let part = |(start, end): (Option<&LiteralKind>, Option<&LiteralKind>)| {
            let mut part = self.clone();
            if let Some(range) = Condition::range(field, start.cloned(), end.cloned()) {
                part.add_condition(range);
            }
            part
        };
        Some(starts.zip(ends).map(part).collect())
    }
}

impl Condition {
    /// Builds `path operator value`. With an operator that takes a list, the list holds this one value; a text on the right
    /// of `LIKE` is a pattern, see [`LiteralKind::String`].
    #[must_use]
    pub fn compare(path: Path, operator: Operator, value: LiteralKind) -> Self {
        let value = match value {
            LiteralKind::String(text) if operator == Operator::Like => LiteralKind::String(as_read(&text)),
            other => other,
        };
        let literal = Literal { kind: value, span: Span::default() };
        let right = if operator.takes_list() { Value::List(vec![literal]) } else { Value::Literal(literal) };
        Self::Comparison(Comparison { left: Operand::Path(path), operator, right, span: Span::default() })
    }

    /// Builds `path >= start AND path < end`; without one of them that side is open. `None` when both are.
    pub fn range(path: &Path, start: Option<LiteralKind>, end: Option<LiteralKind>) -> Option<Self> {
        let start = start.map(|start| Self::compare(path.clone(), Operator::Ge, start));
        let end = end.map(|end| Self::compare(path.clone(), Operator::Lt, end));
        Self::all(start.into_iter().chain(end))
    }

    /// Joins `conditions` with AND, taking in the operands of those that are AND themselves. `None` for none.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Option<Self> {
        let operands = conditions.into_iter().flat_map(|condition| match condition {
            Self::And(operands) => operands,
            other => vec![other],
        });
        Self::join(operands.collect(), Self::And)
    }

    /// Joins `conditions` with OR, taking in the operands of those that are OR themselves. `None` for none.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Option<Self> {
        let operands = conditions.into_iter().flat_map(|condition| match condition {
            Self::Or(operands) => operands,
            other => vec![other],
        });
        Self::join(operands.collect(), Self::Or)
    }

    /// Builds `NOT condition`.
    #[must_use]
    pub fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }

    fn join(mut operands: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Option<Self> {
        if operands.len() > 1 { Some(join(operands)) } else { operands.pop() }
    }
}

impl LiteralKind {
    /// Builds a text literal. Quotes and backslashes need no care: printing escapes them.
    ///
    /// On the right of `LIKE` the text is a pattern, see [`LiteralKind::String`].
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// Builds a date literal from `2024-05-31`.
    ///
    /// # Errors
    /// The text is not a date in that form.
    pub fn date(text: &str) -> Result<Self, Malformed> {
        match token::temporal(text) {
            Some(token::Temporal::Date) => Ok(Self::Date(text.to_owned())),
            _ => Err(Malformed::date(text)),
        }
    }

    /// Builds a datetime literal from `2024-05-31T10:00:00Z`; a fraction of a second and an offset may stand in it.
    ///
    /// # Errors
    /// The text is not a datetime in that form.
    pub fn date_time(text: &str) -> Result<Self, Malformed> {
        match token::temporal(text) {
            Some(token::Temporal::DateTime) => Ok(Self::DateTime(text.to_owned())),
            _ => Err(Malformed::date_time(text)),
        }
    }
}

/// Returns a pattern as it would be read: a `\` that stands for itself is written as an escape.
fn as_read(pattern: &str) -> String {
    let mut read = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        read.push(next);
        if next == '\\' {
            read.push(rest.next_if(|escaped| matches!(escaped, '%' | '_' | '\\')).unwrap_or('\\'));
        }
    }
    read
}

#[cfg(test)]
mod tests;
