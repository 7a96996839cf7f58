//! Signs that SOQL does not have, and what to write instead.

use super::{Connective, TokenKind, scan::Scanner};
use crate::{
    ast::Operator,
    diagnostic::{Diagnostic, Span, excerpt},
};

impl Scanner<'_> {
    /// An operator of other languages whose meaning is clear.
    pub(super) fn foreign_operator(&mut self) -> TokenKind {
        let (written, meant, kind) = match (self.byte(0), self.byte(1)) {
            (b'=', b'=') if self.byte(2) == b'=' => ("===", "=", TokenKind::Operator(Operator::Eq)),
            (b'!', _) => ("!==", "!=", TokenKind::Operator(Operator::Ne)),
            (_, b'!') => ("=!", "!=", TokenKind::Operator(Operator::Ne)),
            (b'&', _) => ("&&", "AND", TokenKind::Connective(Connective::And)),
            (b'|', _) => ("||", "OR", TokenKind::Connective(Connective::Or)),
            (_, b'<') => ("=<", "<=", TokenKind::Operator(Operator::Le)),
            (_, b'>') => ("=>", ">=", TokenKind::Operator(Operator::Ge)),
            _ => ("==", "=", TokenKind::Operator(Operator::Eq)),
        };
        let span = Span { start: self.position, end: self.position + written.len() };
        let message = format!("`{written}` is not an operator of SOQL");
        let suggestion = if written == "||" && !self.has_condition {
            "SOQL joins no texts: select both fields".to_owned()
        } else {
            format!("write `{meant}`")
        };
        self.report.add(Diagnostic::error(message, span).suggest(suggestion));
        self.position += written.len();
        kind
    }

    pub(super) fn stray(&mut self, first: char) -> TokenKind {
        let span = Span { start: self.position, end: self.position + first.len_utf8() };
        let brackets = matches!(first, '[' | ']' | '`');
        let multiplies = first == '*' && self.follows_operand();
        let (calculates, ends) = (multiplies || matches!(first, '+' | '-' | '/'), first == ';');
        if self.is_bracketed && (brackets || ends) || self.is_calculated && calculates || self.is_over && ends {
            return TokenKind::Invalid;
        }
        self.is_bracketed |= brackets;
        self.is_calculated |= calculates;
        self.is_over |= ends;
        let diagnostic = Diagnostic::error(format!("unexpected `{}`", excerpt(first.encode_utf8(&mut [0; 4]))), span);
        self.report.add(match first {
            _ if calculates => diagnostic.suggest(self.instead_of_calculating(first)),
            '*' => diagnostic.suggest("name the fields or write `FIELDS(STANDARD)`; to count records write `COUNT()`"),
            '!' if self.rest().trim_start_matches(['!', ' ']).starts_with('=') => diagnostic.suggest("write `!=`"),
            '!' => diagnostic.suggest("write `NOT`"),
            ';' if self.is_last() => diagnostic.suggest("leave it out: nothing stands after a query"),
            ';' => diagnostic.suggest("leave it out, and what follows: one query at a time"),
            '#' if self.begins_line() => diagnostic.suggest("leave the line out: a comment begins with `//`"),
            '[' | ']' => diagnostic.suggest("leave it out: brackets belong to Apex"),
            '`' => diagnostic.suggest("leave it out: names stand without quotes"),
            '–' | '—' | '−' => diagnostic.suggest("write `-`"),
            '…' => diagnostic.suggest("write out what it stands for"),
            '?' | '@' | '$' | '#' => diagnostic.suggest("write the value itself: a query has no parameters"),
            _ => diagnostic,
        });
        TokenKind::Invalid
    }

    /// Returns whether what stands before this may be multiplied, and is not the beginning of a list.
    fn follows_operand(&self) -> bool {
        self.previous.is_some_and(|token| match token.kind {
            TokenKind::Word => {
                let word = self.text.get(token.span.start..token.span.end).unwrap_or_default();
                !["SELECT", "DISTINCT", "ALL"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
            }
            TokenKind::Number | TokenKind::Currency | TokenKind::Close => true,
            _ => false,
        })
    }

    /// Returns whether nothing follows the sign that stands here but others that end a query.
    fn is_last(&self) -> bool {
        self.rest().trim_start_matches([';', ']', ' ', '\n', '\r', '\t']).is_empty()
    }

    /// Returns whether a line begins here.
    fn begins_line(&self) -> bool {
        let before = self.text.get(..self.position).unwrap_or_default().trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }

    /// Returns what to write instead of a calculation that `sign` belongs to.
    fn instead_of_calculating(&self, sign: char) -> &'static str {
        let follows_day = self.previous.is_some_and(|token| {
            let word = self.text.get(token.span.start..token.span.end).unwrap_or_default().to_ascii_uppercase();
            let names_day = ["TODAY", "NOW", "DAY", "DATE", ")"].iter().any(|end| word.ends_with(end));
            matches!(token.kind, TokenKind::Temporal(_)) || names_day
        });
        let follows_number = self.previous.is_some_and(|token| token.kind == TokenKind::Number);
        if sign == '/' && follows_number && self.byte(1).is_ascii_digit() {
            "write a date as `2024-05-31`"
        } else if follows_day {
            "SOQL does not calculate; for days before today there is `LAST_N_DAYS:7` and `N_DAYS_AGO:7`"
        } else {
            "SOQL does not calculate: select the fields and calculate afterwards"
        }
    }
}
