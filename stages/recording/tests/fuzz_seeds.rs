//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

use std::path::Path;

#[path = "../../../fuzz/src/csv.rs"]
mod csv;
#[path = "../../../fuzz/src/edf.rs"]
mod edf;
#[path = "../../../fuzz/src/npy.rs"]
mod npy;

fn on_seeds(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        target(&bytes);
        // Cut anywhere, and with a byte changed: what a fuzzer does first.
        for end in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
            target(&bytes[..end]);
            let mut changed = bytes.clone();
            changed[end] ^= 1 << (end % 8);
            target(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 1, "{} has no seeds", folder.display());
}

#[test]
fn edf_holds_on_its_seeds() {
    on_seeds("edf", edf::target);
}

#[test]
fn npy_holds_on_its_seeds() {
    on_seeds("npy", npy::target);
}

#[test]
fn csv_holds_on_its_seeds() {
    on_seeds("csv", csv::target);
}

#[test]
fn seeds_of_every_format_are_recordings() {
    let edf: [&[u8]; 3] = [
        include_bytes!("../../../fuzz/seeds/edf/continuous.edf"),
        include_bytes!("../../../fuzz/seeds/edf/with_gaps.edf"),
        include_bytes!("../../../fuzz/seeds/edf/biosemi.bdf"),
    ];
    for bytes in edf {
        lapicque_recording::read_edf(&mut std::io::Cursor::new(bytes)).unwrap();
    }
    let npy = include_bytes!("../../../fuzz/seeds/npy/columns.npy");
    lapicque_recording::read_npy(&mut std::io::Cursor::new(npy), 250.0).unwrap();
}
