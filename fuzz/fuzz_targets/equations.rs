//! libFuzzer calls [`lapicque_fuzz::equations::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::equations::target(data));
