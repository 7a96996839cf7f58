//! The OAuth device flow: a device asks for codes, a person types one of them in, the device asks until it is let in.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use serde::Serialize;

use super::auth::{Form, check_client_id, grant_lasting, knows_password, oauth};
use super::{Request, parameters};
use crate::{
    answer::{Refusal, escape, html, json, no_store},
    device::Standing,
};

/// Seconds that a device shall wait between two questions.
const INTERVAL: u32 = 5;

/// The answer's members as the clients' own types name them (`DeviceCodeResponse` of @salesforce/core).
#[derive(Serialize)]
struct Codes {
    device_code: String,
    user_code: String,
    verification_uri: String,
    interval: u32,
}

/// Answers a device that asks for codes: `response_type=device_code` at the token endpoint.
pub(super) fn ask(form: &Form, request: &Request) -> Result<Response, Refusal> {
    check_client_id(form.get("client_id"), request)?;
    let (device_code, user_code) = request.server.devices.ask(request.server.org.now());
    let verification_uri = format!("{}/setup/connect", request.base_url);
    Ok(no_store(json(StatusCode::OK, &Codes { device_code, user_code, verification_uri, interval: INTERVAL })))
}

/// Answers a device that asks whether it may come in: `grant_type=device`. The errors are those of the help page "OAuth 2.0 Device Flow
/// for IoT Integration"; `slow_down` does not come, since the org's clock may stand still. The descriptions are our own.
pub(super) fn exchange(form: &Form, request: &Request) -> Result<Response, Refusal> {
    check_client_id(form.get("client_id"), request)?;
    let server = &request.server;
    let code = form.get("code").ok_or_else(|| oauth("invalid_request", "code parameter is required"))?;
    match server.devices.poll(code, server.org.now()) {
        Some(Standing::Pending) => Err(oauth("authorization_pending", "the user has not allowed the device yet")),
        Some(Standing::Denied) => Err(oauth("access_denied", "end-user denied authorization")),
        Some(Standing::Allowed) => Ok(grant_lasting(request)),
        None => Err(oauth("invalid_grant", "expired authorization code")),
    }
}

/// Answers the page at which a person lets a device in; a script may post the same form.
pub(super) fn connect(request: &Request) -> Response {
    let mut form = request.parameters.clone();
    if request.method == Method::POST {
        form.extend(parameters(std::str::from_utf8(&request.body).unwrap_or_default()));
    }
    let get = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let code = get("user_code").unwrap_or_default();
    if request.method != Method::POST {
        return html(StatusCode::OK, page(code, None));
    }
    let server = &request.server;
    let standing = if get("allow") == Some("false") { Standing::Denied } else { Standing::Allowed };
    if !knows_password(get("username"), get("password"), request) {
        let error = "Please check your username and password. If you still can't log in, contact your administrator.";
        return html(StatusCode::OK, page(code, Some(error)));
    }
    if !server.devices.decide(code, standing, server.org.now()) {
        return html(StatusCode::OK, page(code, Some("No device waits with this code.")));
    }
    let told = if standing == Standing::Allowed { "The device is connected." } else { "The device was denied access." };
    html(
        StatusCode::OK,
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head><body><p>{told}</p></body></html>\n"
        ),
    )
}

fn page(code: &str, error: Option<&str>) -> String {
    let error = error.map(|error| format!("<p id=\"error\">{}</p>", escape(error))).unwrap_or_default();
    let code = escape(code);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Connect | orgtap emulator</title></head><body>\
         <h1>Connect a device to the emulated org</h1>{error}<form method=\"post\" action=\"/setup/connect\">\
         <p><label>Code <input name=\"user_code\" value=\"{code}\"></label></p>\
         <p><label>Username <input name=\"username\" autocomplete=\"username\"></label></p>\
         <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label></p>\
         <p><button name=\"allow\" value=\"true\">Connect</button> \
         <button name=\"allow\" value=\"false\">Deny</button></p></form></body></html>\n"
    )
}
