//! Any record in JSON is one record in CSV, with as many values as the table has columns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_engine::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::record(data));
