//! Bilinear look-up on a uniform grid.
//!
//! ```text
//! f(mu, sigma) = sum over the four corners of the cell: weight x value,   weight = (1 - u) or u  x  (1 - v) or v
//! u = (mu - mu_0) / dmu - floor((mu - mu_0) / dmu),   v likewise of sigma;   dmu is the difference of the first two
//! ```
//!
//! Beyond an end of an axis the value is that at the end, and the derivative along that axis is 0: linear in the other
//! variable beyond one end, constant beyond two. On a line of the grid the derivative is that of the cell above. What is not
//! a number gives what is not a number.
//!
//! Reference: Cakan & Obermayer 2020, PLoS Comput. Biol. 16:e1007822, doi:10.1371/journal.pcbi.1007822, methods.

use thiserror::Error;

use super::neuron::Neuron;
use crate::real::first;
use crate::{Lanes, OfTwo, Real, WIDTH};

/// Rate, membrane potential and time constants of a population over mean and fluctuation of its input.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(super) neuron: Neuron,
    pub(super) mu: Axis,
    pub(super) sigma: Axis,
    /// sigma by sigma for the first mu, and so on: rate in kHz, tau_mu in ms, mean potential in mV, tau_sigma in ms.
    pub(super) values: Vec<[f64; 4]>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Error)]
#[allow(missing_docs)]
pub enum TableError {
    #[error("{axis} has {found} values: a table needs 2 or more")]
    TooFew { axis: &'static str, found: usize },
    #[error(
        "{axis} is not uniform: its value {place} (from 0) is {found}, but {expected} follows from its first two; \
         values must rise by equal steps"
    )]
    NotUniform { axis: &'static str, place: usize, found: f64, expected: f64 },
    #[error("the least sigma is {found} mV/sqrt(ms): fluctuations are above 0")]
    Sigma { found: f64 },
    #[error("{found} rows for {mu} values of mu and {sigma} of sigma: a table has {}", mu * sigma)]
    Shape { found: usize, mu: usize, sigma: usize },
    #[error("{what} is {found} at mu = {mu} mV/ms, sigma = {sigma} mV/sqrt(ms): {allowed}")]
    Value { what: &'static str, found: f64, mu: f64, sigma: f64, allowed: &'static str },
}

impl Table {
    /// From values in the order that [`Table::look_up`] has them, sigma by sigma for the first mu, and so on.
    ///
    /// Fails where an axis is not uniform or has fewer than two values, where there are not as many rows as points, and where
    /// a value is missing, not finite, a negative rate or tau_sigma, or a tau_mu that is not above 0.
    pub fn new(neuron: Neuron, mu: &[f64], sigma: &[f64], values: Vec<[f64; 4]>) -> Result<Self, TableError> {
        for (axis, values) in [("mu", mu), ("sigma", sigma)] {
            check_axis(axis, values)?;
        }
        if sigma[0] <= 0.0 {
            return Err(TableError::Sigma { found: sigma[0] });
        }
        if values.len() != mu.len() * sigma.len() {
            return Err(TableError::Shape { found: values.len(), mu: mu.len(), sigma: sigma.len() });
        }
        for (place, point) in values.iter().enumerate() {
            let problem = |what, found, allowed| {
                let [mu, sigma] = [mu[place / sigma.len()], sigma[place % sigma.len()]];
                Err(TableError::Value { what, found, mu, sigma, allowed })
            };
            let [rate, tau_mu, potential, tau_sigma] = *point;
            if !rate.is_finite() || rate < 0.0 {
                return problem("the rate in kHz", rate, "a rate is finite, and 0 or above");
            }
            if !tau_mu.is_finite() || tau_mu <= 0.0 {
                return problem("tau_mu in ms", tau_mu, "a time constant is finite and above 0");
            }
            if !potential.is_finite() {
                return problem("the mean potential in mV", potential, "a potential is finite");
            }
            if !tau_sigma.is_finite() || tau_sigma < 0.0 {
                return problem("tau_sigma in ms", tau_sigma, "it is finite, and 0 (none) or above");
            }
        }
        Ok(Self { neuron, mu: Axis::of(mu), sigma: Axis::of(sigma), values })
    }

