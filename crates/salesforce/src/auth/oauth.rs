//! The token endpoint, which all OAuth flows share, and what its refusals mean.

use std::sync::atomic::Ordering;

use reqwest::Method;
use secrecy::SecretString;
use url::Url;
use url::form_urlencoded;

use super::{Session, SignIn};
use crate::connection::Login;
use crate::domain;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{LARGEST_TEXT, Request, Response, host_of};
use crate::refusal::Refusal;
use crate::untrusted::literal;
use crate::wire::TokenAnswer;

/// Posts `form` and reads the session out of the answer.
pub(super) async fn open(sign_in: &SignIn<'_>, form: &[(&str, &str)]) -> Result<Session> {
    let url = sign_in.url("/services/oauth2/token")?;
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let action = format!("sign in at {}", literal(&host_of(&url)));
    let mut request = Request::new(action, Method::POST, url);
    request.largest = LARGEST_TEXT;
    request.body = Some(("application/x-www-form-urlencoded", SecretString::from(form)));
    sign_in.calls.fetch_add(1, Ordering::Relaxed);
    let response = sign_in.http.send(&request).await?;
    if response.status().as_u16() == 200 {
        let answer: TokenAnswer = response.json().await?;
        for secret in [Some(&answer.access_token), answer.refresh_token.as_ref()].into_iter().flatten() {
            sign_in.keep_secret(secret);
        }
        return session(&request.action, &request.url, answer);
    }
    Err(refused(sign_in, response).await)
}

/// Reads the session out of the answer of the endpoint at `login`.
pub(crate) fn session(action: &str, login: &Url, answer: TokenAnswer) -> Result<Session> {
    let (org_id, user_id) = identity(answer.id.as_deref());
    Ok(Session {
        instance_url: domain::instance_origin(action, login, &answer.instance_url)?,
        access_token: SecretString::from(answer.access_token),
        username: None,
        user_id,
        org_id,
        refresh_token: answer.refresh_token.map(SecretString::from),
    })
}

/// Returns the ids of the org and of the user, with which an identity URL ends.
pub(crate) fn identity(url: Option<&str>) -> (Option<String>, Option<String>) {
    let is_id = |part: &&str| matches!(part.len(), 15 | 18) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut parts = url
        .unwrap_or_default()
        .trim_end_matches('/')
        .rsplit('/')
        .map(|part| Some(part).filter(is_id).map(str::to_owned));
    let (user, org) = (parts.next().flatten(), parts.next().flatten());
    (org, user)
}

async fn refused(sign_in: &SignIn<'_>, response: Response) -> Error {
    let action = response.action().clone();
    let (status, retry_after) = (response.status().as_u16(), response.retry_after(sign_in.clock.now()));
    let target = response.redirects_to();
    // The status alone tells enough, should the body not come through.
    let refusal = Refusal::read(status, &response.text().await.unwrap_or_default(), retry_after).with_target(target);
    if !refusal.is_salesforce() || status >= 500 || status == 429 || status == 420 {
        return refusal.into_error(action);
    }
    if passes(refusal.code(), refusal.message()) {
        let hint = "run again; if it persists, check `domain` and the app's policies";
        return refusal.into_error_of(ErrorKind::Unavailable, action).transient().with_hint(hint);
    }
    let hint = hint(&sign_in.connection.login, refusal.code(), refusal.message());
    refusal.into_error_of(ErrorKind::Credentials, action).with_hint(hint)
}

/// Returns whether a refusal says nothing of the credentials: Salesforce is in trouble, or somebody refreshes the same token at this moment.
fn passes(code: &str, message: &str) -> bool {
    matches!(code, "unknown_error" | "server_error" | "temporarily_unavailable")
        || message.to_ascii_lowercase().contains("already being processed")
}

/// What to do about an error of the token endpoint: its code, words of its description, the hint. The first match counts.
const CATALOGUE: [(&str, &str, &str); 15] = [
    (
        "invalid_grant",
        "request not supported on this domain",
        "set `domain` to the org's own, such as `https://acme.my.salesforce.com`",
    ),
    (
        "invalid_grant",
        "no client credentials user",
        "set a `Run As` user, by user name, in the client credentials flow of the app",
    ),
    (
        "invalid_grant",
        "hasn't approved",
        "let an administrator approve the app for the user (`Admin approved users are pre-authorized`, and a permission set or profile)",
    ),
    (
        "invalid_grant",
        "access/refresh token",
        "grant a new refresh token: this one is revoked, expired, or older than the user's newest five",
    ),
    ("invalid_grant", "audience", "set `sandbox` to what the org is: the key's assertion is addressed accordingly"),
    (
        "invalid_grant",
        "assertion",
        "check `consumer_key`, and that the app in Salesforce has the certificate of this private key",
    ),
    ("invalid_grant", "user is locked", "unlock the user in Setup → Users"),
    ("invalid_grant", "inactive user", "activate the user in Setup → Users"),
    (
        "invalid_grant",
        "ip restricted",
        "allow this machine's address and this hour in the user's profile, or relax the app's IP restrictions",
    ),
    ("invalid_grant", "login rate", "wait an hour: the user signed in too often"),
    ("invalid_app_access", "", "assign the user to the app by a permission set or profile"),
    ("invalid_client_id", "", "check `consumer_key`, and that `domain` and `sandbox` lead to the org that has the app"),
    ("invalid_client", "", "check `consumer_key` and `consumer_secret`"),
    (
        "unsupported_grant_type",
        "",
        "enable this flow in the app; External Client Apps have no flow with user name and password",
    ),
    ("invalid_request", "", "check that every option of this `login_method` is set"),
];

fn hint(login: &Login, code: &str, description: &str) -> &'static str {
    let description = description.to_ascii_lowercase();
    let matches = |(error, words, _): &&(&str, &str, &str)| *error == code && description.contains(words);
    match CATALOGUE.iter().find(matches) {
        Some((_, _, hint)) => hint,
        None if code == "invalid_grant" => what_is_granted(login),
        None => "check the credentials and the app's policies in Salesforce",
    }
}

/// Returns what to look at where Salesforce says only that it refuses what was sent.
fn what_is_granted(login: &Login) -> &'static str {
    match login {
        Login::ClientCredentials { .. } => {
            "check `consumer_key` and `consumer_secret`, and that the app has the client credentials flow and a `Run As` user who is active"
        }
        Login::JwtBearer { .. } => {
            "check `username` and `consumer_key`, and that the app in Salesforce has the certificate of this private key"
        }
        Login::RefreshToken { .. } | Login::AccessToken { .. } => "grant a new refresh token",
        Login::SecurityToken { .. } | Login::ConnectedApp { .. } => {
            "check `username`, `password` and `security_token`; new orgs also forbid this flow until Setup → OAuth and OpenID Connect Settings allows username-password flows"
        }
    }
}
