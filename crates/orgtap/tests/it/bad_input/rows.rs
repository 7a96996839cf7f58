//! Rows that ask for what the org does not have. Every other row goes on.

use super::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "an unknown object",
        bend: |site| site.row("object = \"Acount\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Acount`: there is no object `Acount` in the org, or the user may not see it",
            "hint: did you mean `Account`?",
        ],
    },
    Case {
        name: "an object unlike any",
        bend: |site| site.row("object = \"Warehouse__c\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Warehouse__c`: there is no object `Warehouse__c` in the org, or the user may not see it",
            "hint: `orgtap objects` lists what the user can see",
        ],
    },
    Case {
        name: "a misspelt field in fields",
        bend: |site| site.row("object = \"Account\"\nfields = [\"Id\", \"Nmae\"]"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: object `Account` has no field `Nmae`, or the user may not see it",
            "hint: did you mean `Name`?",
        ],
    },
    Case {
        name: "a misspelt field in exclude_fields",
        bend: |site| site.row("object = \"Account\"\nexclude_fields = [\"Descripton\"]"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: object `Account` has no field `Descripton`, or the user may not see it",
            "hint: did you mean `Description`?",
        ],
    },
    Case {
        name: "every field excluded but the key",
        bend: |site| {
            site.row("object = \"Account\"\nfields = [\"Name\"]\nprimary_key = [\"Industry\"]\nload = \"incremental\"")
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not use `Industry` as `primary_key`: it is not among the columns of the row",
            "hint: select it, or take it out of `primary_key`",
        ],
    },
    Case {
        name: "a misspelt key",
        bend: |site| site.row("object = \"Account\"\nfields = [\"Id\", \"Industry\"]\nprimary_key = [\"Idd\"]"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not use `Idd` as `primary_key`: it is not among the columns of the row",
            "hint: did you mean `Id`?",
        ],
    },
    Case {
        name: "a key that the query does not select",
        bend: |site| site.row("soql = \"SELECT Name FROM Account\"\nload = \"incremental\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not use the query: could not find the column `Id`, the default primary key, among those of the row",
            "  at 1:8",
            "    SELECT Name FROM Account",
            "           ^^^^",
            "  hint: select `Id`, or name the columns that identify a record in `primary_key`",
        ],
    },
    Case {
        name: "an unknown cursor field",
        bend: |site| site.row("object = \"Account\"\nload = \"incremental\"\ncursor_field = \"LastModfiedDate\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not use `LastModfiedDate` as `cursor_field`: object `Account` has no such field",
            "hint: did you mean `LastModifiedDate`?",
        ],
    },
    Case {
        name: "a cursor field of the wrong type",
        bend: |site| site.row("object = \"Account\"\nload = \"incremental\"\ncursor_field = \"Name\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not use `Name` as `cursor_field`: it is of type string",
            "hint: choose a date or datetime field; `LastModifiedDate` is the usual one",
        ],
    },
    Case {
        name: "a row that fails beside one that does not",
        bend: |site| site.add_row("object = \"Contcat\""),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Contcat`: there is no object `Contcat` in the org, or the user may not see it",
            "hint: did you mean `Contact`?",
        ],
    },
    Case {
        name: "a plan of an unknown object",
        bend: |site| site.row("object = \"Acount\""),
        command: &["plan"],
        code: 1,
        stderr: &[
            "error: row `Acount`: there is no object `Acount` in the org, or the user may not see it",
            "hint: did you mean `Account`?",
        ],
    },
];
