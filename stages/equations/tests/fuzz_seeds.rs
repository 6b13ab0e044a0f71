//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/src/equations.rs"]
mod equations;
#[cfg(feature = "file")]
#[path = "../../../fuzz/src/model_file.rs"]
mod model_file;
#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;
#[path = "../../../fuzz/src/swc.rs"]
mod swc;

use on_seeds::on_seeds;

#[test]
fn equations_hold_on_their_seeds() {
    on_seeds("equations", equations::target);
}

#[test]
fn swc_holds_on_its_seeds() {
    on_seeds("swc", swc::target);
}

#[cfg(feature = "file")]
#[test]
fn model_file_holds_on_its_seeds() {
    on_seeds("model_file", model_file::target);
}
