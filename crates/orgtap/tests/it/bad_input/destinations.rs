//! Destinations that cannot be written: paths, permissions, locks, full disks.

use std::fs;

use super::Case;
use super::site::Site;

/// Lets no file grow beyond 32 kB: writing more fails, as it does on a full disk.
const SMALL_FILES: &str = "trap '' XFSZ; ulimit -f 64; exec \"$@\"";

fn folder(site: &Site, name: &str) {
    fs::create_dir(site.context.path(name)).unwrap();
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a folder that does not exist",
        bend: |site| site.destination("sqlite", "missing/t.db"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not open `[folder]/missing/t.db`: its folder does not exist",
            "hint: create the folder, or set `path` of the destination to another file",
        ],
    },
    Case {
        name: "a folder that may not be written",
        bend: |site| {
            folder(site, "out");
            site.destination("sqlite", "out/t.db");
            site.forbid("out", 0o555);
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not open `[folder]/out/t.db`: unable to open database file: [folder]/out/t.db",
            "hint: grant write permission on the destination's `path` and the folder it is in",
        ],
    },
    Case {
        name: "a folder in place of the SQLite file",
        bend: |site| folder(site, "t.db"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not open `[folder]/t.db`: it is a folder",
            "hint: set `path` of the destination to a file",
        ],
    },
    Case {
        name: "a file that is no SQLite database",
        bend: |site| {
            site.context.write("t.db", "Id,Name\n001,Acme\nand so on, for more than a hundred bytes, because SQLite takes a short file for an empty database\n")
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not open `[folder]/t.db`: file is not a database",
            "hint: set `path` of the destination to a new file, or to an SQLite database",
        ],
    },
    Case {
        name: "a SQLite file that may not be written",
        bend: |site| {
            site.context.write("t.db", "");
            site.forbid("t.db", 0o444);
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not open `[folder]/t.db`: attempt to write a readonly database",
            "hint: grant write permission on the destination's `path` and the folder it is in",
        ],
    },
    Case {
        name: "a database locked by another program",
        bend: Site::lock_database,
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not open `[folder]/t.db`: database is locked",
            "hint: wait for the other program to finish, or close it, and run again",
        ],
    },
    Case {
        name: "a reserved table name",
        bend: |site| site.row("object = \"Account\"\ntable = \"sqlite_account\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not load table `sqlite_account`: names that start with `sqlite_` are reserved",
            "hint: set `table` to another name",
        ],
    },
    Case {
        name: "a view in place of the table",
        bend: |site| {
            rusqlite::Connection::open(site.context.path("t.db"))
                .unwrap()
                .execute_batch("CREATE VIEW Account AS SELECT 1 AS Id")
                .unwrap();
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not load table `Account`: there is a view of this name",
            "hint: drop the view, or set `table` to another name",
        ],
    },
    Case {
        name: "a full disk under SQLite",
        bend: |site| site.start_by(SMALL_FILES),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not load table `Account`: disk I/O error",
            "hint: free disk space, or raise the quota, and run again; what was there before is untouched",
        ],
    },
    Case {
        name: "a full disk under CSV",
        bend: |site| {
            site.destination("csv", "out");
            site.start_by("trap '' XFSZ; ulimit -f 24; exec \"$@\"");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not write `out/.orgtap/Account.new/loaded/part-00000.csv`: File too large (os error 27)",
            "hint: free disk space, or raise the quota, and run again; what was there before is untouched",
        ],
    },
    Case {
        name: "a file in place of the CSV folder",
        bend: |site| {
            site.destination("csv", "out");
            site.context.write("out", "");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not make the folder `out`: it is a file",
            "hint: set `path` of the destination to a place where it can be created",
        ],
    },
    Case {
        name: "a CSV folder that may not be written",
        bend: |site| {
            folder(site, "out");
            site.destination("csv", "out");
            site.forbid("out", 0o555);
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not make `out/.orgtap`: Permission denied (os error 13)",
            "hint: grant write permission on the destination's `path` and the folder it is in",
        ],
    },
    Case {
        name: "somebody's files in the table's CSV folder",
        bend: |site| {
            site.destination("csv", "out");
            folder(site, "out");
            folder(site, "out/Account");
            site.context.write("out/Account/notes.txt", "mine");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not use the folder `out/Account` as a table: it holds `notes.txt`, which is no part of it",
            "hint: move its files elsewhere, or set another `table` or another `path` of the destination",
        ],
    },
    Case {
        name: "an empty table name",
        bend: |site| {
            site.destination("csv", "out");
            site.row("object = \"Account\"\ntable = \"\"");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:9: `rows[0].table` must not be empty",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a check of a folder that does not exist",
        bend: |site| site.destination("sqlite", "missing/t.db"),
        command: &["check", "-q"],
        code: 1,
        stderr: &[],
    },
    Case {
        name: "a folder of somebody else for the demo",
        bend: |site| {
            folder(site, "mine");
            site.context.write("mine/letter.txt", "mine");
        },
        command: &["demo", "--keep", "mine"],
        code: 1,
        stderr: &[
            "error: could not use the folder `mine`: it holds something that is not a demo's",
            "hint: name another folder with --keep DIR",
        ],
    },
];
