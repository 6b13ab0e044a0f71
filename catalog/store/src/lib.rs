//! The store: a folder of Parquet files, addressed by what they were computed from.
//!
//! ```text
//! .lapicque/
//!   CACHEDIR.TAG                     backup programs leave it out
//!   format                           version of this layout
//!   segments/<batch>-<output>.parquet   rows that one batch computed, one file per output
//!   actions/<name>.<sum>.parquet     manifests: action key -> rows of a segment and content digest, or a failure
//!   ingredients/<digest>.json        what the action keys of a batch have in common
//!   labels/<digest>.parquet          labels of the samples of a stage, in order
//!   bindings/<digest>.parquet        action keys of those samples
//!   runs/<run>.<sum>.json            the record of a run
//!   pins/<name>.json                 runs that garbage collection keeps
//!   claims/                          what runners are computing, see the module `claims`
//!   damaged/                         files that are not what was written, put aside
//!   file_digests                     digests of files of users, kept by the engine
//! ```
//!
//! Files are written beside their place, synced, linked without replacing, and their folder synced; none is changed later.
//! A batch becomes visible with its manifest, which is written last. Copying the folder copies the cache.
//!
//! Every file can be held against what was written: segments block by block, by the sums in their manifest; manifests and
//! records by the sum in their name; labels, bindings and ingredients by the digest that they are named by. A file that
//! differs is put aside and told, and what it held counts as never computed. A segment that is gone or has another length
//! is noticed when the manifests are read; the [inventory](Store::inventory) tells whether anything is gone since a run.
//!
//! **Formats.** `format` is raised with every change of the layout that older versions cannot read. A store of another
//! format is refused, not migrated: what it holds can be computed again, and the pipeline files are the ground truth.
//! 1: first. 2: manifests with checksums of segments, labels apart from bindings. 3: no other layout, but what versions
//! before wrote may have been made from rows of other samples, and floats were stored with two zeros and many NaNs.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod admitted;
mod bindings;
mod checksums;
mod claims;
mod collect;
mod files;
mod index;
mod lookup;
mod manifest;
mod pins;
mod segments;
mod verified;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use admitted::{Admitted, located};
use arrow_array::RecordBatch;
use checksums::Sums;
use claims::{ClaimFile, Claims};
pub use collect::Collected;
use index::Index;
use lapicque_pipeline::keys::ingredients_digest;
use lapicque_pipeline::{Action, Binding, Claim, Found, Located, NewBatch, RunRecord, Store, StoreError};
use lapicque_schemas::{Digest, DigestBuilder, TableSchema};
use parquet::file::metadata::KeyValue;
pub use pins::Pin;
use segments::Fault;
use serde_json::Value;

/// Version of the layout.
pub const FORMAT: u32 = 3;

/// A store in a folder.
pub struct ParquetStore {
    folder: PathBuf,
    /// Read when something is looked up for the first time.
    index: Mutex<Option<Index>>,
    claims: Arc<Claims>,
    /// What it was told of rows, as a worker.
    admitted: Admitted,
    /// What was found damaged and not told yet.
    damage: Mutex<Vec<String>>,
    /// Batches that were published here.
    own: Mutex<HashSet<Arc<str>>>,
}

