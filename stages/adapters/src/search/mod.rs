//! `search.*`: samples that follow from results, round after round.

mod cma_es;
mod evolution;
pub(crate) mod rounds;
mod state;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(cma_es::KIND), Box::new(evolution::KIND)]
}
