//! One module per subcommand, each with a `run`: arguments in, output and an exit out.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod component;
pub(crate) mod demo;
pub(crate) mod describe;
pub(crate) mod emulator;
pub(crate) mod init;
pub(crate) mod objects;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod reconcile;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod verify;

use orgtap_salesforce::{Client, Connection, SignedIn};

use crate::app::Invocation;
use crate::config;
use crate::error::Result;

/// Returns a client for `connection`, after everything that can be checked without the network.
fn client(connection: Connection, on: &Invocation) -> Result<Client> {
    connection.check()?;
    Ok(Client::new(connection, on.patience.clock())?)
}

/// Returns a client for the connection of the configuration file. The rest of the file does not matter.
fn client_of(on: &Invocation) -> Result<Client> {
    client(config::load_connection(&on.config, &on.environment)?, on)
}

/// Signs in for a run: patiently, unless somebody waits in front of a terminal.
async fn sign_in(client: &Client, on: &Invocation) -> orgtap_salesforce::Result<SignedIn> {
    match on.console.is_watched() {
        true => client.sign_in().await,
        false => client.sign_in_patiently().await,
    }
}
