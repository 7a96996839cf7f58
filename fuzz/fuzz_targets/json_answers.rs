//! Every answer in JSON is read or refused, and nothing in it leads away from the org or commands a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_salesforce::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::json_answer(data));
