//! A store over another: what is computed stays in memory, what is there already is read from below.

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, TableSchema};
use serde_json::Value;

use crate::action::Action;
use crate::found::Found;
use crate::memory::MemoryStore;
use crate::store::{Binding, NewBatch, RunRecord, Store, StoreError};

pub struct Overlay<'a> {
    above: MemoryStore,
    below: &'a dyn Store,
}

impl<'a> Overlay<'a> {
    pub fn over(below: &'a dyn Store) -> Self {
        Self { above: MemoryStore::default(), below }
    }
}

impl Store for Overlay<'_> {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError> {
        let (above, below) = (self.above.find(keys)?, self.below.find(keys)?);
        Ok(above.into_iter().zip(below).map(|(above, below)| above.or(below)).collect())
    }

    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        let (above, below) = (self.above.actions(keys)?, self.below.actions(keys)?);
        Ok(above.into_iter().zip(below).map(|(above, below)| above.or(below)).collect())
    }

    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError> {
        self.above.publish(batch)
    }

    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        let above = self.above.find(keys)?;
        let lower: Vec<Digest> =
            keys.iter().zip(&above).filter(|(_, above)| above.is_none()).map(|(k, _)| *k).collect();
        let upper: Vec<Digest> =
            keys.iter().zip(&above).filter(|(_, above)| above.is_some()).map(|(k, _)| *k).collect();
        let mut from_below = self.below.read(output, schema, &lower, columns)?.into_iter();
        let mut from_above = self.above.read(output, schema, &upper, columns)?.into_iter();
        Ok(above.iter().filter_map(|f| if f.is_some() { from_above.next() } else { from_below.next() }).collect())
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        self.below.ingredients(digest)
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        self.above.save_binding(binding)
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        self.above.binding(digest).or_else(|_| self.below.binding(digest))
    }

    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.above.save_run(run)
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let mut runs = self.below.runs()?;
        runs.extend(self.above.runs()?);
        Ok(runs)
    }

    fn inventory(&self) -> Result<Digest, StoreError> {
        self.below.inventory()
    }

    fn take_damage(&self) -> Vec<String> {
        self.below.take_damage()
    }
}
