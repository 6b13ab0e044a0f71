//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../../fuzz/on_seeds.rs"]
mod on_seeds;
#[path = "../../../fuzz/src/pipeline.rs"]
mod pipeline;

use on_seeds::on_seeds;

#[test]
fn pipeline_holds_on_its_seeds() {
    on_seeds("pipeline", pipeline::target);
}

#[test]
fn a_seed_is_a_pipeline() {
    let text = include_str!("../../../fuzz/seeds/pipeline/small.yaml").to_owned();
    lapicque_pipeline::Pipeline::parse(text, None, ".".into(), &[]).unwrap();
}
