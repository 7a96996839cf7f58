use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use crate::scripted::{Reply, Scripted, client, message, secret, token};
use crate::{ApiVersion, Connection, Error, ErrorKind, Login, SignedIn};

// Keys made for these tests; they open nothing.
const PKCS8: &str = include_str!("../../tests/keys/pkcs8.pem");
const PKCS1: &str = include_str!("../../tests/keys/pkcs1.pem");
/// The public half of both, as DER of PKCS #1.
const PUBLIC: &[u8] = include_bytes!("../../tests/keys/public.der");

fn security_token() -> Login {
    Login::SecurityToken {
        username: "u&me@example.com".to_owned(),
        password: secret("p<>\"'&"),
        security_token: secret("TOK"),
    }
}

fn connected_app() -> Login {
    Login::ConnectedApp {
        username: "u@example.com".to_owned(),
        password: secret("pass&word"),
        security_token: Some(secret("TOK")),
        consumer_key: "KEY".to_owned(),
        consumer_secret: secret("SEC RET"),
    }
}

fn client_credentials() -> Login {
    Login::ClientCredentials { consumer_key: "KEY".to_owned(), consumer_secret: secret("SECRET") }
}

fn jwt_bearer(private_key: &str) -> Login {
    Login::JwtBearer {
        username: "u@example.com".to_owned(),
        consumer_key: "KEY".to_owned(),
        private_key: secret(private_key),
    }
}

fn refresh_token(consumer_secret: Option<&str>) -> Login {
    let consumer_secret = consumer_secret.map(secret);
    Login::RefreshToken { consumer_key: "KEY".to_owned(), consumer_secret, refresh_token: secret("REFRESH") }
}

fn soap_success(password_expired: bool) -> Reply {
    Reply::new(
        200,
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
            xmlns="urn:partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><loginResponse><result>
            <metadataServerUrl>ORIGIN/services/Soap/m/46.0/00Dd0000000cQ8L</metadataServerUrl>
            <passwordExpired>{password_expired}</passwordExpired><sandbox>false</sandbox>
            <serverUrl>ORIGIN/services/Soap/u/46.0/00Dd0000000cQ8L</serverUrl>
            <sessionId>00Dd0000000cQ8L!AQ.a&amp;b&#33;</sessionId><userId>005d0000001Jb9tAAC</userId><userInfo>
            <organizationId>00Dd0000000cQ8LEAU</organizationId><roleId xsi:nil="true"/><userName>a@example.com</userName>
            </userInfo></result></loginResponse></soapenv:Body></soapenv:Envelope>"#
        ),
    )
    .header("content-type", "text/xml")
}

fn soap_fault(code: &str, text: &str) -> Reply {
    Reply::new(
        500,
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
            xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault>
            <faultcode>sf:{code}</faultcode><faultstring>{code}: {text}</faultstring>
            <detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>
            <sf:exceptionMessage>{text}</sf:exceptionMessage></sf:LoginFault></detail>
            </soapenv:Fault></soapenv:Body></soapenv:Envelope>"#
        ),
    )
    .header("content-type", "text/xml")
}

fn oauth_refusal(error: &str, description: &str) -> Reply {
    Reply::new(400, serde_json::json!({ "error": error, "error_description": description }).to_string())
        .header("content-type", "application/json")
}

fn versions() -> Reply {
    Reply::json(
        r#"[{"label":"Winter '25","url":"/services/data/v62.0","version":"62.0"},{"label":"Old","version":"31.0"}]"#,
    )
}

async fn sign_in(login: Login, replies: Vec<Reply>) -> (Scripted, Result<SignedIn, Error>) {
    let server = Scripted::start(replies).await;
    let (client, _) = client(server.connection(login));
    let result = client.sign_in().await;
    (server, result)
}

async fn refused(login: Login, reply: Reply) -> (Scripted, Error) {
    let (server, result) = sign_in(login, vec![reply]).await;
    (server, result.unwrap_err())
}

