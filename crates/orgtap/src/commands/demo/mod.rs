//! `orgtap demo`: a full load, changes in the org, an incremental load, and a question to the tables, with nothing to install.
//!
//! The org is emulated; all the rest is the real thing, by the code that `orgtap run` uses. Every step shows the command to type for it.

mod folder;
mod org;
mod question;

use std::collections::BTreeMap;
use std::time::Duration;

use orgtap_emulator::{EmulatorOptions, Org};
use orgtap_engine::{RunReport, RunSpec};

use self::folder::Folder;
use super::emulator::start;
use super::run::{execute, exit};
use crate::app::{Exit, Invocation};
use crate::cli::DemoArgs;
use crate::config;
use crate::env::Environment;
use crate::error::{Error, Result};
use crate::output::Console;
use crate::output::format::{count, counted};
use crate::output::report;

/// How many records the org has.
const RECORDS: u64 = 5_000;

/// Shows it all.
pub(crate) async fn run(args: &DemoArgs, on: &Invocation) -> Result<Exit> {
    let folder = Folder::prepare(&args.keep)?;
    let tell = Narrator { console: &on.console };
    tell.step("An org", &format!("orgtap emulator --records {RECORDS}"))?;
    let org = Org::builder().demo(RECORDS).build();
    let emulator = start(org.clone(), EmulatorOptions::default()).await?;
    tell.line(&format!(
        "A Salesforce org with {} answers at {}, for as long as this runs.",
        counted(RECORDS, "record"),
        emulator.url()
    ))?;

    tell.step("A configuration", "orgtap init")?;
    folder.write_config(&emulator.settings(), RECORDS)?;
    tell.line(&format!("`{}` says how to sign in, what to load, and where to.", folder.config().display()))?;

    let full = load(&tell, "A full load", &folder, on).await?;
    if exit(&full) != Exit::Done || on.stop.is_cancelled() {
        return Ok(exit(&full));
    }

    tell.step("Changes in the org", "")?;
    org.advance(Duration::from_secs(24 * 60 * 60));
    let changes =
        org::change(&org).map_err(|source| Error::Emulator { action: "change the org", source, hint: None })?;
    tell.line(&format!("A day later: {changes}."))?;

    let incremental = load(&tell, "An incremental load", &folder, on).await?;
    if exit(&incremental) != Exit::Done {
        return Ok(exit(&incremental));
    }
    let (all, changed) = (records(&full), counted(records(&incremental), "record"));
    tell.line(&format!("Only what changed has moved: {changed}, where the full load took {}.", count(all)))?;

    question::ask(&tell, &folder)?;
    tell.line("")?;
    tell.line(&format!("All of it is in `{}`. To load from your own org: `orgtap init`.", folder.path().display()))?;
    emulator.shutdown().await;
    Ok(Exit::Done)
}

/// Loads every row of the demo's configuration and shows the report.
async fn load(tell: &Narrator<'_>, title: &str, folder: &Folder, on: &Invocation) -> Result<RunReport> {
    tell.step(title, &format!("orgtap run --config {}", folder.config().display()))?;
    // The environment is the user's; its proxies and login host are not for this org.
    let settings = config::load(&folder.config(), &Environment::Fixed(BTreeMap::new()))?;
    let client = super::client(settings.connection, on)?;
    client.sign_in().await?;
    let spec: RunSpec = settings.run;
    let report = execute(spec, &client, settings.destination.open(on.patience)?, on).await;
    report::table(tell.console, &report, None)?;
    report::failures(tell.console, &report);
    Ok(report)
}

fn records(report: &RunReport) -> u64 {
    report.rows.iter().filter_map(|row| row.outcome.as_ref().ok()).map(|loaded| loaded.records).sum()
}

/// Says what happens.
#[derive(Debug)]
struct Narrator<'a> {
    console: &'a Console,
}

impl Narrator<'_> {
    /// Begins a step: its title, and the command that does it for a user.
    fn step(&self, title: &str, command: &str) -> Result<()> {
        self.console.line(&format!("\n{}", self.console.out.bold(title)))?;
        if !command.is_empty() {
            self.console.line(&self.console.out.hint(&format!("$ {command}")))?;
        }
        Ok(())
    }

    fn line(&self, text: &str) -> Result<()> {
        Ok(self.console.line(text)?)
    }
}
