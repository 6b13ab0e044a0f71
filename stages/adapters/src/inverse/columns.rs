//! Which columns of a table are features.

use arrow_schema::DataType;
use lapicque_pipeline::config::nearest;
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::features;

/// Names of the features of a table: its columns of fractional numbers, but for keys.
pub(super) fn feature_names(schema: &TableSchema) -> Vec<String> {
    features::names(schema).into_iter().filter(|name| name != "channel" && name != "epoch").collect()
}

/// Why a column of a table is no feature; `None` for features, keys, and columns that are not there.
pub(super) fn why_no_feature(schema: &TableSchema, name: &str) -> Option<String> {
    let field = schema.column(name).filter(|_| !["sample", "channel", "epoch"].contains(&name))?;
    let data_type = field.data_type();
    let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match field.metadata().get(features::FIRST_TEXT) {
        _ if data_type.is_floating() => None,
        Some(first) => Some(format!("it holds text, first {first}")),
        None if is_text => Some("it holds text".to_owned()),
        None if data_type.is_integer() => Some(
            "it holds whole numbers that count something; CAST it to DOUBLE in a stage of kind `sql` before".to_owned(),
        ),
        None => Some("it holds no numbers".to_owned()),
    }
}

/// What to write behind an unknown name.
pub(super) fn suggestion(name: &str, known: &[String]) -> String {
    let near = nearest(name, known.iter().map(String::as_str))
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("{near} (there are: {})", known.join(", "))
}
