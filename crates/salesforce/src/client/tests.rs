use std::time::Duration;

use crate::scripted::{Reply, Scripted, client, file, message, secret, token};
use crate::{ApiVersion, Client, Connection, ErrorKind, HttpOptions, Login, Proxies, ProxyServer, QueryOperation};

/// The waits of the default policy before each of the seven repetitions, in milliseconds.
const WAITS: [u64; 7] = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

fn ok() -> Reply {
    Reply::json("{}")
}

/// Asserts that `sleeps` are the first waits of the default policy, each shortened by a quarter at most.
#[track_caller]
fn assert_waits(sleeps: &[Duration], count: usize) {
    assert_eq!(sleeps.len(), count);
    for (sleep, wait) in sleeps.iter().zip(WAITS) {
        let (least, most) = (Duration::from_millis(wait * 3 / 4), Duration::from_millis(wait));
        assert!((least..=most).contains(sleep), "{sleep:?} is not {least:?} to {most:?}");
    }
}

#[tokio::test]
async fn calls_carry_the_session_and_ask_for_gzip() {
    let server = Scripted::start([ok().gzip()]).await;

    server.client().0.limits().await.unwrap();

    let request = &server.received()[0];
    assert_eq!(request.line, "GET /services/data/v62.0/limits HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer TOKEN"));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert!(request.header("user-agent").unwrap().starts_with("orgtap/"));
}

#[tokio::test]
async fn a_lost_session_is_renewed_once_and_the_call_goes_on() {
    let server = Scripted::start([token("T1"), Reply::session_lost(), token("T2"), ok(), ok()]).await;
    let (client, clock) = server.renewing_client();

    client.limits().await.unwrap();
    client.limits().await.unwrap();

    let sent: Vec<_> =
        server.received().iter().filter_map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, ["Bearer T1", "Bearer T2", "Bearer T2"]);
    assert!(clock.sleeps().is_empty());
}

#[tokio::test]
async fn a_session_refused_right_after_its_renewal_is_an_error() {
    let server = Scripted::start([token("T1"), Reply::session_lost(), token("T2"), Reply::session_lost()]).await;

    let error = server.renewing_client().0.limits().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.hint().unwrap().contains("API Enabled"));
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_session_that_somebody_renewed_meanwhile_is_taken_up() {
    let replies = [token("T1"), ok(), Reply::session_lost(), Reply::session_lost(), token("T2"), ok(), ok()];
    let server = Scripted::start(replies).await;
    let (client, _) = server.renewing_client();
    client.limits().await.unwrap();

    let (first, second) = tokio::join!(client.limits(), client.limits());

    assert!(first.is_ok() && second.is_ok());
    let sign_ins = server.lines().iter().filter(|line| line.contains("oauth2")).count();
    assert_eq!(sign_ins, 2);
}

