//! Claims: what runners on one store are computing, so that none computes what another is at.
//!
//! ```text
//! claims/
//!   lock                 held while claims are compared and made; gc holds it all the time
//!   <runner>.runner      host and process, locked while the runner is alive
//!   <runner>.beat        a counter that moves while the runner is alive, for other hosts
//!   <runner>-<n>.keys    action keys of a batch that the runner computes
//! ```
//!
//! On one host a runner is alive while its lock is held, which the system gives up with the process, however it ends.
//! Of a runner on another host the counter is watched; it is dead when that stood still for a minute of the watcher's own
//! clock. Claims save work and nothing more: a claim that is taken over wrongly makes two runners compute the same, of
//! which one is stored.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use lapicque_pipeline::StoreError;
use lapicque_schemas::{Digest, DigestBuilder};
use serde::{Deserialize, Serialize};

use crate::files::{fault, io_error, make_folder, remove};

/// How often the counter of a runner moves.
const BEAT: Duration = Duration::from_secs(10);
/// How long it may stand still.
const PATIENCE: Duration = Duration::from_secs(60);

/// The runners on a store, as one of them sees them.
pub(crate) struct Claims {
    folder: PathBuf,
    own: Mutex<Option<Runner>>,
    /// Counters of runners on other hosts, and since when they stand.
    beats: Mutex<HashMap<String, (String, Instant)>>,
}

struct Runner {
    name: String,
    next: u64,
    /// How many users this process has that want to be known as a runner.
    users: usize,
    /// Locked until it is dropped.
    _lock: File,
    /// Ends the thread that moves the counter.
    _beating: Sender<()>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Identity {
    host: String,
    process: u32,
}

impl Claims {
    pub(crate) fn new(store: &Path) -> Self {
        Self { folder: store.join("claims"), own: Mutex::new(None), beats: Mutex::default() }
    }

    fn runner(&self) -> std::sync::MutexGuard<'_, Option<Runner>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the lock of all claims until it is dropped; `None` where the file system has no locks.
    pub(crate) fn lock(&self) -> Result<Option<File>, StoreError> {
        make_folder(&self.folder)?;
        let path = self.folder.join("lock");
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(io_error(&path))?;
        match file.lock() {
            Ok(()) => Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(io_error(&path)(error)),
        }
    }

    /// As [`Self::lock`], but `None` where another process holds it.
    pub(crate) fn try_lock(&self) -> Option<File> {
        let file = OpenOptions::new().create(true).append(true).open(self.folder.join("lock")).ok()?;
        file.try_lock().ok().map(|()| file)
    }

    /// Makes this process known as a runner until [`Self::leave`] was called as often.
    pub(crate) fn join(&self) -> Result<(), StoreError> {
        // gc may be at work; what it removes must not be found after this.
        let _lock = self.lock()?;
        let mut own = self.runner();
        if let Some(runner) = &mut *own {
            runner.users += 1;
            return Ok(());
        }
        let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let name = DigestBuilder::new("lapicque runner 1")
            .bytes(&nanos.to_le_bytes())
            .number(u64::from(std::process::id()))
            .number(std::ptr::from_ref(self) as u64)
            .finish()
            .to_string();
        let path = self.folder.join(format!("{name}.runner"));
        let identity = Identity { host: host(), process: std::process::id() };
        let text =
            serde_json::to_vec(&identity).map_err(|error| StoreError::Unsupported { message: error.to_string() })?;
        let file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(io_error(&path))?;
        // Where there are no locks, the counter alone tells.
        let _ = file.try_lock();
        std::io::Write::write_all(&mut &file, &text).map_err(io_error(&path))?;
        let (beating, ended) = channel::<()>();
        let beat = self.folder.join(format!("{name}.beat"));
        std::thread::spawn(move || {
            let mut count = 0_u64;
            loop {
                // A beat that is not written is missed by runners on other hosts only.
                let _ = fs::write(&beat, count.to_string());
                count += 1;
                if !matches!(ended.recv_timeout(BEAT), Err(RecvTimeoutError::Timeout)) {
                    let _ = fs::remove_file(&beat);
                    return;
                }
            }
        });
        *own = Some(Runner { name, next: 0, users: 1, _lock: file, _beating: beating });
        Ok(())
    }

    pub(crate) fn leave(&self) {
        let mut own = self.runner();
        if let Some(runner) = &mut *own {
            runner.users -= 1;
            if runner.users == 0 {
                let _ = fs::remove_file(self.folder.join(format!("{}.runner", runner.name)));
                *own = None;
            }
        }
    }

    /// What other runners that are alive have claimed. The lock of all claims must be held.
    pub(crate) fn taken(&self) -> Result<HashSet<Digest>, StoreError> {
        let mut taken = HashSet::new();
        for name in self.others()? {
            for path in self.files(&name)? {
                let bytes = fs::read(&path).unwrap_or_default();
                taken.extend(bytes.as_chunks::<16>().0.iter().map(|chunk| Digest(*chunk)));
            }
        }
        Ok(taken)
    }

