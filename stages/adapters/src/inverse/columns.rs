//! Which columns of a table are features.

use lapicque_pipeline::config::nearest;
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::features;

/// Names of the features of a table: its columns of fractional numbers, but for keys.
pub(super) fn feature_names(schema: &TableSchema) -> Vec<String> {
    features::names(schema).into_iter().filter(|name| name != "channel" && name != "epoch").collect()
}

/// What to write behind an unknown name.
pub(super) fn suggestion(name: &str, known: &[String]) -> String {
    let near = nearest(name, known.iter().map(String::as_str))
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("{near} (there are: {})", known.join(", "))
}
