//! Draws the spikes of a step, exactly, and with few exponentials.
//!
//! Lambda is a monotone function of the drive, and no emission gives a spike with a probability above Lambda. So the most
//! extreme drive of a block of neurons bounds the probabilities of all, and only those are looked at whose uniform number
//! is within the bound.

use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::error::PointProcessError;
use crate::model::{Emission, Link, Model};

/// Draws the spikes of a step.
pub(crate) struct Emitter<'a> {
    model: &'a Model,
    largest_mean_count: f64,
    /// Whether Lambda falls with the drive.
    falls: bool,
}

/// Neurons of a block; their candidates are bits of a word.
const BLOCK: usize = 64;
/// More than what rounding of Lambda may be off.
const MARGIN: f64 = 1.0 + 1e-9;

impl<'a> Emitter<'a> {
    pub(crate) fn new(model: &'a Model, largest_mean_count: f64) -> Self {
        let falls = matches!(model.link, Link::Exponential { beta, .. } if beta < 0.0);
        Self { model, largest_mean_count, falls }
    }

    /// Puts the spikes of a step, (neuron, count), behind `spikes`, neurons ascending.
    pub(crate) fn emit(
        &self,
        step: u64,
        drive: &[f64],
        uniforms: &[f64],
        spikes: &mut Vec<(u32, u32)>,
    ) -> Result<(), PointProcessError> {
        let mut first = 0;
        for (drive, uniforms) in drive.chunks(BLOCK).zip(uniforms.chunks(BLOCK)) {
            let range = vectorise(Extremes(drive));
            if !range.are_finite {
                let bad = drive.iter().enumerate().find(|(_, g)| !g.is_finite());
                let (neuron, &found) = bad.unwrap_or((0, &f64::NAN));
                return Err(PointProcessError::Drive { neuron: first + neuron, step, found });
            }
            let bound = self.model.per_step(if self.falls { range.lowest } else { range.highest }) * MARGIN;
            let mut candidates = self.candidates(bound, uniforms);
            while candidates != 0 {
                let place = candidates.trailing_zeros() as usize;
                candidates &= candidates - 1;
                let neuron = first + place;
                let count = self.count(step, neuron, drive[place], uniforms[place])?;
                if count > 0 {
                    spikes.push((neuron as u32, count));
                }
            }
            first += drive.len();
        }
        Ok(())
    }

    /// Those of a block that may spike, or whose Lambda may be too large.
    fn candidates(&self, bound: f64, uniforms: &[f64]) -> u64 {
        let is_poisson = self.model.emission == Emission::Poisson;
        if !bound.is_finite() || (is_poisson && bound > self.largest_mean_count) {
            return u64::MAX >> (BLOCK - uniforms.len());
        }
        if bound == 0.0 {
            return 0;
        }
        if is_poisson {
            // A count of 0 has the probability exp(-Lambda), which is at least 1 - Lambda.
            vectorise(AtLeast(1.0 - bound, uniforms))
        } else {
            !vectorise(AtLeast(bound, uniforms)) & (u64::MAX >> (BLOCK - uniforms.len()))
        }
    }

    fn count(&self, step: u64, neuron: usize, drive: f64, u: f64) -> Result<u32, PointProcessError> {
        let per_step = self.model.per_step(drive);
        match (self.model.link, self.model.emission) {
            (Link::Threshold { .. }, _) => Ok(per_step as u32),
            (_, Emission::Bernoulli) if per_step > 1.0 => {
                Err(PointProcessError::Probability { neuron, step, found: per_step })
            }
            (_, Emission::Bernoulli) => Ok(u32::from(u < per_step)),
            // 1 - exp(-x) is at most x.
            (_, Emission::Hazard) => Ok(u32::from(u < per_step && u < -libm::expm1(-per_step))),
            (_, Emission::Poisson) if per_step <= self.largest_mean_count => Ok(poisson(per_step, u)),
            (_, Emission::Poisson) => {
                let allowed = self.largest_mean_count;
                Err(PointProcessError::RunAway { neuron, step, found: per_step, allowed })
            }
        }
    }
}

