//! Component mode: a data folder in, tables or an answer out.
//!
//! Most tests run on the org of the recorded runs of the original component.

mod actions;
mod configuration;
mod goldens;
mod logs;
mod packaging;
mod proxies;
mod runs;
mod site;
