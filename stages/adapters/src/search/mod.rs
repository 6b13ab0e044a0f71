//! `search.*`: samples that follow from results, round after round.

mod cma_es;
pub(crate) mod rounds;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(cma_es::KIND)]
}
