//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/src/bids.rs"]
mod bids;
#[path = "../../../fuzz/src/brainvision.rs"]
mod brainvision;
#[path = "../../../fuzz/src/csv.rs"]
mod csv;
#[path = "../../../fuzz/src/edf.rs"]
mod edf;
#[path = "../../../fuzz/src/fif.rs"]
mod fif;
#[path = "../../../fuzz/src/hdf5.rs"]
mod hdf5;
#[path = "../../../fuzz/src/makes_sense.rs"]
mod makes_sense;
#[path = "../../../fuzz/src/mat.rs"]
mod mat;
#[path = "../../../fuzz/src/matrix.rs"]
mod matrix;
#[path = "../../../fuzz/src/matrix_market.rs"]
mod matrix_market;
#[path = "../../../fuzz/src/npy.rs"]
mod npy;
#[path = "../../../fuzz/src/npz.rs"]
mod npz;
#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;
#[path = "../../../fuzz/src/one_file.rs"]
#[allow(dead_code, reason = "its other functions are for hostile files")]
mod one_file;
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
fn mat_holds_on_its_seeds() {
    on_seeds("mat", mat::target);
}

#[test]
fn hdf5_holds_on_its_seeds() {
    on_seeds("hdf5", hdf5::target);
}

#[test]
fn brainvision_holds_on_its_seeds() {
    on_seeds("brainvision", brainvision::target);
}

#[test]
fn fif_holds_on_its_seeds() {
    on_seeds("fif", fif::target);
}

#[test]
fn npz_holds_on_its_seeds() {
    on_seeds("npz", npz::target);
}

#[test]
fn matrix_holds_on_its_seeds() {
    on_seeds("matrix", matrix::target);
}

#[test]
fn matrix_market_holds_on_its_seeds() {
    on_seeds("matrix_market", matrix_market::target);
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
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, extension, channels) in [
        ("mat/nested_compressed.mat", "mat", 2),
        ("mat/version_7_3.mat", "mat", 2),
        ("mat/fieldtrip.mat", "mat", 4),
        ("mat/eeglab.set", "set", 2),
        ("mat/eeglab_epochs.set", "set", 6),
        ("hdf5/old_layout.nwb", "nwb", 3),
        ("hdf5/new_layout.nwb", "nwb", 3),
        ("hdf5/intensities.snirf", "snirf", 2),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(one_file::channels(&bytes, extension), channels, "{name}");
    }
    let variables = |name: &str| {
        let bytes = std::fs::read(folder.join("mat").join(name)).unwrap();
        lapicque_recording::mat::read_mat(&mut std::io::Cursor::new(bytes)).unwrap().len()
    };
    assert_eq!((variables("version_4.mat"), variables("big_endian.mat"), variables("every_class.mat")), (2, 1, 7));
}
