//! The profile of a series, and how far it strays from a straight line in windows of any length.
//!
//! y_i = sum_(j <= i) (x_j - mean). The squared residuals of a window of w values, from sums over u = y - r with any r near
//! the window and k = 0 .. w - 1:
//!
//! SSE = sum u^2 - (sum u)^2 / w - (sum k u - (w - 1) / 2 sum u)^2 / (w (w^2 - 1) / 12)
//!
//! Sums are kept from the beginning of each block of [`BLOCK`] values, relative to its first one, and put together from these
//! for a window: about w / [`BLOCK`] steps instead of w, and nothing cancels that is far from the window. Where
//! the line leaves less than a part of [`CANCELLED`] of what was added and taken off, the residuals are summed up themselves.

use std::ops::Range;

const BLOCK: usize = 64;
const CANCELLED: f64 = 1e-4;

/// Sums over u, j u and u^2, j from the beginning of the block.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    u: f64,
    ju: f64,
    uu: f64,
}

pub(crate) struct Profile {
    y: Vec<f64>,
    /// Over the values before this one in its block.
    before: Vec<Sums>,
    /// Of whole blocks.
    blocks: Vec<Sums>,
}

impl Profile {
    pub(crate) fn of(series: &[f64]) -> Profile {
        let mean = mean(series);
        let mut sum = 0.0;
        let y: Vec<f64> = series
            .iter()
            .map(|x| {
                sum += x - mean;
                sum
            })
            .collect();
        let mut before = Vec::with_capacity(y.len());
        let mut blocks = Vec::with_capacity(y.len().div_ceil(BLOCK));
        for block in y.chunks(BLOCK) {
            let mut sums = Sums::default();
            for (j, value) in block.iter().enumerate() {
                before.push(sums);
                let u = value - block[0];
                sums.u += u;
                sums.ju += j as f64 * u;
                sums.uu += u * u;
            }
            blocks.push(sums);
        }
        Profile { y, before, blocks }
    }

    /// Sum of the squared residuals of the line through a window, which is not empty and within the series.
    pub(crate) fn squared_residuals(&self, window: Range<usize>) -> f64 {
        let Range { start, end } = window;
        let reference = self.y[start];
        let mut sums = Sums::default();
        let mut size = 0.0;
        let mut add = |part: Sums, without: Sums, block: usize, from: usize, to: usize| {
            let first = block * BLOCK;
            let (count, above) = ((to - from) as f64, self.y[first] - reference);
            // The sum of j from `from` to `to`, and how far j lies behind the place in the window.
            let places = 0.5 * count * (from + to - 1) as f64;
            let shift = first as f64 - start as f64;
            size += part.uu + without.uu + count * above * above;
            let part = Sums { u: part.u - without.u, ju: part.ju - without.ju, uu: part.uu - without.uu };
            sums.u += part.u + count * above;
            sums.ju += part.ju + shift * part.u + above * (places + shift * count);
            sums.uu += part.uu + above * (2.0 * part.u + count * above);
        };
        let (first, last) = (start / BLOCK, (end - 1) / BLOCK);
        let (from, to) = (start - first * BLOCK, end - last * BLOCK);
        let head = self.before[start];
        let tail = if to == BLOCK || end == self.y.len() { self.blocks[last] } else { self.before[end] };
        if first == last {
            add(tail, head, first, from, to);
        } else {
            add(self.blocks[first], head, first, from, BLOCK);
            for block in first + 1..last {
                add(self.blocks[block], Sums::default(), block, 0, BLOCK);
            }
            add(tail, Sums::default(), last, 0, to);
        }
        let count = (end - start) as f64;
        let along = sums.ju - 0.5 * (count - 1.0) * sums.u;
        let level = sums.u * sums.u / count;
        let slope = if end - start > 1 { along * along / (count * (count * count - 1.0) / 12.0) } else { 0.0 };
        let rest = sums.uu - level - slope;
        if rest > CANCELLED * size { rest } else { summed_residuals(&self.y[start..end]) }
    }
}

fn summed_residuals(y: &[f64]) -> f64 {
    let count = y.len() as f64;
    let level = mean(y);
    let place = |k: usize| k as f64 - 0.5 * (count - 1.0);
    let along: f64 = y.iter().enumerate().map(|(k, y)| place(k) * (y - level)).sum();
    let slope = if y.len() > 1 { along / (count * (count * count - 1.0) / 12.0) } else { 0.0 };
    y.iter().enumerate().map(|(k, y)| (y - level - slope * place(k)).powi(2)).sum()
}

pub(crate) fn mean(series: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut partial = [0.0; LANES];
    let (chunks, rest) = series.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, x) in partial.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    (partial.iter().sum::<f64>() + rest.iter().sum::<f64>()) / series.len() as f64
}

#[cfg(test)]
mod tests;
