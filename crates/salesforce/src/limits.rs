//! What the org allows, and how much of it is left.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::query::QueryOperation;
use crate::wire::{LimitAnswer, LimitsAnswer, QueryAnswer, RecordCounts};

/// How long a count may take before nobody waits for it any longer: about what a small job takes.
const COUNT_PATIENCE: Duration = Duration::from_secs(10);

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
    pub(crate) fn read(answer: LimitsAnswer) -> Self {
        let known = answer.into_iter().filter_map(|(name, value)| {
            let LimitAnswer { max, remaining } = serde_json::from_value(value).ok()?;
            // An org that overran its allowance may have less than nothing left.
            Some((name, Limit { max, remaining: u64::try_from(remaining).unwrap_or(0) }))
        });
        Self(known.collect())
    }

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
        Ok(Limits::read(answer))
    }

    /// Returns about how many records each object has, deleted and archived ones not counted. Objects without a count are missing. The org is
    /// asked once in the life of this client and its clones, for all objects at once, and not again if it does not answer soon.
    pub async fn record_counts(&self) -> Result<Arc<BTreeMap<String, u64>>> {
        let ask = || async {
            let path = format!("{}/limits/recordCount", self.base_path());
            let call = Call::get("count the records", path).within(COUNT_PATIENCE);
            let answer: RecordCounts = self.call_for(&call).await?;
            Ok(Arc::new(answer.s_objects.into_iter().map(|object| (object.name, object.count)).collect()))
        };
        self.counts().get_or_init(ask).await.clone()
    }

    /// Returns how many records the query `soql`, which is `SELECT COUNT() …`, finds. Asked once, with little patience: the number is good to know,
    /// and a query that takes long to count takes longer to read.
    pub async fn count(&self, soql: &str, operation: QueryOperation) -> Result<u64> {
        let call = Call::get("count the records", self.query_path(soql, operation)).within(COUNT_PATIENCE);
        let answer: QueryAnswer = self.call_for(&call).await?;
        Ok(answer.total_size)
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
    async fn counts_of_all_objects_are_asked_for_once() -> Result<(), Error> {
        let server = Scripted::start([Reply::json(
            r#"{"sObjects":[{"count":3,"name":"Contact"},{"count":0,"name":"Account"}]}"#,
        )])
        .await;
        let (client, _) = server.client();

        let counts = client.record_counts().await?;
        client.metered().record_counts().await?;

        assert_eq!(server.lines(), ["GET /services/data/v62.0/limits/recordCount"]);
        assert_eq!(*counts, BTreeMap::from([("Account".to_owned(), 0), ("Contact".to_owned(), 3)]));
        Ok(())
    }

    #[tokio::test]
    async fn a_count_that_fails_is_not_tried_again() {
        let server = Scripted::start([Reply::html(503), Reply::html(503)]).await;
        let (client, _) = server.client();

        for _ in 0..2 {
            assert_eq!(client.record_counts().await.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        let error = client.count("SELECT COUNT() FROM Account", QueryOperation::Query).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(server.lines().len(), 2);
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
