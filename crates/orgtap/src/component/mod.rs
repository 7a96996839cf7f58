//! Component mode: a drop-in for Keboola's `kds-team.ex-salesforce-v2`.
//!
//! It reads `config.json` and `in/state.json` of a data folder, and writes tables, manifests and `out/state.json` there, or answers a sync
//! action on standard output. From `engine::run` on it is the same as `orgtap run`. What the original does wrong is done right, and where
//! that shows, the log says so.

mod actions;
mod config;
mod connect;
mod failure;
mod gelf;
mod log;
mod run;
mod state;

use std::path::Path;

use crate::app::{Exit, Invocation};
use crate::error::Result;
pub(crate) use config::Document;
use config::{Configuration, Task};
use failure::Failure;
#[cfg(any(test, fuzzing))]
pub(crate) use state::ComponentState;

/// Does what the configuration in `data_dir` asks for. What went wrong is said here.
pub(crate) async fn run(data_dir: &Path, on: &Invocation) -> Result<Exit> {
    let log = log::Log::open(on);
    match attempt(data_dir, &log, on).await {
        Ok(()) => Ok(Exit::Done),
        Err(failure) => {
            log.error(&failure.message);
            Ok(if failure.is_user_error { Exit::UserError } else { Exit::Failure })
        }
    }
}

async fn attempt(data_dir: &Path, log: &log::Log, on: &Invocation) -> Result<(), Failure> {
    let document = Document::open(data_dir)?;
    let is_sync_action = document.is_sync_action();
    let configuration = document.configuration(&on.environment);
    let is_debug = configuration.as_ref().is_ok_and(|configuration| configuration.is_debug);
    log.start(is_sync_action, is_debug);
    let Configuration { access, task, warnings, .. } = configuration?;
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let work = async {
        let client = tokio::select! {
            client = connect::connect(access, is_sync_action, on) => client?,
            () = on.stop.cancelled() => return Err(Failure::stopped()),
        };
        match task {
            Task::Run { row, output } => run::run(*row, output, data_dir, &client, on).await,
            task => actions::answer(task, &client, on).await,
        }
    };
    // A run notices the signal itself, and cleans up; the others have nothing to clean up.
    tokio::select! {
        result = work => result,
        () = on.stop.cancelled(), if is_sync_action => Err(Failure::stopped()),
    }
}
