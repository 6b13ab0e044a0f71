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
    #[error(
        "the point mu = {mu} mV/ms, sigma = {sigma} mV/sqrt(ms) is there {times} times: each of a grid is there once"
    )]
    Times { mu: f64, sigma: f64, times: usize },
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
}
