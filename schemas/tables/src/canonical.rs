//! One zero and one NaN: what content digests take for equal is equal to every reader, and to SQL.
//!
//! A digest knows one zero and one NaN (see [`crate::content`]); IEEE 754 has two zeros and about 2^53 NaNs, which `1 / x`, `atan2`,
//! sorting by total order and grouping by bits tell apart. So that rows of equal digests cannot give different results, tables are
//! brought into this form before they are stored and before a query sees them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, GenericListArray, OffsetSizeTrait, PrimitiveArray, RecordBatch,
    RecordBatchOptions,
};
use arrow_schema::{ArrowError, DataType};

/// The bits of the one NaN.
const NAN_64: u64 = 0x7ff8_0000_0000_0000;
const NAN_32: u32 = 0x7fc0_0000;

/// A table whose Float64 and Float32 values, in lists as well, have one zero (0.0) and one NaN (positive, quiet, without payload).
///
/// Columns in which nothing changes are shared with the table that was given, not copied.
pub fn canonical_floats(table: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let changed: Vec<Option<ArrayRef>> = table.columns().iter().map(canonical_column).collect::<Result<_, _>>()?;
    if changed.iter().all(Option::is_none) {
        return Ok(table.clone());
    }
    let columns = changed.into_iter().zip(table.columns()).map(|(new, old)| new.unwrap_or_else(|| old.clone()));
    let rows = RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    RecordBatch::try_new_with_options(table.schema(), columns.collect(), &rows)
}

/// A column with one zero and one NaN; `None` where it has no others.
pub fn canonical_column(column: &ArrayRef) -> Result<Option<ArrayRef>, ArrowError> {
    Ok(match column.data_type() {
        DataType::Float64 => {
            floats::<Float64Type>(column, |v| v.to_bits() == NEGATIVE_ZERO_64 || odd_nan_64(v), one_64)
        }
        DataType::Float32 => {
            floats::<Float32Type>(column, |v| v.to_bits() == NEGATIVE_ZERO_32 || odd_nan_32(v), one_32)
        }
        DataType::List(_) => list::<i32>(column)?,
        DataType::LargeList(_) => list::<i64>(column)?,
        DataType::FixedSizeList(item, size) => {
            let lists = column.as_fixed_size_list();
            let values = canonical_column(lists.values())?;
            let rebuild = |values| {
                FixedSizeListArray::try_new_with_length(
                    item.clone(),
                    *size,
                    values,
                    lists.nulls().cloned(),
                    lists.len(),
                )
            };
            values.map(rebuild).transpose()?.map(|lists| Arc::new(lists) as ArrayRef)
        }
        _ => None,
    })
}

const NEGATIVE_ZERO_64: u64 = 1 << 63;
const NEGATIVE_ZERO_32: u32 = 1 << 31;

fn odd_nan_64(value: f64) -> bool {
    value.is_nan() && value.to_bits() != NAN_64
}

fn odd_nan_32(value: f32) -> bool {
    value.is_nan() && value.to_bits() != NAN_32
}

fn one_64(value: f64) -> f64 {
    if value.is_nan() { f64::from_bits(NAN_64) } else { value + 0.0 }
}

fn one_32(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(NAN_32) } else { value + 0.0 }
}

fn floats<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    is_other: impl Fn(T::Native) -> bool,
    one: impl Fn(T::Native) -> T::Native,
) -> Option<ArrayRef> {
    let values: &PrimitiveArray<T> = column.as_primitive();
    // Without an exit within a piece the compiler looks at several values at a time.
    let has_others = |piece: &[T::Native]| piece.iter().fold(false, |found, &value| found | is_other(value));
    values.values().chunks(1024).any(has_others).then(|| Arc::new(values.unary::<_, T>(one)) as ArrayRef)
}

/// Looks at the items of these lists alone: the array of items may be that of a whole file.
fn list<O: OffsetSizeTrait>(column: &ArrayRef) -> Result<Option<ArrayRef>, ArrowError> {
    let lists: &GenericListArray<O> = column.as_list();
    let (DataType::List(item) | DataType::LargeList(item)) = lists.data_type() else {
        return Ok(None);
    };
    let offsets = lists.offsets();
    let (first, end) = (offsets[0].as_usize(), offsets[lists.len()].as_usize());
    let Some(items) = canonical_column(&lists.values().slice(first, end - first))? else {
        return Ok(None);
    };
    let offsets = offsets.clone().subtract(offsets[0]);
    Ok(Some(Arc::new(GenericListArray::<O>::try_new(item.clone(), offsets, items, lists.nulls().cloned())?)))
}
