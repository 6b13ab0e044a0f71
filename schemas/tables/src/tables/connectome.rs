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
}
