//! What a worker was told of the store, so that it reads rows without the index.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapicque_pipeline::{ActionColumns, Found, Located, RowsOf, Segment};
use lapicque_schemas::Digest;

use crate::segments::Place;

#[derive(Default)]
pub(crate) struct Admitted(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By output and action key.
    places: HashMap<(usize, Digest), Place>,
    results: HashMap<Digest, Found>,
}

impl Admitted {
    pub(crate) fn take(&self, located: &[Located]) {
        let mut known = self.known();
        for of_output in located {
            let segments: Vec<(Arc<str>, Arc<[u64]>)> =
                of_output.segments.iter().map(|s| (s.batch.as_str().into(), s.sums.as_slice().into())).collect();
            for &RowsOf { key, segment, first_row, rows } in &of_output.rows {
                if let Some((batch, sums)) = segments.get(segment as usize).cloned() {
                    known.places.insert((of_output.output, key), Place { batch, first_row, rows, sums });
                }
            }
            for (key, entries) in &of_output.results {
                let mut columns = ActionColumns::default();
                let row = columns.push(&Ok(entries.clone()), &[]);
                known.results.insert(*key, Found::new(Arc::new(columns), row));
            }
        }
    }

    /// Where the rows of these results are, if that was told of all.
    pub(crate) fn places(&self, output: usize, keys: &[Digest]) -> Option<Vec<Place>> {
        let known = self.known();
        keys.iter().map(|&key| known.places.get(&(output, key)).cloned()).collect()
    }

    /// What is known of these results, if that was told of all.
    pub(crate) fn find(&self, keys: &[Digest]) -> Option<Vec<Option<Found>>> {
        let known = self.known();
        keys.iter().map(|key| known.results.get(key).cloned().map(Some)).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be told of these places.
pub(crate) fn located(output: usize, keys: &[Digest], places: &[Place]) -> Located {
    let mut located = Located { output, ..Located::default() };
    let mut numbers: HashMap<Arc<str>, u32> = HashMap::new();
    for (&key, place) in keys.iter().zip(places) {
        let segment = *numbers.entry(place.batch.clone()).or_insert_with(|| {
            located.segments.push(Segment { batch: place.batch.to_string(), sums: place.sums.to_vec() });
            located.segments.len() as u32 - 1
        });
        located.rows.push(RowsOf { key, segment, first_row: place.first_row, rows: place.rows });
    }
    located
}
