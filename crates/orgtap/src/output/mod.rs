//! Everything that reaches the user's eyes: data to standard output, the rest to standard error.
//!
//! Nothing here decides what to do; it renders values that commands hand over. Text from Salesforce, from files and from errors goes
//! through [`format::printable`] first, so that it cannot command the terminal.

pub(crate) mod console;
pub(crate) mod diagnostic;
pub(crate) mod explain;
pub(crate) mod format;
pub(crate) mod json;
pub(crate) mod log;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod records;
pub(crate) mod report;
pub(crate) mod table;
pub(crate) mod verification;
pub(crate) mod verification_json;

pub(crate) use console::Console;
