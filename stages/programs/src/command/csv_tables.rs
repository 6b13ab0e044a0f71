//! Tables as CSV files. Lists are written long: a row for each of their values, with the other columns repeated; and read so:
//! rows behind each other that are equal in all other columns are one list.

use std::io::{Read, Write};
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, Field, Schema};
use arrow_select::take::take;
use lapicque_schemas::TableSchema;

/// Text that stands for a missing value.
const MISSING: [&str; 2] = ["", "NA"];

pub(super) fn write(table: &RecordBatch, out: impl Write) -> Result<(), String> {
    let table = long(table)?;
    let mut writer = csv::Writer::from_writer(out);
    let schema = table.schema();
    let written = writer.write_record(schema.fields().iter().map(|field| field.name()));
    written.map_err(|error| error.to_string())?;
    for row in 0..table.num_rows() {
        let cells = table.columns().iter().map(|column| cell(column, row)).collect::<Result<Vec<_>, _>>()?;
        writer.write_record(cells).map_err(|error| error.to_string())?;
    }
    writer.flush().map_err(|error| error.to_string())
}

/// Numbers as the shortest text that reads back the same bits.
fn cell(column: &ArrayRef, row: usize) -> Result<String, String> {
    if column.is_null(row) {
        return Ok(String::new());
    }
    let number = |value: f64, shown: String| match value {
        v if v.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => shown,
    };
    match column.data_type() {
        DataType::Float64 => {
            let value = column.as_primitive::<Float64Type>().value(row);
            Ok(number(value, format!("{value:?}")))
        }
        DataType::Float32 => {
            let value = column.as_primitive::<Float32Type>().value(row);
            Ok(number(value.into(), format!("{value:?}")))
        }
        _ => array_value_to_string(column, row).map_err(|error| error.to_string()),
    }
}

/// A row for each value of lists.
fn long(table: &RecordBatch) -> Result<RecordBatch, String> {
    let lists: Vec<&ListArray> = table.columns().iter().filter_map(|column| column.as_list_opt::<i32>()).collect();
    let Some(first) = lists.first() else {
        return Ok(table.clone());
    };
    let mut rows = Vec::new();
    for row in 0..table.num_rows() {
        let length = first.value_length(row);
        if let Some(other) = lists.iter().find(|list| list.value_length(row) != length) {
            let lengths = (length, other.value_length(row));
            return Err(format!(
                "row {}: lists of {} and {} values cannot stand beside each other in CSV",
                row + 1,
                lengths.0,
                lengths.1
            ));
        }
        if length == 0 {
            return Err(format!(
                "row {}: a list without values cannot stand in CSV; write `format: parquet` or `arrow`",
                row + 1
            ));
        }
        rows.extend(std::iter::repeat_n(row as u32, length as usize));
    }
    let rows = UInt32Array::from(rows);
    let column = |column: &ArrayRef| match column.as_list_opt::<i32>() {
        Some(list) => {
            let (first, last) = (list.value_offsets()[0] as usize, list.value_offsets()[list.len()] as usize);
            Ok(list.values().slice(first, last - first))
        }
        None => take(column, &rows, None).map_err(|error| error.to_string()),
    };
    let columns = table.columns().iter().map(column).collect::<Result<Vec<_>, String>>()?;
    let fields = table
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(f, c)| Field::new(f.name(), c.data_type().clone(), true))
        .collect::<Vec<_>>();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| error.to_string())
}

