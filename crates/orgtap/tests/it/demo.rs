//! The first command of every newcomer.

use crate::context::{TestContext, sql_of};

#[test]
fn the_demo_loads_changes_and_answers() {
    let context = TestContext::new();

    let ran = context.orgtap(&["demo"]).succeeds();

    let accounts =
        sql_of(&context.path("orgtap-demo/salesforce.db"), "SELECT count(*) FROM Account WHERE Rating = 'Hot'");
    let deleted =
        sql_of(&context.path("orgtap-demo/salesforce.db"), "SELECT count(*) FROM Opportunity WHERE IsDeleted");
    assert!(accounts[0][0].parse::<u64>().unwrap() >= 5);
    assert!(deleted[0][0].parse::<u64>().unwrap() >= 2);
    assert!(ran.stdout.contains("3 contacts created, 5 accounts changed, 2 opportunities deleted"), "{}", ran.stdout);
    assert!(ran.stdout.contains("$ sqlite3 orgtap-demo/salesforce.db \"SELECT"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn the_demo_can_be_repeated_but_leaves_other_folders_alone() {
    let context = TestContext::new();
    context.orgtap(&["demo", "--keep", "d"]).succeeds();
    context.orgtap(&["demo", "--keep", "d"]).succeeds();

    let refused = context.orgtap(&["demo", "--keep", "."]).exits(1);

    assert!(
        refused.stderr.contains("could not use the folder `.`: it holds something that is not a demo's"),
        "{}",
        refused.stderr
    );
}
