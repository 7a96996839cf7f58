//! `orgtap component`: runs as a Keboola component.

use std::path::PathBuf;

use crate::app::{Exit, Invocation};
use crate::cli::ComponentArgs;
use crate::component;
use crate::env;
use crate::error::Result;

/// Does what the data folder asks for.
pub(crate) async fn run(args: &ComponentArgs, on: &Invocation) -> Result<Exit> {
    let from_environment = || on.environment.first_of(&[env::KBC_DATADIR]).map(|(_, path)| PathBuf::from(path));
    let data_dir = args.data_dir.clone().or_else(from_environment).unwrap_or_else(|| PathBuf::from("/data"));
    component::run(&data_dir, on).await
}
