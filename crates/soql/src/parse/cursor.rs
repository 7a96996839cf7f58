//! Moves over the tokens, and goes on after a mistake.

use super::{DEEPEST_TEXT, Failed, Parsed, Parser};
use crate::{
    diagnostic::{Diagnostic, Span, excerpt},
    token::{Token, TokenKind},
};

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Token {
        self.ahead(0)
    }

    /// Returns the token `count` tokens ahead; behind the last one there are only ends.
    pub(super) fn ahead(&self, count: usize) -> Token {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        let last = self.tokens.len() - 1;
        self.tokens[last.min(self.position + count)]
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        self.position = (self.position + 1).min(self.tokens.len() - 1);
        token
    }

    /// Returns the text of `token` as typed.
    pub(super) fn text_of(&self, token: Token) -> &'a str {
        self.text.get(token.span.start..token.span.end).unwrap_or_default()
    }

    /// Returns the word `count` tokens ahead, or nothing if that is no word.
    pub(super) fn word(&self, count: usize) -> &'a str {
        let token = self.ahead(count);
        if token.kind == TokenKind::Word { self.text_of(token) } else { "" }
    }

    pub(super) fn previous(&self) -> Option<Token> {
        self.position.checked_sub(1).map(|index| self.tokens[index])
    }

    pub(super) fn previous_word(&self) -> Option<&'a str> {
        self.previous().filter(|token| token.kind == TokenKind::Word).map(|token| self.text_of(token))
    }

    /// Returns the span from `start` to the last token that was read.
    pub(super) fn since(&self, start: Span) -> Span {
        start.to(self.previous().map_or(start, |token| token.span))
    }

    pub(super) fn at(&self, kind: TokenKind) -> bool {
        self.peek().kind == kind
    }

    pub(super) fn at_word(&self, count: usize, keyword: &str) -> bool {
        self.word(count).eq_ignore_ascii_case(keyword)
    }

    pub(super) fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn eat_word(&mut self, keyword: &str) -> bool {
        let found = self.at_word(0, keyword);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect_word(&mut self, keyword: &str) -> Parsed<()> {
        if self.eat_word(keyword) { Ok(()) } else { Err(self.expected(&format!("`{keyword}`"))) }
    }

    pub(super) fn expect_sign(&mut self, kind: TokenKind, sign: &str) -> Parsed<()> {
        if self.eat(kind) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    /// Reads one or more items with commas between them.
    pub(super) fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(TokenKind::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Reads what `inner` reads in parentheses. After a mistake, goes on behind the closing one.
    pub(super) fn parenthesised<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let opener = self.position;
        self.expect_sign(TokenKind::Open, "(")?;
        let closer = self.closers[opener];
        let open = self.tokens[opener].span;
        let content = self.deeper(1, open, inner);
        match (&content, closer) {
            (Ok(_), _) if self.eat(TokenKind::Close) => return content,
            (Ok(_), None) => self.complain("`(` is not closed", open, "add `)`"),
            (Ok(_), Some(_)) => {
                self.expected("`)`");
            }
            (Err(Failed), _) => {}
        }
        self.position = closer.map_or(self.position, |closer| self.position.max(closer + 1));
        Err(Failed)
    }

    /// Reads what `inner` reads, some levels deeper; gives the query up when that is too deep.
    pub(super) fn deeper<T>(
        &mut self,
        levels: usize,
        place: Span,
        inner: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        if self.depth + levels > DEEPEST_TEXT {
            self.complain_of_depth(place);
            self.report.close();
            self.position = self.tokens.len() - 1;
            return Err(Failed);
        }
        self.depth += levels;
        let content = inner(self);
        self.depth -= levels;
        content
    }

    /// Skips to `stop`, to the next clause or to the end of the group or the query. Gives up after many mistakes.
    pub(super) fn skip_to(&mut self, stop: impl Fn(&Self) -> bool) {
        if self.report.is_full() {
            self.position = self.tokens.len() - 1;
        }
        while !self.at(TokenKind::End) && !self.at(TokenKind::Close) && self.clause_ahead().is_none() && !stop(self) {
            self.skip_one();
        }
    }

    /// Skips one token, or a whole group.
    pub(super) fn skip_one(&mut self) {
        match self.closers[self.position] {
            Some(closer) => self.position = closer + 1,
            None => {
                self.next();
            }
        }
    }

    /// Reports that `what` does not stand here.
    pub(super) fn expected(&mut self, what: &str) -> Failed {
        let follows_comma = self.previous().is_some_and(|token| token.kind == TokenKind::Comma);
        let ends_list = matches!(self.peek().kind, TokenKind::End | TokenKind::Close) || self.clause_ahead().is_some();
        let suggestion = (follows_comma && ends_list).then(|| "leave out the comma before it".to_owned());
        self.expected_with(what, suggestion)
    }

    /// As [`Parser::expected`], with a suggestion that fits the place.
    pub(super) fn expected_with(&mut self, what: &str, suggestion: Option<String>) -> Failed {
        let suggestion = suggestion.or_else(|| self.advice(what));
        self.refuse_quotes(what);
        let found = self.peek();
        let message = match found.kind {
            TokenKind::Invalid => return Failed,
            TokenKind::End => format!("expected {what}, but the query ends"),
            _ => format!("expected {what}, found `{}`", excerpt(self.text_of(found))),
        };
        self.report.add(Diagnostic { suggestion, ..Diagnostic::error(message, found.span) });
        Failed
    }

    /// Reports `message` for a mistake whose meaning is clear, so that reading goes on.
    pub(super) fn complain(&mut self, message: impl Into<String>, span: Span, suggestion: impl Into<String>) {
        self.report.add(Diagnostic::error(message, span).suggest(suggestion));
    }
}
