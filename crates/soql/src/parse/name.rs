//! Names, paths, aliases and function calls.

use super::{Failed, Parsed, Parser};
use crate::{
    ast::{Argument, Call, Name, Operand, Path},
    function::{self, Place},
    token::{Token, TokenKind, is_reserved},
};

impl Parser<'_> {
    fn name_of(&self, token: Token) -> Name {
        Name { text: self.text_of(token).to_owned(), span: token.span }
    }

    /// Reads a name in a place where no keyword can stand.
    pub(super) fn any_name(&mut self, what: &str) -> Parsed<Name> {
        if !self.at(TokenKind::Word) {
            return Err(self.expected(what));
        }
        let token = self.next();
        Ok(self.name_of(token))
    }

    /// Returns whether a field may begin here.
    pub(super) fn at_field(&self) -> bool {
        let is_head = self.ahead(1).kind == TokenKind::Dot;
        self.at(TokenKind::Word) && self.clause_ahead().is_none() && (is_head || !is_reserved(self.word(0)))
    }

    pub(super) fn field(&mut self) -> Parsed<Path> {
        if self.at_field() { self.path() } else { Err(self.expected("a field")) }
    }

    /// Reads the name of an object or of a relationship to one. `Group` is an object, though a reserved word.
    pub(super) fn object(&mut self) -> Parsed<Path> {
        let is_group = self.at_word(0, "GROUP") && self.clause_ahead().is_none();
        if is_group || self.at_field() { self.path() } else { Err(self.expected("an object")) }
    }

    fn path(&mut self) -> Parsed<Path> {
        let mut segments = vec![self.any_name("a name")?];
        while self.eat(TokenKind::Dot) {
            // `Owner. FROM Account`: a name that was left out, not one called FROM.
            let is_apart = self.previous().is_some_and(|dot| dot.span.end < self.peek().span.start);
            if is_apart && self.at_word(0, "FROM") && self.ahead(1).kind == TokenKind::Word {
                return Err(
                    self.expected_with("a name after `.`", Some("name the field, or leave the `.` out".to_owned()))
                );
            }
            segments.push(self.any_name("a name after `.`")?);
        }
        Ok(Path { segments })
    }

    /// Reads an alias if one stands here.
    pub(super) fn alias(&mut self) -> Option<Name> {
        let is_alias = self.at(TokenKind::Word) && self.clause_ahead().is_none() && !is_reserved(self.word(0));
        is_alias.then(|| {
            let token = self.next();
            self.name_of(token)
        })
    }

    pub(super) fn at_call(&self) -> bool {
        self.at(TokenKind::Word) && self.ahead(1).kind == TokenKind::Open && !is_reserved(self.word(0))
    }

    /// Reads a field or a function of one.
    pub(super) fn operand(&mut self, place: Place) -> Parsed<Operand> {
        if self.at_call() { self.call(place).map(Operand::Call) } else { self.field().map(Operand::Path) }
    }

    pub(super) fn call(&mut self, place: Place) -> Parsed<Call> {
        let function = self.any_name("a function")?;
        let inner = if function.is("DISTANCE") { Place::Distance } else { Place::Argument };
        let arguments = self.parenthesised(|parser| {
            let is_empty = parser.at(TokenKind::Close);
            if is_empty { Ok(Vec::new()) } else { parser.comma_separated(|parser| parser.argument(inner)) }
        })?;
        let call = Call { span: self.since(function.span), function, arguments };
        if let Some(misuse) = function::misuse(&call, place) {
            self.report.add(misuse);
        }
        Ok(call)
    }

    fn argument(&mut self, place: Place) -> Parsed<Argument> {
        if self.at_call() {
            self.call(place).map(Argument::Call)
        } else if self.at_word(0, "DISTINCT") && self.ahead(1).kind == TokenKind::Word {
            Err(self.distinct())
        } else if self.at(TokenKind::Word) {
            self.field().map(Argument::Path)
        } else {
            self.plain_literal("a field").map(Argument::Literal)
        }
    }

    fn distinct(&mut self) -> Failed {
        let span = self.peek().span;
        self.complain("`DISTINCT` is not part of SOQL", span, "write `COUNT_DISTINCT(field)`");
        Failed
    }
}
