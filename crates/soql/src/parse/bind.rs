//! Bind variables: `:name` belongs to Apex and is reported, then skipped as a whole.

use super::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    /// Reports and skips `:name`, `:record.Field`, `:names.keySet()` and the like.
    pub(super) fn skip_bind(&mut self) {
        let start = self.next().span;
        if self.at(TokenKind::Open) || !self.ends_value() {
            self.skip_one();
        }
        while self.at(TokenKind::Dot) || self.at(TokenKind::Open) {
            self.skip_one();
            if self.at(TokenKind::Word) && self.previous().is_some_and(|token| token.kind == TokenKind::Dot) {
                self.next();
            }
        }
        let suggestion = "write the value itself; bind variables belong to Apex";
        self.complain("the API takes no bind variables", self.since(start), suggestion);
    }

    fn ends_value(&self) -> bool {
        matches!(self.peek().kind, TokenKind::Comma | TokenKind::Close | TokenKind::End)
            || self.clause_ahead().is_some()
    }
}
