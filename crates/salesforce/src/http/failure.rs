//! Says what went wrong between here and the server.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use crate::error::{Error, ErrorKind};
use crate::untrusted::literal;

/// The same on Linux, macOS and the BSDs.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

const BROKEN_OFF: &str = "run again; if it stays so, look at the network and at the proxy, if there is one";

/// Returns the error for a request or a body that did not come through.
pub(super) fn to_error(action: &str, host: &str, error: &reqwest::Error) -> Error {
    let chain = chain_of(error);
    let root = chain.last().map(ToString::to_string).unwrap_or_default();
    let host = literal(host);
    let fail = |cause: String| Error::new(ErrorKind::Connection, action.to_owned(), cause).because(&root);

    if let Some(fault) = chain.iter().find_map(|cause| certificate_fault(*cause)) {
        let (cause, hint) = match fault {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                "is for another host",
                "use the name that the certificate is for in `login_url`, `domain` or `instance_url`",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("has expired", "have the certificate renewed, or set the clock of this machine")
            }
            _ => ("is not trusted", "let `ca_file` name the certificate of the authority that signed it"),
        };
        return fail(format!("the certificate of {host} {cause}")).with_hint(hint).for_the_user();
    }
    if root.contains("proxy authorization required") {
        return fail(format!("the proxy asks for credentials before it connects to {host}"))
            .with_hint("check the proxy's `username` and `password`")
            .for_the_user();
    }
    if root.contains("tunnel error") {
        // The status is lost on the way here, so that a proxy in trouble looks like one that forbids.
        return fail(format!("the proxy refused to connect to {host}"))
            .with_hint("check the proxy's address and credentials, and that it allows this host")
            .transient()
            .for_the_user();
    }
    if error.is_dns() && is_unknown_name(&root) {
        return fail(format!("there is no host called {host}"))
            .with_hint("check `domain`, `login_url` and `instance_url`, or whether a proxy is needed")
            .for_the_user();
    }
    if chain.iter().any(|cause| is_not_tls(*cause)) {
        return fail(format!("{host} does not speak TLS"))
            .with_hint("check the port, and whether a proxy in between is spoken to by `http://`")
            .for_the_user();
    }
    if chain.iter().any(|cause| is_too_many_files(*cause)) {
        return fail(format!("no connection to {host} could be opened"))
            .with_hint("raise the limit of open files (`ulimit -n`), or lower `download_connections` and `concurrency` in `[run]`")
            .transient()
            .for_the_user();
    }
    if error.is_connect() {
        return fail(format!("{host} could not be reached"))
            .with_hint("check the network, the address, and the proxy: the one that is set, or whether one is needed")
            .transient();
    }
    fail(format!("the connection to {host} broke")).with_hint(BROKEN_OFF).transient_and_may_have_run()
}

/// Returns the error for a server that says nothing.
pub(super) fn silence(action: &str, host: &str, waited: Duration) -> Error {
    let cause = format!("{} sent nothing for {} s", literal(host), waited.as_secs_f32());
    Error::new(ErrorKind::Connection, action.to_owned(), cause).with_hint(BROKEN_OFF).transient_and_may_have_run()
}

/// Returns the error for a server that says next to nothing.
pub(super) fn trickle(action: &str, host: &str, bytes: usize, waited: Duration) -> Error {
    let cause = format!("{} sent only {bytes} bytes in {} s", literal(host), waited.as_secs());
    Error::new(ErrorKind::Connection, action.to_owned(), cause).with_hint(BROKEN_OFF).transient_and_may_have_run()
}

/// Returns `error` and what caused it. `io::Error` hides what it wraps from `source()`.
fn chain_of(error: &reqwest::Error) -> Vec<&(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |error| cause_of(*error)).collect()
}

fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Returns whether this process, or the machine, has as many files open as it may: connections are such files.
fn is_too_many_files(cause: &(dyn StdError + 'static)) -> bool {
    let error = cause.downcast_ref::<io::Error>();
    error.is_some_and(|error| matches!(error.raw_os_error(), Some(EMFILE | ENFILE)))
        || cause.to_string().contains("Too many open files")
}

fn is_not_tls(cause: &(dyn StdError + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(rustls::Error::InvalidMessage(_)))
}

fn certificate_fault<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a CertificateError> {
    match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(fault)) => Some(fault),
        _ => None,
    }
}

/// The words of the C libraries for a name that does not exist, as opposed to a name server that does not answer.
fn is_unknown_name(text: &str) -> bool {
    ["not known", "No address associated", "No such host"].iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_told_from_a_name_server_that_does_not_answer() {
        let lookup = |text: &str| is_unknown_name(&format!("failed to lookup address information: {text}"));

        assert!(lookup("Name or service not known"));
        assert!(lookup("nodename nor servname provided, or not known"));
        assert!(lookup("No address associated with hostname"));
        assert!(!lookup("Temporary failure in name resolution"));
        assert!(!lookup("Try again"));
    }
}
