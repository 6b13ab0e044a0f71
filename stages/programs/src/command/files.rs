//! Tables as files of programs.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use lapicque_schemas::TableSchema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv_tables;

/// The form of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    #[default]
    Parquet,
    Arrow,
    Csv,
}

impl Format {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Csv => "csv",
        }
    }
}

pub(super) fn write(table: &RecordBatch, format: Format, path: &Path) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(|error| text(&error))?);
    match format {
        Format::Parquet => {
            let mut writer = ArrowWriter::try_new(&mut file, table.schema(), None).map_err(|error| text(&error))?;
            writer.write(table).and_then(|()| writer.close()).map_err(|error| text(&error))?;
        }
        Format::Arrow => {
            let mut writer = FileWriter::try_new(&mut file, &table.schema()).map_err(|error| text(&error))?;
            writer.write(table).and_then(|()| writer.finish()).map_err(|error| text(&error))?;
        }
        Format::Csv => csv_tables::write(table, &mut file)?,
    }
    file.flush().map_err(|error| text(&error))
}

pub(super) fn read(promised: &TableSchema, format: Format, path: &Path) -> Result<RecordBatch, String> {
    let open = || File::open(path).map_err(|error| error.to_string());
    match format {
        Format::Parquet => {
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(open()?).and_then(ParquetRecordBatchReaderBuilder::build);
            let reader = reader.map_err(|error| format!("it is not a Parquet file: {error}"))?;
            let schema = arrow_array::RecordBatchReader::schema(&reader);
            one(&schema, reader)
        }
        Format::Arrow => match FileReader::try_new(BufReader::new(open()?), None) {
            Ok(reader) => {
                let schema = reader.schema();
                one(&schema, reader)
            }
            // Some programs write streams into files.
            Err(error) => {
                let reader = StreamReader::try_new(BufReader::new(open()?), None)
                    .map_err(|_| format!("it is not an Arrow file: {error}"))?;
                let schema = reader.schema();
                one(&schema, reader)
            }
        },
        Format::Csv => csv_tables::read(promised, BufReader::new(open()?)),
    }
}

fn one(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<RecordBatch, String> {
    let batches = batches.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    concat_batches(schema, &batches).map_err(|error| error.to_string())
}
