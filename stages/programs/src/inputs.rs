//! What programs read of their inputs.

use lapicque_pipeline::{PortSchema, Read};
use lapicque_schemas::tables::{Further, TableSpec};

/// All columns, but of tables whose columns are fixed those that all such tables have.
pub(crate) fn reads(inputs: &[PortSchema], labels: bool) -> Vec<Read> {
    let read = |input: &PortSchema| {
        let fixed = TableSpec::of(&input.schema.table).filter(|table| table.further == Further::Ignored);
        let columns = fixed.and_then(TableSpec::schema).map(|table| {
            let present = table.column_names().filter(|name| input.schema.column(name).is_some());
            present.map(str::to_owned).collect()
        });
        Read { port: input.port.clone(), columns, labels: labels && input.sample_wise }
    };
    inputs.iter().map(read).collect()
}
