//! The running emulator: an org served over HTTP or HTTPS on this machine's loopback address.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    call::CallKind,
    connection::Connections,
    faults::Faults,
    job::JobTime,
    org::Org,
    proxy::Proxy,
    serve::serve,
    server::{Addresses, Server},
    sign_in::SignInRules,
    stats::Stats,
    tls::Certificate,
    version::ApiVersions,
};

/// How long a shutdown waits for answers under way.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The key with which clients of the emulator sign their JWTs. It is public: it opens nothing but emulators.
pub(crate) const JWT_PRIVATE_KEY: &str = include_str!("../keys/jwt_bearer.pem");

/// How an org is served.
#[derive(Debug, Clone)]
pub struct EmulatorOptions {
    /// The port; any free one if absent.
    pub port: Option<u16>,
    /// HTTPS, with a certificate made for the occasion, and a proxy by which clients find the org under Salesforce's names.
    pub tls: bool,
    /// The port of that proxy; any free one if absent.
    pub proxy_port: Option<u16>,
    /// Records of a page of job results when the client names no number.
    pub page_records: u64,
    /// Bytes of a temporary file with pages of job results that were rendered before, so that they need not be again.
    pub page_cache_bytes: usize,
    /// How long query jobs take.
    pub job_time: JobTime,
    /// How long every answer is under way before its first byte arrives.
    pub latency: Duration,
    /// The most bytes a second that travel on one connection; as many as can be if absent.
    pub bytes_per_second: Option<u64>,
    /// Query jobs that may be created in 24 hours.
    pub daily_query_jobs: u64,
    /// Kilobytes of results that query jobs may store in 24 hours. The size of a job's results is reckoned from its first records.
    pub daily_result_kilobytes: u64,
    /// API requests that the org has in 24 hours. Going beyond is reported, not refused; script a fault for that.
    pub daily_api_requests: u64,
    /// The API versions that the org offers.
    pub versions: ApiVersions,
    /// What the org allows when somebody signs in.
    pub sign_in: SignInRules,
    /// Whether the user has the permission "Query All Files", which lifts the filter of `ContentDocumentLink` from API 59.0 on.
    pub query_all_files: bool,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self {
            port: None,
            tls: false,
            proxy_port: None,
            page_records: 50_000,
            page_cache_bytes: 256 * 1024 * 1024,
            job_time: JobTime::default(),
            latency: Duration::ZERO,
            bytes_per_second: None,
            daily_query_jobs: 10_000,
            daily_result_kilobytes: 1_000_000_000,
            daily_api_requests: 100_000,
            versions: ApiVersions::default(),
            sign_in: SignInRules::default(),
            query_all_files: false,
        }
    }
}

/// What a client needs to sign in to an emulator, by every method. Made up; meant to be shown.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// The address: login host and org at once.
    pub url: String,
    /// The username.
    pub username: String,
    /// The password, without security token.
    pub password: String,
    /// The security token.
    pub security_token: String,
    /// The consumer key of the connected app.
    pub consumer_key: String,
    /// The consumer secret of the connected app.
    pub consumer_secret: String,
    /// The org's own domain, for client credentials: the address again.
    pub domain: String,
    /// A live session.
    pub access_token: String,
    /// The address at which the session is good.
    pub instance_url: String,
    /// A refresh token of the connected app.
    pub refresh_token: String,
    /// The private key of the JWT flow, as PEM.
    pub private_key_pem: String,
    /// The org's own address at Salesforce, which is reached through the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub my_domain_url: Option<String>,
    /// The HTTPS proxy that leads from Salesforce's host names to the emulator, when serving over HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
    /// The file with the certificate authority to trust, once [`Emulator::write_ca`] has written one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("url", &self.url).field("username", &self.username).finish_non_exhaustive()
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port cannot be had.
    #[error("could not listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate could not be made.
    #[error("could not make a certificate")]
    Certificate(#[source] rcgen::Error),
    /// TLS could not be set up.
    #[error("could not set up TLS")]
    Tls(#[source] rustls::Error),
}

impl StartError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { address, .. } if address.port() != 0 => {
                Some("choose another port, or none to get a free one".to_owned())
            }
            _ => None,
        }
    }
}

/// An org being served. Dropping it stops the server without waiting for answers under way.
pub struct Emulator {
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    /// Ends when dropped.
    _proxy: Option<Proxy>,
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Emulator {
    /// Serves `org` on 127.0.0.1, on the current tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the certificate could not be made.
    pub async fn start(org: Org, options: EmulatorOptions) -> Result<Self, StartError> {
        let certificate = options.tls.then(Certificate::generate).transpose()?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port.unwrap_or(0)));
        let failed = |source| StartError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let proxy = if options.tls { Some(start_proxy(&options, address).await?) } else { None };

        let (ca_pem, acceptor) = certificate.map(|c| (c.ca_pem, c.acceptor)).unzip();
        let proxy_url = proxy.as_ref().map(Proxy::url);
        let server = Arc::new(Server::new(org, options, Addresses { emulator: address, proxy_url }, ca_pem));
        let connections = Connections::new(listener, acceptor);
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(Arc::clone(&server), connections, async move { drop(stopped.await) }));
        tracing::debug!(%address, "emulator started");
        Ok(Self { server, stop: Some(stop), serving, _proxy: proxy })
    }

    /// Returns the address, such as `http://127.0.0.1:8123`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns the org being served; changes to it are seen by clients at once.
    pub fn org(&self) -> &Org {
        &self.server.org
    }

    /// Returns the certificate authority to trust, as PEM, when serving over HTTPS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem.as_deref()
    }

    /// Writes the certificate authority to `path`, and names the file in the settings from then on. Without HTTPS
    /// there is none and nothing is written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_ca(&self, path: &Path) -> io::Result<()> {
        let Some(pem) = self.ca_pem() else { return Ok(()) };
        std::fs::write(path, pem)?;
        self.server.set_ca_file(path.to_string_lossy().into_owned());
        Ok(())
    }

    /// Returns the faults in force, to script more.
    pub fn faults(&self) -> &Faults {
        &self.server.faults
    }

    /// Returns what clients have asked so far.
    pub fn stats(&self) -> Stats {
        self.server.counter.snapshot()
    }

    /// Returns how many calls of `kind` there were so far.
    pub fn calls(&self, kind: CallKind) -> u64 {
        self.stats().calls_of(kind)
    }

    /// Changes what the org allows when somebody signs in.
    pub fn set_sign_in(&self, rules: SignInRules) {
        self.server.door.set_rules(rules);
    }

    /// Ends every session, as an administrator can.
    pub fn expire_sessions(&self) {
        self.server.sessions.end_all();
    }

    /// Returns what a client needs to sign in.
    pub fn settings(&self) -> Settings {
        self.server.settings()
    }

    /// Stops the server. Answers under way are finished first, up to a few seconds; held calls are let go.
    pub async fn shutdown(mut self) {
        self.server.faults.open_all();
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if tokio::time::timeout(SHUTDOWN_LIMIT, &mut self.serving).await.is_err() {
            tracing::warn!("some answers were still under way when the emulator stopped");
        }
    }
}

async fn start_proxy(options: &EmulatorOptions, emulator: SocketAddr) -> Result<Proxy, StartError> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, options.proxy_port.unwrap_or(0)));
    let failed = |source| StartError::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    Proxy::start(listener, emulator).map_err(failed)
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
