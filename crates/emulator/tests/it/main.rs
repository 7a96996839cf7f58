//! The emulator as its clients see it: through HTTP, with a client that knows nothing of the emulator's code.

#![cfg(test)]

mod bulk;
mod bulk_v1;
mod client;
mod composite;
mod control;
mod edited_queries;
mod edits;
mod export;
mod faults;
mod pace;
mod profiles;
mod recorded;
mod refusals;
mod rest;
mod sign_in;
mod soql;
mod tls;
mod web_server;
mod world;
