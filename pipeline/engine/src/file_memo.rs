//! What is known of files from before, so that no file is read only to find that it has not changed.
//!
//! A file of the same path, size, times and inode has the content that it had; its digest, and what stages have noted of
//! it, are taken from the memo. A file that was written within two seconds of being hashed is not put in: a change
//! within the resolution of the clock would leave no trace. The memo saves time and is never needed: one that is
//! damaged or cannot be written is as good as none.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapicque_schemas::Digest;
use serde::{Deserialize, Serialize};

/// The name of the memo in the folder of a store.
pub const FILE_MEMO: &str = "file_digests";
/// Version of the layout, and of how files are hashed.
const DOMAIN: &str = "lapicque file memo 1";
/// Shorter files are read in less time than the memo of a whole folder.
const WORTH_IT: u64 = 1 << 16;
/// Bytes read for which a folder is made to keep what was found.
const WORTH_A_FOLDER: u64 = 1 << 26;
/// What was written this little before it was hashed may change unseen.
const SETTLED: Duration = Duration::from_secs(2);
/// Notes per file: other configurations note other things.
const MOST_NOTES: usize = 4;

/// Digests of files, by what their folder says of them.
#[derive(Default)]
pub struct FileMemo {
    folder: Option<PathBuf>,
    known: Mutex<Known>,
    bytes_read: AtomicU64,
}

#[derive(Default)]
struct Known {
    entries: HashMap<String, Entry>,
    changed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    digest: Digest,
    /// What stages noted of the file, by a digest of the reader and its settings.
    #[serde(default)]
    notes: BTreeMap<Digest, String>,
}

/// What tells that a file has not changed, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// Since 1970, in ns.
    modified: i128,
    /// When content or name last changed: some programs set the time of the content back.
    changed: i128,
    inode: u64,
    device: u64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let (changed, inode, device) = identity(metadata);
        Self { bytes: metadata.len(), modified: nanoseconds(metadata.modified().ok()), changed, inode, device }
    }

    /// Whether a change after `now` would be seen.
    fn is_settled(&self, now: SystemTime) -> bool {
        let newest = i128::try_from(SETTLED.as_nanos()).map(|settled| nanoseconds(Some(now)) - settled);
        self.modified != 0 && newest.is_ok_and(|newest| self.modified < newest)
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (i128, u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let changed = i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec());
    (changed, metadata.ino(), metadata.dev())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (i128, u64, u64) {
    (0, 0, 0)
}

fn nanoseconds(time: Option<SystemTime>) -> i128 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i128::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

impl FileMemo {
    /// The memo in the folder of a store; empty where there is none, or none that can be read.
    pub fn open(folder: &Path) -> Self {
        let entries = read(&folder.join(FILE_MEMO)).unwrap_or_default();
        Self {
            folder: Some(folder.to_owned()),
            known: Mutex::new(Known { entries, changed: false }),
            ..Self::default()
        }
    }

    /// A memo that knows nothing, and is kept in the folder once it does.
    pub fn anew(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..Self::default() }
    }

    /// Bytes of files that were read because nothing was known of them.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Keeps what is known for the next command. A folder is made only where much had to be read.
    pub fn save(&self) {
        let mut known = self.lock();
        let Some(folder) = self.folder.as_deref().filter(|_| known.changed) else {
            return;
        };
        if !folder.is_dir() && (self.bytes_read() < WORTH_A_FOLDER || std::fs::create_dir_all(folder).is_err()) {
            return;
        }
        let path = folder.join(FILE_MEMO);
        // Other commands may have found more meanwhile.
        for (name, entry) in read(&path).unwrap_or_default() {
            known.entries.entry(name).or_insert(entry);
        }
        known.entries.retain(|path, _| Path::new(path).exists());
        // What cannot be written is found again by the next command.
        known.changed = write(&path, &known.entries).is_err();
    }

    /// The digest of a file that was hashed before and has not changed.
    pub(crate) fn digest(&self, path: &Path, stamp: &Stamp) -> Option<Digest> {
        let known = self.lock();
        known.entries.get(&name(path)?).filter(|entry| entry.stamp == *stamp).map(|entry| entry.digest)
    }

    /// Takes note of a file that has been hashed.
    pub(crate) fn hashed(&self, path: &Path, stamp: &Stamp, digest: Digest) {
        self.bytes_read.fetch_add(stamp.bytes, Ordering::Relaxed);
        if let Some(name) = name(path).filter(|_| stamp.bytes >= WORTH_IT && stamp.is_settled(SystemTime::now())) {
            let mut known = self.lock();
            known.entries.insert(name, Entry { stamp: *stamp, digest, notes: BTreeMap::new() });
            known.changed = true;
        }
    }

    pub(crate) fn note(&self, path: &Path, digest: Digest, reader: Digest) -> Option<String> {
        let known = self.lock();
        known.entries.get(&name(path)?).filter(|entry| entry.digest == digest)?.notes.get(&reader).cloned()
    }

    pub(crate) fn put_note(&self, path: &Path, digest: Digest, reader: Digest, note: String) {
        let mut known = self.lock();
        let entry = name(path).and_then(|name| known.entries.get_mut(&name)).filter(|entry| entry.digest == digest);
        if let Some(entry) = entry {
            if entry.notes.len() >= MOST_NOTES {
                entry.notes.clear();
            }
            entry.notes.insert(reader, note);
            known.changed = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path of a file from the root, as the memo has it.
fn name(path: &Path) -> Option<String> {
    std::path::absolute(path).ok()?.to_str().map(str::to_owned)
}

/// A sum of what follows, then the entries.
fn read(path: &Path) -> Option<HashMap<String, Entry>> {
    let text = std::fs::read_to_string(path).ok()?;
    let (sum, entries) = text.split_once('\n')?;
    if sum != Digest::of(DOMAIN, entries.as_bytes()).to_string() {
        return None;
    }
    serde_json::from_str(entries).ok()
}

/// Written beside its place, so that readers see the old one or the new one.
fn write(path: &Path, entries: &HashMap<String, Entry>) -> io::Result<()> {
    let entries = serde_json::to_string(entries)?;
    let beside = path.with_file_name(format!("{FILE_MEMO}.{}.tmp", std::process::id()));
    let mut file = File::create(&beside)?;
    let written = writeln!(file, "{}", Digest::of(DOMAIN, entries.as_bytes()))
        .and_then(|()| file.write_all(entries.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}
