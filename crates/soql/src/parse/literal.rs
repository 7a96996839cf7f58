//! Literal values.

use super::{Failed, Parsed, Parser, escape::Escapes, foreign};
use crate::{
    ast::{DateLiteral, Literal, LiteralKind, Period},
    token::{Temporal, Token, TokenKind, currency, is_reserved},
};

impl Parser<'_> {
    /// Reads a value; `what` says what else could stand here.
    pub(super) fn plain_literal(&mut self, what: &str) -> Parsed<Literal> {
        self.literal(what, Escapes::Plain)
    }

    /// Reads the value on the right of LIKE.
    pub(super) fn pattern(&mut self) -> Parsed<Literal> {
        const WHAT: &str = "text in quotes";
        match self.peek().kind {
            TokenKind::String | TokenKind::Colon => self.literal(WHAT, Escapes::Pattern),
            TokenKind::Word => Err(self.no_value(self.word(0), WHAT)),
            _ => Err(self.expected(WHAT)),
        }
    }

    fn literal(&mut self, what: &str, escapes: Escapes) -> Parsed<Literal> {
        let token = self.peek();
        let typed = || self.text_of(token).to_owned();
        let kind = match token.kind {
            TokenKind::Number => LiteralKind::Number(typed()),
            TokenKind::Temporal(Temporal::Date) => LiteralKind::Date(typed()),
            TokenKind::Temporal(Temporal::DateTime) => LiteralKind::DateTime(typed()),
            TokenKind::Temporal(Temporal::Time) => LiteralKind::Time(typed()),
            TokenKind::Currency => return self.currency(token, what),
            TokenKind::String => LiteralKind::String(self.unescape(token, escapes)),
            TokenKind::Word => return self.word_literal(token, what),
            TokenKind::Colon => {
                self.skip_bind();
                return Ok(Literal { kind: LiteralKind::Null, span: token.span });
            }
            _ => return Err(self.expected(what)),
        };
        self.next();
        Ok(Literal { kind, span: token.span })
    }

    fn currency(&mut self, token: Token, what: &str) -> Parsed<Literal> {
        let Some((iso, amount)) = currency(self.text_of(token)) else {
            return Err(self.expected(what));
        };
        self.next();
        let kind = LiteralKind::Currency { iso: iso.to_owned(), amount: amount.to_owned() };
        Ok(Literal { kind, span: token.span })
    }

    fn word_literal(&mut self, token: Token, what: &str) -> Parsed<Literal> {
        let word = self.text_of(token);
        let upper = word.to_ascii_uppercase();
        let kind = match upper.as_str() {
            "TRUE" => LiteralKind::Boolean(true),
            "FALSE" => LiteralKind::Boolean(false),
            "NULL" => LiteralKind::Null,
            _ if currency(word).is_some() => return self.currency(token, what),
            _ => match named(&upper) {
                Some(literal) => return self.date_literal(token, literal),
                None => return Err(self.no_value(word, what)),
            },
        };
        self.next();
        Ok(Literal { kind, span: token.span })
    }

    fn date_literal(&mut self, name: Token, literal: DateLiteral) -> Parsed<Literal> {
        self.next();
        let literal = match literal {
            DateLiteral::LastN(period, _) => DateLiteral::LastN(period, self.date_count(name)?),
            DateLiteral::NextN(period, _) => DateLiteral::NextN(period, self.date_count(name)?),
            DateLiteral::Ago(period, _) => DateLiteral::Ago(period, self.date_count(name)?),
            fixed => {
                self.skip_parentheses_of(name);
                fixed
            }
        };
        Ok(Literal { kind: LiteralKind::DateLiteral(literal), span: self.since(name.span) })
    }

    /// Reads the `:n` of `LAST_N_DAYS:n`.
    fn date_count(&mut self, name: Token) -> Parsed<u32> {
        let number = self.ahead(1);
        let count = self.text_of(number).parse().ok().filter(|_| number.kind == TokenKind::Number);
        if let (true, Some(count)) = (self.at(TokenKind::Colon), count) {
            self.next();
            self.next();
            return Ok(count);
        }
        let name_text = self.text_of(name);
        let typed = if self.at(TokenKind::Open) || self.at(TokenKind::Colon) { self.text_of(number) } else { "" };
        let digits = typed.trim_start_matches(['-', '+']);
        let is_count = number.kind == TokenKind::Number && digits.parse::<u32>().is_ok();
        let suggestion = match name_text.get(..5) {
            Some(start) if is_count && typed.starts_with('-') && !start.eq_ignore_ascii_case("N_DAY") => {
                let other = if start.eq_ignore_ascii_case("LAST_") { "NEXT_" } else { "LAST_" };
                format!("write `{other}{}:{digits}`", name_text.get(5..).unwrap_or_default())
            }
            _ => format!("write `{name_text}:{}`", if is_count { digits } else { "7" }),
        };
        self.complain(format!("`{name_text}` needs a number"), name.span, suggestion);
        Err(Failed)
    }

    fn no_value(&mut self, word: &str, what: &str) -> Failed {
        if self.clause_ahead().is_some() || is_reserved(word) {
            return self.expected(what);
        }
        let suggestion = foreign::moment(word).map_or_else(|| self.instead_of_word(word, &names()), str::to_owned);
        self.expected_with(what, Some(suggestion))
    }
}

const PERIODS: [Period; 7] = [
    Period::Day,
    Period::Week,
    Period::Month,
    Period::Quarter,
    Period::Year,
    Period::FiscalQuarter,
    Period::FiscalYear,
];

/// Returns the date literal of that name, in upper case; one that takes a number gets 0.
fn named(name: &str) -> Option<DateLiteral> {
    let period = |prefix: &str, suffix: &str| {
        let unit = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
        PERIODS.into_iter().find(|period| period.name() == unit)
    };
    let calendar = |prefix: &str| period(prefix, "").filter(|period| *period != Period::Day);
    match name {
        "YESTERDAY" => Some(DateLiteral::Last(Period::Day)),
        "TODAY" => Some(DateLiteral::This(Period::Day)),
        "TOMORROW" => Some(DateLiteral::Next(Period::Day)),
        "LAST_90_DAYS" => Some(DateLiteral::Last90Days),
        "NEXT_90_DAYS" => Some(DateLiteral::Next90Days),
        _ => (period("LAST_N_", "S").map(|period| DateLiteral::LastN(period, 0)))
            .or_else(|| period("NEXT_N_", "S").map(|period| DateLiteral::NextN(period, 0)))
            .or_else(|| period("N_", "S_AGO").map(|period| DateLiteral::Ago(period, 0)))
            .or_else(|| calendar("LAST_").map(DateLiteral::Last))
            .or_else(|| calendar("THIS_").map(DateLiteral::This))
            .or_else(|| calendar("NEXT_").map(DateLiteral::Next)),
    }
}

/// The names of all date literals, without numbers.
fn names() -> Vec<String> {
    let of_period = |period: Period| {
        [
            DateLiteral::Last(period),
            DateLiteral::This(period),
            DateLiteral::Next(period),
            DateLiteral::LastN(period, 0),
            DateLiteral::NextN(period, 0),
            DateLiteral::Ago(period, 0),
        ]
    };
    let literals = PERIODS.into_iter().flat_map(of_period).chain([DateLiteral::Last90Days, DateLiteral::Next90Days]);
    literals.map(|literal| literal.to_string().replace(":0", "")).collect()
}
