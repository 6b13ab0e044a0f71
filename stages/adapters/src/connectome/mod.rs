//! `connectome.*`: what couples the nodes of whole-brain networks ([`lapicque_neuralmass::connectome`]).

mod synthetic;
mod tables;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(synthetic::KIND)]
}
