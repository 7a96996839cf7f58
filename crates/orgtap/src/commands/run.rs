//! `orgtap run`: loads the tables.

use std::future::Future;
use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_engine::{EventSender, RunEvent, RunReport, RunSpec};
use orgtap_salesforce::{Client, Shares};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::app::{Exit, Invocation};
use crate::cli::RunArgs;
use crate::config;
use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::output::json::ReportDocument;
use crate::output::progress::Progress;
use crate::output::{log, report};

/// Runs the rows and reports how each went.
pub(crate) async fn run(args: &RunArgs, on: &Invocation) -> Result<Exit> {
    let settings = config::load(&on.config, &on.environment)?;
    let mut spec = only("run", settings.run, &args.rows)?;
    spec.full_refresh = args.full_refresh;
    let client = super::client(settings.connection, on)?;
    // Once for all rows: each of them failing to sign in could lock the user out.
    tokio::select! {
        signed_in = super::sign_in(&client, on) => signed_in?,
        () = on.stop.cancelled() => return Err(Error::Stopped),
    };
    hold_to(&settings.limits, &client, on).await?;
    let report = execute(spec, &client, settings.destination.open(on.patience)?, on).await;
    tell(&report, &client, args.json, on)
}

/// Prints how a run went, and returns how the process ends.
pub(crate) fn tell(report: &RunReport, client: &Client, as_json: bool, on: &Invocation) -> Result<Exit> {
    let printed = if as_json {
        on.console.json(&ReportDocument::new(report, client.api_usage(), &client.spending()))
    } else {
        report::print(&on.console, report, client.api_usage(), &client.spending())
    };
    report::failures(&on.console, report);
    on.console.end(exit(report), printed)
}

/// Holds the run to its shares of what the org allows a day.
pub(crate) async fn hold_to(shares: &Shares, client: &Client, on: &Invocation) -> Result<()> {
    for resource in client.hold_to(shares).await? {
        on.console.note(&format!("the org does not tell how many {resource} it has a day: no limit is set on them"));
    }
    Ok(())
}

/// Runs `spec`, showing what happens.
pub(crate) async fn execute(
    spec: RunSpec,
    client: &Client,
    destination: Arc<dyn Destination>,
    on: &Invocation,
) -> RunReport {
    let names = names(&spec);
    let run = |events| orgtap_engine::run(spec, client, destination, events, on.stop.clone());
    watch(&names, run, on).await
}

/// Returns the names of the rows.
pub(crate) fn names(spec: &RunSpec) -> Vec<String> {
    spec.rows.iter().map(|row| row.name.clone()).collect()
}

/// Does `work` on the rows with these names, showing what happens.
pub(crate) async fn watch<Work: Future<Output = RunReport>>(
    names: &[String],
    work: impl FnOnce(EventSender) -> Work,
    on: &Invocation,
) -> RunReport {
    let (sender, receiver) = unbounded_channel();
    let names = names.iter().map(String::as_str);
    let progress = on.console.progress.clone().map(|lines| Progress::new(lines, on.console.err, names));
    let (report, ()) = tokio::join!(work(EventSender::new(sender)), show(receiver, progress));
    report
}

/// Returns how a process ends after this run.
pub(crate) fn exit(report: &RunReport) -> Exit {
    Exit::of_failures(report.failures().map(|(_, error)| error.is_user_error()))
}

/// Shows events until the run has sent its last.
async fn show(mut events: UnboundedReceiver<RunEvent>, mut progress: Option<Progress>) {
    while let Some(event) = events.recv().await {
        log::event(&event);
        if let Some(progress) = &mut progress {
            progress.event(&event);
        }
    }
    if let Some(progress) = progress {
        progress.end();
    }
}

/// Keeps the rows with these names; all of them where none is given. `verb` is what is to be done with them.
pub(super) fn only(verb: &str, mut spec: RunSpec, names: &[String]) -> Result<RunSpec> {
    if let Some(name) = names.iter().find(|name| !spec.rows.iter().any(|row| row.name == **name)) {
        let known = || spec.rows.iter().map(|row| row.name.as_str());
        let hint = match nearest(name, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!(
                "the configuration has {}",
                known().map(|row| format!("`{row}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        return Err(Error::Usage {
            action: format!("{verb} row `{name}`"),
            cause: "no row has that name".to_owned(),
            hint,
        });
    }
    spec.rows.retain(|row| names.is_empty() || names.contains(&row.name));
    Ok(spec)
}
