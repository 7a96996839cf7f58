//! What people write from habit of other languages, and what to write instead.

use super::{Failed, Parsed, Parser};
use crate::token::{Token, TokenKind};

const NO_JOIN: &str =
    "SOQL has no joins: select fields of the parent as `Account.Name`, or children as `(SELECT Id FROM Contacts)`";

impl Parser<'_> {
    /// Reports and skips `TOP 10` and `DISTINCT` before the SELECT list.
    pub(super) fn skip_foreign_head(&mut self) {
        let start = self.peek().span;
        if self.at_word(0, "TOP") && self.ahead(1).kind == TokenKind::Number {
            let count = self.text_of(self.ahead(1));
            self.next();
            self.next();
            let suggestion = format!("leave it out and write `LIMIT {count}` at the end");
            self.complain("`TOP` is not part of SOQL", self.since(start), suggestion);
        } else if self.at_word(0, "DISTINCT") && self.ahead(1).kind == TokenKind::Word && !self.at_word(1, "FROM") {
            self.next();
            let suggestion = "leave it out and group by the fields: `GROUP BY Name`";
            self.complain("`DISTINCT` is not part of SOQL", start, suggestion);
        }
    }

    /// Reports `CASE WHEN …`.
    pub(super) fn refuse_case(&mut self) -> Parsed<()> {
        if !self.at_word(0, "CASE") || !self.at_word(1, "WHEN") {
            return Ok(());
        }
        let suggestion = "select the fields and decide afterwards";
        self.complain("`CASE` is not part of SOQL", self.peek().span, suggestion);
        self.skip_to(|parser| parser.at_word(0, "END"));
        Err(Failed)
    }

    /// Returns what to write instead of a statement that is no query.
    pub(super) fn foreign_statement(&self) -> Option<String> {
        let suggestion = match self.word(0).to_ascii_uppercase().as_str() {
            "INSERT" | "UPDATE" | "UPSERT" | "DELETE" | "MERGE" => "SOQL only reads: a query starts with `SELECT`",
            "FIND" => "this is a search in SOSL; write a query that starts with `SELECT`",
            "WITH" => "SOQL has no common table expressions: write one query that starts with `SELECT`",
            _ => return None,
        };
        Some(suggestion.to_owned())
    }

    /// Returns what to write instead of what stands here, where only a clause could.
    pub(super) fn foreign_clause(&self) -> Option<String> {
        let previous = self.previous_word().unwrap_or_default().to_ascii_uppercase();
        let suggestion = match self.word(0).to_ascii_uppercase().as_str() {
            "JOIN" | "INNER" | "LEFT" | "RIGHT" | "OUTER" | "CROSS" | "ON" => NO_JOIN,
            _ if previous == "JOIN" => NO_JOIN,
            word if is_set_operation(word) || is_set_operation(&previous) => {
                "SOQL has no set operations: run two queries"
            }
            _ if previous == "FETCH" => "write `LIMIT` and a number",
            "FETCH" => "write `LIMIT` and a number",
            "" if self.at(TokenKind::Comma) => return self.two_numbers(),
            _ => return None,
        };
        Some(suggestion.to_owned())
    }

    /// Returns whether a second query begins here.
    pub(super) fn at_second_query(&self) -> bool {
        let is_behind_semicolon = self.at(TokenKind::Invalid) && self.text_of(self.peek()) == ";";
        is_behind_semicolon || is_set_operation(self.word(0)) || self.previous_word().is_some_and(is_set_operation)
    }

    /// `LIMIT 5, 10`, or `1,000`.
    fn two_numbers(&self) -> Option<String> {
        let (first, second) = (self.previous()?, self.ahead(1));
        let is_limit =
            self.position.checked_sub(2).is_some_and(|at| self.text_of(self.tokens[at]).eq_ignore_ascii_case("LIMIT"));
        let (left, right) = (self.text_of(first), self.text_of(second));
        let are_numbers = [first, second].iter().all(|token| token.kind == TokenKind::Number);
        are_numbers.then(|| {
            if is_limit {
                format!("write `LIMIT {right} OFFSET {left}`")
            } else {
                format!("numbers stand without separators: write `{left}{right}`")
            }
        })
    }

    /// Skips `1 AND 2` after a BETWEEN that was reported, so that its AND joins nothing.
    pub(super) fn skip_between(&mut self) {
        self.next();
        self.skip_to(|parser| parser.connective().is_some());
        if self.at_word(0, "AND") {
            self.next();
        }
    }

    /// Reports and skips the parentheses of `TODAY()`.
    pub(super) fn skip_parentheses_of(&mut self, literal: Token) {
        if self.at(TokenKind::Open) {
            let name = self.text_of(literal);
            let span = self.peek().span;
            self.skip_one();
            self.complain(format!("`{name}` takes no parentheses"), span, format!("write `{name}`"));
        }
    }
}

fn is_set_operation(word: &str) -> bool {
    ["UNION", "INTERSECT", "EXCEPT", "MINUS"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Returns what to write instead of a word that means a moment in other languages.
pub(super) fn moment(word: &str) -> Option<&'static str> {
    let is_moment = ["NOW", "CURRENT_DATE", "CURRENT_TIMESTAMP", "GETDATE", "SYSDATE"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word));
    is_moment.then_some("write `TODAY`, or a datetime such as `2024-05-31T10:00:00Z`")
}

#[cfg(test)]
mod tests {
    use crate::parse;

