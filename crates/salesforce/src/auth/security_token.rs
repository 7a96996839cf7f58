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
    session(sign_in, username, &request.url, response).await
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

async fn session(sign_in: &SignIn<'_>, username: &str, login: &Url, response: Response) -> Result<Session> {
    let action = response.action().clone();
    let (status, retry_after) = (response.status().as_u16(), response.retry_after(sign_in.clock.now()));
    let target = response.redirects_to();
    let body = response.text().await?;
    let answer = Answer::read(&String::from_utf8_lossy(&body));
    answer.session_id.iter().for_each(|id| sign_in.keep_secret(id));
    if status != 200 && answer.fault.is_none() {
        return Err(Refusal::read(status, &body, retry_after).with_target(target).into_error(action));
    }
    Ok(Session { username: Some(username.to_owned()), ..answer.session(status, &action, login)? })
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
pub(crate) struct Answer {
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
    pub(crate) fn read(xml: &str) -> Self {
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

    /// Returns the session that `login` opened.
    pub(crate) fn session(self, status: u16, action: &str, login: &Url) -> Result<Session> {
        if let Some(code) = self.fault {
            return Err(fault(status, &code, &self.message.unwrap_or_default(), action.to_owned()));
        }
        let Some((session_id, server_url)) = self.session_id.zip(self.server_url) else {
            let cause = "the answer is not that of a Salesforce login";
            return Err(Error::new(ErrorKind::UnexpectedAnswer, action.to_owned(), cause)
                .with_hint("check `domain` and `login_url`")
                .transient());
        };
        if self.password_expired {
            let cause = "the password has expired";
            return Err(Error::new(ErrorKind::Credentials, action.to_owned(), cause)
                .with_hint("set a new password in Salesforce; a new security token comes by mail"));
        }
        Ok(Session {
            instance_url: domain::instance_origin(action, login, &server_url)?,
            access_token: SecretString::from(session_id),
            username: None,
            user_id: self.user_id,
            org_id: self.org_id,
            refresh_token: None,
        })
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
