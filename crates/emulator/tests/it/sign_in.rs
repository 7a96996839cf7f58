//! Every way in, and every refusal at the door.

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use orgtap_emulator::{CallKind, SignInRules};
use ring::{rand::SystemRandom, signature};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Fixture, START, encode};

const LIMITS: &str = "/services/data/v62.0/limits";

async fn soap_login(fixture: &Fixture, version: &str, username: &str, password: &str) -> Answer {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let envelope = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:urn=\"urn:partner.soap.sforce.com\"><env:Header><urn:CallOptions><urn:client>me</urn:client>\
         </urn:CallOptions></env:Header><env:Body><n1:login xmlns:n1=\"urn:partner.soap.sforce.com\">\
         <n1:username>{}</n1:username><n1:password>{}</n1:password></n1:login></env:Body></env:Envelope>",
        escape(username),
        escape(password)
    );
    let headers = [("Content-Type", "text/xml"), ("SOAPAction", "login")];
    fixture.send_bare("POST", &format!("/services/Soap/u/{version}"), &headers, envelope.as_bytes()).await
}

async fn token(fixture: &Fixture, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(headers);
    fixture.send_bare("POST", "/services/oauth2/token", &all, form.join("&").as_bytes()).await
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split_once('<').unwrap().0
}

async fn is_good(fixture: &Fixture, session: &str) -> bool {
    let bearer = format!("Bearer {session}");
    fixture.send_bare("GET", LIMITS, &[("Authorization", &bearer)], &[]).await.status == 200
}

fn password_and_token(fixture: &Fixture) -> String {
    format!("{}{}", fixture.settings.password, fixture.settings.security_token)
}

fn jwt(fixture: &Fixture, claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "RS256"})), part(claims));
    let der = PrivatePkcs8KeyDer::from_pem_slice(fixture.settings.private_key_pem.as_bytes()).unwrap();
    let key = signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let mut bytes = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut bytes).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn claims(fixture: &Fixture) -> Json {
    let now = START.parse::<Timestamp>().unwrap().as_second();
    let settings = &fixture.settings;
    json!({"iss": settings.consumer_key, "sub": settings.username, "aud": "https://login.salesforce.com", "exp": now + 180})
}

#[tokio::test]
async fn soap_login_gives_a_session_that_rest_accepts() {
    let fixture = Fixture::new().await;
    let password = password_and_token(&fixture);

    let answer = soap_login(&fixture, "64.0", &fixture.settings.username, &password).await;

    assert_eq!(answer.status, 200);
    let xml = answer.text();
    assert!(is_good(&fixture, element(&xml, "sessionId")).await);
    assert!(element(&xml, "serverUrl").starts_with(&format!("{}/services/Soap/u/64.0/00D", fixture.settings.url)));
    assert_eq!(element(&xml, "passwordExpired"), "false");
    assert_eq!(element(&xml, "sessionSecondsValid"), "7200");
    assert_eq!(fixture.emulator.calls(CallKind::Login), 1);
}

#[tokio::test]
async fn soap_login_is_refused_with_a_fault() {
    let fixture = Fixture::new().await;
    let (username, right) = (fixture.settings.username.clone(), password_and_token(&fixture));
    let bare = fixture.settings.password.clone();
    let table = [
        ("64.0", username.as_str(), "wrong", "INVALID_LOGIN"),
        ("64.0", "nobody@example.com", right.as_str(), "INVALID_LOGIN"),
        ("64.0", username.as_str(), bare.as_str(), "LOGIN_MUST_USE_SECURITY_TOKEN"),
        ("65.0", username.as_str(), right.as_str(), "UNSUPPORTED_API_VERSION"),
        ("30.0", username.as_str(), right.as_str(), "UNSUPPORTED_API_VERSION"),
    ];
    for (version, username, password, code) in table {
        let answer = soap_login(&fixture, version, username, password).await;

        assert_eq!(answer.status, 500, "{code}");
        assert_eq!(element(&answer.text(), "faultcode"), format!("sf:{code}"));
        assert_eq!(element(&answer.text(), "sf:exceptionCode"), code);
    }

    fixture.emulator.set_sign_in(SignInRules { trusted_network: true, ..SignInRules::default() });
    assert_eq!(soap_login(&fixture, "64.0", &username, &bare).await.status, 200);

    fixture.emulator.set_sign_in(SignInRules { soap_login: false, ..SignInRules::default() });
    let answer = soap_login(&fixture, "64.0", &username, &right).await;
    assert!(element(&answer.text(), "faultstring").starts_with("INVALID_OPERATION: SOAP API login() is disabled"));
}

