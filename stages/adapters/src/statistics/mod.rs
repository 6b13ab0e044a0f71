//! `statistics.*`: groups of recordings, or of simulations, compared ([`lapicque_statistics`]).

mod columns;
mod correction;
mod effect_size;
mod mixed_model;
mod mixed_model_tables;
mod model_rows;
mod permutation;
mod rows;
mod units;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(effect_size::KIND), Box::new(mixed_model::KIND), Box::new(permutation::KIND)]
}
