//! The program from outside: the real binary against an emulated org, each test in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod architecture;
mod bad_input;
mod component;
mod context;
mod deleted;
mod demo;
mod emulator;
mod examples;
mod help;
mod hostile;
mod init;
mod inspect;
mod kill;
mod limits;
mod machine;
mod proxy;
mod run;
mod secrets;
mod shared_data;
mod signals;
mod tls;
mod verify;
