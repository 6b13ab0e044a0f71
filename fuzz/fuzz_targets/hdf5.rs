//! libFuzzer calls [`lapicque_fuzz::hdf5::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::hdf5::target(data));