#[tokio::test]
async fn soap_login_sends_password_and_token_escaped_and_uses_the_session() {
    let server = Scripted::start([soap_success(false), versions(), Reply::json("{}")]).await;
    let (client, _) = client(server.connection(security_token()));

    let signed_in = client.sign_in().await.unwrap();
    client.limits().await.unwrap();

    let requests = server.received();
    assert_eq!(requests[0].line, "POST /services/Soap/u/62.0 HTTP/1.1");
    assert_eq!(requests[0].header("soapaction"), Some("login"));
    assert_eq!(requests[0].header("content-type"), Some("text/xml; charset=UTF-8"));
    assert!(requests[0].body.contains("<urn:username>u&amp;me@example.com</urn:username>"));
    assert!(requests[0].body.contains("<urn:password>p&lt;&gt;&quot;&apos;&amp;TOK</urn:password>"));
    assert_eq!(requests[2].header("authorization"), Some("Bearer 00Dd0000000cQ8L!AQ.a&b!"));
    assert_eq!(signed_in.instance_url, server.url);
    assert_eq!(signed_in.user_id.as_deref(), Some("005d0000001Jb9tAAC"));
    assert_eq!(signed_in.org_id.as_deref(), Some("00Dd0000000cQ8LEAU"));
}

#[tokio::test]
async fn soap_login_stays_at_the_last_version_that_has_it() {
    let server = Scripted::start([soap_success(false), Reply::json("{}")]).await;
    let connection = Connection { api_version: ApiVersion::new(66).unwrap(), ..server.connection(security_token()) };

    client(connection).0.limits().await.unwrap();

    assert_eq!(server.lines(), ["POST /services/Soap/u/64.0", "GET /services/data/v66.0/limits"]);
}

#[test]
fn a_host_with_api_in_its_name_is_replaced_by_the_one_with_the_rest_api() {
    let replaced = |url: &str| crate::domain::without_api(url.parse().unwrap()).to_string();

    assert_eq!(replaced("https://na1-api.salesforce.com/services/Soap/u/46.0/00D"), "https://na1.salesforce.com/");
    assert_eq!(replaced("https://acme-api.my.salesforce.com/x"), "https://acme-api.my.salesforce.com/x");
}

#[tokio::test]
async fn an_expired_password_is_a_failed_login() {
    let (_, error) = refused(security_token(), soap_success(true)).await;

    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(message(&error).ends_with("the password has expired"), "{}", message(&error));
    assert!(error.hint().unwrap().contains("set a new password"));
}

