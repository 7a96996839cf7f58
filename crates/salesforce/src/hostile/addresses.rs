//! Redirects and addresses that lead to somebody else, who must not get the credentials.

use super::*;
use crate::scripted::{client, file};
use crate::{ApiVersion, Connection, HttpOptions, Locator, QueryOperation};

/// Where redirects lead, and what of it is shown.
fn targets(elsewhere: &Scripted) -> Vec<(String, String)> {
    let host = elsewhere.url.as_str().trim_start_matches("http://").trim_end_matches('/').to_owned();
    vec![
        (format!("http://{host}/services/data/?sid=hidden#hidden"), format!("a redirect to `{host}`")),
        (format!("//user:hidden@{host}/x"), format!("a redirect to `{host}`")),
        ("https://evil.example.com/hidden".to_owned(), "a redirect to `evil.example.com`".to_owned()),
        // In circles.
        ("/services/data/v62.0/limits".to_owned(), "a redirect to `127.0.0.1:".to_owned()),
        ("data:text/plain,hidden".to_owned(), "HTTP 30".to_owned()),
    ]
}

#[tokio::test]
async fn a_redirect_is_told_with_its_host_and_not_followed() {
    let elsewhere = Scripted::start([]).await;
    for (location, told) in targets(&elsewhere) {
        for status in [301, 302, 303, 307, 308] {
            let (server, error) = limits(Reply::new(status, "<html>hidden").header("location", &*location)).await;

            assert_kind(&error, ErrorKind::Configuration, &told);
            assert_eq!(server.lines().len(), 1);
        }
    }
    assert!(elsewhere.lines().is_empty());
}

#[tokio::test]
async fn a_login_is_not_sent_where_a_redirect_leads() {
    let elsewhere = Scripted::start([]).await;
    for (location, told) in targets(&elsewhere) {
        for login in [client_credentials(), security_token()] {
            let server = Scripted::start([Reply::new(307, "").header("location", &*location)]).await;

            let error = client(server.connection(login)).0.sign_in().await.unwrap_err();

            assert_kind(&error, ErrorKind::Configuration, &told);
            assert_eq!(server.lines().len(), 1);
        }
    }
    assert!(elsewhere.lines().is_empty());
}

/// Signs in at a server with TLS that says the org is at `address`.
async fn sign_in_by_tls(login: Login, answer: Reply) -> Error {
    let (server, certificate) = Scripted::start_tls([answer]).await;
    let (_folder, path) = file(&certificate);
    let http = HttpOptions { ca_file: Some(path), ..HttpOptions::default() };
    client(Connection { http, ..server.connection(login) }).0.sign_in().await.unwrap_err()
}

#[tokio::test]
async fn an_encrypted_login_does_not_lead_to_an_address_that_is_not() {
    let elsewhere = Scripted::start([]).await;
    let address = elsewhere.url.as_str();
    let token = Reply::json(&format!(r#"{{"access_token":"TOKEN","instance_url":"{address}"}}"#));
    let soap = Reply::new(200, format!("<a><sessionId>TOKEN</sessionId><serverUrl>{address}x</serverUrl></a>"));

    for (login, answer) in [(client_credentials(), token), (security_token(), soap)] {
        let error = sign_in_by_tls(login, answer).await;

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "`http://127.0.0.1` is not encrypted, as the login is");
    }
    assert!(elsewhere.lines().is_empty());
}

#[tokio::test]
async fn an_address_of_the_org_that_is_none_is_refused() {
    let addresses = [
        "",
        "acme",
        "file:///etc/passwd",
        "javascript:x",
        "https://",
        "https://u:hidden@acme.com",
        "https://a b",
        "\u{1b}",
    ];
    for address in addresses {
        let answer = serde_json::json!({ "access_token": "TOKEN", "instance_url": address }).to_string();
        let server = Scripted::start([Reply::json(&answer)]).await;

        let error = client(server.connection(client_credentials())).0.sign_in().await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "the address of the org in the answer is not usable");
    }
}

#[tokio::test]
async fn a_next_page_with_a_very_long_address_is_refused() {
    let next = format!("/services/data/v62.0/query/{}", "a".repeat(100_000));
    let server = Scripted::start([]).await;

    let error = server.client().0.query_more(&next).await.unwrap_err();

    assert_kind(&error, ErrorKind::UnexpectedAnswer, "is not a path of the REST API");
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_locator_that_is_none_ends_neither_the_pages_nor_the_address() {
    let id = "750000000000001AAA".parse().unwrap();
    for (locator, words) in [("x".repeat(100_000), "has 100000 characters"), ("é".to_owned(), "not readable")] {
        let server = Scripted::start(vec![Reply::csv("\"Id\"\n").header("Sforce-Locator", locator); 8]).await;

        let error = server.client().0.result_page(&id, None, None).await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, words);
    }
    for locator in ["../../x", "a?b=c", "a#b", "a b", "a\r\nX: y", "%2e%2e/", "\u{0}"] {
        let server = Scripted::start([Reply::csv("\"Id\"\n")]).await;

        server.client().0.result_page(&id, Some(&Locator::new(locator)), None).await.unwrap();

        let line = server.lines().remove(0);
        let sent =
            line.strip_prefix("GET /services/data/v62.0/jobs/query/750000000000001AAA/results?locator=").unwrap();
        assert!(sent.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%._-~".contains(&byte)), "{sent}");
    }
}

#[tokio::test]
async fn a_page_of_a_list_with_a_very_long_locator_is_refused() {
    let path = "/services/data/v62.0/jobs/query/750000000000001AAA";
    let long = "a".repeat(100_000);
    let list = format!(r#"{{"resultPages":[{{"resultUrl":"{path}/results?locator={long}"}}],"done":true}}"#);
    let away = format!(r#"{{"resultPages":[{{"resultUrl":"//evil.example/{long}\u001b"}}],"done":true}}"#);
    for (body, words) in [(list, "has 100000 characters"), (away, "leads elsewhere")] {
        let server = Scripted::start([Reply::json(&body)]).await;

        let error = server.client().0.result_page_list(&"750000000000001AAA".parse().unwrap(), None).await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, words);
    }
}

#[tokio::test]
async fn a_job_is_not_one_with_an_address_for_an_id() {
    for id in ["../../limits", "750?x", "750/../../x", "", "7\u{1b}[31m50"] {
        let body = serde_json::json!({ "id": id, "state": "JobComplete" }).to_string();
        let server = Scripted::start([Reply::json(&body)]).await;
        let (client, _) = server.client();

        let error = client.create_query_job(QueryOperation::Query, "SELECT Id FROM A").await.unwrap_err();

        assert_kind(&error, ErrorKind::UnexpectedAnswer, "is not a job id");
        assert_eq!(client.api_version(), ApiVersion::default());
    }
}
