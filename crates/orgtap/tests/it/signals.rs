//! Stopping a run.

use orgtap_emulator::{Action, CallKind, Fault};

use crate::context::TestContext;

/// Lets every page of results wait until the gate opens, which it never does.
fn hold_results(context: &TestContext) {
    let hold = Action::Hold { gate: "results".to_owned() };
    context.emulator().faults().add(Fault::always(CallKind::Results, hold.clone())).unwrap();
    context.emulator().faults().add(Fault::always(CallKind::ResultPages, hold)).unwrap();
}

#[test]
fn the_first_signal_stops_the_run_cleanly() {
    for signal in ["INT", "TERM"] {
        let context = TestContext::new();
        context.configure("[[rows]]\nobject = \"Account\"\n");
        hold_results(&context);
        let mut run = context.start(&["run", "-v"]);
        context.wait(context.emulator().faults().held("results"));

        run.signal(signal);
        let ran = run.end().exits(1);

        assert!(
            ran.stderr.contains("row `Account`: stopped before it was done; the table is as it was"),
            "{}",
            ran.stderr
        );
        assert_eq!(context.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'Account'"), [["0"]]);
    }
}

#[test]
fn the_second_signal_ends_the_run_at_once() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\n");
    hold_results(&context);
    let hold = Action::Hold { gate: "cleanup".to_owned() };
    for call in [CallKind::JobAbort, CallKind::JobDelete] {
        context.emulator().faults().add(Fault::always(call, hold.clone())).unwrap();
    }
    let mut run = context.start(&["run"]);
    context.wait(context.emulator().faults().held("results"));

    run.signal("INT");
    context.wait(context.emulator().faults().held("cleanup"));
    run.signal("INT");

    run.end().exits(130);
}
