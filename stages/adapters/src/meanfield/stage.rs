//! What all stages of theory are: they compute each sample from its parameters alone.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use lapicque_pipeline::{Batch, Bound, Context, SampleError, SampleOutput, Stage, each_sample};

/// What is computed for one sample: for each output its columns, in the order of the schema.
pub(super) struct Rows {
    pub(super) tables: Vec<Vec<ArrayRef>>,
    pub(super) notes: Vec<String>,
}

impl Rows {
    /// Of a stage with one output.
    pub(super) fn of(columns: Vec<ArrayRef>, notes: Vec<String>) -> Self {
        Self { tables: vec![columns], notes }
    }
}

/// A stage that computes `rows` from the parameters of each sample, if there are any.
pub(super) fn stage<F>(bound: Bound, rows: F) -> Box<dyn Stage>
where
    F: Fn(Option<&RecordBatch>, &Context<'_>) -> Result<Rows, SampleError> + Send + Sync + 'static,
{
    Box::new(TheoryStage { bound, rows })
}

struct TheoryStage<F> {
    bound: Bound,
    rows: F,
}

impl<F> Stage for TheoryStage<F>
where
    F: Fn(Option<&RecordBatch>, &Context<'_>) -> Result<Rows, SampleError> + Send + Sync,
{
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let Rows { tables, notes } = (self.rows)(batch.table(number, "parameters"), context)?;
            let schemas = self.bound.outputs.iter().map(|output| output.schema.arrow.clone());
            let tables = schemas.zip(tables).map(|(schema, columns)| RecordBatch::try_new(schema, columns));
            Ok(SampleOutput { tables: tables.collect::<Result<_, _>>().map_err(SampleError::internal)?, notes })
        })
    }
}

pub(super) fn numbers(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from(values.into_iter().collect::<Vec<_>>()))
}

/// Without the values that are no numbers: NULL is left out of aggregates and comparisons, NaN is not.
pub(super) fn known_numbers(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values.into_iter().map(|value| (!value.is_nan()).then_some(value))))
}

pub(super) fn integers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values.into_iter().collect::<Vec<_>>()))
}

pub(super) fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values.into_iter().collect::<Vec<_>>()))
}
