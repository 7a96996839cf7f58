//! What is wrong with a configuration, and where: file, line, column, and the path of the key.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error("could not read the configuration file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("could not read the configuration file `{}`: it is not valid TOML\n{rendered}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The place, the line and what is wrong with it.
        rendered: String,
    },
    /// The file is TOML, but does not say what it must.
    #[error("could not use the configuration file `{}`: {}\n{}", path.display(), count(problems), problems.join("\n"))]
    Problems {
        /// The file.
        path: PathBuf,
        /// Each problem with its place, in the order of the file.
        problems: Vec<String>,
    },
}

impl Error {
    /// Returns one action that the user can take.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("`orgtap init` writes one to start from; `--config FILE` names another".to_owned())
            }
            Self::Unreadable { .. } => Some("`--config FILE` names a file that can be read".to_owned()),
            Self::Syntax { .. } => Some("`orgtap init` writes an example; texts stand in quotes".to_owned()),
            Self::Problems { .. } => {
                Some("`orgtap schema` describes every option; `orgtap init` writes an example".to_owned())
            }
        }
    }
}

fn count(problems: &[String]) -> String {
    match problems.len() {
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    }
}

/// The text of a configuration file, for turning byte offsets into lines and columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// Where the text came from.
    pub(crate) path: &'a Path,
    /// The text.
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    /// Returns the line and the column of a byte offset, both from 1; columns count characters.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before.get(line_start..).map_or(0, |line| line.chars().count()) + 1)
    }

    /// Returns `file:line:column` of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        format!("{}:{line}:{column}", self.path.display())
    }

    /// Returns the lines of the text with their starts, line ends removed.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        let mut start = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let at = start;
            start += line.len();
            (at, line.trim_end_matches(['\n', '\r']))
        })
    }
}

/// The place of a value in the document: `rows[2].fetch`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyPath(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

impl KeyPath {
    /// Returns the path of the value that `key` has in the table at this path.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// Returns the path of element `index`, from 0, of the list at this path.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One thing that is wrong with a value. The message never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    span: Range<usize>,
    message: String,
}

impl Problem {
    /// Returns a problem of the value at `path`; `message` goes on from the path: "is missing".
    pub(crate) fn new(span: &Range<usize>, path: &KeyPath, message: impl fmt::Display) -> Self {
        Self { span: span.clone(), message: format!("`{path}` {message}") }
    }
}

/// Turns `problems` into one error, in the order of the file, or into `Ok` where there are none.
pub(crate) fn all_of(source: Source<'_>, mut problems: Vec<Problem>) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    problems.sort_by_key(|problem| problem.span.start);
    problems.dedup();
    let problems =
        problems.iter().map(|problem| format!("  {}: {}", source.place(problem.span.start), problem.message)).collect();
    Err(Error::Problems { path: source.path.to_owned(), problems })
}
