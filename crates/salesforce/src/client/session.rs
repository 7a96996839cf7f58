//! The session of a client: opened once, renewed when it ends.

use std::sync::Arc;

use url::Url;

use super::{Call, Client, SignedIn};
use crate::auth::{Session, SignIn, identity, short_org_id};
use crate::connection::Login;
use crate::error::{Error, ErrorKind, Result};
use crate::refusal::NOT_SALESFORCE;
use crate::retry::{RetryPolicy, with_backoff};
use crate::version::ApiVersion;
use crate::wire::Resources;

/// What is known about the session.
pub(super) enum Entry {
    Closed,
    Open(Arc<Session>),
    /// Salesforce refused the credentials. Asking again would count against the user's lock-out.
    Refused(Error),
}

impl Client {
    /// Signs in, unless it was done before, and checks that the org offers the configured API version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] when Salesforce refuses, [`ErrorKind::Version`] with a list of the versions it offers.
    pub async fn sign_in(&self) -> Result<SignedIn> {
        self.sign_in_by(&RetryPolicy::brief()).await
    }

    /// Does the same, and tries as often as with every other call: for a run that nobody waits for.
    ///
    /// # Errors
    ///
    /// As [`Client::sign_in`].
    pub async fn sign_in_patiently(&self) -> Result<SignedIn> {
        self.sign_in_by(&self.shared.retry).await
    }

    async fn sign_in_by(&self, policy: &RetryPolicy) -> Result<SignedIn> {
        let session = with_backoff(self.clock(), policy, || self.session()).await?;
        self.check_version().await?;
        let mut signed_in = SignedIn {
            instance_url: session.instance_url.clone(),
            username: session.username.clone(),
            user_id: session.user_id.clone(),
            org_id: session.org_id.clone(),
        };
        if matches!(self.shared.connection.login, Login::AccessToken { .. }) {
            (signed_in.org_id, signed_in.user_id) = self.prove_token().await?;
            if let Some(org_id) = signed_in.org_id.as_deref().and_then(short_org_id) {
                self.shared.proven_org.get_or_init(|| org_id.to_owned());
            }
        }
        Ok(signed_in)
    }

    /// Returns the org's own address, and signs in for it unless that was done before.
    pub async fn instance_url(&self) -> Result<Url> {
        Ok(self.session().await?.instance_url.clone())
    }

    /// Returns the org's id in its short form, by which it is the same at whatever address; `None` where neither the sign-in nor the access
    /// token tells it, nor the org itself.
    pub async fn org_id(&self) -> Result<Option<String>> {
        let session = self.session().await?;
        Ok(session.org_id().map(str::to_owned).or_else(|| self.shared.proven_org.get().cloned()))
    }

    /// Returns the versions that the org offers and this client can use, oldest first.
    pub async fn versions(&self) -> Result<Vec<ApiVersion>> {
        self.shared.versions.get_or_try_init(|| self.ask_versions()).await.cloned()
    }

    /// Returns the open session, and opens it if there is none.
    pub(super) async fn session(&self) -> Result<Arc<Session>> {
        let mut entry = self.shared.session.lock().await;
        match &*entry {
            Entry::Open(session) => Ok(Arc::clone(session)),
            Entry::Refused(error) => Err(error.clone()),
            Entry::Closed => self.open(&mut entry, None).await,
        }
    }

    /// Returns a session other than `used`: the one that somebody has opened since, or a new one.
    pub(super) async fn renewed(&self, used: &Arc<Session>) -> Result<Arc<Session>> {
        let mut entry = self.shared.session.lock().await;
        match &*entry {
            Entry::Open(session) if !Arc::ptr_eq(session, used) => Ok(Arc::clone(session)),
            Entry::Refused(error) => Err(error.clone()),
            Entry::Open(_) | Entry::Closed => self.open(&mut entry, Some(used)).await,
        }
    }

    async fn open(&self, entry: &mut Entry, previous: Option<&Session>) -> Result<Arc<Session>> {
        let Self { shared, calls, .. } = self;
        let sign_in = SignIn { connection: &shared.connection, http: &shared.http, calls, clock: self.clock() };
        match sign_in.open(previous).await {
            Ok(session) => {
                tracing::info!(host = session.instance_url.host_str(), renewed = previous.is_some(), "signed in");
                let session = Arc::new(session);
                *entry = Entry::Open(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                let error = self.masked(error);
                if error.kind() == ErrorKind::Credentials {
                    *entry = Entry::Refused(error.clone());
                }
                Err(error.harmless_to_repeat())
            }
        }
    }

    async fn check_version(&self) -> Result<()> {
        match self.versions().await {
            Ok(offered) => self.find_version(&offered),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tracing::debug!("the org does not list its API versions");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn find_version(&self, offered: &[ApiVersion]) -> Result<()> {
        let version = self.api_version();
        if offered.contains(&version) {
            return Ok(());
        }
        let list: Vec<String> = offered.iter().map(|version| format!("`{version}`")).collect();
        let cause = match &list[..] {
            [] => format!("the org offers no version from `{}` on", ApiVersion::OLDEST),
            list => format!("the org offers {}", list.join(", ")),
        };
        let error = Error::new(ErrorKind::Version, format!("use API version `{version}`"), cause);
        Err(match list.last() {
            Some(newest) => error.with_hint(format!("set `api_version` to {newest}, or to another of these")),
            None => error,
        })
    }

    /// Returns the reason of `error` where it is that the org does not know the API version: the refusals themselves do not say so.
    pub(super) async fn explain(&self, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Version) {
            return error;
        }
        match self.versions().await {
            Ok(offered) => match self.find_version(&offered) {
                Err(unknown) => unknown,
                // Retired, says the answer, and the org does not.
                Ok(()) if error.kind() == ErrorKind::Version => error.with_hint(NOT_SALESFORCE),
                Ok(()) => error,
            },
            Err(_) => error,
        }
    }

    async fn ask_versions(&self) -> Result<Vec<ApiVersion>> {
        let call = Call::get("list the API versions", "/services/data/".to_owned());
        let answer: Vec<crate::wire::Version> = self.call_without_session(&call).await?;
        let mut versions: Vec<ApiVersion> = answer.iter().filter_map(|entry| entry.version.parse().ok()).collect();
        versions.sort_unstable();
        Ok(versions)
    }

    /// Finds out whether a token that nobody has tried works, and whose it is.
    async fn prove_token(&self) -> Result<(Option<String>, Option<String>)> {
        let call = Call::get("use the access token", format!("{}/", self.base_path()));
        match self.call_for::<Resources>(&call).await {
            Ok(resources) => Ok(identity(resources.identity.as_deref())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok((None, None)),
            Err(error) => Err(error),
        }
    }
}
