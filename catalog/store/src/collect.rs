//! Garbage collection: what no run that is kept refers to.
//!
//! Roots are pinned runs and the latest runs of each pipeline. Records of other runs go first, then what only they needed:
//! so a process that ends on the way leaves garbage, never a record of something that is gone.
//! While a runner is at work on the store, nothing is removed, since it may rely on all that it has found.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use arrow_array::BooleanArray;
use lapicque_pipeline::keys::labels_digest;
use lapicque_pipeline::{Binding, RunRecord, Store, StoreError};
use lapicque_schemas::Digest;
use serde::Serialize;

use crate::ParquetStore;
use crate::checksums::Sums;
use crate::files::{list, remove};
use crate::index::lost;
use crate::manifest::{self, View, digest};
use crate::segments::batch_of;

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Collected {
    pub runs: u64,
    pub actions: u64,
    pub segments: u64,
    /// Bindings, labels, ingredients, damaged files and what ended processes left behind.
    pub other_files: u64,
    pub bytes: u64,
    pub kept_runs: u64,
    pub kept_actions: u64,
    pub kept_bytes: u64,
    /// Rows without use in segments that hold others in use: their share of the bytes kept, roughly.
    pub unused_bytes_kept: u64,
    /// Runners at work: while there are any, nothing is removed.
    pub runners: usize,
    /// Stages of kept runs whose bindings are lost: nothing is kept for them.
    pub unknown: Vec<String>,
}

impl ParquetStore {
    /// Removes what neither a pinned run nor one of the latest `keep_runs` runs of a pipeline needs.
    pub fn collect(&self, keep_runs: usize, dry_run: bool) -> Result<Collected, StoreError> {
        if !self.folder().is_dir() {
            return Ok(Collected::default());
        }
        let lock = if dry_run { None } else { self.claims.lock()? };
        let runners = if dry_run { 0 } else { self.claims.others()?.len() + usize::from(self.claims.is_at_work()) };
        let dry_run = dry_run || runners > 0;
        let mut collected = Collected { runners, ..Collected::default() };
        let go = |path: &Path, collected: &mut Collected| -> Result<(), StoreError> {
            collected.bytes += if dry_run { size(path) } else { remove(path)? };
            Ok(())
        };
        let (kept, gone) = self.divide(keep_runs)?;
        let live = self.live(&kept, &mut collected.unknown)?;
        collected.kept_runs = kept.len() as u64;
        for path in gone {
            collected.runs += 1;
            go(&path, &mut collected)?;
        }
        for (folder, names) in [("bindings", &live.bindings), ("labels", &live.labels)] {
            for path in list(&self.folder().join(folder), "parquet")? {
                if !file_stem(&path).is_some_and(|stem| names.contains(stem)) {
                    collected.other_files += 1;
                    go(&path, &mut collected)?;
                }
            }
        }
        let swept = self.sweep_manifests(&live.keys, dry_run, &mut collected)?;
        for path in list(&self.folder().join("segments"), "parquet")? {
            let batch = file_stem(&path).and_then(batch_of);
            match batch.and_then(|batch| swept.batches.get(batch)).filter(|(live, _)| *live > 0) {
                None => {
                    collected.segments += 1;
                    go(&path, &mut collected)?;
                }
                Some(&(live, all)) => {
                    collected.kept_bytes += size(&path);
                    collected.unused_bytes_kept += size(&path) * (all - live) / all;
                }
            }
        }
        for path in list(&self.folder().join("ingredients"), "json")? {
            let digest = file_stem(&path).and_then(|stem| stem.parse::<Digest>().ok());
            if !digest.is_some_and(|digest| swept.common.contains(&digest)) {
                collected.other_files += 1;
                go(&path, &mut collected)?;
            }
        }
        for path in self.leftovers()? {
            collected.other_files += 1;
            go(&path, &mut collected)?;
        }
        drop(lock);
        if !dry_run {
            self.reload()?;
        }
        Ok(collected)
    }

    /// Runs that are kept, and the files of the others.
    fn divide(&self, keep_runs: usize) -> Result<(Vec<RunRecord>, Vec<PathBuf>), StoreError> {
        let pinned: HashSet<String> = self.pins()?.into_iter().map(|pin| pin.run).collect();
        let mut of_pipeline: HashMap<(String, String), usize> = HashMap::new();
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for (path, run) in self.run_files()?.into_iter().rev() {
            let latest = of_pipeline.entry((run.pipeline.clone(), run.file.clone())).or_default();
            *latest += 1;
            if *latest <= keep_runs || pinned.contains(&run.id) {
                kept.push(run);
            } else {
                gone.push(path);
            }
        }
        Ok((kept, gone))
    }

    /// The runs that collecting keeps, the latest first.
    pub fn kept_runs(&self, keep_runs: usize) -> Result<Vec<RunRecord>, StoreError> {
        Ok(self.divide(keep_runs)?.0)
    }

    /// What runs refer to; those of the latest runs come first.
    fn live(&self, runs: &[RunRecord], unknown: &mut Vec<String>) -> Result<Live, StoreError> {
        let mut live = Live::default();
        let mut pipelines = HashSet::new();
        for run in runs {
            let is_latest = pipelines.insert((&run.pipeline, &run.file));
            for stage in &run.stages {
                if live.bindings.contains(&stage.binding.to_string()) {
                    continue;
                }
                match self.binding(stage.binding) {
                    Ok(binding) => live.add(stage.binding, &binding),
                    // What the latest run has is what the next one begins with, and that writes the binding again.
                    Err(cause) if is_latest => {
                        let (stage, pipeline) = (stage.stage.clone(), run.pipeline.clone());
                        return Err(StoreError::BindingLost { stage, pipeline, cause: cause.to_string() });
                    }
                    Err(error) => unknown.push(format!("{} of run {}: {error}", stage.stage, run.id)),
                }
            }
        }
        live.keys.sort_unstable();
        live.keys.dedup();
        Ok(live)
    }

