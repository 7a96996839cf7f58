//! `orgtap query --check`: whether texts are queries, for editors and continuous integration. Connects to nothing.

use std::fs;
use std::io;
use std::path::Path;

use orgtap_soql::{Diagnostics, check};
use serde::{Deserialize, Serialize};

use crate::app::Exit;
use crate::error::{Error, Result};
use crate::output::Console;
use crate::output::diagnostic::DiagnosticDocument;
use crate::output::format::{count, printable_lines};

/// The answer about one query; scripts and editors rely on its names.
#[derive(Debug, PartialEq, Serialize)]
struct Answer {
    /// Whether the text is SOQL. Salesforce may still refuse to run it: the diagnostics tell which rules it breaks.
    valid: bool,
    diagnostics: Vec<DiagnosticDocument>,
}

/// What is known about one query.
struct Checked {
    is_valid: bool,
    problems: Option<Diagnostics>,
}

impl Checked {
    fn of(soql: &str) -> Self {
        match orgtap_soql::parse(soql) {
            Ok(query) => Self { is_valid: true, problems: Diagnostics::new(soql, check::api(&query)) },
            Err(problems) => Self { is_valid: false, problems: Some(problems) },
        }
    }

    fn answer(&self) -> Answer {
        let diagnostics = self.problems.as_ref().map(DiagnosticDocument::all_of).unwrap_or_default();
        Answer { valid: self.is_valid, diagnostics }
    }
}

/// Checks one query.
pub(super) fn one(soql: &str, is_json: bool, console: &Console) -> Result<Exit> {
    let checked = Checked::of(soql);
    if is_json {
        print(&checked, console)?;
        return Ok(exit(checked.problems.is_none()));
    }
    match checked.problems {
        Some(problems) => Err(Error::Query(Box::new(problems))),
        None => {
            console.line("ok")?;
            Ok(Exit::Done)
        }
    }
}

/// A line of a file of queries; what else it holds does not matter.
#[derive(Deserialize)]
struct Line {
    query: String,
}

/// Checks every query of a file of JSON lines, `-` being standard input.
pub(super) fn file(path: &Path, is_json: bool, console: &Console) -> Result<Exit> {
    let text = if path == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    let text = text.map_err(|source| Error::File { action: "read the queries in", path: path.to_owned(), source })?;
    let (mut all, mut good) = (0, 0);
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let Line { query } = serde_json::from_str(line).map_err(|error| unreadable(path, number, &error))?;
        let checked = Checked::of(&query);
        all += 1;
        good += u64::from(checked.problems.is_none());
        if is_json {
            print(&checked, console)?;
        } else if let Some(problems) = &checked.problems {
            console.line(&format!("{}:{number}: {}", path.display(), printable_lines(problems.render().trim_end())))?;
        }
    }
    if !is_json {
        console.line(&format!("{} of {} queries are in order", count(good), count(all)))?;
    }
    Ok(exit(good == all))
}

fn print(checked: &Checked, console: &Console) -> Result<()> {
    let answer = serde_json::to_string(&checked.answer()).map_err(io::Error::from)?;
    Ok(console.line(&answer)?)
}

fn exit(is_good: bool) -> Exit {
    if is_good { Exit::Done } else { Exit::UserError }
}

fn unreadable(path: &Path, number: usize, error: &serde_json::Error) -> Error {
    Error::Usage {
        action: format!("read line {number} of `{}`", path.display()),
        cause: error.to_string(),
        hint: r#"each line is a JSON object such as {"query": "SELECT Id FROM Account"}"#.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        let answer = Checked::of("SELECT Id FROM A WHERE Name = 'Žluť😀' AND b == 1").answer();

        assert!(!answer.valid);
        assert_eq!((answer.diagnostics[0].start, answer.diagnostics[0].end), (44, 46));
    }

    #[test]
    fn what_reads_well_and_breaks_a_rule_is_valid_and_has_a_diagnostic() {
        let answer = Checked::of("SELECT Name, COUNT(Id) FROM Account").answer();

        assert!(answer.valid);
        assert_eq!(answer.diagnostics[0].message, "`Name` is neither grouped by nor aggregated");
        assert_eq!(Checked::of("SELECT Name FROM Account").answer(), Answer { valid: true, diagnostics: Vec::new() });
    }
}
