//! Bytes in any order.

use std::io::{Read, Seek};

/// What a part of a recording is read from.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}
