//! `orgtap completions`: scripts that teach a shell the command line.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::app::Exit;
use crate::cli::{Cli, CompletionsArgs};
use crate::error::Result;

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "orgtap", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}
