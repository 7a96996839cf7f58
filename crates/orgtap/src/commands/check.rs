//! `orgtap check`: proves that the configuration works, without moving data.

use std::io;

use orgtap_salesforce::{Client, SignedIn};

use crate::app::{Exit, Invocation};
use crate::config::{self, Settings};
use crate::error::Result;
use crate::output::Console;
use crate::output::format::{chain, count, printable};
use crate::output::plan::summary;

/// Signs in, asks what the org still allows, opens the destination and plans every row; prints a line for each.
pub(crate) async fn run(on: &Invocation) -> Result<Exit> {
    let settings = config::load(&on.config, &on.environment)?;
    let mut list = List { console: &on.console, failures: Vec::new() };
    list.done("configuration", &format!("`{}`", on.config.display()))?;
    let destination = settings.destination.open(on.patience)?;
    match destination.check().await {
        Ok(()) => list.done("destination", &settings.destination.describe())?,
        Err(error) => list.failed("destination", &error, error.is_user_error(), error.hint())?,
    }
    match sign_in(&settings, on).await {
        Ok((client, signed_in)) => {
            list.done("sign-in", &who(&signed_in))?;
            usage(&client, &mut list).await?;
            let plans = orgtap_engine::plan(&settings.run, &client, &*destination).await;
            for (row, plan) in settings.run.rows.iter().zip(plans) {
                let subject = format!("row {}", row.name);
                match plan {
                    Ok(plan) => list.done(&subject, &summary(&plan))?,
                    Err(error) => list.failed(&subject, &error, error.is_user_error(), error.hint())?,
                }
            }
        }
        Err(error) => list.failed("sign-in", &error, error.is_user_error(), error.hint())?,
    }
    Ok(Exit::of_failures(list.failures))
}

async fn sign_in(settings: &Settings, on: &Invocation) -> Result<(Client, SignedIn)> {
    let client = super::client(settings.connection.clone(), on)?;
    let signed_in = client.sign_in().await?;
    Ok((client, signed_in))
}

fn who(signed_in: &SignedIn) -> String {
    match &signed_in.username {
        Some(username) => format!("{username} at {}", signed_in.instance_url),
        None => signed_in.instance_url.to_string(),
    }
}

/// Shows how much of the day's calls is left. Users without the right to ask may still load.
async fn usage(client: &Client, list: &mut List<'_>) -> io::Result<()> {
    let Some(limit) = client.limits().await.ok().and_then(|limits| limits.get("DailyApiRequests")) else {
        return list.done("API calls", "the org does not tell how many are left");
    };
    let text = format!("{} of {} left today", count(limit.remaining), count(limit.max));
    list.done("API calls", &text)
}

/// The list of what was checked, printed as it grows.
struct List<'a> {
    console: &'a Console,
    /// For each failure, whether the user can mend it.
    failures: Vec<bool>,
}

impl List<'_> {
    fn done(&self, subject: &str, text: &str) -> io::Result<()> {
        self.line(&self.console.out.good("ok    "), subject, text)
    }

    fn failed(
        &mut self,
        subject: &str,
        error: &dyn std::error::Error,
        is_user_error: bool,
        hint: Option<String>,
    ) -> io::Result<()> {
        self.failures.push(is_user_error);
        let text = chain(error);
        self.line(&self.console.out.error("failed"), subject, text.trim_end())?;
        // The problems of a query have their hints where they stand.
        match hint.filter(|hint| !text.contains(&format!("hint: {hint}"))) {
            Some(hint) => {
                self.console.line(&format!("        {} {}", self.console.out.hint("hint:"), printable(&hint)))
            }
            None => Ok(()),
        }
    }

    fn line(&self, mark: &str, subject: &str, text: &str) -> io::Result<()> {
        self.console.line(&format!("{mark}  {}: {text}", printable(subject)))
    }
}
