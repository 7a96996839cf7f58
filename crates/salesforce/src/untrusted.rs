//! Makes text that came from outside fit for one line of an error or a log.
//!
//! It cleans and shortens. It does not interpret.

/// The longest text, in characters, that is repeated from a server.
const LONGEST: usize = 2_000;

/// What stands where text was cut off.
pub(crate) const CUT: char = '…';

/// Returns `text` on one line: control characters and runs of blanks become one blank, session ids are masked, the rest is cut.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    shortened(mask_tokens(words).join(" "), LONGEST)
}

/// Returns at most the first `longest` characters of `text`, and shows that it was longer.
pub(crate) fn shortened(mut text: String, longest: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(longest) {
        text.truncate(end);
        text.push(CUT);
    }
    text
}

/// Returns `text` in backticks, cleaned, for use as a literal in a message.
pub(crate) fn literal(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'"))
}

/// Returns whether `c` has no look of its own.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// Characters that change how the text around them is shown: marks of direction, zero-width characters, the byte order mark, tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Gateways like to repeat the request in their error pages, with its `Authorization` header.
fn mask_tokens<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut after_bearer = false;
    words
        .map(|word| {
            let is_token = after_bearer || is_session_id(word);
            after_bearer = word.eq_ignore_ascii_case("bearer");
            if is_token { "[masked]" } else { word }
        })
        .collect()
}

/// A session id is an organisation id of 15 characters that starts with `00D`, an exclamation mark and the secret.
fn is_session_id(word: &str) -> bool {
    word.match_indices('!').any(|(at, _)| {
        let before = word.as_bytes().get(at.saturating_sub(15)..at).unwrap_or_default();
        before.len() == 15 && before.starts_with(b"00D") && before.iter().all(u8::is_ascii_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_one_line_without_control_characters() {
        assert_eq!(one_line(" a\r\n\tb\u{1b}[31m\0c\u{202e}d\u{feff} "), "a b [31m c d");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let line = one_line(&"é".repeat(5_000));

        assert_eq!(line.chars().count(), LONGEST + 1);
        assert!(line.ends_with('…'));
    }

    #[test]
    fn sessions_are_masked() {
        assert_eq!(one_line("Bearer abc and sid=00Dd0000000cQ8L!AQ.x, fine!"), "Bearer [masked] and [masked] fine!");
    }

    #[test]
    fn a_literal_cannot_end_early() {
        assert_eq!(literal("a`b\n"), "`a'b`");
    }
}