#[tokio::test]
async fn an_expired_password_logs_in_to_a_session_that_is_good_for_nothing() {
    let fixture = Fixture::new().await;
    fixture.emulator.set_sign_in(SignInRules { password_expired: true, ..SignInRules::default() });

    let answer = soap_login(&fixture, "64.0", &fixture.settings.username, &password_and_token(&fixture)).await;

    assert_eq!(answer.status, 200);
    assert_eq!(element(&answer.text(), "passwordExpired"), "true");
    let bearer = format!("Bearer {}", element(&answer.text(), "sessionId"));
    let limits = fixture.send_bare("GET", "/services/data/v62.0/limits", &[("Authorization", &bearer)], &[]).await;
    assert_eq!((limits.status, limits.refusal().1.as_str()), (403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD"));
}

#[tokio::test]
async fn every_grant_gives_a_session() {
    let fixture = Fixture::new().await;
    let settings = &fixture.settings;
    let password = password_and_token(&fixture);
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", settings.consumer_key, settings.consumer_secret)));
    let client = [("client_id", settings.consumer_key.as_str()), ("client_secret", settings.consumer_secret.as_str())];
    let assertion = jwt(&fixture, &claims(&fixture));

    let with_client = |fields: &[(&'static str, &'static str)]| [fields, &[]].concat();
    let mut by_password = with_client(&[("grant_type", "password")]);
    by_password.extend_from_slice(&[("username", settings.username.as_str()), ("password", password.as_str())]);
    by_password.extend_from_slice(&client);
    let mut by_refresh = with_client(&[("grant_type", "refresh_token")]);
    by_refresh.extend_from_slice(&[("refresh_token", settings.refresh_token.as_str()), client[0]]);
    let mut by_client = with_client(&[("grant_type", "client_credentials")]);
    by_client.extend_from_slice(&client);
    let by_jwt =
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.as_str())].to_vec();

    let answers = [
        token(&fixture, &by_password, &[]).await,
        token(&fixture, &by_client, &[]).await,
        token(&fixture, &[("grant_type", "client_credentials")], &[("Authorization", &basic)]).await,
        token(&fixture, &by_refresh, &[]).await,
        token(&fixture, &by_jwt, &[]).await,
    ];

    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(json["instance_url"], settings.url);
        assert_eq!(json["token_type"], "Bearer");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(is_good(&fixture, json["access_token"].as_str().unwrap()).await);
    }
}

/// What the org allows, the form, and the error with its description.
type Refused<'a> = (SignInRules, Vec<(&'a str, &'a str)>, &'a str, &'a str);

#[tokio::test]
async fn the_token_endpoint_refuses_with_an_object() {
    let fixture = Fixture::new().await;
    let settings = &fixture.settings;
    let (key, secret, username) = (&*settings.consumer_key, &*settings.consumer_secret, &*settings.username);
    let client = [("grant_type", "client_credentials"), ("client_id", key), ("client_secret", secret)];
    let password = |password| {
        [
            ("grant_type", "password"),
            ("client_id", key),
            ("client_secret", secret),
            ("username", username),
            ("password", password),
        ]
    };
    let allowed = SignInRules::default;
    let right = password_and_token(&fixture);
    let table: Vec<Refused<'_>> = vec![
        (allowed(), password("wrong").to_vec(), "invalid_grant", "authentication failure"),
        (allowed(), password(&settings.password).to_vec(), "invalid_grant", "authentication failure"),
        (
            SignInRules { password_flow: false, ..allowed() },
            password(&right).to_vec(),
            "invalid_grant",
            "authentication failure",
        ),
        (
            allowed(),
            vec![("grant_type", "client_credentials"), ("client_id", "x")],
            "invalid_client_id",
            "client identifier invalid",
        ),
        (allowed(), [&client[..2], &[("client_secret", "x")]].concat(), "invalid_client", "invalid client credentials"),
        (
            SignInRules { own_domain: false, ..allowed() },
            client.to_vec(),
            "invalid_grant",
            "request not supported on this domain",
        ),
        (
            SignInRules { run_as_user: false, ..allowed() },
            client.to_vec(),
            "invalid_grant",
            "no client credentials user enabled",
        ),
        (
            allowed(),
            vec![("grant_type", "refresh_token"), ("client_id", key), ("refresh_token", "x")],
            "invalid_grant",
            "expired access/refresh token",
        ),
        (allowed(), vec![("grant_type", "magic")], "unsupported_grant_type", "grant type not supported"),
    ];
    for (rules, fields, error, description) in table {
        fixture.emulator.set_sign_in(rules);

        let answer = token(&fixture, &fields, &[]).await;

        assert_eq!(answer.status, 400);
        assert_eq!(answer.json(), json!({"error": error, "error_description": description}));
    }
}

