//! `orgtap reconcile`: compares the tables with the org by Ids.

use orgtap_engine::RunSpec;

use super::run::{hold_to, names, only, tell, watch};
use crate::app::{Exit, Invocation};
use crate::cli::ReconcileArgs;
use crate::config;
use crate::error::{Error, Result};

/// Compares the tables of the rows and reports what was gone.
pub(crate) async fn run(args: &ReconcileArgs, on: &Invocation) -> Result<Exit> {
    let settings = config::load(&on.config, &on.environment)?;
    let spec = comparable(only("compare", settings.run, &args.rows)?, &args.rows)?;
    let client = super::client(settings.connection, on)?;
    tokio::select! {
        signed_in = super::sign_in(&client, on) => signed_in?,
        () = on.stop.cancelled() => return Err(Error::Stopped),
    };
    hold_to(&settings.limits, &client, on).await?;
    let destination = settings.destination.open(on.patience)?;
    let names = names(&spec);
    let compare = |events| orgtap_engine::reconcile(spec, &client, destination, events, on.stop.clone());
    let report = watch(&names, compare, on).await;
    tell(&report, &client, args.json, on)
}

/// Keeps the rows whose tables can be compared. One that was asked for by name has to be among them, and so has one at all.
fn comparable(mut spec: RunSpec, asked_for: &[String]) -> Result<RunSpec> {
    let refused = |action: &str, cause: &str| {
        Error::Usage {
        action: action.to_owned(),
        cause: cause.to_owned(),
        hint: "set `deleted` to \"flag\" or \"remove\", and `load` to \"incremental\": other tables have nothing to be compared for".to_owned(),
    }
    };
    let other = spec.rows.iter().find(|row| !row.can_reconcile() && asked_for.contains(&row.name));
    if let Some(row) = other {
        let cause = "it ignores deleted records, or replaces or only extends its table";
        return Err(refused(&format!("compare the table of row `{}`", row.name), cause));
    }
    spec.rows.retain(orgtap_engine::RowSpec::can_reconcile);
    if spec.rows.is_empty() {
        return Err(refused(
            "compare any table",
            "every row ignores deleted records, or replaces or only extends its table",
        ));
    }
    Ok(spec)
}
