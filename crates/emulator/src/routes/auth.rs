//! OAuth: the token endpoint with its grants, and who the session's user is.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde::Serialize;

use super::{Request, bearer_token, device, jwt, parameters};
use crate::{
    answer::{Refusal, empty, html, json, no_store},
    clock::later,
    session::LIFETIME,
    sign_in::SignInRules,
};

/// What every session of the emulator may do.
const SCOPE: &str = "refresh_token web api";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Answers of the token endpoint. Which members there are depends on the grant.
#[derive(Serialize)]
struct Token {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    scope: &'static str,
    instance_url: String,
    id: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_instance_url: Option<String>,
}

/// The form of a token request.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(request: &Request) -> Result<Self, Refusal> {
        let content_type = request.header("content-type").unwrap_or_default();
        let is_form = content_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
        let text = std::str::from_utf8(&request.body).ok().filter(|_| is_form).unwrap_or_default();
        // Salesforce takes the parameters from the address too.
        let mut form = parameters(text);
        form.extend(request.parameters.iter().cloned());
        if form.is_empty() {
            return Err(oauth("invalid_request", "must use HTTP POST with application/x-www-form-urlencoded"));
        }
        Ok(Self(form))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Answers the token endpoint.
pub(super) fn token(request: &Request) -> Result<Response, Refusal> {
    let form = Form::read(request)?;
    let rules = request.server.door.rules();
    match form.get("grant_type") {
        Some("password") => password(&form, &rules, request),
        Some("client_credentials") => client_credentials(&form, &rules, request),
        Some("refresh_token") => refresh(&form, request),
        Some("authorization_code") => authorization_code(&form, request),
        Some(JWT_BEARER) => jwt_bearer(&form, &rules, request),
        Some("device") => device::exchange(&form, request),
        Some(_) => Err(oauth("unsupported_grant_type", "grant type not supported")),
        None if form.get("response_type") == Some("device_code") => device::ask(&form, request),
        None => Err(oauth("invalid_request", "grant_type parameter is required")),
    }
}

fn password(form: &Form, rules: &SignInRules, request: &Request) -> Result<Response, Refusal> {
    check_client(form.get("client_id"), form.get("client_secret"), request)?;
    let server = &request.server;
    let identity = server.org.identity();
    let with_token = format!("{}{}", identity.password, identity.security_token);
    let given = form.get("password").unwrap_or_default();
    let known = form.get("username").is_some_and(|name| name.eq_ignore_ascii_case(&identity.username))
        && !request.is_at_wrong_host();
    let right = known && (given == with_token || (rules.trusted_network && given == identity.password));
    let passes = server.door.try_password(right, server.org.now());
    if !passes || !rules.password_flow || rules.password_expired {
        return Err(oauth("invalid_grant", "authentication failure"));
    }
    Ok(grant(request, Extras::Signed))
}

fn client_credentials(form: &Form, rules: &SignInRules, request: &Request) -> Result<Response, Refusal> {
    if !rules.own_domain || request.login_host().is_some() {
        return Err(oauth("invalid_grant", "request not supported on this domain"));
    }
    let basic = basic_credentials(request);
    let (key, secret) = match &basic {
        Some((key, secret)) => (Some(key.as_str()), Some(secret.as_str())),
        None => (form.get("client_id"), form.get("client_secret")),
    };
    check_client(key, secret, request)?;
    if !rules.run_as_user {
        return Err(oauth("invalid_grant", "no client credentials user enabled"));
    }
    Ok(grant(request, Extras::ApiInstance))
}

fn refresh(form: &Form, request: &Request) -> Result<Response, Refusal> {
    check_client_id(form.get("client_id"), request)?;
    if form.get("client_secret").is_some() {
        check_client(form.get("client_id"), form.get("client_secret"), request)?;
    }
    let known = form.get("refresh_token").filter(|token| request.server.sessions.is_refresh_token(token));
    let token = known.ok_or_else(|| oauth("invalid_grant", "expired access/refresh token"))?;
    Ok(grant(request, Extras::Refreshed(token)))
}

