//! `testQuery`: the first records that a query finds, as a Markdown table.

use orgtap_destination::null::Null;
use orgtap_engine::{Records, RowSpec, RunSpec, Source};
use orgtap_salesforce::{Client, QueryOperation};
use orgtap_soql::Query;
use serde_json::{Value, json};

use crate::component::failure::Failure;
use crate::output::format::{chain, printable};
use crate::output::records;

/// The most records shown: whoever looks at them reads no more.
const MOST_RECORDS: u64 = 100;

/// Runs the query. One that is refused is an answer, too.
pub(super) async fn answer(row: &RowSpec, client: &Client) -> Result<Value, Failure> {
    let (text, query) = match &row.source {
        Source::Soql(text) => (
            text.clone(),
            orgtap_soql::parse(text).map_err(|diagnostics| {
                diagnostics.as_slice().first().map(|problem| problem.message.clone()).unwrap_or_default()
            }),
        ),
        Source::Object { object, .. } => (object.clone(), planned(row, client).await),
    };
    let found = match query {
        Ok(query) => records_of(query, row.records, client).await?,
        Err(reason) => Err(reason),
    };
    Ok(match found {
        Ok(Some(table)) => message("table", &table),
        Ok(None) => message("warning", "Query returned no results"),
        Err(reason) => {
            // The answer is word for word that of the original, which projects may look for; the reason is for the log.
            tracing::warn!("the query was refused: {}", printable(&reason));
            message("warning", &format!("Query Failed: Test Query {text} failed, please re-check the query."))
        }
    })
}

fn message(kind: &str, text: &str) -> Value {
    json!({ "message": text, "type": kind, "status": "success" })
}

/// Returns the query of a row that names an object.
async fn planned(row: &RowSpec, client: &Client) -> Result<Query, String> {
    let plans = orgtap_engine::plan(&RunSpec::new(vec![row.clone()]), client, &Null::new()).await;
    let plan = plans.into_iter().next().ok_or_else(String::new)?;
    plan.map(|plan| plan.query).map_err(|error| Failure::of_engine(&error).message)
}

/// Returns the first records as a table, `None` if there are none, or why the query was refused.
async fn records_of(
    mut query: Query,
    wanted: Records,
    client: &Client,
) -> Result<Result<Option<String>, String>, Failure> {
    query.lower_limit(MOST_RECORDS);
    let with_deleted = query.all_rows.take().is_some() || wanted == Records::All;
    let operation = if with_deleted { QueryOperation::QueryAll } else { QueryOperation::Query };
    let page = match client.query(&query.to_string(), operation).await {
        Ok(page) => page,
        Err(error) if error.is_user_error() => return Ok(Err(chain(&error))),
        Err(error) => return Err(Failure::of_salesforce(&error)),
    };
    if page.records.is_empty() {
        return Ok(Ok(None));
    }
    let mut table = String::new();
    let columns = records::columns(&query, &page.records);
    push_row(&mut table, columns.iter().map(records::Column::name));
    push_row(&mut table, columns.iter().map(|_| "---".to_owned()));
    for record in &page.records {
        push_row(&mut table, columns.iter().map(|column| cell(&column.text(record))));
    }
    Ok(Ok(Some(table)))
}

fn push_row(table: &mut String, cells: impl Iterator<Item = String>) {
    table.push('|');
    for cell in cells {
        table.push(' ');
        table.push_str(&cell);
        table.push_str(" |");
    }
    table.push('\n');
}

/// Returns a value such that it stays in its cell.
fn cell(value: &str) -> String {
    value.replace('|', "\\|").replace("\r\n", " ").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_in_its_cell() {
        let mut table = String::new();

        push_row(&mut table, ["a|b", "c\r\nd\ne"].map(cell).into_iter());

        assert_eq!(table, "| a\\|b | c d e |\n");
    }
}
