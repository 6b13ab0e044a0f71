//! What DataFusion says of a query, in the words of this program.

use std::collections::BTreeMap;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use lapicque_pipeline::config::nearest;

/// Where tables lie that a query names without a schema.
const HERE: &str = "datafusion.public.";

/// The message of an error without DataFusion's wrapping.
pub(crate) fn message(error: &DataFusionError) -> String {
    if let Some(told) = other_arguments(&error.strip_backtrace()) {
        return told;
    }
    match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let relation = field.relation.as_ref().map(|relation| relation.to_string());
                let known =
                    valid_fields.iter().map(|c| (c.relation.as_ref().map(ToString::to_string), c.name.as_str()));
                no_column(relation.as_deref(), &field.name, known)
            }
            other => other.to_string().replace(HERE, ""),
        },
        DataFusionError::Plan(text) => match text.strip_prefix("table '").and_then(|t| t.strip_suffix("' not found")) {
            Some(table) => format!("there is no table `{}`", table.strip_prefix(HERE).unwrap_or(table)),
            None => same_name(text).unwrap_or_else(|| text.replace(HERE, "")),
        },
        DataFusionError::Execution(text) => text.clone(),
        DataFusionError::ArrowError(error, _) => error.to_string(),
        other => other.strip_backtrace().replace(HERE, ""),
    }
}

/// DataFusion takes a call with arguments of other types for a fault of its own.
fn other_arguments(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("No function matches the given name and argument types '")?;
    let call = rest.split('\'').next()?;
    Some(format!("no function takes such arguments: {call}; CAST them to a type that it takes"))
}

/// DataFusion asks for names of its own where two columns have one.
fn same_name(text: &str) -> Option<String> {
    let rest = text.strip_prefix("Projections require unique expression names but the expression \"")?;
    let name = rest.split('"').next()?;
    Some(format!("two columns are called `{name}`; rename one with AS"))
}

/// Says which columns each table has, and which of them is near.
fn no_column<'a>(relation: Option<&str>, name: &str, known: impl Iterator<Item = (Option<String>, &'a str)>) -> String {
    let mut by_table: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
    known.for_each(|(table, column)| by_table.entry(table).or_default().push(column));
    let of_table = relation.and_then(|relation| by_table.get(&Some(relation.to_owned())));
    let near = match of_table {
        Some(columns) => nearest(name, columns.iter().copied()),
        None => nearest(name, by_table.values().flatten().copied()),
    };
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let at = relation.map(|relation| format!(" in `{relation}`")).unwrap_or_default();
    let table = |(table, columns): (&Option<String>, &Vec<&str>)| match table {
        Some(table) => format!("`{table}` has: {}", columns.join(", ")),
        None => format!("there are: {}", columns.join(", ")),
    };
    let present: Vec<String> = by_table.iter().map(table).collect();
    let present = if present.is_empty() { String::new() } else { format!(" ({})", present.join("; ")) };
    format!("there is no column `{name}`{at}{near}{present}")
}
