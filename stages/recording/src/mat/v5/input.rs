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

/// What is skipped is inflated once something behind it is read, and not at all behind the last.
pub(super) struct Inflated<R> {
    inflated: R,
    skipped: u64,
}

impl<R: Read> Inflated<R> {
    pub(super) fn new(inflated: R) -> Self {
        Self { inflated, skipped: 0 }
    }
}

impl<R: Read> Input for Inflated<R> {
    fn exact(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
        let due = std::mem::take(&mut self.skipped);
        if due > 0 {
            let skipped = std::io::copy(&mut (&mut self.inflated).take(due), &mut std::io::sink())?;
            if skipped < due {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.inflated.read_exact(buffer)
    }

    fn skip(&mut self, bytes: u64) -> std::io::Result<()> {
        self.skipped += bytes;
        Ok(())
    }
}
