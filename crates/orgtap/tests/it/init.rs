//! From nothing to a configuration that works.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::context::TestContext;

#[test]
fn the_file_of_init_passes_check_once_the_variables_are_set() {
    let mut context = TestContext::new();
    context.orgtap(&["init"]).succeeds();

    let unset = context.orgtap(&["check"]).exits(1);
    assert!(
        unset.stderr.contains("`connection.password` needs the environment variable `SF_PASSWORD`, which is not set")
    );

    let settings = context.emulator().settings();
    context.set("ORGTAP_LOGIN_URL", &settings.url);
    context.set("SF_USERNAME", &settings.username);
    context.set("SF_PASSWORD", &settings.password);
    context.set("SF_TOKEN", &settings.security_token);
    let ran = context.orgtap(&["check"]).succeeds();

    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn init_overwrites_nothing_unless_forced() {
    let context = TestContext::new();
    context.write("own.toml", "mine");

    let refused = context.orgtap(&["init", "own.toml"]).exits(1);
    assert_eq!(
        refused.stderr,
        "error: could not write `own.toml`: the file exists\nhint: name another file, or overwrite this one with --force\n"
    );
    assert_eq!(context.read("own.toml"), "mine");

    context.orgtap(&["init", "--force", "own.toml"]).succeeds();
    assert!(context.read("own.toml").contains("[connection]"));
}

#[test]
fn the_file_of_init_is_private() {
    let context = TestContext::new();

    context.orgtap(&["init"]).succeeds();

    assert_eq!(fs::metadata(context.path("orgtap.toml")).unwrap().permissions().mode() & 0o777, 0o600);
}
