//! What an org has that neither describes nor records tell: time, calendar, access, roll-ups. An export writes it to a file of its own,
//! an import reads it back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Org;
use super::access::Access;
use super::identity::OrgIdentity;
use super::roll_up::RollUp;
use crate::id::Id;

/// The document's version, under the key by which it is known.
pub(crate) const KEY: &str = "orgtap_emulator_org";
/// The only version there is.
const VERSION: u32 = 1;

/// The document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrgSettings {
    #[serde(rename = "orgtap_emulator_org")]
    version: u32,
    /// The org's time.
    #[serde(default)]
    pub(super) now: Option<Timestamp>,
    /// When the org began.
    #[serde(default)]
    pub(super) began: Option<Timestamp>,
    #[serde(default)]
    organization_name: Option<String>,
    #[serde(default)]
    sandbox: Option<bool>,
    #[serde(default)]
    time_zone: Option<String>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    fiscal_year_start: Option<i8>,
    /// What is hidden from the user.
    #[serde(default)]
    pub(super) access: Access,
    #[serde(default)]
    pub(super) roll_ups: Vec<RollUp>,
    /// The next number for an id, by object.
    #[serde(default)]
    pub(super) sequences: BTreeMap<String, u64>,
    /// Records that are gone for good, by object, with the times at which they were deleted.
    #[serde(default)]
    pub(super) purged: BTreeMap<String, BTreeMap<String, Timestamp>>,
}

impl OrgSettings {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(crate) fn read(document: serde_json::Value) -> Result<Self, String> {
        let settings: Self =
            serde_json::from_value(document).map_err(|error| format!("it holds settings of an org, but {error}"))?;
        if settings.version != VERSION {
            let version = settings.version;
            return Err(format!("it holds settings of an org in version {version}; this program knows {VERSION}"));
        }
        let bad_zone = settings.time_zone.as_deref().filter(|zone| !OrgIdentity::is_time_zone(zone));
        let bad_month = settings.fiscal_year_start.filter(|month| !(1..=12).contains(month));
        let bad_id = settings.purged.values().flat_map(BTreeMap::keys).find(|id| id.parse::<Id>().is_err());
        match (bad_zone, bad_month, bad_id) {
            (Some(_), ..) => Err("its `time_zone` is none that the IANA names, such as `Europe/Prague`".to_owned()),
            (_, Some(month), _) => Err(format!("its `fiscal_year_start` is {month}, not a month from 1 to 12")),
            (.., Some(_)) => Err("one of its `purged` records has no valid id".to_owned()),
            (None, None, None) => Ok(settings),
        }
    }

    /// Gives an org that is being made what it says of it.
    pub(super) fn apply_to(&self, identity: &mut OrgIdentity) {
        fn set<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        set(&mut identity.organization_name, self.organization_name.as_ref());
        set(&mut identity.sandbox, self.sandbox.as_ref());
        set(&mut identity.time_zone, self.time_zone.as_ref());
        set(&mut identity.locale, self.locale.as_ref());
        set(&mut identity.currency, self.currency.as_ref());
        set(&mut identity.fiscal_year_start, self.fiscal_year_start.as_ref());
    }
}

impl Org {
    /// Returns what neither describes nor records tell of the org.
    pub(crate) fn settings(&self) -> OrgSettings {
        let identity = self.identity();
        let now = self.now();
        let mut state = self.state();
        let tables = state.committed(now);
        let named = |at: usize| tables.at(at).object.name.clone();
        let purged = tables.iter().map(|(at, table)| {
            (named(at), table.purged().map(|(id, deleted_at)| (id.to_string(), deleted_at)).collect::<BTreeMap<_, _>>())
        });
        let purged = purged.filter(|(_, records)| !records.is_empty()).collect();
        let sequences = state.sequences.iter().enumerate().map(|(at, sequence)| (named(at), *sequence)).collect();
        OrgSettings {
            version: VERSION,
            now: Some(now),
            began: Some(self.0.began),
            organization_name: Some(identity.organization_name.clone()),
            sandbox: Some(identity.sandbox),
            time_zone: Some(identity.time_zone.clone()),
            locale: Some(identity.locale.clone()),
            currency: Some(identity.currency.clone()),
            fiscal_year_start: Some(identity.fiscal_year_start),
            access: self.0.access.clone(),
            roll_ups: self.0.roll_ups.clone(),
            sequences,
            purged,
        }
    }
}
