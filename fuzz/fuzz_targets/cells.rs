//! Any value is kept, whatever the type of its column.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_destination::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::typed_cells(data));
