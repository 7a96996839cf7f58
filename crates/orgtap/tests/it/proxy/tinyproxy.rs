//! tinyproxy, started for one test, with a port and a log of its own.

use std::io::{BufRead, BufReader, ErrorKind, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

/// Whom a guarded one lets through.
pub(crate) const USER: &str = "agent";
pub(crate) const PASSWORD: &str = "letmein";

/// A running tinyproxy.
pub(crate) struct Tinyproxy {
    process: Process,
    port: u16,
    /// Reads the log to its end.
    log: JoinHandle<Vec<String>>,
}

/// A program that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Tinyproxy {
    /// Starts one that lets everybody through; `None` where there is none to start.
    pub(crate) fn open() -> Option<Self> {
        Self::start("")
    }

    /// Starts one that asks for [`USER`] and [`PASSWORD`].
    pub(crate) fn guarded() -> Option<Self> {
        Self::start(&format!("BasicAuth {USER} {PASSWORD}\n"))
    }

    /// Starts one with these lines in its configuration.
    pub(crate) fn start(options: &str) -> Option<Self> {
        // Somebody else may take the port before tinyproxy does.
        for _ in 0..5 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let mut process = spawn(&format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nLogLevel Info\n{options}"))?;
            let mut log = BufReader::new(process.0.stdout.take().unwrap()).lines().map_while(Result::ok);
            if log.any(|line| line.contains("Accepting connections")) {
                return Some(Self { process, port, log: thread::spawn(move || log.collect()) });
            }
        }
        panic!("tinyproxy does not start");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn url_with(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// Ends it and returns the requests that it saw, such as `CONNECT 127.0.0.1:8080 HTTP/1.1`.
    pub(crate) fn requests(self) -> Vec<String> {
        drop(self.process);
        let request = |line: String| Some(line.split_once(" Request (")?.1.split_once("): ")?.1.to_owned());
        self.log.join().unwrap().into_iter().filter_map(request).collect()
    }
}

fn spawn(configuration: &str) -> Option<Process> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(configuration.as_bytes()).unwrap();
    let (_, path) = file.keep().unwrap();
    let mut command = Command::new("tinyproxy");
    command.arg("-d").arg("-c").arg(path).stdout(Stdio::piped()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => Some(Process(child)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip();
            None
        }
        Err(error) => panic!("tinyproxy: {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no environment module to take it from")]
#[expect(clippy::print_stdout, reason = "who runs the tests has to see that some were skipped")]
fn skip() {
    let required = std::env::var("ORGTAP_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "tinyproxy"), "tinyproxy is not installed");
    println!("skipped: tinyproxy is not installed");
}