    /// The first `N` of rate in kHz, tau_mu in ms, mean potential in mV and tau_sigma in ms, each with its derivatives in mu
    /// (mV/ms) and sigma (mV/sqrt(ms)).
    #[inline(always)]
    pub fn look_up<const N: usize>(&self, mu: f64, sigma: f64) -> [[f64; 3]; N] {
        const { assert!(N <= 4) };
        let (row, u, per_mu) = self.mu.place(mu);
        let (column, v, per_sigma) = self.sigma.place(sigma);
        let low = row * self.sigma.count + column;
        let [a, b] = [&self.values[low], &self.values[low + 1]];
        let high = low + self.sigma.count;
        let [c, d] = [&self.values[high], &self.values[high + 1]];
        let [wa, wb, wc, wd] = [(1.0 - u) * (1.0 - v), (1.0 - u) * v, u * (1.0 - v), u * v];
        std::array::from_fn(|i| {
            let [a, b, c, d] = [a[i], b[i], c[i], d[i]];
            [
                a * wa + b * wb + c * wc + d * wd,
                ((c - a) * (1.0 - v) + (d - b) * v) * per_mu,
                ((b - a) * (1.0 - u) + (d - c) * u) * per_sigma,
            ]
        })
    }

    /// Whose table it is.
    pub fn neuron(&self) -> &Neuron {
        &self.neuron
    }

    /// First and last mean of the input in mV/ms.
    pub fn mu_range(&self) -> [f64; 2] {
        [self.mu.first, self.mu.last]
    }

    /// Least and greatest fluctuation of the input in mV/sqrt(ms).
    pub fn sigma_range(&self) -> [f64; 2] {
        [self.sigma.first, self.sigma.last]
    }

    /// All values in the order of [`Table::new`].
    pub fn values(&self) -> &[[f64; 4]] {
        &self.values
    }
}

impl<const N: usize> OfTwo<N> for &Table {
    #[inline(always)]
    fn at(&self, mu: f64, sigma: f64) -> [[f64; 3]; N] {
        self.look_up(mu, sigma)
    }

    #[inline(always)]
    fn in_lanes(&self, mu: Lanes, sigma: Lanes) -> [Lanes; N] {
        let (rows, u) = self.mu.places(mu);
        let (columns, v) = self.sigma.places(sigma);
        let [rest_u, rest_v] = [-u + 1.0, -v + 1.0];
        let weights = [rest_u * rest_v, rest_u * v, u * rest_v, u * v];
        let mut values = [Lanes([0.0; WIDTH]); N];
        for lane in 0..WIDTH {
            let low = rows[lane] as usize * self.sigma.count + columns[lane] as usize;
            let [a, b] = first(&self.values[low..]);
            let [c, d] = first(&self.values[low + self.sigma.count..]);
            let [wa, wb, wc, wd] = [weights[0].0[lane], weights[1].0[lane], weights[2].0[lane], weights[3].0[lane]];
            // All four columns, which are one vector.
            let mut sums = [0.0; 4];
            for i in 0..4 {
                sums[i] = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
            }
            for i in 0..N {
                values[i].0[lane] = sums[i];
            }
        }
        values
    }
}

/// Whether an axis of this name has two values or more that rise by equal steps.
///
/// Fails where it does not; what is not a number is no step.
pub fn check_axis(axis: &'static str, values: &[f64]) -> Result<(), TableError> {
    let &[first, second, ..] = values else {
        return Err(TableError::TooFew { axis, found: values.len() });
    };
    let spacing = second - first;
    for (place, &found) in values.iter().enumerate() {
        let expected = first + place as f64 * spacing;
        // What rounding leaves of a line of numbers from one to another; false for what is not a number.
        if !(spacing > 0.0 && (found - expected).abs() <= 1e-6 * spacing) {
            return Err(TableError::NotUniform { axis, place, found, expected });
        }
    }
    Ok(())
}

