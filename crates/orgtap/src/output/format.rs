//! How single values are written: counts, sizes, durations, texts that are not trusted, and errors with their causes.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

/// Returns `text` on one line: line ends and tabs become blanks; other control characters, and those that reorder text, are dropped.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|char| if matches!(char, '\n' | '\r' | '\t') { ' ' } else { char }).filter(is_harmless).collect()
}

/// Returns `text` with its lines, without what [`printable`] drops.
pub(crate) fn printable_lines(text: &str) -> String {
    text.chars().filter(|char| matches!(char, '\n' | '\t') || is_harmless(char)).collect()
}

/// Returns a JSON document with everything escaped that [`printable`] would drop: it means the same, and can be looked at.
pub(crate) fn printable_json(document: &str) -> String {
    let mut text = String::with_capacity(document.len());
    for char in document.chars() {
        if char == '\n' || is_harmless(&char) {
            text.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                write!(text, "\\u{unit:04x}").ok();
            }
        }
    }
    text
}

fn is_harmless(char: &char) -> bool {
    let is_hidden = matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !char.is_control() && !is_hidden
}

/// Returns `error: cause: cause`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String cannot fail.
        write!(text, ": {error}").ok();
        cause = error.source();
    }
    printable_lines(&text)
}

/// Returns a count with its thousands set apart: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns `1 record` or `2 records`.
pub(crate) fn counted(number: u64, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", count(number))
}

/// Returns a number of bytes in megabytes, to one digit: `12.3`.
pub(crate) fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{}", count(tenths / 10), tenths % 10)
}

/// Returns a duration in seconds, to one digit: `4.2`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1_000, 1_234_567].map(count).each_ref().map(String::as_str)
        );
        assert_eq!(
            ["0.0", "0.1", "1.0", "1,234.6"],
            [49_999, 50_000, 950_000, 1_234_567_890].map(megabytes).each_ref().map(String::as_str)
        );
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(2, "record"), "2 records");
    }

    #[test]
    fn json_that_can_be_looked_at_means_the_same() {
        let value = serde_json::json!({ "a\u{9b}": ["\u{202e}\u{1b}", "é\u{e0041}\n", 1] });
        let document = serde_json::to_string_pretty(&value).unwrap();

        let shown = printable_json(&document);

        assert!(shown.chars().all(|char| char == '\n' || is_harmless(&char)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn text_cannot_command_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\r\nc\td\u{7}\u{202e}e"), "a[31mb  c de");
        assert_eq!(printable_lines("a\u{1b}]0;x\u{7}\nb\tc\r"), "a]0;x\nb\tc");
    }
}
