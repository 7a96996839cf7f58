//! `orgtap query`: the result of a query, page by page to standard output; or whether it is one, or how it would run.

mod check;
mod explain;

use orgtap_salesforce::{Client, Json, QueryOperation, Record};
use orgtap_soql::{Diagnostics, Query, SelectItem};

use crate::app::{Exit, Invocation};
use crate::cli::{QueryArgs, QueryFormat};
use crate::error::{Error, Result};
use crate::output::records::Printer;

/// Does with the query, or the queries, what the arguments say.
pub(crate) async fn run(args: &QueryArgs, on: &Invocation) -> Result<Exit> {
    let Some(soql) = &args.soql else {
        return check::file(args.file.as_deref().unwrap_or("-".as_ref()), args.json, &on.console);
    };
    if args.check {
        return check::one(soql, args.json, &on.console);
    }
    let query = readable(soql)?;
    let client = super::client_of(on)?;
    if args.explain {
        return explain::run(soql, args, &client, on).await;
    }
    print(soql, &query, args, &client, on).await
}

/// Parses a query and holds it against the rules of the language, all of which Salesforce would refuse to break.
fn readable(soql: &str) -> Result<Query> {
    let refuse = |problems| Error::Query(Box::new(problems));
    let query = orgtap_soql::parse(soql).map_err(refuse)?;
    match Diagnostics::new(soql, orgtap_soql::check::api(&query)) {
        Some(problems) => Err(refuse(problems)),
        None => Ok(query),
    }
}

/// Returns the error of a query that Salesforce refused, at its place where it has one.
fn refused(soql: &str, error: orgtap_salesforce::Error) -> Error {
    match orgtap_engine::refusal_in(soql, soql, &error) {
        Some(problems) => Error::Query(Box::new(problems)),
        None => error.into(),
    }
}

/// Prints the records that the query selects.
async fn print(soql: &str, query: &Query, args: &QueryArgs, client: &Client, on: &Invocation) -> Result<Exit> {
    let operation = if args.all_rows { QueryOperation::QueryAll } else { QueryOperation::Query };
    let format = if args.json { QueryFormat::Json } else { args.format };
    let mut page = client.query(soql, operation).await.map_err(|error| refused(soql, error))?;
    if is_count(query) {
        page.records = vec![Record(vec![("count".to_owned(), Json::Number(page.total_size.to_string()))])];
    }
    let mut printer = Printer::new(format, query, &page.records, &on.console);
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
