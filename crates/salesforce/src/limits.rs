//! What the org allows, and how much of it is left.

use std::collections::BTreeMap;

use crate::client::{Call, Client};
use crate::describe::path_segment;
use crate::error::Result;
use crate::wire::{LimitAnswer, LimitsAnswer, RecordCounts};

/// One allowance of an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How much is allowed.
    pub max: u64,
    /// How much is left, accurate to about five minutes. Some orgs may overrun.
    pub remaining: u64,
}

/// The allowances of an org by name, such as `DailyApiRequests`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<String, Limit>);

impl Limits {
    /// Returns the allowance called `name`.
    pub fn get(&self, name: &str) -> Option<Limit> {
        self.0.get(name).copied()
    }

    /// Returns every allowance, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Limit)> {
        self.0.iter().map(|(name, limit)| (name.as_str(), *limit))
    }
}

/// The calls of the last 24 hours, as the org counted them at its last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiUsage {
    /// Calls used.
    pub used: u64,
    /// Calls allowed.
    pub allowed: u64,
}

impl ApiUsage {
    /// Reads the first pair of `Sforce-Limit-Info`, wherever it stands: some orgs put other pairs beside it.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (_, pair) = header.split_once("api-usage=")?;
        let (used, rest) = pair.split_once('/')?;
        let allowed = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(Self { used: used.trim().parse().ok()?, allowed: allowed.parse().ok()? })
    }
}

impl Client {
    /// Returns the allowances of the org.
    pub async fn limits(&self) -> Result<Limits> {
        let call = Call::get("read the org's limits", format!("{}/limits", self.base_path()));
        let answer: LimitsAnswer = self.call_for(&call).await?;
        let known = answer.into_iter().filter_map(|(name, value)| {
            let LimitAnswer { max, remaining } = serde_json::from_value(value).ok()?;
            // An org that overran its allowance may have less than nothing left.
            Some((name, Limit { max, remaining: u64::try_from(remaining).unwrap_or(0) }))
        });
        Ok(Limits(known.collect()))
    }

    /// Returns about how many records the objects have, deleted and archived ones not counted. Objects without a count are missing.
    pub async fn record_count(&self, objects: &[&str]) -> Result<BTreeMap<String, u64>> {
        let action = "count the records";
        let names = objects.iter().map(|object| path_segment(action, object)).collect::<Result<Vec<_>>>()?;
        let path = format!("{}/limits/recordCount?sObjects={}", self.base_path(), names.join(","));
        let answer: RecordCounts = self.call_for(&Call::get(action, path)).await?;
        Ok(answer.s_objects.into_iter().map(|object| (object.name, object.count)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Scripted};
    use crate::{Error, ErrorKind};

    #[tokio::test]
    async fn limits_are_read_loosely() -> Result<(), Error> {
        let answer = r#"{"DailyApiRequests":{"Max":5000,"Remaining":4937,"Ant Migration Tool":{"Max":0,"Remaining":0}},
            "Overrun":{"Max":10,"Remaining":-3},"Odd":"text","Empty":{},"PermissionSets":{"Max":1500,"Remaining":1499,"CreateCustom":{"Max":1,"Remaining":1}}}"#;
        let server = Scripted::start([Reply::json(answer)]).await;

        let limits = server.client().0.limits().await?;

        assert_eq!(limits.get("DailyApiRequests"), Some(Limit { max: 5_000, remaining: 4_937 }));
        assert_eq!(limits.get("Overrun"), Some(Limit { max: 10, remaining: 0 }));
        assert_eq!(
            limits.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["DailyApiRequests", "Overrun", "PermissionSets"]
        );
        Ok(())
    }

    #[tokio::test]
    async fn counts_are_asked_for_together() -> Result<(), Error> {
        let server = Scripted::start([Reply::json(
            r#"{"sObjects":[{"count":3,"name":"Contact"},{"count":0,"name":"Account"}]}"#,
        )])
        .await;

        let counts = server.client().0.record_count(&["Account", "Contact", "Hidden__c"]).await?;

        assert_eq!(server.lines(), ["GET /services/data/v62.0/limits/recordCount?sObjects=Account,Contact,Hidden__c"]);
        assert_eq!(counts, BTreeMap::from([("Account".to_owned(), 0), ("Contact".to_owned(), 3)]));
        Ok(())
    }

    #[tokio::test]
    async fn a_name_that_would_change_the_address_is_not_sent() {
        let server = Scripted::start([]).await;

        let error = server.client().0.record_count(&["Account&x=1"]).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(server.lines().is_empty());
    }

    #[test]
    fn usage_is_the_first_pair_wherever_it_stands() {
        let usage = |used, allowed| Some(ApiUsage { used, allowed });
        assert_eq!(ApiUsage::parse("api-usage=10018/100000"), usage(10_018, 100_000));
        assert_eq!(
            ApiUsage::parse("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)"),
            usage(25, 5_000)
        );
        assert_eq!(ApiUsage::parse("api-bursts=1/750; api-usage=1/2"), usage(1, 2));
        for header in ["", "api-usage=", "api-usage=/", "api-usage=x/y", "api-usage=5"] {
            assert_eq!(ApiUsage::parse(header), None, "{header}");
        }
    }
}
