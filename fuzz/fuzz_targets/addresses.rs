//! No address of a next page leads elsewhere.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_salesforce::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::addresses(data));
