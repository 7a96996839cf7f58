//! Any edits of any query leave one that can be read, and added paths start at the root object.
//!
//! The first bytes choose the edits; the text of the query follows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_soql::{Condition, LiteralKind, Operator, Path, Query, parse};

/// How many bytes choose edits.
const EDITS: usize = 4;

const PATHS: [&str; 6] = ["Id", "SystemModstamp", "Owner.Name", "a.b.c", "Account.Id", "x.IsDeleted"];

fn path(choice: u8) -> Path {
    Path::of(PATHS[usize::from(choice) % PATHS.len()]).expect("they are paths")
}

fn condition(choice: u8, text: &str) -> Condition {
    let literal = match choice % 4 {
        0 => LiteralKind::string(text),
        1 => LiteralKind::date_time("2024-05-31T10:00:00Z").expect("it is a datetime"),
        2 => LiteralKind::Boolean(false),
        _ => LiteralKind::Null,
    };
    let operator = [Operator::Eq, Operator::Ge, Operator::In, Operator::Like][usize::from(choice / 4) % 4];
    let literal = if operator == Operator::Like { LiteralKind::string(text) } else { literal };
    let one = Condition::compare(path(choice / 16), operator, literal);
    match choice / 64 {
        0 => one,
        1 => one.negate(),
        _ => Condition::any([one.clone(), one.negate()]).expect("there are two"),
    }
}

fn edit(query: &mut Query, choice: u8, text: &str) {
    match choice % 6 {
        0 | 1 => query.add_condition(condition(choice / 6, text)),
        2 => query.set_limit(u64::from(choice)),
        3 => query.lower_limit(u64::from(choice)),
        4 => query.replace_select(vec![path(choice), path(choice / 6)]),
        _ => query.drop_order_by(),
    }
}

fn assert_readable(query: &Query) {
    match parse(&query.to_string()) {
        Ok(again) => assert_eq!(again, *query),
        // What was nested as deep as it may be is a level deeper with a condition.
        Err(diagnostics) => assert!(diagnostics.to_string().contains("nested deeper"), "{}", diagnostics.render()),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((edits, text)) = data.split_at_checked(EDITS) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(mut query) = parse(text) else { return };
    for added in PATHS {
        let added = Path::of(added).expect("they are paths");
        let rooted = query.root_path(added.clone());
        let means = query.field_path(&rooted).join(".");
        let is_added = means == added.to_string();
        // Only where another entry has the name of the root object there is no way to say it.
        assert!(is_added || query.from.len() > 1, "{rooted} means {means} in {query}");
    }
    let value: String = text.chars().take(100).collect();
    for choice in edits {
        edit(&mut query, *choice, &value);
        assert_readable(&query);
    }
    let bounds = [LiteralKind::string("001x"), LiteralKind::string("001z")];
    for part in query.split(&path(0), &bounds).into_iter().flatten() {
        assert_readable(&part);
    }
});
