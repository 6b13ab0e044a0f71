//! The content digest of a table: its identity, whatever its layout.
//!
//! A column's digest covers its name, logical type, unit, semantic metadata, nulls and values.
//! A table's digest covers the number of rows, the semantic metadata of the schema and the digests of its columns, by name.
//! Chunks, offsets, dictionaries, row groups, large and small offsets do not enter; -0.0 is 0.0, and there is one NaN.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use crate::digest::Hasher;
use crate::{Digest, DigestBuilder};

/// Metadata keys that change what values mean; all others (descriptions, notes) do not enter a digest.
pub const SEMANTIC_KEYS: [&str; 3] = ["definitions", "dt_ms", "unit"];

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("column `{column}` has the type {data_type}, which tables do not hold")]
pub struct UnsupportedType {
    pub column: String,
    pub data_type: DataType,
}

/// The digest of a table of one or more chunks.
pub fn content_digest(schema: &Schema, chunks: &[RecordBatch]) -> Result<Digest, UnsupportedType> {
    let rows = chunks.iter().map(RecordBatch::num_rows).sum::<usize>();
    let columns = column_digests(schema, chunks)?;
    Ok(project_digest(schema, rows as u64, schema.fields().iter().map(|f| f.name().as_str()).zip(columns)))
}

/// The digest of each column of a table of one or more chunks, in the order of the schema.
pub fn column_digests(schema: &Schema, chunks: &[RecordBatch]) -> Result<Vec<Digest>, UnsupportedType> {
    let mut digests = Vec::with_capacity(schema.fields().len());
    for (i, field) in schema.fields().iter().enumerate() {
        let mut hasher = ContentHasher::new(field);
        for chunk in chunks {
            hasher.update(chunk.column(i).as_ref())?;
        }
        digests.push(hasher.finish());
    }
    Ok(digests)
}

/// The digest of a table, or of a projection of it, from the digests of its columns.
pub fn project_digest<'a>(schema: &Schema, rows: u64, columns: impl IntoIterator<Item = (&'a str, Digest)>) -> Digest {
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_unstable();
    let mut builder = DigestBuilder::new("lapicque rows 1");
    builder.number(rows);
    semantic_metadata(&mut builder, schema.metadata());
    for (_, digest) in columns {
        builder.digest(digest);
    }
    builder.finish()
}

/// The digest of one column, chunk by chunk.
pub struct ContentHasher {
    header: DigestBuilder,
    name: String,
    values: ArrayHasher,
}

impl ContentHasher {
    pub fn new(field: &Field) -> Self {
        let mut header = DigestBuilder::new("lapicque column 1");
        header.text(field.name()).text(&logical_type(field.data_type()));
        semantic_metadata(&mut header, field.metadata());
        Self { header, name: field.name().clone(), values: ArrayHasher::default() }
    }

    pub fn update(&mut self, chunk: &dyn Array) -> Result<(), UnsupportedType> {
        self.values.update(chunk).map_err(|data_type| UnsupportedType { column: self.name.clone(), data_type })
    }

    pub fn finish(mut self) -> Digest {
        self.values.finish(&mut self.header);
        self.header.finish()
    }
}

fn semantic_metadata(builder: &mut DigestBuilder, metadata: &HashMap<String, String>) {
    for key in SEMANTIC_KEYS {
        if let Some(value) = metadata.get(key) {
            builder.text(key).text(value);
        }
    }
}

/// The digest of a table without rows.
pub fn empty_digest(schema: &Schema) -> Digest {
    let columns = schema.fields().iter().map(|field| (field.name().as_str(), ContentHasher::new(field).finish()));
    project_digest(schema, 0, columns)
}

/// One name for all layouts of a type.
pub(crate) fn logical_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "utf8".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".into()
        }
        DataType::Dictionary(_, values) => logical_type(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list<{}>", logical_type(item.data_type()))
        }
        other => other.to_string(),
    }
}

/// Values, lengths and nulls go to separate hashers, because chunks interleave them.
#[derive(Default)]
struct ArrayHasher {
    rows: u64,
    values: Hasher,
    lengths: Option<Hasher>,
    nulls: Option<Hasher>,
    items: Option<Box<ArrayHasher>>,
    buffer: Vec<u8>,
}

