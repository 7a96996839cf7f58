//! What an import tells about itself.

use std::path::{Path, PathBuf};

/// What an import made of each file.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// The files that were used, in the order in which they were read.
    pub loaded: Vec<ImportedFile>,
    /// The files that were not used, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// What was left out or changed in the files that were used.
    pub notes: Vec<Note>,
}

/// A file that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// The file.
    pub path: PathBuf,
    /// The objects it describes or fills.
    pub objects: Vec<String>,
    /// How many records came from it; 0 for a describe.
    pub records: u64,
}

/// Something that did not come over as it stood in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub path: PathBuf,
    /// The record in the file, counted from 1, if it is about one.
    pub record: Option<u64>,
    /// The field or column, if it is about one.
    pub field: Option<String>,
    /// What happened, in one phrase.
    pub message: String,
}

impl ImportReport {
    pub(super) fn load(&mut self, path: &Path, objects: Vec<String>, records: u64) {
        self.loaded.push(ImportedFile { path: path.to_owned(), objects, records });
    }

    pub(super) fn skip(&mut self, path: &Path, reason: impl Into<String>) {
        self.skipped.push((path.to_owned(), reason.into()));
    }

    pub(super) fn note(&mut self, path: &Path, record: Option<u64>, field: Option<&str>, message: impl Into<String>) {
        let field = field.map(|field| field.chars().filter(|char| !char.is_control()).collect());
        self.notes.push(Note { path: path.to_owned(), record, field, message: message.into() });
    }
}
