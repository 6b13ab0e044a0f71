//! BrainVision: header, markers and data, with the line [`CUT`] between them.

use lapicque_recording::ReadOptions;

use crate::makes_sense::{Files, read};

pub const CUT: &[u8] = b"\n--8<--\n";

pub fn target(data: &[u8]) {
    let (header, rest) = cut(data);
    let (markers, values) = cut(rest);
    let files = [("vhdr", header), ("mrk", markers), ("", values)];
    read("vhdr", &Files(&files), &ReadOptions::default(), data.len());
}

fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.windows(CUT.len()).position(|part| part == CUT) {
        Some(place) => (&bytes[..place], &bytes[place + CUT.len()..]),
        None => (bytes, &[]),
    }
}
