//! The escapes of text in quotes.

use super::Parser;
use crate::{
    diagnostic::{Span, excerpt},
    token::Token,
};

/// What a backslash may stand before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Every escape is resolved.
    Plain,
    /// `\%`, `\_` and `\\` belong to the pattern and stay.
    Pattern,
}

impl Parser<'_> {
    /// Returns the text in quotes that `token` holds.
    pub(super) fn unescape(&mut self, token: Token, escapes: Escapes) -> String {
        let mut quoted = self.text_of(token).chars();
        let (Some(open), Some(_)) = (quoted.next(), quoted.next_back()) else {
            return String::new();
        };
        let mut rest = quoted.as_str();
        let mut offset = token.span.start + open.len_utf8();
        let mut text = String::new();
        while let Some((before, escaped)) = rest.split_once('\\') {
            text.push_str(before);
            offset += before.len();
            let length = match read(escaped, escapes) {
                Ok((meant, length)) => {
                    text.push_str(&meant);
                    length
                }
                Err(wrong) => self.wrong_escape(wrong, escaped, offset),
            };
            offset += 1 + length;
            rest = escaped.get(length..).unwrap_or_default();
        }
        text + rest
    }

    /// Reports the escape at `offset` and returns how much of it to skip after the backslash.
    fn wrong_escape(&mut self, wrong: Wrong, escaped: &str, offset: usize) -> usize {
        let after = escaped.chars().next();
        let length = after.map_or(0, char::len_utf8);
        let sign = excerpt(escaped.get(..length).unwrap_or_default());
        let (message, suggestion) = match wrong {
            Wrong::Unknown => (format!("`\\{sign}` is not an escape"), "write `\\\\` for a backslash".to_owned()),
            Wrong::PatternOnly => (format!("`\\{sign}` is an escape of LIKE patterns only"), format!("write `{sign}`")),
            Wrong::Unicode => {
                let suggestion = "write four hexadecimal digits after it, such as `\\u20ac`";
                (format!("`\\{sign}` is not followed by a character's number"), suggestion.to_owned())
            }
        };
        self.complain(message, Span { start: offset, end: offset + 1 + length }, suggestion);
        length
    }
}

enum Wrong {
    Unknown,
    PatternOnly,
    Unicode,
}

/// Reads the escape that `escaped`, the text after a backslash, begins with: what it means and how long it is.
fn read(escaped: &str, escapes: Escapes) -> Result<(String, usize), Wrong> {
    let simple = match (escaped.chars().next(), escapes) {
        (Some('n' | 'N'), _) => "\n",
        (Some('r' | 'R'), _) => "\r",
        (Some('t' | 'T'), _) => "\t",
        (Some('b' | 'B'), _) => "\u{8}",
        (Some('f' | 'F'), _) => "\u{c}",
        (Some('"'), _) => "\"",
        (Some('\''), _) => "'",
        (Some('\\'), Escapes::Plain) => "\\",
        (Some('\\'), Escapes::Pattern) => "\\\\",
        (Some('%'), Escapes::Pattern) => "\\%",
        (Some('_'), Escapes::Pattern) => "\\_",
        (Some('%' | '_'), Escapes::Plain) => return Err(Wrong::PatternOnly),
        (Some('u' | 'U'), _) => return unicode(escaped, escapes).ok_or(Wrong::Unicode),
        _ => return Err(Wrong::Unknown),
    };
    Ok((simple.to_owned(), 1))
}

/// Reads `uXXXX`, or two of them with a backslash between that make up one character.
fn unicode(escaped: &str, escapes: Escapes) -> Option<(String, usize)> {
    let first = hexadecimal(escaped.get(1..5)?)?;
    let (character, length) = match char::from_u32(first) {
        Some(character) => (character, 5),
        None => {
            let second = escaped.get(5..)?.strip_prefix("\\u").or_else(|| escaped.get(5..)?.strip_prefix("\\U"))?;
            let units = [u16::try_from(first).ok()?, u16::try_from(hexadecimal(second.get(..4)?)?).ok()?];
            (char::decode_utf16(units).next()?.ok()?, 11)
        }
    };
    let is_pattern_sign = character == '\\' && escapes == Escapes::Pattern;
    Some((if is_pattern_sign { "\\\\".to_owned() } else { character.to_string() }, length))
}

fn hexadecimal(digits: &str) -> Option<u32> {
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}
