//! What a connection keeps secret, masked in whatever a server says.
//!
//! Gateways and endpoints in trouble like to repeat the request, which has the secrets in it, and not always letter for letter: as part of an
//! address, of XML, of JSON. All of an error that a server may have written goes through here before anybody sees it.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::resolve_xml_entity;
use secrecy::{ExposeSecret, SecretString};

use crate::connection::{Connection, Login, ProxyServer};
use crate::untrusted::{CUT, is_blank};

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "[masked]";

/// Secrets of fewer characters are masked where they are a word: elsewhere they would be found in many others.
const SHORT: usize = 6;

/// So many characters of a secret are one although the rest was cut off.
const ENOUGH: usize = 3;

/// The longest entity of XML, without its ends: `#x10ffff`.
const LONGEST_ENTITY: usize = 8;

/// The secrets that are known by now.
pub(crate) struct Secrets(RwLock<Vec<SecretString>>);

impl Secrets {
    /// Collects the secrets of `connection`, but for the private key, which is never sent.
    pub(crate) fn of(connection: &Connection) -> Self {
        let secrets = Self(RwLock::default());
        for secret in of_login(&connection.login) {
            secrets.learn(secret.expose_secret());
        }
        // It is no secret everywhere, but platforms that run orgtap keep it as one.
        if let Login::ConnectedApp { consumer_key, .. }
        | Login::ClientCredentials { consumer_key, .. }
        | Login::JwtBearer { consumer_key, .. }
        | Login::RefreshToken { consumer_key, .. } = &connection.login
        {
            secrets.learn(consumer_key);
        }
        let proxies = &connection.http.proxies;
        for proxy in proxies.https.iter().chain(&proxies.http) {
            secrets.learn_proxy(proxy);
        }
        secrets
    }

    /// Takes up a secret that the org gave, or that was made for it.
    pub(crate) fn learn(&self, secret: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !secret.trim().is_empty() && !known.iter().any(|known| known.expose_secret() == secret) {
            known.push(SecretString::from(secret));
        }
    }

    fn learn_proxy(&self, proxy: &ProxyServer) {
        let in_address = proxy.url.password().filter(|password| !password.is_empty());
        in_address.into_iter().for_each(|password| self.learn(password));
        let Some(password) = &proxy.password else { return };
        let username = proxy.username.as_deref().unwrap_or_default();
        self.learn(password.expose_secret());
        self.learn(&STANDARD.encode(format!("{username}:{}", password.expose_secret())));
    }

    /// Returns `text` without the secrets, however they are spelled.
    pub(crate) fn mask(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let before = masked.chars().next_back();
            let found = known.iter().filter_map(|secret| length_in(secret.expose_secret(), rest, before)).max();
            if found.is_some() {
                masked.push_str(MASK);
            } else {
                masked.push(next);
            }
            rest = rest.get(found.unwrap_or(next.len_utf8())..).unwrap_or_default();
        }
        masked
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

fn of_login(login: &Login) -> Vec<&SecretString> {
    match login {
        Login::SecurityToken { password, security_token, .. } => vec![password, security_token],
        Login::ConnectedApp { password, security_token, consumer_secret, .. } => {
            [password, consumer_secret].into_iter().chain(security_token).collect()
        }
        Login::ClientCredentials { consumer_secret, .. } => vec![consumer_secret],
        Login::JwtBearer { .. } => Vec::new(),
        Login::RefreshToken { consumer_secret, refresh_token, .. } => {
            [refresh_token].into_iter().chain(consumer_secret).collect()
        }
        Login::AccessToken { access_token, .. } => vec![access_token],
    }
}

/// Returns how long `secret` is where `text` begins with it in any spelling, or with as much of it as was not cut off.
fn length_in(secret: &str, text: &str, before: Option<char>) -> Option<usize> {
    // A character can be spelled in several ways, so that one secret can end in several places.
    let mut ends = vec![0];
    let mut characters = 0;
    for character in secret.trim().chars() {
        let is_cut = |end: &&usize| text.get(**end..).is_some_and(|rest| rest.starts_with(CUT));
        if let Some(end) = ends.iter().find(is_cut)
            && characters >= ENOUGH
        {
            return Some(*end);
        }
        let mut longer = Vec::new();
        for end in ends {
            let rest = text.get(end..).unwrap_or_default();
            longer.extend(spellings(character, rest).map(|length| end + length));
        }
        longer.sort_unstable();
        longer.dedup();
        if longer.is_empty() {
            return None;
        }
        ends = longer;
        characters += 1;
    }
    let is_letter = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
    let is_word = |end: &usize| !is_letter(before) && !is_letter(text.get(*end..).and_then(|rest| rest.chars().next()));
    ends.into_iter().rev().find(|end| *end > 0 && (characters >= SHORT || is_word(end)))
}

/// Returns how long `character` is at the start of `text`, in every way in which it may be spelled there.
fn spellings(character: char, text: &str) -> impl Iterator<Item = usize> {
    let plain = text.starts_with(character).then_some(character.len_utf8());
    let quoted = (character == '`' && text.starts_with('\'')).then_some(1);
    let plus = (character == ' ' && text.starts_with('+')).then_some(1);
    // Cleaning makes one blank of several, and leaves out those at the ends.
    let blanks = text.find(|next| !is_blank(next)).unwrap_or(text.len());
    let blank = is_blank(character).then_some(blanks);
    let escaped = [percent_encoded(character, text), in_xml(character, text), in_json(character, text)];
    [plain, quoted, plus, blank].into_iter().chain(escaped).flatten()
}

fn percent_encoded(character: char, text: &str) -> Option<usize> {
    let mut bytes = [0; 4];
    let mut rest = text;
    for byte in character.encode_utf8(&mut bytes).bytes() {
        let (digits, after) = rest.strip_prefix('%')?.split_at_checked(2)?;
        if u8::from_str_radix(digits, 16) != Ok(byte) {
            return None;
        }
        rest = after;
    }
    Some(text.len() - rest.len())
}

fn in_xml(character: char, text: &str) -> Option<usize> {
    let (name, _) = text.strip_prefix('&')?.split_once(';').filter(|(name, _)| name.len() <= LONGEST_ENTITY)?;
    let is_character = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            code.is_ok_and(|code| code == u32::from(character))
        }
        None => resolve_xml_entity(name).is_some_and(|text| text.chars().eq([character])),
    };
    is_character.then_some(name.len() + 2)
}

