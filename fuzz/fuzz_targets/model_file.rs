//! libFuzzer calls [`lapicque_fuzz::model_file::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::model_file::target(data));