/// A table whose columns have the types that were promised; columns that were not are text.
pub(super) fn read(promised: &TableSchema, file: impl Read) -> Result<RecordBatch, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(file);
    let wrong = |error: csv::Error| match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} cells; expected {expected_len}, as the first line has")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {} is not UTF-8 text", pos.as_ref().map_or(0, csv::Position::line))
        }
        _ => error.to_string(),
    };
    let names: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err("a column has no name; R writes names of rows unless told `row.names = FALSE`".to_owned());
    }
    let mut cells: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        lines.push(record.position().map_or(0, csv::Position::line));
        for (column, cell) in cells.iter_mut().zip(&record) {
            column.push(cell.to_owned());
        }
    }
    let field = |name: &String| promised.column(name);
    let is_list = |name: &String| field(name).is_some_and(|field| matches!(field.data_type(), DataType::List(_)));
    let starts = match names.iter().any(is_list) {
        true => {
            let plain: Vec<&Vec<String>> =
                names.iter().zip(&cells).filter(|(name, _)| !is_list(name)).map(|(_, cells)| cells).collect();
            let begins = |&row: &usize| row == 0 || plain.iter().any(|cells| cells[row] != cells[row - 1]);
            (0..lines.len()).filter(begins).collect::<Vec<usize>>()
        }
        false => (0..lines.len()).collect(),
    };
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (name, cells) in names.iter().zip(&cells) {
        let at = |row: usize, cell: &str, due: &str| {
            format!("line {}, column `{name}`: expected {due}, got `{cell}`", lines[row])
        };
        let column: ArrayRef = match field(name).map(Field::data_type) {
            Some(DataType::List(item)) => {
                let values = parsed(cells, item.data_type(), &at)?;
                let ends = starts.iter().skip(1).copied().chain([cells.len()]);
                let lengths = starts.iter().zip(ends).map(|(start, end)| end - start);
                let item = Arc::new(Field::new("item", values.data_type().clone(), true));
                let list = ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, None);
                Arc::new(list.map_err(|error| error.to_string())?)
            }
            of => {
                let chosen: Vec<String> = starts.iter().map(|&row| cells[row].clone()).collect();
                let at = |row: usize, cell: &str, due: &str| at(starts[row], cell, due);
                parsed(&chosen, of.unwrap_or(&DataType::Utf8), &at)?
            }
        };
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(starts.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(|e| e.to_string())
}

