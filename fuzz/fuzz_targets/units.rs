//! libFuzzer calls [`lapicque_fuzz::units::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::units::target(data));
