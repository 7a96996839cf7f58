//! Signing in: what the org, the app or the network refuses.

use orgtap_emulator::{Action, CallKind, SignInRules};

use super::Case;
use super::site::Site;

/// A key of the kind that JWTs of Salesforce cannot be signed with.
const ELLIPTIC_KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrAi9M3yiWtQYAx1E
8h9lwhERoVg3h+ldv869HjZMgGChRANCAASUQT2ZcDr96SQiBibEpFhETNh2zbpu
iyrG8oPgFlKOUqNjsc6dxbCHv84mPxXeFaQD5dZ1NvxDMpqXyumLo/YB
-----END PRIVATE KEY-----
";

fn sign_in_with_key(site: &mut Site, key: &str) {
    site.sign_in_by("jwt_bearer");
    site.context.write("server.key", key);
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a wrong password",
        bend: |site| site.set("password", "wrong"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
            "hint: check `username`, `password` and `security_token`, and `sandbox`: sandbox user names end with the sandbox's name",
        ],
    },
    Case {
        name: "a wrong security token",
        bend: |site| site.set("security_token", "wrong"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
            "hint: check `username`, `password` and `security_token`, and `sandbox`: sandbox user names end with the sandbox's name",
        ],
    },
    Case {
        name: "no security token where one is needed",
        bend: |site| site.set("security_token", ""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered LOGIN_MUST_USE_SECURITY_TOKEN: Invalid username, password, security token; or user locked out. Are you at a new location? When accessing Salesforce--either via a desktop client or the API--from outside of your company’s trusted networks, you must add a security token to your password to log in. To get your new security token, log in to Salesforce. From your personal settings, enter Reset My Security Token in the Quick Find box, then select Reset My Security Token.",
            "hint: set `security_token`: Salesforce mails a new one from Settings → Reset My Security Token",
        ],
    },
    Case {
        name: "an expired password",
        bend: |site| site.rules(SignInRules { password_expired: true, ..SignInRules::default() }),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: the password has expired",
            "hint: set a new password in Salesforce; a new security token comes by mail",
        ],
    },
    Case {
        name: "SOAP login turned off",
        bend: |site| site.rules(SignInRules { soap_login: false, ..SignInRules::default() }),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered INVALID_OPERATION: SOAP API login() is disabled by default in this org. A system administrator must enable it before SOAP API login() can be used.",
            "hint: choose an OAuth `login_method` such as `client_credentials`: the org has SOAP login turned off",
        ],
    },
    Case {
        name: "the password flow turned off",
        bend: |site| {
            site.sign_in_by("connected_app");
            site.rules(SignInRules { password_flow: false, ..SignInRules::default() });
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_grant: authentication failure",
            "hint: check `username`, `password` and `security_token`; new orgs also forbid this flow until Setup → OAuth and OpenID Connect Settings allows username-password flows",
        ],
    },
    Case {
        name: "a wrong consumer key",
        bend: |site| {
            site.sign_in_by("connected_app");
            site.set("consumer_key", "wrong");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_client_id: client identifier invalid",
            "hint: check `consumer_key`, and that `domain` and `sandbox` lead to the org that has the app",
        ],
    },
    Case {
        name: "a wrong consumer secret",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.set("consumer_secret", "wrong");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_client: invalid client credentials",
            "hint: check `consumer_key` and `consumer_secret`",
        ],
    },
    Case {
        name: "client credentials at a host of all orgs",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.rules(SignInRules { own_domain: false, ..SignInRules::default() });
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_grant: request not supported on this domain",
            "hint: set `domain` to the org's own, such as `https://acme.my.salesforce.com`",
        ],
    },
    Case {
        name: "client credentials with the wrong domain",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.remove("login_url");
            site.set("domain", "login.salesforce.com");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not find the host to sign in at: Salesforce takes client credentials only at the org's own domain",
            "hint: set `domain` to the org's own, such as `https://acme.my.salesforce.com` (Setup → My Domain)",
        ],
    },
    Case {
        name: "client credentials without a domain",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.remove("login_url");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:1:1: `connection.domain` is missing: login_method `client_credentials` needs it, such as `https://acme.my.salesforce.com`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "client credentials without a user to run as",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.rules(SignInRules { run_as_user: false, ..SignInRules::default() });
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_grant: no client credentials user enabled",
            "hint: set a `Run As` user, by user name, in the client credentials flow of the app",
        ],
    },
    Case {
        name: "a key file that is no PEM",
        bend: |site| sign_in_with_key(site, "ssh-rsa AAAA\n"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use the private key: it is not PEM",
            "hint: give the RSA key, in PEM (PKCS #8 or PKCS #1), that belongs to the certificate uploaded to the app",
        ],
    },
    Case {
        name: "an elliptic key",
        bend: |site| sign_in_with_key(site, ELLIPTIC_KEY),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use the private key: it is not an RSA key of 2048 to 4096 bits: WrongAlgorithm",
            "hint: give the RSA key, in PEM (PKCS #8 or PKCS #1), that belongs to the certificate uploaded to the app",
        ],
    },
    Case {
        name: "an app that nobody approved",
        bend: |site| {
            site.sign_in_by("jwt_bearer");
            site.rules(SignInRules { app_approved: false, ..SignInRules::default() });
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_grant: user hasn't approved this consumer",
            "hint: let an administrator approve the app for the user (`Admin approved users are pre-authorized`, and a permission set or profile)",
        ],
    },
    Case {
        name: "a revoked refresh token",
        bend: |site| {
            site.sign_in_by("refresh_token");
            site.set("refresh_token", "wrong");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered invalid_grant: expired access/refresh token",
            "hint: grant a new refresh token: this one is revoked, expired, or older than the user's newest five",
        ],
    },
    Case {
        name: "a dead access token",
        bend: |site| {
            site.sign_in_by("access_token");
            site.context.emulator().expire_sessions();
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in again: the access token is no longer valid, and nothing is configured to get another",
            "hint: set a new `access_token`, for example from `sf org display`, or choose another `login_method`",
        ],
    },
    Case {
        name: "an address that is not encrypted",
        bend: |site| site.set("login_url", "http://login.example.com"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use `login_url`: `http://login.example.com` is not encrypted",
            "hint: begin the address with `https://`; `http://` is for this machine alone",
        ],
    },
    Case {
        name: "nobody listening",
        bend: |site| site.set("login_url", "http://127.0.0.1:1"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: could not sign in at `127.0.0.1:1`: `127.0.0.1:1` could not be reached: Connection refused (os error 111)",
            "hint: check the network, the address, and the proxy: the one that is set, or whether one is needed",
        ],
    },
    Case {
        name: "a proxy that does not listen",
        bend: |site| site.context.set("HTTP_PROXY", "http://user:secret@127.0.0.1:1"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: `127.0.0.1:[port]` could not be reached: Connection refused (os error 111)",
            "hint: check the network, the address, and the proxy: the one that is set, or whether one is needed",
        ],
    },
    Case {
        name: "https to a server without it",
        bend: |site| {
            let url = site.context.emulator().url().replace("http:", "https:");
            site.set("login_url", &url);
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: `127.0.0.1:[port]` does not speak TLS: received corrupt message of type InvalidContentType",
            "hint: check the port, and whether a proxy in between is spoken to by `http://`",
        ],
    },
    Case {
        name: "a CA file without certificates",
        bend: |site| {
            site.context.write("ca.pem", "none\n");
            site.set("ca_file", "ca.pem");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not read the certificates of `ca_file` `ca.pem`: there is none in the file",
            "hint: let `ca_file` name a readable file of certificates in PEM",
        ],
    },
    Case {
        name: "an API version that the org does not know yet",
        bend: |site| site.set("api_version", "99.0"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use API version `99.0`: the org offers `47.0`, `48.0`, `49.0`, `50.0`, `51.0`, `52.0`, `53.0`, `54.0`, `55.0`, `56.0`, `57.0`, `58.0`, `59.0`, `60.0`, `61.0`, `62.0`, `63.0`, `64.0`, `65.0`, `66.0`, `67.0`",
            "hint: set `api_version` to `67.0`, or to another of these",
        ],
    },
    Case {
        name: "an API version that the org has retired",
        bend: |site| {
            site.answer(CallKind::Versions, 200, "application/json", r#"[{"version":"63.0"},{"version":"64.0"}]"#)
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use API version `62.0`: the org offers `63.0`, `64.0`",
            "hint: set `api_version` to `64.0`, or to another of these",
        ],
    },
    Case {
        name: "a login host in maintenance",
        bend: |site| site.fault(CallKind::Login, Action::Unavailable),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered HTTP 503 with a web page",
            "hint: run again later; https://status.salesforce.com tells how Salesforce is doing",
        ],
    },
    Case {
        name: "a login answered by a web page",
        bend: |site| {
            site.answer(CallKind::Login, 200, "text/html", "<html>Welcome to our network. Please sign in.</html>")
        },
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: the answer is not that of a Salesforce login",
            "hint: check `domain` and `login_url`",
        ],
    },
];
