//! One writer: two runs never load one table at the same time, and a run that died is in nobody's way.

use std::fs;
use std::os::unix::fs::symlink;

use super::place::{KINDS, Kind, Place};

const IN_THE_WAY: &str = "could not begin to load table `Account`: another load of it is under way";
const WHAT_TO_DO: &str = "wait for the other program to finish, or close it, and run again";

#[test]
fn a_second_run_of_a_table_is_told_what_is_in_its_way_and_harms_nothing() {
    for kind in KINDS {
        let place = Place::new(kind);
        let first = place.start_and_hold();

        let second = place.run().exits(1);

        assert!(second.stderr.contains(IN_THE_WAY) && second.stderr.contains(WHAT_TO_DO), "{}", second.stderr);
        assert_eq!(place.table(), None, "{kind:?}");
        place.release();
        first.end().succeeds();
        assert_eq!(place.table(), place.truth(), "{kind:?}");
    }
}

#[test]
fn two_configurations_that_name_one_place_in_different_words_do_not_load_it_at_the_same_time() {
    for (kind, name) in [(Kind::Sqlite, "t.db"), (Kind::Csv, "out")] {
        let place = Place::new(kind);
        place.run().succeeds();
        symlink(place.path(name), place.context.path("alias")).unwrap();
        symlink(place.context.path("place"), place.context.path("folder")).unwrap();
        place.change("changed");
        let first = place.start_and_hold();

        let absolute = place.path(name).display().to_string();
        for path in ["alias", &format!("folder/{name}"), &format!("place/../place/{name}"), &absolute] {
            place.configure("other.toml", path);
            let second = place.context.orgtap(&["run", "-q", "--config", "other.toml"]).exits(1);
            assert!(second.stderr.contains(IN_THE_WAY), "{path}: {}", second.stderr);
        }

        place.release();
        first.end().succeeds();
        assert_eq!(place.table(), place.truth(), "{kind:?}");
        place.context.orgtap(&["run", "-q", "--config", "other.toml"]).succeeds();
    }
}

#[test]
fn the_lock_of_a_run_that_was_killed_is_in_nobodys_way() {
    for kind in KINDS {
        let place = Place::new(kind);
        let mut first = place.start_and_hold();
        first.signal("KILL");
        assert_eq!(first.end().code, None);
        let is_lock = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "lock");
        assert!(place.files().iter().any(is_lock), "the lock stays behind");

        // Before the org has noticed that its client is gone.
        let second = place.context.start(if kind == Kind::Component {
            &["component", "--data-dir", "place"]
        } else {
            &["run", "-q"]
        });
        place.release();
        second.end().succeeds();

        assert_eq!(place.table(), place.truth(), "{kind:?}");
        assert!(!place.files().iter().any(is_lock), "{kind:?}");
    }
}

#[test]
fn runs_of_different_tables_share_a_file() {
    let place = Place::new(Kind::Sqlite);
    let connection = place.context.connection();
    place.context.write(
        "other.toml",
        &format!(
            "{connection}[destination]\nkind = \"sqlite\"\npath = \"place/t.db\"\n[[rows]]\nobject = \"Contact\"\n"
        ),
    );
    let first = place.start_and_hold();

    place.context.orgtap(&["run", "-q", "--config", "other.toml"]).succeeds();
    place.release();
    first.end().succeeds();

    assert_eq!(place.table(), place.truth());
    let contacts = crate::context::sql_of(&place.path("t.db"), "SELECT count(*) > 0 FROM Contact");
    assert_eq!(contacts, [["1"]]);
    let left = fs::read_dir(place.context.path("place")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["t.db"]);
}
