//! What happens in the demo's org between the two loads.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use orgtap_emulator::{Id, Org, Scope, Value};

const NEW_CONTACTS: [(&str, &str); 3] = [("Grace", "Hopper"), ("Ada", "Lovelace"), ("Emmy", "Noether")];

/// How many records changed, by kind.
#[derive(Debug)]
pub(super) struct Changes {
    created: usize,
    changed: usize,
    deleted: usize,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, changed, deleted } = self;
        write!(f, "{created} contacts created, {changed} accounts changed, {deleted} opportunities deleted")
    }
}

/// Creates contacts, changes accounts, deletes opportunities.
pub(super) fn change(org: &Org) -> Result<Changes, Box<dyn Error + Send + Sync>> {
    let accounts = ids(org, "SELECT Id FROM Account ORDER BY Name LIMIT 5")?;
    let employer = accounts.first().ok_or("the org has no accounts")?;
    let employer = employer.to_string();
    for (first, last) in NEW_CONTACTS {
        org.insert("Contact", record([("FirstName", first), ("LastName", last), ("AccountId", &employer)]))?;
    }
    for account in &accounts {
        org.update(*account, record([("Rating", "Hot")]))?;
    }
    let lost = ids(org, "SELECT Id FROM Opportunity WHERE IsClosed = false ORDER BY Amount NULLS LAST LIMIT 2")?;
    for opportunity in &lost {
        org.delete(*opportunity)?;
    }
    Ok(Changes { created: NEW_CONTACTS.len(), changed: accounts.len(), deleted: lost.len() })
}

fn ids(org: &Org, soql: &str) -> Result<Vec<Id>, Box<dyn Error + Send + Sync>> {
    let selection = org.select(soql, Scope::Live)?;
    Ok(selection.records(0, selection.total()).filter_map(|record| record.id).collect())
}

fn record<const N: usize>(fields: [(&str, &str); N]) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, text)| (name.to_owned(), Value::text(text))).collect()
}