    /// Leaves only actions in manifests that are in use.
    fn sweep_manifests(&self, live: &[Digest], dry_run: bool, collected: &mut Collected) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let segments = crate::files::sizes(&self.folder().join("segments"))?;
        let size_of = |name: &str| segments.get(name).copied();
        for path in list(&self.folder().join("actions"), "parquet")? {
            let mut used = Vec::new();
            let told = manifest::scan(&path, &["key", "batch", "common", "output"], &mut |sums, chunk| {
                let lost: HashSet<&str> = lost(sums, &size_of).collect();
                let view = View::of(&path, chunk);
                let (keys, batches) = (view.digests("key")?, view.texts("batch")?);
                let (common, outputs) = (view.digests("common")?, view.numbers("output")?);
                for (row, &output) in outputs.iter().enumerate() {
                    let batch = batches.value(row);
                    let is_used = live.binary_search(&digest(keys, row)).is_ok() && !lost.contains(batch);
                    if !swept.batches.contains_key(batch) {
                        swept.batches.insert(batch.to_owned(), (0, 0));
                    }
                    if let Some((live, all)) = swept.batches.get_mut(batch) {
                        *live += u64::from(is_used);
                        *all += 1;
                    }
                    if is_used {
                        swept.common.insert(digest(common, row));
                    }
                    let counter = if is_used { &mut collected.kept_actions } else { &mut collected.actions };
                    *counter += u64::from(output == 0);
                    used.push(is_used);
                }
                Ok(())
            });
            match told {
                Err(StoreError::Damaged { message, .. }) => {
                    self.condemn(&path, &message);
                    continue;
                }
                other => other?,
            };
            if used.iter().all(|&used| used) {
                collected.kept_bytes += size(&path);
                continue;
            }
            collected.bytes += size(&path);
            if dry_run {
                continue;
            }
            if used.contains(&true) {
                let folder = self.folder().join("actions");
                let rest = manifest::write_merged(&folder, &crate::fresh_name("gc"), |put| {
                    let mut next = 0;
                    let mut sums = manifest::copy(&path, put, &mut |rows| {
                        next += rows;
                        Some(BooleanArray::from(used[next - rows..next].to_vec()))
                    })?;
                    keep_used(&mut sums, &swept.batches);
                    Ok(sums)
                })?;
                collected.bytes = collected.bytes.saturating_sub(rest);
            }
            remove(&path)?;
        }
        Ok(swept)
    }

    /// Merges small manifests into one, when there are many.
    pub(crate) fn merge_manifests(&self) -> Result<(), StoreError> {
        let folder = self.folder().join("actions");
        let mut small = list(&folder, "parquet")?;
        small.retain(|path| size(path) < manifest::SMALL);
        if small.len() < MANY {
            return Ok(());
        }
        // Whoever collects garbage or merges now does it for this process as well.
        let Some(_lock) = self.claims.try_lock() else {
            return Ok(());
        };
        let mut read = Vec::new();
        manifest::write_merged(&folder, &crate::fresh_name("merged"), |put| {
            let mut sums = Sums::new();
            for path in small {
                let mut begun = false;
                let copied = manifest::copy(&path, put, &mut |_| {
                    begun = true;
                    None
                });
                match copied {
                    Ok(of_table) => {
                        sums.extend(of_table);
                        read.push(path);
                    }
                    Err(StoreError::Damaged { message, .. }) if !begun => self.condemn(&path, &message),
                    Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(sums)
        })?;
        crate::files::fault("merge.written").map_err(crate::files::io_error(&folder))?;
        read.iter().try_for_each(|path| remove(path).map(|_| ()))?;
        self.reload()
    }

    /// Damaged files that were put aside, and what processes that ended left behind.
    fn leftovers(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut left = Vec::new();
        for folder in ["damaged", "segments", "actions", "bindings", "labels", "ingredients", "runs", "pins"] {
            let entries = std::fs::read_dir(self.folder().join(folder)).into_iter().flatten().flatten();
            let all = entries.map(|entry| entry.path());
            left.extend(all.filter(|path| folder == "damaged" || is_temporary(path)));
        }
        Ok(left)
    }
}

/// So many small manifests are merged.
const MANY: usize = 64;

#[derive(Default)]
struct Live {
    /// Sorted.
    keys: Vec<Digest>,
    bindings: HashSet<String>,
    labels: HashSet<String>,
}

impl Live {
    fn add(&mut self, digest: Digest, binding: &Binding) {
        self.bindings.insert(digest.to_string());
        for labels in [&binding.samples, &binding.positions] {
            self.labels.insert(labels_digest(labels).to_string());
        }
        self.keys.extend(binding.keys.iter().flatten());
    }
}

#[derive(Default)]
struct Swept {
    /// Rows in use and all rows, by batch.
    batches: HashMap<String, (u64, u64)>,
    common: HashSet<Digest>,
}

fn keep_used(sums: &mut Sums, batches: &HashMap<String, (u64, u64)>) {
    sums.retain(|segment, _| {
        let batch = batch_of(segment).and_then(|batch| batches.get(batch));
        batch.is_some_and(|(live, _)| *live > 0)
    });
}

fn file_stem(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

/// What a process was writing when it ended.
fn is_temporary(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(".tmp"))
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
