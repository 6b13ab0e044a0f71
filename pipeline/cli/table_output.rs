//! Tables to stdout and to files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::arguments::Format;
use crate::csv_text;
use crate::error::CommandError;
use crate::json_numbers::Nan;
use crate::print;

/// The format that was asked for, or that a file name says.
pub(crate) fn format_of(asked: Option<Format>, file: Option<&Path>) -> Result<Format, CommandError> {
    if let Some(folder) = file.and_then(Path::parent).filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        return Err(CommandError::Input(format!("-o: there is no folder `{}`", folder.display())));
    }
    let extension = file.map(|f| f.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase());
    match (asked, extension.as_deref()) {
        (Some(Format::Parquet), None) => Err(CommandError::Input("parquet goes to a file; add -o FILE".to_owned())),
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Table),
        (None, Some("parquet")) => Ok(Format::Parquet),
        (None, Some("csv")) => Ok(Format::Csv),
        (None, Some("json")) => Ok(Format::Json),
        (None, Some("txt")) => Ok(Format::Table),
        (None, Some(other)) => {
            Err(CommandError::Input(format!("-o: `.{other}` is not a format; expected .parquet, .csv, .json or .txt")))
        }
    }
}

/// Writes a table; a file appears whole or not at all.
pub(crate) fn write(table: &RecordBatch, format: Format, file: Option<&Path>) -> Result<(), CommandError> {
    let Some(path) = file else {
        let mut bytes = Vec::new();
        encode(table, format, &mut bytes).map_err(|error| CommandError::Output(error.to_string()))?;
        return print(&String::from_utf8_lossy(&bytes));
    };
    write_file(path, |out| encode(table, format, out))
}

pub(crate) fn write_file(
    path: &Path,
    encode: impl FnOnce(&mut dyn SendWrite) -> Result<(), ArrowError>,
) -> Result<(), CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::Output(format!("{}: {error}", path.display()));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let mut out = BufWriter::new(File::create(&part).map_err(|error| failed(&error))?);
    let written = encode(&mut out).and_then(|()| Ok(out.flush()?)).map_err(|error| failed(&error));
    let placed = written.and_then(|()| std::fs::rename(&part, path).map_err(|error| failed(&error)));
    if placed.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&part);
    }
    placed
}

/// A writer that the Parquet encoder may take along.
pub(crate) trait SendWrite: Write + Send {}
impl<T: Write + Send> SendWrite for T {}

/// Parquet with metadata that say where the table comes from.
pub(crate) fn write_parquet_with(
    table: &RecordBatch,
    provenance: &serde_json::Value,
    path: &Path,
) -> Result<(), CommandError> {
    let metadata = [("lapicque", provenance.to_string())];
    write_file(path, |out| {
        lapicque_store::write_table(table, &metadata, out).map_err(|error| ArrowError::ParquetError(error.to_string()))
    })
}

fn encode(table: &RecordBatch, format: Format, mut out: &mut dyn SendWrite) -> Result<(), ArrowError> {
    match format {
        Format::Table => {
            let text = pretty(table)?;
            out.write_all(text.as_bytes())?;
        }
        Format::Csv => csv_text::write(table, out)?,
        Format::Json => write_json(table, Nan::AsNull, out)?,
        Format::JsonNan => write_json(table, Nan::AsText, out)?,
        Format::Parquet => lapicque_store::write_table(table, &[], &mut out)
            .map_err(|error| ArrowError::ParquetError(error.to_string()))?,
    }
    Ok(())
}

fn write_json(table: &RecordBatch, nan: Nan, mut out: &mut dyn SendWrite) -> Result<(), ArrowError> {
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(nan))
        .build::<_, arrow::json::writer::JsonArray>(&mut out);
    writer.write(table)?;
    writer.finish()?;
    Ok(out.write_all(b"\n")?)
}

/// Columns under their headings with their units; long lists are cut short.
fn pretty(table: &RecordBatch) -> Result<String, ArrowError> {
    let options = FormatOptions::default().with_null("");
    let schema = table.schema();
    let heading = |field: &arrow::datatypes::Field| match field.metadata().get("unit") {
        Some(unit) => format!("{} ({unit})", field.name()),
        None => field.name().clone(),
    };
    let mut rows = vec![schema.fields().iter().map(|f| heading(f)).collect::<Vec<_>>()];
    let formatters =
        table.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options)).collect::<Result<Vec<_>, _>>()?;
    for row in 0..table.num_rows() {
        let cell =
            |(formatter, column): (&ArrayFormatter<'_>, &ArrayRef)| match column.as_primitive_opt::<Float64Type>() {
                Some(numbers) if numbers.is_valid(row) => short_number(numbers.value(row)),
                _ => cut_short(&formatter.value(row).to_string()),
            };
        rows.push(formatters.iter().zip(table.columns()).map(cell).collect());
    }
    Ok(crate::text::text_table(&rows))
}

/// Six significant digits: the files have all of them.
fn short_number(value: f64) -> String {
    let digits = format!("{value:.5e}").parse().unwrap_or(value);
    if digits == 0.0 || (1e-4..1e7).contains(&f64::abs(digits)) { digits.to_string() } else { format!("{digits:e}") }
}

fn cut_short(text: &str) -> String {
    if text.chars().count() > 60 {
        format!("{}...", text.chars().take(57).collect::<String>())
    } else {
        text.to_owned()
    }
}
