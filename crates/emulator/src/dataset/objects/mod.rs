//! The objects of the demo org, one file each.

mod account;
mod account_history;
mod case;
mod contact;
mod currency_type;
mod event;
mod feed;
mod file;
mod opportunity;
mod person;
mod sensor_reading;
mod shipment;
mod shipping_rate;
mod status;
mod stock_item;
mod task;
mod user;

use super::spec::ObjectSpec;
use crate::org::RollUp;
use crate::profile::{Profile, Profiles};

/// Returns the objects that an org with these profiles has.
pub(super) fn all(profiles: Profiles) -> Vec<ObjectSpec> {
    let mut specs = vec![
        user::spec(),
        account::spec(),
        contact::spec(),
        opportunity::spec(),
        case::spec(),
        task::spec(),
        account_history::spec(),
        shipment::spec(),
        event::spec(),
        sensor_reading::spec(),
        shipping_rate::spec(),
        stock_item::spec(),
        feed::spec(),
    ];
    specs.extend(currency_type::specs());
    specs.extend(status::specs());
    specs.extend(file::specs());
    specs.retain(|spec| profiles.include(spec.profiles));
    for spec in &mut specs {
        spec.fields.retain(|field| profiles.include(field.profiles));
        // People have no name of a company.
        if spec.name == "Account" && profiles.has(Profile::PersonAccounts) {
            spec.relax("Name");
        }
    }
    specs
}

/// Returns the roll-up summaries.
pub(super) fn roll_ups() -> Vec<RollUp> {
    account::roll_ups()
}
