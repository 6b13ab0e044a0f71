//! NPZ: an array of the archive, the only one or that called `a`.

use lapicque_recording::ReadOptions;

use crate::makes_sense::{Files, read};

pub fn target(data: &[u8]) {
    // What is read of a compressed array: 64 bytes for each of the file, and a million anyway.
    let most = (1 << 20) + 64 * data.len();
    for variable in [None, Some("a")] {
        let options = ReadOptions { sampling_rate_hz: Some(250.0), variable, ..ReadOptions::default() };
        read("npz", &Files(&[("npz", data)]), &options, most);
    }
}
