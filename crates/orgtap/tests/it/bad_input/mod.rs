//! Every mistake that a user can make and every fault that an org, a network or a disk can have, with the exact words that the user
//! reads and the exit code.
//!
//! The tables are one file for each place where things go wrong. A message must say what could not be done, where, why, and what to do.

mod answers;
mod arguments;
mod configuration;
mod destinations;
mod hostile;
mod jobs;
mod queries;
mod rows;
mod sign_in;
mod site;

use site::Site;

/// One thing that is wrong, and what comes of it.
struct Case {
    /// What is wrong.
    name: &'static str,
    /// Makes it wrong.
    bend: fn(&mut Site),
    /// The arguments of the binary.
    command: &'static [&'static str],
    /// The exit code: 1 for what the user can mend.
    code: i32,
    /// The lines of standard error, with the test's folder and the org's port replaced.
    stderr: &'static [&'static str],
}

/// Runs every case and shows all that end otherwise.
#[track_caller]
fn check(cases: &[Case]) {
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{} of {} end otherwise:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn difference(case: &Case) -> Option<String> {
    let mut site = Site::new();
    (case.bend)(&mut site);
    let (code, stderr) = site.run(case.command);
    let lines: Vec<&str> = stderr.lines().collect();
    let is_right = code == Some(case.code) && lines == case.stderr;
    (!is_right).then(|| format!("{}: code {code:?}, {lines:#?}", case.name))
}

#[test]
fn what_is_wrong_on_the_command_line_is_told() {
    check(arguments::CASES);
}

#[test]
fn what_is_wrong_in_the_configuration_file_is_told() {
    check(configuration::CASES);
}

#[test]
fn why_nobody_is_let_in_is_told() {
    check(sign_in::CASES);
}

#[test]
fn what_is_wrong_with_a_row_is_told() {
    check(rows::CASES);
}

#[test]
fn what_is_wrong_with_a_query_is_shown() {
    check(queries::CASES);
}

#[test]
fn answers_that_make_no_sense_are_told() {
    check(answers::CASES);
}

#[test]
fn what_a_server_does_that_means_harm_is_told() {
    check(hostile::CASES);
}

#[test]
fn why_a_job_gave_no_table_is_told() {
    check(jobs::CASES);
}

#[test]
fn why_nothing_can_be_written_is_told() {
    check(destinations::CASES);
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let tables = [
        arguments::CASES,
        configuration::CASES,
        sign_in::CASES,
        rows::CASES,
        queries::CASES,
        answers::CASES,
        hostile::CASES,
        jobs::CASES,
        destinations::CASES,
    ];
    let mut names: Vec<_> = tables.iter().copied().flatten().map(|case| case.name).collect();

    assert!(names.len() >= 45, "{} cases", names.len());
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}
