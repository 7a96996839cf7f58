//! `orgtap`: moves records from a Salesforce org into tables and keeps them up to date.
//!
//! The fuzzers compile it as a target, which has a `main` of its own.

#![cfg_attr(fuzzing, no_main)]
#![cfg_attr(fuzzing, allow(dead_code, reason = "a fuzz target reads configurations and runs nothing"))]

mod app;
mod cli;
mod commands;
mod component;
mod config;
mod env;
mod error;
#[cfg(any(test, fuzzing))]
mod fuzzing;
mod nearest;
mod output;
mod patience;

fn main() -> std::process::ExitCode {
    app::main()
}