    /// What people paste and Salesforce takes, with how it is printed.
    const TAKEN: [(&str, &str); 12] = [
        ("\u{feff}SELECT Id\r\nFROM\tAccount\r\n", "SELECT Id FROM Account"),
        ("SELECT\u{a0}Id,\u{3000}Name FROM\u{a0}Account", "SELECT Id, Name FROM Account"),
        ("SELECT Id,\u{200b} Name FROM Account", "SELECT Id, Name FROM Account"),
        ("/* all */ SELECT Id // the key\nFROM Account", "SELECT Id FROM Account"),
        (
            "SELECT Id FROM A WHERE a <> 'x' AND b NOT IN ('😀', '–', '“')",
            "SELECT Id FROM A WHERE a != 'x' AND b NOT IN ('😀', '–', '“')",
        ),
        (
            "SELECT Id FROM A WHERE a = '--' OR a = '//' OR a = ';'",
            "SELECT Id FROM A WHERE a = '--' OR a = '//' OR a = ';'",
        ),
        (
            "SELECT Limit__c, Order__r.Group__c, ns__Top__c FROM Order",
            "SELECT Limit__c, Order__r.Group__c, ns__Top__c FROM Order",
        ),
        ("SELECT Top, Distinct FROM A", "SELECT Top, Distinct FROM A"),
        ("SELECT Id FROM Group", "SELECT Id FROM Group"),
        ("SELECT Id FROM Case c WHERE c.Status = ''", "SELECT Id FROM Case c WHERE c.Status = ''"),
        (
            "SELECT FORMAT(convertCurrency(MAX(Amount))) m FROM A",
            "SELECT FORMAT(convertCurrency(MAX(Amount))) m FROM A",
        ),
        ("SELECT Id FROM A WHERE a >= -5 AND b <= +5.5", "SELECT Id FROM A WHERE a >= -5 AND b <= +5.5"),
    ];

    /// What people paste and Salesforce refuses, with a part of what is suggested.
    const REFUSED: [(&str, &str); 39] = [
        ("SELECT Id FROM A -- all of them", "leave it out"),
        ("SELECT Id -- the key\nFROM A", "leave it out"),
        ("SELECT Id FROM A;", "nothing stands after a query"),
        ("[SELECT Id FROM A]", "brackets belong to Apex"),
        ("[SELECT Id FROM A];", "brackets belong to Apex"),
        ("SELECT * FROM A", "FIELDS(STANDARD)"),
        ("SELECT TOP 10 Id FROM A", "`LIMIT 10`"),
        ("SELECT DISTINCT Name FROM A", "GROUP BY"),
        ("SELECT COUNT(*) FROM A", "COUNT()"),
        ("SELECT `Id` FROM `A`", "without quotes"),
        ("SELECT Id FROM A WHERE a = \"x\"", "write `'x'`"),
        ("SELECT Id FROM A WHERE a = “x”", "write `'x'`"),
        ("SELECT Id FROM A WHERE a = ‘x’", "write `'x'`"),
        ("SELECT Id FROM A WHERE a = 'it''s'", "write `\\'`"),
        ("SELECT Id FROM A WHERE a = ''''", "write `\\'`"),
        ("SELECT Id FROM A WHERE a == 1", "write `=`"),
        ("SELECT Id FROM A WHERE a IS NULL", "`= NULL`"),
        ("SELECT Id FROM A WHERE a IS NOT NULL AND b = 1", "`!= NULL`"),
        ("SELECT Id FROM A WHERE a BETWEEN 1 AND 5", "`>=` and `<=`"),
        ("SELECT Id FROM A WHERE a BETWEEN TODAY AND TOMORROW AND b = 1", "`>=` and `<=`"),
        ("SELECT Id FROM A WHERE a NOT LIKE 'x%'", "`NOT` before"),
        ("SELECT Id FROM A WHERE a > NOW()", "`TODAY`"),
        ("SELECT Id FROM A WHERE a = TODAY()", "write `TODAY`"),
        ("SELECT Id FROM A WHERE a > TODAY - 7", "LAST_N_DAYS"),
        ("SELECT Id FROM A LIMIT 5, 10", "`LIMIT 10 OFFSET 5`"),
        ("SELECT Id FROM A JOIN B ON B.a = A.b", "no joins"),
        ("SELECT Id FROM A a LEFT JOIN B b ON b.a = a.b WHERE a.c = 1", "no joins"),
        ("SELECT Id FROM A UNION SELECT Id FROM B", "two queries"),
        ("SELECT CASE WHEN a = 1 THEN 'x' ELSE 'y' END FROM A", "decide afterwards"),
        ("SELECT Id FROM A FETCH FIRST 5 ROWS ONLY", "`LIMIT`"),
        ("DELETE FROM A", "only reads"),
        ("UPDATE A SET b = 1", "only reads"),
        ("FIND {x} IN ALL FIELDS", "SOSL"),
        ("SELECT Id FROM A WHERE a = {{ value }}", "the value itself"),
        ("SELECT Id FROM A WHERE a = ${value} AND b = 1", "the value itself"),
        ("SELECT Id FROM A WHERE a = :value", "the value itself"),
        ("SELECT Id FROM A WHERE a = ?", "the value itself"),
        ("SELECT Id，Name FROM A", "write `,`"),
        ("ＳＥＬＥＣＴ Id FROM A", "write `SELECT`"),
    ];

    #[test]
    fn what_salesforce_takes_is_read_however_it_was_pasted() {
        for (typed, printed) in TAKEN {
            let query = parse(typed).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
            assert_eq!(query.to_string(), printed, "{typed}");
        }
    }

    #[test]
    fn habits_of_other_languages_get_one_answer_that_says_what_to_write() {
        let wrong = REFUSED.into_iter().filter_map(|(typed, suggestion)| {
            let diagnostics = parse(typed).expect_err(typed);
            let is_right =
                diagnostics.as_slice().len() == 1 && diagnostics.hint().unwrap_or_default().contains(suggestion);
            (!is_right).then(|| diagnostics.render())
        });

        assert_eq!(wrong.collect::<String>(), "");
    }
}
