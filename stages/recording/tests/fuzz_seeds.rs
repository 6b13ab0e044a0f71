//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/src/bids.rs"]
mod bids;
#[path = "../../../fuzz/src/csv.rs"]
mod csv;
#[path = "../../../fuzz/src/edf.rs"]
mod edf;
#[path = "../../../fuzz/src/npy.rs"]
mod npy;
#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;
#[path = "../../../fuzz/src/spikes.rs"]
mod spikes;

use on_seeds::on_seeds;

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
fn bids_holds_on_its_seeds() {
    on_seeds("bids", bids::target);
}

#[test]
fn spikes_hold_on_their_seeds() {
    on_seeds("spikes", spikes::target);
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
