//! **connectivity**: which neurons of a network send to which, and how strongly.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | presynaptic | UInt32 | | neuron that sends, from 0 over all populations |
//! | postsynaptic | UInt32 | | neuron that receives |
//! | weight | Float64 | of the model | strength of the connection |
//!
//! Key: presynaptic, postsynaptic; rows are in this order. Pairs that have no row are not connected. A neuron is there
//! when a row names it or one of a larger number; where no connection names the last neuron, a row of weight 0 from itself
//! does.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, UInt32Array};
use arrow_schema::DataType;

use super::columns::narrow_column;
use super::{TableError, float_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "connectivity";

/// The connections of one network, in the order of the table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Connectivity {
    pub presynaptic: Vec<u32>,
    pub postsynaptic: Vec<u32>,
    pub weight: Vec<f64>,
}

impl Connectivity {
    /// How many neurons there are: one more than the largest number.
    pub fn neurons(&self) -> usize {
        let largest = self.presynaptic.iter().chain(&self.postsynaptic).max();
        largest.map_or(0, |&largest| largest as usize + 1)
    }
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["presynaptic", "postsynaptic"],
        [
            Column::new("presynaptic", DataType::UInt32, "neuron that sends, from 0 over all populations"),
            Column::new("postsynaptic", DataType::UInt32, "neuron that receives, from 0 over all populations"),
            Column::new("weight", DataType::Float64, "strength of the connection, in the unit of the model"),
        ],
    )
}

pub fn read(batch: &RecordBatch) -> Result<Connectivity, TableError> {
    Ok(Connectivity {
        presynaptic: narrow_column(TABLE, batch, "presynaptic")?,
        postsynaptic: narrow_column(TABLE, batch, "postsynaptic")?,
        weight: float_column(TABLE, batch, "weight")?.into_owned(),
    })
}

/// Connections `(presynaptic, postsynaptic, weight)` of a network of so many neurons, in any order.
///
/// Where none names the last neuron, a row of weight 0 is added. A pair that is there twice, or a neuron that is not of
/// the network, is an error.
pub fn write(neurons: u32, connections: &[(u32, u32, f64)]) -> Result<RecordBatch, TableError> {
    let mut rows = connections.to_vec();
    if let Some(last) = neurons.checked_sub(1)
        && rows.iter().all(|row| row.0 != last && row.1 != last)
    {
        rows.push((last, last, 0.0));
    }
    rows.sort_by_key(|row| (row.0, row.1));
    if let Some(row) = rows.iter().find(|row| row.0 >= neurons || row.1 >= neurons) {
        return Err(TableError::Build(format!("a connection from {} to {} among {neurons} neurons", row.0, row.1)));
    }
    if let Some(pair) = rows.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
        return Err(TableError::Build(format!("two connections from {} to {}", pair[0].0, pair[0].1)));
    }
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.0))),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.1))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.2))),
        ],
    )?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_back_sorted() {
        let read = read(&write(3, &[(2, 0, -0.5), (0, 2, 0.0), (0, 1, 1.5)]).unwrap()).unwrap();
        assert_eq!(read.presynaptic, [0, 0, 2]);
        assert_eq!(read.postsynaptic, [1, 2, 0]);
        assert_eq!(read.weight, [1.5, 0.0, -0.5]);
        assert_eq!(read.neurons(), 3);
    }

    #[test]
    fn neurons_without_connections_are_kept() {
        let read = |neurons, rows: &[_]| read(&write(neurons, rows).unwrap()).unwrap();
        let one = read(5, &[(0, 1, 2.0)]);
        assert_eq!((one.neurons(), one.weight), (5, vec![2.0, 0.0]));
        assert_eq!(read(1, &[]).neurons(), 1);
        assert_eq!(read(0, &[]), Connectivity::default());
        assert_eq!(Connectivity::default().neurons(), 0);
    }

    #[test]
    fn doubled_and_unknown_neurons_are_errors() {
        assert!(write(2, &[(0, 1, 1.0), (0, 1, 2.0)]).unwrap_err().to_string().contains("two connections from 0 to 1"));
        assert!(write(2, &[(0, 2, 1.0)]).unwrap_err().to_string().contains("from 0 to 2 among 2"));
        assert!(write(0, &[(0, 0, 1.0)]).is_err());
    }
}
