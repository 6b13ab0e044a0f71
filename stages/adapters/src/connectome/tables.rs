//! A connectome and its nodes as tables.

use arrow_array::RecordBatch;
use lapicque_neuralmass::connectome::{Connectome, Hemisphere, Place};
use lapicque_pipeline::Output;
use lapicque_schemas::tables::nodes::{self, NodeRow};
use lapicque_schemas::tables::{TableError, connectome};

pub(super) fn outputs() -> Vec<Output> {
    vec![Output::new(connectome::TABLE, connectome::schema()), Output::new(nodes::TABLE, nodes::schema())]
}

/// The tables of [`outputs`]; a place for each node.
pub(super) fn tables(connectome: &Connectome, places: Vec<Place>) -> Result<[RecordBatch; 2], TableError> {
    let row = |(label, place): (&String, Place)| NodeRow {
        node: label.clone(),
        position_mm: place.position_mm,
        hemisphere: place.hemisphere.map(|hemisphere| match hemisphere {
            Hemisphere::Left => "left",
            Hemisphere::Right => "right",
        }),
        module: place.module,
    };
    let rows: Vec<NodeRow> = connectome.labels().iter().zip(places).map(row).collect();
    let of_pairs = connectome::write_dense(connectome.labels(), connectome.weights(), connectome.lengths_mm())?;
    Ok([of_pairs, nodes::write(&rows)?])
}
