//! An org, a folder and a configuration that works until a case bends it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault, SignInRules};
use rusqlite::Connection;

use crate::context::TestContext;

/// What a case bends.
pub(super) struct Site {
    pub(super) context: TestContext,
    /// The options of `[connection]`, as TOML.
    connection: Vec<(String, String)>,
    /// What follows `[destination]`.
    destination: String,
    /// The rows.
    rows: String,
    /// The whole file, where it is not made of the above. Empty: no file.
    file: Option<String>,
    /// The program that starts the binary, with its arguments.
    under: Vec<&'static str>,
    /// What is held while the binary runs.
    held: Vec<Connection>,
}

impl Site {
    pub(super) fn new() -> Self {
        let mut context = TestContext::new();
        context.set("ORGTAP_TEST_HURRY", "1");
        let mut site = Self {
            context,
            connection: Vec::new(),
            destination: "kind = \"sqlite\"\npath = \"t.db\"\n".to_owned(),
            rows: "[[rows]]\nobject = \"Account\"\n".to_owned(),
            file: None,
            under: Vec::new(),
            held: Vec::new(),
        };
        site.sign_in_by("security_token");
        site
    }

    /// Configures a login method as the org wants it.
    pub(super) fn sign_in_by(&mut self, method: &str) {
        let settings = self.context.emulator().settings();
        let options: &[(&str, &String)] = match method {
            "security_token" => &[
                ("username", &settings.username),
                ("password", &settings.password),
                ("security_token", &settings.security_token),
            ],
            "connected_app" => &[
                ("username", &settings.username),
                ("password", &settings.password),
                ("security_token", &settings.security_token),
                ("consumer_key", &settings.consumer_key),
                ("consumer_secret", &settings.consumer_secret),
            ],
            "client_credentials" => {
                &[("consumer_key", &settings.consumer_key), ("consumer_secret", &settings.consumer_secret)]
            }
            "jwt_bearer" => &[("username", &settings.username), ("consumer_key", &settings.consumer_key)],
            "refresh_token" => &[("consumer_key", &settings.consumer_key), ("refresh_token", &settings.refresh_token)],
            _ => &[("access_token", &settings.access_token), ("instance_url", &settings.instance_url)],
        };
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), format!("{value:?}"))).collect();
        self.connection = options;
        self.set("login_method", method);
        if method != "access_token" {
            self.set("login_url", &settings.url);
        }
        if method == "jwt_bearer" {
            self.context.write("server.key", &settings.private_key_pem);
            self.set("private_key_file", "server.key");
        }
    }

    /// Sets an option of `[connection]` to a text.
    pub(super) fn set(&mut self, key: &str, text: &str) {
        self.remove(key);
        self.connection.push((key.to_owned(), format!("{text:?}")));
    }

    /// Removes an option of `[connection]`.
    pub(super) fn remove(&mut self, key: &str) {
        self.connection.retain(|(name, _)| name != key);
    }

    pub(super) fn destination(&mut self, kind: &str, path: &str) {
        self.destination = format!("kind = {kind:?}\npath = {path:?}\n");
    }

    /// Replaces the rows by one with these options.
    pub(super) fn row(&mut self, options: &str) {
        self.rows = format!("[[rows]]\n{options}\n");
    }

    /// Has the row read by a job, however few records it has.
    pub(super) fn by_job(&mut self) -> &Self {
        self.row("object = \"Account\"\napi = \"bulk\"");
        self
    }

    /// Adds a row with these options.
    pub(super) fn add_row(&mut self, options: &str) {
        self.rows.push_str(&format!("[[rows]]\n{options}\n"));
    }

    /// Replaces the whole file; by none, if the text is empty.
    pub(super) fn file(&mut self, text: &str) {
        self.file = Some(text.to_owned());
    }

    /// Scripts a fault of every call of a kind.
    pub(super) fn fault(&self, call: CallKind, action: Action) {
        self.context.emulator().faults().add(Fault::always(call, action)).unwrap();
    }

    /// Scripts the answer to every call of a kind.
    pub(super) fn answer(&self, call: CallKind, status: u16, media_type: &str, body: &str) {
        let headers = [("content-type".to_owned(), media_type.to_owned())].into();
        self.fault(call, Action::Answer(CannedAnswer { status, headers, body: body.to_owned() }));
    }

    /// Changes what the org allows when somebody signs in.
    pub(super) fn rules(&self, rules: SignInRules) {
        self.context.emulator().set_sign_in(rules);
    }

    /// Starts the binary by a shell with this script, which gets the command as its arguments.
    pub(super) fn start_by(&mut self, script: &'static str) {
        self.under = vec!["/bin/sh", "-c", script, "sh"];
    }

    /// Takes permissions away from a file or folder of the test, also from a user who otherwise needs none.
    pub(super) fn forbid(&mut self, name: &str, mode: u32) {
        fs::set_permissions(self.context.path(name), Permissions::from_mode(mode)).unwrap();
        let probe = self.context.path("probe");
        fs::write(&probe, "").unwrap();
        fs::set_permissions(&probe, Permissions::from_mode(0o0)).unwrap();
        if File::open(&probe).is_ok() {
            self.under = vec!["/usr/bin/setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"];
        }
    }

    /// Keeps a transaction open that writes `t.db`.
    pub(super) fn lock_database(&mut self) {
        let connection = Connection::open(self.context.path("t.db")).unwrap();
        connection.execute_batch("CREATE TABLE mine (a); BEGIN IMMEDIATE").unwrap();
        self.held.push(connection);
    }

    /// Runs the binary; returns the exit code and standard error.
    pub(super) fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let file = self.file.clone().unwrap_or_else(|| self.text());
        if !file.is_empty() {
            self.context.write("orgtap.toml", &file);
        }
        let output = self.context.command_under(&self.under, args).output().unwrap();
        (output.status.code(), self.context.redact_place(std::str::from_utf8(&output.stderr).unwrap()))
    }

    fn text(&self) -> String {
        let options: String = self.connection.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("[connection]\n{options}[destination]\n{}{}", self.destination, self.rows)
    }
}
