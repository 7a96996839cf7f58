//! Every clause of the language in queries of our own: some two hundred that read, and as many that do not.

mod refused;
mod rules;
mod valid;

use orgtap_soql::{Diagnostic, Query, check, parse};

/// Returns the place of `diagnostic` in `text`; a problem of the end has an empty one there.
#[track_caller]
fn place<'a>(text: &'a str, diagnostic: &Diagnostic) -> &'a str {
    text.get(diagnostic.span.start..diagnostic.span.end).unwrap_or_else(|| panic!("{diagnostic:?} is not in {text}"))
}

/// Holds the first problem of `text` against what is expected; tells what is there instead.
fn difference(text: &str, found: &[Diagnostic], (where_, what): (&str, &str)) -> Option<String> {
    let first = found.first().map(|first| (place(text, first), first.message.as_str()));
    (first != Some((where_, what))).then(|| format!("{text}\n    {first:?}"))
}

fn again(query: &Query) -> Query {
    parse(&query.to_string()).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()))
}

#[test]
fn what_salesforce_runs_is_read_and_printed_to_itself() {
    for text in valid::VALID {
        let query = parse(text).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));

        assert_eq!(again(&query), query, "{text}");
        assert_eq!(again(&query).to_string(), query.to_string(), "{text}");
        assert_eq!(check::api(&query), [], "{text}");
    }
}

#[test]
fn what_is_no_query_is_refused_at_its_place() {
    let refused = refused::REFUSED.iter().filter_map(|(text, where_, what)| match parse(text) {
        Ok(_) => Some(format!("{text} is read")),
        Err(diagnostics) => difference(text, diagnostics.as_slice(), (where_, what)),
    });
    let wrong: Vec<String> = refused.collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_breaks_a_rule_is_read_and_told_at_its_place() {
    let broken = rules::BROKEN.iter().filter_map(|(text, where_, what)| {
        let query = parse(text).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
        assert_eq!(again(&query), query, "{text}");
        difference(text, &check::api(&query), (where_, what))
    });
    let wrong: Vec<String> = broken.collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_text_stands_in_two_lists_and_none_is_short() {
    let mut texts: Vec<&str> = valid::VALID.to_vec();
    texts.extend(refused::REFUSED.iter().chain(rules::BROKEN).map(|(text, ..)| *text));
    let all = texts.len();

    texts.sort_unstable();
    texts.dedup();

    assert_eq!(texts.len(), all);
    assert!(valid::VALID.len() >= 150 && refused::REFUSED.len() >= 150, "{all}");
}

#[test]
fn a_not_among_others_is_printed_so_that_salesforce_takes_it() {
    let print = |text: &str| parse(text).unwrap().to_string();

    assert_eq!(
        print("SELECT Id FROM A WHERE a = 1 AND NOT b = 2 AND NOT c = 3"),
        "SELECT Id FROM A WHERE a = 1 AND (NOT b = 2) AND (NOT c = 3)"
    );
    assert_eq!(print("SELECT Id FROM A WHERE NOT a = 1 OR b = 2"), "SELECT Id FROM A WHERE (NOT a = 1) OR b = 2");
    assert_eq!(print("SELECT Id FROM A WHERE NOT NOT a = 1"), "SELECT Id FROM A WHERE NOT (NOT a = 1)");
}