#[tokio::test]
async fn soap_faults_are_told_with_a_hint_and_tried_once() {
    let cases = [
        (
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
            ErrorKind::Credentials,
            "security_token",
        ),
        (
            "LOGIN_MUST_USE_SECURITY_TOKEN",
            "Are you at a new location?",
            ErrorKind::Credentials,
            "Reset My Security Token",
        ),
        ("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.", ErrorKind::Credentials, "OAuth"),
        ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "expired", ErrorKind::Credentials, "new password"),
        ("LOGIN_DURING_RESTRICTED_DOMAIN", "no", ErrorKind::Credentials, "IP ranges"),
        ("PASSWORD_LOCKOUT", "no", ErrorKind::Credentials, "lock-out"),
    ];
    for (code, text, kind, hint) in cases {
        let (server, error) = refused(security_token(), soap_fault(code, text)).await;

        assert_eq!(error.kind(), kind, "{code}");
        assert_eq!(error.error_code(), Some(code));
        assert!(message(&error).ends_with(&format!(": Salesforce answered {code}: {text}")), "{}", message(&error));
        assert!(error.hint().unwrap().contains(hint), "{code}: {:?}", error.hint());
        assert!(error.is_user_error() && !error.is_transient());
        assert_eq!(server.lines().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn the_code_of_a_soap_fault_cannot_command_a_terminal() {
    let (_, error) = refused(security_token(), soap_fault("INV&#27;[31m\u{1}&#155;2JLID", "no&#7;")).await;

    assert!(!message(&error).chars().any(char::is_control), "{}", message(&error));
    assert!(!error.error_code().unwrap().chars().any(char::is_control));
}

#[tokio::test]
async fn a_login_fault_that_passes_is_tried_again() {
    let replies = vec![soap_fault("SERVER_UNAVAILABLE", "later"), Reply::html(503), soap_success(false), versions()];

    let (server, result) = sign_in(security_token(), replies).await;

    assert!(result.is_ok());
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_login_answer_that_is_no_xml_of_salesforce_is_unexpected() {
    for body in ["", "<html>", "{}", "<a><sessionId>x</sessionId></a>"] {
        let (_, result) = sign_in(security_token(), vec![Reply::new(200, body); 3]).await;

        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedAnswer, "{body}");
    }
}

#[tokio::test]
async fn a_server_address_that_is_not_encrypted_is_refused() {
    let body = "<a><sessionId>S</sessionId><serverUrl>http://evil.example.com/services/Soap/u/46.0/00D</serverUrl></a>";
    let (server, result) = sign_in(security_token(), vec![Reply::new(200, body)]).await;

    assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedAnswer);
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn oauth_flows_send_their_form() {
    let cases = [
        (
            connected_app(),
            vec![
                ("grant_type", "password"),
                ("client_id", "KEY"),
                ("client_secret", "SEC RET"),
                ("username", "u@example.com"),
                ("password", "pass&wordTOK"),
            ],
        ),
        (
            client_credentials(),
            vec![("grant_type", "client_credentials"), ("client_id", "KEY"), ("client_secret", "SECRET")],
        ),
        (
            refresh_token(Some("SECRET")),
            vec![
                ("grant_type", "refresh_token"),
                ("client_id", "KEY"),
                ("client_secret", "SECRET"),
                ("refresh_token", "REFRESH"),
            ],
        ),
        (
            refresh_token(None),
            vec![("grant_type", "refresh_token"), ("client_id", "KEY"), ("refresh_token", "REFRESH")],
        ),
    ];
    for (login, form) in cases {
        let (server, result) = sign_in(login, vec![token("T1"), versions()]).await;

        let signed_in = result.unwrap();
        assert_eq!(signed_in.org_id.as_deref(), Some("00Dx0000000BV7zEAM"));
        assert_eq!(signed_in.user_id.as_deref(), Some("005x00000012Q9PAAU"));
        let request = &server.received()[0];
        assert_eq!(request.line, "POST /services/oauth2/token HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        for (name, value) in &form {
            assert_eq!(request.form(name).as_deref(), Some(*value), "{name}");
        }
        assert_eq!(request.body.split('&').count(), form.len(), "{}", request.body);
    }
}

#[tokio::test]
async fn jwt_bearer_sends_an_assertion_signed_with_the_key() {
    for private_key in [PKCS8.to_owned(), PKCS1.to_owned(), PKCS8.replace('\n', "\\n")] {
        let (server, result) = sign_in(jwt_bearer(&private_key), vec![token("T1"), versions()]).await;

        assert_eq!(result.unwrap().username.as_deref(), Some("u@example.com"));
        let request = &server.received()[0];
        assert_eq!(request.form("grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        let assertion = request.form("assertion").unwrap();
        let (text, signature) = assertion.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PUBLIC).verify(text.as_bytes(), &signature).unwrap();
        let (head, claims) = text.split_once('.').unwrap();
        assert_eq!(decoded(head)["alg"], "RS256");
        let claims = decoded(claims);
        assert_eq!(claims["iss"], "KEY");
        assert_eq!(claims["sub"], "u@example.com");
        assert_eq!(claims["aud"], "https://login.salesforce.com");
        let now: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!((1..=180).contains(&(claims["exp"].as_i64().unwrap() - now.as_second())));
    }
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_jwt_is_meant_for_the_shared_host_of_its_kind_of_org() {
    let connection = |sandbox, domain: Option<&str>| Connection {
        login: jwt_bearer(PKCS8),
        login_url: None,
        domain: domain.map(str::to_owned),
        sandbox,
        api_version: ApiVersion::default(),
        http: crate::HttpOptions::default(),
    };

    assert_eq!(crate::domain::audience(&connection(false, None)), "https://login.salesforce.com");
    assert_eq!(crate::domain::audience(&connection(false, Some("acme"))), "https://login.salesforce.com");
    assert_eq!(crate::domain::audience(&connection(true, Some("acme"))), "https://test.salesforce.com");
    assert_eq!(
        crate::domain::audience(&connection(false, Some("acme--uat.sandbox.my"))),
        "https://test.salesforce.com"
    );
}

#[test]
fn an_unusable_key_is_found_without_the_network() {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let elliptic = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for (private_key, cause) in
        [("", "not PEM"), ("hello", "not PEM"), (encrypted, "encrypted"), (elliptic.as_str(), "not an RSA key")]
    {
        let connection = Connection {
            login: jwt_bearer(private_key),
            login_url: None,
            domain: None,
            sandbox: false,
            api_version: ApiVersion::default(),
            http: crate::HttpOptions::default(),
        };

        let error = connection.check().unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(message(&error).contains(cause), "{}", message(&error));
    }
}

#[tokio::test]
async fn refusals_of_the_token_endpoint_are_told_with_a_hint_and_tried_once() {
    let cases = [
        ("invalid_grant", "authentication failure", "username-password flows"),
        ("invalid_grant", "authentication failure - Invalid Password", "`password`"),
        ("invalid_grant", "expired access/refresh token", "new refresh token"),
        ("invalid_grant", "no client credentials user enabled", "Run As"),
        ("invalid_grant", "request not supported on this domain", "`domain`"),
        ("invalid_grant", "user hasn't approved this consumer", "approve the app"),
        ("invalid_grant", "audience is invalid", "`sandbox`"),
        ("invalid_grant", "Audience validation failed", "`sandbox`"),
        ("invalid_grant", "invalid assertion", "certificate"),
        ("invalid_grant", "user is locked", "unlock"),
        ("invalid_grant", "inactive user", "activate"),
        ("invalid_grant", "ip restricted or invalid login hours", "IP restrictions"),
        ("invalid_app_access", "user is not admin approved to access this app", "permission set"),
        ("invalid_client_id", "client identifier invalid", "consumer_key"),
        ("invalid_client", "invalid client credentials", "consumer_secret"),
        ("unsupported_grant_type", "grant type not supported", "External Client Apps"),
        ("invalid_request", "missing", "every option"),
        ("something_new", "", "policies"),
    ];
    for (error, description, hint) in cases {
        let (server, refusal) = refused(connected_app(), oauth_refusal(error, description)).await;

        assert_eq!(refusal.kind(), ErrorKind::Credentials, "{error}");
        assert_eq!(refusal.error_code(), Some(error));
        assert!(message(&refusal).contains(description));
        assert!(refusal.hint().unwrap().contains(hint), "{error} {description}: {:?}", refusal.hint());
        assert_eq!(server.lines().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_refusal_that_says_nothing_of_the_credentials_passes() {
    let cases = [
        ("unknown_error", "retry your request"),
        ("server_error", ""),
        ("temporarily_unavailable", ""),
        ("invalid_request", "Token request is already being processed."),
    ];
    for (error, description) in cases {
        let replies = [oauth_refusal(error, description), token("T1"), versions()];
        let server = Scripted::start(replies).await;
        let (client, _) = client(server.connection(refresh_token(None)));

        client.sign_in().await.unwrap_or_else(|refusal| panic!("{error}: {refusal:?}"));

        assert_eq!(server.lines().len(), 3, "{error}");
    }
}

#[tokio::test]
async fn a_refusal_without_a_reason_has_that_checked_which_the_login_uses() {
    let cases = [
        (client_credentials(), "`consumer_secret`"),
        (jwt_bearer(PKCS8), "private key"),
        (refresh_token(None), "new refresh token"),
        (connected_app(), "`security_token`"),
    ];
    for (login, named) in cases {
        let replies = vec![token("T1"), versions(), Reply::session_lost()];
        let server =
            Scripted::start(replies.into_iter().chain([oauth_refusal("invalid_grant", "authentication failure")]))
                .await;
        let (client, _) = client(server.connection(login));
        client.sign_in().await.unwrap();

        // It is refused when it signs in again.
        let hint = client.limits().await.unwrap_err().hint().unwrap();

        assert!(hint.contains(named), "{hint}");
        assert_eq!(hint.contains("`password`"), named == "`security_token`", "{hint}");
    }
}

#[tokio::test]
async fn what_an_answer_repeats_of_the_request_is_masked() {
    let key = PKCS8;
    let logins =
        [security_token(), connected_app(), client_credentials(), jwt_bearer(key), refresh_token(Some("SEC RET"))];
    for login in logins {
        let (server, _) = refused(login.clone(), oauth_refusal("invalid_request", "no")).await;
        let request = &server.received()[0];
        let echo = match &login {
            Login::SecurityToken { .. } => soap_fault("INVALID_LOGIN", &format!("<![CDATA[{}]]>", request.body)),
            _ => {
                let decoded = percent_encoding::percent_decode_str(&request.body).decode_utf8().unwrap();
                oauth_refusal("invalid_request", &format!("{} {}", request.body, decoded.replace('+', " ")))
            }
        };

        let (_, error) = refused(login, echo).await;

        let told = message(&error);
        let assertion = request.form("assertion").unwrap_or("SECRET".to_owned());
        for secret in ["p&lt;", "TOK", "pass&", "pass%26", "SECRET", "SEC RET", "SEC+RET", "REFRESH", &assertion] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert!(told.contains("[masked]"), "{told}");
    }
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_asked_again() {
    for trouble in
        [Reply::html(503), Reply::html(502), Reply::html(420), Reply::new(429, ""), Reply::hang_up(), Reply::html(200)]
    {
        let (server, result) = sign_in(client_credentials(), vec![trouble, token("T1"), versions()]).await;

        assert!(result.is_ok(), "{result:?}");
        assert_eq!(server.lines().len(), 3);
    }
}

#[tokio::test]
async fn an_org_address_that_is_not_encrypted_is_refused() {
    let answer = Reply::json(r#"{"access_token":"T1","instance_url":"http://evil.example.com"}"#);
    let (server, error) = refused(client_credentials(), answer).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn wrong_credentials_are_tried_once_however_many_ask() {
    let server = Scripted::start([soap_fault("INVALID_LOGIN", "no")]).await;
    let (client, _) = client(server.connection(security_token()));

    let (first, second, third) = tokio::join!(client.limits(), client.describe_global(), client.sign_in());

    for kind in [first.unwrap_err().kind(), second.unwrap_err().kind(), third.unwrap_err().kind()] {
        assert_eq!(kind, ErrorKind::Credentials);
    }
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn one_sign_in_serves_all_who_wait() {
    let server = Scripted::start([token("T1"), Reply::json("{}"), Reply::json("{}"), Reply::json("{}")]).await;
    let (client, _) = server.renewing_client();
    let clone = client.clone();

    let results = tokio::join!(client.limits(), clone.limits(), clone.limits());

    assert!(results.0.is_ok() && results.1.is_ok() && results.2.is_ok());
    assert_eq!(server.lines().iter().filter(|line| line.contains("oauth2")).count(), 1);
}

#[tokio::test]
async fn a_rotated_refresh_token_serves_for_the_next_session() {
    let rotated = r#"{"access_token":"T1","instance_url":"ORIGIN","refresh_token":"SECOND"}"#;
    let replies = [
        Reply::json(rotated),
        Reply::session_lost(),
        token("T2"),
        Reply::json("{}"),
        Reply::session_lost(),
        token("T3"),
        Reply::json("{}"),
    ];
    let server = Scripted::start(replies).await;
    let (client, _) = client(server.connection(refresh_token(None)));

    client.limits().await.unwrap();
    client.limits().await.unwrap();

    let used: Vec<_> = server.received().iter().filter_map(|request| request.form("refresh_token")).collect();
    assert_eq!(used, ["REFRESH", "SECOND", "SECOND"]);
}

#[tokio::test]
async fn a_ready_token_is_proved_at_sign_in() {
    let identity = r#"{"identity":"https://login.salesforce.com/id/00Dx0000000BV7zEAM/005x00000012Q9PAAU"}"#;
    let server = Scripted::start([versions(), Reply::json(identity)]).await;
    let (client, _) = server.client();

    let signed_in = client.sign_in().await.unwrap();

    // The token is a JWT, or might be: it does not tell.
    assert_eq!(client.metered().org_id().await.unwrap().as_deref(), Some("00Dx0000000BV7z"));
    assert_eq!(server.lines(), ["GET /services/data/", "GET /services/data/v62.0/"]);
    assert_eq!(server.received()[0].header("authorization"), None);
    assert_eq!(signed_in.user_id.as_deref(), Some("005x00000012Q9PAAU"));
}

#[tokio::test]
async fn a_dead_ready_token_is_an_error_with_a_hint_and_no_second_sign_in() {
    let server = Scripted::start([versions(), Reply::session_lost()]).await;

    let error = server.client().0.sign_in().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.hint().unwrap().contains("access_token"));
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_token_with_line_ends_in_it_is_a_named_error() {
    let server = Scripted::start([]).await;
    let login = Login::AccessToken { access_token: secret("a\nb"), instance_url: server.url.clone() };

    let error = client(server.connection(login)).0.limits().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.hint().unwrap().contains("access_token"));
}

#[tokio::test]
async fn a_version_that_the_org_does_not_offer_is_named_with_those_it_does() {
    let offered = Reply::json(r#"[{"version":"31.0"},{"version":"58.0"},{"version":"60.0"}]"#);
    let (_, result) = sign_in(client_credentials(), vec![token("T1"), offered]).await;

    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Version);
    assert_eq!(message(&error), "could not use API version `62.0`: the org offers `58.0`, `60.0`");
    assert!(error.hint().unwrap().contains("`60.0`"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_xml_reader_panic(text in ".{0,200}") {
        super::security_token::Answer::read(&text);
    }

    #[test]
    fn no_xml_makes_the_xml_reader_panic(parts in proptest::collection::vec("</?[a-z]{1,3}[:/]?[a-zA-Z]{0,9}/?>|&#?[a-z0-9]{0,5};?|<!\\[CDATA\\[.{0,5}(\\]\\]>)?|<[?!].{0,5}|.{0,3}", 0..20)) {
        super::security_token::Answer::read(&parts.concat());
    }
}
