//! The only place that reads environment variables.
//!
//! Everything else is handed an [`Environment`], so that what a variable does can be tested without setting it for the whole process.
//! The variables with a meaning of their own are the constants here; any other can be named as `${NAME}` in the configuration file.

use std::collections::BTreeMap;
use std::env::VarError;

/// Replaces the login host for every login method; goes before `connection.login_url`.
pub(crate) const LOGIN_URL: &str = "ORGTAP_LOGIN_URL";
/// The proxy for `https` requests, in the order in which the spellings count.
pub(crate) const HTTPS_PROXY: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
/// The proxy for `http` requests.
pub(crate) const HTTP_PROXY: [&str; 2] = ["http_proxy", "HTTP_PROXY"];
/// The proxy where neither of the two above is set.
pub(crate) const ALL_PROXY: [&str; 2] = ["all_proxy", "ALL_PROXY"];
/// Hosts that are reached without a proxy, separated by commas.
pub(crate) const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// Turns colours off when it is set to anything but the empty text.
pub(crate) const NO_COLOR: &str = "NO_COLOR";
/// The data folder of `orgtap component`.
pub(crate) const KBC_DATADIR: &str = "KBC_DATADIR";
/// The id of the Keboola configuration, which names its bucket.
pub(crate) const KBC_CONFIGID: &str = "KBC_CONFIGID";
/// The Keboola stack; set on the platform only.
pub(crate) const KBC_STACKID: &str = "KBC_STACKID";
/// Whether the Keboola project has native types: `authoritative`, `hints` or `none`.
pub(crate) const KBC_DATA_TYPE_SUPPORT: &str = "KBC_DATA_TYPE_SUPPORT";
/// The host that takes log messages as GELF over TCP.
pub(crate) const KBC_LOGGER_ADDR: &str = "KBC_LOGGER_ADDR";
/// The port of that host.
pub(crate) const KBC_LOGGER_PORT: &str = "KBC_LOGGER_PORT";
/// Shortens every wait to a hundredth, for tests. Set by anybody else, it makes retries useless and nothing worse.
pub(crate) const TEST_HURRY: &str = "ORGTAP_TEST_HURRY";

/// The environment variables that orgtap sees.
#[derive(Clone, Debug)]
pub(crate) enum Environment {
    /// Those of the process.
    Process,
    /// These and no others.
    Fixed(BTreeMap<String, String>),
}

impl Environment {
    /// Returns the variable's value.
    #[expect(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
    pub(crate) fn get(&self, name: &str) -> Result<String, VarError> {
        match self {
            Self::Process => std::env::var(name),
            Self::Fixed(variables) => variables.get(name).cloned().ok_or(VarError::NotPresent),
        }
    }

    /// Returns the first of `names` that is set to something, with its value. Variables that are empty or not UTF-8 count as unset.
    pub(crate) fn first_of<'a>(&self, names: &[&'a str]) -> Option<(&'a str, String)> {
        names.iter().find_map(|name| self.get(name).ok().filter(|value| !value.is_empty()).map(|value| (*name, value)))
    }
}
