//! The SOAP login with user name, password and security token.
//!
//! Salesforce ended it with version 64.0 and retires it altogether in Summer '27. The session it opens works with every version.

use std::sync::atomic::Ordering;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::Event;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::connected_app::with_token;
use super::{Session, SignIn};
use crate::domain;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Request, Response, host_of};
use crate::refusal::Refusal;
use crate::untrusted::literal;
use crate::version::ApiVersion;

pub(super) async fn open(
    sign_in: &SignIn<'_>,
    username: &str,
    password: &SecretString,
    security_token: &SecretString,
) -> Result<Session> {
    let version = sign_in.connection.api_version.min(ApiVersion::LAST_SOAP_LOGIN);
    let url = sign_in.url(&format!("/services/Soap/u/{version}"))?;
    let action = format!("sign in at {}", literal(&host_of(&url)));
    let mut request = Request::new(action, Method::POST, url);
    request.accept = "text/xml";
    request.soap_action = Some("login");
    request.body = Some(("text/xml; charset=UTF-8", envelope(username, &with_token(password, Some(security_token)))));
    sign_in.calls.fetch_add(1, Ordering::Relaxed);
    let response = sign_in.http.send(&request).await?;
    session(sign_in, username, response).await
}

fn envelope(username: &str, password: &SecretString) -> SecretString {
    SecretString::from(format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">"#,
            "<env:Header><urn:CallOptions><urn:client>orgtap</urn:client></urn:CallOptions></env:Header>",
            "<env:Body><urn:login><urn:username>{}</urn:username><urn:password>{}</urn:password></urn:login></env:Body>",
            "</env:Envelope>"
        ),
        escape(username),
        escape(password.expose_secret())
    ))
}

async fn session(sign_in: &SignIn<'_>, username: &str, response: Response) -> Result<Session> {
    let action = response.action().clone();
    let (status, retry_after) = (response.status().as_u16(), response.retry_after(sign_in.clock.now()));
    let body = response.text().await?;
    let answer = Answer::read(&String::from_utf8_lossy(&body));
    if let Some(code) = answer.fault {
        let message = answer.message.unwrap_or_default();
        return Err(fault(status, &code, &message, action.into_owned()));
    }
    if status != 200 {
        return Err(Refusal::read(status, &body, retry_after).into_error(action));
    }
    let Some((session_id, server_url)) = answer.session_id.zip(answer.server_url) else {
        let cause = "the answer is not that of a Salesforce login";
        return Err(Error::new(ErrorKind::UnexpectedAnswer, action, cause)
            .with_hint("check `domain` and `login_url`")
            .transient());
    };
    if answer.password_expired {
        let cause = "the password has expired";
        return Err(Error::new(ErrorKind::Credentials, action, cause)
            .with_hint("set a new password in Salesforce; a new security token comes by mail"));
    }
    let instance_url =
        Url::parse(&server_url).ok().and_then(|url| domain::origin(&without_api(url), "instance_url").ok());
    let instance_url = instance_url.ok_or_else(|| {
        Error::new(ErrorKind::UnexpectedAnswer, action, "the address of the org in the answer is not usable")
    })?;
    Ok(Session {
        access_token: SecretString::from(session_id),
        instance_url,
        username: Some(username.to_owned()),
        user_id: answer.user_id,
        org_id: answer.org_id,
        refresh_token: None,
    })
}

/// Old orgs name a host that has no REST API: `na1-api.salesforce.com` for `na1.salesforce.com`.
pub(super) fn without_api(url: Url) -> Url {
    let Some(org) = url.host_str().and_then(|host| host.strip_suffix("-api.salesforce.com")) else {
        return url;
    };
    Url::parse(&format!("https://{org}.salesforce.com")).unwrap_or(url)
}

/// Returns the error for a refused login.
fn fault(status: u16, code: &str, message: &str, action: String) -> Error {
    let message = message.strip_prefix(code).map_or(message, |rest| rest.trim_start_matches([':', ' ']));
    let refusal = Refusal::of(status, Some(code.to_owned()), message);
    if matches!(code, "SERVER_UNAVAILABLE" | "API_CURRENTLY_DISABLED" | "UNKNOWN_EXCEPTION" | "UNSUPPORTED_API_VERSION")
    {
        return refusal.into_error(action);
    }
    let hint = HINTS.iter().find(|(known, _)| *known == code).map_or(HINTS[0].1, |(_, hint)| hint);
    refusal.into_error_of(ErrorKind::Credentials, action).with_hint(hint)
}

const HINTS: [(&str, &str); 9] = [
    (
        "INVALID_LOGIN",
        "check `username`, `password` and `security_token`, and `sandbox`: sandbox user names end with the sandbox's name",
    ),
    (
        "LOGIN_MUST_USE_SECURITY_TOKEN",
        "set `security_token`: Salesforce mails a new one from Settings → Reset My Security Token",
    ),
    (
        "INVALID_OPERATION",
        "choose an OAuth `login_method` such as `client_credentials`: the org has SOAP login turned off",
    ),
    ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "set a new password in Salesforce; a new security token comes by mail"),
    ("LOGIN_DURING_RESTRICTED_DOMAIN", "allow this machine's address in the login IP ranges of the user's profile"),
    ("LOGIN_DURING_RESTRICTED_TIME", "run within the login hours of the user's profile"),
    ("PASSWORD_LOCKOUT", "wait until the lock-out ends, or unlock the user in Setup → Users"),
    ("API_DISABLED_FOR_ORG", "grant the user `API Enabled`; the org's edition must have API access"),
    ("ORG_LOCKED", "ask the org's administrator: the org is locked"),
];

/// What matters in the answer to a login.
#[derive(Default)]
pub(super) struct Answer {
    session_id: Option<String>,
    server_url: Option<String>,
    password_expired: bool,
    user_id: Option<String>,
    org_id: Option<String>,
    fault: Option<String>,
    message: Option<String>,
}

impl Answer {
    /// Reads as much as is XML.
    pub(super) fn read(xml: &str) -> Self {
        let mut answer = Self::default();
        let mut reader = Reader::from_str(xml);
        let mut text = String::new();
        loop {
            match reader.read_event() {
                Ok(Event::Start(_)) => text.clear(),
                Ok(Event::Text(piece)) => text.push_str(&piece.xml10_content()),
                Ok(Event::CData(piece)) => text.push_str(&piece.xml10_content()),
                Ok(Event::GeneralRef(entity)) => match entity.resolve_char_ref() {
                    Ok(Some(character)) => text.push(character),
                    _ => text.push_str(resolve_xml_entity(&entity.xml10_content()).unwrap_or_default()),
                },
                Ok(Event::End(tag)) => answer.take(tag.local_name().as_ref(), std::mem::take(&mut text)),
                Ok(Event::Eof) | Err(_) => return answer,
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self, element: &str, text: String) {
        let text = text.trim().to_owned();
        match element {
            "sessionId" => self.session_id = Some(text),
            "serverUrl" => self.server_url = Some(text),
            "passwordExpired" => self.password_expired = text == "true",
            "userId" => self.user_id = Some(text),
            "organizationId" => self.org_id = Some(text),
            // The code alone, without the prefix that stands before it in `faultcode`.
            "exceptionCode" => self.fault = Some(text),
            "faultcode" => self.fault = Some(text.rsplit(':').next().unwrap_or_default().to_owned()),
            "faultstring" => self.message = Some(text),
            _ => {}
        }
    }
}
