//! Any text is read or refused, and what is read survives printing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_soql::{Path, check, parse};

fuzz_target!(|text: &str| {
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
