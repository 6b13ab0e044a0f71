//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;
#[path = "../../../fuzz/src/units.rs"]
mod units;

use on_seeds::on_seeds;

#[test]
fn units_holds_on_its_seeds() {
    on_seeds("units", units::target);
}
