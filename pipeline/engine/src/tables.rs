//! The tables of a run, as people and queries see them.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use lapicque_schemas::with_sample_field;

use crate::store::{Binding, StageRun, Store, StoreError};
use crate::task::WholeLabels;
use crate::whole::read_whole;

/// The rows of one output of a stage of a run, with a `sample` column where samples have rows of their own.
pub fn read_output(
    store: &dyn Store,
    stage: &StageRun,
    output: usize,
    columns: Option<&[String]>,
) -> Result<RecordBatch, StoreError> {
    let binding = store.binding(stage.binding)?;
    read_rows(store, stage, output, &binding, columns)
}

/// The rows of some samples: those of a binding, or of a part of it.
pub fn read_rows(
    store: &dyn Store,
    stage: &StageRun,
    output: usize,
    binding: &Binding,
    columns: Option<&[String]>,
) -> Result<RecordBatch, StoreError> {
    let schema = &stage.outputs[output].schema;
    let keys: Vec<_> = binding.keys.iter().filter_map(|key| *key).collect();
    let actions = store.find(&keys)?;
    let lost = actions.iter().filter(|found| found.is_none()).count();
    if lost > 0 {
        return Err(StoreError::Lost { stage: stage.stage.clone(), lost, results: keys.len() });
    }
    let mut actions = actions.into_iter();
    // Failures have keys, but no rows.
    let stored: Vec<_> = binding
        .keys
        .iter()
        .map(|key| key.filter(|_| actions.next().flatten().is_some_and(|found| found.failure().is_none())))
        .collect();
    let labels = match stage.sample_wise {
        true => WholeLabels::Text(binding.samples.clone()),
        false if schema.references_samples() => WholeLabels::Stored(binding.positions.clone()),
        false => WholeLabels::None,
    };
    read_whole(store, output, schema, &stored, &labels, columns)
}

/// The schema of an output as [`read_output`] gives it.
pub fn output_schema(stage: &StageRun, output: usize) -> SchemaRef {
    let schema = stage.outputs[output].schema.labelled();
    if stage.sample_wise { with_sample_field(&schema.arrow) } else { schema.arrow }
}
