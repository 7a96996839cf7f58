//! Any name is made one that stays in its folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_destination::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::names(data));
