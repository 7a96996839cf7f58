//! Person accounts: an account that is a person has a contact of its own, and each of the two shows the values of the other.
//!
//! Whether an org has them is told by its describe of `Account`.

use std::collections::BTreeMap;

use super::change::Changes;
use super::fields::compose_name;
use crate::error::ChangeError;
use crate::id::Id;
use crate::object::ObjectType;
use crate::value::Value;

/// The parts of a name, which both objects call the same.
const NAME_PARTS: &[&str] = &["FirstName", "LastName", "MiddleName", "Salutation", "Suffix"];

/// Returns the field of the contact that a field of the account shows.
fn field_of_contact(account_field: &str) -> Option<String> {
    match account_field {
        "PersonContactId" => None,
        name if NAME_PARTS.contains(&name) => Some(name.to_owned()),
        name => match (name.strip_prefix("Person"), name.strip_suffix("__pc")) {
            (Some(rest), _) => Some(rest.to_owned()),
            (None, Some(stem)) => Some(format!("{stem}__c")),
            (None, None) => None,
        },
    }
}

/// Returns the positions of the fields that an account and its contact share.
fn shared_fields(account: &ObjectType, contact: &ObjectType) -> Vec<(usize, usize)> {
    let plain = account.fields.iter().enumerate().filter(|(_, field)| !field.kind.is_compound());
    plain.filter_map(|(at, field)| Some((at, contact.position(&field_of_contact(&field.name)?)?))).collect()
}

impl Changes<'_> {
    /// Gives a new account that is a person the contact that belongs to it. It is one if it has a last name.
    pub(super) fn complete_person(&mut self, at: usize, id: Id, values: &mut [Value]) -> Result<(), ChangeError> {
        let account = self.tables().at(at).object.clone();
        let Some((is_person, contact_id)) = person_fields(&account) else { return Ok(()) };
        let Some(contact_at) = self.tables().position("Contact") else { return Ok(()) };
        if account.position("LastName").is_none_or(|last| values[last].is_null()) {
            return Ok(());
        }
        let contact = self.tables().at(contact_at).object.clone();
        let shared = shared_fields(&account, &contact).into_iter().map(|(from, to)| (from, &contact.fields[to]));
        let mut fields: BTreeMap<String, Value> =
            shared.map(|(from, to)| (to.name.clone(), values[from].clone())).collect();
        fields.insert("AccountId".to_owned(), id.into());
        let contact_record = self.insert("Contact", fields)?;
        if let Some(flag) = contact.position("IsPersonAccount") {
            let mut written = self.values(contact_at, contact_record);
            written[flag] = true.into();
            self.put(contact_at, contact_record, written);
        }
        values[is_person] = true.into();
        values[contact_id] = contact_record.into();
        Ok(())
    }

    /// Lets the other side of a person show what was changed.
    pub(super) fn mirror_person(&mut self, at: usize, id: Id, values: &[Value]) {
        let Some((other_at, other_id)) = self.other_side(at, values) else { return };
        let (here, there) = (self.tables().at(at).object.clone(), self.tables().at(other_at).object.clone());
        let pairs = match here.name.as_str() {
            "Account" => shared_fields(&here, &there),
            _ => shared_fields(&there, &here).into_iter().map(|(account, contact)| (contact, account)).collect(),
        };
        let mut mirrored = self.values(other_at, other_id);
        if other_id == id || mirrored.is_empty() || pairs.iter().all(|(from, to)| values[*from] == mirrored[*to]) {
            return;
        }
        for (from, to) in pairs {
            mirrored[to] = values[from].clone();
        }
        self.stamp(other_at, &mut mirrored);
        compose_name(&there, &mut mirrored);
        self.put(other_at, other_id, mirrored);
    }

    /// Refuses to delete the contact of a person alone.
    pub(super) fn check_person(&self, at: usize, values: &[Value]) -> Result<(), ChangeError> {
        let object = &self.tables().at(at).object;
        if object.name == "Contact" && self.other_side(at, values).is_some() {
            // From memory: the rule is documented, its wording is not recorded.
            return Err(ChangeError::new("DELETE_FAILED", "A person contact can only be deleted with its account"));
        }
        Ok(())
    }

    /// Returns the contact of an account that is a person.
    pub(super) fn person_contact(&self, at: usize, values: &[Value]) -> Option<Id> {
        let account = &self.tables().at(at).object;
        let (_, contact) = person_fields(account).filter(|_| account.name == "Account")?;
        values[contact].as_id()
    }

    /// Returns the contact of a person's account, or the account of a person's contact, with its table.
    fn other_side(&self, at: usize, values: &[Value]) -> Option<(usize, Id)> {
        let object = &self.tables().at(at).object;
        let is_person = object.position("IsPersonAccount")?;
        let reference = match object.name.as_str() {
            "Account" => object.position("PersonContactId")?,
            "Contact" => object.position("AccountId")?,
            _ => return None,
        };
        let id = values[reference].as_id().filter(|_| values[is_person] == Value::Boolean(true))?;
        Some((self.tables().position_of(id)?, id))
    }
}

/// Returns where an account says that it is a person, and whose contact it is.
fn person_fields(account: &ObjectType) -> Option<(usize, usize)> {
    (account.name == "Account").then_some(())?;
    Some((account.position("IsPersonAccount")?, account.position("PersonContactId")?))
}
