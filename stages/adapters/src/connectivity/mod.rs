//! `connectivity.*`: which neurons of a network send to which ([`lapicque_pointprocess::generators`]).

mod generate;
mod import;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(generate::KIND), Box::new(import::KIND)]
}
