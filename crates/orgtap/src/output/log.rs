//! Log lines on standard error: which ones, and how they look.
//!
//! Only what orgtap itself logs is shown, at any level: other libraries would log headers, and headers hold tokens.

use std::io::{self, Write};

use indicatif::MultiProgress;
use orgtap_engine::RunEvent;
use tracing::{Level, debug, info};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, filter};

use super::Console;
use super::format::chain;
use crate::cli::{Global, LogFormat};

/// Shows log lines from here on: those of `usual` and above, where the arguments do not say otherwise.
pub(crate) fn start(global: &Global, console: &Console, usual: Level) {
    let level = match global.verbose {
        _ if global.quiet => Level::ERROR,
        0 => usual,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let is_ours = filter::filter_fn(move |event| event.target().starts_with("orgtap") && *event.level() <= level);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(Stderr { progress: console.progress.clone() })
        .with_ansi(console.err.is_on())
        .with_target(global.verbose > 1);
    let subscriber: Box<dyn tracing::Subscriber + Send + Sync> = match global.log_format {
        LogFormat::Text => Box::new(Registry::default().with(layer.with_filter(is_ours))),
        LogFormat::Json => Box::new(Registry::default().with(layer.json().flatten_event(true).with_filter(is_ours))),
    };
    // It fails only where somebody started before, and then log lines are shown.
    tracing::subscriber::set_global_default(subscriber).ok();
}

/// Logs when a row starts and when it ends. Jobs and pages are logged where they happen.
pub(crate) fn event(event: &RunEvent) {
    match event {
        RunEvent::Planned { row, plan } => {
            info!(row, object = plan.object, table = plan.table.name, mode = %plan.table.write_mode, "started");
            debug!(row, query = %plan.query, "planned");
        }
        RunEvent::Finished { report } => match &report.outcome {
            Ok(loaded) => info!(
                row = report.row,
                table = report.table,
                records = loaded.records,
                bytes = loaded.bytes,
                received = report.received,
                seconds = report.elapsed.as_secs_f64(),
                waited = report.times.waiting().as_secs_f64(),
                calls = report.calls,
                "committed"
            ),
            // What failed is told again at the end, as an error and with its hint.
            Err(error) => info!(row = report.row, error = chain(error), "failed"),
        },
        _ => {}
    }
}

/// Standard error, above the progress lines if there are any.
#[derive(Clone, Debug)]
struct Stderr {
    progress: Option<MultiProgress>,
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A whole line comes in one call.
        let write = || io::stderr().lock().write_all(bytes).map(|()| bytes.len());
        match &self.progress {
            Some(progress) => progress.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
