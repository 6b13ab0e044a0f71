//! Files that are written once, whole, and durably.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use lapicque_pipeline::StoreError;
use tempfile::NamedTempFile;

const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of lapicque; what it holds can be computed again.\n";

pub(crate) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError::Io { path, source }
}

pub(crate) fn damaged(path: &Path, message: impl ToString) -> StoreError {
    StoreError::Damaged { path: path.display().to_string(), message: message.to_string() }
}

/// Makes the folder of a store, with what marks it as one.
pub(crate) fn make_store(folder: &Path, format: u32) -> Result<(), StoreError> {
    let marker = folder.join("format");
    if marker.exists() {
        return Ok(());
    }
    make_folder(folder)?;
    write_new(&folder.join("CACHEDIR.TAG"), CACHEDIR_TAG.as_bytes())?;
    write_new(&marker, format!("{format}\n").as_bytes())
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(io_error(folder))?;
    sync_folder(folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Writes a file that is not there yet; where it is, what is there stays.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    write_with(path, |file| file.write_all(bytes))
}

/// Lets `write` fill a file, then puts it in its place, durably. A file that is there already stays.
pub(crate) fn write_with<T>(path: &Path, write: impl FnOnce(&mut File) -> io::Result<T>) -> Result<T, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default();
    write_named(folder, |file| write(file).map(|written| (name, written)).map_err(io_error(path)))
}

/// As [`write_with`], where only writing tells the name of the file.
pub(crate) fn write_named<T, N: AsRef<Path>>(
    folder: &Path,
    write: impl FnOnce(&mut File) -> Result<(N, T), StoreError>,
) -> Result<T, StoreError> {
    fault("file.create").map_err(io_error(folder))?;
    let mut temporary = NamedTempFile::new_in(folder).map_err(io_error(folder))?;
    let (name, written) = write(temporary.as_file_mut())?;
    let path = &folder.join(name);
    fault("file.written").map_err(io_error(path))?;
    temporary.as_file().sync_all().map_err(io_error(path))?;
    fault("file.synced").map_err(io_error(path))?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(written),
        Err(error) => return Err(io_error(path)(error.error)),
    }
    fault("file.linked").map_err(io_error(path))?;
    sync_folder(folder)?;
    Ok(written)
}

pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Where folders cannot be opened, they cannot be synced either.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error(folder))?;
    }
    Ok(())
}

/// Where tests let the process end (`return`), or writing fail for want of space (`return(full)`); nothing otherwise.
pub(crate) fn fault(point: &'static str) -> io::Result<()> {
    fail::fail_point!(point, |how| match how.as_deref() {
        Some("full") => Err(io::Error::from(ErrorKind::StorageFull)),
        _ => std::process::abort(),
    });
    let _ = point;
    Ok(())
}

/// Removes a file that may be gone already; returns its size.
pub(crate) fn remove(path: &Path) -> Result<u64, StoreError> {
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(size),
    }
}

pub(crate) fn read_text(path: &Path) -> Result<String, StoreError> {
    // A flipped bit may leave no text at all, which is damage as well.
    String::from_utf8(fs::read(path).map_err(io_error(path))?).map_err(|error| damaged(path, error))
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    serde_json::from_str(&read_text(path)?).map_err(|error| damaged(path, error))
}

/// The files of a folder with an extension, by name; none where there is no folder.
pub(crate) fn list(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(io_error(folder))?.path();
        if path.extension().is_some_and(|e| e == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

pub(crate) fn size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|metadata| metadata.len())
}

/// The Parquet files of a folder with their sizes, by name; none where there is no folder.
pub(crate) fn sizes(folder: &Path) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut sizes = BTreeMap::new();
    for path in list(folder, "parquet")? {
        // One that is removed at this moment is not there.
        if let (Some(name), Some(size)) = (path.file_name().and_then(|name| name.to_str()), size(&path)) {
            sizes.insert(name.to_owned(), size);
        }
    }
    Ok(sizes)
}
