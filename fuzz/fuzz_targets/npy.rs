//! libFuzzer calls [`lapicque_fuzz::npy::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::npy::target(data));
