//! `parameters.*`: sources of parameter points.

mod column;
mod grid;
pub(crate) mod list;
mod points;
mod random;
mod table;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(grid::KIND), Box::new(list::KIND), Box::new(random::KIND)]
}
