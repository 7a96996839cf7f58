//! Reads SOQL: a recursive descent over tokens, one function for each rule of the grammar.
//!
//! Never fails on the first mistake if it can go on: a clause that cannot be read is skipped up to the next one. A tree
//! leaves this module only when nothing was reported. Knows the grammar and nothing of limits or of an org; see
//! [`check`](crate::check) for what Salesforce refuses although it reads well.

mod advice;
mod bind;
mod clause;
mod condition;
mod cursor;
mod depth;
mod escape;
mod foreign;
mod literal;
mod name;
mod query;
mod select;
#[cfg(test)]
mod tests;
mod with;

use std::str::FromStr;

use crate::{
    ast::Query,
    diagnostic::{Diagnostic, Diagnostics, Report, Span},
    token::{Token, TokenKind, scan},
};

/// The longest query, in characters, that Salesforce reads.
const LONGEST: usize = 100_000;
/// The deepest nesting of a tree, in levels: far more than Salesforce takes, and little enough for any stack.
const DEEPEST: usize = 100;
/// The levels that a subquery counts for: reading one takes that much more stack than a pair of parentheses.
const SUBQUERY_LEVELS: usize = 10;
/// The deepest nesting of parentheses and NOT in the text. A level of the tree is printed with one of each at most, so
/// what is printed from a tree that is not too deep can be read again.
const DEEPEST_TEXT: usize = 2 * DEEPEST + 1;

/// Parses one query, or reports everything that is wrong with it.
///
/// Takes the language of the API: bind variables are errors. Comments (`//` and `/* */`) are skipped and not kept; those of SQL
/// (`--`) are errors, and so is a semicolon at the end.
/// Takes time linear in the length of the text.
///
/// # Errors
/// The text is not one query. The diagnostics say where and, where it is known, what to write instead.
pub fn parse(text: &str) -> Result<Query, Diagnostics> {
    let mut report = Report::default();
    let length = text.chars().count();
    if length > LONGEST {
        let message = format!("the query has {length} characters, and Salesforce reads {LONGEST} at most");
        let diagnostic = Diagnostic::error(message, Span::default()).suggest("select or list less, or split the query");
        return Err(Diagnostics::only(text, diagnostic));
    }
    let tokens = scan(text, &mut report);
    let mut parser = Parser::new(text, tokens, report);
    let query = parser.query();
    if let Ok(query) = &query {
        parser.check_depth(query);
    }
    match (query, parser.report.into_diagnostics(text)) {
        (Ok(query), None) => Ok(query),
        (_, Some(diagnostics)) => Err(diagnostics),
        (Err(Failed), None) => {
            Err(Diagnostics::only(text, Diagnostic::error("the query cannot be read", Span::default())))
        }
    }
}

impl FromStr for Query {
    type Err = Diagnostics;

    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        parse(text)
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// For the index of each opening parenthesis, the index of its closing one.
    closers: Vec<Option<usize>>,
    position: usize,
    depth: usize,
    report: Report,
    /// How often a token was looked at: what reading costs.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: Vec<Token>, report: Report) -> Self {
        Self {
            text,
            closers: closers(&tokens),
            tokens,
            position: 0,
            depth: 0,
            report,
            #[cfg(test)]
            looks: std::cell::Cell::new(0),
        }
    }
}

/// A rule that could not be read; the reason is reported.
#[derive(Debug)]
struct Failed;

type Parsed<T> = Result<T, Failed>;

fn closers(tokens: &[Token]) -> Vec<Option<usize>> {
    let mut closers = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open => open.push(index),
            TokenKind::Close => {
                if let Some(opener) = open.pop() {
                    closers[opener] = Some(index);
                }
            }
            _ => {}
        }
    }
    closers
}
