//! `orgtap plan`: what each row would do, and why.

use crate::app::{Exit, Invocation};
use crate::cli::PlanArgs;
use crate::config;
use crate::error::Result;
use crate::output::json::PlansDocument;
use crate::output::plan::render;

/// Plans every row and prints the plans. Rows that cannot be planned are errors, after those that can.
pub(crate) async fn run(args: &PlanArgs, on: &Invocation) -> Result<Exit> {
    let settings = config::load(&on.config, &on.environment)?;
    let client = super::client(settings.connection, on)?;
    client.sign_in().await?;
    let plans = orgtap_engine::plan(&settings.run, &client, &*settings.destination.open(on.patience)?).await;
    let names = || settings.run.rows.iter().map(|row| row.name.as_str());
    if args.json {
        on.console.json(&PlansDocument::new(names().zip(&plans)))?;
    } else {
        let rendered: Vec<_> = plans.iter().flatten().map(|plan| render(plan, on.console.out)).collect();
        on.console.line(&rendered.join("\n\n"))?;
    }
    let failures: Vec<_> = names().zip(&plans).filter_map(|(name, plan)| Some((name, plan.as_ref().err()?))).collect();
    for (name, error) in &failures {
        on.console.error(&format!("row `{name}`: "), *error, error.hint().as_deref());
    }
    Ok(Exit::of_failures(failures.iter().map(|(_, error)| error.is_user_error())))
}