    /// Claims keys for this runner; the file of the claim. The lock of all claims must be held.
    pub(crate) fn claim(&self, keys: &[Digest]) -> Result<PathBuf, StoreError> {
        let mut own = self.runner();
        let Some(runner) = &mut *own else {
            return Ok(PathBuf::new());
        };
        let path = self.folder.join(format!("{}-{}.keys", runner.name, runner.next));
        runner.next += 1;
        let bytes: Vec<u8> = keys.iter().flat_map(|key| key.0).collect();
        fs::write(&path, bytes).map_err(io_error(&path))?;
        fault("claim.written").map_err(io_error(&path))?;
        Ok(path)
    }

    /// The other runners that are alive; what dead ones left is removed.
    pub(crate) fn others(&self) -> Result<Vec<String>, StoreError> {
        let own = self.runner().as_ref().map(|runner| runner.name.clone());
        let mut alive = Vec::new();
        for path in crate::files::list(&self.folder, "runner")? {
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
                continue;
            };
            if own.as_deref() == Some(name) {
                continue;
            }
            if self.is_alive(&path, name) {
                alive.push(name.to_owned());
            } else {
                for file in self.files(name)? {
                    remove(&file)?;
                }
                remove(&self.folder.join(format!("{name}.beat")))?;
                remove(&path)?;
            }
        }
        Ok(alive)
    }

    /// Whether a run of this process is at work.
    pub(crate) fn is_at_work(&self) -> bool {
        self.runner().is_some()
    }

    fn files(&self, runner: &str) -> Result<Vec<PathBuf>, StoreError> {
        let mut files = crate::files::list(&self.folder, "keys")?;
        files.retain(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(runner)));
        Ok(files)
    }

    fn is_alive(&self, path: &Path, name: &str) -> bool {
        let Ok(text) = fs::read(path) else {
            return false;
        };
        let same_host = serde_json::from_slice::<Identity>(&text).is_ok_and(|other| other.host == host());
        if same_host && let Ok(file) = File::open(path) {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return true,
                Ok(()) => return false,
                // No locks here: the counter decides.
                Err(TryLockError::Error(_)) => {}
            }
        }
        let beat = fs::read_to_string(self.folder.join(format!("{name}.beat"))).unwrap_or_default();
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, since) = beats.entry(name.to_owned()).or_insert_with(|| (beat.clone(), Instant::now()));
        if *last != beat {
            (*last, *since) = (beat, Instant::now());
        }
        since.elapsed() < PATIENCE
    }
}

/// What tells machines apart: an identity that each start of Linux draws, else a name.
fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .or_else(|_| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")))
        .unwrap_or_else(|_| "unknown".to_owned())
}

/// Gives a claim up when it is dropped.
pub(crate) struct ClaimFile(pub(crate) PathBuf);

impl Drop for ClaimFile {
    fn drop(&mut self) {
        // A claim that stays is taken over when this process has ended.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Digest {
        Digest([n; 16])
    }

    #[test]
    fn a_key_is_granted_to_one_runner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (Claims::new(folder.path()), Claims::new(folder.path()));
        first.join().unwrap();
        second.join().unwrap();
        let claim = ClaimFile(first.claim(&[key(1), key(2)]).unwrap());
        assert_eq!(second.taken().unwrap(), HashSet::from([key(1), key(2)]));
        assert!(first.taken().unwrap().is_empty(), "its own claims do not bind a runner");
        drop(claim);
        assert!(second.taken().unwrap().is_empty());
    }

    #[test]
    fn what_a_dead_runner_claimed_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (Claims::new(folder.path()), Claims::new(folder.path()));
        first.join().unwrap();
        second.join().unwrap();
        first.claim(&[key(1)]).unwrap();
        assert_eq!(second.others().unwrap().len(), 1);
        // The lock goes with the process; its files stay.
        *first.runner() = None;
        assert!(second.taken().unwrap().is_empty());
        assert_eq!(second.others().unwrap().len(), 0);
    }

    #[test]
    fn a_runner_on_another_host_lives_while_its_counter_moves() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::new(folder.path());
        claims.join().unwrap();
        let runner = folder.path().join("claims/other.runner");
        fs::write(&runner, r#"{"host": "elsewhere", "process": 1}"#).unwrap();
        fs::write(folder.path().join("claims/other.beat"), "7").unwrap();
        assert_eq!(claims.others().unwrap(), ["other"]);
        let stood = Instant::now().checked_sub(PATIENCE).unwrap();
        claims.beats.lock().unwrap().insert("other".to_owned(), ("6".to_owned(), stood));
        assert_eq!(claims.others().unwrap(), ["other"], "it moved");
        claims.beats.lock().unwrap().insert("other".to_owned(), ("7".to_owned(), stood));
        assert!(claims.others().unwrap().is_empty());
        assert!(!runner.exists());
    }
}
