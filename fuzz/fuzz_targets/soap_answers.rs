//! Every answer to a login by SOAP is read or refused, and its session is as secret as the login.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orgtap_salesforce::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::soap_answer(data));
