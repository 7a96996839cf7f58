//! How much of the org's daily allowances may be used, and how much was: an org has them once for all who work with it.
//!
//! Counted here is what this client used, and the org says what everyone has. Nothing is kept: each client begins at zero.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{ApiUsage, Limits};

const MEGABYTE: u64 = 1_000_000;

/// Something of which an org has so much a day, over any 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Requests to any API.
    ApiRequests,
    /// Query jobs of Bulk API 2.0.
    QueryJobs,
    /// The megabytes that the results of query jobs hold, before compression.
    ResultMegabytes,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 3] = [Self::ApiRequests, Self::QueryJobs, Self::ResultMegabytes];

    /// Returns the name in the answer of `limits`.
    fn limit_name(self) -> &'static str {
        match self {
            Self::ApiRequests => "DailyApiRequests",
            Self::QueryJobs => "DailyBulkV2QueryJobs",
            Self::ResultMegabytes => "DailyBulkV2QueryFileStorageMB",
        }
    }

    /// Returns the configuration's name of the share that may be used.
    fn share_name(self) -> &'static str {
        match self {
            Self::ApiRequests => "api_requests_percent",
            Self::QueryJobs => "query_jobs_percent",
            Self::ResultMegabytes => "result_volume_percent",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiRequests => "API requests",
            Self::QueryJobs => "query jobs",
            Self::ResultMegabytes => "MB of query results",
        })
    }
}

/// Which shares of the org's daily allowances a client may use, in percent from 1 to 100. `None`: whatever there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shares {
    /// Of [`Resource::ApiRequests`].
    pub api_requests: Option<u8>,
    /// Of [`Resource::QueryJobs`].
    pub query_jobs: Option<u8>,
    /// Of [`Resource::ResultMegabytes`].
    pub result_megabytes: Option<u8>,
    /// What has to be left over of each, for everyone else who works with the org.
    pub keep_free: Option<u8>,
}

impl Shares {
    /// Returns whether there is nothing to hold to.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    fn of(&self, resource: Resource) -> Option<u8> {
        match resource {
            Resource::ApiRequests => self.api_requests,
            Resource::QueryJobs => self.query_jobs,
            Resource::ResultMegabytes => self.result_megabytes,
        }
    }
}

/// What a client used of one resource, and may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending {
    /// Of what.
    pub resource: Resource,
    /// How much was used.
    pub used: u64,
    /// How much may be, where the client is held to a share.
    pub may_use: Option<u64>,
    /// How much the org has a day, where that is known.
    pub daily: Option<u64>,
}

/// How much of one resource may be used, and why not more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cap {
    may_use: u64,
    daily: u64,
    /// How much everyone had left of it when this was decided.
    remaining: u64,
    reason: Reason,
    /// What percentage has to be left over, whatever the reason is.
    keep_free: Option<u8>,
}

/// Which of the shares it is that leaves the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Share(u8),
    KeepFree(u8),
}

impl Cap {
    /// Returns how much `shares` leave of `resource`; `None` where they say nothing of it, or the org does not.
    fn of(resource: Resource, shares: &Shares, limits: &Limits) -> Option<Self> {
        let limit = limits.get(resource.limit_name())?;
        let keep_free = shares.keep_free;
        let percent = |percent: u8| limit.max.saturating_mul(percent.into()) / 100;
        let cap = |may_use, reason| Self { may_use, daily: limit.max, remaining: limit.remaining, reason, keep_free };
        let share = shares.of(resource).map(|share| cap(percent(share), Reason::Share(share)));
        let rest = keep_free.map(|free| cap(limit.remaining.saturating_sub(percent(free)), Reason::KeepFree(free)));
        share.into_iter().chain(rest).min_by_key(|cap| cap.may_use)
    }
}

/// What was used, and how much may be.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    query_jobs: AtomicU64,
    api_requests: AtomicU64,
    result_bytes: AtomicU64,
    /// By the order of [`Resource::ALL`].
    caps: std::sync::OnceLock<[Option<Cap>; 3]>,
}

impl Ledger {
    fn used(&self, resource: Resource) -> u64 {
        match resource {
            Resource::ApiRequests => self.api_requests.load(Ordering::Relaxed),
            Resource::QueryJobs => self.query_jobs.load(Ordering::Relaxed),
            Resource::ResultMegabytes => self.result_bytes.load(Ordering::Relaxed).div_ceil(MEGABYTE),
        }
    }

