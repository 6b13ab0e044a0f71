//! libFuzzer calls [`lapicque_fuzz::edf::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::edf::target(data));
