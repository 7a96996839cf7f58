//! The WITH clause.

use super::{Parsed, Parser};
use crate::{
    ast::{CategoryFilter, CategorySelector, With, WithKind},
    diagnostic::Span,
    function::Place,
    token::TokenKind,
};

impl Parser<'_> {
    pub(super) fn with(&mut self, start: Span) -> Parsed<With> {
        let kind = if self.eat_word("SECURITY_ENFORCED") {
            WithKind::SecurityEnforced
        } else if self.eat_word("USER_MODE") {
            WithKind::UserMode
        } else if self.eat_word("SYSTEM_MODE") {
            WithKind::SystemMode
        } else if self.at_word(0, "DATA") && self.at_word(1, "CATEGORY") {
            self.next();
            self.next();
            self.categories()?
        } else if self.at_word(0, "RecordVisibilityContext") {
            self.next();
            // All settings have a default, and without any there are no parentheses either.
            let settings = if self.at(TokenKind::Open) {
                self.parenthesised(|parser| parser.comma_separated(Self::binding))?
            } else {
                Vec::new()
            };
            WithKind::RecordVisibilityContext(settings)
        } else {
            WithKind::Condition(self.condition(Place::Clause)?)
        };
        Ok(With { kind, span: self.since(start) })
    }

    fn categories(&mut self) -> Parsed<WithKind> {
        let mut filters = vec![self.category_filter()?];
        while self.eat_word("AND") {
            filters.push(self.category_filter()?);
        }
        Ok(WithKind::DataCategory(filters))
    }

    fn category_filter(&mut self) -> Parsed<CategoryFilter> {
        let group = self.any_name("a category group")?;
        let selector = match self.word(0).to_ascii_uppercase().as_str() {
            "AT" => CategorySelector::At,
            "ABOVE" => CategorySelector::Above,
            "BELOW" => CategorySelector::Below,
            "ABOVE_OR_BELOW" => CategorySelector::AboveOrBelow,
            _ => return Err(self.expected("`AT`, `ABOVE`, `BELOW` or `ABOVE_OR_BELOW`")),
        };
        self.next();
        let name = |parser: &mut Self| parser.any_name("a category");
        let categories = if self.at(TokenKind::Open) {
            self.parenthesised(|parser| parser.comma_separated(name))?
        } else {
            vec![name(self)?]
        };
        Ok(CategoryFilter { group, selector, categories })
    }
}
