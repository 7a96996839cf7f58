//! Refusals of queries in Salesforce's words, with the query and a caret under the place where that is known.

use orgtap_soql::{Diagnostics, Span};

use crate::error::QueryError;

/// How much of a long query stands before the caret.
const CONTEXT_CHARS: usize = 32;
/// How much of a long query stands after it.
const REST_CHARS: usize = 80;
/// The longest statement there is.
const MOST_CHARS: usize = 100_000;

/// Refuses a query because of what stands at `span`.
pub(super) fn refuse(code: &'static str, text: &str, span: Span, message: &str) -> QueryError {
    let before = text.get(..span.start).unwrap_or(text);
    let row = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    let line = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    let skipped = skipped_chars(line, column);
    let excerpt: String = line.chars().skip(skipped).take(column - skipped + REST_CHARS).collect();
    let caret = " ".repeat(column - skipped);
    QueryError::new(code, format!("\n{excerpt}\n{caret}^\nERROR at Row:{row}:Column:{}\n{message}", column + 1))
}

/// Refuses a query that is not SOQL.
pub(super) fn malformed(diagnostics: &Diagnostics) -> QueryError {
    let text = diagnostics.text();
    if text.chars().count() > MOST_CHARS {
        let message = format!("SOQL statements can not be longer than {MOST_CHARS} characters");
        return QueryError::new("MALFORMED_QUERY", message);
    }
    let span = diagnostics.as_slice().first().map(|diagnostic| diagnostic.span).unwrap_or_default();
    let token = text.get(span.start..span.end).map(str::trim).filter(|token| !token.is_empty());
    let token = token.map(|token| token.split_whitespace().next().unwrap_or(token)).filter(|_| span.start < text.len());
    match token {
        Some(token) if token.starts_with(':') => {
            refuse("MALFORMED_QUERY", text, span, "Bind variables only allowed in Apex code")
        }
        // The very first token is refused without the query.
        Some(token) if text.get(..span.start).is_some_and(|before| before.trim().is_empty()) => {
            QueryError::new("MALFORMED_QUERY", format!("unexpected token: {token}"))
        }
        Some(token) => refuse("MALFORMED_QUERY", text, span, &format!("unexpected token: '{token}'")),
        None => QueryError::new("MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    }
}

/// Says that a query is right, but more than this org can do.
pub(super) fn unsupported(what: &str) -> QueryError {
    QueryError::new("FUNCTIONALITY_NOT_ENABLED", format!("the emulator does not evaluate {what}"))
}

/// Returns how many characters of a line to leave out, so that a word begins the excerpt and the caret is not far in.
fn skipped_chars(line: &str, column: usize) -> usize {
    if column <= CONTEXT_CHARS {
        return 0;
    }
    let least = column - CONTEXT_CHARS;
    let chars: Vec<char> = line.chars().take(column).collect();
    (least..column).find(|at| chars[at - 1].is_whitespace()).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place_as_in_recorded_answers() {
        let long = "select Id, ProductCode from Product2 where ProductCode = 3999";

        let short = refuse("INVALID_TYPE", "select count() from XYZZY", Span { start: 20, end: 25 }, "no");
        let cut = refuse("INVALID_FIELD", long, Span { start: 43, end: 54 }, "no");

        assert_eq!(short.message, "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nno");
        assert_eq!(
            cut.message,
            "\nProductCode from Product2 where ProductCode = 3999\n                                ^\nERROR at Row:1:Column:44\nno"
        );
    }

    #[test]
    fn rows_and_columns_are_counted_in_characters() {
        let error = refuse("INVALID_FIELD", "SELECT Id\nFROM Žlutý WHERE x", Span { start: 24, end: 25 }, "no");

        assert_eq!(error.message, "\nFROM Žlutý WHERE x\n            ^\nERROR at Row:2:Column:13\nno");
    }

    #[test]
    fn what_is_no_soql_is_refused_as_recorded() {
        let refused = |text: &str| malformed(&orgtap_soql::parse(text).unwrap_err()).message;

        assert_eq!(refused("SELEKT Name FROM Account"), "unexpected token: SELEKT");
        assert_eq!(refused("SELECT Id FROM"), "unexpected token: '<EOF>'");
    }
}
