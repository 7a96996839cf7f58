//! What to write instead, where something else was expected.

use super::Parser;
use crate::{
    diagnostic::excerpt,
    spelling::nearest,
    token::{Token, TokenKind},
};

const QUOTES: [char; 6] = ['\'', '"', '“', '”', '‘', '’'];

impl Parser<'_> {
    /// Returns what to do about it that `what` was expected and something else stands here, where that is known.
    pub(super) fn advice(&self, what: &str) -> Option<String> {
        match what {
            "`SELECT`" => Some(self.instead_of_select()),
            "a field" => self.instead_of_field(),
            "a value" => self.instead_of_value(),
            "`)`" => self.is_value(self.previous()).then(|| "put a comma between the values".to_owned()),
            "`FROM`" | "an object" => Some("name the object, such as `FROM Account`".to_owned()),
            "`END`" if self.at(TokenKind::Open) => Some("name fields only: TYPEOF takes no functions".to_owned()),
            "`END`" => Some("end `TYPEOF` with `END`".to_owned()),
            "a whole number" => self.instead_of_count(),
            "an operator" => self.instead_of_operator(),
            "a name after `.`" => self.at(TokenKind::Dot).then(|| "leave one `.` out".to_owned()),
            _ => None,
        }
    }

    fn instead_of_select(&self) -> String {
        let is_first = self.position == 0;
        let follows = |keyword: &str| {
            is_first && self.tokens.iter().skip(1).any(|token| self.text_of(*token).eq_ignore_ascii_case(keyword))
        };
        if self.at_word(0, "FROM") && follows("SELECT") {
            "begin with `SELECT` and the fields; `FROM` comes after them".to_owned()
        } else if follows("SELECT") {
            "leave out what stands before `SELECT`".to_owned()
        } else {
            "a query starts with `SELECT`, such as `SELECT Id FROM Account`".to_owned()
        }
    }

    fn instead_of_field(&self) -> Option<String> {
        let previous = self.previous_word().unwrap_or_default().to_ascii_uppercase();
        let found = self.peek();
        let is_connective = |word: &str| matches!(word, "AND" | "OR");
        Some(match found.kind {
            TokenKind::Comma => "leave one comma out".to_owned(),
            TokenKind::End | TokenKind::Close
                if matches!(previous.as_str(), "WHERE" | "HAVING" | "AND" | "OR" | "NOT") =>
            {
                format!("write a condition after `{previous}`, or leave it out")
            }
            TokenKind::End if matches!(previous.as_str(), "SELECT" | "BY") => {
                format!("name a field after `{previous}`")
            }
            TokenKind::Word if is_connective(&previous) && is_connective(&self.word(0).to_ascii_uppercase()) => {
                format!("leave out `{previous}` or `{}`", self.text_of(found))
            }
            TokenKind::Word if previous == "SELECT" && self.at_word(0, "FROM") => {
                "name the fields, such as `SELECT Id FROM Account`".to_owned()
            }
            TokenKind::Word if self.at_word(0, "SELECT") => {
                "a subquery stands after `IN` or `NOT IN`: `Id IN (SELECT AccountId FROM Contact)`".to_owned()
            }
            _ if !self.is_value(Some(found)) => return None,
            _ if matches!(self.ahead(1).kind, TokenKind::Operator(_)) => {
                "a condition begins with a field: `Name = 'x'`".to_owned()
            }
            _ if previous == "BY" => "name the field itself".to_owned(),
            _ => "name a field: SOQL selects no constants".to_owned(),
        })
    }

    fn instead_of_value(&self) -> Option<String> {
        let opens = |token: Option<Token>| token.is_some_and(|token| token.kind == TokenKind::Open);
        if self.at(TokenKind::Close) && opens(self.previous()) {
            Some("a list holds one value at least".to_owned())
        } else {
            None
        }
    }

    fn instead_of_count(&self) -> Option<String> {
        let clause = self.previous_word().unwrap_or_default().to_ascii_uppercase();
        match self.peek().kind {
            TokenKind::String => {
                Some(format!("write `{}` without quotes", self.text_of(self.peek()).trim_matches(QUOTES)))
            }
            TokenKind::End if !clause.is_empty() => Some(format!("write a number after `{clause}`, or leave it out")),
            TokenKind::Word if self.at_word(0, "ALL") => Some(format!("leave `{clause}` out for all records")),
            _ => None,
        }
    }

    fn instead_of_operator(&self) -> Option<String> {
        let patterns = ["CONTAINS", "MATCHES", "REGEXP", "RLIKE", "STARTSWITH", "STARTS", "ENDSWITH", "ENDS"];
        let is_pattern = patterns.iter().any(|word| self.at_word(0, word));
        is_pattern.then(|| "write `LIKE` and a pattern: `LIKE '%x%'`".to_owned())
    }

    fn follows_word(&self, word: &str) -> bool {
        self.previous_word().is_some_and(|previous| previous.eq_ignore_ascii_case(word))
    }

    fn is_value(&self, token: Option<Token>) -> bool {
        token.is_some_and(|token| {
            matches!(token.kind, TokenKind::String | TokenKind::Number | TokenKind::Temporal(_) | TokenKind::Currency)
        })
    }

    /// Corrects what was said of the text in quotes that stands here, where no text but `what` may stand.
    pub(super) fn refuse_quotes(&mut self, what: &str) {
        let found = self.peek();
        let typed = self.text_of(found);
        let inner = typed.trim_matches(QUOTES);
        let starts_query = inner.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("SELECT"));
        let name = excerpt(inner);
        let (message, suggestion) = match what {
            _ if found.kind != TokenKind::String => return,
            "`SELECT`" if starts_query => ("the query stands in quotes".to_owned(), "leave the quotes out".to_owned()),
            "a field" | "an object" if !typed.starts_with('\'') && !inner.is_empty() => {
                (format!("names stand without quotes, not as `{}`", excerpt(typed)), format!("write `{name}`"))
            }
            _ => return,
        };
        self.report.correct(found.span, message, suggestion);
    }

    /// Returns what was probably meant by a word that is no value.
    pub(super) fn instead_of_word(&self, word: &str, names: &[String]) -> String {
        let next = self.ahead(1);
        let is_type = ["DATE", "DATETIME", "TIMESTAMP", "TIME"].iter().any(|name| name.eq_ignore_ascii_case(word));
        let known = names.iter().map(String::as_str).chain(["TRUE", "FALSE", "NULL"]);
        if is_type && next.kind == TokenKind::String {
            return format!("write `{}`", excerpt(self.text_of(next).trim_matches(QUOTES)));
        }
        if next.kind == TokenKind::Number && word.len() == 3 {
            return format!("write an amount of money as `{}{}`", excerpt(word), excerpt(self.text_of(next)));
        }
        if let Some(counted) = counted(word) {
            return format!("write `{counted}`");
        }
        match nearest(word, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if next.kind == TokenKind::Open => {
                "a field is compared with values, not with other fields or functions".to_owned()
            }
            None => {
                let word = excerpt(word);
                format!("if it is text, write `'{word}'`; a field is compared with values, not with other fields")
            }
        }
    }

    /// Returns what to write instead of a word that nearly belongs to ORDER BY, or of text that ended too early.
    pub(super) fn instead_of_clause(&self) -> Option<String> {
        let found = self.peek();
        let touches = |token: Token| token.kind == TokenKind::String && token.span.end == found.span.start;
        match self.word(0).to_ascii_uppercase().as_str() {
            "ASCENDING" => Some("write `ASC`".to_owned()),
            "DESCENDING" => Some("write `DESC`".to_owned()),
            "ASC" | "DESC" if ["FIRST", "LAST"].iter().any(|word| self.follows_word(word)) => {
                Some("put it before `NULLS`".to_owned())
            }
            "ASC" | "DESC" => Some("leave one of the two out".to_owned()),
            "NULL" if self.at_word(1, "FIRST") || self.at_word(1, "LAST") => Some("write `NULLS`".to_owned()),
            "" => None,
            _ => self.previous().is_some_and(touches).then(|| "a quote inside text is written `\\'`".to_owned()),
        }
    }
}

