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
        context.configure("[[rows]]\nobject = \"Account\"\napi = \"bulk\"\n");
        hold_results(&context);
        let mut run = context.start(&["run", "-v"]);
        context.wait(context.emulator().faults().held("results"));

        run.signal(signal);
        let ran = run.end().exits(1);

        assert!(
            ran.stderr.contains("row `Account`: stopped before it was done; no record that it read was committed"),
            "{}",
            ran.stderr
        );
        assert_eq!(context.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'Account'"), [["0"]]);
    }
}

#[test]
fn a_stopped_run_is_gone_on_with_by_the_next() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\napi = \"bulk\"\n");
    hold_results(&context);
    let mut run = context.start(&["run"]);
    context.wait(context.emulator().faults().held("results"));
    run.signal("INT");
    let stopped = run.end().exits(1);
    context.emulator().faults().clear();

    let next = context.orgtap(&["run"]).succeeds();

    assert!(stopped.stderr.contains("the next run goes on from where this one ended"), "{}", stopped.stderr);
    assert!(next.stderr.contains("went on with the query of "), "{}", next.stderr);
    assert_eq!(context.emulator().calls(CallKind::JobCreate), 1);
}

#[test]
fn the_second_signal_ends_the_run_at_once() {
    let context = TestContext::new();
    context.configure("[[rows]]\nobject = \"Account\"\napi = \"bulk\"\n");
    // A job whose id is not known yet could not be gone on with, so the first signal waits for its creation.
    let hold = Action::Hold { gate: "creation".to_owned() };
    context.emulator().faults().add(Fault::always(CallKind::JobCreate, hold)).unwrap();
    let mut run = context.start(&["run"]);
    context.wait(context.emulator().faults().held("creation"));

    // Two signals that are sent at once may arrive as one.
    while !run.has_ended() {
        run.signal("INT");
        std::thread::yield_now();
    }

    run.end().exits(130);
}
