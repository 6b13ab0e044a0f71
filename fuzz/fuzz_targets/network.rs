//! libFuzzer calls [`lapicque_fuzz::network::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::network::target(data));
