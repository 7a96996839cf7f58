//! No secret comes out: not on a stream, not in a file, not in the list of processes; whatever the command, the login method, the level
//! of logging and the way in which it fails.

mod files;
mod leak;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::thread;

use orgtap_emulator::{Action, CallKind, EmulatorOptions, Fault, Org, OrgIdentity, Settings, SignInRules};

use crate::context::TestContext;
use leak::Secrets;

const METHODS: [&str; 6] =
    ["security_token", "connected_app", "client_credentials", "jwt_bearer", "refresh_token", "access_token"];
const PROXY_PASSWORD: &str = "pr0xy+Pass/w&rd=1";
/// The file that holds what the user keeps secret, and the folder of files that the configuration refers to.
const KEPT: [&str; 2] = ["server.key", "token.txt"];
/// Each command with what it needs.
const COMMANDS: [&[&str]; 11] = [
    &["check"],
    &["plan"],
    &["plan", "--json"],
    &["run"],
    &["run", "--json"],
    &["objects", "--json"],
    &["describe", "Account"],
    &["query", "SELECT Id, Name FROM Account"],
    &["query", "--format", "json", "SELECT Nonsense FROM Account"],
    &["schema"],
    &["init", "new.toml"],
];
const LOUD: [&[&str]; 2] = [&["-vvv"], &["-vvv", "--log-format", "json"]];
/// Fewer commands, for the many ways to fail.
const FEW: [&[&str]; 3] = [&["check"], &["run", "--json"], &["query", "SELECT Id FROM Account"]];

/// An org whose secrets hold what is written otherwise in URLs, XML and JSON.
struct Vault {
    context: TestContext,
    settings: Settings,
    secrets: Secrets,
}

impl Vault {
    fn new() -> Self {
        let identity = OrgIdentity {
            password: "p4ss<W&rd>\"ä' /+=%".to_owned(),
            security_token: "T0ken+Of/Security=".to_owned(),
            consumer_secret: "C0nsumer&Secret=?".to_owned(),
            ..OrgIdentity::default()
        };
        let mut context =
            TestContext::with(Org::builder().identity(identity).demo(60).build(), EmulatorOptions::default());
        context.set("ORGTAP_TEST_HURRY", "1");
        let settings = context.emulator().settings();
        context.set("SF_PASSWORD", &settings.password);
        context.set("SF_CONSUMER_SECRET", &settings.consumer_secret);
        context.set("SF_ACCESS_TOKEN", &settings.access_token);
        context.set("SF_REFRESH_TOKEN", &settings.refresh_token);
        context.write("token.txt", &settings.security_token);
        context.write("server.key", &settings.private_key_pem);
        let secrets = Secrets::new(&[
            &settings.password,
            &settings.security_token,
            &settings.consumer_secret,
            &settings.refresh_token,
            &settings.access_token,
            PROXY_PASSWORD,
        ])
        .and_key(&settings.private_key_pem)
        // Of sessions opened later, what stands at their beginning is known.
        .and_beginning(settings.access_token.split_inclusive('!').next().unwrap());
        Self { context, settings, secrets }
    }

    /// Returns the options of a login method, with the secrets elsewhere.
    fn connection(&self, method: &str) -> String {
        let Settings { url, username, consumer_key, .. } = &self.settings;
        let user = format!("username = \"{username}\"\n");
        let key = format!("consumer_key = \"{consumer_key}\"\n");
        let options = match method {
            "security_token" => {
                format!("{user}password = \"${{SF_PASSWORD}}\"\nsecurity_token = \"${{file:token.txt}}\"\n")
            }
            "connected_app" => format!(
                "{user}{key}password = \"${{SF_PASSWORD}}\"\nsecurity_token = \"${{file:token.txt}}\"\nconsumer_secret = \"${{SF_CONSUMER_SECRET}}\"\n"
            ),
            "client_credentials" => format!("{key}consumer_secret = \"${{SF_CONSUMER_SECRET}}\"\n"),
            "jwt_bearer" => format!("{user}{key}private_key_file = \"server.key\"\n"),
            "refresh_token" => format!(
                "{key}refresh_token = \"${{SF_REFRESH_TOKEN}}\"\nconsumer_secret = \"${{SF_CONSUMER_SECRET}}\"\n"
            ),
            _ => format!("access_token = \"${{SF_ACCESS_TOKEN}}\"\ninstance_url = \"{url}\"\n"),
        };
        let login_url = if method == "access_token" { String::new() } else { format!("login_url = \"{url}\"\n") };
        format!("[connection]\nlogin_method = \"{method}\"\n{login_url}{options}")
    }

