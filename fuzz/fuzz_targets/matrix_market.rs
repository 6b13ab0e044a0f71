//! libFuzzer calls [`lapicque_fuzz::matrix_market::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::matrix_market::target(data));
