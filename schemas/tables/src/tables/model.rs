//! **model**: a trained model: what it is as JSON, and its numbers as named arrays. Nothing in it can be executed.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | part | Utf8 | `head`, or the name of an array, such as `fitted.linear.coefficients` |
//! | document | Utf8, null | of the head: kind of model, names, units and settings as JSON |
//! | shape | List(UInt32) | of an array: its lengths |
//! | values | List(Float64) | of an array: its numbers, the last index fastest |
//!
//! Key: part. The first row is the head. A table with the column `document` alone has a whole model in each row: that is how models were kept before.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};

use super::columns::{column, floats};
use super::{TableError, text_column};
use crate::schema::{Column, TableSchema, list_of};

pub const TABLE: &str = "model";

/// What the part that is no array is called.
const HEAD: &str = "head";

/// A model as the table holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRows {
    /// JSON.
    pub head: String,
    pub arrays: Vec<ModelArray>,
}

/// An array of numbers; the last index runs fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelArray {
    pub name: String,
    pub shape: Vec<u32>,
    pub values: Vec<f64>,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["part"],
        [
            Column::new("part", DataType::Utf8, "head, or the name of an array"),
            Column::new("document", DataType::Utf8, "of the head: what the model is, as JSON").nullable(),
            Column::new("shape", list_of(DataType::UInt32), "of an array: its lengths"),
            Column::new("values", list_of(DataType::Float64), "of an array: its numbers, the last index fastest"),
        ],
    )
}

pub fn write(model: &ModelRows) -> Result<RecordBatch, TableError> {
    let mut part = StringBuilder::new();
    let mut document = StringBuilder::new();
    let mut shape = ListBuilder::new(UInt32Builder::new()).with_field(Field::new("item", DataType::UInt32, false));
    let mut values = ListBuilder::new(Float64Builder::new()).with_field(Field::new("item", DataType::Float64, false));
    part.append_value(HEAD);
    document.append_value(&model.head);
    shape.append(true);
    values.append(true);
    for array in &model.arrays {
        part.append_value(&array.name);
        document.append_null();
        shape.values().append_slice(&array.shape);
        shape.append(true);
        values.values().append_slice(&array.values);
        values.append(true);
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(part.finish()), Arc::new(document.finish()), Arc::new(shape.finish()), Arc::new(values.finish())];
    Ok(RecordBatch::try_new(schema().arrow, columns)?)
}

/// The models of the table; a trained model has one. The order of the rows of one model does not matter.
pub fn read(batch: &RecordBatch) -> Result<Vec<ModelRows>, TableError> {
    if batch.column_by_name("part").is_none() {
        let document = text_column(TABLE, batch, "document")?;
        let whole = |row: usize| ModelRows { head: document.value(row).to_owned(), arrays: Vec::new() };
        return Ok((0..batch.num_rows()).map(whole).collect());
    }
    let part = text_column(TABLE, batch, "part")?;
    let (heads, arrays): (Vec<usize>, Vec<usize>) = (0..batch.num_rows()).partition(|&row| part.value(row) == HEAD);
    let mut models = Vec::with_capacity(heads.len());
    for row in heads {
        let head = text_column(TABLE, &batch.slice(row, 1), "document")?.value(0).to_owned();
        models.push(ModelRows { head, arrays: Vec::new() });
    }
    // Several heads are a mistake, for which their arrays do not matter.
    if let [model] = models.as_mut_slice() {
        let (shape, values) = (lists(batch, "shape")?, lists(batch, "values")?);
        for row in arrays {
            let shape = shape(row).iter().map(|&length| length as u32).collect();
            model.arrays.push(ModelArray { name: part.value(row).to_owned(), shape, values: values(row) });
        }
    }
    Ok(models)
}

/// The numbers of a row of a list column.
fn lists<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<impl Fn(usize) -> Vec<f64> + 'a, TableError> {
    let array = column(TABLE, batch, name)?;
    let wrong = || TableError::WrongType {
        column: name.to_owned(),
        expected: "a list of numbers",
        found: array.data_type().to_string(),
    };
    let list = array.as_list_opt::<i32>().ok_or_else(wrong)?;
    floats(list.values()).ok_or_else(wrong)?;
    Ok(move |row: usize| floats(&list.value(row)).map(|numbers| numbers.into_owned()).unwrap_or_default())
}