    /// Writes the configuration of a login method; `more` follows the connection's options.
    fn configure(&self, method: &str, more: &str) {
        let rows = "[[rows]]\nobject = \"Account\"\nload = \"incremental\"\n[[rows]]\nobject = \"Nothing__c\"\n";
        let connection = self.connection(method);
        self.context.write(
            "orgtap.toml",
            &format!("{connection}{more}[destination]\nkind = \"sqlite\"\npath = \"t.db\"\n{rows}"),
        );
    }

    /// Runs a command at every loudness and looks at everything that comes of it. Returns the exit codes.
    #[track_caller]
    fn run(&self, command: &[&str]) -> BTreeSet<Option<i32>> {
        LOUD.iter().map(|loud| self.run_as(&[command, loud].concat())).collect()
    }

    #[track_caller]
    fn run_as(&self, args: &[&str]) -> Option<i32> {
        let Output { status, stdout, stderr } = self.context.command_under::<&str, _>(&[], args).output().unwrap();
        for (name, bytes) in [("standard output", &stdout), ("standard error", &stderr)] {
            self.secrets.assert_absent(bytes, &format!("{name} of {args:?}"));
        }
        self.look_into(&self.context.path(""));
        fs::remove_file(self.context.path("new.toml")).ok();
        status.code()
    }

    /// Looks into every file below `folder` but those in which the user keeps the secrets.
    #[track_caller]
    fn look_into(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_kept = path.file_name().is_some_and(|name| KEPT.iter().any(|kept| name == *kept));
            if path.is_dir() {
                self.look_into(&path);
            } else if !is_kept {
                self.secrets.assert_absent(&fs::read(&path).unwrap(), &path.display().to_string());
            }
        }
    }
}

#[test]
fn no_command_tells_a_secret() {
    let vault = Vault::new();
    vault.configure("security_token", "");

    for command in COMMANDS {
        vault.run(command);
    }
    vault.run(&["demo", "--keep", "demo"]);
}

#[test]
fn no_login_method_tells_a_secret() {
    let vault = Vault::new();
    for method in METHODS {
        vault.configure(method, "");

        let codes = vault.run(&["run"]);

        // One of the two rows fails, so the sign-in went well.
        assert_eq!(codes, [Some(1)].into(), "{method}");
        assert!(vault.context.path("t.db").exists(), "{method} loaded nothing");
        fs::remove_file(vault.context.path("t.db")).unwrap();
    }
}

#[test]
fn a_csv_folder_holds_no_secret() {
    let vault = Vault::new();
    let connection = vault.connection("client_credentials");
    let rows = "[destination]\nkind = \"csv\"\npath = \"out\"\n[[rows]]\nobject = \"Account\"\n";
    vault.context.write("orgtap.toml", &format!("{connection}{rows}"));

    assert_eq!(vault.run(&["run"]), [Some(0)].into());
    assert!(vault.context.path("out/Account").exists());
}

#[test]
fn a_refused_sign_in_tells_no_secret() {
    let vault = Vault::new();
    let nobody = SignInRules {
        soap_login: false,
        password_flow: false,
        own_domain: false,
        run_as_user: false,
        app_approved: false,
        ..SignInRules::default()
    };
    vault.context.emulator().set_sign_in(nobody);
    for method in METHODS {
        vault.configure(method, "");
        vault.context.emulator().expire_sessions();

        FEW.iter().for_each(|command| drop(vault.run(command)));
    }
}

#[test]
fn wrong_credentials_are_kept_as_well() {
    let mut vault = Vault::new();
    for variable in ["SF_PASSWORD", "SF_CONSUMER_SECRET", "SF_ACCESS_TOKEN", "SF_REFRESH_TOKEN"] {
        vault.context.set(variable, PROXY_PASSWORD);
    }
    for method in METHODS.into_iter().filter(|method| *method != "jwt_bearer") {
        vault.configure(method, "");

        assert!(!vault.run(&["run"]).contains(&Some(0)), "{method}");
    }
}

