//! Recordings when they run: the values of one sample after the other.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use lapicque_pipeline::{Batch, Bound, Context, FileRef, SampleError, SampleOutput, Stage};
use lapicque_recording::{Annotation, Format};
use lapicque_schemas::tables::{events, signals};

use super::file::{Found, RecordingFile, Survey, given, select};
use super::reading::Reading;
use super::table;
use crate::import::files::read_rows;

pub(super) struct Recordings {
    pub(super) bound: Bound,
    pub(super) reading: Reading,
    pub(super) files: Vec<Surveyed>,
    /// File and sample of it of each point.
    pub(super) points: Vec<(usize, usize)>,
}

pub(super) struct Surveyed {
    pub(super) file: RecordingFile,
    pub(super) survey: Survey,
    /// Of all windows: they may stand anywhere in the file.
    pub(super) annotations: OnceLock<Result<Annotations, SampleError>>,
}

/// Annotations of a file, and what was left out of them.
pub(super) type Annotations = (Vec<Annotation>, Option<String>);

impl Stage for Recordings {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let missing = |point: usize| Err(SampleError::internal(format!("there is no point {point}")));
        let mut results: Vec<Result<SampleOutput, SampleError>> = Vec::with_capacity(batch.samples.len());
        // Samples of tables are read together: file by file, their place in the batch and in the file.
        let mut of_tables: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, sample) in batch.samples.iter().enumerate() {
            let found = self.points.get(sample.point).and_then(|&(number, of_file)| {
                let surveyed = self.files.get(number)?;
                Some((number, of_file, surveyed, surveyed.survey.samples.get(of_file)?))
            });
            results.push(match found {
                None => missing(sample.point),
                _ if context.is_cancelled() => Err(SampleError::cancelled()),
                Some((number, of_file, surveyed, found)) => match surveyed.file.format {
                    Some(format) => self.sample(surveyed, format, found),
                    None => {
                        of_tables.entry(number).or_default().push((place, of_file));
                        missing(sample.point)
                    }
                },
            });
        }
        for (number, samples) in of_tables {
            let surveyed = &self.files[number];
            let wanted: Vec<&Found> = samples.iter().map(|&(_, of_file)| &surveyed.survey.samples[of_file]).collect();
            for ((place, _), result) in samples.iter().zip(self.of_table(&surveyed.file.main, &wanted)) {
                results[*place] = result;
            }
        }
        results
    }
}

impl Recordings {
    fn sample(&self, surveyed: &Surveyed, format: &dyn Format, found: &Found) -> Result<SampleOutput, SampleError> {
        let annotations = || surveyed.annotations.get_or_init(|| surveyed.file.annotations(format)).clone();
        surveyed.file.sample(format, &self.reading, &surveyed.survey, found, &annotations)
    }

    /// Samples of a table, whose rows were looked at when the stage was bound.
    fn of_table(&self, file: &FileRef, wanted: &[&Found]) -> Vec<Result<SampleOutput, SampleError>> {
        let mut rows: Vec<u64> = wanted.iter().flat_map(|found| found.rows.iter().copied()).collect();
        rows.sort_unstable();
        rows.dedup();
        let read = read_rows(file, Some(&rows))
            .and_then(|chunks| table::read(&chunks, &given(&self.reading), Some(&rows)))
            .map_err(|message| match file.unchanged() {
                Ok(()) => SampleError::input(format!("`{}`: {message}", file.name)),
                Err(error) => SampleError::changed(format!("`{}`: {error}", file.name)),
            });
        let mut samples = match read {
            Ok(table) => table.samples,
            Err(error) => return wanted.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut one = |found: &&Found| {
            let label = found.label.as_deref().unwrap_or_default();
            let found = samples.swap_remove(label);
            let mut found = found.ok_or_else(|| SampleError::internal(format!("there is no sample `{label}`")))?;
            select(&mut found.signals, &self.reading);
            let signals = signals::write_owned(found.signals).map_err(SampleError::internal)?;
            let events = events::write(&[]).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![signals, events], notes: Vec::new() })
        };
        wanted.iter().map(&mut one).collect()
    }
}
