//! Bytes for the crate that reads HDF5, which wants to own where they come from: it asks from a thread of its own, and the thread that has the reader answers.
//!
//! So only what is asked for is read, whatever the size of the file. What is asked for in all is limited, so that a structure that goes round in circles ends.

use std::io::SeekFrom;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use hdf5_reader::error::Error;
use hdf5_reader::storage::DynStorage;
use hdf5_reader::{BlockCacheStorage, Storage, StorageBuffer};

use super::Hdf5Error;
use crate::read_seek::ReadSeek;

/// What is read and kept at a time: structures are small and lie together.
const BLOCK_BYTES: usize = 1 << 16;
const BLOCKS: usize = 64;
const STACK_BYTES: usize = 16 << 20;

/// A range of bytes, and where the answer goes.
struct Wanted {
    offset: u64,
    bytes: usize,
    answer: Sender<std::io::Result<Vec<u8>>>,
}

/// Asks the thread that has the reader.
struct Served {
    file_bytes: u64,
    questions: Mutex<Sender<Wanted>>,
}

impl Storage for Served {
    fn len(&self) -> u64 {
        self.file_bytes
    }

    fn read_range(&self, offset: u64, bytes: usize) -> Result<StorageBuffer, Error> {
        let available = self.file_bytes.saturating_sub(offset);
        if bytes as u64 > available {
            return Err(Error::UnexpectedEof { offset, needed: bytes as u64, available });
        }
        let gone = || Error::Io(std::io::Error::other("the file is closed"));
        let (answer, answered) = channel();
        self.questions.lock().map_err(|_| gone())?.send(Wanted { offset, bytes, answer }).map_err(|_| gone())?;
        Ok(StorageBuffer::from_vec(answered.recv().map_err(|_| gone())??))
    }
}

/// Ends what takes too long: each call costs something, and each byte.
struct Limited {
    inner: DynStorage,
    left: AtomicU64,
}

impl Storage for Limited {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_range(&self, offset: u64, bytes: usize) -> Result<StorageBuffer, Error> {
        const OF_A_CALL: u64 = 256;
        let cost = OF_A_CALL.saturating_add(bytes as u64);
        let spent = |left: u64| left.checked_sub(cost);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_err() {
            return Err(Error::ResourceLimit("the file is read over and over".to_owned()));
        }
        self.inner.read_range(offset, bytes)
    }
}

/// Calls `read` on the bytes of a reader. What it gives back must not hold them, or nobody would know when to stop answering.
pub(super) fn with_storage<T, E>(
    reader: &mut dyn ReadSeek,
    read: impl FnOnce(DynStorage, u64) -> Result<T, E> + Send,
) -> Result<T, E>
where
    T: Send,
    E: From<Hdf5Error> + Send,
{
    const TIMES_READ: u64 = 64;
    const ANYWAY: u64 = 1 << 26;
    let file_bytes = reader.seek(SeekFrom::End(0)).map_err(Hdf5Error::from)?;
    let (questions, asked) = channel();
    let served: DynStorage = Arc::new(Served { file_bytes, questions: Mutex::new(questions) });
    let blocks = BLOCKS.min(file_bytes.div_ceil(BLOCK_BYTES as u64) as usize).max(1);
    let cached: DynStorage = Arc::new(BlockCacheStorage::new(served, BLOCK_BYTES, blocks));
    let left = AtomicU64::new(file_bytes.saturating_mul(TIMES_READ).saturating_add(ANYWAY));
    let limited: DynStorage = Arc::new(Limited { inner: cached, left });
    thread::scope(|scope| {
        let reading = thread::Builder::new()
            .name("hdf5".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, move || read(limited, file_bytes))
            .map_err(Hdf5Error::from)?;
        answer(reader, &asked);
        reading.join().unwrap_or_else(|_| Err(Hdf5Error::GivenUp.into()))
    })
}

/// Until nobody can ask any more.
fn answer(reader: &mut dyn ReadSeek, asked: &Receiver<Wanted>) {
    while let Ok(Wanted { offset, bytes, answer }) = asked.recv() {
        let mut read = || {
            let mut buffer = vec![0; bytes];
            reader.seek(SeekFrom::Start(offset))?;
            reader.read_exact(&mut buffer)?;
            Ok(buffer)
        };
        // Who asked may have been stopped.
        let _ = answer.send(read());
    }
}
