//! The way to the org through a proxy that others wrote: tinyproxy. Skipped where it is not installed.

pub(crate) mod tinyproxy;
mod witness;

use crate::context::{Ran, TestContext};
use crate::tls::https_org;
use tinyproxy::{PASSWORD, Tinyproxy, USER};
use witness::Witness;

/// A proxy that is not there.
const NOWHERE: &str = "http://127.0.0.1:1";
/// The environment variables that name proxies.
const VARIABLES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The orgs to reach: one over plain HTTP, which a proxy reads, and one over HTTPS, to which it opens a tunnel.
fn orgs() -> [(&'static str, TestContext); 2] {
    let mut orgs = [("http", TestContext::new()), ("https", https_org())];
    for (_, context) in &mut orgs {
        context.set("ORGTAP_TEST_HURRY", "1");
    }
    orgs
}

/// Writes a configuration that loads the users, with these options in `[connection]`.
fn configure(context: &TestContext, options: &str) {
    let ca_file = if context.emulator().ca_pem().is_some() { "ca_file = \"ca.pem\"\n" } else { "" };
    let rest = "[destination]\nkind = \"sqlite\"\npath = \"t.db\"\n[[rows]]\nobject = \"User\"\napi = \"bulk\"\n";
    context.write("orgtap.toml", &format!("{}{ca_file}{options}\n{rest}", context.connection()));
}

/// Returns `[connection.proxy]` with this URL and these options.
fn proxy_table(url: &str, options: &str) -> String {
    format!("[connection.proxy]\nurl = \"{url}\"\n{options}\n")
}

fn run(context: &TestContext) -> Ran {
    context.orgtap(&["run", "-q"])
}

fn loads(context: &TestContext) {
    run(context).succeeds();

    assert_eq!(context.sql("SELECT count(*) > 0 FROM User"), [["1"]]);
}

fn calls(context: &TestContext) -> usize {
    context.emulator().stats().calls.values().map(|count| usize::try_from(*count).unwrap()).sum()
}

/// Asserts that all that the org was asked came through the proxy that saw these requests.
#[track_caller]
fn all_went_through(context: &TestContext, requests: &[String]) {
    let url = context.emulator().url();
    let address = url.split_once("://").unwrap().1;
    assert!(calls(context) > 5, "{requests:?}");
    if url.starts_with("https:") {
        // A tunnel takes any number of calls.
        assert!(!requests.is_empty());
        assert!(requests.iter().all(|request| *request == format!("CONNECT {address} HTTP/1.1")), "{requests:?}");
    } else {
        assert_eq!(requests.len(), calls(context), "{requests:?}");
        assert!(requests.iter().all(|request| request.contains(&format!(" {url}/services/"))), "{requests:?}");
    }
}

#[test]
fn a_run_goes_through_the_proxy_of_the_configuration() {
    for (_, mut context) in orgs() {
        let Some(proxy) = Tinyproxy::open() else { return };
        VARIABLES.iter().for_each(|name| context.set(name, NOWHERE));
        configure(&context, &proxy_table(&proxy.url(), ""));

        loads(&context);

        all_went_through(&context, &proxy.requests());
    }
}

#[test]
fn a_run_goes_through_the_proxy_of_the_environment() {
    let of_scheme =
        |scheme| if scheme == "http" { ["HTTP_PROXY", "http_proxy"] } else { ["HTTPS_PROXY", "https_proxy"] };
    for name in 0..4 {
        for (scheme, mut context) in orgs() {
            let Some(proxy) = Tinyproxy::guarded() else { return };
            let [upper, lower] = of_scheme(scheme);
            context.set([upper, lower, "ALL_PROXY", "all_proxy"][name], &proxy.url_with(USER, PASSWORD));
            configure(&context, "");

            loads(&context);

            all_went_through(&context, &proxy.requests());
        }
    }
}

#[test]
fn a_proxy_of_the_environment_serves_its_own_scheme_only() {
    for (scheme, mut context) in orgs() {
        let Some(proxy) = Tinyproxy::open() else { return };
        context.set(if scheme == "http" { "HTTPS_PROXY" } else { "HTTP_PROXY" }, &proxy.url());
        configure(&context, "");

        loads(&context);

        assert_eq!(proxy.requests(), [""; 0]);
    }
}

#[test]
fn a_proxy_that_asks_for_credentials_gets_those_of_the_configuration() {
    for (_, context) in orgs() {
        let Some(proxy) = Tinyproxy::guarded() else { return };
        let credentials = format!("username = \"{USER}\"\npassword = \"{PASSWORD}\"");
        configure(&context, &proxy_table(&proxy.url_with("replaced", "replaced"), &credentials));

        loads(&context);

        all_went_through(&context, &proxy.requests());
    }
}

#[test]
fn a_proxy_that_asks_for_credentials_gets_those_of_its_url() {
    for (_, context) in orgs() {
        let Some(proxy) = Tinyproxy::guarded() else { return };
        configure(&context, &proxy_table(&proxy.url_with(USER, PASSWORD), ""));

        loads(&context);

        all_went_through(&context, &proxy.requests());
    }
}

#[test]
fn special_characters_in_credentials_arrive_as_they_are() {
    let (user, password) = ("acme\\me@example.com", "p@:/%?#& ü+\\");
    let encoded = ("acme%5Cme%40example.com", "p%40%3A%2F%25%3F%23%26%20%C3%BC+%5C");
    for (_, context) in orgs() {
        let Some(proxy) = Tinyproxy::open() else { return };
        // tinyproxy itself knows passwords of letters and digits only.
        let witness = Witness::before(proxy.port());
        let apart = proxy_table(&witness.url(), &format!("username = '{user}'\npassword = '{password}'"));
        let (encoded_user, encoded_password) = encoded;
        let in_url = proxy_table(&witness.url_with(encoded_user, encoded_password), "");
        for options in [apart, in_url] {
            configure(&context, &options);

            loads(&context);

            let seen = witness.take();
            assert!(!seen.is_empty());
            assert!(seen.iter().all(|credentials| *credentials == format!("{user}:{password}")), "{seen:?}");
        }
        all_went_through(&context, &proxy.requests());
    }
}

#[test]
fn hosts_of_no_proxy_are_reached_directly() {
    for host in ["127.0.0.1", "127.0.0.0/8", "*"] {
        for (_, mut context) in orgs() {
            let Some(proxy) = Tinyproxy::open() else { return };
            configure(&context, &proxy_table(&proxy.url(), &format!("no_proxy = [\"example.com\", \"{host}\"]")));
            loads(&context);

            configure(&context, "");
            context.set("ALL_PROXY", &proxy.url());
            context.set("NO_PROXY", &format!("example.com,{host}"));
            loads(&context);

            assert_eq!(proxy.requests(), [""; 0]);
        }
    }
}

#[test]
fn hosts_beside_no_proxy_go_through_the_proxy() {
    for (_, context) in orgs() {
        let Some(proxy) = Tinyproxy::open() else { return };
        configure(&context, &proxy_table(&proxy.url(), "no_proxy = [\"example.com\", \"127.0.0.2\", \"localhost\"]"));

        loads(&context);

        all_went_through(&context, &proxy.requests());
    }
}

/// Runs through a proxy that does not connect, and asserts how it ends. Only a tunnel is sure to bring the proxy's refusal: of a request
/// that it reads itself it may hang up on the rest.
#[track_caller]
fn fails(proxy_url: &str, code: i32, lines: [&str; 2]) {
    let mut context = https_org();
    context.set("ORGTAP_TEST_HURRY", "1");
    configure(&context, &proxy_table(proxy_url, ""));

    let ran = run(&context).exits(code);

    assert_eq!(ran.stderr.lines().collect::<Vec<_>>(), lines);
    assert_eq!(calls(&context), 0);
}

const REFUSED: [&str; 2] = [
    "error: could not sign in at `127.0.0.1:[port]`: the proxy refused to connect to `127.0.0.1:[port]`: tunnel error: unsuccessful",
    "hint: check the proxy's address and credentials, and that it allows this host",
];

#[test]
fn no_credentials_where_the_proxy_asks_for_some_is_told() {
    let Some(proxy) = Tinyproxy::guarded() else { return };

    fails(
        &proxy.url(),
        1,
        [
            "error: could not sign in at `127.0.0.1:[port]`: the proxy asks for credentials before it connects to `127.0.0.1:[port]`: tunnel error: proxy authorization required",
            "hint: check the proxy's `username` and `password`",
        ],
    );
}

#[test]
fn wrong_credentials_for_the_proxy_are_told() {
    let Some(proxy) = Tinyproxy::guarded() else { return };

    fails(&proxy.url_with(USER, "wrong"), 1, REFUSED);
}

#[test]
fn a_proxy_that_forbids_the_org_is_told() {
    let Some(proxy) = Tinyproxy::start("Filter \"/dev/null\"\nFilterDefaultDeny Yes\n") else { return };

    fails(&proxy.url(), 1, REFUSED);
}

#[test]
fn a_proxy_that_is_not_there_is_never_gone_around() {
    fails(
        NOWHERE,
        2,
        [
            "error: could not sign in at `127.0.0.1:[port]`: `127.0.0.1:[port]` could not be reached: Connection refused (os error 111)",
            "hint: check the network, the address, and the proxy: the one that is set, or whether one is needed",
        ],
    );
}
