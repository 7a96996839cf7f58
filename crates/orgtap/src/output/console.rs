//! The two streams of the process, and whether they are coloured.
//!
//! A reader that went away is no error worth words: commands see it as [`io::ErrorKind::BrokenPipe`] and the app ends quietly. A command that
//! found something wrong ends as it would have with a reader: see [`Console::end`].

use std::io::{self, IsTerminal, Write};

use indicatif::MultiProgress;
use serde::Serialize;

use super::format::{chain, printable, printable_json};
use crate::app::Exit;
use crate::cli::{ColorWhen, Global, LogFormat};
use crate::env::{self, Environment};
use crate::error::{Error, Result};

/// The terminal, or whatever stands in for it.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    /// Colours of standard output.
    pub(crate) out: Style,
    /// Colours of standard error.
    pub(crate) err: Style,
    /// Where progress lines are drawn, if there are any.
    pub(crate) progress: Option<MultiProgress>,
    /// How errors and remarks look.
    log_format: LogFormat,
    /// Whether only errors are wanted.
    is_quiet: bool,
}

impl Console {
    /// Returns the console that the arguments and the environment ask for.
    pub(crate) fn new(global: &Global, environment: &Environment) -> Self {
        let no_color = environment.first_of(&[env::NO_COLOR]).is_some();
        let style = |is_terminal: bool| Style {
            is_on: match global.color {
                ColorWhen::Auto => is_terminal && !no_color,
                ColorWhen::Always => true,
                ColorWhen::Never => false,
            },
        };
        let is_terminal = io::stderr().is_terminal();
        let shows_progress = is_terminal && !global.quiet && global.log_format == LogFormat::Text;
        Self {
            out: style(io::stdout().is_terminal()),
            err: style(is_terminal),
            progress: shows_progress.then(MultiProgress::new),
            log_format: global.log_format,
            is_quiet: global.quiet,
        }
    }

    /// Returns whether somebody sees what happens while it happens.
    pub(crate) fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Writes `text` and a line end to standard output.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Writes `document` to standard output, indented.
    pub(crate) fn json(&self, document: &impl Serialize) -> io::Result<()> {
        self.line(&printable_json(&serde_json::to_string_pretty(document)?))
    }

    /// Writes an error with its causes, and what can be done about it, to standard error.
    pub(crate) fn error(&self, introduction: &str, error: &dyn std::error::Error, hint: Option<&str>) {
        let text = format!("{introduction}{}", chain(error).trim_end());
        if self.log_format == LogFormat::Json {
            return tracing::error!(hint, "{text}");
        }
        // The problems of a query have their hints where they stand.
        let hint = hint.filter(|hint| !text.contains(&format!("hint: {hint}")));
        let hint = hint.map(|hint| format!("{} {}\n", self.err.hint("hint:"), printable(hint))).unwrap_or_default();
        self.err_text(&format!("{} {text}\n{hint}", self.err.error("error:")));
    }

    /// Writes a remark to standard error, unless only errors are wanted.
    pub(crate) fn note(&self, text: &str) {
        if self.is_quiet {
            return;
        }
        if self.log_format == LogFormat::Json {
            return tracing::info!("{}", printable(text));
        }
        self.err_text(&format!("{} {}\n", self.err.hint("note:"), printable(text)));
    }

    /// Returns how a command ends that came to `exit`, after what it `printed` on standard output. A reader that went away changes nothing.
    pub(crate) fn end(&self, exit: Exit, printed: io::Result<()>) -> Result<Exit> {
        match printed.map_err(Error::Output) {
            Err(error) if !error.is_broken_pipe() && exit == Exit::Done => Err(error),
            Err(error) if !error.is_broken_pipe() => {
                self.error("", &error, None);
                Ok(exit)
            }
            _ => Ok(exit),
        }
    }

    fn err_text(&self, text: &str) {
        // Where even standard error is gone, nobody is left to tell.
        let write = || io::stderr().lock().write_all(text.as_bytes()).ok();
        match &self.progress {
            Some(progress) => progress.suspend(write),
            None => write(),
        };
    }
}

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    is_on: bool,
}

impl Style {
    /// Returns a style without colours.
    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Self { is_on: false }
    }

    /// Returns whether colours are on.
    pub(crate) fn is_on(self) -> bool {
        self.is_on
    }

    /// Marks what went wrong.
    pub(crate) fn error(self, text: &str) -> String {
        self.wrap(text, "1;31")
    }

    /// Marks what went well.
    pub(crate) fn good(self, text: &str) -> String {
        self.wrap(text, "32")
    }

    /// Marks advice.
    pub(crate) fn hint(self, text: &str) -> String {
        self.wrap(text, "36")
    }

    /// Marks a heading.
    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap(text, "1")
    }

    /// Marks what matters less.
    pub(crate) fn faint(self, text: &str) -> String {
        self.wrap(text, "2")
    }

    fn wrap(self, text: &str, code: &str) -> String {
        if self.is_on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
