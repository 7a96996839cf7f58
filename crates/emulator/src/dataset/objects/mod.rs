//! The objects of the demo org, one file each.

mod account;
mod account_history;
mod case;
mod contact;
mod opportunity;
mod person;
mod shipment;
mod task;
mod user;

use super::spec::ObjectSpec;

/// Returns all objects.
pub(super) fn all() -> Vec<ObjectSpec> {
    vec![
        user::spec(),
        account::spec(),
        contact::spec(),
        opportunity::spec(),
        case::spec(),
        task::spec(),
        account_history::spec(),
        shipment::spec(),
    ]
}
