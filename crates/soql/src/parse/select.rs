//! The SELECT list.

use super::{Failed, Parsed, Parser};
use crate::{
    ast::{Name, SelectItem, TypeOf, TypeOfBranch},
    diagnostic::{Diagnostic, excerpt},
    function::{self, Place},
    spelling::nearest,
    token::TokenKind,
};

impl Parser<'_> {
    pub(super) fn select_keyword(&mut self) -> Parsed<()> {
        if self.eat_word("SELECT") {
            return Ok(());
        }
        if self.word(0).to_ascii_uppercase().starts_with("SELECT") {
            return Err(self.expected_with("`SELECT`", Some("put a blank after `SELECT`".to_owned())));
        }
        if nearest(self.word(0), ["SELECT"]).is_none() {
            let suggestion = self.foreign_statement();
            if suggestion.is_some() {
                self.report.clear();
            }
            return Err(self.expected_with("`SELECT`", suggestion));
        }
        let span = self.next().span;
        self.misspelt(span, "SELECT");
        Ok(())
    }

    /// Reads the list. An entry that cannot be read is skipped up to the next comma.
    pub(super) fn select_list(&mut self) -> Vec<SelectItem> {
        let mut items = Vec::new();
        self.skip_foreign_head();
        loop {
            match self.select_item() {
                Ok(item) => items.push(item),
                Err(Failed) => self.skip_to(|parser| parser.at(TokenKind::Comma)),
            }
            if !self.eat(TokenKind::Comma) && !self.complain_of_missing_comma() {
                break;
            }
        }
        self.check_bare_count(&items);
        items
    }

    /// Returns whether the next entry follows without a comma.
    fn complain_of_missing_comma(&mut self) -> bool {
        let is_missing = (self.at_field() || self.at(TokenKind::Open)) && !self.follows_misspelt_from();
        if is_missing {
            let next = self.peek();
            let word = excerpt(self.text_of(next));
            let message = format!("expected `,` or `FROM`, found `{word}`");
            self.complain(message, next.span, format!("put a comma before `{word}`"));
        }
        is_missing
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        self.refuse_case()?;
        let start = self.peek().span;
        if self.at(TokenKind::Open) {
            let query = self.parenthesised(Self::subquery)?;
            let span = self.since(start);
            Ok(SelectItem::Subquery { query, alias: self.column_alias(), span })
        } else if self.at_word(0, "TYPEOF") && self.ahead(1).kind == TokenKind::Word && !self.at_word(1, "FROM") {
            self.type_of().map(SelectItem::TypeOf)
        } else if self.at_call() {
            let call = self.call(Place::Select)?;
            Ok(SelectItem::Call { call, alias: self.column_alias() })
        } else {
            let path = self.field()?;
            Ok(SelectItem::Field { path, alias: self.column_alias() })
        }
    }

    fn column_alias(&mut self) -> Option<Name> {
        if self.at_word(0, "AS") && self.ahead(1).kind == TokenKind::Word && !self.at_word(1, "FROM") {
            let span = self.next().span;
            self.complain("`AS` does not stand in a SELECT list", span, "leave it out: the alias follows the field");
        }
        self.alias()
    }

    fn type_of(&mut self) -> Parsed<TypeOf> {
        let start = self.next().span;
        let relationship = self.field()?;
        let mut branches = Vec::new();
        while self.eat_word("WHEN") {
            let object = self.any_name("an object")?;
            self.expect_word("THEN")?;
            branches.push(TypeOfBranch { object, fields: self.comma_separated(Self::field)? });
        }
        if branches.is_empty() {
            return Err(self.expected("`WHEN`"));
        }
        let otherwise = if self.eat_word("ELSE") { self.comma_separated(Self::field)? } else { Vec::new() };
        self.expect_word("END")?;
        Ok(TypeOf { relationship, branches, otherwise, span: self.since(start) })
    }

    /// `COUNT()` counts the records of the whole query and stands alone.
    fn check_bare_count(&mut self, items: &[SelectItem]) {
        let bare =
            items.iter().find(|item| matches!(item, SelectItem::Call { call, .. } if function::is_bare_count(call)));
        if let (Some(bare), true) = (bare, items.len() > 1) {
            let diagnostic = Diagnostic::error("`COUNT()` does not stand beside other fields", bare.span());
            self.report.add(diagnostic.suggest("write `COUNT(Id)`"));
        }
    }
}
