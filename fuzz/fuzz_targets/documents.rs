//! Any state and any journal is read or refused, and what is read can be gone on with.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_engine::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::documents(data));
