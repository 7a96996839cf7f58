//! Cuts text into tokens.
//!
//! Reads any text to its end in one pass. What is wrong but clear in meaning (`==`, text in double quotes) is reported
//! and becomes the token that was meant, so the parser goes on and finds the next mistake.

use super::{Temporal, Token, TokenKind, is_name, temporal};
use crate::{
    ast::Operator,
    diagnostic::{Diagnostic, Report, Span, excerpt},
};

/// Returns the tokens of `text`; the last one is [`TokenKind::End`].
pub(crate) fn scan(text: &str, report: &mut Report) -> Vec<Token> {
    let mut scanner = Scanner {
        text,
        position: 0,
        previous: None,
        is_bracketed: false,
        is_calculated: false,
        is_over: false,
        has_condition: false,
        report,
    };
    let mut tokens = Vec::new();
    loop {
        scanner.skip_blanks();
        let start = scanner.position;
        let kind = scanner.token();
        let token = Token { kind, span: Span { start, end: scanner.position } };
        scanner.previous = Some(token);
        tokens.push(token);
        if kind == TokenKind::End {
            return tokens;
        }
    }
}

/// How far behind a brace the one that closes it is looked for.
const LONGEST_TEMPLATE: usize = 200;

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) position: usize,
    pub(super) previous: Option<Token>,
    /// Whether a bracket or a backquote was reported: the one that closes it is the same mistake.
    pub(super) is_bracketed: bool,
    /// Whether a calculation was reported: its further signs are the same mistake.
    pub(super) is_calculated: bool,
    /// Whether a semicolon was reported.
    pub(super) is_over: bool,
    /// Whether a condition has begun.
    pub(super) has_condition: bool,
    pub(super) report: &'a mut Report,
}

/// Characters that take no room and are pasted unseen.
const UNSEEN: [char; 5] = ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'];

