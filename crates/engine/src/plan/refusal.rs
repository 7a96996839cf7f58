//! What Salesforce refuses of a query, shown where its author wrote it.

use orgtap_salesforce::{Client, ErrorKind};
use orgtap_soql::{Diagnostic, Diagnostics, Refused};

use super::Plan;
use crate::error::{Error, Result};

/// Refusals that are about the query, whichever resource gives them.
const ABOUT_THE_QUERY: [&str; 4] = ["INVALID_FIELD", "INVALID_TYPE", "INVALID_TYPE_FOR_OPERATION", "MALFORMED_QUERY"];

/// Returns what Salesforce said of `sent` at its place in `text`, the query as its author wrote it; `None` where it has none there.
///
/// What a server says is not trusted: a place that its words do not bear out is none.
#[must_use]
pub fn refusal_in(text: &str, sent: &str, error: &orgtap_salesforce::Error) -> Option<Diagnostics> {
    if !matches!(error.kind(), ErrorKind::InvalidQuery | ErrorKind::JobFailed) {
        return None;
    }
    let message = std::error::Error::source(error)?.to_string();
    let place = error.place().map(|place| (place.row, place.column));
    let span = Refused { sent, message: &message, place }.find_in(text)?;
    let problem = Diagnostic::error(message, span);
    Diagnostics::new(
        text,
        vec![match error.hint() {
            Some(hint) => problem.suggest(hint),
            None => problem,
        }],
    )
}

impl Plan {
    /// Shows `error` at its place in the query of the row, if it is Salesforce's and has one.
    pub(crate) fn show(&self, error: Error) -> Error {
        let (Some(text), Error::Salesforce(refused)) = (&self.text, &error) else { return error };
        match refusal_in(text, &self.query.to_string(), refused) {
            Some(diagnostics) => Error::query(&diagnostics),
            None => error,
        }
    }

    /// Asks Salesforce whether it would run the query that somebody wrote, with one call that reads no record. Only a refusal with a place in
    /// the query counts: that Salesforce cannot explain a query is no reason not to run it.
    pub(crate) async fn hold_against(self, client: &Client) -> Result<Self> {
        let query = self.query.to_string();
        if self.text.is_none() || !client.fits_in_address(&query, self.operation) {
            return Ok(self);
        }
        match client.query_plans(&query).await {
            Err(error) if error.error_code().is_some_and(|code| ABOUT_THE_QUERY.contains(&code)) => {
                match self.show(Error::salesforce(error)) {
                    shown @ Error::Query { .. } => Err(shown),
                    _ => Ok(self),
                }
            }
            _ => Ok(self),
        }
    }
}