/// `LAST_30_DAYS` is written `LAST_N_DAYS:30`.
fn counted(word: &str) -> Option<String> {
    const UNITS: [&str; 7] = ["DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS"];
    let upper = word.to_ascii_uppercase();
    let (direction, rest) = upper.split_once('_').filter(|(direction, _)| matches!(*direction, "LAST" | "NEXT"))?;
    let (count, unit) = rest.split_once('_')?;
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let unit = UNITS.into_iter().find(|known| *known == unit || known.strip_suffix('S') == Some(unit))?;
    is_count.then(|| format!("{direction}_N_{unit}:{count}"))
}

#[cfg(test)]
mod tests {
    use crate::parse;

    /// What people paste, with the one thing that is said about it: the marked place and a part of what is suggested.
    #[rustfmt::skip]
    const CASES: [(&str, &str, &str); 53] = [
        ("Account", "Account", "such as `SELECT Id FROM Account`"),
        ("", "", "such as `SELECT Id FROM Account`"),
        ("FROM Account SELECT Id", "FROM", "begin with `SELECT`"),
        ("EXPLAIN SELECT Id FROM Account", "EXPLAIN", "leave out what stands before `SELECT`"),
        ("'SELECT Id FROM Account'", "'SELECT Id FROM Account'", "leave the quotes out"),
        ("\"SELECT Id FROM Account\"", "\"SELECT Id FROM Account\"", "leave the quotes out"),
        ("# all\nSELECT Id FROM Account", "#", "a comment begins with `//`"),
        ("SELECT FROM Account", "FROM", "name the fields"),
        ("SELECT Id,, Name FROM Account", ",", "leave one comma out"),
        ("SELECT Id, Name, FROM Account", "FROM", "leave out the comma"),
        ("SELECT \"Id\" FROM Account", "\"Id\"", "write `Id`"),
        ("SELECT Id FROM “Account”", "“Account”", "write `Account`"),
        ("SELECT 'x', Id FROM Account", "'x'", "no constants"),
        ("SELECT 1 FROM Account", "1", "no constants"),
        ("SELECT Id, Owner. FROM Account", "FROM", "leave the `.` out"),
        ("SELECT Owner..Id FROM Account", ".", "leave one `.` out"),
        ("SELECT a + b FROM Account", "+", "calculate afterwards"),
        ("SELECT a + b + c - d FROM Account WHERE e = 1", "+", "calculate afterwards"),
        ("SELECT a || b FROM Account", "||", "joins no texts"),
        ("SELECT UPPER(Name) FROM Account", "UPPER", "without regard to case"),
        ("SELECT Id FROM A WHERE YEAR(CreatedDate) = 2024", "YEAR", "`CALENDAR_YEAR`"),
        ("SELECT CONCAT(a, b) FROM Account", "CONCAT", "compute afterwards"),
        ("SELECT Id WHERE Name = 'x'", "WHERE", "name the object"),
        ("SELECT Id FROM", "", "name the object"),
        ("SELECT TYPEOF What WHEN Account THEN Phone FROM Event", "FROM", "with `END`"),
        ("SELECT Id FROM A WHERE", "", "write a condition after `WHERE`"),
        ("SELECT Id FROM A WHERE a = 1 AND", "", "write a condition after `AND`"),
        ("SELECT Id FROM A WHERE a = 1 AND OR b = 1", "OR", "leave out `AND` or `OR`"),
        ("SELECT Id FROM A WHERE 1 = 1", "1", "begins with a field"),
        ("SELECT Id FROM A WHERE 'x' = a", "'x'", "begins with a field"),
        ("SELECT Id FROM A WHERE a = b", "b", "not with other fields"),
        ("SELECT Id FROM A WHERE a = TRU", "TRU", "`TRUE`"),
        ("SELECT Id FROM A WHERE a CONTAINS 'x'", "CONTAINS", "write `LIKE`"),
        ("SELECT Id FROM A WHERE a IN ()", ")", "one value at least"),
        ("SELECT Id FROM A WHERE a IN ('x' 'y')", "'y'", "put a comma"),
        ("SELECT Id FROM A WHERE EXISTS (SELECT Id FROM B)", "SELECT", "after `IN` or `NOT IN`"),
        ("SELECT Id FROM A WHERE a = (SELECT MAX(a) FROM A)", "(", "after `IN` or `NOT IN` only"),
        ("SELECT Id FROM A WHERE a > 1,000", ",", "write `1000`"),
        ("SELECT Id FROM A WHERE a > 2024-01-01 00:00:00", "00:00:00", "`2024-01-01T00:00:00Z`"),
        ("SELECT Id FROM A WHERE a > 01/02/2024", "/", "`2024-05-31`"),
        ("SELECT Id FROM A WHERE a > DATE '2024-01-01'", "DATE", "write `2024-01-01`"),
        ("SELECT Id FROM A WHERE a > LAST_30_DAYS", "LAST_30_DAYS", "`LAST_N_DAYS:30`"),
        ("SELECT Id FROM A WHERE a > next_6_month", "next_6_month", "`NEXT_N_MONTHS:6`"),
        ("SELECT Id FROM A WHERE a = LAST_N_DAYS(3)", "LAST_N_DAYS", "`LAST_N_DAYS:3`"),
        ("SELECT Id FROM A WHERE a = LAST_N_DAYS:-3", "LAST_N_DAYS", "`NEXT_N_DAYS:3`"),
        ("SELECT Id FROM A ORDER BY 1", "1", "name the field itself"),
        ("SELECT Id FROM A ORDER BY a DESCENDING", "DESCENDING", "write `DESC`"),
        ("SELECT Id FROM A LIMIT ALL", "ALL", "for all records"),
        ("SELECT Id FROM A LIMIT '10'", "'10'", "without quotes"),
        ("SELECT Id FROM A LIMIT", "", "a number after `LIMIT`"),
        ("SELECT Id FROM A WHERE a = 'x' LIMITS 5", "LIMITS", "`LIMIT`"),
        ("SELECT Id FROM A; SELECT Id FROM B", ";", "one query at a time"),
        ("SELECT Id FROM A WHERE a = 'x';;", ";", "nothing stands after a query"),
    ];

    #[test]
    fn a_mistake_is_marked_once_with_what_to_write_instead() {
        let wrong = CASES.into_iter().filter_map(|(typed, place, suggestion)| {
            let diagnostics = parse(typed).expect_err(typed);
            let [only] = diagnostics.as_slice() else { return Some(diagnostics.render()) };
            let is_right = typed.get(only.span.start..only.span.end) == Some(place)
                && only.suggestion.as_ref().is_some_and(|found| found.contains(suggestion));
            (!is_right).then(|| diagnostics.render())
        });

        assert_eq!(wrong.collect::<String>(), "");
    }
}