/// A uniform axis of two values or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    first: f64,
    last: f64,
    per_unit: f64,
    count: usize,
}

impl Axis {
    pub(super) fn of(values: &[f64]) -> Self {
        let count = values.len();
        Self { first: values[0], last: values[count - 1], per_unit: 1.0 / (values[1] - values[0]), count }
    }

    /// Cell, place within it from 0 to 1, and what that place grows by per unit.
    #[inline(always)]
    fn place(&self, value: f64) -> (usize, f64, f64) {
        let end = (self.count - 1) as f64;
        let place = (value - self.first) * self.per_unit;
        let inside = place >= 0.0 && place < end;
        // Comparisons that leave what is not a number as it is.
        let place = if place < 0.0 { 0.0 } else { place };
        let place = if place > end { end } else { place };
        let cell = (place as usize).min(self.count - 2);
        (cell, place - cell as f64, if inside { self.per_unit } else { 0.0 })
    }

    /// Cells and places within them, with the bits of [`Axis::place`].
    #[inline(always)]
    fn places(&self, values: Lanes) -> ([u32; WIDTH], Lanes) {
        /// 2^52: the last bits of what is added to it are whole numbers.
        const SHIFT: f64 = 4_503_599_627_370_496.0;
        let places = ((values - self.first) * self.per_unit).at_least(0.0).at_most((self.count - 1) as f64);
        let last = (self.count - 2) as u32;
        let nearest = (places + SHIFT) - SHIFT;
        let (mut cells, mut within) = ([0; WIDTH], places);
        for lane in 0..WIDTH {
            let above = if nearest.0[lane] > places.0[lane] { 1.0 } else { 0.0 };
            let cell = nearest.0[lane] - above;
            let cell = if cell > f64::from(last) { f64::from(last) } else { cell };
            within.0[lane] = places.0[lane] - cell;
            // What is not a number has any bits.
            cells[lane] = ((cell + SHIFT).to_bits() as u32).min(last);
        }
        (cells, within)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shipped;
    use super::*;

    #[test]
    fn eight_points_have_the_bits_of_single_ones() {
        let table = shipped();
        let step = 8.0 / 349.0;
        let mut mu: Vec<f64> = (0..4000).map(|k| -1.5 + f64::from(k) * 0.0023).collect();
        mu.extend((0..350).flat_map(|k| [-1.0 + f64::from(k) * step, (-1.0 + f64::from(k) * step).next_up()]));
        mu.extend([
            f64::NAN,
            -f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300,
            -1e300,
            -0.0,
            7.0,
            7.0_f64.next_down(),
        ]);
        let sigma: Vec<f64> = (0..mu.len()).map(|k| 0.3 + (k * 37 % 501) as f64 * 0.01).collect();
        for (swapped, (x, y)) in [(&mu, &sigma), (&sigma, &mu)].into_iter().enumerate() {
            for (x, y) in x.as_chunks::<WIDTH>().0.iter().zip(y.as_chunks::<WIDTH>().0) {
                let wide: [Lanes; 4] = Lanes::of_two(Lanes(*x), Lanes(*y), table.as_ref());
                let narrow: [Lanes; 2] = Lanes::of_two(Lanes(*x), Lanes(*y), table.as_ref());
                assert_eq!(wide[..2].iter().map(bits).collect::<Vec<_>>(), narrow.iter().map(bits).collect::<Vec<_>>());
                for lane in 0..WIDTH {
                    let alone: [f64; 4] = f64::of_two(x[lane], y[lane], table.as_ref());
                    for (value, lanes) in alone.iter().zip(wide) {
                        let found = lanes.0[lane];
                        let same = found.to_bits() == value.to_bits() || found.is_nan() && value.is_nan();
                        assert!(same, "{swapped}: {} {}: {found} {value}", x[lane], y[lane]);
                    }
                }
            }
        }
    }

    fn bits(lanes: &Lanes) -> [u64; WIDTH] {
        lanes.0.map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() })
    }
}
