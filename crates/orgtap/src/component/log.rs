//! The log as the platform wants it: plain lines, or GELF over TCP where the environment names a place for that.
//!
//! Plain: warnings and below to standard output, for Keboola shows every line of standard error as an error. During a sync action standard
//! output is for the answer alone, so plain lines below errors are dropped.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::{Registry, filter};

use super::gelf::Gelf;
use crate::app::Invocation;
use crate::env;
use crate::output::format::printable;

/// Where log messages go.
#[derive(Clone, Debug)]
pub(super) struct Log {
    gelf: Option<Arc<Gelf>>,
    /// Why there is no GELF although it was asked for.
    complaint: Option<String>,
}

impl Log {
    /// Opens the log that the environment asks for.
    pub(super) fn open(on: &Invocation) -> Self {
        let variable = |name| on.environment.first_of(&[name]).map(|(_, value)| value);
        let (Some(host), Some(port)) = (variable(env::KBC_LOGGER_ADDR), variable(env::KBC_LOGGER_PORT)) else {
            return Self { gelf: None, complaint: None };
        };
        match Gelf::connect(&host, &port, on.patience.clock()) {
            Ok(gelf) => Self { gelf: Some(Arc::new(gelf)), complaint: None },
            Err(error) => {
                let complaint = format!("could not log to {host}:{port}: {error}; logging plain lines");
                Self { gelf: None, complaint: Some(complaint) }
            }
        }
    }

    /// Shows what is logged from here on.
    pub(super) fn start(&self, is_sync_action: bool, is_debug: bool) {
        let level = if is_debug { Level::DEBUG } else { Level::INFO };
        let is_ours = filter::filter_fn(move |event| event.target().starts_with("orgtap") && *event.level() <= level);
        let layer = Lines { gelf: self.gelf.clone(), is_silent: is_sync_action };
        // It fails only where somebody started before, and then log lines are shown.
        tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(is_ours))).ok();
        if let Some(complaint) = &self.complaint {
            tracing::warn!("{complaint}");
        }
    }

    /// Tells what stopped the component: always on standard error, where the platform takes it from.
    pub(super) fn error(&self, message: &str) {
        if let Some(gelf) = &self.gelf {
            gelf.send(Level::ERROR, message);
        }
        // Where even standard error is gone, nobody is left to tell.
        writeln!(io::stderr().lock(), "{message}").ok();
    }
}

/// Writes log messages line by line.
struct Lines {
    gelf: Option<Arc<Gelf>>,
    is_silent: bool,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let (level, message) = (*event.metadata().level(), text.finish());
        if let Some(gelf) = &self.gelf {
            return gelf.send(level, &message);
        }
        // A reader that went away is no reason to stop.
        match level {
            Level::ERROR => writeln!(io::stderr().lock(), "{message}").ok(),
            _ if self.is_silent => None,
            Level::WARN => writeln!(io::stdout().lock(), "WARNING: {message}").ok(),
            _ => writeln!(io::stdout().lock(), "{message}").ok(),
        };
    }
}

/// The text of an event: its message, then its fields in brackets.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn finish(self) -> String {
        printable(&if self.fields.is_empty() { self.message } else { format!("{} ({})", self.message, self.fields) })
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        if field.name() == "message" {
            write!(self.message, "{value:?}").ok();
        } else {
            let comma = if self.fields.is_empty() { "" } else { ", " };
            write!(self.fields, "{comma}{}={value:?}", field.name()).ok();
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