fn in_json(character: char, text: &str) -> Option<usize> {
    let escaped = text.strip_prefix('\\')?;
    if matches!(character, '"' | '\\' | '/') && escaped.starts_with(character) {
        return Some(2);
    }
    let mut units = [0; 2];
    let mut rest = text;
    for unit in character.encode_utf16(&mut units) {
        let (digits, after) = rest.strip_prefix("\\u")?.split_at_checked(4)?;
        if u16::from_str_radix(digits, 16) != Ok(*unit) {
            return None;
        }
        rest = after;
    }
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::untrusted::one_line;

    fn knowing(secrets: &[&str]) -> Secrets {
        let known = Secrets(RwLock::default());
        secrets.iter().for_each(|secret| known.learn(secret));
        known
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let secrets = knowing(&["a/b+c &<é\"\\1%`d"]);
        let spellings = [
            "a/b+c &<é\"\\1%`d",
            "a%2Fb%2Bc%20%26%3C%C3%A9%22%5C1%25%60d",
            "a%2fb%2bc+%26%3c%c3%a9%22%5c1%25%60d",
            "a/b+c &amp;&lt;é&quot;\\1%`d",
            "a&#47;b&#x2B;c &#38;&#60;&#xE9;&#34;&#92;1&#37;&#96;d",
            r#"a\/b+c \u0026\u003c\u00e9\"\\1%`d"#,
            "a/b+c\n &<é\"\\1%'d",
        ];
        for spelling in spellings {
            assert_eq!(secrets.mask(&format!("client_secret={spelling}&x")), "client_secret=[masked]&x", "{spelling}");
        }
    }

    #[test]
    fn the_longest_of_several_secrets_counts_and_all_are_found() {
        let secrets = knowing(&["SECRET", "SECRETTOKEN", "SECRET"]);

        assert_eq!(secrets.mask("SECRETTOKEN, xSECRETx SECRE"), "[masked], x[masked]x SECRE");
    }

    #[test]
    fn a_short_secret_is_masked_where_it_is_a_word() {
        let secrets = knowing(&["abc", "", " "]);

        assert_eq!(secrets.mask("password=abc of abcd"), "password=[masked] of abcd");
    }

    #[test]
    fn the_beginning_of_a_secret_that_was_cut_off_is_masked() {
        let secrets = knowing(&["0123456789abcdef"]);
        let long = format!("{}0123456789abcdef", "x".repeat(1_994));

        let masked = secrets.mask(&one_line(&long));

        assert!(masked.ends_with("xx[masked]…"), "{masked}");
    }

    proptest! {
        #[test]
        fn no_secret_survives_between_other_text(secret in "\\PC{6,20}", before in "\\PC{0,9}", after in "\\PC{0,9}") {
            // Shorter ones are masked as words only, whatever stands around them.
            prop_assume!(secret.trim().chars().count() >= SHORT && !MASK.contains(secret.trim()));
            let secrets = knowing(&[&secret]);

            let text = format!("{before}{secret}{after}");

            prop_assert!(!secrets.mask(&text).contains(secret.trim()));
        }
    }
}
