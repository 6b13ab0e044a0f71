//! **connectome**: which nodes send to which, how strongly and from how far.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | source | Utf8 | | node that sends |
//! | target | Utf8 | | node that receives |
//! | weight | Float64 | | strength of the connection |
//! | length_mm | Float64 | mm | length of the fibres; 0 where it is not known |
//!
//! Key: source, target. Pairs that have no row are not connected. A node is there when a row names it, if need be one of
//! weight 0 from itself; the order of nodes is that of their first rows as targets, then as sources.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "connectome";

#[derive(Debug, Clone, PartialEq)]
pub struct ConnectomeRow {
    pub source: String,
    pub target: String,
    pub weight: f64,
    pub length_mm: f64,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["source", "target"],
        [
            Column::new("source", DataType::Utf8, "node that sends"),
            Column::new("target", DataType::Utf8, "node that receives"),
            Column::new("weight", DataType::Float64, "strength of the connection"),
            Column::new("length_mm", DataType::Float64, "length of the fibres; 0 where it is not known").unit("mm"),
        ],
    )
}

pub fn read(batch: &RecordBatch) -> Result<Vec<ConnectomeRow>, TableError> {
    let source = text_column(TABLE, batch, "source")?;
    let target = text_column(TABLE, batch, "target")?;
    let weight = float_column(TABLE, batch, "weight")?;
    let length_mm = float_column(TABLE, batch, "length_mm")?;
    let row = |row: usize| ConnectomeRow {
        source: source.value(row).to_owned(),
        target: target.value(row).to_owned(),
        weight: weight[row],
        length_mm: length_mm[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

pub fn write(rows: &[ConnectomeRow]) -> Result<RecordBatch, TableError> {
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.source))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.target))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.weight))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.length_mm))),
        ],
    )?)
}

/// The rows of matrices that lie by target, `weights[target * nodes + source]`: each connection whose weight is not 0, and
/// for each node one from itself, so that nodes come back in their order.
pub fn write_dense(labels: &[String], weights: &[f64], lengths_mm: &[f64]) -> Result<RecordBatch, TableError> {
    let nodes = labels.len();
    if weights.len() != nodes * nodes || lengths_mm.len() != nodes * nodes {
        let found = (weights.len(), lengths_mm.len());
        return Err(TableError::Build(format!("{nodes} nodes with {} weights and {} lengths", found.0, found.1)));
    }
    // A column of text has at most 2^31 - 1 bytes.
    let bytes = labels.iter().map(String::len).sum::<usize>().saturating_mul(nodes);
    if i32::try_from(bytes).is_err() {
        return Err(TableError::Build(format!("the names of {nodes} nodes are too long for a row per connection")));
    }
    let places = || (0..nodes).flat_map(|target| std::iter::once(target * nodes + target).chain(others(nodes, target)));
    let kept: Vec<usize> = places().filter(|&place| place / nodes == place % nodes || weights[place] != 0.0).collect();
    let label = |of: fn(usize, usize) -> usize| {
        Arc::new(StringArray::from_iter_values(kept.iter().map(|&place| &labels[of(place, nodes)])))
    };
    let numbers = |of: &[f64]| Arc::new(Float64Array::from_iter_values(kept.iter().map(|&place| of[place])));
    let columns: Vec<arrow_array::ArrayRef> = vec![
        label(|place, nodes| place % nodes),
        label(|place, nodes| place / nodes),
        numbers(weights),
        numbers(lengths_mm),
    ];
    Ok(RecordBatch::try_new(schema().arrow, columns)?)
}

/// Places of a row of a matrix but for that on its diagonal.
fn others(nodes: usize, target: usize) -> impl Iterator<Item = usize> {
    (0..nodes).filter(move |&source| source != target).map(move |source| target * nodes + source)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let rows = [("b", "a", 0.5, 12.0), ("a", "a", 0.0, 0.0)].map(|(source, target, weight, length_mm)| {
            ConnectomeRow { source: source.to_owned(), target: target.to_owned(), weight, length_mm }
        });
        assert_eq!(read(&write(&rows).unwrap()).unwrap(), rows);
    }

    #[test]
    fn matrices_have_a_row_for_each_connection_and_each_node() {
        let labels = ["a", "b"].map(str::to_owned);
        let rows = read(&write_dense(&labels, &[0.0, 2.0, 0.0, 3.0], &[0.5, 4.0, 5.0, 6.0]).unwrap()).unwrap();
        let rows: Vec<_> = rows.iter().map(|r| (r.source.as_str(), r.target.as_str(), r.weight, r.length_mm)).collect();
        assert_eq!(rows, [("a", "a", 0.0, 0.5), ("b", "a", 2.0, 4.0), ("b", "b", 3.0, 6.0)]);
        assert!(write_dense(&labels, &[0.0; 3], &[0.0; 4]).is_err());
        let mut long = vec![String::new(); 2048];
        long[0] = "x".repeat(1 << 20);
        let places = long.len() * long.len();
        assert!(
            write_dense(&long, &vec![0.0; places], &vec![0.0; places]).unwrap_err().to_string().contains("too long")
        );
    }
}
