//! What stopped the component, in one line that a user of Keboola understands.

use std::error::Error as StdError;

use orgtap_engine::Error as EngineError;
use orgtap_salesforce::Error as SalesforceError;

use crate::output::format::{chain, printable};

/// What stopped the component.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// One line: what could not be done, why, and what to do about it.
    pub(crate) message: String,
    /// Whether the user can mend it: exit code 1, not 2.
    pub(crate) is_user_error: bool,
}

/// Options of orgtap's own configuration, and what they are called in Keboola's form.
const FORM: [(&str, &str); 10] = [
    ("`primary_key`", "`pkey`"),
    ("`cursor_field`", "`incremental_field`"),
    ("`password`", "`#password`"),
    ("`security_token`", "`#security_token`"),
    ("`consumer_key`", "`#consumer_key`"),
    ("`consumer_secret`", "`#consumer_secret`"),
    ("the proxy's `url`", "`proxy.proxy_server`"),
    ("`login_url`", "`ORGTAP_LOGIN_URL`"),
    ("`include_deleted`", "`is_deleted`"),
    ("this `login_method`", "the `login_method`"),
];

/// What only makes sense beside a configuration file of orgtap's own.
const FOREIGN: [&str; 8] =
    ["`orgtap ", "`fetch", "`load =", "`exclude_fields`", "`api`", "`path` of the destination", "`ca_file`", "`table`"];

impl Failure {
    /// Makes a failure that the user can mend.
    pub(crate) fn of_user(message: impl AsRef<str>) -> Self {
        Self { message: printable(message.as_ref()), is_user_error: true }
    }

    /// Makes the failure of being stopped from outside.
    pub(crate) fn stopped() -> Self {
        Self::of_user("could not finish: stopped by a signal")
    }

    /// Makes a failure of an answer of Salesforce's, or of none.
    pub(crate) fn of_salesforce(error: &SalesforceError) -> Self {
        Self { message: with_hint(&chain(error), error.hint()), is_user_error: error.is_user_error() }
    }

    /// Makes a failure of a row.
    pub(crate) fn of_engine(error: &EngineError) -> Self {
        let text = match error {
            EngineError::Query { summary, .. } => format!("could not use the query: {summary}"),
            other => chain(other as &dyn StdError),
        };
        Self { message: with_hint(&text, error.hint()), is_user_error: error.is_user_error() }
    }

    /// Says that the user can mend it, and how.
    #[must_use]
    pub(crate) fn for_the_user(mut self, hint: &str) -> Self {
        self.is_user_error = true;
        self.message = format!("{}; {hint}", self.message);
        self
    }
}

/// Returns text and hint on one line, in the words of the form.
fn with_hint(text: &str, hint: Option<String>) -> String {
    let text = in_words_of_the_form(text.trim_end());
    match hint.filter(|hint| !hint.is_empty()).and_then(|hint| useful(&hint)) {
        Some(hint) => format!("{text} ({hint})"),
        None => text,
    }
}

/// Returns what of a hint a user of Keboola can follow.
fn useful(hint: &str) -> Option<String> {
    let parts = hint.split("; ").filter(|part| !FOREIGN.iter().any(|word| part.contains(word)));
    let useful = parts.collect::<Vec<_>>().join("; ");
    (!useful.is_empty()).then(|| in_words_of_the_form(&useful))
}

fn in_words_of_the_form(text: &str) -> String {
    let text = printable(text);
    FORM.iter().fold(text, |text, (ours, theirs)| text.replace(ours, theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_speaks_of_the_form_alone() {
        assert_eq!(
            with_hint("could not find the column `Id`\n", Some("select it, or take it out of `primary_key`".into())),
            "could not find the column `Id` (select it, or take it out of `pkey`)"
        );
        assert_eq!(
            with_hint("x", Some("grant the user read access; `orgtap describe A` lists what is visible".into())),
            "x (grant the user read access)"
        );
        assert_eq!(with_hint("x", Some("`orgtap objects` lists what the user can see".into())), "x");
    }
}
