//! API versions: what the org offers, what is retired, and the release names.
//!
//! What differs between two versions of a resource is decided where the resource is answered.

use std::fmt;

/// An API version such as 62.0; the part after the point is always 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(u16);

/// Where a version stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Offered,
    Retired,
    Unknown,
}

impl ApiVersion {
    const OLDEST: Self = Self(7);
    const OLDEST_OFFERED: Self = Self(31);
    const NEWEST: Self = Self(67);
    /// The first version with Bulk API 2.0 query jobs.
    pub(crate) const QUERY_JOBS: Self = Self(47);
    /// The first version whose job results keep the order of the SELECT list.
    pub(crate) const ORDERED_COLUMNS: Self = Self(50);
    /// The first version with `resultPages`.
    pub(crate) const RESULT_PAGES: Self = Self(58);
    /// The first version in which the permission "Query All Files" counts.
    pub(crate) const QUERY_ALL_FILES: Self = Self(59);
    /// The last version with SOAP `login()`.
    pub(crate) const LAST_SOAP_LOGIN: Self = Self(64);

    /// Reads `62.0`, the form in SOAP addresses.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let major = text.strip_suffix(".0")?;
        let digits = (1..=3).contains(&major.len()) && major.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| major.parse().ok().map(Self)).flatten()
    }

    /// Reads `v62.0`, the form in REST addresses.
    pub(crate) fn parse_segment(segment: &str) -> Option<Self> {
        segment.strip_prefix('v').and_then(Self::parse)
    }

    /// Returns the release that brought the version, such as `Winter '25`. Known from 31.0 on.
    pub(crate) fn release(self) -> String {
        let releases = self.0.saturating_sub(Self::OLDEST_OFFERED.0);
        let season = ["Summer", "Winter", "Spring"][usize::from(releases % 3)];
        format!("{season} '{}", 14 + releases.div_ceil(3))
    }

    /// Returns the version as the JSON number that job documents carry.
    pub(crate) fn number(self) -> f64 {
        f64::from(self.0)
    }
}

/// The versions that an org offers. Older ones are retired; newer ones are not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiVersions {
    oldest: ApiVersion,
    newest: ApiVersion,
}

impl ApiVersions {
    /// Returns the versions from `oldest` to `newest`, such as 31 to 67; `None` if there are no such versions. The oldest that can still be
    /// offered is 31, the newest known release is 67.
    pub fn new(oldest: u16, newest: u16) -> Option<Self> {
        let versions = Self { oldest: ApiVersion(oldest), newest: ApiVersion(newest) };
        let known = Self::default();
        let is_known = oldest <= newest && versions.oldest >= known.oldest && versions.newest <= known.newest;
        is_known.then_some(versions)
    }

    /// Returns every version, oldest first.
    pub(crate) fn offered(self) -> impl Iterator<Item = ApiVersion> {
        (self.oldest.0..=self.newest.0).map(ApiVersion)
    }

    /// Returns where a version stands in its life.
    pub(crate) fn standing(self, version: ApiVersion) -> Standing {
        match version {
            version if version < ApiVersion::OLDEST || version > self.newest => Standing::Unknown,
            version if version < self.oldest => Standing::Retired,
            _ => Standing::Offered,
        }
    }

    /// Returns the oldest version.
    pub(crate) fn oldest(self) -> impl fmt::Display {
        self.oldest
    }
}

impl Default for ApiVersions {
    fn default() -> Self {
        Self { oldest: ApiVersion::OLDEST_OFFERED, newest: ApiVersion::NEWEST }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_follow_three_a_year_from_summer_14() {
        let release = |text| ApiVersion::parse(text).unwrap().release();

        assert_eq!(release("31.0"), "Summer '14");
        assert_eq!(release("47.0"), "Winter '20");
        assert_eq!(release("52.0"), "Summer '21");
        assert_eq!(release("60.0"), "Spring '24");
        assert_eq!(release("62.0"), "Winter '25");
        assert_eq!(release("67.0"), "Summer '26");
    }

    #[test]
    fn only_the_full_spelling_is_a_version() {
        for text in ["v62", "62.0", "v62.1", "v.0", "v+62.0", "v062.00", "vv62.0", "v9999.0", "v"] {
            assert_eq!(ApiVersion::parse_segment(text), None, "{text}");
        }
        assert_eq!(ApiVersion::parse_segment("v62.0").map(|v| v.to_string()).as_deref(), Some("62.0"));
    }

    #[test]
    fn versions_before_31_are_retired() {
        let standing = |text| ApiVersions::default().standing(ApiVersion::parse(text).unwrap());

        assert_eq!(standing("30.0"), Standing::Retired);
        assert_eq!(standing("31.0"), Standing::Offered);
        assert_eq!(standing("67.0"), Standing::Offered);
        assert_eq!(standing("68.0"), Standing::Unknown);
        assert_eq!(standing("6.0"), Standing::Unknown);
    }

    #[test]
    fn an_org_may_have_fewer_versions() {
        let versions = ApiVersions::new(41, 62).unwrap();
        let standing = |text| versions.standing(ApiVersion::parse(text).unwrap());

        assert_eq!(standing("40.0"), Standing::Retired);
        assert_eq!(standing("62.0"), Standing::Offered);
        assert_eq!(standing("63.0"), Standing::Unknown);
        assert_eq!(versions.offered().count(), 22);
        for (oldest, newest) in [(62, 41), (30, 62), (41, 68)] {
            assert_eq!(ApiVersions::new(oldest, newest), None);
        }
    }
}
