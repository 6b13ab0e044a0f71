//! libFuzzer calls [`lapicque_fuzz::swc::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::swc::target(data));
