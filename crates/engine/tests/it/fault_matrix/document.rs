//! The matrix as a page shows it, and that page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::cell::Outcome;
use super::trouble::Trouble;

const BEGIN: &str = "<!-- fault matrix: begin -->\n";
const END: &str = "<!-- fault matrix: end -->\n";

/// One line of the table.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) what: &'static str,
    pub(super) restarts: u32,
    pub(super) cells: Vec<String>,
}

/// Returns what the cells of a line say. `usual` is what was seen where nothing went wrong.
pub(super) fn cells(trouble: &Trouble, seen: &[Outcome], usual: &[Outcome]) -> Vec<String> {
    let cell = |(seen, usual): (&Outcome, &Outcome)| match (seen.restarts, seen.calls.saturating_sub(usual.calls)) {
        (0, 0) => "=".to_owned(),
        (0, _) if trouble.races => "+".to_owned(),
        (0, calls) => format!("+{calls}"),
        (1, _) => "1 restart".to_owned(),
        (restarts, _) => format!("{restarts} restarts"),
    };
    seen.iter().zip(usual).map(cell).collect()
}

/// Returns the table of all sections.
pub(super) fn table(sections: &[(&str, Vec<Line>)]) -> String {
    let mut table = String::from(
        "| what goes wrong | restarts at most | SQLite, first run | SQLite, incremental | CSV, first run | CSV, incremental | \
         component, first run | component, incremental |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (title, lines) in sections {
        writeln!(table, "| **{title}** | | | | | | | |").unwrap();
        for Line { what, restarts, cells } in lines {
            writeln!(table, "| {what} | {restarts} | {} |", cells.join(" | ")).unwrap();
        }
    }
    table
}

/// Holds `table` against the page, or writes it there if `ORGTAP_TEST_WRITE_MATRIX` is set.
pub(super) fn compare(table: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the page says where the table begins");
    let (found, after) = rest.split_once(END).expect("the page says where the table ends");
    #[expect(clippy::disallowed_methods, reason = "tests have no `orgtap::env`")]
    let writes = std::env::var_os("ORGTAP_TEST_WRITE_MATRIX").is_some();
    if writes {
        fs::write(&page, [before, BEGIN, table, END, after].concat()).unwrap();
        return;
    }
    let differing = table.lines().zip(found.lines()).find(|(seen, written)| seen != written);
    assert!(
        found == table,
        "docs/reliability.md says something else than was seen; ORGTAP_TEST_WRITE_MATRIX=1 writes it. First: {differing:#?}"
    );
}
