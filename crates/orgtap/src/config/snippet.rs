//! The line of a configuration file that is not TOML, with a caret under the place, and without the values of secrets.
//!
//! A file that does not parse cannot be asked which of its text is secret, so this errs on the side of hiding: what follows the name of a
//! secret option on its line is not shown, nor is any line of a multi-line text that such a line opens.

use super::problem::Source;
use super::schema;

/// What stands for a hidden value.
const HIDDEN: &str = " …";

/// Returns `file:line:column: message`, the line, and a caret under the place.
pub(crate) fn render(source: Source<'_>, offset: usize, message: &str) -> String {
    let (number, column) = source.position(offset);
    let shown = shown_line(source, number);
    let gutter = number.to_string();
    let blank = " ".repeat(gutter.len());
    let caret_at = (column - 1).min(shown.chars().count());
    // Tabs stay tabs, so that the caret stands under its place at any tab width.
    let indent: String = shown.chars().take(caret_at).map(|char| if char == '\t' { '\t' } else { ' ' }).collect();
    format!("  {}: {message}\n  {blank} |\n  {gutter} | {shown}\n  {blank} | {indent}^", source.place(offset))
}

/// Returns line `number`, from 1, as it may be shown.
fn shown_line(source: Source<'_>, number: usize) -> String {
    let secrets = schema::secret_keys();
    let mut inside_secret: Option<&str> = None;
    for (index, (_, line)) in source.lines().enumerate() {
        let masked = match inside_secret {
            Some(_) => Some(HIDDEN.trim_start().to_owned()),
            None => mask(line, &secrets),
        };
        if index + 1 == number {
            return masked.unwrap_or_else(|| line.to_owned());
        }
        inside_secret = match inside_secret {
            Some(quotes) if line.contains(quotes) => None,
            Some(quotes) => Some(quotes),
            None if masked.is_some() => opens_text(line),
            None => None,
        };
    }
    String::new()
}

/// Returns `line` up to the first name of a secret option that is followed by something, or `None` where there is none.
fn mask(line: &str, secrets: &[String]) -> Option<String> {
    let end = secrets.iter().filter_map(|name| line.find(name.as_str()).map(|start| start + name.len())).min()?;
    let (shown, hidden) = line.split_at_checked(end)?;
    (!hidden.trim().is_empty()).then(|| format!("{shown}{}{HIDDEN}", if hidden.contains('=') { " =" } else { "" }))
}

/// Returns the quotes of a multi-line text that begins in `line` and does not end there.
fn opens_text(line: &str) -> Option<&'static str> {
    ["\"\"\"", "'''"].into_iter().find(|quotes| line.matches(quotes).count() % 2 == 1)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn render_at(text: &str, needle: &str) -> String {
        let offset = text.find(needle).expect("the text holds the needle");
        render(Source { path: Path::new("orgtap.toml"), text }, offset, "something is wrong")
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let rendered = render_at("[run]\nconcurrency == 4\n", "= 4");

        assert_eq!(
            rendered,
            "  orgtap.toml:2:14: something is wrong\n    |\n  2 | concurrency == 4\n    |              ^"
        );
    }

    #[test]
    fn the_value_of_a_secret_is_hidden() {
        for text in [
            "password = \"hunter2\\q\"",
            "  password=\"hunter2",
            "proxy = { username = \"u\", password = \"hunter2 }",
            "private_key = \"\"\"\nhunter2\\q==\n\"\"\"",
            "private_key = '''\nx = 1\nhunter2 = \n",
            "\"password\" = \"hunter2",
            "url = \"http://u:hunter2@proxy",
        ] {
            let rendered = render_at(text, "hunter2");

            assert!(!rendered.contains("hunter2"), "{rendered}");
        }
    }

    #[test]
    fn lines_after_a_secret_are_shown() {
        let rendered = render_at("private_key = '''\nabc\n'''\nsandbox = treu", "treu");

        assert!(rendered.contains("4 | sandbox = treu"), "{rendered}");
    }
}
