//! `neuralmass.*`: what neural mass models stand on ([`lapicque_neuralmass`]).

mod bifurcation;
mod bifurcation_config;
mod control_config;
mod control_plan;
mod control_problem;
mod control_tables;
mod control_target;
mod control_waves;
mod networks;
mod optimal_control;
mod table;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(bifurcation::KIND), Box::new(optimal_control::KIND), Box::new(table::KIND)]
}
