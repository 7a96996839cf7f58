//! The client: one session, shared by everyone who talks to the org.
//!
//! Here are the session and the way of every call. What is called is in the modules of each API, which add their methods to [`Client`].

mod call;
mod session;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OnceCell};
use url::Url;

use crate::allowance::Ledger;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::describe::SObject;
use crate::error::{Error, Result};
use crate::http::Http;
use crate::limits::ApiUsage;
use crate::retry::{RetryPolicy, Transient, with_backoff};
use crate::version::ApiVersion;

pub(crate) use call::Call;
use session::Entry;

/// Talks to one org.
///
/// Cloning is cheap: clones share session, connections and describes. The session is opened by the first call that needs it and renewed
/// when it ends. A client whose credentials were refused stays refused, so that many calls at once do not lock the user out.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    calls: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
}

struct Shared {
    connection: Connection,
    http: Http,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    /// Held while signing in: everyone else waits for that one session.
    session: AsyncMutex<Entry>,
    versions: OnceCell<Vec<ApiVersion>>,
    /// The id of the org, where only a question told it.
    proven_org: OnceLock<String>,
    describes: Mutex<HashMap<String, Arc<SObject>>>,
    counts: OnceCell<Result<Arc<BTreeMap<String, u64>>>>,
    usage: Mutex<Option<ApiUsage>>,
    /// How often Salesforce answered that there are too many requests.
    refusals_for_pace: AtomicU64,
    ledger: Arc<Ledger>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Who is signed in, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The org's own address.
    pub instance_url: Url,
    /// The user, where the method tells.
    pub username: Option<String>,
    /// The user's id, where the method tells.
    pub user_id: Option<String>,
    /// The org's id, where the method tells.
    pub org_id: Option<String>,
}

impl Client {
    /// Makes a client. Uses no network.
    ///
    /// # Errors
    ///
    /// What [`Connection::check`] finds.
    pub fn new(connection: Connection, clock: Arc<dyn Clock>) -> Result<Self> {
        let http = connection.prepare()?;
        let shared = Shared {
            connection,
            http,
            clock,
            retry: RetryPolicy::default(),
            session: AsyncMutex::new(Entry::Closed),
            versions: OnceCell::new(),
            proven_org: OnceLock::new(),
            describes: Mutex::default(),
            counts: OnceCell::new(),
            usage: Mutex::default(),
            refusals_for_pace: AtomicU64::new(0),
            ledger: Arc::default(),
        };
        Ok(Self { shared: Arc::new(shared), calls: Arc::default(), received: Arc::default() })
    }

    /// Returns a client of the same session that counts its calls and what it receives from zero.
    pub fn metered(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), calls: Arc::default(), received: Arc::default() }
    }

    /// Returns how many requests were sent through this client and its clones, repeated ones and those for signing in too.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns how many bytes the bodies of answers to this client and its clones had, as they came: compressed, where they were. Those to signing in do
    /// not count.
    pub fn received_bytes(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Returns how often Salesforce answered, to this client and all of its session, that there are too many requests or that it is out of
    /// order: 420, 429, 503 and the limit on concurrent requests. Calls are repeated after that; whoever makes many at once makes fewer.
    pub fn refusals_for_pace(&self) -> u64 {
        self.shared.refusals_for_pace.load(Ordering::Relaxed)
    }

    /// Returns what the org said last about its daily allowance, or `None` before it said anything.
    pub fn api_usage(&self) -> Option<ApiUsage> {
        *self.shared.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the version of every call.
    pub fn api_version(&self) -> ApiVersion {
        self.shared.connection.api_version
    }

    /// Runs `operation` until it succeeds, fails for good or was tried often enough, as the client's own calls are.
    ///
    /// # Cancel safety
    ///
    /// As `operation` is.
    pub async fn with_backoff<T, E, F, Fut>(&self, operation: F) -> Result<T, E>
    where
        E: Transient + fmt::Display,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        with_backoff(self.clock(), &self.shared.retry, operation).await
    }

    /// Returns `text`, which a server may have written, without what the connection keeps secret.
    pub fn mask(&self, text: &str) -> String {
        self.shared.http.secrets().mask(text)
    }

    /// Returns `error` without what the connection keeps secret.
    pub(crate) fn masked(&self, error: Error) -> Error {
        error.masked(self.shared.http.secrets())
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    pub(crate) fn describes(&self) -> &Mutex<HashMap<String, Arc<SObject>>> {
        &self.shared.describes
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.shared.ledger
    }

    pub(crate) fn counts(&self) -> &OnceCell<Result<Arc<BTreeMap<String, u64>>>> {
        &self.shared.counts
    }

    fn note_usage(&self, header: Option<&str>) {
        if let Some(usage) = header.and_then(ApiUsage::parse) {
            *self.shared.usage.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
        }
    }
}

#[cfg(test)]
mod tests;