/// Cells as values, in a type from which the promised one follows without loss.
fn parsed(cells: &[String], to: &DataType, wrong: &dyn Fn(usize, &str, &str) -> String) -> Result<ArrayRef, String> {
    let trimmed = cells.iter().map(|cell| cell.trim()).enumerate();
    match to {
        DataType::Float64 | DataType::Float32 => {
            let mut column = Float64Builder::with_capacity(cells.len());
            for (row, cell) in trimmed {
                match cell.parse() {
                    Ok(value) => column.append_value(value),
                    Err(_) if MISSING.contains(&cell) => column.append_null(),
                    Err(_) => return Err(wrong(row, cell, "a number")),
                }
            }
            let column: ArrayRef = Arc::new(column.finish());
            // A text of a few digits stands for the nearest number of the promised type.
            cast(&column, to).map_err(|error| error.to_string())
        }
        DataType::UInt64 => {
            let mut column = UInt64Builder::with_capacity(cells.len());
            for (row, cell) in trimmed {
                match cell.parse() {
                    Ok(value) => column.append_value(value),
                    Err(_) if MISSING.contains(&cell) => column.append_null(),
                    Err(_) => return Err(wrong(row, cell, "a whole number of 0 or above")),
                }
            }
            Ok(Arc::new(column.finish()))
        }
        whole if whole.is_integer() => {
            let mut column = Int64Builder::with_capacity(cells.len());
            for (row, cell) in trimmed {
                // Other programs write whole numbers as 3.0 or 1e+05.
                let number =
                    || cell.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64);
                match cell.parse().ok().or_else(number) {
                    Some(value) => column.append_value(value),
                    None if MISSING.contains(&cell) => column.append_null(),
                    None => return Err(wrong(row, cell, "a whole number")),
                }
            }
            Ok(Arc::new(column.finish()))
        }
        DataType::Boolean => {
            let mut column = BooleanBuilder::with_capacity(cells.len());
            for (row, cell) in trimmed {
                match cell.to_ascii_lowercase().as_str() {
                    "true" | "1" => column.append_value(true),
                    "false" | "0" => column.append_value(false),
                    _ if MISSING.contains(&cell) => column.append_null(),
                    _ => return Err(wrong(row, cell, "`true` or `false`")),
                }
            }
            Ok(Arc::new(column.finish()))
        }
        _ => {
            let mut column = StringBuilder::new();
            cells.iter().for_each(|cell| column.append_value(cell));
            Ok(Arc::new(column.finish()))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::conform::conform;
    use lapicque_schemas::tables::features;
    use lapicque_schemas::tables::signals::{self, Signal};
    use proptest::prelude::*;

    fn there_and_back(table: &RecordBatch, promised: &TableSchema) -> RecordBatch {
        let mut text = Vec::new();
        write(table, &mut text).unwrap();
        conform(&read(promised, text.as_slice()).unwrap(), promised, &[]).unwrap()
    }

    proptest! {
        #[test]
        fn signals_come_back_bit_for_bit(lists in prop::collection::vec(prop::collection::vec(any::<f64>(), 1..5), 1..4)) {
            let signal = |(epoch, values): (usize, &Vec<f64>)| Signal {
                channel: "C,\"z".into(), epoch: epoch as i32, t0_ms: 0.1, dt_ms: 1e-300, unit: "mV".into(),
                values: values.iter().map(|v| if v.is_nan() { f64::NAN } else { *v }).collect(),
            };
            let table = signals::write(&lists.iter().enumerate().map(signal).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(there_and_back(&table, &signals::schema()), table);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_table_or_an_error(rows in prop::collection::vec("[a-z0-9,.\"\u{e4} -]{0,12}", 0..6), bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let text = format!("channel,epoch,t0,dt,unit,values\n{}", rows.join("\n"));
            for text in [text.as_bytes(), &bytes] {
                if let Ok(table) = read(&signals::schema(), text) {
                    let _ = conform(&table, &signals::schema(), &[]);
                }
            }
        }
    }

    #[test]
    fn an_empty_list_is_not_lost_in_silence() {
        let signal = Signal {
            channel: "Cz".into(),
            epoch: 0,
            t0_ms: 0.0,
            dt_ms: 1.0,
            unit: "mV".into(),
            values: Vec::new().into(),
        };
        let told = write(&signals::write(&[signal]).unwrap(), Vec::new()).unwrap_err();
        assert!(told.starts_with("row 1: a list without values cannot stand in CSV"), "{told}");
    }

    #[test]
    fn cells_that_are_no_values_are_named() {
        let promised = features::schema("", [("x", "")]);
        let told = |text: &str| read(&promised, text.as_bytes()).unwrap_err();
        assert_eq!(told("channel,epoch,x\nCz,0,1\nCz,1,a\n"), "line 3, column `x`: expected a number, got `a`");
        assert_eq!(told("channel,epoch,x\nCz,0.5,1\n"), "line 2, column `epoch`: expected a whole number, got `0.5`");
        assert_eq!(told("channel,epoch,x\nCz,0\n"), "line 2 has 2 cells; expected 3, as the first line has");
        assert_eq!(
            told("\"\",channel,epoch,x\n1,Cz,0,1\n"),
            "a column has no name; R writes names of rows unless told `row.names = FALSE`"
        );
        assert_eq!(read(&promised, b"channel,epoch,x\n\xff,0,1\n".as_slice()).unwrap_err(), "line 2 is not UTF-8 text");
        let table = read(&promised, "channel,epoch,x\nCz,3.0,NA\n\"a,b\",1e+01,Inf\n".as_bytes()).unwrap();
        assert_eq!(table.column(2).null_count(), 1);
        let again = conform(&table, &promised, &[]).unwrap_err();
        assert!(again.starts_with("column `x` has 1 missing values"), "{again}");
    }
}
