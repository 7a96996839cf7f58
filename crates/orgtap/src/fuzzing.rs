//! What the fuzzer calls: every reader of documents that somebody else wrote, and what must hold of whatever it reads.
//!
//! It is here only for it and for the tests below. A finding becomes a line in the tests.

use orgtap_destination::keboola::StateFile as _;

use crate::component::{ComponentState, Document};
use crate::config;
use crate::env::Environment;
use crate::output::format::chain;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| documents(data));

/// Reads a document: as a configuration file, as `config.json`, or as `state.json`, which the first byte says.
pub(crate) fn documents(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    // Files that a configuration names are read, and a random one could be endless.
    let Some(text) = str::from_utf8(text).ok().filter(|text| !text.contains("file")) else { return };
    let environment = Environment::Fixed([("NAME".to_owned(), "${NAME}\u{1b}[31m".to_owned())].into());
    match choice % 3 {
        0 => {
            if let Err(error) = config::parse(text, &environment) {
                assert_harmless(&chain(&error));
            }
        }
        1 => {
            let configuration = Document::parse(text).map(|document| document.configuration(&environment));
            match configuration {
                Ok(Ok(configuration)) => configuration.warnings.iter().for_each(|warning| assert_harmless(warning)),
                Ok(Err(failure)) => assert_harmless(&failure.message),
                Err(why) => assert_harmless(&why),
            }
        }
        _ => {
            let state = ComponentState.read(text);
            let again = state.as_ref().map(|state| ComponentState.read(&ComponentState.write(state, &[])));
            assert_eq!(again, state.map(Some));
        }
    }
}

fn assert_harmless(text: &str) {
    assert!(!text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\t')), "{text:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::documents;

    proptest! {
        #[test]
        fn no_document_makes_its_reader_panic(choice in 0_u8..3, text in ".{0,80}|([a-z_]{0,8}( ?= ?|\\.|\\[\\[|\\]\\]|[\"'\n{}:,0-9$#]){0,3}){0,8}") {
            documents(&[&[choice], text.as_bytes()].concat());
        }

        #[test]
        fn no_value_in_place_of_another_makes_the_reader_of_a_configuration_panic(
            value in "(\"(\\$\\{NAME\\}|[ -~]{0,9}|.{0,9})\"|-?[0-9]{1,20}(\\.[0-9]+)?|true|\\[\\]|\\{\\}|1979-05-27)",
            at in 0_usize..8,
        ) {
            let mut values = ["\"access_token\"", "\"T\"", "\"https://a.b\"", "\"sqlite\"", "\"t.db\"", "\"Account\"", "\"full\"", "\"auto\""].map(str::to_owned);
            values[at] = value;
            let [method, token, url, kind, path, object, load, api] = values;
            let text = format!("[connection]\nlogin_method = {method}\naccess_token = {token}\ninstance_url = {url}\n[destination]\nkind = {kind}\npath = {path}\n[[rows]]\nobject = {object}\nload = {load}\napi = {api}\n");
            documents(&[b"\0", text.as_bytes()].concat());
        }
    }
}
