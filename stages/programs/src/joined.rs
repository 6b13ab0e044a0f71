//! The samples of a batch in one table each, told apart by their number, and the way back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{Field, Schema};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use lapicque_pipeline::{Batch, SampleError};
use lapicque_schemas::{TableSchema, with_sample};

/// The column with the number of the sample within its batch.
pub(crate) const SAMPLE: &str = "sample";

/// The rows of all samples at each sample-wise port, with their number before the other columns.
pub(crate) fn joined(batch: &Batch) -> Result<Vec<(&str, RecordBatch)>, SampleError> {
    let Some(first) = batch.samples.first() else {
        return Ok(Vec::new());
    };
    let of_port = |(place, (port, _)): (usize, &'_ (String, RecordBatch))| {
        let numbered = batch.samples.iter().enumerate().map(|(number, sample)| {
            let (_, table) = &sample.tables[place];
            with_sample(table, Arc::new(UInt32Array::from_value(number as u32, table.num_rows())))
        });
        let tables = numbered.collect::<Result<Vec<_>, _>>().map_err(SampleError::internal)?;
        concat_batches(&tables[0].schema(), &tables).map(|table| (port.clone(), table)).map_err(SampleError::internal)
    };
    let tables = first.tables.iter().enumerate().map(of_port).collect::<Result<Vec<_>, _>>()?;
    Ok(first.tables.iter().zip(tables).map(|((port, _), (_, table))| (port.as_str(), table)).collect())
}

/// A promised table with the number of the sample.
pub(crate) fn numbered(promised: &TableSchema) -> TableSchema {
    let number = Field::new(SAMPLE, arrow_schema::DataType::UInt32, false);
    let fields: Vec<Field> =
        std::iter::once(number).chain(promised.arrow.fields().iter().map(|f| f.as_ref().clone())).collect();
    let arrow = Schema::new_with_metadata(fields, promised.arrow.metadata().clone());
    let mut key = promised.key.clone();
    if !key.is_empty() {
        key.insert(0, SAMPLE.to_owned());
    }
    TableSchema { table: promised.table.clone(), key, arrow: Arc::new(arrow) }
}

/// The rows of each sample, in the order in which they came, without its number.
pub(crate) fn split(table: &RecordBatch, promised: &TableSchema, samples: usize) -> Result<Vec<RecordBatch>, String> {
    let number = table.column(0).as_primitive::<UInt32Type>().values();
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); samples];
    for (row, &number) in number.iter().enumerate() {
        let of_sample = rows.get_mut(number as usize).ok_or_else(|| {
            format!(
                "`sample` is {number} in row {}; this call has the samples 0 to {}",
                row + 1,
                samples.saturating_sub(1)
            )
        })?;
        of_sample.push(row as u32);
    }
    let columns = table.columns()[1..].to_vec();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    let table =
        RecordBatch::try_new_with_options(promised.arrow.clone(), columns, &options).map_err(|e| e.to_string())?;
    let part = |rows: Vec<u32>| {
        let first = rows.first().copied().unwrap_or_default();
        let stand_together = rows.iter().zip(first..).all(|(&row, due)| row == due);
        match stand_together {
            true => Ok(table.slice(first as usize, rows.len())),
            false => take_record_batch(&table, &UInt32Array::from(rows)).map_err(|error| error.to_string()),
        }
    };
    rows.into_iter().map(part).collect()
}
