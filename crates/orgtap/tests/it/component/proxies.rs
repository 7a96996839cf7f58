//! Proxies as people write them into the form, by way of one that others wrote: tinyproxy. Skipped where it is not installed.

use serde_json::{Value, json};

use super::site::Site;
use crate::proxy::tinyproxy::{PASSWORD, Tinyproxy, USER};

/// Extracts through the proxy that `options` describe.
fn through(options: Value) -> crate::context::Ran {
    let mut site = Site::demo().object("User");
    site.set("fields", json!(["Id"]));
    site.set("proxy", options);
    site.run()
}

#[test]
fn a_plain_proxy_works_however_it_is_written() {
    let ways: [fn(u16) -> Value; 5] = [
        |port| json!({ "proxy_server": "127.0.0.1", "proxy_port": port, "use_http_proxy_as_https": true }),
        |port| json!({ "proxy_server": "127.0.0.1", "proxy_port": port.to_string() }),
        |port| json!({ "proxy_server": "http://127.0.0.1", "proxy_port": port }),
        |port| json!({ "proxy_server": format!("http://127.0.0.1:{port}/") }),
        |port| json!({ "proxy_server": format!("127.0.0.1:{port}"), "proxy_port": port }),
    ];
    for way in ways {
        let Some(proxy) = Tinyproxy::open() else { return };
        let mut options = way(proxy.port());
        options["use_proxy"] = json!("1");
        let shown = options.to_string();

        let ran = through(options);

        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shown}");
        assert!(!proxy.requests().is_empty(), "{shown}: it was not used");
    }
}

#[test]
fn a_flag_of_the_platform_counts_as_one_of_the_form() {
    let Some(proxy) = Tinyproxy::open() else { return };
    let mut site = Site::demo().object("User");
    site.set("fields", json!(["Id"]));
    site.set("proxy", json!({ "use_proxy": true, "proxy_server": "127.0.0.1", "proxy_port": proxy.port() }));
    site.config["image_parameters"] = json!({ "use_http_proxy_as_https": true });

    let ran = site.run().succeeds();

    assert!(!ran.stdout.contains("speaks plain HTTP"), "{}", ran.stdout);
}

#[test]
fn credentials_with_any_characters_arrive() {
    let Some(proxy) = Tinyproxy::guarded() else { return };
    let options = |password: &str| {
        json!({
            "use_proxy": true, "proxy_server": "http://127.0.0.1", "proxy_port": proxy.port(),
            "basic_auth": true, "username": USER, "#password": password
        })
    };

    through(options(PASSWORD)).succeeds();
    let refused = through(options("wrong")).exits(1);

    assert!(refused.stderr.contains("proxy") && refused.stderr.lines().count() == 1, "{}", refused.stderr);
}

#[test]
fn a_proxy_that_is_not_there_is_the_users_to_mend() {
    for server in ["127.0.0.1", "http://127.0.0.1", "no.such.host.invalid"] {
        let ran = through(json!({ "use_proxy": true, "proxy_server": server, "proxy_port": 1 })).exits(1);

        assert!(ran.stderr.ends_with("check `proxy.proxy_server` and `proxy.proxy_port`\n"), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
}
