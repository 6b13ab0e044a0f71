//! `neuralmass.*`: what neural mass models stand on ([`lapicque_neuralmass`]).

mod bifurcation;
mod bifurcation_config;
mod networks;
mod table;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(bifurcation::KIND), Box::new(table::KIND)]
}
