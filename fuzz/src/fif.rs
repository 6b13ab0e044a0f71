//! FIF: a file that may go on with itself once, as if it were split.

use lapicque_recording::ReadOptions;

use crate::makes_sense::{Files, read};

pub fn target(data: &[u8]) {
    // A name of a further file is found if it ends so; that it then names itself is refused.
    let files = [("fif", data), ("-1.fif", data)];
    read("fif", &Files(&files), &ReadOptions::default(), 2 * data.len());
}
