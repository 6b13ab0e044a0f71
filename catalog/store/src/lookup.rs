//! Looking things up: the index is read when something is asked for, and again when a file that it knows is gone or damaged.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

use lapicque_pipeline::StoreError;
use lapicque_schemas::Digest;

use crate::index::Index;
use crate::{ParquetStore, files, segments};

/// How often the manifests are read anew because one is damaged or gone.
const MOST_RELOADS: usize = 10_000;

impl ParquetStore {
    pub(crate) fn with_index<T>(&self, work: impl Fn(&mut Index) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut index = self.lock();
        let mut loaded = match index.take() {
            Some(loaded) => loaded,
            None => self.load()?,
        };
        let mut reloads = 0;
        let result = loop {
            match work(&mut loaded) {
                // Its manifests were merged by another process.
                Err(StoreError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound && reloads < MOST_RELOADS => {}
                Err(StoreError::Damaged { path, message }) if reloads < MOST_RELOADS => {
                    self.condemn(Path::new(&path), &message);
                }
                other => break other,
            }
            reloads += 1;
            loaded = self.load()?;
        };
        *index = Some(loaded);
        result
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Index>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn load(&self) -> Result<Index, StoreError> {
        let mut damaged = |path: &Path, message: String| self.condemn(path, &message);
        let folder = self.folder.join("segments");
        let segments = files::sizes(&folder)?;
        // What was published since the folder was listed is asked for by name.
        let size = |name: &str| segments.get(name).copied().or_else(|| files::size(&folder.join(name)));
        let mut index = Index::load(&self.folder.join("actions"), &size, &mut damaged)?;
        index.aside = self.put_aside()?;
        Ok(index)
    }

    /// Files that were found damaged, by whatever process.
    pub(crate) fn put_aside(&self) -> Result<BTreeSet<String>, StoreError> {
        Ok(files::sizes(&self.folder.join("damaged"))?.into_keys().collect())
    }

    /// Takes in what other processes have published since.
    pub(crate) fn take_in(&self, index: &mut Index) -> Result<(), StoreError> {
        let mut damaged = |path: &Path, message: String| self.condemn(path, &message);
        let segments = self.folder.join("segments");
        let size = |name: &str| files::size(&segments.join(name));
        index.refresh(&self.folder.join("actions"), &size, &mut damaged)
    }

    /// Reads the manifests anew.
    pub(crate) fn reload(&self) -> Result<(), StoreError> {
        *self.lock() = None;
        Ok(())
    }

    pub(crate) fn places(&self, output: usize, keys: &[Digest]) -> Result<Vec<segments::Place>, StoreError> {
        if let Some(told) = self.admitted.places(output, keys) {
            return Ok(told);
        }
        self.with_index(|index| {
            keys.iter().map(|&key| index.place(key, output)?.ok_or(StoreError::NotStored { key })).collect()
        })
    }

    /// Takes in what other processes have published or found damaged.
    pub(crate) fn see_others(&self) -> Result<(), StoreError> {
        let aside = self.put_aside()?;
        let found = self.with_index(|index| {
            self.take_in(index)?;
            let new: Vec<String> = aside.difference(&index.aside).cloned().collect();
            index.aside.extend(new.iter().cloned());
            let batches = new.iter().filter_map(|name| segments::batch_of(name.strip_prefix("segments-")?));
            Ok(batches.filter(|batch| index.lost.insert(Arc::from(*batch))).map(str::to_owned).collect::<Vec<_>>())
        })?;
        let told = found.iter().map(|batch| {
            format!("{}: another process found a file of the batch {batch} damaged", self.folder.display())
        });
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
        Ok(())
    }
}