/// The smallest k whose cumulative probability is above u.
pub(crate) fn poisson(mean: f64, u: f64) -> u32 {
    // exp(-x) is at least 1 - x.
    if u < 1.0 - mean {
        return 0;
    }
    let mut term = libm::exp(-mean);
    let (mut cumulative, mut k) = (term, 0);
    // Where rounding keeps the sum below u, terms behind the mean end it.
    while u >= cumulative && !(f64::from(k) > mean && term < 1e-18) {
        k += 1;
        term *= mean / f64::from(k);
        cumulative += term;
    }
    k
}

struct Range {
    lowest: f64,
    highest: f64,
    are_finite: bool,
}

struct Extremes<'a>(&'a [f64]);

impl Kernel for Extremes<'_> {
    type Output = Range;

    #[inline(always)]
    fn run(self) -> Range {
        // Columns side by side, as sums and comparisons may not be reordered.
        const COLUMNS: usize = 8;
        let (mut low, mut high, mut zeros) = ([f64::INFINITY; COLUMNS], [f64::NEG_INFINITY; COLUMNS], [0.0; COLUMNS]);
        let (rows, rest) = self.0.as_chunks::<COLUMNS>();
        for row in rows {
            for column in 0..COLUMNS {
                let g = row[column];
                low[column] = if g < low[column] { g } else { low[column] };
                high[column] = if g > high[column] { g } else { high[column] };
                // Finite numbers times 0 add up to 0, any other number spoils the sum.
                zeros[column] += g * 0.0;
            }
        }
        for (column, &g) in rest.iter().enumerate() {
            low[column] = low[column].min(g);
            high[column] = high[column].max(g);
            zeros[column] += g * 0.0;
        }
        Range {
            lowest: low.into_iter().fold(f64::INFINITY, f64::min),
            highest: high.into_iter().fold(f64::NEG_INFINITY, f64::max),
            are_finite: zeros.iter().sum::<f64>() == 0.0,
        }
    }
}

/// Which of up to 64 values are at least a limit.
struct AtLeast<'a>(f64, &'a [f64]);

impl Kernel for AtLeast<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let Self(limit, values) = self;
        let (rows, rest) = values.as_chunks::<8>();
        let whole = rows.iter().enumerate().fold(0, |bits, (row, values)| bits | (byte(limit, values) << (8 * row)));
        if rest.is_empty() { whole } else { whole | (byte(limit, rest) << (8 * rows.len())) }
    }
}

/// A bit for each of up to 8 values.
#[inline(always)]
fn byte(limit: f64, values: &[f64]) -> u64 {
    let bit = |(place, &value): (usize, &f64)| u8::from(value >= limit) << place;
    u64::from(values.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_counts_invert_the_distribution() {
        assert_eq!((poisson(0.0, 0.0), poisson(0.0, 1.0 - 1e-16)), (0, 0));
        // exp(-1) = .3679, 2 exp(-1) = .7358, 2.5 exp(-1) = .9197.
        assert_eq!([0.36, 0.37, 0.73, 0.74, 0.91, 0.92].map(|u| poisson(1.0, u)), [0, 1, 1, 2, 2, 3]);
        assert!((60..200).contains(&poisson(100.0, 1.0 - f64::EPSILON / 2.0)));
        let mean = (0..1000).map(|i| f64::from(poisson(30.0, (f64::from(i) + 0.5) / 1000.0))).sum::<f64>() / 1000.0;
        assert!((mean - 30.0).abs() < 0.02, "{mean}");
        assert!(poisson(700.0, 0.5).abs_diff(700) <= 1);
    }

    #[test]
    fn kernels_say_what_they_are_for_any_length() {
        for n in 1..=BLOCK {
            let values: Vec<f64> = (0..n).map(|i| ((i * 37) % 23) as f64 - 11.0).collect();
            let range = vectorise(Extremes(&values));
            let sorted = {
                let mut all = values.clone();
                all.sort_by(f64::total_cmp);
                all
            };
            assert_eq!((range.lowest, range.highest, range.are_finite), (sorted[0], sorted[n - 1], true));
            let bits = vectorise(AtLeast(3.0, &values));
            assert!((0..BLOCK).all(|i| (bits >> i & 1 == 1) == values.get(i).is_some_and(|&v| v >= 3.0)), "{n}");
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut spoiled = values.clone();
                spoiled[n / 2] = bad;
                assert!(!vectorise(Extremes(&spoiled)).are_finite, "{n} {bad}");
            }
        }
    }
}