impl<'a> Scanner<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.position + ahead).copied().unwrap_or_default()
    }

    /// Skips white space and comments.
    fn skip_blanks(&mut self) {
        loop {
            let typed = self.rest();
            let rest = typed.trim_start_matches(|next: char| next.is_whitespace() || UNSEEN.contains(&next));
            self.position += typed.len() - rest.len();
            let comment = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or_else(|| self.unclosed_comment(rest.len()), |end| end + 2)
            } else if rest.starts_with("--") {
                self.sql_comment(rest.find('\n').unwrap_or(rest.len()))
            } else {
                return;
            };
            self.position += comment;
        }
    }

    fn unclosed_comment(&mut self, length: usize) -> usize {
        let span = Span { start: self.position, end: self.position + 2 };
        self.report.add(Diagnostic::error("the comment is not closed", span).suggest("close it with `*/`"));
        length
    }

    fn sql_comment(&mut self, length: usize) -> usize {
        let span = Span { start: self.position, end: self.position + length };
        self.report.add(Diagnostic::error("`--` begins no comment in SOQL", span).suggest("leave it out"));
        length
    }

    fn token(&mut self) -> TokenKind {
        let Some(first) = self.rest().chars().next() else {
            return TokenKind::End;
        };
        match first {
            '\'' | '"' | '“' | '”' | '‘' | '’' => self.string(first),
            '0'..='9' => self.number(),
            '.' | '+' | '-' if self.starts_number() => self.number(),
            '_' => self.word(),
            '\u{ff01}'..='\u{ff5e}' => self.full_width(),
            _ if first.is_alphabetic() => self.word(),
            _ => self.sign(first),
        }
    }

    fn starts_number(&self) -> bool {
        let after_sign = usize::from(self.byte(0) != b'.');
        let after_dot = after_sign + usize::from(self.byte(after_sign) == b'.');
        self.byte(after_dot).is_ascii_digit()
    }

    /// Advances while `belongs` holds and returns the text passed since `start`.
    fn take_while(&mut self, start: usize, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        self.position += rest.find(|next| !belongs(next)).unwrap_or(rest.len());
        self.text.get(start..self.position).unwrap_or_default()
    }

    fn word(&mut self) -> TokenKind {
        let start = self.position;
        let word = self.take_while(start, |next| next.is_alphanumeric() || next == '_');
        if !is_name(word) {
            let message = format!("`{}` is not a name", excerpt(word));
            let span = Span { start, end: self.position };
            let rule = "a name starts with a letter and holds the letters A to Z, digits and underscores";
            self.report.add(Diagnostic::error(message, span).suggest(rule));
        }
        self.has_condition |= ["WHERE", "HAVING", "WITH"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word));
        self.currency(word)
    }

    /// `USD5.50` and `USD-5` are one token, though a name ends at the dot or the sign.
    fn currency(&mut self, word: &str) -> TokenKind {
        let digits = word.get(3..).unwrap_or("?");
        let is_currency = word.bytes().take(3).all(|byte| byte.is_ascii_alphabetic())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        let sign = if digits.is_empty() { b'-' } else { b'.' };
        if !is_currency || self.byte(0) != sign || !self.byte(1).is_ascii_digit() {
            return TokenKind::Word;
        }
        self.position += 1;
        self.take_while(self.position, |next| next.is_ascii_digit());
        if sign == b'-' && self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            self.position += 1;
            self.take_while(self.position, |next| next.is_ascii_digit());
        }
        TokenKind::Currency
    }

    fn number(&mut self) -> TokenKind {
        let start = self.position;
        let leading = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let is_temporal = matches!((leading, self.byte(leading)), (4, b'-') | (1 | 2, b':'));
        if is_temporal {
            return self.temporal();
        }
        self.position += usize::from(matches!(self.byte(0), b'+' | b'-'));
        let number = self.take_while(start, |next| next.is_alphanumeric() || next == '_' || next == '.');
        if !is_number(number) {
            let message = format!("`{}` is not a number", excerpt(number));
            let diagnostic = Diagnostic::error(message, Span { start, end: self.position });
            self.report.add(diagnostic.suggest("write digits with an optional sign and fraction, such as `-12.50`"));
        }
        TokenKind::Number
    }

    fn temporal(&mut self) -> TokenKind {
        let start = self.position;
        let text = self.take_while(start, |next| next.is_alphanumeric() || matches!(next, '-' | '+' | ':' | '.'));
        temporal(text).map_or_else(|| self.wrong_temporal(start, text), TokenKind::Temporal)
    }

    fn wrong_temporal(&mut self, start: usize, text: &str) -> TokenKind {
        let span = Span { start, end: self.position };
        let with_zone = format!("{text}Z");
        let day = self.previous.filter(|token| token.kind == TokenKind::Temporal(Temporal::Date));
        let day = day.and_then(|token| self.text.get(token.span.start..token.span.end));
        let (kind, suggestion) = match temporal(&with_zone) {
            Some(kind @ Temporal::Time) if day.is_some() => {
                (kind, format!("write date and time as one: `{}T{with_zone}`", day.unwrap_or_default()))
            }
            Some(kind @ Temporal::DateTime) => (kind, format!("add the time zone: `{with_zone}`")),
            Some(kind @ Temporal::Time) => (kind, format!("write it as `{with_zone}`")),
            _ => (Temporal::Date, "write `2024-05-31`, `2024-05-31T10:00:00Z` or `10:00:00.000Z`".to_owned()),
        };
        let message = format!("`{}` is not a date, a datetime or a time", excerpt(text));
        self.report.add(Diagnostic::error(message, span).suggest(suggestion));
        TokenKind::Temporal(kind)
    }

    fn string(&mut self, quote: char) -> TokenKind {
        let start = self.position;
        let closes = |next: char| match quote {
            '\'' | '"' => next == quote,
            '“' | '”' => matches!(next, '“' | '”'),
            _ => matches!(next, '‘' | '’'),
        };
        let (length, doubled) = self.closing_quote(closes);
        self.position = length.map_or(self.text.len(), |length| start + length);
        if length.is_none() {
            let span = Span { start, end: start + quote.len_utf8() };
            let diagnostic = Diagnostic::error("the text is not closed", span);
            self.report.add(diagnostic.suggest("end it with `'`; a quote inside the text is written `\\'`"));
            return TokenKind::Invalid;
        }
        if let Some(at) = doubled {
            let span = Span { start: start + at, end: start + at + 2 };
            self.report.add(Diagnostic::error("`''` is no quote inside text", span).suggest("write `\\'`"));
        }
        if quote != '\'' {
            self.wrong_quotes(Span { start, end: self.position });
        }
        TokenKind::String
    }

    /// Returns the length of the text in quotes that begins here, if it ends, and where `''` stands in it: other languages
    /// write that for a quote inside text.
    fn closing_quote(&self, closes: impl Fn(char) -> bool) -> (Option<usize>, Option<usize>) {
        let mut doubled = None;
        let mut is_escaped = false;
        let mut rest = self.rest().char_indices().skip(1).peekable();
        while let Some((at, next)) = rest.next() {
            if !is_escaped && closes(next) {
                if next != '\'' || rest.next_if(|&(_, after)| after == '\'').is_none() {
                    return (Some(at + next.len_utf8()), doubled);
                }
                doubled = doubled.or(Some(at));
            }
            is_escaped = !is_escaped && next == '\\';
        }
        (None, None)
    }

    fn wrong_quotes(&mut self, span: Span) {
        let quoted = self.text.get(span.start..span.end).unwrap_or_default();
        let inner = quoted.trim_matches(['"', '“', '”', '‘', '’']).replace('\'', "\\'");
        let message = format!("text stands in single quotes, not `{}`", excerpt(quoted));
        self.report.add(Diagnostic::error(message, span).suggest(format!("write `'{}'`", excerpt(&inner))));
    }

    fn sign(&mut self, first: char) -> TokenKind {
        let (kind, length) = match (self.byte(0), self.byte(1)) {
            (b',', _) => (TokenKind::Comma, 1),
            (b'.', _) => (TokenKind::Dot, 1),
            (b':', _) => (TokenKind::Colon, 1),
            (b'(', _) => (TokenKind::Open, 1),
            (b')', _) => (TokenKind::Close, 1),
            (b'!', b'=') if self.byte(2) == b'=' => return self.foreign_operator(),
            (b'!', b'=') | (b'<', b'>') => (TokenKind::Operator(Operator::Ne), 2),
            (b'<', b'=') => (TokenKind::Operator(Operator::Le), 2),
            (b'>', b'=') => (TokenKind::Operator(Operator::Ge), 2),
            (b'=', b'=' | b'<' | b'>' | b'!') | (b'&', b'&') | (b'|', b'|') => return self.foreign_operator(),
            (b'=', _) => (TokenKind::Operator(Operator::Eq), 1),
            (b'<', _) => (TokenKind::Operator(Operator::Lt), 1),
            (b'>', _) => (TokenKind::Operator(Operator::Gt), 1),
            (b'{', _) | (b'$', b'{') => return self.template(),
            _ => (self.stray(first), first.len_utf8()),
        };
        self.position += length;
        kind
    }

    /// `{{ name }}`, `${name}`, `{!name}`: what a program was meant to replace.
    fn template(&mut self) -> TokenKind {
        let start = self.position;
        let rest = self.rest();
        let near = rest.get(..rest.floor_char_boundary(LONGEST_TEMPLATE)).unwrap_or_default();
        let length = near.find('}').map_or(1, |at| at + 1);
        let closing = rest.get(length..).unwrap_or_default();
        self.position += length + usize::from(length > 1 && closing.starts_with('}'));
        let span = Span { start, end: self.position };
        let message =
            format!("`{}` was not replaced by a value", excerpt(self.text.get(start..span.end).unwrap_or_default()));
        self.report.add(Diagnostic::error(message, span).suggest("write the value itself"));
        TokenKind::Invalid
    }

    /// Full-width forms, as East Asian keyboards type them. The meaning of the signs is clear; words are left alone.
    fn full_width(&mut self) -> TokenKind {
        let start = self.position;
        let first = self.rest().chars().next().map(narrow).unwrap_or_default();
        let is_word = |next: char| next.is_ascii_alphanumeric() || next == '_';
        let typed = if is_word(first) {
            self.take_while(start, |next| is_full_width(next) && is_word(narrow(next)))
        } else {
            self.position += first_length(self.rest());
            self.text.get(start..self.position).unwrap_or_default()
        };
        let meant: String = typed.chars().map(narrow).collect();
        let message = format!("`{}` is written in full-width characters", excerpt(typed));
        let span = Span { start, end: self.position };
        self.report.add(Diagnostic::error(message, span).suggest(format!("write `{}`", excerpt(&meant))));
        match first {
            ',' => TokenKind::Comma,
            '.' => TokenKind::Dot,
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            '=' => TokenKind::Operator(Operator::Eq),
            '<' => TokenKind::Operator(Operator::Lt),
            '>' => TokenKind::Operator(Operator::Gt),
            _ => TokenKind::Invalid,
        }
    }
}

fn is_full_width(character: char) -> bool {
    matches!(character, '\u{ff01}'..='\u{ff5e}')
}

/// Returns the ASCII character that a full-width one stands for.
fn narrow(character: char) -> char {
    const DISTANCE: u32 = 0xff01 - 0x21;
    let ascii = u32::from(character).checked_sub(DISTANCE).and_then(char::from_u32);
    ascii.filter(|_| is_full_width(character)).unwrap_or(character)
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Digits with an optional sign and an optional fraction.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    !fraction.is_empty() && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
}
