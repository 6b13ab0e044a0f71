//! Tables as comma-separated text: NULL is an empty cell, an empty text `""`, NaN `NaN`, infinity `inf`; lists are JSON text. So each can be told from the others.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::json_numbers::Nan;

pub(crate) fn write(table: &RecordBatch, out: &mut dyn Write) -> Result<(), ArrowError> {
    let schema = table.schema();
    let mut line = String::new();
    for (i, field) in schema.fields().iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        push_text(&mut line, field.name());
    }
    line.push('\n');
    out.write_all(line.as_bytes())?;
    let options = FormatOptions::default();
    let columns =
        table.columns().iter().map(|column| Column::of(column, &options)).collect::<Result<Vec<Column<'_>>, _>>()?;
    for row in 0..table.num_rows() {
        line.clear();
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                line.push(',');
            }
            column.push(&mut line, row)?;
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

struct Column<'a> {
    array: &'a ArrayRef,
    /// Also those of a dictionary's values.
    nulls: Option<NullBuffer>,
    formatter: ArrayFormatter<'a>,
    is_list: bool,
}

impl<'a> Column<'a> {
    fn of(array: &'a ArrayRef, options: &'a FormatOptions<'a>) -> Result<Self, ArrowError> {
        let is_list = matches!(
            array.data_type(),
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) | DataType::Struct(_)
        );
        let nulls = array.logical_nulls();
        Ok(Self { array, nulls, formatter: ArrayFormatter::try_new(array.as_ref(), options)?, is_list })
    }

    fn push(&self, line: &mut String, row: usize) -> Result<(), ArrowError> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(());
        }
        match self.is_list {
            true => push_text(line, &json(&self.array.slice(row, 1))?),
            false => push_text(line, &self.formatter.value(row).to_string()),
        }
        Ok(())
    }
}

/// A cell: in quotes where it is empty, or would be read otherwise.
fn push_text(line: &mut String, text: &str) {
    let is_bare = !text.is_empty()
        && !text.contains(['"', ',', '\n', '\r'])
        && !text.starts_with([' ', '\t'])
        && !text.ends_with([' ', '\t']);
    if is_bare {
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

/// One value as JSON.
fn json(value: &ArrayRef) -> Result<String, ArrowError> {
    const NAME: &str = "value";
    let schema = Schema::new(vec![Field::new(NAME, value.data_type().clone(), true)]);
    let row = RecordBatch::try_new(Arc::new(schema), vec![value.clone()])?;
    let mut bytes = Vec::new();
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(Nan::AsNull))
        .build::<_, arrow::json::writer::LineDelimited>(&mut bytes);
    writer.write(&row)?;
    writer.finish()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end().strip_prefix(&format!("{{\"{NAME}\":")).and_then(|text| text.strip_suffix('}'));
    Ok(text.unwrap_or("[]").to_owned())
}
