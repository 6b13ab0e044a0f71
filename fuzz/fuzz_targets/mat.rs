//! libFuzzer calls [`lapicque_fuzz::mat::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::mat::target(data));
