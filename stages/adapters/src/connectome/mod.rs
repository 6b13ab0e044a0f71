//! `connectome.*`: what couples the nodes of whole-brain networks ([`lapicque_neuralmass::connectome`]).

mod import;
mod synthetic;
mod tables;

use lapicque_pipeline::Kind;

pub(crate) use import::matrix;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(import::KIND), Box::new(synthetic::KIND)]
}