#[tokio::test]
async fn a_refusal_that_no_session_cures_is_not_answered_with_a_sign_in() {
    for text in ["Connected app is not attached to Agent", "This session is not valid for use with the REST API"] {
        let server = Scripted::start([token("T1"), Reply::refusal(401, "INVALID_SESSION_ID", text)]).await;

        let error = server.renewing_client().0.limits().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(message(&error).contains(text));
        assert_eq!(server.lines().len(), 2);
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_with_growing_waits() {
    let passing = [
        Reply::hang_up(),
        ok().cut(),
        Reply::new(408, ""),
        Reply::html(420),
        Reply::new(429, ""),
        Reply::new(406, ""),
        Reply::refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        Reply::html(500),
        Reply::html(502),
        Reply::html(503),
        Reply::new(504, ""),
        Reply::refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        Reply::refusal(503, "SERVER_UNAVAILABLE", "later"),
        Reply::html(200),
        Reply::new(200, ""),
        Reply::json("{"),
        ok().gzip().shortened(5),
    ];
    for reply in passing {
        let server = Scripted::start([reply.clone(), reply.clone(), ok()]).await;
        let (client, clock) = server.client();

        let result = client.limits().await;

        assert!(result.is_ok(), "{reply:?}: {}", message(&result.unwrap_err()));
        assert_waits(&clock.sleeps(), 2);
    }
}

#[tokio::test]
async fn trying_ends_with_the_last_error_after_eight_attempts() {
    let server = Scripted::start(vec![Reply::html(503); 9]).await;
    let (client, clock) = server.client();

    let error = client.limits().await.unwrap_err();

    assert_eq!(message(&error), "could not read the org's limits: Salesforce answered HTTP 503 with a web page");
    assert_eq!((error.kind(), error.is_transient(), error.is_user_error()), (ErrorKind::Unavailable, true, false));
    assert_waits(&clock.sleeps(), 7);
    assert_eq!(client.calls(), 8);
}

#[tokio::test]
async fn the_wait_that_a_server_asks_for_is_kept_up_to_five_minutes() {
    let date = "Wed, 01 Jan 2025 00:00:00 GMT";
    let cases = [
        (Reply::new(503, "").header("retry-after", "17"), 17),
        (Reply::new(503, "").header("retry-after", "86400"), 300),
        (Reply::new(429, "").header("retry-after", "Wed, 01 Jan 2025 00:00:42 GMT").header("date", date), 42),
        (Reply::new(429, "").header("retry-after", "Thu, 01 Jan 2026 00:01:00 GMT"), 60),
    ];
    for (reply, seconds) in cases {
        let server = Scripted::start([reply, ok()]).await;
        let (client, clock) = server.client();

        client.limits().await.unwrap();

        assert_eq!(clock.sleeps(), [Duration::from_secs(seconds)]);
    }
}

#[tokio::test]
async fn a_wait_that_cannot_be_read_or_is_over_does_not_count() {
    for text in ["soon", "-5", "Wed, 01 Jan 2020 00:00:00 GMT"] {
        let server = Scripted::start([Reply::new(503, "").header("retry-after", text), ok()]).await;
        let (client, clock) = server.client();

        client.limits().await.unwrap();

        assert_waits(&clock.sleeps(), 1);
    }
}

#[tokio::test]
async fn a_used_up_daily_allowance_is_not_tried_again() {
    let server =
        Scripted::start([Reply::refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")]).await;

    let error = server.client().0.limits().await.unwrap_err();

    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::LimitExceeded, false));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn creating_a_job_is_repeated_only_where_it_surely_did_not_run() {
    let job = Reply::json(r#"{"id":"750R0000000zlh9IAA","state":"UploadComplete"}"#);
    let did_not_run = [Reply::html(503), Reply::html(420), Reply::new(429, "")];
    let may_have_run = [
        Reply::hang_up(),
        Reply::html(502),
        Reply::html(500),
        Reply::new(504, ""),
        Reply::html(200),
        job.clone().cut(),
    ];

    for reply in did_not_run {
        let server = Scripted::start([reply, job.clone()]).await;
        assert!(server.client().0.create_query_job(QueryOperation::Query, "SELECT Id FROM A").await.is_ok());
        assert_eq!(server.lines().len(), 2);
    }
    for reply in may_have_run {
        let server = Scripted::start([reply.clone(), job.clone()]).await;
        let error = server.client().0.create_query_job(QueryOperation::Query, "SELECT Id FROM A").await.unwrap_err();
        assert!(error.is_transient(), "{reply:?}");
        assert_eq!(server.lines().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_sign_in_that_fails_on_the_way_does_not_keep_a_job_from_being_created() {
    let job = Reply::json(r#"{"id":"750R0000000zlh9IAA","state":"UploadComplete"}"#);
    let server = Scripted::start([Reply::html(502), token("T1"), job]).await;

    let result = server.renewing_client().0.create_query_job(QueryOperation::Query, "SELECT Id FROM A").await;

    assert!(result.is_ok());
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let server = Scripted::start(vec![Reply::silence(); 8]).await;
    let short = Duration::from_millis(5);
    let http = HttpOptions { connect_timeout: short, read_timeout: short, ..HttpOptions::default() };
    let login = Login::AccessToken { access_token: secret("T"), instance_url: server.url.clone() };

    let error = client(Connection { http, ..server.connection(login) }).0.limits().await.unwrap_err();

    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Connection, true));
    assert!(message(&error).contains("sent nothing"), "{}", message(&error));
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_tried_again_and_then_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Scripted::start([]).await;
    let login = Login::AccessToken { access_token: secret("T"), instance_url: url.parse().unwrap() };
    let (client, clock) = client(server.connection(login));

    let error = client.limits().await.unwrap_err();

    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Connection, true));
    assert!(message(&error).contains("could not be reached: Connection refused"), "{}", message(&error));
    assert_eq!(clock.sleeps().len(), 7);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scripted::start([ok()]).await;
    let server = Scripted::start([Reply::new(302, "").header("location", elsewhere.url.as_str())]).await;

    let error = server.client().0.limits().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.hint().unwrap().contains("`domain`"));
    assert!(elsewhere.lines().is_empty());
}

#[tokio::test]
async fn an_unknown_version_is_told_from_an_unknown_object() {
    let missing = Reply::refusal(404, "NOT_FOUND", "The requested resource does not exist");
    let cases = [
        (missing.clone(), r#"[{"version":"58.0"}]"#, ErrorKind::Version),
        (Reply::html(404), r#"[{"version":"58.0"}]"#, ErrorKind::Version),
        (Reply::refusal(410, "GONE", "gone"), r#"[{"version":"58.0"}]"#, ErrorKind::Version),
        (missing, r#"[{"version":"62.0"}]"#, ErrorKind::NotFound),
    ];
    for (reply, versions, kind) in cases {
        let server = Scripted::start([reply, Reply::json(versions)]).await;

        let error = server.client().0.describe("Foo__c").await.unwrap_err();

        assert_eq!(error.kind(), kind);
        let named = if kind == ErrorKind::Version { "`58.0`" } else { "`Foo__c`" };
        assert!(message(&error).contains(named), "{}", message(&error));
    }
}

#[tokio::test]
async fn a_metered_client_counts_its_own_calls_in_the_same_session() {
    let server = Scripted::start([token("T1"), ok(), Reply::html(503), ok()]).await;
    let (client, _) = server.renewing_client();
    client.limits().await.unwrap();

    let metered = client.metered();
    metered.limits().await.unwrap();

    assert_eq!((client.calls(), metered.calls()), (2, 2));
    assert_eq!(client.clone().calls(), 2);
}

#[tokio::test]
async fn the_usage_is_what_the_org_said_last() {
    let usage = |text: &str| ok().header("Sforce-Limit-Info", text);
    let server = Scripted::start([
        usage("api-usage=25/5000"),
        usage("nonsense"),
        usage("api-usage=27/5000; per-app-api-usage=17/250(appName=x)"),
    ])
    .await;
    let (client, _) = server.client();
    assert_eq!(client.api_usage(), None);

    client.limits().await.unwrap();
    client.limits().await.unwrap();
    assert_eq!(client.api_usage().unwrap().used, 25);

    client.limits().await.unwrap();
    assert_eq!(client.metered().api_usage().unwrap().used, 27);
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_until_the_ca_file_names_it() {
    let (server, pem) = Scripted::start_tls([ok()]).await;
    let login = Login::AccessToken { access_token: secret("T"), instance_url: server.url.clone() };
    let connection = server.connection(login);

    let (stranger, clock) = client(connection.clone());
    let error = stranger.limits().await.unwrap_err();

    assert_eq!((error.kind(), error.is_transient(), error.is_user_error()), (ErrorKind::Connection, false, true));
    assert!(message(&error).contains("certificate of `localhost:"), "{}", message(&error));
    assert!(error.hint().unwrap().contains("ca_file"));
    assert!(clock.sleeps().is_empty());

    let (_folder, path) = file(&pem);
    let http = HttpOptions { ca_file: Some(path), ..HttpOptions::default() };
    client(Connection { http, ..connection }).0.limits().await.unwrap();
}

fn proxied(server: &Scripted, proxy: &Scripted, instance_url: &str, no_proxy: &[&str]) -> Client {
    let proxy =
        ProxyServer { url: proxy.url.clone(), username: Some("us er".to_owned()), password: Some(secret("p:w@")) };
    let no_proxy = no_proxy.iter().map(|host| (*host).to_owned()).collect();
    let proxies = Proxies { https: Some(proxy.clone()), http: Some(proxy), no_proxy };
    let http = HttpOptions { proxies, ..HttpOptions::default() };
    let login = Login::AccessToken { access_token: secret("T"), instance_url: instance_url.parse().unwrap() };
    client(Connection { http, ..server.connection(login) }).0
}

#[tokio::test]
async fn requests_go_through_the_proxy_with_its_credentials() {
    let proxy = Scripted::start([ok()]).await;

    proxied(&proxy, &proxy, "http://org.localhost:1", &[]).limits().await.unwrap();

    let request = &proxy.received()[0];
    assert_eq!(request.line, "GET http://org.localhost:1/services/data/v62.0/limits HTTP/1.1");
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXMgZXI6cDp3QA=="));
}

#[tokio::test]
async fn hosts_without_a_proxy_are_reached_directly() {
    let proxy = Scripted::start([]).await;
    let server = Scripted::start([ok(), ok()]).await;

    proxied(&server, &proxy, server.url.as_str(), &["127.0.0.1"]).limits().await.unwrap();
    proxied(&server, &proxy, server.url.as_str(), &["example.com", "*"]).limits().await.unwrap();

    assert!(proxy.lines().is_empty());
}

#[tokio::test]
async fn a_proxy_that_asks_for_other_credentials_is_for_the_user() {
    for url in ["https://acme.example.com", "http://org.localhost:1"] {
        let proxy = Scripted::start([Reply::new(407, "")]).await;

        let error = proxied(&proxy, &proxy, url, &[]).limits().await.unwrap_err();

        assert_eq!(
            (error.kind(), error.is_transient(), error.is_user_error()),
            (ErrorKind::Connection, false, true),
            "{url}"
        );
        assert!(error.hint().unwrap().contains("`password`"));
        assert_eq!(proxy.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_proxy_that_forbids_the_host_is_told_after_some_attempts() {
    let proxy = Scripted::start(vec![Reply::new(403, ""); 8]).await;

    let error = proxied(&proxy, &proxy, "https://acme.example.com", &[]).limits().await.unwrap_err();

    assert_eq!((error.kind(), error.is_user_error()), (ErrorKind::Connection, true));
    assert!(message(&error).contains("the proxy refused to connect to `acme.example.com`"), "{}", message(&error));
    assert_eq!(proxy.lines()[0], "CONNECT acme.example.com:443");
}

#[tokio::test]
async fn no_secret_is_shown() {
    let server = Scripted::start([Reply::json(r#"{"access_token":["HUSH-HUSH"],"instance_url":7}"#)]).await;
    let hush = || secret("HUSH-HUSH");
    let key = || "KEY".to_owned();
    let user = || "u@example.com".to_owned();
    let logins = [
        Login::SecurityToken { username: user(), password: hush(), security_token: hush() },
        Login::ConnectedApp {
            username: user(),
            password: hush(),
            security_token: Some(hush()),
            consumer_key: key(),
            consumer_secret: hush(),
        },
        Login::ClientCredentials { consumer_key: key(), consumer_secret: hush() },
        Login::RefreshToken { consumer_key: key(), consumer_secret: Some(hush()), refresh_token: hush() },
        Login::AccessToken { access_token: hush(), instance_url: server.url.clone() },
    ];
    let proxy =
        ProxyServer { url: "http://u:HUSH-HUSH@127.0.0.1:1".parse().unwrap(), username: None, password: Some(hush()) };
    for login in logins {
        let mut connection = server.connection(login);
        connection.http.proxies = Proxies { https: Some(proxy.clone()), http: None, no_proxy: Vec::new() };

        let (client, _) = client(connection.clone());
        let error = client.sign_in().await.unwrap_err();

        let shown = format!("{connection:?} {client:?} {error:?} {} {:?}", message(&error), error.hint());
        assert!(!shown.contains("HUSH"), "{shown}");
    }
}

#[tokio::test]
async fn a_token_that_a_gateway_repeats_is_masked() {
    let text = "bad request: Authorization: Bearer s3cret! sid=00Dd0000000cQ8L!AQ.abc";
    let server = Scripted::start([Reply::refusal(400, "BAD", text)]).await;

    let error = server.client().0.limits().await.unwrap_err();

    assert!(message(&error).contains("Bearer [masked] [masked]"), "{}", message(&error));
}

#[tokio::test]
async fn a_secret_is_masked_wherever_an_answer_repeats_it() {
    let failed = |message: &str| {
        let job = serde_json::json!({ "id": "750R0000000zlh9IAA", "state": "Failed", "errorMessage": message });
        Reply::json(&job.to_string())
    };
    let echo = "client_secret=SECRET&amp;x sid=T0KEN%2Fa%2b T0KEN/a+ T0KEN\\u002Fa+";
    let replies = [
        token("T0KEN/a+"),
        Reply::refusal(400, "client_secret=SECRET", echo),
        failed(echo),
        Reply::json("{}").header("content-encoding", "SECRET"),
    ];
    let pages = vec![Reply::csv("").header("sforce-numberofrecords", "T0KEN/a+"); 8];
    let server = Scripted::start(replies.into_iter().chain(pages)).await;
    let (client, _) = server.renewing_client();
    let id = "750R0000000zlh9IAA".parse().unwrap();

    let told = [
        client.limits().await.unwrap_err(),
        client.wait_for_job(&id, &crate::WaitOptions::default(), |_| ()).await.unwrap_err(),
        client.limits().await.unwrap_err(),
        client.result_page(&id, None, None).await.unwrap_err(),
        client.query_more("SECRET").await.unwrap_err(),
    ]
    .map(|error| format!("{error:?} {}", message(&error)));

    for told in &told {
        assert!(!told.contains("SECRET") && !told.contains("T0KEN"), "{told}");
    }
    assert!(told[0].contains("client_secret=[masked]&amp;x sid=[masked] [masked] [masked]"), "{}", told[0]);
}

#[test]
fn what_is_wrong_without_the_network_is_found_without_it() {
    let base = || Connection {
        login: Login::ClientCredentials { consumer_key: "KEY".to_owned(), consumer_secret: secret("S") },
        login_url: None,
        domain: Some("acme".to_owned()),
        sandbox: false,
        api_version: ApiVersion::default(),
        http: HttpOptions::default(),
    };
    let (_folder, no_certificate) = file("hello");
    let http = |ca_file| HttpOptions { ca_file: Some(ca_file), ..HttpOptions::default() };
    let socks = ProxyServer { url: "socks5://127.0.0.1:1".parse().unwrap(), username: None, password: None };
    let proxies = Proxies { https: Some(socks), http: None, no_proxy: Vec::new() };
    let ready = |url: &str| Login::AccessToken { access_token: secret("T"), instance_url: url.parse().unwrap() };
    let cases = [
        (Connection { domain: None, ..base() }, "own domain"),
        (Connection { domain: Some("login".to_owned()), ..base() }, "own domain"),
        (Connection { domain: Some("a b".to_owned()), ..base() }, "`a b` is not a host name"),
        (
            Connection { login_url: Some("http://example.com".parse().unwrap()), ..base() },
            "`login_url`: `http://example.com` is not encrypted",
        ),
        (
            Connection { login_url: Some("https://u:p@example.com".parse().unwrap()), ..base() },
            "a user or a password in it",
        ),
        (Connection { login: ready("http://example.com"), ..base() }, "not encrypted"),
        (Connection { login: ready("ftp://example.com"), ..base() }, "not encrypted"),
        (Connection { http: http("/no/such/file".into()), ..base() }, "cannot be read"),
        (Connection { http: http(no_certificate), ..base() }, "there is none"),
        (Connection { http: HttpOptions { proxies, ..HttpOptions::default() }, ..base() }, "`socks5`"),
        (
            Connection {
                login: Login::ClientCredentials { consumer_key: " ".to_owned(), consumer_secret: secret("S") },
                ..base()
            },
            "`consumer_key` is empty",
        ),
    ];
    for (connection, cause) in cases {
        let error = connection.check().unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(message(&error).contains(cause), "{}", message(&error));
        assert!(!message(&error).contains('\n') && message(&error).starts_with("could not "));
    }
    assert!(base().check().is_ok());
}

#[test]
fn every_call_can_be_spawned() {
    fn spawnable<T: Send>(_: impl FnOnce(Client) -> T) {}
    spawnable(|client| async move { client.sign_in().await.map(drop) });
    spawnable(|client| async move { client.describe("A").await.map(drop) });
    spawnable(|client| async move { client.query("S", QueryOperation::Query).await.map(drop) });
    spawnable(|client| async move {
        let id = "750".parse()?;
        client.wait_for_job(&id, &crate::WaitOptions::default(), |_| ()).await?;
        let mut page = client.result_page(&id, None, None).await?;
        page.body.chunk().await.map(drop)
    });
}

#[tokio::test]
async fn a_refusal_whose_body_does_not_come_through_is_judged_by_its_status() {
    let broken = [
        Reply::html(503).header("content-encoding", "br"),
        Reply::html(503).cut(),
        Reply::html(503).gzip().shortened(9),
    ];
    for reply in broken {
        let server = Scripted::start([reply, ok()]).await;

        assert!(server.client().0.limits().await.is_ok());
    }
}