/// Exchanges the code that the login page gave. A public client, which proves itself by its verifier, has no secret.
fn authorization_code(form: &Form, request: &Request) -> Result<Response, Refusal> {
    let secret = form.get("client_secret");
    check_client_id(form.get("client_id"), request)?;
    if secret.is_some() {
        check_client(form.get("client_id"), secret, request)?;
    }
    let server = &request.server;
    let authorization = form
        .get("code")
        .and_then(|code| server.authorizations.take(code, server.org.now()))
        .ok_or_else(|| oauth("invalid_grant", "expired authorization code"))?;
    let redirect_uri = form.get("redirect_uri").and_then(|text| url::Url::parse(text).ok()).map(String::from);
    if redirect_uri.as_ref() != Some(&authorization.redirect_uri) {
        return Err(oauth("invalid_grant", "redirect uri does not match"));
    }
    if secret.is_none() && authorization.challenge.is_none() {
        return Err(oauth("invalid_client", "invalid client credentials"));
    }
    if !authorization.is_verified_by(form.get("code_verifier")) {
        return Err(oauth("invalid_grant", "invalid code verifier"));
    }
    Ok(grant_lasting(request))
}

/// Starts a session with a refresh token of its own.
pub(super) fn grant_lasting(request: &Request) -> Response {
    grant(request, Extras::Lasting(request.server.sessions.approve()))
}

/// Answers `revoke`, whoever asks: a session ends or, with a refresh token, all sessions that were had for it.
pub(super) fn revoke(request: &Request) -> Result<Response, Refusal> {
    let form = Form::read(request)?;
    let token = form.get("token").ok_or_else(|| oauth("invalid_request", "token parameter is required"))?;
    let server = &request.server;
    if server.sessions.revoke_refresh_token(token) {
        return Ok(empty(StatusCode::OK));
    }
    if !server.sessions.touch(token, server.org.now()) {
        return Err(oauth("invalid_token", "invalid token"));
    }
    server.sessions.end(token);
    Ok(empty(StatusCode::OK))
}

/// Answers `introspect`: what a token is good for. Only the app that it was given to may ask.
pub(super) fn introspect(request: &Request) -> Result<Response, Refusal> {
    let form = Form::read(request)?;
    let basic = basic_credentials(request);
    let (key, secret) = match &basic {
        Some((key, secret)) => (Some(key.as_str()), Some(secret.as_str())),
        None => (form.get("client_id"), form.get("client_secret")),
    };
    check_client(key, secret, request)?;
    let token = form.get("token").ok_or_else(|| oauth("invalid_request", "token parameter is required"))?;
    let server = &request.server;
    let identity = server.org.identity();
    let sub = format!("{}/id/{}/{}", request.base_url, identity.organization_id, identity.user_id);
    let mut answer = serde_json::json!({
        "active": true, "scope": SCOPE, "client_id": identity.consumer_key, "username": identity.username, "sub": sub,
    });
    if let Some(session) = server.sessions.find(token, server.org.now()) {
        answer["token_type"] = "access_token".into();
        answer["exp"] = later(session.used, LIFETIME).as_second().into();
        answer["iat"] = session.started.as_second().into();
        answer["nbf"] = session.started.as_second().into();
    } else if server.sessions.is_refresh_token(token) {
        answer["token_type"] = "refresh_token".into();
    } else {
        answer = serde_json::json!({"active": false});
    }
    Ok(no_store(json(StatusCode::OK, &answer)))
}

/// Returns whether these are the user's name and password, as typed into the login page. Wrong ones count for the lockout.
pub(super) fn knows_password(username: Option<&str>, password: Option<&str>, request: &Request) -> bool {
    let (server, identity) = (&request.server, request.server.org.identity());
    let known = username.is_some_and(|name| name.eq_ignore_ascii_case(&identity.username));
    let right = known && password == Some(&identity.password);
    server.door.try_password(right, server.org.now())
}

