//! Stages whose files are read when they are bound: a sample for each file, or one result where there are no samples.
//!
//! What a result depends on is what comes out, which its digest stands for: where a file lies computes nothing anew.

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, Bound, Context, Output, Points, SampleError, SampleOutput, Samples, Stage, each_sample,
};
use lapicque_schemas::content::UnsupportedType;
use lapicque_schemas::{Digest, DigestBuilder, content_digest};
use serde_json::{Map, Value};

/// The tables of a sample, one for each output, and the digest of them.
pub(crate) type Read = (Vec<RecordBatch>, Digest);

pub(crate) struct ReadFiles {
    bound: Bound,
    /// One for each sample; a single one where there are no samples.
    tables: Vec<Vec<RecordBatch>>,
}

impl ReadFiles {
    /// Samples of these names, or a stage of one result, whose files the field `path` names.
    pub(crate) fn new(
        revision: u32,
        outputs: Vec<Output>,
        labels: Option<Vec<String>>,
        read: Vec<Read>,
        notes: Vec<String>,
    ) -> Self {
        let mut bound = Bound::new(revision, Value::Object(Map::new()), &[], outputs);
        let (tables, digests): (_, Vec<Digest>) = read.into_iter().unzip();
        match labels {
            Some(labels) => {
                bound.samples = Samples::Known(Points { labels: Some(labels), digests, unread: Vec::new() });
            }
            None => bound.files = digests.into_iter().map(|digest| ("path".to_owned(), digest)).collect(),
        }
        bound.notes = notes;
        Self { bound, tables }
    }
}

impl Stage for ReadFiles {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |_, sample| {
            let number = if self.bound.points().is_some() { sample.point } else { 0 };
            let tables = self.tables.get(number);
            let tables = tables.ok_or_else(|| SampleError::internal(format!("there is no point {number}")))?;
            Ok(SampleOutput { tables: tables.clone(), notes: Vec::new() })
        })
    }
}

/// A digest of several tables; `purpose` tells it from those of other kinds.
pub(crate) fn digest_of(purpose: &str, tables: &[RecordBatch]) -> Result<Digest, UnsupportedType> {
    let mut builder = DigestBuilder::new(purpose);
    for table in tables {
        builder.digest(content_digest(&table.schema(), std::slice::from_ref(table))?);
    }
    Ok(builder.finish())
}
