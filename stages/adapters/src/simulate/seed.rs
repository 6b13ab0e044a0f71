//! The column that tells replicates apart.

use lapicque_pipeline::Bound;
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::parameters;

/// Points that differ in their `seed` alone are replicates.
pub(crate) fn read_seed(bound: &mut Bound, table: Option<&TableSchema>) {
    if table.is_some_and(|table| table.column(parameters::SEED).is_some()) {
        let of_parameters = bound.reads.iter_mut().filter(|read| read.port == parameters::TABLE);
        of_parameters
            .filter_map(|read| read.columns.as_mut())
            .for_each(|columns| columns.push(parameters::SEED.to_owned()));
    }
    bound.accepts.push(parameters::SEED.to_owned());
}
