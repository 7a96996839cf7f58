//! The version of the Salesforce API, such as `62.0`.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::untrusted::literal;

/// A version of the Salesforce API, 47.0 (the first with Bulk API 2.0 queries) or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// The first version with Bulk API 2.0 query jobs.
    pub const OLDEST: Self = Self(47);
    /// The last version that signs in with a user name, a password and a security token by SOAP.
    pub(crate) const LAST_SOAP_LOGIN: Self = Self(64);
    /// The first version that lists the pages of a job's results.
    pub const FIRST_RESULT_PAGES: Self = Self(58);

    /// The first version whose results have their columns in the order of the query; before, in that of their names.
    pub const FIRST_ORDERED_COLUMNS: Self = Self(50);

    /// Makes the version `major.0`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) below 47.
    pub fn new(major: u16) -> Result<Self, Error> {
        let version = Self(major);
        if version < Self::OLDEST {
            let cause =
                format!("`{version}` is older than `{}`, the first version with Bulk API 2.0 queries", Self::OLDEST);
            return Err(Error::configuration("use the API version", cause).with_hint(HINT));
        }
        Ok(version)
    }

    /// Returns the number before the point.
    pub fn major(self) -> u16 {
        self.0
    }
}

const HINT: &str = "set `api_version` to `62.0`";

impl Default for ApiVersion {
    fn default() -> Self {
        Self(62)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    /// Accepts `62.0`, `62` and `v62.0`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let number = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let major = number.strip_suffix(".0").unwrap_or(number);
        match major.parse() {
            Ok(major) if major_is_plain(number) => Self::new(major),
            _ => {
                let cause = format!("{} is not a version such as `62.0`", literal(text));
                Err(Error::configuration("read the API version", cause).with_hint(HINT))
            }
        }
    }
}

/// Refuses the signs that a number may have in Rust.
fn major_is_plain(number: &str) -> bool {
    number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_version_is_read_in_every_usual_spelling() {
        for text in ["62.0", "62", "v62.0", "V62", " 62.0 "] {
            assert_eq!(text.parse::<ApiVersion>().unwrap().to_string(), "62.0", "{text}");
        }
    }

    #[test]
    fn what_is_no_version_or_too_old_is_refused() {
        for text in ["", "v", "62.1", "62.", ".0", "+62", "-62", "62.0.0", "46.0", "0", "99999999", "sixty", "vv62.0"] {
            assert_eq!(text.parse::<ApiVersion>().unwrap_err().kind(), ErrorKind::Configuration, "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!("100.0".parse::<ApiVersion>().unwrap() > ApiVersion::default());
    }
}
