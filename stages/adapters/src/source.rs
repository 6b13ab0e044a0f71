//! Stages that make samples of their own: their tables are known when they are bound.
//!
//! What a point's result depends on is the content of its rows alone, which stands in [`Points::digests`]. So the
//! configuration that made the points does not enter the key, and one more point is one more computation.

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, Bound, Context, Output, Points, SampleError, SampleOutput, Samples, Stage, each_sample,
};

/// The rows of the points of a source.
pub(crate) enum Rows {
    /// One row per point.
    One(RecordBatch),
    /// Consecutive rows of one table; point i has those from the i-th of these numbers to the next.
    Runs(RecordBatch, Vec<usize>),
}

pub(crate) struct Source {
    bound: Bound,
    rows: Rows,
}

impl Source {
    pub(crate) fn new(revision: u32, output: Output, points: Points, rows: Rows, notes: Vec<String>) -> Self {
        let empty = serde_json::Value::Object(serde_json::Map::new());
        let mut bound = Bound::new(revision, empty, &[], vec![output]);
        bound.samples = Samples::Known(points);
        bound.notes = notes;
        Self { bound, rows }
    }
}

impl Stage for Source {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |_, sample| {
            let rows = match &self.rows {
                Rows::One(table) if sample.point < table.num_rows() => Some(table.slice(sample.point, 1)),
                Rows::One(_) => None,
                Rows::Runs(table, starts) => match starts.get(sample.point..) {
                    Some([start, end, ..]) => Some(table.slice(*start, end - start)),
                    _ => None,
                },
            };
            rows.map(SampleOutput::of)
                .ok_or_else(|| SampleError::internal(format!("there is no point {}", sample.point)))
        })
    }
}
