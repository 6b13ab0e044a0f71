//! Tables that the batches of one process share, while a group of stages runs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use lapicque_schemas::Digest;

use crate::store::StoreError;

#[derive(Default)]
pub struct SharedTables {
    pub(crate) inputs: WholeInputs,
    pub(crate) rows: HandedOn,
}

/// Whole inputs, which are read once for all batches: by stage, port and digest of the table.
#[derive(Default)]
pub(crate) struct WholeInputs(Mutex<HashMap<(String, String, String), RecordBatch>>);

/// Rows of all outputs of a result that is not kept, for a stage that could not be in the batch that made them: by stage and
/// action key.
#[derive(Default)]
pub(crate) struct HandedOn(Mutex<HashMap<(String, Digest), Vec<RecordBatch>>>);

impl SharedTables {
    pub(crate) fn clear(&self) {
        lock(&self.inputs.0).clear();
        lock(&self.rows.0).clear();
    }
}

impl WholeInputs {
    /// The table at a port; read where no batch has read it yet.
    pub(crate) fn get(
        &self,
        (stage, port, digest): (&str, &str, &str),
        read: impl FnOnce() -> Result<RecordBatch, StoreError>,
    ) -> Result<RecordBatch, StoreError> {
        let key = (stage.to_owned(), port.to_owned(), digest.to_owned());
        if let Some(known) = lock(&self.0).get(&key) {
            return Ok(known.clone());
        }
        // Not under the lock: another batch may read another table meanwhile.
        let table = read()?;
        Ok(lock(&self.0).entry(key).or_insert(table).clone())
    }
}

impl HandedOn {
    pub(crate) fn put(&self, stage: &str, key: Digest, tables: &[RecordBatch]) {
        lock(&self.0).insert((stage.to_owned(), key), tables.to_vec());
    }

    pub(crate) fn get(&self, stage: &str, key: Digest) -> Option<Vec<RecordBatch>> {
        lock(&self.0).get(&(stage.to_owned(), key)).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
