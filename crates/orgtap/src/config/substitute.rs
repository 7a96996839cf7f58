//! `${NAME}`, `${file:PATH}` and `$${` in the texts of a configuration.
//!
//! What is put in is not looked at again: a password that holds `${` is safe in a variable. No message repeats any of the text itself,
//! only the names of variables and files.

use std::env::VarError;
use std::fs;
use std::path::Path;

use super::connection::Surroundings;
use super::document::{Node, Value};
use super::problem::{KeyPath, Problem};
use crate::env::Environment;

/// Replaces every reference in every text of `document`.
pub(crate) fn substitute(document: &mut Node, around: Surroundings<'_>, problems: &mut Vec<Problem>) {
    document.each_text(&KeyPath::default(), &mut |path, span, value| {
        let Value::Text { text, is_substituted } = value else { return };
        match expand(text, around.environment, around.folder) {
            Ok(None) => {}
            Ok(Some(expanded)) => {
                *text = expanded;
                *is_substituted = true;
            }
            Err(message) => {
                problems.push(Problem::new(span, path, message));
                *value = Value::Unresolved;
            }
        }
    });
}

/// Returns `text` with its references replaced, or `None` where it has none.
fn expand(text: &str, environment: &Environment, folder: &Path) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        let Some((reference, after)) = after.split_once('}') else {
            return Err("holds a `${` without a `}`; write `$${` for a literal `${`".to_owned());
        };
        expanded.push_str(before);
        expanded.push_str(&resolve(reference, environment, folder)?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(Some(expanded))
}

fn resolve(reference: &str, environment: &Environment, folder: &Path) -> Result<String, String> {
    if let Some(path) = reference.strip_prefix("file:") {
        return read(&folder.join(path));
    }
    if !is_variable_name(reference) {
        return Err(
            "holds a `${…}` that is neither a variable `${NAME}` nor `${file:PATH}`; write `$${` for a literal `${`"
                .to_owned(),
        );
    }
    environment.get(reference).map_err(|error| match error {
        VarError::NotPresent => format!("needs the environment variable `{reference}`, which is not set"),
        VarError::NotUnicode(_) => format!("needs the environment variable `{reference}`, which is not valid UTF-8"),
    })
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|char: char| char.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn read(path: &Path) -> Result<String, String> {
    let mut content = fs::read_to_string(path)
        .map_err(|error| format!("needs the file `{}`, which cannot be read: {error}", path.display()))?;
    if content.ends_with('\n') {
        content.pop();
        if content.ends_with('\r') {
            content.pop();
        }
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment() -> Environment {
        Environment::Fixed([("A".to_owned(), "x".to_owned()), ("TRICKY".to_owned(), "${A}$${".to_owned())].into())
    }

    fn expanded(text: &str) -> Result<Option<String>, String> {
        expand(text, &environment(), Path::new("/nowhere"))
    }

    #[test]
    fn references_are_replaced_once() {
        assert_eq!(expanded("${A}"), Ok(Some("x".to_owned())));
        assert_eq!(expanded("a${A}b${A}c"), Ok(Some("axbxc".to_owned())));
        assert_eq!(expanded("${TRICKY}"), Ok(Some("${A}$${".to_owned())));
        assert_eq!(expanded("$${A}"), Ok(Some("${A}".to_owned())));
        assert_eq!(expanded("$$${A}"), Ok(Some("$${A}".to_owned())));
        assert_eq!(expanded("$A { $ }"), Ok(None));
    }

    #[test]
    fn a_reference_that_cannot_be_resolved_says_what_it_needs() {
        assert_eq!(expanded("${B}"), Err("needs the environment variable `B`, which is not set".to_owned()));
        assert_eq!(expanded("s3cret${"), Err("holds a `${` without a `}`; write `$${` for a literal `${`".to_owned()));
        for text in ["${}", "${1}", "${s3 cret}", "${env:A}"] {
            let message = expanded(text).unwrap_err();
            assert!(message.starts_with("holds a `${…}` that is neither"), "{message}");
            assert!(!message.contains("s3"), "{message}");
        }
    }

    #[test]
    fn a_file_gives_its_content_without_the_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "two\nlines\r\n").unwrap();

        assert_eq!(expand("<${file:secret}>", &environment(), folder.path()), Ok(Some("<two\nlines>".to_owned())));
        let missing = expand("${file:missing}", &environment(), folder.path()).unwrap_err();
        assert!(missing.contains("/missing`, which cannot be read: "), "{missing}");
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(text in r"[$\{\}A-B:efil/]{0,40}|\PC*") {
            let result = expanded(&text);

            let has_reference = text.contains("${");
            prop_assert!(has_reference || result == Ok(None));
        }
    }
}
