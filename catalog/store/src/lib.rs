//! The store: a folder of Parquet files, addressed by what they were computed from.
//!
//! ```text
//! .lapicque/
//!   CACHEDIR.TAG                     backup programs leave it out
//!   format                           version of this layout
//!   segments/<batch>-<output>.parquet   rows that one batch computed, one file per output
//!   actions/<batch>.parquet          action key -> rows of a segment and content digest, or a failure
//!   ingredients/<digest>.json        what the action keys of a batch have in common
//!   bindings/<digest>.parquet        sample -> action key, of a stage of a run
//!   runs/<run>.json                  the record of a run
//! ```
//!
//! Files are written beside their place, synced, linked without replacing, and their folder synced; none is changed later.
//! A batch becomes visible with its file in `actions/`, which is written last. Copying the folder copies the cache.

mod actions;
mod bindings;
mod files;
mod segments;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actions::Index;
use arrow_array::RecordBatch;
use lapicque_pipeline::keys::ingredients_digest;
use lapicque_pipeline::{Action, Binding, NewBatch, RunRecord, Store, StoreError};
use lapicque_schemas::{Digest, DigestBuilder, TableSchema};
use serde_json::Value;

/// Version of the layout.
pub const FORMAT: u32 = 1;

/// A store in a folder.
pub struct ParquetStore {
    folder: PathBuf,
    /// Folders exist from the first thing that is published on, so that looking leaves nothing behind.
    index: Mutex<Index>,
}

impl ParquetStore {
    /// Opens a store; an absent folder is an empty store, made when something is published.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let format = folder.join("format");
        if format.exists() {
            let text = files::read_text(&format)?;
            let found = text.trim();
            if found != FORMAT.to_string() {
                let path = folder.display().to_string();
                return Err(StoreError::Format { path, found: found.to_owned(), known: FORMAT });
            }
        }
        let index = Index::load(&folder.join("actions"))?;
        Ok(Self { folder: folder.to_owned(), index: Mutex::new(index) })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, folder: &str, name: &str) -> Result<PathBuf, StoreError> {
        files::make_store(&self.folder, FORMAT)?;
        let folder = self.folder.join(folder);
        files::make_folder(&folder)?;
        Ok(folder.join(name))
    }
}

impl Store for ParquetStore {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        let index = self.lock();
        Ok(keys.iter().map(|key| index.get(*key).map(|stored| stored.action.clone())).collect())
    }

    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError> {
        let mut name = DigestBuilder::new("lapicque batch 1");
        for new in &batch.actions {
            name.digest(new.key).number(new.tables.len() as u64).number(u64::from(new.action.outcome.is_ok()));
        }
        let name = name.finish().to_string();
        let ingredients = self.place("ingredients", &format!("{}.json", ingredients_digest(batch.common)))?;
        files::write_new(&ingredients, batch.common.to_string().as_bytes())?;
        let mut bytes = 0;
        for (output, declared) in batch.outputs.iter().enumerate() {
            let tables: Vec<&RecordBatch> = batch.actions.iter().filter_map(|new| new.tables.get(output)).collect();
            if !tables.is_empty() {
                let path = self.place("segments", &segments::file_name(&name, output))?;
                bytes += segments::write(&path, &declared.schema, &tables)?;
            }
        }
        let path = self.place("actions", &format!("{name}.parquet"))?;
        let stored = actions::stored(&name, batch);
        bytes += actions::write(&path, &stored)?;
        self.lock().extend(stored);
        Ok(bytes)
    }

    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        let places: Vec<segments::Place> = {
            let index = self.lock();
            let place = |&key: &Digest| {
                index.get(key).and_then(|stored| stored.place(output)).ok_or(StoreError::NotStored { key })
            };
            keys.iter().map(place).collect::<Result<_, _>>()?
        };
        segments::read(&self.folder.join("segments"), output, schema, &places, columns)
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        let path = self.folder.join("ingredients").join(format!("{digest}.json"));
        if !path.exists() {
            return Ok(None);
        }
        files::read_json(&path).map(Some)
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        let digest = binding.digest();
        let path = self.place("bindings", &format!("{digest}.parquet"))?;
        if !path.exists() {
            bindings::write(&path, binding)?;
        }
        Ok(digest)
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        bindings::read(&self.folder.join("bindings").join(format!("{digest}.parquet")))
    }

    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        let path = self.place("runs", &format!("{}.json", run.id))?;
        let text =
            serde_json::to_vec_pretty(run).map_err(|error| StoreError::Unsupported { message: error.to_string() })?;
        files::write_new(&path, &text).map(|_| ())
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        files::list(&self.folder.join("runs"), "json")?.iter().map(|path| files::read_json(path)).collect()
    }

    fn latest_run(&self, pipeline: &str) -> Result<Option<RunRecord>, StoreError> {
        for path in files::list(&self.folder.join("runs"), "json")?.iter().rev() {
            let run: RunRecord = files::read_json(path)?;
            if run.pipeline == pipeline {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }
}

/// Writes a table for other programs, in the encodings of the store.
pub fn write_table(table: &RecordBatch, out: impl std::io::Write + Send) -> Result<(), parquet::errors::ParquetError> {
    let properties = segments::properties(&table.schema(), 1 << 20);
    let mut writer = parquet::arrow::ArrowWriter::try_new(out, table.schema(), Some(properties))?;
    writer.write(table)?;
    writer.close().map(|_| ())
}
