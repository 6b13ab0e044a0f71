//! Where elements come from: the file, or what is inflated out of it.

use std::io::{BufReader, Read, Seek};

/// Where elements come from.
pub(super) trait Input {
    fn exact(&mut self, buffer: &mut [u8]) -> std::io::Result<()>;
    fn skip(&mut self, bytes: u64) -> std::io::Result<()>;
}

pub(super) struct Plain<'a, R: Read>(pub(super) &'a mut BufReader<R>);

impl<R: Read + Seek> Input for Plain<'_, R> {
    fn exact(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact(buffer)
    }

    fn skip(&mut self, bytes: u64) -> std::io::Result<()> {
        // Within the file, which was checked.
        self.0.seek_relative(i64::try_from(bytes).unwrap_or(i64::MAX))
    }
}

pub(super) struct Inflated<R>(pub(super) R);

impl<R: Read> Input for Inflated<R> {
    fn exact(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact(buffer)
    }

    fn skip(&mut self, bytes: u64) -> std::io::Result<()> {
        let skipped = std::io::copy(&mut (&mut self.0).take(bytes), &mut std::io::sink())?;
        if skipped < bytes { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
