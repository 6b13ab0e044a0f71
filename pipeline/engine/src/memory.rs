//! A store in memory: for applying one stage to files, and for tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, TableSchema};
use serde_json::Value;

use crate::action::Action;
use crate::found::{ActionColumns, Found};
use crate::keys::ingredients_digest;
use crate::store::{Binding, NewBatch, RunRecord, Store, StoreError};

#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    actions: HashMap<Digest, Held>,
    ingredients: HashMap<Digest, Value>,
    bindings: HashMap<Digest, Binding>,
    runs: Vec<RunRecord>,
}

struct Held {
    action: Action,
    found: Found,
    tables: Vec<RecordBatch>,
}

impl MemoryStore {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for MemoryStore {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError> {
        Ok(self.with(|inner| keys.iter().map(|key| inner.actions.get(key).map(|held| held.found.clone())).collect()))
    }

    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        Ok(self.with(|inner| keys.iter().map(|key| inner.actions.get(key).map(|held| held.action.clone())).collect()))
    }

    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError> {
        self.with(|inner| {
            inner.ingredients.insert(ingredients_digest(batch.common), batch.common.clone());
            let mut columns = ActionColumns::default();
            let rows: Vec<u32> =
                batch.actions.iter().map(|new| columns.push(&new.action.outcome, &new.action.notes)).collect();
            let columns = Arc::new(columns);
            for (new, row) in batch.actions.iter().zip(rows) {
                if inner.actions.get(&new.key).is_none_or(|known| new.action.replaces(&known.action)) {
                    let found = Found::new(columns.clone(), row);
                    let held = Held { action: new.action.clone(), found, tables: new.tables.clone() };
                    inner.actions.insert(new.key, held);
                }
            }
        });
        Ok(batch.actions.iter().flat_map(|new| &new.tables).map(|table| table.get_array_memory_size() as u64).sum())
    }

    fn read(
        &self,
        output: usize,
        _: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        self.with(|inner| {
            let read = |&key: &Digest| {
                let stored = inner.actions.get(&key).and_then(|held| held.tables.get(output));
                project(stored.ok_or(StoreError::NotStored { key })?, columns)
            };
            keys.iter().map(read).collect()
        })
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        Ok(self.with(|inner| inner.ingredients.get(&digest).cloned()))
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        let digest = binding.digest();
        self.with(|inner| inner.bindings.insert(digest, binding.clone()));
        Ok(digest)
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        self.with(|inner| inner.bindings.get(&digest).cloned()).ok_or(StoreError::NotStored { key: digest })
    }

    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.with(|inner| inner.runs.push(run.clone()));
        Ok(())
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        Ok(self.with(|inner| inner.runs.clone()))
    }
}

/// The named columns of a table, in their order.
pub(crate) fn project(table: &RecordBatch, columns: Option<&[String]>) -> Result<RecordBatch, StoreError> {
    let Some(columns) = columns else {
        return Ok(table.clone());
    };
    let schema = table.schema();
    let indices: Result<Vec<_>, _> = columns.iter().map(|column| schema.index_of(column)).collect();
    indices
        .and_then(|indices| table.project(&indices))
        .map_err(|error| StoreError::Unsupported { message: error.to_string() })
}
