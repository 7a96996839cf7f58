//! The command line.

use super::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "an unknown subcommand",
        bend: |_| {},
        command: &["rum"],
        code: 1,
        stderr: &[
            "error: unrecognized subcommand 'rum'",
            "",
            "  tip: a similar subcommand exists: 'run'",
            "",
            "Usage: orgtap [OPTIONS] <COMMAND>",
            "",
            "For more information, try '--help'.",
        ],
    },
    Case {
        name: "an unknown flag",
        bend: |_| {},
        command: &["run", "--full-refesh"],
        code: 1,
        stderr: &[
            "error: unexpected argument '--full-refesh' found",
            "",
            "  tip: a similar argument exists: '--full-refresh'",
            "",
            "Usage: orgtap run --full-refresh",
            "",
            "For more information, try '--help'.",
        ],
    },
    Case {
        name: "no subcommand's argument",
        bend: |_| {},
        command: &["describe"],
        code: 1,
        stderr: &[
            "error: the following required arguments were not provided:",
            "  <OBJECT>",
            "",
            "Usage: orgtap describe <OBJECT>",
            "",
            "For more information, try '--help'.",
        ],
    },
    Case {
        name: "an unknown output format",
        bend: |_| {},
        command: &["query", "--format", "xml", "SELECT Id FROM User"],
        code: 1,
        stderr: &[
            "error: invalid value 'xml' for '--format <FORMAT>'",
            "  [possible values: table, csv, json]",
            "",
            "For more information, try '--help'.",
        ],
    },
    Case {
        name: "an unknown row in --row",
        bend: |site| site.add_row("object = \"Contact\""),
        command: &["run", "--row", "Contct"],
        code: 1,
        stderr: &["error: could not run row `Contct`: no row has that name", "hint: did you mean `Contact`?"],
    },
    Case {
        name: "a row in --row unlike any",
        bend: |site| site.add_row("object = \"Contact\""),
        command: &["run", "--row", "everything"],
        code: 1,
        stderr: &[
            "error: could not run row `everything`: no row has that name",
            "hint: the configuration has `Account`, `Contact`",
        ],
    },
    Case {
        name: "an unknown object to describe",
        bend: |_| {},
        command: &["describe", "Acount"],
        code: 1,
        stderr: &[
            "error: could not describe `Acount`: the org has no such object, or the user may not see it",
            "hint: did you mean `Account`? `orgtap objects` lists them all",
        ],
    },
    Case {
        name: "init over a file",
        bend: |_| {},
        command: &["init"],
        code: 1,
        stderr: &[
            "error: could not write `orgtap.toml`: the file exists",
            "hint: name another file, or overwrite this one with --force",
        ],
    },
    Case {
        name: "an emulator filled from nowhere",
        bend: |_| {},
        command: &["emulator", "--data", "nowhere"],
        code: 1,
        stderr: &["error: could not import the data: could not read `nowhere`: No such file or directory (os error 2)"],
    },
];
