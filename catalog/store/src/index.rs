//! The index over manifests: action key -> manifest and row.
//!
//! Keys of manifests that were there at the start lie in one array, put in order by their first bits, which are as good
//! as random; 24 bytes each. What is published later lies in a map.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use lapicque_pipeline::{Found, StoreError};
use lapicque_schemas::Digest;

use crate::checksums::{SegmentSums, Sums};
use crate::files::list;
use crate::manifest::{self, Details, Manifest, Rank};
use crate::segments::{self, Place};

#[derive(Default)]
pub(crate) struct Index {
    manifests: Vec<Manifest>,
    sorted: Sorted,
    recent: HashMap<Digest, Entry>,
    names: HashSet<String>,
    /// Keys that others published since they were last asked for.
    foreign: HashSet<Digest>,
    /// Batches of which a segment is gone, shorter or longer than it was, or turned out to be damaged.
    pub(crate) lost: HashSet<Arc<str>>,
    /// Names of files that had been put aside as damaged when it was last looked.
    pub(crate) aside: BTreeSet<String>,
    /// Of those that were gone from the start: which were asked for, and not told yet.
    missed: RefCell<BTreeSet<Arc<str>>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    manifest: u32,
    row: u32,
    rank: Rank,
}

/// The size of a segment in the folder, by the name of its file.
type SizeOf<'a> = &'a dyn Fn(&str) -> Option<u64>;

/// The manifest that answers for a key, what it says, and in which row.
type Known<'a> = (&'a Manifest, Arc<Details>, u32);

impl Index {
    /// Reads the keys of all manifests. Damaged ones are handed to `damaged` and left out.
    pub(crate) fn load(
        folder: &Path,
        size: SizeOf<'_>,
        damaged: &mut dyn FnMut(&Path, String),
    ) -> Result<Self, StoreError> {
        let mut index = Self::default();
        let mut entries = Vec::new();
        for path in list(folder, "parquet")? {
            index.take(&path, size, damaged, &mut |key, entry| entries.push((key, entry)))?;
        }
        index.sorted = Sorted::new(entries);
        Ok(index)
    }

