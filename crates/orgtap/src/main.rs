//! `orgtap`: moves records from a Salesforce org into tables and keeps them up to date.

mod app;
mod cli;
mod commands;
mod component;
mod config;
mod env;
mod error;
mod nearest;
mod output;
mod patience;

fn main() -> std::process::ExitCode {
    app::main()
}
