//! Who may read what a run leaves: never everybody, unless the user has opened it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::place::{Kind, Place};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Returns whether a file is for the next run alone.
fn is_private(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".orgtap")
}

#[test]
fn tables_are_closed_to_everybody_else_and_work_files_to_all_but_their_owner() {
    for (umask, file, folder) in [("000", 0o660, 0o770), ("022", 0o640, 0o750), ("077", 0o600, 0o700)] {
        for kind in [Kind::Sqlite, Kind::Csv] {
            let place = Place::new(kind);
            // What stands while a load goes on counts too: its parts, its journal, SQLite's own files.
            let held = place.context.emulator().faults();
            held.add(orgtap_emulator::Fault::nth(
                orgtap_emulator::CallKind::Results,
                2,
                orgtap_emulator::Action::DailyLimit,
            ))
            .unwrap();
            place.run_after(&format!("umask {umask}")).exits(1);
            let mut seen = place.files();
            check(&seen, file, folder);
            held.clear();

            place.run_after(&format!("umask {umask}")).succeeds();

            seen = place.files();
            check(&seen, file, folder);
            assert!(
                kind == Kind::Sqlite || seen.iter().any(|path| is_private(path) && path.is_file()),
                "the state is there"
            );
        }
    }
}

fn check(paths: &[std::path::PathBuf], file: u32, folder: u32) {
    assert!(!paths.is_empty());
    for path in paths {
        let found = mode(path);
        // Within a folder of the owner's alone, the files need not be his alone.
        let in_private = is_private(path);
        let most = if path.is_dir() { folder } else { file };
        assert_eq!(found & !most, 0, "{found:o} {}", path.display());
        if in_private && path.is_dir() && path.ends_with(".orgtap") {
            assert_eq!(found, 0o700, "{}", path.display());
        }
        let is_document = in_private && path.extension().is_some_and(|extension| extension == "json");
        if is_document {
            assert_eq!(found, 0o600, "{}", path.display());
        }
        if !in_private {
            assert_eq!(found, most, "{}", path.display());
        }
    }
}

#[test]
fn what_the_user_has_opened_stays_open() {
    for kind in [Kind::Sqlite, Kind::Csv] {
        let place = Place::new(kind);
        place.run_after("umask 077").succeeds();
        let opened: Vec<_> = place.files().into_iter().filter(|path| !is_private(path)).collect();
        for path in &opened {
            let wanted = if path.is_dir() { 0o755 } else { 0o644 };
            fs::set_permissions(path, Permissions::from_mode(wanted)).unwrap();
        }
        place.change("changed");

        place.run_after("umask 077").succeeds();

        assert_eq!(place.table(), place.truth(), "{kind:?}");
        for path in place.files().iter().filter(|path| !is_private(path)) {
            assert_eq!(mode(path), if path.is_dir() { 0o755 } else { 0o644 }, "{}", path.display());
        }
    }
}

#[test]
fn the_platform_reads_what_the_component_leaves_and_nothing_else_is_there() {
    let place = Place::new(Kind::Component);
    let run = place.start_and_hold();
    assert_eq!(mode(&place.path("out/.orgtap")), 0o700);
    place.release();

    run.end().succeeds();

    assert!(!place.path("out/.orgtap").exists());
}
