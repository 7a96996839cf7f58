//! One line per row on a terminal: what it does, how much has arrived, how fast.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use orgtap_engine::{RowReport, RunEvent};

use super::console::Style;
use super::format::{counted, megabytes, printable, seconds};

/// The progress lines of one run.
#[derive(Debug)]
pub(crate) struct Progress {
    lines: MultiProgress,
    style: Style,
    rows: HashMap<String, RowLine>,
    name_width: usize,
}

#[derive(Debug)]
struct RowLine {
    bar: ProgressBar,
    /// When the first records arrived, for the rate.
    downloading_since: Option<Instant>,
}

impl Progress {
    /// Prepares lines for rows with these names. None is drawn before its row starts.
    pub(crate) fn new<'a>(lines: MultiProgress, style: Style, names: impl Iterator<Item = &'a str>) -> Self {
        let name_width = names.map(|name| name.chars().count()).max().unwrap_or_default();
        Self { lines, style, rows: HashMap::new(), name_width }
    }

    /// Shows what happened.
    pub(crate) fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Planning { row } => self.line(row).show("planning"),
            RunEvent::Planned { row, .. } => self.line(row).show("asking Salesforce"),
            RunEvent::Job { row, state, records_processed, .. } => {
                let records = records_processed.map(|records| format!(", {} processed", counted(records, "record")));
                self.line(row).show(format!(
                    "waiting for Salesforce ({}{})",
                    printable(state),
                    records.unwrap_or_default()
                ));
            }
            RunEvent::Progress { row, records, bytes, expected } => {
                self.line(row).downloading(*records, *bytes, *expected)
            }
            RunEvent::Committing { row } => self.line(row).show("committing"),
            RunEvent::Finished { report } => self.finish(report),
            _ => {}
        }
    }

    /// Removes the lines: the report that follows says more.
    pub(crate) fn end(self) {
        self.rows.values().for_each(|line| line.bar.finish_and_clear());
    }

    fn finish(&mut self, report: &RowReport) {
        let text = match &report.outcome {
            Ok(loaded) => format!(
                "{} {}, {} MB in {} s",
                self.style.good("done"),
                counted(loaded.records, "record"),
                megabytes(loaded.bytes),
                seconds(report.elapsed)
            ),
            Err(_) => self.style.error("failed"),
        };
        self.line(&report.row).bar.finish_with_message(text);
    }

    fn line(&mut self, row: &str) -> &mut RowLine {
        let (lines, width) = (&self.lines, self.name_width);
        self.rows.entry(row.to_owned()).or_insert_with(|| {
            let template = "{spinner} {prefix}  {msg}";
            let style = ProgressStyle::with_template(template).expect("the template is well formed");
            let bar = lines.add(ProgressBar::new_spinner().with_style(style));
            bar.set_prefix(format!("{:<width$}", printable(row)));
            bar.enable_steady_tick(Duration::from_millis(120));
            RowLine { bar, downloading_since: None }
        })
    }
}

impl RowLine {
    fn show(&mut self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    fn downloading(&mut self, records: u64, bytes: u64, expected: Option<u64>) {
        let since = *self.downloading_since.get_or_insert_with(Instant::now);
        let percent = expected.filter(|all| *all > 0).map(|all| format!(" ({} %)", records.min(all) * 100 / all));
        let elapsed = since.elapsed().as_secs_f64();
        let rate = (elapsed >= 0.5).then(|| {
            let (records, bytes) = (records as f64 / elapsed, bytes as f64 / elapsed);
            format!(", {} and {} MB per second", counted(records as u64, "record"), megabytes(bytes as u64))
        });
        let (percent, rate) = (percent.unwrap_or_default(), rate.unwrap_or_default());
        self.show(format!("downloading: {}{percent}, {} MB{rate}", counted(records, "record"), megabytes(bytes)));
    }
}
