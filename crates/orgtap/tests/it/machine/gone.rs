//! A destination that somebody takes away while it is loaded: nobody pretends that the records have arrived.

use std::fs;

use super::place::{Kind, Place};

/// What is taken away, from the place on, and what stands there afterwards.
struct Loss {
    kind: Kind,
    removed: &'static [&'static str],
    /// Another database in its place.
    replaced: bool,
}

const LOSSES: [Loss; 7] = [
    Loss { kind: Kind::Sqlite, removed: &["t.db"], replaced: false },
    Loss { kind: Kind::Sqlite, removed: &["t.db", "t.db-wal", "t.db-shm"], replaced: true },
    Loss { kind: Kind::Sqlite, removed: &[""], replaced: false },
    Loss { kind: Kind::Csv, removed: &["out"], replaced: false },
    Loss { kind: Kind::Csv, removed: &["out/.orgtap"], replaced: false },
    Loss { kind: Kind::Csv, removed: &[""], replaced: false },
    Loss { kind: Kind::Component, removed: &["out"], replaced: false },
];

#[test]
fn a_destination_that_goes_away_while_it_is_loaded_is_an_error_and_the_next_run_completes() {
    for Loss { kind, removed, replaced } in &LOSSES {
        let place = Place::new(*kind);
        let run = place.start_and_hold();
        for (at, name) in removed.iter().enumerate() {
            fs::rename(place.path(name), place.context.path(&format!("away{at}"))).unwrap();
        }
        if *replaced {
            rusqlite::Connection::open(place.path("t.db")).unwrap().execute_batch("CREATE TABLE mine (a)").unwrap();
        }
        place.release();

        let ran = run.end().exits(1);

        let hint = "see that the destination is there, leave its files alone while a run goes on, and run again";
        assert!(ran.stderr.contains("could not ") && ran.stderr.contains(hint), "{kind:?} {removed:?}: {}", ran.stderr);
        if removed == &[""] {
            fs::create_dir(place.context.path("place")).unwrap();
        }
        assert_eq!(place.table(), None, "{kind:?} {removed:?}");
        place.run().succeeds();
        assert_eq!(place.table(), place.truth(), "{kind:?} {removed:?}");
        if *replaced {
            assert_eq!(crate::context::sql_of(&place.path("t.db"), "SELECT count(*) FROM mine"), [["0"]]);
        }
    }
}
