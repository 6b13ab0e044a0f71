//! The recordings of a dataset when they run.

use arrow_array::RecordBatch;
use lapicque_pipeline::{Batch, Bound, Context, FileRef, SampleError, SampleOutput, Stage};
use lapicque_recording::Window;
use lapicque_recording::bids::read_events;
use lapicque_schemas::Digest;
use lapicque_schemas::tables::events;

use super::tables::events_of;
use crate::import::recording::described::{Described, Settings};

pub(super) struct DatasetStage {
    pub(super) bound: Bound,
    pub(super) settings: Settings,
    /// A row for each recording.
    pub(super) recordings: RecordBatch,
    pub(super) items: Vec<Item>,
    /// Recording and part of it of each point.
    pub(super) points: Vec<(usize, usize)>,
}

/// A recording of the dataset.
pub(super) struct Item {
    pub(super) label: String,
    pub(super) described: Described,
    pub(super) channels: RecordBatch,
    /// Of what becomes of its channels.
    pub(super) mapping: Digest,
    pub(super) events: Option<FileRef>,
}

impl Stage for DatasetStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let one = |sample: &lapicque_pipeline::SampleInput| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let missing = || SampleError::internal(format!("there is no point {}", sample.point));
            let &(number, part) = self.points.get(sample.point).ok_or_else(missing)?;
            self.sample(number, part)
        };
        batch.samples.iter().map(one).collect()
    }
}

impl DatasetStage {
    fn sample(&self, number: usize, part: usize) -> Result<SampleOutput, SampleError> {
        let item = self.items.get(number).ok_or_else(|| SampleError::internal(format!("no recording {number}")))?;
        let SampleOutput { mut tables, mut notes } = item.described.sample(part, &self.settings)?;
        if let (Some(file), [signals, events]) = (&item.events, tables.as_mut_slice()) {
            let window = item.described.window(part, &self.settings);
            let (table, remarks) = events_from(file, signals, window.as_ref())?;
            *events = table;
            notes.extend(remarks);
        }
        tables.push(self.recordings.slice(number, 1));
        tables.push(item.channels.clone());
        Ok(SampleOutput { tables, notes })
    }
}

/// The events of a table beside the recording.
fn events_from(
    file: &FileRef,
    signals: &RecordBatch,
    window: Option<&Window>,
) -> Result<(RecordBatch, Vec<String>), SampleError> {
    let read = file.read(|reader| read_events(reader));
    let read = read.map_err(|error| SampleError::changed(format!("`{}`: {error}", file.name)))?;
    let (rows, notes) = read.map_err(|error| SampleError::input(format!("`{}`: {error}", file.name)))?;
    let table = events_of(rows, signals, window).and_then(|found| events::write(&found));
    let notes = notes.into_iter().map(|note| format!("`{}`: {note}", file.name)).collect();
    Ok((table.map_err(SampleError::internal)?, notes))
}
