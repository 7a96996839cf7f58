//! The document kept between runs of a row: how far its table reaches, and what it was made of.
//!
//! A destination saves it with the data, in one step. It never holds a secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The only version of the document so far.
const VERSION: u32 = 1;

/// What one run of a row leaves for the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    version: u32,
    /// Everything that changed in the org before this instant is in the table. `None`: the next fetch reads everything.
    pub(crate) watermark: Option<Timestamp>,
    /// What the table was made of. `None` in a document that somebody else made of a bare watermark: whatever the row asks for counts as
    /// what it asked for.
    #[serde(default)]
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Every record that was deleted before this instant is taken out of the table or flagged in it, where that is done. Of a quiet object it
    /// lies beyond the watermark.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) deletions_until: Option<Timestamp>,
    /// How many runs have loaded the table since its Ids were last compared, where deleted records are not ignored.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) runs_since_reconcile: u32,
    /// Whether the table may hold records that are gone, so that its Ids have to be compared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) is_reconcile_due: bool,
    /// By what the run that saved it is known: later in later ones, and the same for all rows of one. Rows that it is not the same for come first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) run: Option<Timestamp>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A state and the document that it was read from: a load that goes on from it is held against the text that the destination keeps.
#[derive(Clone, Debug)]
pub(crate) struct SavedState {
    pub(crate) state: State,
    pub(crate) document: String,
}

/// What a table is made of. A table made of something else has to be loaded anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// The org's id, where it is known. A sandbox that was refreshed is another org at the same address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) org: Option<String>,
    /// The sObject, as Salesforce spells it.
    pub(crate) object: String,
    /// How the row says which fields it wants. It is the same as before where only the org changed.
    pub(crate) selection: String,
    /// The columns, in order.
    pub(crate) fields: Vec<String>,
    /// The row's query without its SELECT list, empty for a whole object.
    pub(crate) filter: String,
    /// The field that orders change, where the row fetches incrementally.
    pub(crate) cursor_field: Option<String>,
    /// Whether deleted and archived records are among them.
    pub(crate) include_deleted: bool,
    /// Whether deleted records are taken out of the table.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) removes_deleted: bool,
    /// The columns that tell one record from another, in the order of the row. `None` where records are appended, and in older documents: then
    /// no key differs from it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) primary_key: Option<Vec<String>>,
    /// Whether records are added without looking, so that the table may hold several of one. `None` in older documents: nobody knows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) appends: Option<bool>,
}

impl State {
    /// Returns a state to be saved.
    pub(crate) fn new(fingerprint: Fingerprint, watermark: Option<Timestamp>) -> Self {
        Self {
            version: VERSION,
            watermark,
            fingerprint: Some(fingerprint),
            deletions_until: None,
            runs_since_reconcile: 0,
            is_reconcile_due: false,
            run: None,
        }
    }

    /// Reads a saved document, or says why it cannot be used.
    pub(crate) fn read(document: &str) -> Result<Self, String> {
        let state: Self =
            serde_json::from_str(document).map_err(|error| format!("the saved state cannot be read: {error}"))?;
        if state.version == VERSION {
            Ok(state)
        } else {
            Err(format!("the saved state is of version {}, this orgtap reads version {VERSION}", state.version))
        }
    }

    /// Returns the document to save.
    pub(crate) fn document(&self) -> String {
        serde_json::to_string(self).expect("a state holds only text, numbers and instants")
    }
}

impl Fingerprint {
    /// Returns whether the table is of another org, as far as both are known.
    pub(crate) fn is_of_other_org(&self, saved: &Self) -> bool {
        self.org.is_some() && saved.org.is_some() && self.org != saved.org
    }

    /// Returns how `self`, the new one, differs from `saved`, in words; `None` where the table can be carried on.
    ///
    /// A field that is gone although the row asks for the same as before was deleted in the org or hidden from the user: reading everything
    /// again would not bring it back.
    pub(crate) fn difference(&self, saved: &Self) -> Option<String> {
        let mut differences = Vec::new();
        if let Some(was) = saved.org.as_ref().filter(|_| self.is_of_other_org(saved)) {
            differences.push(format!("the org was `{was}`"));
        }
        if !self.object.eq_ignore_ascii_case(&saved.object) {
            differences.push(format!("the object was `{}`", saved.object));
        }
        if self.filter != saved.filter {
            differences.push("the query's conditions changed".to_owned());
        }
        if self.cursor_field != saved.cursor_field {
            let was = saved.cursor_field.as_deref().unwrap_or("none");
            differences.push(format!("the cursor field was `{was}`"));
        }
        differences.extend(self.difference_of_keys(saved));
        if (self.include_deleted, self.removes_deleted) != (saved.include_deleted, saved.removes_deleted) {
            let were = match (saved.include_deleted, saved.removes_deleted) {
                (true, _) => "included",
                (false, true) => "taken out",
                (false, false) => "left out",
            };
            differences.push(format!("deleted records were {were}"));
        }
        if makings(&self.selection) != makings(&saved.selection) {
            differences.push("what its columns are made of changed".to_owned());
        }
        differences.extend(list("new", &self.fields, &saved.fields));
        if self.selection != saved.selection {
            differences.extend(list("gone", &saved.fields, &self.fields));
        }
        (!differences.is_empty()).then(|| differences.join(", "))
    }

    /// Returns what else told one record of the table from another, in words. A table that holds one record of each can be appended to.
    fn difference_of_keys(&self, saved: &Self) -> Option<String> {
        if (self.appends, saved.appends) == (Some(false), Some(true)) {
            return Some("records were appended".to_owned());
        }
        let (key, was) = (self.primary_key.as_ref()?, saved.primary_key.as_ref()?);
        if key == was {
            return None;
        }
        let was: Vec<String> = was.iter().map(|column| format!("`{column}`")).collect();
        Some(match was.is_empty() {
            true => "there was no primary key".to_owned(),
            false => format!("the primary key was {}", was.join(", ")),
        })
    }
}

