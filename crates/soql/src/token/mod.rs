//! Words, literals and signs: what the parser reads instead of characters.
//!
//! A token is a kind and a place; it copies no text. Which words are keywords is for the parser to decide, because
//! nearly all of them may be names too.

mod scan;
mod stray;
mod temporal;

pub(crate) use scan::scan;
pub(crate) use temporal::{Temporal, temporal};

use crate::{ast::Operator, diagnostic::Span};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Word,
    /// Text in quotes, which the span includes.
    String,
    Number,
    /// An amount with a fraction or a sign, such as `USD5.50`. `USD5` is a [`TokenKind::Word`].
    Currency,
    Temporal(Temporal),
    Operator(Operator),
    /// `&&` or `||`, reported already.
    Connective(Connective),
    Comma,
    Dot,
    Colon,
    Open,
    Close,
    /// Something that is no token, reported already.
    Invalid,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connective {
    And,
    Or,
}

/// Words that name neither a field nor an alias, except as the head of a path, as in `Group.Name`.
const RESERVED: [&str; 21] = [
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE", "LIMIT",
    "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
];

/// Returns whether `word` is one that Salesforce does not take as an alias.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// Returns whether `text` is a letter followed by letters, digits and underscores.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Splits a word such as `USD5000` into currency and amount.
pub(crate) fn currency(word: &str) -> Option<(&str, &str)> {
    let (iso, amount) = word.split_at_checked(3)?;
    let starts_as_number = amount.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let is_amount = starts_as_number && amount.bytes().skip(1).all(|byte| byte.is_ascii_digit() || byte == b'.');
    (iso.bytes().all(|byte| byte.is_ascii_alphabetic()) && is_amount).then_some((iso, amount))
}
