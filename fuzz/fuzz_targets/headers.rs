//! Every header is read or does not count.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_salesforce::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::headers(data));
