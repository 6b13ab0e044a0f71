//! `pointprocess.*`: models of spike trains ([`lapicque_pointprocess`]).

mod tune;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(tune::KIND)]
}
