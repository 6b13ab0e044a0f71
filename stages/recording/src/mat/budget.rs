//! What is wanted of a MAT file, and how much of it may be held.

use std::ops::Range;

use super::error::MatError;
use super::value::MatValue;
use crate::hdf5::Limits;

/// Values within cells and structs: 100,000 events of 20 fields are two million.
const MOST_NODES: usize = 1 << 22;
/// Cells within structs within cells.
const MOST_DEPTH: usize = 48;

/// What is wanted of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// Its dimensions alone.
    Shape,
    All,
    /// These places along its last dimension.
    Last(Range<usize>),
}

/// What is wanted of a file.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Of the array of numbers at a path, of these dimensions.
    pub(crate) of_array: &'a (dyn Fn(&str, &[usize]) -> Want + Sync),
    /// Whether the value at a path is read at all; of a struct it is asked with the number of its elements as well.
    pub(crate) is_read: &'a (dyn Fn(&str, Option<usize>) -> bool + Sync),
}

/// Where the reader is, and what it may still hold.
pub(super) struct Budget<'a> {
    wanted: Wanted<'a>,
    /// Of the value that is being read.
    pub(super) path: String,
    depth: usize,
    nodes_left: usize,
    values_left: u64,
    limits: Limits,
}

impl<'a> Budget<'a> {
    pub(super) fn new(wanted: Wanted<'a>, file_bytes: u64) -> Self {
        let limits = Limits { file_bytes };
        // Not more nodes than bytes: each has at least the tag of an element, and a compressed one shrinks by as much again.
        let nodes_left = usize::try_from(file_bytes.saturating_mul(4)).unwrap_or(MOST_NODES).clamp(1 << 12, MOST_NODES);
        Self { wanted, path: String::new(), depth: 0, nodes_left, values_left: limits.values(), limits }
    }

    /// Reads what lies one level deeper, at a longer path.
    pub(super) fn within<T>(
        &mut self,
        segment: &str,
        read: impl FnOnce(&mut Self) -> Result<T, MatError>,
    ) -> Result<T, MatError> {
        if self.depth >= MOST_DEPTH {
            return Err(MatError::TooDeep { variable: self.variable(), most: MOST_DEPTH });
        }
        let end = self.path.len();
        self.path.push_str(segment);
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        self.path.truncate(end);
        read
    }

    /// Whether the value is read; it is left out otherwise.
    pub(super) fn is_read(&self, structs: Option<usize>) -> bool {
        (self.wanted.is_read)(&self.path, structs)
    }

    /// Takes so many values of cells and structs.
    pub(super) fn nodes(&mut self, count: usize) -> Result<(), MatError> {
        self.nodes_left = self.nodes_left.checked_sub(count).ok_or(MatError::TooMany { most: MOST_NODES })?;
        Ok(())
    }

    /// Takes so many numbers or characters.
    pub(super) fn values(&mut self, count: u64) -> Result<(), MatError> {
        let refused = || MatError::TooLarge {
            variable: self.variable(),
            file_bytes: self.limits.file_bytes,
            most: self.limits.values(),
        };
        self.values_left = self.values_left.checked_sub(count).ok_or_else(refused)?;
        Ok(())
    }

    /// The first and the number of the values that are wanted of an array, in its order; `None` if only its shape is.
    pub(super) fn span(&self, dims: &[usize]) -> Option<Range<u64>> {
        let of_last: u64 =
            dims.split_last().map_or(1, |(_, others)| others.iter().map(|&length| length as u64).product());
        let last = dims.last().copied().unwrap_or(0);
        match (self.wanted.of_array)(&self.path, dims) {
            Want::Shape => None,
            Want::All => Some(0..of_last * last as u64),
            Want::Last(range) => Some(of_last * range.start.min(last) as u64..of_last * range.end.min(last) as u64),
        }
    }

    /// What is wanted along the last dimension.
    pub(super) fn rows(&self, dims: &[usize]) -> Option<Range<u64>> {
        let last = dims.last().copied().unwrap_or(0);
        match (self.wanted.of_array)(&self.path, dims) {
            Want::Shape => None,
            Want::All => Some(0..last as u64),
            Want::Last(range) => Some(range.start.min(last) as u64..range.end.min(last) as u64),
        }
    }

    /// The path, for messages.
    pub(super) fn variable(&self) -> String {
        const MOST_CHARACTERS: usize = 200;
        self.path.chars().take(MOST_CHARACTERS).collect()
    }
}

/// What stands for a value that was not asked for.
pub(super) fn not_read() -> MatValue {
    MatValue::Other { class: "not read".to_owned() }
}

/// The number of elements, where it can be held in memory at all.
pub(super) fn product(dims: &[usize]) -> Option<usize> {
    // The product of the others must be possible where one is 0, since it is computed as well.
    dims.iter().filter(|&&length| length > 0).try_fold(1_usize, |count, &length| count.checked_mul(length))?;
    dims.iter().try_fold(1_usize, |count, &length| count.checked_mul(length))
}
