//! Files that a configuration names: opened and hashed here, so that no stage touches a path.
//!
//! What was hashed is what is read: a file that has another size, time or inode than when it was hashed is hashed again,
//! and refused if its content is another ([`FileRef::read`]), since it would stand under the key of what it was.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use lapicque_schemas::Digest;

use crate::file_memo::{FileMemo, Stamp};
use crate::glob;

/// How often a file is hashed that changes while it is.
const MOST_TRIES: usize = 3;

/// Resolves and opens the files of one stage.
pub struct Files<'a> {
    /// Relative paths of the pipeline file start here.
    pub pipeline_folder: &'a Path,
    /// Fields that were set on the command line: their paths start at the working directory.
    pub set_by_user: BTreeSet<String>,
    memo: Option<&'a FileMemo>,
    opened: RefCell<Vec<FileRef>>,
}

/// A file by name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// As the user wrote it.
    pub name: String,
    pub digest: Digest,
    path: PathBuf,
    stamp: Stamp,
}

impl<'a> Files<'a> {
    pub fn new(pipeline_folder: &'a Path, set_by_user: BTreeSet<String>) -> Self {
        Self { pipeline_folder, set_by_user, memo: None, opened: RefCell::new(Vec::new()) }
    }

    /// What is known of files from before is not read again.
    pub fn with_memo(self, memo: &'a FileMemo) -> Self {
        Self { memo: Some(memo), ..self }
    }

    /// Where paths of a field start.
    fn folder(&self, field: &str) -> &Path {
        if self.set_by_user.contains(field) { Path::new("") } else { self.pipeline_folder }
    }

    /// The files that the name at `field` stands for: itself, or those that match it as a pattern (`sub-*/eeg.edf`), sorted.
    pub fn matching(&self, field: &str, name: &str) -> Result<Vec<String>, String> {
        let folder = self.folder(field);
        if !glob::is_pattern(name) || folder.join(name).exists() {
            return Ok(vec![name.to_owned()]);
        }
        match glob::matching(folder, name) {
            Ok(names) if names.is_empty() => Err(format!("no file matches `{}`", folder.join(name).display())),
            Ok(names) => Ok(names),
            Err(error) => Err(format!("cannot list `{name}`: {error}")),
        }
    }

    /// Opens and hashes the file named at `field`.
    pub fn open(&self, field: &str, name: &str) -> Result<FileRef, String> {
        let path = self.folder(field).join(name);
        if let Some(known) = self.opened.borrow().iter().find(|f| f.path == path) {
            return Ok(known.clone());
        }
        let (digest, stamp) = self.hash(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("there is no file `{}`", path.display()),
            _ => format!("cannot read `{}`: {error}", path.display()),
        })?;
        let file = FileRef { name: name.to_owned(), digest, path, stamp };
        self.opened.borrow_mut().push(file.clone());
        Ok(file)
    }

    fn hash(&self, path: &Path) -> io::Result<(Digest, Stamp)> {
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        let stamp = Stamp::of(&metadata);
        if let Some(digest) = self.memo.and_then(|memo| memo.digest(path, &stamp)) {
            return Ok((digest, stamp));
        }
        let (digest, stamp) = hash(path)?;
        if let Some(memo) = self.memo {
            memo.hashed(path, &stamp, digest);
        }
        Ok((digest, stamp))
    }

    /// What a stage noted of the file when it had this content; `reader` stands for who notes what.
    pub fn noted(&self, file: &FileRef, reader: Digest) -> Option<String> {
        self.memo?.note(&file.path, file.digest, reader)
    }

    /// Keeps what a stage found out of a file by reading it whole.
    pub fn note(&self, file: &FileRef, reader: Digest, found: String) {
        if let Some(memo) = self.memo {
            memo.put_note(&file.path, file.digest, reader, found);
        }
    }
}

impl FileRef {
    /// Reads the file, which must be what it was when it was hashed, before and after.
    pub fn read<T>(&self, work: impl FnOnce(&mut BufReader<File>) -> T) -> io::Result<T> {
        let mut reader = self.reader()?;
        let result = work(&mut reader);
        self.check(&reader.get_ref().metadata()?)?;
        Ok(result)
    }

    /// Opens the file, which must be what it was when it was hashed; whoever has read it asks [`FileRef::unchanged`].
    pub fn reader(&self) -> io::Result<BufReader<File>> {
        let file = File::open(&self.path)?;
        self.check(&file.metadata()?)?;
        Ok(BufReader::new(file))
    }

    /// Refuses a file that is not what was hashed any more.
    pub fn unchanged(&self) -> io::Result<()> {
        self.check(&std::fs::metadata(&self.path)?)
    }

    fn check(&self, metadata: &Metadata) -> io::Result<()> {
        let stamp = Stamp::of(metadata);
        // A file may be touched, linked or replaced by a copy of itself.
        if stamp == self.stamp || (stamp.bytes == self.stamp.bytes && hash(&self.path)?.0 == self.digest) {
            return Ok(());
        }
        Err(io::Error::other("it has changed since this command began; run it again to read what it holds now"))
    }

    pub fn text(&self) -> io::Result<String> {
        self.read(|reader| {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        })?
    }

    /// Where it lies, for programs that open it themselves; whoever lets them asks [`FileRef::unchanged`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the file.
    pub fn bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// The extension in small letters, e.g. `edf`.
    pub fn extension(&self) -> String {
        self.path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase()
    }

    /// The file name without folders and extension.
    pub fn stem(&self) -> String {
        self.path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned()
    }
}

/// Digest of the content of a file that does not change meanwhile.
fn hash(path: &Path) -> io::Result<(Digest, Stamp)> {
    for _ in 0..MOST_TRIES {
        let mut file = File::open(path)?;
        let before = Stamp::of(&file.metadata()?);
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut file)?;
        if Stamp::of(&file.metadata()?) == before {
            return Ok((Digest::of("lapicque file 1", hasher.finalize().as_bytes()), before));
        }
    }
    Err(io::Error::other("another program is writing it"))
}