#[test]
fn a_session_that_ends_tells_no_secret() {
    let vault = Vault::new();
    vault.context.emulator().faults().add(Fault::always(CallKind::Describe, Action::ExpireAllSessions)).unwrap();
    for method in METHODS {
        vault.configure(method, "");

        FEW.iter().for_each(|command| drop(vault.run(command)));
    }
}

#[test]
fn an_answer_that_repeats_the_secrets_is_not_repeated() {
    let vault = Vault::new();
    let answer = orgtap_emulator::CannedAnswer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: format!("{{\"access_token\":{0:?},\"instance_url\":{0:?}}}", vault.settings.access_token),
    };
    vault.context.emulator().faults().add(Fault::always(CallKind::Token, Action::Answer(answer))).unwrap();
    vault.configure("client_credentials", "");

    FEW.iter().for_each(|command| drop(vault.run(command)));
}

#[test]
fn a_broken_configuration_tells_no_secret() {
    let vault = Vault::new();
    let Settings { password, security_token, access_token, consumer_secret, .. } = &vault.settings;
    let secret = |text: &str| toml::Value::from(text).to_string();
    let broken = [
        format!("[connection]\npassword = {}\nsecurity_token = {}\n", secret(password), secret(security_token)),
        format!(
            "[connection]\nlogin_method = {}\napi_version = {}\nsandbox = {}\n",
            secret(password),
            secret(consumer_secret),
            secret(access_token)
        ),
        format!(
            "[connection]\naccess_token = [{}]\n[connection.proxy]\nurl = \"http://u:{PROXY_PASSWORD}@\"\n",
            secret(access_token)
        ),
        format!("[connection]\nconsumer_secret = {} {}\n", secret(consumer_secret), secret(password)),
        format!("[connection]\nconsumer_secret = '{consumer_secret}\n"),
        format!("[connection]\nsecurity_token = {security_token}\n"),
        format!("[connection]\npassword = {}\n[connection]\n", secret(password)),
    ];
    for text in broken {
        // The file is the user's own and holds the secrets; it lies where only the output is looked at.
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("orgtap.toml");
        fs::write(&file, text).unwrap();
        let file = file.display().to_string();

        for command in FEW {
            assert_eq!(vault.run(&[command, &["--config", &file]].concat()), [Some(1)].into());
        }
    }
}

#[test]
fn a_proxy_that_refuses_is_told_without_its_password() {
    let mut vault = Vault::new();
    let refusing = refusing_proxy();
    let in_table =
        format!("[connection.proxy]\nurl = \"{refusing}\"\nusername = \"tap\"\npassword = \"${{PROXY_PASSWORD}}\"\n");
    vault.context.set("PROXY_PASSWORD", PROXY_PASSWORD);
    vault.configure("security_token", &in_table);
    FEW.iter().for_each(|command| assert!(!vault.run(command).contains(&Some(0))));

    let encoded: String = url::form_urlencoded::byte_serialize(PROXY_PASSWORD.as_bytes()).collect();
    for proxy in [refusing.replace("//", &format!("//tap:{encoded}@")), format!("http://tap:{encoded}@127.0.0.1:1")] {
        vault.context.set("HTTP_PROXY", &proxy);
        vault.configure("security_token", "");
        FEW.iter().for_each(|command| assert!(!vault.run(command).contains(&Some(0))));
    }
}

/// Starts a proxy that asks for other credentials, and quotes those it got. Returns its address.
fn refusing_proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 16 * 1024];
            let read = stream.read(&mut request).unwrap_or_default();
            let quoted = String::from_utf8_lossy(&request[..read]).into_owned();
            let head = "HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\ncontent-type: text/html";
            // The binary may have gone away.
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n<html>{quoted}</html>", quoted.len() + 13).ok();
        }
    });
    address
}

#[test]
fn the_list_of_processes_shows_no_secret() {
    let vault = Vault::new();
    vault.configure("connected_app", "");
    let hold = Action::Hold { gate: "results".to_owned() };
    for call in [CallKind::Query, CallKind::Results, CallKind::ResultPages] {
        vault.context.emulator().faults().add(Fault::always(call, hold.clone())).unwrap();
    }
    let run = vault.context.start(&["run", "-vvv"]);
    vault.context.wait(vault.context.emulator().faults().held("results"));

    let command_line = fs::read(format!("/proc/{}/cmdline", run.id())).unwrap();

    assert!(!command_line.is_empty());
    vault.secrets.assert_absent(&command_line, "the command line");
    vault.look_into(&vault.context.path(""));
}
