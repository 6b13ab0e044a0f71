//! What comes out of a query: types that tables hold, one order of rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::{CastOptions, cast_with_options, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use lapicque_schemas::canonical_floats;

use crate::signed::signed;
use crate::tables::wide_column;

/// The answer to a query: as it came, but for whole numbers of 64 bits, which are signed. Units are those of the plan.
pub(crate) fn answer(rows: &RecordBatch, planned: &Schema) -> Result<RecordBatch> {
    let schema = rows.schema();
    let field = |(field, planned): (&Arc<Field>, &Arc<Field>)| {
        let field = field.as_ref().clone().with_metadata(planned.metadata().clone());
        let data_type = signed(field.data_type());
        field.with_data_type(data_type)
    };
    let fields: Vec<Field> = schema.fields().iter().zip(planned.fields()).map(field).collect();
    let columns = fields.iter().zip(rows.columns()).map(|(f, c)| wide_column(f.name(), c, f.data_type()));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(canonical_floats(&RecordBatch::try_new_with_options(schema, columns, &options)?)?)
}

/// The type in which tables hold a column of a result; `None` where they have none for it.
pub(crate) fn stored_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => DataType::Float64,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(stored_type(item.data_type())?)))
        }
        DataType::Dictionary(_, values) if **values == DataType::Utf8 => data_type.clone(),
        DataType::Float64 | DataType::Float32 | DataType::Utf8 | DataType::Boolean | DataType::Binary => {
            data_type.clone()
        }
        DataType::UInt64 => DataType::Int64,
        whole if whole.is_integer() => whole.clone(),
        _ => return None,
    })
}

/// A result in the columns of a schema, by position: names and types were settled when the query was planned.
pub(crate) fn in_schema(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if rows.num_columns() != schema.fields().len() {
        return exec_err!("the query gives {} columns instead of {}", rows.num_columns(), schema.fields().len());
    }
    let exact = CastOptions { safe: false, ..Default::default() };
    let column = |(field, column): (&Arc<Field>, &ArrayRef)| {
        if column.data_type() == field.data_type() {
            return Ok(column.clone());
        }
        let failed = |error| exec_datafusion_err!("column `{}` does not fit into its type: {error}", field.name());
        cast_with_options(column, field.data_type(), &exact).map_err(failed)
    };
    let columns = schema.fields().iter().zip(rows.columns()).map(column).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(canonical_floats(&RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)?)
}

/// Sorts rows by some columns, and where these are equal by all.
pub(crate) fn sorted(table: &RecordBatch, key: &[String]) -> Result<RecordBatch> {
    if table.num_rows() < 2 || table.num_columns() == 0 {
        return Ok(table.clone());
    }
    if u32::try_from(table.num_rows()).is_err() {
        return exec_err!("{} rows are more than can be sorted", table.num_rows());
    }
    let by_key = key.iter().filter_map(|name| table.column_by_name(name));
    let (lists, single): (Vec<_>, Vec<_>) = table.columns().iter().partition(|c| c.data_type().is_nested());
    let first: Vec<&ArrayRef> = by_key.chain(single).collect();
    let mut order: Vec<u32> = (0..table.num_rows() as u32).collect();
    let first = encoded(&first)?;
    let by_first = |a: &u32, b: &u32| first.row(*a as usize).cmp(&first.row(*b as usize));
    order.sort_by(by_first);
    // Lists may be long signals: they are looked at where nothing else tells rows apart.
    if !lists.is_empty() && order.windows(2).any(|pair| by_first(&pair[0], &pair[1]).is_eq()) {
        let second = encoded(&lists)?;
        let by_lists = |a: &u32, b: &u32| second.row(*a as usize).cmp(&second.row(*b as usize));
        order.sort_by(|a, b| by_first(a, b).then_with(|| by_lists(a, b)));
    }
    Ok(take_record_batch(table, &UInt32Array::from(order))?)
}

fn encoded(columns: &[&ArrayRef]) -> Result<Rows> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let columns: Vec<ArrayRef> = columns.iter().map(|&column| column.clone()).collect();
    Ok(RowConverter::new(fields)?.convert_columns(&columns)?)
}
