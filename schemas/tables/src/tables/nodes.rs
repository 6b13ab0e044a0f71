//! **nodes**: where the nodes of a connectome lie, in their order.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | node | Utf8 | | name, as in the connectome and as channel of signals |
//! | x_mm, y_mm, z_mm | Float64, null | mm | to the right, to the front, upwards; null: not known |
//! | hemisphere | Utf8, null | | `left` or `right`; null: not known |
//! | module | Utf8, null | | group of nodes that it belongs to; null: not known |
//!
//! Key: node.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "nodes";

#[derive(Debug, Clone, PartialEq)]
pub struct NodeRow {
    pub node: String,
    pub position_mm: Option<[f64; 3]>,
    pub hemisphere: Option<&'static str>,
    pub module: Option<String>,
}

pub fn schema() -> TableSchema {
    let text = |name: &str, description: &str| Column::new(name, DataType::Utf8, description);
    let place = |name: &str, towards: &str| {
        Column::new(name, DataType::Float64, &format!("{towards}; null: not known")).unit("mm")
    };
    TableSchema::new(
        TABLE,
        &["node"],
        [
            text("node", "name, as in the connectome and as channel of signals"),
            place("x_mm", "to the right").nullable(),
            place("y_mm", "to the front").nullable(),
            place("z_mm", "upwards").nullable(),
            text("hemisphere", "left or right; null: not known").nullable(),
            text("module", "group of nodes that it belongs to; null: not known").nullable(),
        ],
    )
}

pub fn write(rows: &[NodeRow]) -> Result<RecordBatch, TableError> {
    let texts = |of: fn(&NodeRow) -> Option<&str>| {
        Arc::new(StringArray::from(rows.iter().map(of).collect::<Vec<Option<&str>>>()))
    };
    let place = |axis: usize| {
        Arc::new(rows.iter().map(|row| row.position_mm.map(|position| position[axis])).collect::<Float64Array>())
    };
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.node))),
            place(0),
            place(1),
            place(2),
            texts(|row| row.hemisphere),
            texts(|row| row.module.as_deref()),
        ],
    )?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::Array;

    use super::*;

    #[test]
    fn what_is_not_known_is_null() {
        let known = NodeRow {
            node: "a".to_owned(),
            position_mm: Some([1.0, -2.0, 3.0]),
            hemisphere: Some("left"),
            module: Some("M0".to_owned()),
        };
        let bare = NodeRow { node: "b".to_owned(), position_mm: None, hemisphere: None, module: None };
        let table = write(&[known, bare]).unwrap();
        let nulls: Vec<usize> = table.columns().iter().map(|column| column.null_count()).collect();
        assert_eq!((table.num_rows(), nulls), (2, vec![0, 1, 1, 1, 1, 1]));
    }
}
