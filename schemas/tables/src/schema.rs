//! The schema of a table: what a stage promises and the next one relies on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::content::{SEMANTIC_KEYS, logical_type};

/// Metadata key of a field: what the column means, for people.
pub const DESCRIPTION: &str = "description";
/// Metadata key of a field: its unit.
pub const UNIT: &str = "unit";
/// Metadata key of a column of parameters: the distribution that its values were drawn from, as JSON in its unit. What computes other rows or values leaves
/// it out.
pub const DRAWN_FROM: &str = "drawn_from";
/// Metadata key of a `sample` column that holds the position of a sample instead of its label.
const REFERENCE: &str = "sample_reference";

/// Columns with types and units, and the primary key, of one output of a stage.
///
/// `sample` is not among the columns of a sample-wise output: it is attached on reading, so that samples may share a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSchema {
    /// Which table this is: a name from [`crate::tables`], or `table` for one that a user made.
    pub table: String,
    /// Columns that, with `sample`, name a row. Empty where rows have no name.
    pub key: Vec<String>,
    pub arrow: SchemaRef,
}

/// A column in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Column(Field);

impl Column {
    pub fn new(name: &str, data_type: DataType, description: &str) -> Self {
        let metadata = HashMap::from([(DESCRIPTION.to_owned(), description.to_owned())]);
        Self(Field::new(name, data_type, false).with_metadata(metadata))
    }

    pub fn unit(self, unit: &str) -> Self {
        self.metadata(UNIT, unit)
    }

    pub fn metadata(self, key: &str, value: &str) -> Self {
        let mut metadata = self.0.metadata().clone();
        metadata.insert(key.to_owned(), value.to_owned());
        Self(self.0.with_metadata(metadata))
    }

    pub fn nullable(self) -> Self {
        Self(self.0.with_nullable(true))
    }
}

/// The `sample` column of a table-grain output: the position of the sample in the order in which the stage saw it.
///
/// Labels are looked up on reading; so a new label changes no table that was computed.
pub fn sample_column() -> Column {
    Column::new("sample", DataType::UInt32, "the sample").metadata(REFERENCE, "position")
}

/// The type of list columns of numbers.
pub fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

impl TableSchema {
    pub fn new(table: &str, key: &[&str], columns: impl IntoIterator<Item = Column>) -> Self {
        let fields: Vec<_> = columns.into_iter().map(|c| c.0).collect();
        Self {
            table: table.to_owned(),
            key: key.iter().map(|&k| k.to_owned()).collect(),
            arrow: Arc::new(Schema::new(fields)),
        }
    }

    /// A table that a user made, of whatever columns.
    pub fn free(arrow: SchemaRef) -> Self {
        Self { table: "table".to_owned(), key: Vec::new(), arrow }
    }

    /// Adds metadata that belongs to the table as a whole, such as the version of feature definitions.
    pub fn with_metadata(mut self, key: &str, value: &str) -> Self {
        let mut metadata = self.arrow.metadata().clone();
        metadata.insert(key.to_owned(), value.to_owned());
        self.arrow = Arc::new(self.arrow.as_ref().clone().with_metadata(metadata));
        self
    }

    pub fn column(&self, name: &str) -> Option<&Field> {
        self.arrow.fields().iter().find(|f| f.name() == name).map(AsRef::as_ref)
    }

    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.arrow.fields().iter().map(|f| f.name().as_str())
    }

    /// The schema of some columns, in their order, all where none are named; names that it does not have are left out.
    pub fn view(&self, columns: Option<&[String]>) -> SchemaRef {
        match columns {
            None => self.arrow.clone(),
            Some(columns) => {
                let fields: Vec<_> = columns.iter().filter_map(|name| self.column(name).cloned()).collect();
                Arc::new(Schema::new_with_metadata(fields, self.arrow.metadata().clone()))
            }
        }
    }

    pub fn unit_of(&self, name: &str) -> Option<&str> {
        self.column(name)?.metadata().get(UNIT).map(String::as_str)
    }

    /// What the values of each column are: type, unit and what else changes their meaning, as text; what is said of the
    /// table as a whole stands under an empty name.
    pub fn meanings(&self) -> BTreeMap<String, String> {
        let of_table = semantics(self.arrow.metadata());
        let of_table = (!of_table.is_empty()).then(|| (String::new(), of_table.join(", ")));
        let column = |field: &Arc<Field>| {
            let said: Vec<String> =
                std::iter::once(logical_type(field.data_type())).chain(semantics(field.metadata())).collect();
            (field.name().clone(), said.join(", "))
        };
        of_table.into_iter().chain(self.arrow.fields().iter().map(column)).collect()
    }

    /// Whether this is a table-grain output whose `sample` column holds positions.
    pub fn references_samples(&self) -> bool {
        self.column("sample").is_some_and(|f| f.metadata().contains_key(REFERENCE))
    }
}

fn semantics(metadata: &HashMap<String, String>) -> Vec<String> {
    SEMANTIC_KEYS.iter().filter_map(|&key| Some(format!("{key} {}", metadata.get(key)?))).collect()
}
