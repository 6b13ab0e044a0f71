//! libFuzzer calls [`lapicque_fuzz::npz::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::npz::target(data));
