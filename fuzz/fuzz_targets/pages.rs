//! Any page is read or refused the same, however it arrives, and has as many values in each record as the table has columns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_engine::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::page(data));
