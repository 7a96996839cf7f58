//! What an end-to-end test works with: an org, a folder, the binary, and the tables it leaves.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use orgtap_emulator::{Emulator, EmulatorOptions, Org};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The binary under test.
const ORGTAP: &str = env!("CARGO_BIN_EXE_orgtap");

/// An emulated org that answers over HTTP, and a folder with a configuration for it.
pub(crate) struct TestContext {
    folder: TempDir,
    variables: Vec<(String, String)>,
    emulator: Emulator,
    /// Answers for the emulator while the test waits for the binary.
    runtime: Runtime,
}

/// A small org of linked demo records.
pub(crate) fn demo_org() -> Org {
    Org::builder().demo(300).build()
}

impl TestContext {
    /// Starts a small demo org.
    pub(crate) fn new() -> Self {
        Self::with(demo_org(), EmulatorOptions::default())
    }

    /// Starts this org.
    pub(crate) fn with(org: Org, options: EmulatorOptions) -> Self {
        let runtime = Runtime::new().unwrap();
        let emulator = runtime.block_on(Emulator::start(org, options)).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), emulator, runtime }
    }

    /// Sets an environment variable of the binary; by default it has none but PATH.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn org(&self) -> &Org {
        self.emulator.org()
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Waits for something of the emulator.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Returns a path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Returns `[connection]` with what signs in to the org.
    pub(crate) fn connection(&self) -> String {
        let settings = self.emulator.settings();
        format!(
            "[connection]\nlogin_method = \"security_token\"\nlogin_url = \"{}\"\nusername = \"{}\"\npassword = \"{}\"\nsecurity_token = \"{}\"\n",
            settings.url, settings.username, settings.password, settings.security_token
        )
    }

    /// Writes `orgtap.toml`: the org, `t.db` as the destination, and these rows.
    pub(crate) fn configure(&self, rows: &str) {
        let connection = self.connection();
        self.write("orgtap.toml", &format!("{connection}[destination]\nkind = \"sqlite\"\npath = \"t.db\"\n{rows}"));
    }

    fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        self.command_under::<&str, S>(&[], args)
    }

    /// Returns the binary with these arguments, started by the program that `under` names, if any.
    pub(crate) fn command_under<U: AsRef<str>, S: AsRef<str>>(&self, under: &[U], args: &[S]) -> Command {
        let mut line = under.iter().map(AsRef::as_ref).chain([ORGTAP]).chain(args.iter().map(AsRef::as_ref));
        let mut command = Command::new(line.next().expect("the binary is there"));
        command.args(line).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn orgtap<S: AsRef<str>>(&self, args: &[S]) -> Ran {
        self.ran(&self.command(args).output().unwrap())
    }

    /// Starts the binary and leaves it running.
    pub(crate) fn start<S: AsRef<str>>(&self, args: &[S]) -> Running<'_> {
        let mut command = self.command(args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Running { context: self, child: Some(child) }
    }

    pub(crate) fn ran(&self, output: &Output) -> Ran {
        let text = |bytes: &[u8]| self.redact(std::str::from_utf8(bytes).unwrap());
        Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Replaces what differs from run to run: the folder, the port, decimal fractions.
    fn redact(&self, text: &str) -> String {
        redact_fractions(&self.redact_place(text))
    }

    /// Replaces the folder and the port.
    pub(crate) fn redact_place(&self, text: &str) -> String {
        let port = self.emulator.url().rsplit(':').next().unwrap_or_default().trim_end_matches('/').to_owned();
        text.replace(&self.folder.path().display().to_string(), "[folder]").replace(&format!(":{port}"), ":[port]")
    }

    /// Returns the answer to a question to `t.db`, each value as text, nulls as `NULL`.
    pub(crate) fn sql(&self, sql: &str) -> Vec<Vec<String>> {
        sql_of(&self.path("t.db"), sql)
    }
}

/// Asks an SQLite file.
pub(crate) fn sql_of(file: &Path, sql: &str) -> Vec<Vec<String>> {
    let database = Connection::open(file).unwrap();
    let mut statement = database.prepare(sql).unwrap();
    let width = statement.column_count();
    let text = |value: Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => String::from_utf8(bytes).unwrap(),
    };
    let rows = statement.query_map([], |row| (0..width).map(|index| row.get(index).map(text)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Replaces `1.23` by `[n]`, but leaves whole numbers and versions with one point after a letter.
fn redact_fractions(text: &str) -> String {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|char: char| char.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let is_fraction = number.split_once('.').is_some_and(|(_, digits)| !digits.is_empty() && !digits.contains('.'));
        redacted.push_str(before);
        redacted.push_str(if is_fraction { "[n]" } else { number });
        rest = after;
    }
    redacted + rest
}

/// Reads redacted JSON.
pub(crate) fn as_json(text: &str) -> serde_json::Value {
    serde_json::from_str(&text.replace("[n]", "0.5")).unwrap()
}

/// How the binary ended, with what differs from run to run replaced.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts that the exit code is `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that it went well.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// Returns standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        as_json(&self.stdout)
    }

    /// Returns standard error without its log lines.
    pub(crate) fn errors(&self) -> String {
        let is_log = |line: &&str| ["ERROR", "WARN", "INFO"].iter().any(|level| line.contains(&format!(" {level} ")));
        self.stderr.lines().filter(|line| !is_log(line)).collect::<Vec<_>>().join("\n")
    }
}

/// The binary while it runs. Killed when it is dropped.
pub(crate) struct Running<'a> {
    context: &'a TestContext,
    child: Option<Child>,
}

impl Running<'_> {
    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("the child is there until it is waited for")
    }

    /// Returns the process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().expect("the child is there until it is waited for").id()
    }

    /// Returns the first line of standard output.
    pub(crate) fn first_line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        line
    }

    /// Closes the reader of standard output, as `| head` does.
    pub(crate) fn close_stdout(&mut self) {
        drop(self.child().stdout.take());
    }

    /// Sends a signal: `INT`, `TERM`.
    pub(crate) fn signal(&mut self, name: &str) {
        let id = self.child().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Returns whether the binary has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child().try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ran {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        self.context.ran(&output)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