impl ArrayHasher {
    fn update(&mut self, array: &dyn Array) -> Result<(), DataType> {
        if array.null_count() > 0 {
            let nulls = self.nulls.get_or_insert_default();
            for row in (0..array.len()).filter(|&row| array.is_null(row)) {
                nulls.update(&(self.rows + row as u64).to_le_bytes());
            }
        }
        self.buffer.clear();
        match array.data_type() {
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>();
                self.fixed(array, values.values(), |v| {
                    if v.is_nan() { f64::NAN } else { v + 0.0 }.to_bits().to_le_bytes()
                });
            }
            DataType::Float32 => {
                let values = array.as_primitive::<Float32Type>();
                self.fixed(array, values.values(), |v| {
                    if v.is_nan() { f32::NAN } else { v + 0.0 }.to_bits().to_le_bytes()
                });
            }
            DataType::Int8 => self.fixed(array, array.as_primitive::<Int8Type>().values(), i8::to_le_bytes),
            DataType::Int16 => self.fixed(array, array.as_primitive::<Int16Type>().values(), i16::to_le_bytes),
            DataType::Int32 => self.fixed(array, array.as_primitive::<Int32Type>().values(), i32::to_le_bytes),
            DataType::Int64 => self.fixed(array, array.as_primitive::<Int64Type>().values(), i64::to_le_bytes),
            DataType::UInt8 => self.fixed(array, array.as_primitive::<UInt8Type>().values(), u8::to_le_bytes),
            DataType::UInt16 => self.fixed(array, array.as_primitive::<UInt16Type>().values(), u16::to_le_bytes),
            DataType::UInt32 => self.fixed(array, array.as_primitive::<UInt32Type>().values(), u32::to_le_bytes),
            DataType::UInt64 => self.fixed(array, array.as_primitive::<UInt64Type>().values(), u64::to_le_bytes),
            DataType::Null => {}
            DataType::Boolean => {
                let values = array.as_boolean();
                let bytes = (0..array.len()).map(|row| u8::from(array.is_valid(row) && values.value(row)));
                self.buffer.extend(bytes);
                self.values.update(&self.buffer);
            }
            DataType::Utf8 => self.variable(array.as_string::<i32>().iter().map(|v| v.map(str::as_bytes))),
            DataType::LargeUtf8 => self.variable(array.as_string::<i64>().iter().map(|v| v.map(str::as_bytes))),
            DataType::Utf8View => self.variable(array.as_string_view().iter().map(|v| v.map(str::as_bytes))),
            DataType::Binary => self.variable(array.as_binary::<i32>().iter()),
            DataType::LargeBinary => self.variable(array.as_binary::<i64>().iter()),
            DataType::BinaryView => self.variable(array.as_binary_view().iter()),
            DataType::FixedSizeBinary(_) => self.variable(array.as_fixed_size_binary().iter()),
            DataType::Dictionary(_, values) if **values == DataType::Utf8 => self.dictionary(array)?,
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                self.lists((0..list.len()).map(|row| list.is_valid(row).then(|| list.value(row))))?;
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                self.lists((0..list.len()).map(|row| list.is_valid(row).then(|| list.value(row))))?;
            }
            DataType::FixedSizeList(_, _) => {
                let list = array.as_fixed_size_list();
                self.lists((0..list.len()).map(|row| list.is_valid(row).then(|| list.value(row))))?;
            }
            other => return Err(other.clone()),
        }
        self.rows += array.len() as u64;
        Ok(())
    }

    /// Null slots hash as zeros: what lies under a null is nobody's value.
    fn fixed<T: Copy, const N: usize>(&mut self, array: &dyn Array, values: &[T], bytes: impl Fn(T) -> [u8; N]) {
        self.buffer.reserve(values.len() * N);
        for (row, &value) in values.iter().enumerate() {
            let bytes = if array.null_count() > 0 && array.is_null(row) { [0; N] } else { bytes(value) };
            self.buffer.extend_from_slice(&bytes);
        }
        self.values.update(&self.buffer);
    }

    fn variable<'a>(&mut self, values: impl Iterator<Item = Option<&'a [u8]>>) {
        let lengths = self.lengths.get_or_insert_default();
        for value in values {
            let value = value.unwrap_or_default();
            lengths.update(&(value.len() as u64).to_le_bytes());
            self.values.update(value);
        }
    }

    fn dictionary(&mut self, array: &dyn Array) -> Result<(), DataType> {
        let dictionary = array.as_any_dictionary();
        let values = dictionary.values().as_string::<i32>();
        // Arrow has no keys into an empty dictionary: then every row is null.
        let keys = if values.is_empty() { Vec::new() } else { dictionary.normalized_keys() };
        self.variable((0..array.len()).map(|row| array.is_valid(row).then(|| values.value(keys[row]).as_bytes())));
        Ok(())
    }

    fn lists(&mut self, lists: impl Iterator<Item = Option<arrow_array::ArrayRef>>) -> Result<(), DataType> {
        let lengths = self.lengths.get_or_insert_default();
        let items = self.items.get_or_insert_default();
        for list in lists {
            lengths.update(&list.as_ref().map_or(0, |l| l.len() as u64).to_le_bytes());
            if let Some(list) = list {
                items.update(list.as_ref())?;
            }
        }
        Ok(())
    }

    fn finish(self, into: &mut DigestBuilder) {
        into.number(self.rows);
        if self.rows == 0 {
            return;
        }
        into.digest(self.values.finish());
        for part in [&self.lengths, &self.nulls] {
            into.number(u64::from(part.is_some()));
            if let Some(hasher) = part {
                into.digest(hasher.finish());
            }
        }
        if let Some(items) = self.items {
            items.finish(into);
        }
    }
}
