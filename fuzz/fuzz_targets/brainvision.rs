//! libFuzzer calls [`lapicque_fuzz::brainvision::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::brainvision::target(data));
