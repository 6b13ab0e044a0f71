//! **lead field**: the potential at each electrode per unit of each dipole.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | electrode, dipole | Utf8 | | names |
//! | mx, my, mz | Float64 | mV/(nA um) | potential per component of the dipole moment |
//!
//! Key: electrode, dipole.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::{TableError, float_column, text_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "lead_field";

#[derive(Debug, Clone, PartialEq)]
pub struct LeadFieldRow {
    pub electrode: String,
    pub dipole: String,
    pub mv_per_na_um: [f64; 3],
}

pub fn schema() -> TableSchema {
    let component = |name, axis| Column::new(name, DataType::Float64, axis).unit("mV/(nA um)");
    TableSchema::new(
        TABLE,
        &["electrode", "dipole"],
        [
            Column::new("electrode", DataType::Utf8, "name of the electrode"),
            Column::new("dipole", DataType::Utf8, "name of the dipole"),
            component("mx", "potential per dipole moment along x"),
            component("my", "potential per dipole moment along y"),
            component("mz", "potential per dipole moment along z"),
        ],
    )
}

pub fn read(batch: &RecordBatch) -> Result<Vec<LeadFieldRow>, TableError> {
    let electrode = text_column(TABLE, batch, "electrode")?;
    let dipole = text_column(TABLE, batch, "dipole")?;
    let number = |name| float_column(TABLE, batch, name);
    let (mx, my, mz) = (number("mx")?, number("my")?, number("mz")?);
    Ok((0..batch.num_rows())
        .map(|row| LeadFieldRow {
            electrode: electrode.value(row).to_owned(),
            dipole: dipole.value(row).to_owned(),
            mv_per_na_um: [mx[row], my[row], mz[row]],
        })
        .collect())
}

pub fn write(rows: &[LeadFieldRow]) -> Result<RecordBatch, TableError> {
    let component = |i: usize| Arc::new(Float64Array::from_iter_values(rows.iter().map(move |r| r.mv_per_na_um[i])));
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.electrode))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.dipole))),
            component(0),
            component(1),
            component(2),
        ],
    )?)
}
