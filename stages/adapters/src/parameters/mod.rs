//! `parameters.*`: sources of parameter points.

pub(crate) mod column;
pub(crate) mod distribution;
mod from_table;
mod grid;
pub(crate) mod list;
mod points;
pub(crate) mod random;
mod refine;
mod table;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        Box::new(grid::KIND),
        Box::new(list::KIND),
        Box::new(random::KIND),
        Box::new(from_table::KIND),
        Box::new(refine::KIND),
    ]
}
