//! `orgtap verify`: holds the tables against the org.

use orgtap_engine::Verification;

use crate::app::{Exit, Invocation};
use crate::cli::VerifyArgs;
use crate::config;
use crate::error::Result;
use crate::output::format::printable;
use crate::output::verification;
use crate::output::verification_json::VerificationsDocument;

/// Compares every row and prints what differs, row by row. Rows that cannot be compared are errors.
pub(crate) async fn run(args: &VerifyArgs, on: &Invocation) -> Result<Exit> {
    let settings = config::load(&on.config, &on.environment)?;
    let spec = super::run::only("verify", settings.run, &args.rows)?;
    let client = super::client(settings.connection, on)?;
    client.sign_in().await?;
    super::run::hold_to(&settings.limits, &client, on).await?;
    let destination = settings.destination.open(on.patience)?;
    let mut outcomes = Vec::with_capacity(spec.rows.len());
    let mut printed = Ok(());
    for row in &spec.rows {
        let outcome = orgtap_engine::verify(row, args.sample as usize, &client, &*destination).await;
        match &outcome {
            Ok(found) if !args.json => {
                printed = printed.and_then(|()| on.console.line(&verification::render(found, on.console.out)));
            }
            Ok(_) => {}
            Err(error) => {
                on.console.error(&format!("row `{}`: ", printable(&row.name)), error, error.hint().as_deref());
            }
        }
        outcomes.push((row.name.as_str(), outcome));
    }
    if args.json {
        printed = on.console.json(&VerificationsDocument::new(&outcomes));
    }
    let is_agreed = outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).all(Verification::agrees);
    let failures = outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().err());
    // A difference is the user's to look into.
    let exit = Exit::of_failures(failures.map(|error| error.is_user_error()).chain((!is_agreed).then_some(true)));
    on.console.end(exit, printed)
}
