//! libFuzzer calls [`lapicque_fuzz::fif::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::fif::target(data));
