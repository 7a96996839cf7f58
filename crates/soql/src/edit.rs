//! Edits on the tree, and conditions built without text.
//!
//! An edit keeps everything it does not change, with its spans, and its result always parses, unless it exceeds the
//! limits of length and depth. Which condition or limit is right is for the caller to decide.

use crate::{
    ast::{Comparison, Condition, Count, Literal, LiteralKind, Operand, Operator, Path, Query, SelectItem, Value},
    diagnostic::Span,
    error::Malformed,
    token,
};

impl Query {
    /// Requires `condition` as well: the result means the old query AND `condition`.
    pub fn add_condition(&mut self, condition: Condition) {
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

    /// Selects `fields` instead of what was selected. Does nothing when `fields` is empty.
    pub fn replace_select(&mut self, fields: Vec<Path>) {
        if !fields.is_empty() {
            self.select = fields.into_iter().map(|path| SelectItem::Field { path, alias: None }).collect();
        }
    }

    /// Drops ORDER BY.
    pub fn drop_order_by(&mut self) {
        self.order_by.clear();
    }
}

impl Condition {
    /// Builds `path operator value`. With an operator that takes a list, the list holds this one value.
    #[must_use]
    pub fn compare(path: Path, operator: Operator, value: LiteralKind) -> Self {
        let literal = Literal { kind: value, span: Span::default() };
        let right = if operator.takes_list() { Value::List(vec![literal]) } else { Value::Literal(literal) };
        Self::Comparison(Comparison { left: Operand::Path(path), operator, right, span: Span::default() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn recent() -> Condition {
        let start = LiteralKind::date_time("2024-05-01T00:00:00Z").unwrap();
        Condition::compare(Path::of("SystemModstamp").unwrap(), Operator::Ge, start)
    }

    /// Applies `edit` to `typed` and returns the result as printed, which has to parse to the edited tree.
    fn edited(typed: &str, edit: impl FnOnce(&mut Query)) -> String {
        let mut query = parse(typed).unwrap();
        edit(&mut query);
        let printed = query.to_string();
        assert_eq!(parse(&printed).unwrap(), query);
        printed
    }

    #[test]
    fn an_added_condition_stands_beside_the_old_one_as_a_whole() {
        let cases = [
            ("", "SystemModstamp >= 2024-05-01T00:00:00Z"),
            ("WHERE a = 1", "a = 1 AND SystemModstamp >= 2024-05-01T00:00:00Z"),
            ("WHERE a = 1 AND b = 2", "a = 1 AND b = 2 AND SystemModstamp >= 2024-05-01T00:00:00Z"),
            ("WHERE a = 1 OR b = 2", "(a = 1 OR b = 2) AND SystemModstamp >= 2024-05-01T00:00:00Z"),
            ("WHERE NOT a = 1", "(NOT a = 1) AND SystemModstamp >= 2024-05-01T00:00:00Z"),
        ];

        for (old, new) in cases {
            let printed = edited(&format!("SELECT Id FROM A {old} LIMIT 5"), |query| query.add_condition(recent()));
            assert_eq!(printed, format!("SELECT Id FROM A WHERE {new} LIMIT 5"));
        }
    }

    #[test]
    fn only_the_condition_of_the_query_itself_changes() {
        let typed = "SELECT Id, (SELECT Id FROM Kids WHERE a = 'WHERE x') FROM A ORDER BY Credit_Limit__c";

        let printed = edited(typed, |query| query.add_condition(recent()));

        assert_eq!(
            printed,
            "SELECT Id, (SELECT Id FROM Kids WHERE a = 'WHERE x') FROM A \
             WHERE SystemModstamp >= 2024-05-01T00:00:00Z ORDER BY Credit_Limit__c"
        );
    }

    #[test]
    fn a_limit_is_set_to_any_value_and_lowered_only_downwards() {
        let set = |old: &str, edit: fn(&mut Query)| edited(&format!("SELECT Id FROM A{old} OFFSET 1"), edit);

        assert_eq!(set("", |query| query.set_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
        assert_eq!(set(" LIMIT 5", |query| query.set_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
        assert_eq!(set("", |query| query.lower_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
        assert_eq!(set(" LIMIT 5", |query| query.lower_limit(7)), "SELECT Id FROM A LIMIT 5 OFFSET 1");
        assert_eq!(set(" LIMIT 9", |query| query.lower_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
    }

    #[test]
    fn the_select_list_and_the_order_are_replaced_as_a_whole() {
        let typed = "SELECT COUNT(Id) n, (SELECT Id FROM Kids) FROM A WHERE b = 1 ORDER BY c DESC, d LIMIT 5";

        let printed = edited(typed, |query| {
            query.replace_select(vec![Path::of("Id").unwrap(), Path::of("Owner.Name").unwrap()]);
            query.drop_order_by();
        });

        assert_eq!(printed, "SELECT Id, Owner.Name FROM A WHERE b = 1 LIMIT 5");
    }

    #[test]
    fn an_empty_select_list_is_not_taken() {
        assert_eq!(edited("SELECT Id FROM A", |query| query.replace_select(Vec::new())), "SELECT Id FROM A");
    }

    #[test]
    fn conditions_are_built_without_text() {
        let equals = |value: &str| Condition::compare(Path::of("a").unwrap(), Operator::Eq, LiteralKind::string(value));
        let like = Condition::compare(Path::of("a").unwrap(), Operator::Like, LiteralKind::string(r"100\% \o/ '%"));
        let list = Condition::compare(Path::of("a.b").unwrap(), Operator::NotIn, LiteralKind::string("x"));

        assert_eq!(equals(r"o'neil \ % OR 1=1").to_string(), r"a = 'o\'neil \\ % OR 1=1'");
        assert_eq!(like.to_string(), r"a LIKE '100\% \\o/ \'%'");
        assert_eq!(list.to_string(), "a.b NOT IN ('x')");
        assert_eq!(Condition::all([]), None);
        assert_eq!(Condition::any([equals("x")]), Some(equals("x")));
        let nested =
            Condition::all([Condition::any([equals("x"), equals("y")]).unwrap(), equals("z").negate()]).unwrap();
        assert_eq!(nested.to_string(), "(a = 'x' OR a = 'y') AND (NOT a = 'z')");
    }

    #[test]
    fn what_is_no_path_or_date_is_refused() {
        for text in ["", "a.", ".a", "a b", "a)", "_a", "1a", "é", "From", "a..b"] {
            assert!(Path::of(text).is_err(), "{text}");
        }
        assert!(LiteralKind::date("2024-05-31T10:00:00Z").is_err());
        assert!(LiteralKind::date_time("2024-05-31").is_err());
        let error = LiteralKind::date("2024-05-31 OR\n1=1").unwrap_err();
        assert_eq!(error.to_string(), "could not use `2024-05-31 OR1=1` as a date in SOQL");
        assert_eq!(error.hint().as_deref(), Some("write it as year, month and day, such as `2024-05-31`"));
    }

    #[test]
    fn any_word_may_head_a_longer_path() {
        assert_eq!(Path::of("Group.Name").unwrap().to_string(), "Group.Name");
    }
}
