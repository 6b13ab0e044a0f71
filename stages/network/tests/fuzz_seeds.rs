//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![cfg(feature = "file")]
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/src/network.rs"]
mod network;
#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;

use on_seeds::on_seeds;

#[test]
fn network_holds_on_its_seeds() {
    on_seeds("network", network::target);
}

#[test]
fn seeds_of_either_kind_of_file_are_networks() {
    for text in
        [include_str!("../../../fuzz/seeds/network/small.yaml"), include_str!("../../../fuzz/seeds/network/nnmt.yaml")]
    {
        lapicque_network::read_network(text, "seed").unwrap();
    }
}