fn jwt_bearer(form: &Form, rules: &SignInRules, request: &Request) -> Result<Response, Refusal> {
    let assertion = form.get("assertion").ok_or_else(|| oauth("invalid_grant", "invalid assertion"))?;
    jwt::check(assertion, request)?;
    if !rules.app_approved {
        return Err(oauth("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(grant(request, Extras::None))
}

pub(super) fn check_client_id(key: Option<&str>, request: &Request) -> Result<(), Refusal> {
    let known = key == Some(&request.server.org.identity().consumer_key);
    if known { Ok(()) } else { Err(oauth("invalid_client_id", "client identifier invalid")) }
}

fn check_client(key: Option<&str>, secret: Option<&str>, request: &Request) -> Result<(), Refusal> {
    check_client_id(key, request)?;
    let right = secret == Some(&request.server.org.identity().consumer_secret);
    if right { Ok(()) } else { Err(oauth("invalid_client", "invalid client credentials")) }
}

fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let encoded = request.header(header::AUTHORIZATION.as_str())?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(key, secret)| (key.to_owned(), secret.to_owned()))
}

pub(super) fn oauth(error: &'static str, description: &'static str) -> Refusal {
    Refusal::Oauth { error, description }
}

/// What a token answer holds beyond the token.
enum Extras<'a> {
    None,
    Signed,
    /// Signed, with a refresh token.
    Lasting(String),
    /// Signed; the session ends with this refresh token.
    Refreshed(&'a str),
    ApiInstance,
}

fn grant(request: &Request, extras: Extras<'_>) -> Response {
    let server = &request.server;
    let identity = server.org.identity();
    let id = format!("{}/id/{}/{}", request.base_url, identity.organization_id, identity.user_id);
    let issued_at = server.org.now().as_millisecond().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, identity.consumer_secret.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, format!("{id}{issued_at}").as_bytes()));
    let is_signed = !matches!(extras, Extras::None);
    let (organization, now) = (identity.organization_id, server.org.now());
    let access_token = match &extras {
        Extras::Lasting(token) => server.sessions.start_lasting(organization, now, token),
        Extras::Refreshed(token) => server.sessions.start_lasting(organization, now, token),
        _ => server.start_session(),
    };
    let is_api_instance = matches!(extras, Extras::ApiInstance);
    let refresh_token = match extras {
        Extras::Lasting(token) => Some(token),
        _ => None,
    };
    let token = Token {
        access_token,
        signature: is_signed.then_some(signature),
        scope: SCOPE,
        instance_url: request.org_url(),
        id,
        token_type: "Bearer",
        issued_at: is_signed.then_some(issued_at),
        refresh_token,
        api_instance_url: is_api_instance.then(|| request.org_url()),
    };
    no_store(json(StatusCode::OK, &token))
}

#[derive(Serialize)]
struct Identity {
    id: String,
    sub: String,
    asserted_user: bool,
    user_id: String,
    organization_id: String,
    username: String,
    preferred_username: String,
    nick_name: String,
    display_name: String,
    name: String,
    email: String,
    email_verified: bool,
    active: bool,
    user_type: &'static str,
    language: &'static str,
    locale: String,
    #[serde(rename = "utcOffset")]
    utc_offset: i32,
    zoneinfo: String,
    urls: Urls,
}

#[derive(Serialize)]
struct Urls {
    rest: String,
    sobjects: String,
    query: String,
    partner: String,
}

/// Answers `userinfo` and the identity URL alike. A session that is not good is told in a word of plain text: clients such as nforce
/// take it for what says that they must refresh.
pub(super) fn identity(request: &Request) -> Response {
    let refused = match bearer_token(&request.headers) {
        Ok(token) => (!request.server.sessions.touch(token, request.server.org.now())).then_some("Bad_OAuth_Token"),
        Err(_) => Some("Missing_OAuth_Token"),
    };
    if let Some(word) = refused {
        return html(StatusCode::FORBIDDEN, word);
    }
    let org = request.server.org.identity();
    let base = &request.base_url;
    let id = format!("{base}/id/{}/{}", org.organization_id, org.user_id);
    let utc_offset = org.utc_offset_millis(request.server.org.now());
    let identity = Identity {
        sub: id.clone(),
        id,
        asserted_user: true,
        user_id: org.user_id.to_string(),
        organization_id: org.organization_id.to_string(),
        username: org.username.clone(),
        preferred_username: org.username.clone(),
        nick_name: org.user_name.clone(),
        display_name: org.user_name.clone(),
        name: org.user_name.clone(),
        email: org.email.clone(),
        email_verified: true,
        active: true,
        user_type: "STANDARD",
        language: "en_US",
        locale: org.locale.clone(),
        utc_offset,
        zoneinfo: org.time_zone.clone(),
        urls: Urls {
            rest: format!("{base}/services/data/v{{version}}/"),
            sobjects: format!("{base}/services/data/v{{version}}/sobjects/"),
            query: format!("{base}/services/data/v{{version}}/query/"),
            partner: format!("{base}/services/Soap/u/{{version}}/{}", org.organization_id),
        },
    };
    json(StatusCode::OK, &identity)
}
