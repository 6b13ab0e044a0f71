//! libFuzzer calls [`lapicque_fuzz::matrix::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::matrix::target(data));
