//! Files that a configuration names: opened and hashed here, so that no stage touches a path.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use lapicque_schemas::Digest;

use crate::glob;

/// Resolves and opens the files of one stage.
pub struct Files<'a> {
    /// Relative paths of the pipeline file start here.
    pub pipeline_folder: &'a Path,
    /// Fields that were set on the command line: their paths start at the working directory.
    pub set_by_user: BTreeSet<String>,
    opened: RefCell<Vec<FileRef>>,
}

/// A file by name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// As the user wrote it.
    pub name: String,
    pub digest: Digest,
    path: PathBuf,
}

impl<'a> Files<'a> {
    pub fn new(pipeline_folder: &'a Path, set_by_user: BTreeSet<String>) -> Self {
        Self { pipeline_folder, set_by_user, opened: RefCell::new(Vec::new()) }
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
        let digest = hash_file(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("there is no file `{}`", path.display()),
            _ => format!("cannot read `{}`: {error}", path.display()),
        })?;
        let file = FileRef { name: name.to_owned(), digest, path };
        self.opened.borrow_mut().push(file.clone());
        Ok(file)
    }
}

impl FileRef {
    pub fn reader(&self) -> io::Result<BufReader<File>> {
        Ok(BufReader::new(File::open(&self.path)?))
    }

    pub fn text(&self) -> io::Result<String> {
        let mut text = String::new();
        self.reader()?.read_to_string(&mut text)?;
        Ok(text)
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

fn hash_file(path: &Path) -> io::Result<Digest> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(Digest::of("lapicque file 1", hasher.finalize().as_bytes()))
}
