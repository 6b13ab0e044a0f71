//! Values of channels, which may lie in one buffer.

use std::fmt;
use std::mem;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// The values of a channel. Those of a large file lie behind each other in one buffer, so that they need not be copied
/// to stand in one array.
#[derive(Clone, Default)]
pub struct Samples {
    buffer: Arc<Vec<f64>>,
    range: Range<usize>,
}

impl Samples {
    /// The parts of a buffer, one behind the other from its beginning; a length beyond its end is cut off.
    pub(crate) fn parts(buffer: Vec<f64>, lengths: impl IntoIterator<Item = usize>) -> Vec<Self> {
        let buffer = Arc::new(buffer);
        let mut end = 0;
        let part = |length: usize| {
            let start = end;
            end = (start + length).min(buffer.len());
            Self { buffer: buffer.clone(), range: start..end }
        };
        lengths.into_iter().map(part).collect()
    }

    /// Numbers of all channels, sample by sample, as those of one channel after the other.
    pub(crate) fn by_channel(values: &[f64], channels: usize, of_channel: impl Fn(usize, f64) -> f64) -> Vec<Self> {
        let samples = values.len().checked_div(channels).unwrap_or(0);
        let mut buffer = Vec::with_capacity(samples * channels);
        for channel in 0..channels {
            let of_one = values.iter().skip(channel).step_by(channels);
            buffer.extend(of_one.map(|&value| of_channel(channel, value)));
        }
        Self::parts(buffer, std::iter::repeat_n(samples, channels))
    }

    /// The values of all parts in one array: without a copy where they are a whole buffer that nobody else holds.
    pub fn joined(parts: Vec<Self>) -> Vec<f64> {
        let buffer = parts.first().map(|first| first.buffer.clone()).unwrap_or_default();
        let mut end = 0;
        let follows = |part: &Self| {
            Arc::ptr_eq(&part.buffer, &buffer) && mem::replace(&mut end, part.range.end) == part.range.start
        };
        if parts.iter().all(follows) && end == buffer.len() {
            drop(parts);
            return Arc::try_unwrap(buffer).unwrap_or_else(|shared| shared.to_vec());
        }
        drop(buffer);
        let mut all = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        // Each is let go when it has been copied.
        parts.into_iter().for_each(|part| all.extend_from_slice(&part));
        all
    }
}

impl From<Vec<f64>> for Samples {
    fn from(values: Vec<f64>) -> Self {
        let range = 0..values.len();
        Self { buffer: Arc::new(values), range }
    }
}

impl Deref for Samples {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.buffer[self.range.clone()]
    }
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<const N: usize> PartialEq<[f64; N]> for Samples {
    fn eq(&self, other: &[f64; N]) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_buffer_are_joined_without_a_copy_and_others_with_one() {
        let buffer: Vec<f64> = (0..10).map(f64::from).collect();
        let place = buffer.as_ptr();
        let parts = Samples::parts(buffer.clone(), [3, 0, 7]);
        assert_eq!((parts[0].len(), parts[1].len(), parts[2][0]), (3, 0, 3.0));
        assert_eq!(Samples::joined(parts), buffer);
        let joined = Samples::joined(Samples::parts(buffer, [3, 0, 7]));
        assert_eq!(joined.as_ptr(), place);

        // Not all, not in order, not of one buffer, held by another, none.
        let parts = || Samples::parts(joined.clone(), [3, 0, 7]);
        assert_eq!(Samples::joined(parts().split_off(2)), joined[3..]);
        assert_eq!(Samples::joined(parts().into_iter().rev().collect()), [&joined[3..], &joined[..3]].concat());
        assert_eq!(Samples::joined(vec![vec![1.0].into(), vec![2.0, 3.0].into()]), [1.0, 2.0, 3.0]);
        let held = parts();
        assert_eq!(Samples::joined(held.clone()), joined);
        assert_eq!(held[2][..], joined[3..]);
        assert_eq!(Samples::joined(Vec::new()), [0.0; 0]);
        assert_eq!(Samples::parts(vec![1.0], [5, 5]).iter().map(|p| p.len()).collect::<Vec<_>>(), [1, 0]);
    }
}
