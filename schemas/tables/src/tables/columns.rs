//! Typed access to columns of a batch, whatever their layout.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use super::TableError;

/// A text column: plain or dictionary-encoded.
pub enum TextColumn<'a> {
    Plain(&'a arrow_array::StringArray),
    Large(&'a arrow_array::LargeStringArray),
    Dictionary { keys: Vec<usize>, values: &'a arrow_array::StringArray },
}

impl TextColumn<'_> {
    pub fn value(&self, row: usize) -> &str {
        match self {
            Self::Plain(values) => values.value(row),
            Self::Large(values) => values.value(row),
            Self::Dictionary { keys, values } => values.value(keys[row]),
        }
    }
}

pub(super) fn column<'a>(table: &'static str, batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, TableError> {
    let array = batch.column_by_name(name).ok_or_else(|| TableError::MissingColumn {
        table,
        column: name.to_owned(),
        present: batch.schema().fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>().join(", "),
    })?;
    match array.null_count() {
        0 => Ok(array),
        nulls => Err(TableError::Nulls { column: name.to_owned(), nulls }),
    }
}

fn wrong_type(name: &str, expected: &'static str, array: &ArrayRef) -> TableError {
    TableError::WrongType { column: name.to_owned(), expected, found: array.data_type().to_string() }
}

pub fn text_column<'a>(table: &'static str, batch: &'a RecordBatch, name: &str) -> Result<TextColumn<'a>, TableError> {
    let array = column(table, batch, name)?;
    match array.data_type() {
        DataType::Utf8 => Ok(TextColumn::Plain(array.as_string())),
        DataType::LargeUtf8 => Ok(TextColumn::Large(array.as_string())),
        DataType::Dictionary(_, values) if **values == DataType::Utf8 => {
            let dictionary = array.as_any_dictionary();
            let keys = if dictionary.values().is_empty() { Vec::new() } else { dictionary.normalized_keys() };
            Ok(TextColumn::Dictionary { keys, values: dictionary.values().as_string() })
        }
        _ => Err(wrong_type(name, "text", array)),
    }
}

/// A column of numbers as `f64`; borrowed where it is one.
pub fn float_column<'a>(table: &'static str, batch: &'a RecordBatch, name: &str) -> Result<Cow<'a, [f64]>, TableError> {
    let array = column(table, batch, name)?;
    floats(array).ok_or_else(|| wrong_type(name, "a number", array))
}

/// A column of lists of numbers as `f64`.
pub(super) fn list_column<'a>(
    table: &'static str,
    batch: &'a RecordBatch,
    name: &str,
) -> Result<Vec<Cow<'a, [f64]>>, TableError> {
    let lists = column(table, batch, name)?;
    let wrong = || wrong_type(name, "a list of Float64 or Float32", lists);
    let list = lists.as_list_opt::<i32>().ok_or_else(wrong)?;
    let items = floats(list.values()).ok_or_else(wrong)?;
    let ranges = list.value_offsets().windows(2).map(|ends| ends[0] as usize..ends[1] as usize);
    let rows = ranges.map(|range| match &items {
        Cow::Borrowed(items) => Cow::Borrowed(&items[range]),
        Cow::Owned(items) => Cow::Owned(items[range].to_vec()),
    });
    Ok(rows.collect())
}

pub(super) fn floats(array: &ArrayRef) -> Option<Cow<'_, [f64]>> {
    Some(match array.data_type() {
        DataType::Float64 => Cow::Borrowed(array.as_primitive::<Float64Type>().values()),
        DataType::Float32 => {
            Cow::Owned(array.as_primitive::<Float32Type>().values().iter().map(|&v| f64::from(v)).collect())
        }
        DataType::UInt64 => Cow::Owned(array.as_primitive::<UInt64Type>().values().iter().map(|&v| v as f64).collect()),
        _ => Cow::Owned(integers(array)?.into_iter().map(|v| v as f64).collect()),
    })
}

/// A column of whole numbers as `i64`.
pub fn int_column(table: &'static str, batch: &RecordBatch, name: &str) -> Result<Vec<i64>, TableError> {
    let array = column(table, batch, name)?;
    if let Some(naturals) = array.as_primitive_opt::<UInt64Type>() {
        return narrowed(name, naturals.values());
    }
    integers(array).ok_or_else(|| wrong_type(name, "a whole number", array))
}

/// A column of whole numbers in a narrower type, or the first row that does not fit it.
pub(super) fn narrow_column<T: Narrow>(
    table: &'static str,
    batch: &RecordBatch,
    name: &str,
) -> Result<Vec<T>, TableError> {
    if let Some(own) = T::own(column(table, batch, name)?) {
        return Ok(own);
    }
    narrowed(name, &int_column(table, batch, name)?)
}

/// Whole numbers of fewer values than some columns have.
pub(super) trait Narrow: Sized {
    /// The values of a column that has this type already.
    fn own(array: &ArrayRef) -> Option<Vec<Self>>;
    fn of(value: i128) -> Option<Self>;
    const ALLOWED: (i128, i128);
}

impl Narrow for i32 {
    const ALLOWED: (i128, i128) = (Self::MIN as i128, Self::MAX as i128);

    fn own(array: &ArrayRef) -> Option<Vec<Self>> {
        array.as_primitive_opt::<Int32Type>().map(|values| values.values().to_vec())
    }

    fn of(value: i128) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Narrow for u32 {
    const ALLOWED: (i128, i128) = (Self::MIN as i128, Self::MAX as i128);

    fn own(array: &ArrayRef) -> Option<Vec<Self>> {
        array.as_primitive_opt::<UInt32Type>().map(|values| values.values().to_vec())
    }

    fn of(value: i128) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Narrow for i64 {
    const ALLOWED: (i128, i128) = (Self::MIN as i128, Self::MAX as i128);

    fn own(array: &ArrayRef) -> Option<Vec<Self>> {
        array.as_primitive_opt::<Int64Type>().map(|values| values.values().to_vec())
    }

    fn of(value: i128) -> Option<Self> {
        value.try_into().ok()
    }
}

fn narrowed<T: Narrow, F: Copy + Into<i128>>(name: &str, values: &[F]) -> Result<Vec<T>, TableError> {
    let narrow = |(row, &value): (usize, &F)| {
        let value: i128 = value.into();
        T::of(value).ok_or_else(|| TableError::OutOfRange {
            column: name.to_owned(),
            row: row + 1,
            value,
            allowed: format!("{} to {}", T::ALLOWED.0, T::ALLOWED.1),
        })
    };
    values.iter().enumerate().map(narrow).collect()
}

fn integers(array: &ArrayRef) -> Option<Vec<i64>> {
    Some(match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::Int16 => array.as_primitive::<Int16Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::Int32 => array.as_primitive::<Int32Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::Int64 => array.as_primitive::<Int64Type>().values().to_vec(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().values().iter().map(|&v| v.into()).collect(),
        _ => return None,
    })
}
