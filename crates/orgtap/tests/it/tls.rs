//! Certificates: who is believed, and what is said of whom is not.

use orgtap_emulator::{CallKind, EmulatorOptions};

use crate::context::{TestContext, demo_org};

/// The file with the certificate authority of the test's org.
const CA_FILE: &str = "ca.pem";

/// Starts a small demo org that answers over HTTPS, by a certificate whose authority only [`CA_FILE`] knows.
pub(crate) fn https_org() -> TestContext {
    let context = TestContext::with(demo_org(), EmulatorOptions { tls: true, ..EmulatorOptions::default() });
    context.emulator().write_ca(&context.path(CA_FILE)).unwrap();
    context
}

/// Writes a configuration that loads the users, with these options in `[connection]`.
fn configure(context: &TestContext, options: &str) {
    write(context, &context.connection(), options);
}

fn write(context: &TestContext, connection: &str, options: &str) {
    let rest = "[destination]\nkind = \"sqlite\"\npath = \"t.db\"\n[[rows]]\nobject = \"User\"\n";
    context.write("orgtap.toml", &format!("{connection}{options}\n{rest}"));
}

fn has_users(context: &TestContext) -> bool {
    context.sql("SELECT count(*) > 0 FROM User") == [["1"]]
}

/// Asserts that the run fails with these lines, and that nobody tried to sign in.
#[track_caller]
fn is_refused(context: &TestContext, lines: &[&str]) {
    let ran = context.orgtap(&["run", "-q"]).exits(1);

    assert_eq!(ran.stderr.lines().collect::<Vec<_>>(), lines);
    assert_eq!(context.emulator().calls(CallKind::Login), 0);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let context = https_org();
    configure(&context, "");

    is_refused(
        &context,
        &[
            "error: could not sign in at `127.0.0.1:[port]`: the certificate of `127.0.0.1:[port]` is not trusted: invalid peer certificate: UnknownIssuer",
            "hint: let `ca_file` name the certificate of the authority that signed it",
        ],
    );
}

#[test]
fn a_certificate_is_accepted_with_its_authority_in_ca_file() {
    let context = https_org();
    configure(&context, &format!("ca_file = \"{CA_FILE}\""));

    context.orgtap(&["run"]).succeeds();

    assert!(has_users(&context));
}

#[test]
fn a_certificate_is_accepted_with_its_authority_in_the_environment() {
    let mut context = https_org();
    let file = context.path(CA_FILE).display().to_string();
    context.set("SSL_CERT_FILE", &file);
    configure(&context, "");

    context.orgtap(&["run"]).succeeds();

    assert!(has_users(&context));
}

#[test]
fn ca_file_adds_to_the_authorities_of_the_environment() {
    let mut context = https_org();
    let own = context.path(CA_FILE).display().to_string();
    context.set("SSL_CERT_FILE", &own);
    let other = https_org();
    context.write("other.pem", other.emulator().ca_pem().unwrap());
    configure(&context, "ca_file = \"other.pem\"");

    context.orgtap(&["run"]).succeeds();
}

#[test]
fn another_authority_of_the_same_name_does_not_vouch() {
    let context = https_org();
    let other = https_org();
    context.write("other.pem", other.emulator().ca_pem().unwrap());
    configure(&context, "ca_file = \"other.pem\"");

    is_refused(
        &context,
        &[
            "error: could not sign in at `127.0.0.1:[port]`: the certificate of `127.0.0.1:[port]` is not trusted: invalid peer certificate: BadSignature",
            "hint: let `ca_file` name the certificate of the authority that signed it",
        ],
    );
}

#[test]
fn a_certificate_for_other_names_is_refused_whoever_signed_it() {
    let context = https_org();
    // An address of this machine that the certificate does not name.
    let connection = context.connection().replace("127.0.0.1", "0.0.0.0");
    write(&context, &connection, &format!("ca_file = \"{CA_FILE}\""));

    is_refused(
        &context,
        &[
            "error: could not sign in at `0.0.0.0:[port]`: the certificate of `0.0.0.0:[port]` is for another host: invalid peer certificate: certificate not valid for name \"0.0.0.0\"; certificate is only valid for DnsName(\"localhost\"), IpAddress(127.0.0.1), IpAddress(0::1), DnsName(\"*.salesforce.com\"), DnsName(\"*.my.salesforce.com\"), DnsName(\"*.sandbox.my.salesforce.com\"), DnsName(\"*.develop.my.salesforce.com\") or DnsName(\"*.scratch.my.salesforce.com\")",
            "hint: use the name that the certificate is for in `login_url`, `domain` or `instance_url`",
        ],
    );
}

#[test]
fn a_ca_file_that_gives_no_certificate_is_an_error() {
    let context = https_org();
    context.write("empty.pem", "");
    context.write("text.pem", "Ask Eve for the certificate.\n");
    let hint = "hint: let `ca_file` name a readable file of certificates in PEM";
    for (file, cause) in [("empty.pem", "there is none in the file"), ("text.pem", "there is none in the file")] {
        configure(&context, &format!("ca_file = \"{file}\""));

        let error = format!("error: could not read the certificates of `ca_file` `{file}`: {cause}");
        is_refused(&context, &[&error, hint]);
    }
}

#[test]
fn a_ca_file_that_is_missing_is_an_error() {
    let context = https_org();
    configure(&context, "ca_file = \"missing.pem\"");

    is_refused(
        &context,
        &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:7:11: `connection.ca_file` cannot be read: `missing.pem`: No such file or directory (os error 2)",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    );
}
