//! Shows a problem under the line of the query it is in.

use super::{Diagnostic, Severity, printable};

/// The most characters of a line that are shown.
const WINDOW: usize = 100;
/// How many of them come before the place.
const LEAD: usize = 40;

/// Returns the line and the column, both from 1, of the byte at `offset`.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

pub(super) fn render(text: &str, diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (line, column) = position(text, diagnostic.span.start);
    let mut shown = format!("{severity}: {}\n  at {line}:{column}\n", printable(&diagnostic.message));
    let excerpt = Excerpt::of(text, diagnostic);
    shown.push_str(format!("    {}", excerpt.line).trim_end());
    shown.push_str(&format!("\n    {}\n", excerpt.mark()));
    if let Some(suggestion) = &diagnostic.suggestion {
        shown.push_str(&format!("  hint: {}\n", printable(suggestion)));
    }
    shown
}

/// The visible part of a line: what is before the place, and how wide the place is.
struct Excerpt {
    line: String,
    indent: usize,
    width: usize,
}

impl Excerpt {
    fn of(text: &str, diagnostic: &Diagnostic) -> Self {
        let start = text.floor_char_boundary(diagnostic.span.start);
        let end = text.floor_char_boundary(diagnostic.span.end).max(start);
        let (head, tail) = text.split_at(start);
        let before = head.rsplit('\n').next().unwrap_or_default();
        let after = tail.split('\n').next().unwrap_or_default();
        let place = after.get(..end - start).unwrap_or(after);

        let before_length = before.chars().count();
        let hidden =
            if before_length + after.chars().count() > WINDOW { before_length.saturating_sub(LEAD) } else { 0 };
        let before: String = before.chars().skip(hidden).collect();
        let room = WINDOW - before.chars().count().min(LEAD);
        let clip = |text: &str| text.chars().take(room).collect::<String>();
        let before = if hidden > 0 { format!("…{}", visible(&before)) } else { visible(&before) };
        let ending = if after.chars().count() > room { "…" } else { "" };
        Self {
            indent: columns(&before),
            width: columns(&visible(&clip(place))),
            line: format!("{before}{}{ending}", visible(&clip(after))),
        }
    }

    fn mark(&self) -> String {
        format!("{}{}", " ".repeat(self.indent), "^".repeat(self.width.max(1)))
    }
}

/// Tabs become one blank, so that the mark stands where the terminal shows the place.
fn visible(text: &str) -> String {
    printable(&text.replace('\t', " "))
}

/// Returns how many columns of a terminal `text` takes.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The usual widths: none for joiners and combining marks, two for emoji and East Asian characters, otherwise one.
fn width(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostics, Span};
    use super::*;

    fn rendered(text: &str, place: &str, message: &str) -> String {
        let start = text.find(place).expect("the text holds the place");
        let span = Span { start, end: start + place.len() };
        Diagnostics::only(text, Diagnostic::error(message, span)).render()
    }

    #[test]
    fn the_mark_stands_under_the_place() {
        let text = "SELECT Id\nFROM Account\nWHERE Name == 'x'\n";

        insta::assert_snapshot!(rendered(text, "==", "`==` is not an operator"), @r"
        error: `==` is not an operator
          at 3:12
            WHERE Name == 'x'
                       ^^
        ");
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_mark_in_place() {
        let shown = rendered("\t\tName = '😀漢e\u{301}' ^ 5", "^", "unexpected `^`");

        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], "  at 1:17");
        assert_eq!(lines[2], "      Name = '😀漢e\u{301}' ^ 5");
        let columns_before_the_place = 6 + "Name = '".len() + 2 + 2 + 1 + "' ".len();
        assert_eq!(lines[3], format!("{}^", " ".repeat(columns_before_the_place)));
    }

    #[test]
    fn an_empty_place_at_the_end_gets_one_mark() {
        let diagnostics =
            Diagnostics::only("SELECT Id\n", Diagnostic::error("expected `FROM`", Span { start: 10, end: 10 }));

        insta::assert_snapshot!(diagnostics.render(), @r"
        error: expected `FROM`
          at 2:1

            ^
        ");
    }

    #[test]
    fn a_place_over_several_lines_is_marked_to_the_end_of_the_first() {
        insta::assert_snapshot!(rendered("a = 'x\r\ny' b", "'x\r\ny'", "wrong"), @r"
        error: wrong
          at 1:5
            a = 'x
                ^^
        ");
    }

    #[test]
    fn a_long_line_is_cut_to_the_part_around_the_place() {
        let text = format!("{} ^ {}", "a".repeat(500), "b".repeat(500));

        let shown = rendered(&text, "^", "unexpected `^`");

        assert!(shown.lines().all(|line| line.chars().count() <= WINDOW + 10), "{shown}");
        let (line, mark) = (shown.lines().nth(2).unwrap(), shown.lines().nth(3).unwrap());
        let under = |text: &str| text.chars().position(|next| next == '^');
        assert_eq!(under(line), under(mark), "{shown}");
    }

    #[test]
    fn control_characters_are_not_shown() {
        let shown = rendered("a \u{1b}[31m\u{202e}b ^ c", "^", "unexpected\u{7} `^`");

        assert!(shown.chars().all(|next| next == '\n' || !next.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202e}'));
    }

    #[test]
    fn spans_from_another_text_do_no_harm() {
        for (start, end) in [(1, 2), (2, 1), (7, 900), (900, 7)] {
            let diagnostics = Diagnostics::only("'é'\né", Diagnostic::error("wrong", Span { start, end }));
            assert!(diagnostics.render().contains("wrong"));
            assert!(diagnostics.to_string().contains("wrong"));
        }
    }

    #[test]
    fn as_an_error_the_first_problem_stands_on_one_line() {
        let list = vec![
            Diagnostic::error("second", Span { start: 4, end: 5 }),
            Diagnostic::error("first", Span { start: 2, end: 3 }).suggest("do it"),
        ];

        let diagnostics = Diagnostics::new("a\nb\nc", list).unwrap();

        assert_eq!(diagnostics.to_string(), "could not accept the query: first at 2:1 (and 1 more)");
        assert_eq!(diagnostics.hint().as_deref(), Some("do it"));
        assert_eq!(Diagnostics::new("", Vec::new()), None);
    }
}
