//! Any text is read or refused, and what is read survives printing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_soql::{Path, Refused, check, parse};

/// What a server says of a text may be anything, and names a place in it or none.
fn assert_found_inside(text: &str) {
    let (sent, written) = text.split_at(text.floor_char_boundary(text.len() / 2));
    for place in [None, Some((1, text.len() % 7)), Some((2, 1)), Some((text.len(), 0))] {
        for (sent, written) in [(text, text), (sent, written), (written, sent)] {
            if let Some(span) = (Refused { sent, message: sent, place }).find_in(written) {
                assert!(written.get(span.start..span.end).is_some(), "{span:?} in {written:?}");
            }
        }
    }
}

fuzz_target!(|text: &str| {
    assert_found_inside(text);
    match parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            let again = parse(&printed).unwrap_or_else(|diagnostics| panic!("{text:?}\n{}", diagnostics.render()));
            assert_eq!(again, query, "{text:?} printed as {printed:?}");
            assert_eq!(again.to_string(), printed);
            let cursor = Path::of("SystemModstamp").expect("a name is a path");
            let found = [
                check::api(&query),
                check::bulk(&query),
                check::incremental(&query, &cursor),
                check::missing_fields(&query, [&cursor]),
            ];
            for diagnostic in found.iter().flatten() {
                assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{diagnostic:?} in {text:?}");
            }
        }
        Err(diagnostics) => {
            assert!(!diagnostics.as_slice().is_empty());
            for diagnostic in diagnostics.as_slice() {
                assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{diagnostic:?} in {text:?}");
            }
            assert!(diagnostics.render().ends_with('\n'));
        }
    }
});
