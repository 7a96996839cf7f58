//! `orgtap init`: a commented configuration file to start from.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::app::{Exit, Invocation};
use crate::cli::InitArgs;
use crate::error::{Error, Result};

/// The file, which a test keeps valid and complete.
pub(crate) const TEMPLATE: &str = include_str!("init.toml");

/// Readable by its owner only: sooner or later somebody writes a password into it.
const PRIVATE: u32 = 0o600;

/// Writes the file.
pub(crate) fn run(args: &InitArgs, on: &Invocation) -> Result<Exit> {
    let path = args.path.as_deref().unwrap_or(&on.config);
    write(path, args.force)?;
    let config = if path == Path::new("orgtap.toml") { String::new() } else { format!(" --config {}", path.display()) };
    on.console.line(&format!("wrote `{}`", path.display()))?;
    on.console.line(&format!("next: fill in how to sign in, then `orgtap check{config}` and `orgtap run{config}`"))?;
    Ok(Exit::Done)
}

fn write(path: &Path, is_forced: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(PRIVATE);
    if is_forced {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let fill = |mut file: File| {
        // A file that was there keeps its mode when it is opened.
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
        file.write_all(TEMPLATE.as_bytes())
    };
    options.open(path).and_then(fill).map_err(|source| {
        if source.kind() == ErrorKind::AlreadyExists {
            return Error::Usage {
                action: format!("write `{}`", path.display()),
                cause: "the file exists".to_owned(),
                hint: "name another file, or overwrite this one with --force".to_owned(),
            };
        }
        Error::File { action: "write", path: path.to_owned(), source }
    })
}
