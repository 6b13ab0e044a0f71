//! libFuzzer calls [`lapicque_fuzz::csv::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::csv::target(data));