#[tokio::test]
async fn a_jwt_must_be_signed_addressed_and_fresh() {
    let fixture = Fixture::new().await;
    let with = |key: &str, value: Json| {
        let mut claims = claims(&fixture);
        claims[key] = value;
        jwt(&fixture, &claims)
    };
    let good = jwt(&fixture, &claims(&fixture));
    let (head, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
    let seconds = START.parse::<Timestamp>().unwrap().as_second();
    let table = [
        (forged, "invalid assertion"),
        ("a.b".to_owned(), "invalid assertion"),
        (with("aud", json!("https://test.salesforce.com")), "audience is invalid"),
        (with("exp", json!(seconds - 1)), "invalid assertion"),
        (with("exp", json!(4_000_000_000_u64)), "invalid assertion"),
        (with("sub", json!("nobody@example.com")), "user hasn't approved this consumer"),
        (with("iss", json!("x")), "client identifier invalid"),
    ];
    for (assertion, description) in table {
        let grant = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.as_str())];

        let answer = token(&fixture, &grant, &[]).await;

        assert_eq!(answer.json()["error_description"], description, "{assertion}");
    }
}

#[tokio::test]
async fn sessions_end_by_the_orgs_clock_or_at_once() {
    let fixture = Fixture::new().await;

    fixture.org().advance(Duration::from_secs(7_199));
    assert_eq!(fixture.get(LIMITS).await.status, 200);
    fixture.org().advance(Duration::from_secs(7_200));
    let answer = fixture.get(LIMITS).await;
    assert_eq!(answer.refusal(), (401, "INVALID_SESSION_ID".to_owned(), "Session expired or invalid".to_owned()));

    let renewed = fixture.emulator.settings().access_token;
    assert!(is_good(&fixture, &renewed).await);
    fixture.emulator.expire_sessions();
    assert!(!is_good(&fixture, &renewed).await);
}

#[tokio::test]
async fn the_user_behind_a_session_is_told_to_its_owner_only() {
    let fixture = Fixture::new().await;

    for (headers, word) in
        [(vec![], "Missing_OAuth_Token"), (vec![("Authorization", "Bearer 00D!x")], "Bad_OAuth_Token")]
    {
        let refused = fixture.send_bare("GET", "/services/oauth2/userinfo", &headers, &[]).await;
        assert_eq!((refused.status, refused.text().as_str()), (403, word));
    }
    let answer = fixture.get("/services/oauth2/userinfo").await;
    assert_eq!(answer.json()["preferred_username"], fixture.settings.username);
}

/// Posts a form, as the login pages do.
async fn post_form(fixture: &Fixture, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    fixture.send_bare("POST", path, &headers, form.join("&").as_bytes()).await
}

