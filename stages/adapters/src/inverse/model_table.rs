//! Models as the table `model` holds them, and as the JSON documents that are exported.

use lapicque_inverse::Model;
use lapicque_inverse::estimators::NamedArray;
use lapicque_inverse::model::{ModelHead, nested, parts};
use lapicque_pipeline::config::typed;
use lapicque_schemas::tables::model::{ModelArray, ModelRows};
use serde_json::Value;

/// The model of rows of the table, or of a document of any version, which is a head with all of its arrays within.
pub(crate) fn model_of(rows: &ModelRows) -> Result<Model, String> {
    let (head, mut arrays) = parts(json(&rows.head)?).map_err(|error| error.to_string())?;
    arrays.extend(rows.arrays.iter().map(|array| NamedArray {
        name: array.name.clone(),
        shape: array.shape.iter().map(|&length| length as usize).collect(),
        values: array.values.clone(),
    }));
    let head = typed::<ModelHead>(&head).map_err(|errors| {
        errors.iter().map(|e| format!("this is no model: {}: {}", e.field, e.message)).collect::<String>()
    })?;
    Model::of_parts(head, arrays).map_err(|error| error.to_string())
}

/// The rows of the table that hold a model.
pub(crate) fn rows_of(model: &Model) -> Result<ModelRows, String> {
    let (head, arrays) = model.parts();
    let arrays = arrays.into_iter().map(|NamedArray { name, shape, values }| {
        let shape: Result<Vec<u32>, _> = shape.into_iter().map(u32::try_from).collect();
        let shape = shape.map_err(|_| format!("`{name}` has more than {} numbers", u32::MAX))?;
        Ok(ModelArray { name, shape, values })
    });
    let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
    Ok(ModelRows { head, arrays: arrays.collect::<Result<_, String>>()? })
}

/// One JSON document of rows of the table, which [`model_of`] reads.
pub(crate) fn document_of(rows: &ModelRows) -> Result<String, String> {
    let arrays: Vec<NamedArray> = rows
        .arrays
        .iter()
        .map(|array| NamedArray {
            name: array.name.clone(),
            shape: array.shape.iter().map(|&length| length as usize).collect(),
            values: array.values.clone(),
        })
        .collect();
    Ok(nested(json(&rows.head)?, &arrays).to_string())
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("this is no model: the document is no whole JSON (line {line}, column {column})")
    })
}
