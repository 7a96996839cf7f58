//! The OAuth web-server flow, as a script drives it: the login page, its form, and the exchange of the code.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use orgtap_emulator::CallKind;
use ring::digest::{SHA256, digest};
use std::time::Duration;
use url::{Url, form_urlencoded};

use crate::client::{Answer, Fixture};

const AUTHORIZE: &str = "/services/oauth2/authorize";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const REDIRECT: &str = "http://localhost:1717/OauthRedirect";

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn post(fixture: &Fixture, path: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    fixture.send_bare("POST", path, &headers, form(fields).as_bytes()).await
}

/// What an app asks for, and what the person types.
async fn log_in(fixture: &Fixture, more: &[(&str, &str)]) -> Answer {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let mut fields = vec![
        ("username", fixture.settings.username.as_str()),
        ("response_type", "code"),
        ("client_id", fixture.settings.consumer_key.as_str()),
        ("redirect_uri", REDIRECT),
        ("state", "a&b=\"c\""),
        ("code_challenge", challenge.as_str()),
    ];
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    post(fixture, AUTHORIZE, &fields).await
}

fn answered(answer: &Answer, name: &str) -> Option<String> {
    let location = Url::parse(answer.header("location")?).unwrap();
    assert!(location.as_str().starts_with(REDIRECT), "{location}");
    location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn code(fixture: &Fixture) -> String {
    let password = fixture.settings.password.clone();
    let answer = log_in(fixture, &[("password", &password)]).await;
    assert_eq!(answer.status, 302);
    answered(&answer, "code").unwrap()
}

async fn exchange(fixture: &Fixture, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", fixture.settings.consumer_key.as_str()),
        ("redirect_uri", REDIRECT),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    post(fixture, "/services/oauth2/token", &fields).await
}

#[tokio::test]
async fn the_page_is_a_form_that_hands_on_what_the_app_asked() {
    let fixture = Fixture::new().await;
    let key = fixture.settings.consumer_key.clone();
    let asked =
        form(&[("response_type", "code"), ("client_id", &key), ("redirect_uri", REDIRECT), ("state", "\"><script>")]);

    let page = fixture.send_bare("GET", &format!("{AUTHORIZE}?{asked}"), &[], &[]).await;

    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=UTF-8")));
    let text = page.text();
    assert!(text.contains("name=\"state\" value=\"&quot;&gt;&lt;script&gt;\""), "{text}");
    assert!(text.contains("name=\"username\"") && text.contains("type=\"password\""), "{text}");
    assert!(!text.contains("<script>"), "{text}");
}

#[tokio::test]
async fn a_code_is_exchanged_once_for_a_session_that_can_be_refreshed() {
    let fixture = Fixture::new().await;
    let password = fixture.settings.password.clone();
    let allowed = log_in(&fixture, &[("password", &password)]).await;
    assert_eq!(answered(&allowed, "state").as_deref(), Some("a&b=\"c\""));
    let code = answered(&allowed, "code").unwrap();

    let token = exchange(&fixture, &code, &[]).await;

    assert_eq!(token.status, 200, "{}", token.text());
    let token = token.json();
    for member in ["refresh_token", "access_token", "instance_url", "id", "signature", "issued_at", "scope"] {
        assert!(token[member].is_string(), "{member}");
    }
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let limits = fixture.send_bare("GET", "/services/data/v62.0/limits", &[("Authorization", &bearer)], &[]).await;
    assert_eq!(limits.status, 200);
    assert_eq!(exchange(&fixture, &code, &[]).await.json()["error"], "invalid_grant");
    assert_eq!(fixture.emulator.calls(CallKind::Authorize), 1);
}

#[tokio::test]
async fn an_exchange_needs_all_that_the_code_was_given_for() {
    let fixture = Fixture::new().await;
    let secret = fixture.settings.consumer_secret.clone();
    let wrong: [(&[(&str, &str)], &str); 5] = [
        (&[("code_verifier", "guessed")], "invalid_grant"),
        (&[("redirect_uri", "http://localhost:1718/OauthRedirect")], "invalid_grant"),
        (&[("client_secret", "wrong")], "invalid_client"),
        (&[("client_id", "wrong")], "invalid_client_id"),
        (&[("code", "wrong")], "invalid_grant"),
    ];
    for (fields, error) in wrong {
        let answer = exchange(&fixture, &code(&fixture).await, fields).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &error.into()), "{fields:?}");
    }

    let late = code(&fixture).await;
    fixture.org().advance(Duration::from_secs(15 * 60));
    assert_eq!(exchange(&fixture, &late, &[]).await.status, 400);
    let with_secret = exchange(&fixture, &code(&fixture).await, &[("client_secret", &secret)]).await;
    assert_eq!(with_secret.status, 200);
}

#[tokio::test]
async fn refusals_go_back_to_the_app_and_those_about_the_app_do_not() {
    let fixture = Fixture::new().await;

    let denied = log_in(&fixture, &[("allow", "false")]).await;
    assert_eq!(answered(&denied, "error").as_deref(), Some("access_denied"));
    let other = log_in(&fixture, &[("response_type", "token")]).await;
    assert_eq!(answered(&other, "error").as_deref(), Some("unsupported_response_type"));
    let mistyped = log_in(&fixture, &[("password", "wrong")]).await;
    assert_eq!((mistyped.status, mistyped.text().contains("id=\"error\"")), (200, true));

    for (name, value) in [("client_id", "unknown"), ("redirect_uri", "javascript:alert(1)"), ("redirect_uri", "")] {
        let refused = log_in(&fixture, &[(name, value)]).await;
        assert_eq!((refused.status, refused.header("location")), (400, None), "{name} {value}");
    }
}

#[tokio::test]
async fn a_revoked_session_is_over() {
    let fixture = Fixture::new().await;
    let token = fixture.settings.access_token.clone();

    assert_eq!(post(&fixture, "/services/oauth2/revoke", &[("token", &token)]).await.status, 200);

    assert_eq!(fixture.get("/services/data/v62.0/limits").await.status, 401);
    assert_eq!(post(&fixture, "/services/oauth2/revoke", &[("token", &token)]).await.status, 400);
}
