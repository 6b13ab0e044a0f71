//! The target of `fuzz` on its seeds: a fuzzer is not needed to know that it holds.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/src/equations.rs"]
mod equations;
#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;

use on_seeds::on_seeds;

#[test]
fn equations_hold_on_their_seeds() {
    on_seeds("equations", equations::target);
}
