//! The login page of the OAuth web-server flow: a person, or a script that posts the same form, lets an app in.

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use url::Url;

use super::{Request, auth, parameters};
use crate::{
    answer::{Refusal, empty, escape, html},
    authorization::Authorization,
};

/// What an app asks for. The page carries it on to the form it is posted with.
struct Wish {
    client_id: String,
    redirect_uri: Url,
    state: Option<String>,
    challenge: Option<String>,
    /// Every parameter, as the form hands it on.
    all: Vec<(String, String)>,
}

/// Answers `GET` and `POST services/oauth2/authorize`.
pub(super) fn authorize(request: &Request) -> Result<Response, Refusal> {
    let mut all = request.parameters.clone();
    if request.method == Method::POST {
        all.extend(parameters(std::str::from_utf8(&request.body).unwrap_or_default()));
    }
    let wish = Wish::read(all, request)?;
    let get = |name: &str| wish.get(name);
    if get("response_type") != Some("code") {
        return Ok(wish.refused("unsupported_response_type", "response type not supported"));
    }
    if !matches!(get("code_challenge_method"), None | Some("S256")) {
        return Ok(wish.refused("invalid_request", "the code challenge method must be S256"));
    }
    if request.method != Method::POST {
        return Ok(html(StatusCode::OK, page(&wish, None)));
    }
    if get("allow") == Some("false") {
        return Ok(wish.refused("access_denied", "end-user denied authorization"));
    }
    if !auth::knows_password(get("username"), get("password"), request) {
        let error = "Please check your username and password. If you still can't log in, contact your administrator.";
        return Ok(html(StatusCode::OK, page(&wish, Some(error))));
    }
    let code = request.server.authorizations.issue(Authorization {
        redirect_uri: wish.redirect_uri.to_string(),
        challenge: wish.challenge.clone(),
        granted: request.server.org.now(),
    });
    Ok(wish.redirect(&[("code", &code)]))
}

impl Wish {
    /// Reads what is needed to answer at all: errors in it cannot be sent back to the app, since it is not known.
    fn read(all: Vec<(String, String)>, request: &Request) -> Result<Self, Refusal> {
        let find = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let client_id = find("client_id").unwrap_or_default();
        if client_id != request.server.org.identity().consumer_key {
            return Err(auth::oauth("invalid_client_id", "client identifier invalid"));
        }
        let redirect_uri = find("redirect_uri").and_then(|text| Url::parse(&text).ok()).filter(is_for_answers);
        let missing = || auth::oauth("redirect_uri_missing", "redirect_uri must be the address of an app");
        let redirect_uri = redirect_uri.ok_or_else(missing)?;
        Ok(Self { client_id, redirect_uri, state: find("state"), challenge: find("code_challenge"), all })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.all.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn refused(&self, error: &str, description: &str) -> Response {
        self.redirect(&[("error", error), ("error_description", description)])
    }

    fn redirect(&self, answer: &[(&str, &str)]) -> Response {
        let mut address = self.redirect_uri.clone();
        address.query_pairs_mut().extend_pairs(answer);
        if let Some(state) = &self.state {
            address.query_pairs_mut().append_pair("state", state);
        }
        let mut response = empty(StatusCode::FOUND);
        // A parsed address has nothing that a header may not have.
        if let Ok(address) = HeaderValue::try_from(String::from(address)) {
            response.headers_mut().insert(header::LOCATION, address);
        }
        response
    }
}

/// Returns whether an app can be reached at an address; a browser would run some others.
fn is_for_answers(address: &Url) -> bool {
    !matches!(address.scheme(), "javascript" | "data" | "vbscript" | "blob" | "file") && address.fragment().is_none()
}

fn page(wish: &Wish, error: Option<&str>) -> String {
    let error = error.map(|error| format!("<p id=\"error\">{}</p>", escape(error))).unwrap_or_default();
    let is_typed = |name: &str| matches!(name, "username" | "password" | "allow");
    let hidden = wish.all.iter().filter(|(name, _)| !is_typed(name));
    let hidden: String = hidden
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value)))
        .collect();
    let (app, target) = (escape(&wish.client_id), escape(wish.redirect_uri.as_str()));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Login | orgtap emulator</title></head><body>\
         <h1>Log in to the emulated org</h1><p>The app <code>{app}</code> asks to act for you. The answer goes to \
         <code>{target}</code>.</p>{error}<form method=\"post\" action=\"/services/oauth2/authorize\">{hidden}\
         <p><label>Username <input name=\"username\" autocomplete=\"username\"></label></p>\
         <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label></p>\
         <p><button name=\"allow\" value=\"true\">Log in and allow</button> \
         <button name=\"allow\" value=\"false\">Deny</button></p></form></body></html>\n"
    )
}
