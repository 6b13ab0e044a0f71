//! Recordings of several files in memory, for tests.

use std::io::{self, Cursor, ErrorKind};

use crate::format::ReadSeek;
use crate::{FORMATS, Format, FormatError, Outline, Parts, ReadOptions, Recording};

/// The first file is the main one.
#[derive(Clone, Default)]
pub(crate) struct InMemory(pub(crate) Vec<(String, Vec<u8>)>);

impl InMemory {
    pub(crate) fn of(files: &[(&str, &[u8])]) -> Self {
        Self(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect())
    }

    pub(crate) fn format(&self) -> &'static dyn Format {
        let (_, extension) = self.0[0].0.rsplit_once('.').unwrap();
        FORMATS.iter().copied().find(|format| format.extension() == extension).unwrap()
    }

    pub(crate) fn outline(&mut self) -> Result<Outline, FormatError> {
        self.format().outline(self, &ReadOptions::default())
    }

    pub(crate) fn read(&mut self) -> Result<Recording, FormatError> {
        self.format().read(self, &ReadOptions::default(), None)
    }

    /// The message of a recording that is refused, when it is read and when its header is.
    pub(crate) fn refused(&mut self) -> String {
        let message = self.read().unwrap_err().to_string();
        assert_eq!(self.outline().unwrap_err().to_string(), message);
        message
    }
}

impl Parts for InMemory {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        let file = match part {
            None => self.0.first(),
            Some(name) => self.0.iter().find(|(known, _)| known == name),
        };
        let missing = || io::Error::new(ErrorKind::NotFound, part.unwrap_or_default().to_owned());
        Ok(Box::new(Cursor::new(file.ok_or_else(missing)?.1.as_slice())))
    }

    fn name(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }
}