/// What stands in a selection between the names of the columns and what makes those that are no plain fields.
pub(crate) const MADE_BY: &str = ", made by ";

/// Returns what makes the columns that are no plain fields.
fn makings(selection: &str) -> Option<&str> {
    selection.split_once(MADE_BY).map(|(_, makings)| makings)
}

/// Returns which of `fields` are not among `others`, in words.
fn list(word: &str, fields: &[String], others: &[String]) -> Option<String> {
    let missing: Vec<String> =
        fields.iter().filter(|field| !others.contains(field)).map(|field| format!("`{field}`")).collect();
    (!missing.is_empty()).then(|| format!("{word}: {}", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint() -> Fingerprint {
        Fingerprint {
            org: Some("00Dd0000000cQ8L".into()),
            object: "Account".into(),
            selection: "all".into(),
            fields: vec!["Id".into(), "Name".into()],
            filter: String::new(),
            cursor_field: Some("LastModifiedDate".into()),
            include_deleted: false,
            removes_deleted: false,
            primary_key: Some(vec!["Id".into()]),
            appends: Some(false),
        }
    }

    #[test]
    fn a_document_reads_back_as_it_was() {
        let state = State::new(fingerprint(), Some("2026-11-24T03:00:00Z".parse().unwrap()));

        assert_eq!(State::read(&state.document()), Ok(state));
    }

    #[test]
    fn a_document_of_another_version_is_refused() {
        let document = State::new(fingerprint(), None).document().replace("\"version\":1", "\"version\":2");

        assert_eq!(
            State::read(&document),
            Err("the saved state is of version 2, this orgtap reads version 1".to_owned())
        );
    }

    #[test]
    fn a_bare_watermark_is_a_state() {
        let state = State::read("{\"version\":1,\"watermark\":\"2024-05-01T00:00:00Z\"}").unwrap();

        assert_eq!(state.watermark.unwrap().to_string(), "2024-05-01T00:00:00Z");
        assert_eq!(state.fingerprint, None);
    }

    #[test]
    fn equal_fingerprints_do_not_differ() {
        assert_eq!(fingerprint().difference(&fingerprint()), None);
    }

    #[test]
    fn a_field_that_the_org_took_away_is_no_difference() {
        let new = Fingerprint { fields: vec!["Id".into()], ..fingerprint() };

        assert_eq!(new.difference(&fingerprint()), None);
    }

    #[test]
    fn a_field_that_the_org_added_is_a_difference() {
        let new = Fingerprint { fields: vec!["Id".into(), "Name".into(), "New__c".into()], ..fingerprint() };

        assert_eq!(new.difference(&fingerprint()), Some("new: `New__c`".to_owned()));
    }

    #[test]
    fn what_becomes_of_deleted_records_is_compared() {
        let removing = Fingerprint { removes_deleted: true, ..fingerprint() };

        assert_eq!(removing.difference(&fingerprint()), Some("deleted records were left out".to_owned()));
        assert_eq!(fingerprint().difference(&removing), Some("deleted records were taken out".to_owned()));
    }

    #[test]
    fn another_key_is_a_difference() {
        let keyed = |columns: &[&str]| Fingerprint {
            primary_key: Some(columns.iter().map(ToString::to_string).collect()),
            ..fingerprint()
        };

        assert_eq!(
            fingerprint().difference(&keyed(&["Name", "Site"])),
            Some("the primary key was `Name`, `Site`".to_owned())
        );
        assert_eq!(fingerprint().difference(&keyed(&[])), Some("there was no primary key".to_owned()));
    }

    #[test]
    fn a_log_is_no_table_of_one_record_each_but_such_a_table_may_become_a_log() {
        let log = Fingerprint { primary_key: None, appends: Some(true), ..fingerprint() };

        assert_eq!(fingerprint().difference(&log), Some("records were appended".to_owned()));
        assert_eq!(log.difference(&fingerprint()), None);
    }

    #[test]
    fn a_document_from_before_there_were_keys_in_it_is_carried_on() {
        let document = State::new(fingerprint(), None).document();
        let old = document.replace(",\"primary_key\":[\"Id\"],\"appends\":false", "");
        assert_ne!(old, document);

        let saved = State::read(&old).unwrap().fingerprint.unwrap();

        for new in [fingerprint(), Fingerprint { primary_key: Some(vec!["Name".into()]), ..fingerprint() }] {
            assert_eq!(new.difference(&saved), None);
        }
    }

    #[test]
    fn a_document_says_nothing_of_what_is_usual() {
        let document = State::new(fingerprint(), None).document();

        assert!(
            !document.contains("reconcile") && !document.contains("deletions") && !document.contains("removes_deleted"),
            "{document}"
        );
    }

    #[test]
    fn every_part_of_a_fingerprint_is_compared() {
        let new = Fingerprint {
            org: Some("00Dx0000000BV7z".into()),
            object: "Contact".into(),
            selection: "only Id, Email".into(),
            fields: vec!["Id".into(), "Email".into()],
            filter: "WHERE x".into(),
            cursor_field: None,
            include_deleted: true,
            removes_deleted: false,
            primary_key: Some(vec!["Email".into()]),
            appends: Some(false),
        };

        let difference = new.difference(&fingerprint()).unwrap();

        assert_eq!(
            difference,
            "the org was `00Dd0000000cQ8L`, the object was `Account`, the query's conditions changed, the cursor field was `LastModifiedDate`, \
             the primary key was `Id`, deleted records were left out, new: `Email`, gone: `Name`"
        );
    }
}
