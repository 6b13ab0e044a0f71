//! Differences between two keys, field by field, and between two rows, column by column.

use std::collections::BTreeSet;
use std::fmt;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use lapicque_schemas::{Digest, TableSchema};
use serde::Serialize;
use serde_json::Value;

/// An ingredient of a key that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Path within the key, e.g. `config.alpha` or `inputs.features`.
    pub ingredient: String,
    pub old: Option<String>,
    pub new: Option<String>,
    /// Of an input: what is different in it, where both tables are stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnChange>,
    /// Of a whole table: how many samples of it are new, gone or different.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<String>,
    /// Of an input: what changed upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Box<Upstream>>,
}

/// What changed of a sample of the stage that an input comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Upstream {
    pub stage: String,
    pub sample: String,
    pub changed: Vec<Change>,
}

/// A column whose values are not what they were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnChange {
    pub column: String,
    /// The first value that differs, where it is a number or a text.
    pub old: Option<String>,
    pub new: Option<String>,
}

impl Change {
    pub(crate) fn new(ingredient: &str, old: Option<String>, new: Option<String>) -> Self {
        Self { ingredient: ingredient.to_owned(), old, new, columns: Vec::new(), samples: None, because: None }
    }

    /// The change and what it goes back to, in one sentence.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        if let Some(upstream) = &self.because {
            match upstream.changed.first() {
                Some(first) => text += &format!(", because {}: {}", upstream.stage, first.chain()),
                None => text += &format!(", because {} changed", upstream.stage),
            }
        }
        text
    }
}

impl fmt::Display for Change {
    /// Without what is upstream.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_input = self.ingredient.starts_with("inputs.") || self.ingredient == "point";
        if !is_input {
            return match (&self.old, &self.new) {
                (None, Some(new)) if !self.ingredient.starts_with("config.") => write!(f, "{}: {new}", self.ingredient),
                (old, new) => {
                    // Fields that are equal to their default are left out of keys.
                    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "the default".to_owned());
                    write!(f, "{}: {} -> {}", self.ingredient, shown(old), shown(new))
                }
            };
        }
        match &self.new {
            Some(waits) if waits.starts_with('`') => write!(f, "{}: {waits}", self.ingredient)?,
            _ => write!(f, "{} changed", self.ingredient)?,
        }
        for (i, change) in self.columns.iter().take(3).enumerate() {
            f.write_str(if i == 0 { " in " } else { ", " })?;
            f.write_str(&change.column)?;
            if let (Some(old), Some(new)) = (&change.old, &change.new) {
                write!(f, " ({old} -> {new})")?;
            }
        }
        if self.columns.len() > 3 {
            write!(f, " and {} more columns", self.columns.len() - 3)?;
        }
        match &self.samples {
            Some(samples) => write!(f, " ({samples})"),
            None => Ok(()),
        }
    }
}

/// The leaves in which two JSON documents differ, by path.
pub(crate) fn differences(path: &str, old: &Value, new: &Value, changed: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                // A field of a configuration that is left out has its default. Documents below it whose keys are paths,
                // as networks are, name all that there is.
                let complete = path.matches('.').count() > key.matches('.').count() + 1 && key.contains('.');
                let absent = if complete { Value::String("not there".to_owned()) } else { Value::Null };
                differences(&path, a.get(key).unwrap_or(&absent), b.get(key).unwrap_or(&absent), changed);
            }
        }
        _ if old == new => {}
        _ => {
            let text = |v: &Value| match v {
                Value::Null => None,
                Value::String(s) => Some(s.clone()),
                other => Some(other.to_string()),
            };
            let ingredient =
                path.strip_prefix("broadcast.").map_or_else(|| path.to_owned(), |port| format!("inputs.{port}"));
            changed.push(Change::new(&ingredient, text(old), text(new)));
        }
    }
}

/// The columns in which two tables of one schema differ, given the digests of their columns.
pub(crate) fn column_changes(
    schema: &TableSchema,
    (old, old_digests): (&RecordBatch, &[Digest]),
    (new, new_digests): (&RecordBatch, &[Digest]),
) -> Vec<ColumnChange> {
    let fields = new.schema();
    let of_column = |(i, field): (usize, &std::sync::Arc<arrow_schema::Field>)| {
        let before = old.schema().index_of(field.name()).ok()?;
        if old_digests.get(before) == new_digests.get(i) {
            return None;
        }
        let rows = old.num_rows().min(new.num_rows());
        let pairs = (0..rows).map(|row| (shown(old.column(before), row), shown(new.column(i), row)));
        let (old, new) = pairs.into_iter().find(|(a, b)| a != b).unwrap_or((None, None));
        let unit = schema.unit_of(field.name()).map(|unit| format!(" {unit}")).unwrap_or_default();
        let with_unit = |value: Option<String>| value.map(|value| format!("{value}{unit}"));
        Some(ColumnChange { column: field.name().clone(), old: with_unit(old), new: with_unit(new) })
    };
    fields.fields().iter().enumerate().filter_map(of_column).collect()
}

/// A value for people; `None` where it is no number and no text.
fn shown(column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return Some("null".to_owned());
    }
    Some(match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Float32 => column.as_primitive::<Float32Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_changed_network_is_told_by_its_paths() {
        let old = json!({"config": {"network": {
            "populations": ["E"], "populations.E.C_m": "250 pF", "connections.E_to_I.weight": "10 pA",
        }, "transient_ms": 5}});
        let new = json!({"config": {"network": {
            "populations": ["E"], "populations.E.C_m": "250 pF", "connections.E_to_I.weight": "12 pA", "connections.I_to_E.weight": "-3 pA",
        }}});
        let mut changed = Vec::new();
        differences("", &old, &new, &mut changed);
        let told: Vec<String> = changed.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "config.network.connections.E_to_I.weight: 10 pA -> 12 pA",
                "config.network.connections.I_to_E.weight: not there -> -3 pA",
                "config.transient_ms: 5 -> the default",
            ]
        );
    }
}
