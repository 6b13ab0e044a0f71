//! Numbers as files store them, one beside the other, to `f64`.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) number: Number,
    pub(crate) big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    I16,
    U16,
    I32,
    F32,
    F64,
}

/// Values that are read at a time: 64 kB of 16 bits each.
const BLOCK_VALUES: usize = 1 << 15;

impl Stored {
    /// Integers cannot be missing.
    pub(crate) fn holds_integers(self) -> bool {
        !matches!(self.number, Number::F32 | Number::F64)
    }

    pub(crate) fn bytes(self) -> usize {
        match self.number {
            Number::I16 | Number::U16 => 2,
            Number::I32 | Number::F32 => 4,
            Number::F64 => 8,
        }
    }

    /// Every `stride`-th number of `bytes`, times `scale`.
    pub(crate) fn put(self, bytes: &[u8], stride: usize, scale: f64, values: &mut [f64]) {
        match self.number {
            Number::I16 => self.each(bytes, stride, values, |raw| scale * f64::from(i16::from_le_bytes(raw))),
            Number::U16 => self.each(bytes, stride, values, |raw| scale * f64::from(u16::from_le_bytes(raw))),
            Number::I32 => self.each(bytes, stride, values, |raw| scale * f64::from(i32::from_le_bytes(raw))),
            Number::F32 => self.each(bytes, stride, values, |raw| scale * f64::from(f32::from_le_bytes(raw))),
            Number::F64 => self.each(bytes, stride, values, |raw| scale * f64::from_le_bytes(raw)),
        }
    }

    fn each<const WIDTH: usize>(
        self,
        bytes: &[u8],
        stride: usize,
        values: &mut [f64],
        value_of: impl Fn([u8; WIDTH]) -> f64,
    ) {
        let numbers = bytes.as_chunks::<WIDTH>().0.iter().step_by(stride.max(1));
        if self.big_endian {
            for (value, raw) in values.iter_mut().zip(numbers) {
                let mut raw = *raw;
                raw.reverse();
                *value = value_of(raw);
            }
        } else {
            for (value, raw) in values.iter_mut().zip(numbers) {
                *value = value_of(*raw);
            }
        }
    }

    /// These frames of interleaved channels, of which the first frame lies at `offset`, to the values of one channel after
    /// another: those of channel c begin at `at + c * apart`. Each channel has its scale.
    pub(crate) fn read_interleaved<R: Read + Seek + ?Sized>(
        self,
        reader: &mut R,
        offset: u64,
        frames: Range<u64>,
        scales: &[f64],
        values: &mut [f64],
        (at, apart): (usize, usize),
    ) -> io::Result<()> {
        let channels = scales.len();
        let frame_bytes = channels * self.bytes();
        let frames_at_a_time = (BLOCK_VALUES / channels.max(1)).max(1);
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(offset + frames.start * frame_bytes as u64))?;
        let mut done = 0;
        let all = usize::try_from(frames.end.saturating_sub(frames.start)).unwrap_or(0);
        while done < all {
            let now = frames_at_a_time.min(all - done);
            bytes.resize(now * frame_bytes, 0);
            reader.read_exact(&mut bytes)?;
            for (channel, &scale) in scales.iter().enumerate() {
                let begin = at + channel * apart + done;
                let own = bytes.get(channel * self.bytes()..).unwrap_or(&[]);
                if let Some(values) = values.get_mut(begin..begin + now) {
                    self.put(own, channels, scale, values);
                }
            }
            done += now;
        }
        Ok(())
    }

    /// These numbers of one channel, of which the first lies at `offset`.
    pub(crate) fn read_run<R: Read + Seek + ?Sized>(
        self,
        reader: &mut R,
        offset: u64,
        span: Range<u64>,
        scale: f64,
        values: &mut [f64],
    ) -> io::Result<()> {
        let apart = values.len();
        self.read_interleaved(reader, offset, span, &[scale], values, (0, apart))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn frames_come_apart_whatever_the_block() {
        for number in [Number::I16, Number::U16, Number::I32, Number::F32, Number::F64] {
            for big_endian in [false, true] {
                let stored = Stored { number, big_endian };
                let channels = 3;
                let frames = 25_000;
                let mut bytes = vec![9; 5];
                for frame in 0..frames {
                    for channel in 0..channels {
                        let value = (frame % 1000) as u16 * 7 + channel as u16;
                        let mut raw = match number {
                            Number::I16 => (value as i16).to_le_bytes().to_vec(),
                            Number::U16 => value.to_le_bytes().to_vec(),
                            Number::I32 => i32::from(value).to_le_bytes().to_vec(),
                            Number::F32 => f32::from(value).to_le_bytes().to_vec(),
                            Number::F64 => f64::from(value).to_le_bytes().to_vec(),
                        };
                        if big_endian {
                            raw.reverse();
                        }
                        bytes.extend(raw);
                    }
                }
                let (span, apart) = (7..frames as u64 - 2, frames);
                let mut values = vec![-1.0; channels * apart];
                let scales = [1.0, 2.0, 0.5];
                let mut reader = Cursor::new(bytes);
                stored.read_interleaved(&mut reader, 5, span, &scales, &mut values, (1, apart)).unwrap();
                for (channel, scale) in scales.iter().enumerate() {
                    let value = |frame: usize| scale * ((frame % 1000) as f64 * 7.0 + channel as f64);
                    assert_eq!(values[channel * apart], -1.0);
                    for frame in [7, 1000, 12_345, frames - 3] {
                        assert_eq!(
                            values[channel * apart + 1 + frame - 7],
                            value(frame),
                            "{stored:?} {channel} {frame}"
                        );
                    }
                }
            }
        }
    }
}