#[tokio::test]
async fn a_device_is_let_in_once_a_person_has_typed_its_code() {
    let fixture = Fixture::new().await;
    let settings = &fixture.settings;
    let client = ("client_id", settings.consumer_key.as_str());
    let ask = async || token(&fixture, &[("response_type", "device_code"), client, ("scope", "api")], &[]).await.json();
    let poll = async |codes: &Json| {
        let code = codes["device_code"].as_str().unwrap();
        token(&fixture, &[("grant_type", "device"), client, ("code", code)], &[]).await
    };
    let decide = async |codes: &Json, password: &str, allow: &str| {
        let user_code = codes["user_code"].as_str().unwrap();
        let fields =
            [("user_code", user_code), ("username", &settings.username), ("password", password), ("allow", allow)];
        post_form(&fixture, "/setup/connect", &fields).await.text()
    };

    let codes = ask().await;
    assert_eq!(codes["verification_uri"], format!("{}/setup/connect", settings.url));
    assert_eq!((codes["user_code"].as_str().unwrap().len(), codes["interval"].as_u64()), (8, Some(5)));
    assert_eq!(poll(&codes).await.json()["error"], "authorization_pending");
    assert!(fixture.send_bare("GET", "/setup/connect", &[], &[]).await.text().contains("name=\"user_code\""));
    assert!(decide(&codes, "wrong", "true").await.contains("id=\"error\""));
    assert_eq!(poll(&codes).await.json()["error"], "authorization_pending");
    assert!(decide(&codes, &settings.password, "true").await.contains("connected"));
    let session = poll(&codes).await;
    assert_eq!(session.status, 200, "{}", session.text());
    assert!(is_good(&fixture, session.json()["access_token"].as_str().unwrap()).await);
    let refresh_token = session.json()["refresh_token"].as_str().unwrap().to_owned();
    let by_refresh = [("grant_type", "refresh_token"), client, ("refresh_token", refresh_token.as_str())];
    assert_eq!(token(&fixture, &by_refresh, &[]).await.status, 200);
    assert_eq!(poll(&codes).await.json()["error"], "invalid_grant", "a code is good once");

    let denied = ask().await;
    decide(&denied, &settings.password, "false").await;
    assert_eq!(poll(&denied).await.json()["error"], "access_denied");
    let late = ask().await;
    fixture.org().advance(Duration::from_secs(600));
    assert_eq!(poll(&late).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_that_is_revoked_takes_its_sessions_with_it() {
    let fixture = Fixture::new().await;
    let settings = &fixture.settings;
    let client = ("client_id", settings.consumer_key.as_str());
    let refresh = async |refresh_token: &str| {
        let fields = [("grant_type", "refresh_token"), client, ("refresh_token", refresh_token)];
        let answer = token(&fixture, &fields, &[]).await.json();
        answer["access_token"].as_str().map(str::to_owned).ok_or(answer["error"].clone())
    };
    let (one, other) =
        (refresh(&settings.refresh_token).await.unwrap(), refresh(&settings.refresh_token).await.unwrap());

    // A session alone …
    assert_eq!(post_form(&fixture, "/services/oauth2/revoke", &[("token", &one)]).await.status, 200);
    assert!(!is_good(&fixture, &one).await && is_good(&fixture, &other).await);
    // … and all of a refresh token.
    let revoked = post_form(&fixture, "/services/oauth2/revoke", &[("token", &settings.refresh_token)]).await;
    assert_eq!(revoked.status, 200);
    assert!(!is_good(&fixture, &other).await && is_good(&fixture, &settings.access_token).await);
    assert_eq!(refresh(&settings.refresh_token).await, Err(json!("invalid_grant")));
    let again = post_form(&fixture, "/services/oauth2/revoke", &[("token", &settings.refresh_token)]).await;
    assert_eq!((again.status, again.json()["error"].clone()), (400, json!("invalid_token")));
    // The settings name one that is good.
    let next = fixture.emulator.settings().refresh_token;
    assert!(refresh(&next).await.is_ok());
}

#[tokio::test]
async fn an_app_may_ask_what_a_token_is_good_for() {
    let fixture = Fixture::new().await;
    let settings = &fixture.settings;
    let client = [("client_id", settings.consumer_key.as_str()), ("client_secret", settings.consumer_secret.as_str())];
    let ask = async |asked: &str| {
        let fields = [&client[..], &[("token", asked)]].concat();
        post_form(&fixture, "/services/oauth2/introspect", &fields).await
    };

    let session = ask(&settings.access_token).await.json();
    assert_eq!((&session["active"], &session["token_type"]), (&json!(true), &json!("access_token")));
    assert_eq!(session["username"], settings.username);
    assert_eq!(session["exp"].as_i64().unwrap() - session["iat"].as_i64().unwrap(), 7200);
    assert_eq!(ask(&settings.refresh_token).await.json()["token_type"], "refresh_token");
    assert_eq!(ask("nothing").await.json(), json!({"active": false}));
    let wrong = [client[0], ("client_secret", "x"), ("token", "y")];
    let refused = post_form(&fixture, "/services/oauth2/introspect", &wrong).await;
    assert_eq!((refused.status, refused.json()["error"].clone()), (400, json!("invalid_client")));
}

#[tokio::test]
async fn no_secret_shows_in_debug_output() {
    let fixture = Fixture::new().await;
    let settings = &fixture.settings;

    let shown = format!("{:?} {settings:?} {:?}", fixture.emulator, fixture.org().identity());

    let secrets = [
        &settings.password,
        &settings.security_token,
        &settings.consumer_secret,
        &settings.access_token,
        &settings.refresh_token,
    ];
    for secret in secrets {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
}
