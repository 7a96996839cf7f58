//! `orgtap query --explain`: how the query would run, by orgtap's own plan and by Salesforce's.

use orgtap_destination::null::Null;
use orgtap_engine::{Plan, Records, RowSpec, RunSpec, Source};
use orgtap_salesforce::{Client, QueryOperation, QueryPlan};

use crate::app::{Exit, Invocation};
use crate::cli::QueryArgs;
use crate::error::{Error, Result};
use crate::output::explain::{ExplainDocument, render_query_plan};
use crate::output::format::counted;
use crate::output::plan::render_query;

/// Plans a row that is this query, asks Salesforce for its own plan of what would be sent, and prints both.
pub(super) async fn run(soql: &str, args: &QueryArgs, client: &Client, on: &Invocation) -> Result<Exit> {
    let records = if args.all_rows { Records::All } else { Records::Live };
    let row = RowSpec { records, ..RowSpec::new("query", Source::Soql(soql.to_owned())) };
    let plan = orgtap_engine::plan(&RunSpec::new(vec![row]), client, &Null::new()).await.remove(0);
    let plan = plan.map_err(|error| Error::Row(Box::new(error)))?;
    let query_plans = query_plans(&plan, client).await?;
    if args.json {
        on.console.json(&ExplainDocument::new(&plan, query_plans.as_deref()))?;
        return Ok(Exit::Done);
    }
    on.console.line(&render_query(&plan, on.console.out))?;
    on.console.line("")?;
    match query_plans {
        Some(plans) => {
            let heading = format!("Salesforce knows {}, best first", counted(plans.len() as u64, "way"));
            on.console.line(&on.console.out.bold(&heading))?;
            for plan in &plans {
                on.console.line(&render_query_plan(plan))?;
            }
        }
        None => on.console.line("The query is too long for Salesforce to be asked how it would run it.")?,
    }
    Ok(Exit::Done)
}

/// Returns Salesforce's plans; `None` where the query is too long to ask for them.
async fn query_plans(plan: &Plan, client: &Client) -> Result<Option<Vec<QueryPlan>>> {
    let soql = plan.query.to_string();
    if !client.fits_in_address(&soql, QueryOperation::QueryAll) {
        return Ok(None);
    }
    Ok(Some(client.query_plans(&soql).await?))
}