    fn cap(&self, resource: Resource) -> Option<Cap> {
        *self.caps.get()?.get(resource as usize)?
    }

    /// Counts a request that is about to be sent.
    pub(crate) fn count_request(&self) {
        self.api_requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a query job that is about to be created, if it still may be. Several may be about to be at the same time.
    pub(crate) fn reserve_job(&self, action: &str) -> Result<()> {
        let before = self.query_jobs.fetch_add(1, Ordering::Relaxed);
        let reserved = self.check_used(Resource::QueryJobs, before, action, None);
        if reserved.is_err() {
            self.return_job();
        }
        reserved
    }

    /// Takes back a query job that surely was not created.
    pub(crate) fn return_job(&self) {
        self.query_jobs.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts bytes of results that arrived.
    pub(crate) fn count_result(&self, bytes: usize) {
        self.result_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Fails where nothing of `resource` may be used any more. `usage` is what the org said last about its requests.
    pub(crate) fn check(&self, resource: Resource, action: &str, usage: Option<ApiUsage>) -> Result<()> {
        self.check_used(resource, self.used(resource), action, usage)
    }

    fn check_used(&self, resource: Resource, used: u64, action: &str, usage: Option<ApiUsage>) -> Result<()> {
        let Some(cap) = self.cap(resource) else { return Ok(()) };
        let crowded = cap.keep_free.filter(|percent| {
            resource == Resource::ApiRequests && usage.is_some_and(|usage| leaves_less(usage, *percent))
        });
        let reason = match crowded {
            Some(percent) => Reason::KeepFree(percent),
            None if used < cap.may_use => return Ok(()),
            None => cap.reason,
        };
        let cause = match reason {
            Reason::Share(percent) => {
                format!("this run has used {used} {resource}, and may use {percent} % of the org's {} a day", cap.daily)
            }
            Reason::KeepFree(percent) => format!(
                "{percent} % of the org's {} {resource} a day are to be left free; {} were left when this run began, and it has used {used}",
                cap.daily, cap.remaining
            ),
        };
        let key = match reason {
            Reason::Share(_) => resource.share_name(),
            Reason::KeepFree(_) => "keep_free_percent",
        };
        let hint = format!(
            "run again later, the allowances are counted over 24 hours; or change `limits.{key}`. Tables that were not done are as they were"
        );
        Err(Error::new(ErrorKind::LimitExceeded, action.to_owned(), cause).with_hint(hint))
    }
}

/// Returns whether less than `percent` of the requests are left for everyone.
fn leaves_less(usage: ApiUsage, percent: u8) -> bool {
    usage.allowed.saturating_sub(usage.used) < usage.allowed.saturating_mul(percent.into()) / 100
}

impl Client {
    /// Holds this client, and all that share its session, to `shares` of what the org has a day. Asks the org for its limits, once. Only the
    /// first call counts. Calls that go beyond fail with [`ErrorKind::LimitExceeded`]; those that clean up are let through.
    ///
    /// Returns the resources that were to be held to, and of which the org does not say how much there is.
    pub async fn hold_to(&self, shares: &Shares) -> Result<Vec<Resource>> {
        if shares.is_unlimited() {
            return Ok(Vec::new());
        }
        let limits = self.limits().await?;
        let caps = Resource::ALL.map(|resource| Cap::of(resource, shares, &limits));
        // A second caller is held to what the first one said.
        self.ledger().caps.set(caps).ok();
        let is_unknown =
            |resource: &Resource| shares.of(*resource).is_some() && limits.get(resource.limit_name()).is_none();
        Ok(Resource::ALL.into_iter().filter(is_unknown).collect())
    }

    /// Returns what this client, and all that share its session, have used so far.
    pub fn spending(&self) -> [Spending; 3] {
        let ledger = self.ledger();
        Resource::ALL.map(|resource| {
            let cap = ledger.cap(resource);
            let daily = match resource {
                Resource::ApiRequests => self.api_usage().map(|usage| usage.allowed),
                _ => None,
            };
            Spending {
                resource,
                used: ledger.used(resource),
                may_use: cap.map(|cap| cap.may_use),
                daily: cap.map(|cap| cap.daily).or(daily),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Scripted};

    const LIMITS: &str =
        r#"{"DailyApiRequests":{"Max":1000,"Remaining":300},"DailyBulkV2QueryJobs":{"Max":200,"Remaining":200}}"#;

    async fn held_to(shares: Shares, replies: usize) -> (Scripted, Client, Vec<Resource>) {
        let counts = || Reply::json(r#"{"totalSize":1,"done":true,"records":[]}"#);
        let server = Scripted::start([Reply::json(LIMITS)].into_iter().chain((0..replies).map(|_| counts()))).await;
        let (client, _) = server.client();
        let unknown = client.hold_to(&shares).await.unwrap();
        (server, client, unknown)
    }

    async fn queries_until_refused(client: &Client) -> (u32, Error) {
        let mut queries = 0;
        loop {
            match client.query("SELECT Id FROM Account", crate::QueryOperation::Query).await {
                Ok(_) => queries += 1,
                Err(error) => return (queries, error),
            }
        }
    }

    #[tokio::test]
    async fn a_client_stops_at_its_share_of_the_requests_and_says_the_figures() {
        let (_server, client, unknown) = held_to(Shares { api_requests: Some(1), ..Shares::default() }, 20).await;

        let (queries, error) = queries_until_refused(&client.metered()).await;

        // Asking for the limits was the first of ten.
        assert_eq!((queries, unknown), (9, vec![]));
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.is_user_error());
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "this run has used 10 API requests, and may use 1 % of the org's 1000 a day");
        assert!(error.hint().unwrap().contains("limits.api_requests_percent"), "{:?}", error.hint());
        assert_eq!(client.spending()[0].may_use, Some(10));
    }

    #[tokio::test]
    async fn what_is_to_be_left_free_counts_what_others_have_used() {
        let shares = Shares { api_requests: Some(50), keep_free: Some(29), ..Shares::default() };
        let (_server, client, _) = held_to(shares, 20).await;

        let (queries, error) = queries_until_refused(&client).await;

        assert_eq!(queries, 9);
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.starts_with("29 % of the org's 1000 API requests a day are to be left free; 300 were left"),
            "{cause}"
        );
    }

    #[test]
    fn what_is_to_be_left_free_counts_while_a_smaller_share_is_not_used_up() {
        let ledger = Ledger::default();
        let limits = Limits::read(serde_json::from_str(LIMITS).unwrap());
        let shares = Shares { api_requests: Some(1), keep_free: Some(20), ..Shares::default() };
        ledger.caps.set(Resource::ALL.map(|resource| Cap::of(resource, &shares, &limits))).unwrap();
        let check = |used| ledger.check(Resource::ApiRequests, "query", Some(ApiUsage { used, allowed: 1000 }));

        assert!(check(800).is_ok());
        let error = check(801).unwrap_err();

        assert!(error.hint().unwrap().contains("limits.keep_free_percent"), "{:?}", error.hint());
    }

    #[tokio::test]
    async fn a_share_of_what_the_org_does_not_tell_is_named() {
        let (_server, client, unknown) = held_to(Shares { result_megabytes: Some(1), ..Shares::default() }, 1).await;

        let answer = client.query("SELECT Id FROM Account", crate::QueryOperation::Query).await;

        assert_eq!(unknown, [Resource::ResultMegabytes]);
        assert!(answer.is_ok());
    }

    #[tokio::test]
    async fn jobs_that_are_created_at_the_same_time_do_not_go_beyond_the_share() {
        let ledger = Ledger::default();
        let limits = Limits::read(serde_json::from_str(LIMITS).unwrap());
        let shares = Shares { query_jobs: Some(1), ..Shares::default() };
        ledger.caps.set(Resource::ALL.map(|resource| Cap::of(resource, &shares, &limits))).unwrap();

        let reserved = [(); 3].map(|()| ledger.reserve_job("create the query job"));
        ledger.return_job();
        let again = ledger.reserve_job("create the query job");

        assert_eq!(reserved.map(|reserved| reserved.is_ok()), [true, true, false]);
        assert!(again.is_ok());
        assert_eq!(ledger.used(Resource::QueryJobs), 2);
    }

    #[tokio::test]
    async fn no_share_asks_nothing() {
        let server = Scripted::start([]).await;
        let (client, _) = server.client();

        client.hold_to(&Shares::default()).await.unwrap();

        assert!(server.lines().is_empty());
    }
}
