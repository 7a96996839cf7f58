//! Profiles: what sets one org apart from another, each by its name. They go together in any number.
//!
//! What a profile is made of stands where its parts are: objects and fields of the demo org in `dataset`, what the user may see in
//! `org::access`, how queries deal with it in `select`.

use std::fmt;
use std::str::FromStr;

macro_rules! profiles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $about:literal;)*) => {
        /// Something that an org has or does, and others do not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Profile {
            $($(#[$doc])* $variant,)*
        }

        impl Profile {
            /// All profiles, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the name that a user types.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns what the org has with it, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)*
                }
            }
        }
    };
}

profiles! {
    /// Fields that the user may not read.
    FieldSecurity = "field-security", "fields hidden from the user: not described, unknown to queries";
    /// Records and an object that the user may not read.
    Sharing = "sharing", "records of every third owner hidden from the user, and all cases";
    /// Amounts in several currencies.
    MultiCurrency = "multi-currency", "amounts in several currencies, with rates, convertCurrency() and USD5000";
    /// Codes beside the names of states and countries.
    StateCountry = "state-country", "picklists of states and countries: StateCode and CountryCode in addresses";
    /// People as accounts.
    PersonAccounts = "person-accounts", "accounts that are people, each with its contact";
    /// Events beside tasks.
    Activities = "archived-activities", "events beside the tasks, old ones archived: only queryAll shows them";
    /// A big object.
    BigObjects = "big-objects", "a big object (__b), which is queried by its index only";
    /// A custom metadata type.
    CustomMetadata = "custom-metadata", "a custom metadata type (__mdt), with the limits of its queries";
    /// An external object.
    ExternalObjects = "external-objects", "an external object (__x), with the limits of its queries";
    /// Objects that the Bulk API refuses.
    NoBulk = "no-bulk", "objects that the Bulk API refuses, such as CaseStatus";
    /// Files.
    Files = "files", "attachments, documents and files, whose content is read one by one";
    /// Roll-up summary fields.
    RollUps = "roll-ups", "roll-up summaries on accounts, which change without a stamp";
    /// Formula fields over parents and over time.
    Formulas = "formulas", "formula fields on opportunities, which change with the account and the day, without a stamp";
}

impl Profile {
    /// Returns whether it hides something, which it does in imported orgs too. The others add objects and fields to the demo.
    pub fn hides(self) -> bool {
        matches!(self, Self::FieldSecurity | Self::Sharing)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no profile has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile of that name")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.iter().copied().find(|profile| profile.name() == name).ok_or(UnknownProfile)
    }
}

/// The profiles that an org has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Profiles(u32);

impl Profiles {
    /// Adds a profile.
    pub(crate) fn add(&mut self, profile: Profile) {
        self.0 |= 1 << profile as u32;
    }

    /// Returns whether a profile is among them.
    pub(crate) fn has(self, profile: Profile) -> bool {
        self.0 & (1 << profile as u32) != 0
    }

    /// Returns whether all of others are among them.
    pub(crate) fn include(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl FromIterator<Profile> for Profiles {
    fn from_iter<I: IntoIterator<Item = Profile>>(profiles: I) -> Self {
        let mut all = Self::default();
        profiles.into_iter().for_each(|profile| all.add(profile));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_told_from_the_others() {
        for profile in Profile::ALL {
            let only: Profiles = [*profile].into_iter().collect();

            assert_eq!(profile.name().parse(), Ok(*profile));
            assert!(Profile::ALL.iter().all(|other| only.has(*other) == (other == profile)), "{profile}");
        }
        assert_eq!("sharing ".parse::<Profile>(), Err(UnknownProfile));
    }
}
