//! Too few file handles: at any number of them a run ends well, or tells what to do, and the next one completes.

use super::place::{KINDS, Place};

/// From what the system needs to start a program at all.
const FEWEST: u32 = 6;

#[test]
fn a_run_with_too_few_file_handles_says_so_and_leaves_all_as_it_was() {
    for kind in KINDS {
        let place = Place::new(kind);
        let mut failed = 0;
        for handles in FEWEST.. {
            let ran = place.run_after(&format!("ulimit -n {handles}"));
            if ran.code == Some(0) {
                break;
            }
            let ran = ran.exits(1);
            assert!(ran.stderr.contains("`ulimit -n`"), "{kind:?} with {handles}: {}", ran.stderr);
            assert_eq!(place.table(), None, "{kind:?} with {handles}");
            failed += 1;
            assert!(failed < 100, "{kind:?}: it is never enough");
        }

        assert!(failed > 3, "{kind:?}: {failed}");
        place.run().succeeds();
        assert_eq!(place.table(), place.truth(), "{kind:?}");
    }
}
