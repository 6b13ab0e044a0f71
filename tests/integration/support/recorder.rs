//! A store that remembers which actions were published through it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use arrow::array::RecordBatch;
use lapicque_pipeline::{Action, Binding, Claim, Found, Located, NewBatch, RunRecord, Store, StoreError};
use lapicque_schemas::{Digest, TableSchema};
use serde_json::Value;

pub(crate) struct Recorder<'a> {
    inner: &'a dyn Store,
    published: Mutex<BTreeSet<Digest>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(inner: &'a dyn Store) -> Self {
        Self { inner, published: Mutex::default() }
    }

    pub(crate) fn published(self) -> BTreeSet<Digest> {
        self.published.into_inner().unwrap()
    }
}

impl Store for Recorder<'_> {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError> {
        self.inner.find(keys)
    }

    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        self.inner.actions(keys)
    }

    fn work(&self) -> Result<Option<Box<dyn Send>>, StoreError> {
        self.inner.work()
    }

    fn claim(&self, keys: &[Digest]) -> Result<Claim, StoreError> {
        self.inner.claim(keys)
    }

    fn locate(&self, output: usize, keys: &[Digest]) -> Result<Located, StoreError> {
        self.inner.locate(output, keys)
    }

    fn refresh(&self) -> Result<(), StoreError> {
        self.inner.refresh()
    }

    fn tidy(&self) -> Result<(), StoreError> {
        self.inner.tidy()
    }

    fn inventory(&self) -> Result<Digest, StoreError> {
        self.inner.inventory()
    }

    fn take_damage(&self) -> Vec<String> {
        self.inner.take_damage()
    }

    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError> {
        let bytes = self.inner.publish(batch)?;
        self.published.lock().unwrap().extend(batch.actions.iter().map(|new| new.key));
        Ok(bytes)
    }

    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        self.inner.read(output, schema, keys, columns)
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        self.inner.ingredients(digest)
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        self.inner.save_binding(binding)
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        self.inner.binding(digest)
    }

    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.inner.save_run(run)
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.runs()
    }
}
