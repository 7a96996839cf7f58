//! `orgtap query`: the result of a query, page by page to standard output.

use orgtap_salesforce::{Json, QueryOperation, Record};
use orgtap_soql::{Query, SelectItem};

use crate::app::{Exit, Invocation};
use crate::cli::QueryArgs;
use crate::error::{Error, Result};
use crate::output::records::Printer;

/// Prints the records that the query selects.
pub(crate) async fn run(args: &QueryArgs, on: &Invocation) -> Result<Exit> {
    let query = orgtap_soql::parse(&args.soql).map_err(|problems| Error::Query(Box::new(problems)))?;
    let client = super::client_of(on)?;
    let operation = if args.all_rows { QueryOperation::QueryAll } else { QueryOperation::Query };
    let mut page = client.query(&args.soql, operation).await?;
    if is_count(&query) {
        page.records = vec![Record(vec![("count".to_owned(), Json::Number(page.total_size.to_string()))])];
    }
    let mut printer = Printer::new(args.format, &query, &page.records, &on.console);
    loop {
        printer.print(&page.records)?;
        match page.next {
            Some(next) => page = client.query_more(&next).await?,
            None => break,
        }
    }
    printer.finish()?;
    Ok(Exit::Done)
}

/// Returns whether this is `SELECT COUNT() …`, whose answer is a number and no records.
fn is_count(query: &Query) -> bool {
    matches!(query.select.as_slice(), [SelectItem::Call { call, .. }] if call.function.is("COUNT") && call.arguments.is_empty())
}
