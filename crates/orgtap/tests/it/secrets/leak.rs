//! Finds secrets in bytes, however they are written.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use url::form_urlencoded::byte_serialize;

/// Parts of a key that are shorter tell nothing.
const KEY_PART: usize = 24;

/// Secrets in every way in which they could be written.
pub(super) struct Secrets {
    forms: BTreeSet<Vec<u8>>,
}

impl Secrets {
    pub(super) fn new(secrets: &[&str]) -> Self {
        Self { forms: secrets.iter().flat_map(|secret| forms(secret)).collect() }
    }

    /// Adds the lines of a private key.
    pub(super) fn and_key(mut self, pem: &str) -> Self {
        let lines = pem.lines().filter(|line| line.len() >= KEY_PART && !line.starts_with("-----"));
        // The first line says what kind of key it is, and is the same for all keys of that kind.
        self.forms.extend(lines.skip(1).map(|line| line.as_bytes().to_vec()));
        self
    }

    /// Adds the text with which a family of secrets begins.
    pub(super) fn and_beginning(mut self, text: &str) -> Self {
        self.forms.insert(text.as_bytes().to_vec());
        self
    }

    /// Returns a form of a secret that is in `bytes`.
    fn found_in(&self, bytes: &[u8]) -> Option<&[u8]> {
        self.forms.iter().map(Vec::as_slice).find(|form| bytes.windows(form.len()).any(|window| window == *form))
    }

    /// Asserts that no secret is in `bytes`.
    #[track_caller]
    pub(super) fn assert_absent(&self, bytes: &[u8], place: &str) {
        if let Some(form) = self.found_in(bytes) {
            panic!("`{}` is in {place}:\n{}", String::from_utf8_lossy(form), String::from_utf8_lossy(bytes));
        }
    }
}

/// Returns the ways to write `secret`: as it is, in URLs, XML, JSON and Rust, in hexadecimal, and in base64, at whatever place it stands
/// in what is encoded.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let in_form: String = byte_serialize(secret.as_bytes()).collect();
    let in_url = in_form.replace('+', "%20");
    let in_xml = ["&amp;&", "&lt;<", "&gt;>", "&quot;\"", "&apos;'"].iter().fold(secret.to_owned(), |text, entity| {
        let (escaped, plain) = entity.split_at(entity.len() - 1);
        // The ampersand comes first, so that it is not escaped twice.
        text.replace(plain, escaped)
    });
    let in_json = serde_json::to_string(secret).unwrap().trim_matches('"').to_owned();
    let in_rust = format!("{secret:?}").trim_matches('"').to_owned();
    let in_ascii: String = secret.escape_default().collect();
    let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let texts = [
        secret.to_owned(),
        in_form.to_lowercase(),
        in_form,
        in_url.to_lowercase(),
        in_url,
        in_xml,
        in_json,
        in_rust,
        in_ascii,
        hexadecimal.to_uppercase(),
        hexadecimal,
    ];
    texts.map(String::into_bytes).into_iter().chain(in_base64(secret.as_bytes())).collect()
}

/// Returns what is sure to stand in base64 of anything that holds `secret`.
fn in_base64(secret: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let at = move |before: usize, engine: &base64::engine::GeneralPurpose| {
        let text = engine.encode([&vec![0; before], secret].concat());
        // The characters at the ends depend on what stands before and behind as well.
        let start = (before * 8).div_ceil(6);
        let end = (before + secret.len()) * 8 / 6;
        text.as_bytes()[start..end].to_vec()
    };
    (0..3).flat_map(move |before| [at(before, &STANDARD), at(before, &URL_SAFE)])
}

/// Proves that what is looked for would be found.
#[test]
fn a_secret_is_found_however_it_is_written() {
    let secrets = Secrets::new(&["p4ss<W&rd>\"ä' /+=%"])
        .and_key("-----BEGIN\nMIIEvgIBADANBgkqhkiG9w0BAQEF\nogFDu68i6TKF+zUSEuTSbzX/\n")
        .and_beginning("00D!");
    let leaks = [
        "say p4ss<W&rd>\"ä' /+=% aloud",
        "password=p4ss%3CW%26rd%3E%22%C3%A4%27+%2F%2B%3D%25&",
        "p4ss%3cw%26rd%3e%22%c3%a4%27%20%2f%2b%3d%25",
        "<p>p4ss&lt;W&amp;rd&gt;&quot;ä&apos; /+=%</p>",
        r#"{"password":"p4ss<W&rd>\"ä' /+=%"}"#,
        r#"p4ss<W&rd>\"\u{e4}\' /+=%"#,
        "ogFDu68i6TKF+zUSEuTSbzX/",
        "session 00D!AQ",
    ];

    for leak in leaks {
        assert!(secrets.found_in(leak.as_bytes()).is_some(), "{leak}");
    }
    for user in ["", "u", "us", "use", "user"] {
        let pair = format!("{user}:p4ss<W&rd>\"ä' /+=%, and more");
        assert!(secrets.found_in(STANDARD.encode(&pair).as_bytes()).is_some(), "{pair}");
        assert!(secrets.found_in(URL_SAFE.encode(&pair).as_bytes()).is_some(), "{pair}");
    }
    for harmless in ["", "p4ss", "password = \"${SF_PASSWORD}\"", "MIIEvgIBADANBgkqhkiG9w0BAQEF", "00D000000000001AAA"]
    {
        assert!(secrets.found_in(harmless.as_bytes()).is_none(), "{harmless}");
    }
}

#[test]
#[should_panic(expected = "is in the log")]
fn a_leak_fails_the_test() {
    Secrets::new(&["s3cret"]).assert_absent(b"a s3cret out", "the log");
}
