//! libFuzzer calls [`lapicque_fuzz::spikes::target`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lapicque_fuzz::spikes::target(data));
