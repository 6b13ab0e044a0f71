//! libFuzzer calls [`lapicque_fuzz::bids::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::bids::target(data));