impl ParquetStore {
    /// Opens a store; an absent folder is an empty store, made when something is published.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let format = folder.join("format");
        if format.exists() {
            let text = files::read_text(&format)?;
            let found = text.trim().to_owned();
            if found != FORMAT.to_string() {
                let path = folder.display().to_string();
                let advice = match found.parse::<u32>() {
                    Ok(newer) if newer > FORMAT => "a newer version of lapicque wrote it",
                    Ok(_) => {
                        "remove the folder: everything in it can be computed again, and tables that versions before trained or aggregated may be wrong"
                    }
                    Err(_) => "the file `format` is damaged",
                };
                return Err(StoreError::Format { path, found, known: FORMAT, advice: advice.to_owned() });
            }
        }
        let claims = Arc::new(Claims::new(folder));
        Ok(Self {
            folder: folder.to_owned(),
            index: Mutex::new(None),
            claims,
            admitted: Admitted::default(),
            damage: Mutex::default(),
            own: Mutex::default(),
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn place(&self, folder: &str, name: &str) -> Result<PathBuf, StoreError> {
        files::make_store(&self.folder, FORMAT)?;
        let folder = self.folder.join(folder);
        files::make_folder(&folder)?;
        Ok(folder.join(name))
    }

    /// Puts a damaged file aside; where that cannot be done, it is told all the same.
    fn condemn(&self, path: &Path, message: &str) {
        let kind = path.parent().and_then(Path::file_name).and_then(|n| n.to_str()).unwrap_or_default();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.exists()
            && let Ok(place) = self.place("damaged", &format!("{kind}-{name}"))
        {
            let _ = std::fs::rename(path, &place);
        }
        let message = format!("{}: {message}", path.display());
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    fn read_places(
        &self,
        output: usize,
        schema: &TableSchema,
        places: &[segments::Place],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        let folder = self.folder.join("segments");
        segments::read(&folder, output, schema, places, columns).map_err(|all| {
            let mut first = StoreError::Unsupported { message: "no segment".to_owned() };
            for (batch, fault) in all.into_iter().rev() {
                let path = folder.join(segments::file_name(&batch, output));
                first = self.unreadable(&path, batch, fault);
            }
            first
        })
    }

    /// What a segment that cannot be read means: most are put aside, and computed again.
    fn unreadable(&self, path: &Path, batch: Arc<str>, fault: Fault) -> StoreError {
        let shown = path.display().to_string();
        let message = match fault {
            Fault::OtherColumns(message) => return StoreError::OtherColumns { path: shown, message },
            Fault::Damaged(message) => message,
        };
        self.condemn(path, &message);
        let is_own = self.own.lock().unwrap_or_else(PoisonError::into_inner).contains(&batch);
        if let Some(index) = &mut *self.lock() {
            index.lost.insert(batch);
        }
        if is_own {
            return StoreError::Unreadable { path: shown, message };
        }
        StoreError::Damaged { path: shown, message }
    }

    /// The records of runs with their files, oldest first.
    fn run_files(&self) -> Result<Vec<(PathBuf, RunRecord)>, StoreError> {
        let paths = files::list(&self.folder.join("runs"), "json")?;
        Ok(paths.into_iter().filter_map(|path| self.run_record(&path).map(|run| (path, run))).collect())
    }

    /// A record that is damaged is put aside.
    fn run_record(&self, path: &Path) -> Option<RunRecord> {
        let bytes = std::fs::read(path).ok()?;
        let sum = path.file_stem().and_then(|stem| stem.to_str()?.rsplit_once('.')).map(|(_, sum)| sum);
        if sum != Some(format!("{:016x}", checksums::checksum(&bytes)).as_str()) {
            self.condemn(path, "its bytes are not those that were written");
            return None;
        }
        serde_json::from_slice(&bytes).map_err(|error| self.condemn(path, &error.to_string())).ok()
    }

    /// What was read of a file of the store; one that is damaged is put aside.
    fn sound<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match &result {
            Err(StoreError::Damaged { path, message }) => self.condemn(Path::new(path), message),
            // The file that is gone is the one that the error names: a binding stays if only its labels are.
            Err(StoreError::Io { path, source }) if source.kind() == std::io::ErrorKind::NotFound => {
                self.condemn(Path::new(path), "it is gone");
            }
            _ => {}
        }
        result
    }
}

/// Lets the environment (`FAILPOINTS`) say at which points of writing the process ends or the disk is full.
#[cfg(feature = "faults")]
pub fn faults_from_environment() -> impl Sized {
    fail::FailScenario::setup()
}

/// A name that no other file has.
fn fresh_name(purpose: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    DigestBuilder::new("lapicque name 1")
        .text(purpose)
        .bytes(&nanos.to_le_bytes())
        .number(u64::from(std::process::id()))
        .number(NEXT.fetch_add(1, Ordering::Relaxed))
        .finish()
        .to_string()
}

impl Store for ParquetStore {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError> {
        match self.admitted.find(keys) {
            Some(told) => Ok(told),
            None => self.with_index(|index| keys.iter().map(|key| index.find(*key)).collect()),
        }
    }

    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        self.with_index(|index| {
            let mut of_manifest: BTreeMap<PathBuf, Vec<(usize, u32)>> = BTreeMap::new();
            for (i, &key) in keys.iter().enumerate() {
                if let Some((manifest, row)) = index.row(key)? {
                    of_manifest.entry(manifest.path().to_owned()).or_default().push((i, row));
                }
            }
            let mut actions = vec![None; keys.len()];
            for (path, mut wanted) in of_manifest {
                // Two keys may be one.
                wanted.sort_unstable_by_key(|&(_, row)| row);
                let mut rows: Vec<u32> = wanted.iter().map(|(_, row)| *row).collect();
                rows.dedup();
                let read: HashMap<u32, Action> = rows.iter().copied().zip(manifest::actions(&path, &rows)?).collect();
                for (i, row) in wanted {
                    let Some(action) = read.get(&row).cloned() else {
                        continue;
                    };
                    let outcome = index.find(keys[i])?.map(|found| found.outcome());
                    actions[i] = outcome.map(|outcome| Action { outcome, ..action });
                }
            }
            Ok(actions)
        })
    }

    fn work(&self) -> Result<Option<Box<dyn Send>>, StoreError> {
        files::make_store(&self.folder, FORMAT)?;
        self.claims.join()?;
        Ok(Some(Box::new(AtWork(self.claims.clone()))))
    }

    fn claim(&self, keys: &[Digest]) -> Result<Claim, StoreError> {
        let Some(_lock) = self.claims.lock()? else {
            return Ok(Claim { granted: keys.to_vec(), guard: None });
        };
        // Claims before manifests: a claim that is gone by now was given up after its results were published.
        let taken = self.claims.taken()?;
        let granted = self.with_index(|index| {
            self.take_in(index)?;
            let free = keys.iter().copied().filter(|&key| !index.is_news(key) && !taken.contains(&key));
            Ok(free.collect::<Vec<_>>())
        })?;
        let path = self.claims.claim(&granted)?;
        Ok(Claim { granted, guard: Some(Box::new(ClaimFile(path))) })
    }

    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError> {
        let name = fresh_name("batch");
        let ingredients = self.place("ingredients", &format!("{}.json", ingredients_digest(batch.common)))?;
        files::write_new(&ingredients, batch.common.to_string().as_bytes())?;
        let mut bytes = 0;
        let mut sums = Sums::new();
        for (output, declared) in batch.outputs.iter().enumerate() {
            let tables: Vec<&RecordBatch> = batch.actions.iter().filter_map(|new| new.tables.get(output)).collect();
            if !tables.is_empty() {
                let file = segments::file_name(&name, output);
                let written = segments::write(&self.place("segments", &file)?, &declared.schema, &tables)?;
                bytes += written.bytes;
                sums.insert(file, written);
            }
        }
        files::fault("publish.segments").map_err(files::io_error(&self.folder))?;
        let written = manifest::write(batch, &name, sums)?;
        let path = self.place("actions", &written.file_name(&name))?;
        files::write_new(&path, &written.bytes)?;
        bytes += written.bytes.len() as u64;
        let keys = written.keys.clone();
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into());
        if let Some(index) = &mut *self.lock() {
            index.add(written.at(&path), keys);
        }
        Ok(bytes)
    }

    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        self.read_places(output, schema, &self.places(output, keys)?, columns)
    }

    fn read_joined(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<(RecordBatch, Vec<u64>), StoreError> {
        let places = self.places(output, keys)?;
        let rows = places.iter().map(|place| place.rows).collect();
        let tables = self.read_places(output, schema, &segments::runs(places), columns)?;
        let joined = arrow_select::concat::concat_batches(&schema.view(columns), &tables)
            .map_err(|error| StoreError::Unsupported { message: error.to_string() })?;
        Ok((joined, rows))
    }

    fn locate(&self, output: usize, keys: &[Digest]) -> Result<Located, StoreError> {
        Ok(located(output, keys, &self.places(output, keys)?))
    }

    fn admit(&self, located: &[Located]) {
        self.admitted.take(located);
    }

    fn refresh(&self) -> Result<(), StoreError> {
        self.see_others()
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        let path = self.folder.join("ingredients").join(format!("{digest}.json"));
        if !path.exists() {
            return Ok(None);
        }
        let value: Result<Value, StoreError> = files::read_json(&path);
        let value = value.and_then(|value| match ingredients_digest(&value) == digest {
            true => Ok(value),
            false => Err(files::damaged(&path, "it is not what was written")),
        });
        match self.sound(value) {
            // They serve explanations only; the next result that has them writes them again.
            Err(StoreError::Damaged { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        let digest = binding.digest();
        let path = self.place("bindings", &format!("{digest}.parquet"))?;
        // One that is there may be damaged; then it has been put aside now.
        if !path.exists() || self.binding(digest).is_err() {
            bindings::write(&path, &self.place("labels", "")?, binding)?;
        }
        Ok(digest)
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        let path = self.folder.join("bindings").join(format!("{digest}.parquet"));
        let binding = bindings::read(&path, &self.folder.join("labels"));
        let binding = binding.and_then(|binding| match binding.digest() == digest {
            true => Ok(binding),
            false => Err(files::damaged(&path, "its keys are not those that were written")),
        });
        self.sound(binding)
    }

    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        let text =
            serde_json::to_vec_pretty(run).map_err(|error| StoreError::Unsupported { message: error.to_string() })?;
        let name = format!("{}.{:016x}.json", run.id, checksums::checksum(&text));
        files::write_new(&self.place("runs", &name)?, &text)
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        Ok(self.run_files()?.into_iter().map(|(_, run)| run).collect())
    }

    fn latest_run(&self, pipeline: &str, file: Option<&str>) -> Result<Option<RunRecord>, StoreError> {
        let paths = files::list(&self.folder.join("runs"), "json")?;
        let mut latest_first = paths.iter().rev().filter_map(|path| self.run_record(path));
        Ok(latest_first.find(|run| run.is_of(pipeline, file)))
    }

    fn tidy(&self) -> Result<(), StoreError> {
        self.merge_manifests()
    }

    fn inventory(&self) -> Result<Digest, StoreError> {
        let mut all = DigestBuilder::new("lapicque inventory 1");
        for folder in ["actions", "segments", "bindings", "labels"] {
            let files = files::sizes(&self.folder.join(folder))?;
            all.number(files.len() as u64);
            files.iter().for_each(|(name, &size)| {
                all.text(name).number(size);
            });
        }
        Ok(all.finish())
    }

    fn take_damage(&self) -> Vec<String> {
        let mut damage = std::mem::take(&mut *self.damage.lock().unwrap_or_else(PoisonError::into_inner));
        let missed = self.lock().as_mut().map(Index::take_missed).unwrap_or_default();
        let told = |batch: &Arc<str>| damage.iter().any(|message| message.contains(&**batch));
        let untold: Vec<Arc<str>> = missed.into_iter().filter(|batch| !told(batch)).collect();
        damage.extend(untold.iter().map(|batch| {
            let segments = self.folder.join("segments");
            format!("{}/{batch}-*.parquet: a file is gone or has another length", segments.display())
        }));
        damage
    }
}

/// A process that is known as a runner while it has this.
struct AtWork(Arc<Claims>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Writes a table for other programs, in the encodings of the store, with metadata of the file.
pub fn write_table(
    table: &RecordBatch,
    metadata: &[(&str, String)],
    out: impl std::io::Write + Send,
) -> Result<(), parquet::errors::ParquetError> {
    let properties = segments::properties(&table.schema(), 1 << 20).build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(out, table.schema(), Some(properties))?;
    writer.write(table)?;
    for (key, value) in metadata {
        writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), value.clone()));
    }
    writer.close().map(|_| ())
}
