//! libFuzzer calls [`lapicque_fuzz::pipeline::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::pipeline::target(data));