    /// Takes in manifests that have appeared since.
    pub(crate) fn refresh(
        &mut self,
        folder: &Path,
        size: SizeOf<'_>,
        damaged: &mut dyn FnMut(&Path, String),
    ) -> Result<(), StoreError> {
        for path in list(folder, "parquet")? {
            if !manifest::name_of(&path).is_some_and(|name| self.names.contains(name)) {
                let mut entries = Vec::new();
                self.take(&path, size, damaged, &mut |key, entry| entries.push((key, entry)))?;
                for (key, entry) in entries {
                    self.foreign.insert(key);
                    self.insert(key, entry);
                }
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        path: &Path,
        size: SizeOf<'_>,
        damaged: &mut dyn FnMut(&Path, String),
        put: &mut dyn FnMut(Digest, Entry),
    ) -> Result<(), StoreError> {
        let number = self.manifests.len() as u32;
        match manifest::keys(path, &mut |key, row, rank| put(key, Entry { manifest: number, row, rank })) {
            Ok(sums) => {
                self.lost.extend(lost(&sums, size).map(Arc::from));
                self.names.extend(manifest::name_of(path).map(str::to_owned));
                self.manifests.push(Manifest::unread(path));
                Ok(())
            }
            Err(StoreError::Damaged { message, .. }) => {
                damaged(path, message);
                Ok(())
            }
            // Merged with others by another process meanwhile, whose manifest is in the folder, too.
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn insert(&mut self, key: Digest, entry: Entry) {
        let known = self.recent.entry(key).or_insert(entry);
        // Of equal rank the later one: the earlier may be lost.
        if known.rank <= entry.rank {
            *known = entry;
        }
    }

    /// Takes in what this process has published.
    pub(crate) fn add(&mut self, manifest: Manifest, keys: impl IntoIterator<Item = (Digest, u32, Rank)>) {
        let number = self.manifests.len() as u32;
        self.names.extend(manifest::name_of(manifest.path()).map(str::to_owned));
        self.manifests.push(manifest);
        for (key, row, rank) in keys {
            self.insert(key, Entry { manifest: number, row, rank });
        }
    }

    /// Whether another process has published the key since it was last asked for.
    pub(crate) fn is_news(&mut self, key: Digest) -> bool {
        self.foreign.remove(&key)
    }

    /// The entry that answers for a key: of those whose batch is not lost, the first of the highest rank.
    fn details(&self, key: Digest) -> Result<Option<Known<'_>>, StoreError> {
        let mut best: Option<(Rank, Known<'_>)> = None;
        let mut lost = None;
        for entry in self.sorted.get(key).chain(self.recent.get(&key).copied()) {
            if best.as_ref().is_some_and(|(rank, _)| *rank >= entry.rank) {
                continue;
            }
            let manifest = &self.manifests[entry.manifest as usize];
            let details = manifest.details()?;
            match self.lost.get(details.batch(entry.row)) {
                None => best = Some((entry.rank, (manifest, details, entry.row))),
                Some(batch) => lost = Some(batch),
            }
        }
        if let (None, Some(batch)) = (&best, lost) {
            self.missed.borrow_mut().insert(batch.clone());
        }
        Ok(best.map(|(_, known)| known))
    }

    /// Batches of which a result was asked for that is lost with one of their segments.
    pub(crate) fn take_missed(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut *self.missed.borrow_mut())
    }

    pub(crate) fn find(&self, key: Digest) -> Result<Option<Found>, StoreError> {
        Ok(self.details(key)?.map(|(_, details, row)| details.found(row)))
    }

    /// Where the rows of an output are; `None` where they are not stored.
    pub(crate) fn place(&self, key: Digest, output: usize) -> Result<Option<Place>, StoreError> {
        let Some((_, details, row)) = self.details(key)? else {
            return Ok(None);
        };
        let found = details.found(row);
        Ok(found.rows(output).filter(|_| found.is_kept()).and_then(|rows| details.place(row, output, rows)))
    }

    /// The manifest and row that answer for a key.
    pub(crate) fn row(&self, key: Digest) -> Result<Option<(&Manifest, u32)>, StoreError> {
        Ok(self.details(key)?.map(|(manifest, _, row)| (manifest, row)))
    }
}

/// The batches of which a segment is not there as it was written, by its size.
pub(crate) fn lost<'a>(sums: &'a Sums, size: SizeOf<'a>) -> impl Iterator<Item = &'a str> {
    let differs = move |(name, written): &(&String, &SegmentSums)| size(name) != Some(written.bytes);
    sums.iter().filter(differs).filter_map(|(name, _)| segments::batch_of(name))
}

/// Entries in the order of the first bits of their keys.
#[derive(Default)]
struct Sorted {
    entries: Vec<(Digest, u32, u32)>,
    /// Where the entries begin whose keys have these first bits.
    starts: Vec<u32>,
    bits: u32,
}

/// Two bits of the row hold the rank.
const RANK_BITS: u32 = 2;

impl Sorted {
    fn new(all: Vec<(Digest, Entry)>) -> Self {
        if all.is_empty() {
            return Self::default();
        }
        let bits = all.len().next_power_of_two().trailing_zeros().clamp(1, 26);
        let mut starts = vec![0_u32; (1 << bits) + 1];
        all.iter().for_each(|(key, _)| starts[first_bits(*key, bits) + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![(Digest([0; 16]), 0, 0); all.len()];
        for (key, entry) in all {
            let place = &mut next[first_bits(key, bits)];
            entries[*place as usize] = (key, entry.manifest, entry.row << RANK_BITS | entry.rank as u32);
            *place += 1;
        }
        Self { entries, starts, bits }
    }

    /// All entries of a key, in the order of the manifests.
    fn get(&self, key: Digest) -> impl Iterator<Item = Entry> {
        let range = match self.bits {
            0 => 0..0,
            bits => {
                let first = first_bits(key, bits);
                self.starts[first] as usize..self.starts[first + 1] as usize
            }
        };
        self.entries[range].iter().filter(move |(other, ..)| *other == key).map(|&(_, manifest, packed)| Entry {
            manifest,
            row: packed >> RANK_BITS,
            rank: Rank::from_bits(packed),
        })
    }
}

fn first_bits(key: Digest, bits: u32) -> usize {
    let [a, b, c, d, ..] = key.0;
    (u32::from_be_bytes([a, b, c, d]) >> (32 - bits)) as usize
}
