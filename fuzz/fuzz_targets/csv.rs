//! Any CSV has the same records however it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_destination::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::csv_boundaries(data));
