//! Files of recordings for tests.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use lapicque_recording::{Parts, ReadSeek};

/// A recording on disk: its main file, and the others beside it.
pub(crate) struct Folder {
    main: PathBuf,
}

impl Folder {
    pub(crate) fn of(main: &Path) -> Self {
        Self { main: main.to_owned() }
    }
}

impl Parts for Folder {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        let path = part.map_or_else(|| self.main.clone(), |name| self.main.with_file_name(name));
        Ok(Box::new(BufReader::new(File::open(path)?)))
    }

    fn name(&self) -> Option<&str> {
        self.main.file_name()?.to_str()
    }
}
