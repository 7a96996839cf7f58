//! The folder that a demo leaves behind: a configuration and a SQLite file.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use orgtap_emulator::Settings;

use crate::error::{Error, Result};

/// What the demo's configuration begins with; a folder with such a file may be used again.
const MARK: &str = "# Written by `orgtap demo`.";

/// The files that a demo writes.
const FILES: [&str; 4] = [CONFIG, DATABASE, "salesforce.db-wal", "salesforce.db-shm"];
const CONFIG: &str = "orgtap.toml";
const DATABASE: &str = "salesforce.db";

/// The demo's folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or empties the one that an earlier demo left. Any other folder with something in it is refused.
    pub(super) fn prepare(path: &Path) -> Result<Self> {
        let folder = Self(path.to_owned());
        let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed("make the folder"))?;
        if folder.is_of_a_demo() {
            for name in FILES {
                remove(&path.join(name)).map_err(failed("empty the folder"))?;
            }
        } else if fs::read_dir(path).map_err(failed("read the folder"))?.next().is_some() {
            return Err(Error::Usage {
                action: format!("use the folder `{}`", path.display()),
                cause: "it holds something that is not a demo's".to_owned(),
                hint: "name another folder with --keep DIR".to_owned(),
            });
        }
        Ok(folder)
    }

    fn is_of_a_demo(&self) -> bool {
        fs::read_to_string(self.config()).is_ok_and(|text| text.starts_with(MARK))
    }

    /// Returns the folder.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.0.join(CONFIG)
    }

    /// Returns the SQLite file.
    pub(super) fn database(&self) -> PathBuf {
        self.0.join(DATABASE)
    }

    /// Writes the configuration for an org with these settings.
    pub(super) fn write_config(&self, settings: &Settings, records: u64) -> Result<()> {
        let text = config(settings, records);
        fs::write(self.config(), text).map_err(|source| Error::File { action: "write", path: self.config(), source })
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn config(settings: &Settings, records: u64) -> String {
    let port = settings.url.rsplit(':').next().unwrap_or_default().trim_end_matches('/');
    format!(
        r#"{MARK} The org is gone when the demo ends; to have it back:
#   orgtap emulator --port {port} --records {records}

[connection]
login_method = "security_token"
login_url = "{}"
username = "{}"
password = "{}"
security_token = "{}"

[destination]
kind = "sqlite"
path = "{DATABASE}"

[[rows]]
object = "User"
load = "incremental"

[[rows]]
object = "Account"
load = "incremental"
deleted = "flag"

[[rows]]
object = "Contact"
load = "incremental"
deleted = "flag"

[[rows]]
object = "Opportunity"
load = "incremental"
deleted = "flag"

[[rows]]
object = "Case"
load = "incremental"

[[rows]]
name = "pipeline"
table = "pipeline"
soql = """
SELECT Id, Name, StageName, Amount, CloseDate, Account.Name, Owner.Name, LastModifiedDate
FROM Opportunity WHERE IsClosed = false
"""
load = "incremental"
"#,
        settings.url, settings.username, settings.password, settings.security_token
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("orgtap.toml"), "# mine").unwrap();

        let error = Folder::prepare(folder.path()).unwrap_err();

        assert!(error.to_string().ends_with("it holds something that is not a demo's"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("orgtap.toml")).unwrap(), "# mine");
    }

    #[test]
    fn the_folder_of_an_earlier_demo_is_used_again() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new");
        let folder = Folder::prepare(&path).unwrap();
        fs::write(folder.config(), MARK).unwrap();
        fs::write(folder.database(), "old").unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();

        let folder = Folder::prepare(&path).unwrap();

        assert!(!folder.database().exists());
        assert!(path.join("notes.txt").exists());
    }
}
