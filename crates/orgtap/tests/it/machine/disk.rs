//! Disks that are full or may not be written: a clear error, nothing half-visible, and the next run completes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::place::{KINDS, Kind, Place};

const ROOM: &str = "free disk space, or raise the quota, and run again; what was there before is untouched";

/// Runs with files that may grow to so many blocks, more each time, until that is enough; returns how often it was not. A run for which it is
/// not leaves the table whole.
fn run_into_full_disks(place: &Place) -> usize {
    let before = place.table();
    let sizes = std::iter::successors(Some(0_u32), |blocks| Some(blocks + blocks / 4 + 1));
    for (failed, blocks) in sizes.enumerate() {
        // What a disk says that is full, instead of a signal.
        let ran = place.run_after(&format!("trap '' XFSZ; ulimit -f {blocks}"));
        if ran.code == Some(0) {
            assert_eq!(place.table(), place.truth(), "{:?} with {blocks} blocks", place.kind);
            return failed;
        }
        let ran = ran.exits(1);
        assert!(
            ran.stderr.contains("could not ") && ran.stderr.contains(ROOM),
            "{:?} with {blocks} blocks: {}",
            place.kind,
            ran.stderr
        );
        // A run may first commit what one before it had loaded, and then have no room for what has changed since.
        let is_whole = [&before, &place.truth()].contains(&&place.table());
        assert!(is_whole, "half a table: {:?} with {blocks} blocks", place.kind);
    }
    unreachable!("no disk is large enough")
}

#[test]
fn a_disk_that_is_full_at_any_point_leaves_a_whole_table() {
    for kind in KINDS {
        let place = Place::new(kind);

        let first = run_into_full_disks(&place);
        place.change(&"long ".repeat(1_000));
        let next = if kind == Kind::Component { 1 } else { run_into_full_disks(&place) };

        assert!(first > 1 && next > 0, "{kind:?}: {first} and {next} runs failed");
        place.run().succeeds();
        if kind != Kind::Component {
            assert_eq!(place.table(), place.truth(), "{kind:?}");
        }
    }
}

#[test]
fn a_place_that_may_not_be_written_any_more_is_told_and_stays_as_it_is() {
    for kind in KINDS {
        let place = Place::new(kind);
        place.run().succeeds();
        let before = place.table();
        place.change("changed");
        let modes: Vec<_> = place.files().into_iter().chain([place.context.path("place")]).collect();
        let modes: Vec<_> = modes.iter().map(|path| (path, fs::metadata(path).unwrap().permissions())).collect();
        for (path, permissions) in &modes {
            fs::set_permissions(path, Permissions::from_mode(permissions.mode() & !0o222)).unwrap();
        }

        let ran = place.run_under(without_privileges(&place)).exits(1);

        let hint = "grant write permission on the destination's `path` and the folder it is in";
        assert!(ran.stderr.contains("could not ") && ran.stderr.contains(hint), "{kind:?}: {}", ran.stderr);
        assert_eq!(place.table(), before, "{kind:?}");
        modes.into_iter().for_each(|(path, permissions)| fs::set_permissions(path, permissions).unwrap());
        place.run().succeeds();
        if kind != Kind::Component {
            assert_eq!(place.table(), place.truth(), "{kind:?}");
        }
    }
}

/// Returns a program under which permissions count, also for a user for whom otherwise none do.
fn without_privileges(place: &Place) -> &'static [&'static str] {
    let probe = place.context.path("probe");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, Permissions::from_mode(0o0)).unwrap();
    match File::open(&probe) {
        Ok(_) => &["/usr/bin/setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"],
        Err(_) => &[],
    }
}

#[test]
fn a_place_below_a_file_is_no_place() {
    for kind in [Kind::Sqlite, Kind::Csv] {
        let place = Place::new(kind);
        place.context.write("file", "mine");
        place.configure("orgtap.toml", "file/t");

        let ran = place.run().exits(1);

        assert!(
            ran.stderr.contains("could not ") && ran.stderr.contains("set `path` of the destination to"),
            "{}",
            ran.stderr
        );
        assert_eq!(place.context.read("file"), "mine");
    }
    let place = Place::new(Kind::Component);
    place.context.write("place/out", "mine");

    let ran = place.run().exits(1);

    assert!(ran.stderr.contains("could not make `place/out/.orgtap`"), "{}", ran.stderr);
}
