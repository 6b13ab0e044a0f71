//! `parameters.*`: sources of parameter points.

pub(crate) mod column;
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
        Box::new(grid::Grid),
        Box::new(list::List),
        Box::new(random::Random),
        Box::new(from_table::KIND),
        Box::new(refine::KIND),
    ]
}
