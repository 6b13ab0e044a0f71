//! Functions of the lag that filters are sums of.
//!
//! A filter is h(k) = sum_m w_m B_m(k), k the lag in bins; spikes x and a stimulus s enter the drive as
//! sum_k h(k) x(t-1-k) and sum_k h(k) s(t-k). Raised cosines are those of NeMoS 0.2.8 and Pillow et al. (2008): with lags
//! spread evenly over u in \[0, 1\], both ends included,
//!
//! B_m = (1 + cos(clip(pi (v - p_m) / (delta width), -pi, pi))) / 2,
//!
//! where v = u, or log(1 + a u) / log(1 + a) with the time scaling a, and the peaks p_m lie delta apart.
//!
//! J. W. Pillow et al. (2008), Spatio-temporal correlations and visual signalling in a complete neuronal population, Nature
//! 454:995; C. de Boor (1978), A Practical Guide to Splines.

use std::f64::consts::PI;

use super::error::{FitError, check};

/// Bins that a filter may reach back.
const MOST_LAGS: usize = 1 << 20;
/// Values of all functions at all lags.
const MOST_VALUES: usize = 1 << 24;

/// Functions of the lag, as values.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    first_lag: usize,
    functions: usize,
    /// One row of all functions for each lag.
    values: Vec<f64>,
}

impl Basis {
    /// One function per lag: each lag has a weight of its own.
    ///
    /// # Errors
    /// No lag, or more than 4096.
    pub fn identity(lags: usize) -> Result<Self, FitError> {
        sizes(lags, lags)?;
        Self::tabulated(lags, (0..lags * lags).map(|i| f64::from(u8::from(i / lags == i % lags))).collect())
    }

    /// exp(-k / tau) for each time constant (in bins), k from 0 to `lags` - 1.
    ///
    /// # Errors
    /// No lag, no time constant, or one that is not above 0.
    pub fn exponential(lags: usize, tau_bins: &[f64]) -> Result<Self, FitError> {
        sizes(lags, tau_bins.len())?;
        for &tau in tau_bins {
            check("tau", tau, tau > 0.0, "a time constant above 0 is needed")?;
        }
        let value = |k: usize| tau_bins.iter().map(move |tau| libm::exp(-(k as f64) / tau));
        Self::tabulated(tau_bins.len(), (0..lags).flat_map(value).collect())
    }

    /// Raised cosines whose peaks lie evenly from the first to the last lag.
    ///
    /// # Errors
    /// No lag, fewer than two functions, or a `width` (in distances of peaks) below 1.
    pub fn raised_cosine_linear(lags: usize, functions: usize, width: f64) -> Result<Self, FitError> {
        sizes(lags, functions)?;
        check("functions", functions as f64, functions >= 2, "at least 2 raised cosines are needed on a linear axis")?;
        check_width(width)?;
        let delta = 1.0 / (functions - 1) as f64;
        Self::raised_cosines(lags, functions, width, delta, |u| u)
    }

    /// Raised cosines on a logarithmic axis: narrow at short lags, and all 0 at the last lag. NeMoS has `width` 2 and
    /// `time_scaling` 50.
    ///
    /// # Errors
    /// No lag, no function, a `width` below 1, or a `time_scaling` that is not above 0.
    pub fn raised_cosine_log(lags: usize, functions: usize, width: f64, time_scaling: f64) -> Result<Self, FitError> {
        sizes(lags, functions)?;
        check_width(width)?;
        check("time_scaling", time_scaling, time_scaling > 0.0, "a number above 0 is needed")?;
        // The last peak is at 1 - width delta.
        let delta = 1.0 / (functions as f64 + width - 1.0);
        let scale = libm::log(1.0 + time_scaling);
        Self::raised_cosines(lags, functions, width, delta, |u| libm::log(1.0 + time_scaling * u) / scale)
    }

    fn raised_cosines(
        lags: usize,
        functions: usize,
        width: f64,
        delta: f64,
        axis: impl Fn(f64) -> f64,
    ) -> Result<Self, FitError> {
        let mut values = Vec::with_capacity(lags * functions);
        for k in 0..lags {
            let v = axis(place(k, lags));
            let one = |m: usize| {
                let angle = (PI * (v - m as f64 * delta) / (delta * width)).clamp(-PI, PI);
                0.5 * (1.0 + libm::cos(angle))
            };
            values.extend((0..functions).map(one));
        }
        Self::tabulated(functions, values)
    }

    /// B-splines of an order (4 is cubic), with knots evenly over the lags and repeated at both ends. They add up to 1.
    ///
    /// # Errors
    /// No lag, an order outside of 1 to 10, or fewer functions than the order.
    pub fn b_spline(lags: usize, functions: usize, order: usize) -> Result<Self, FitError> {
        sizes(lags, functions)?;
        check("order", order as f64, (1..=10).contains(&order), "a whole number from 1 to 10 is needed")?;
        check("functions", functions as f64, functions >= order, "at least as many functions as the order are needed")?;
        let pieces = functions - order + 1;
        let knot = |i: usize| (i.max(order - 1) - (order - 1)).min(pieces) as f64 / pieces as f64;
        let mut values = Vec::with_capacity(lags * functions);
        for k in 0..lags {
            let u = place(k, lags);
            // The last piece holds its right end.
            let piece = ((u * pieces as f64) as usize).min(pieces - 1) + order - 1;
            let mut splines = vec![0.0; functions + order];
            splines[piece] = 1.0;
            for degree in 1..order {
                for i in piece - degree..=piece {
                    let (left, right) = (knot(i + degree) - knot(i), knot(i + degree + 1) - knot(i + 1));
                    let rising = if left > 0.0 { (u - knot(i)) / left * splines[i] } else { 0.0 };
                    let falling = if right > 0.0 { (knot(i + degree + 1) - u) / right * splines[i + 1] } else { 0.0 };
                    splines[i] = rising + falling;
                }
            }
            values.extend_from_slice(&splines[..functions]);
        }
        Self::tabulated(functions, values)
    }

    /// Given values, one row of all functions for each lag.
    ///
    /// # Errors
    /// No function, no row, a row that is not whole, or a value that is not finite.
    pub fn tabulated(functions: usize, values: Vec<f64>) -> Result<Self, FitError> {
        let lags = values.len() / functions.max(1);
        sizes(lags, functions)?;
        if lags * functions != values.len() {
            return Err(FitError::Length { field: "basis", found: values.len(), due: lags * functions });
        }
        for &value in &values {
            check("basis", value, true, "a finite number is needed")?;
        }
        Ok(Self { first_lag: 0, functions, values })
    }

    /// The same functions, moved to begin at a later lag: what comes before is 0.
    ///
    /// # Errors
    /// A lag beyond 2^20.
    pub fn starting_at(mut self, first_lag: usize) -> Result<Self, FitError> {
        check("first_lag", first_lag as f64, first_lag <= MOST_LAGS, "at most 1048576 bins are allowed")?;
        self.first_lag = first_lag;
        Ok(self)
    }

    /// The lag of the first row.
    pub fn first_lag(&self) -> usize {
        self.first_lag
    }

    /// How many lags have a row.
    pub fn lags(&self) -> usize {
        self.values.len() / self.functions
    }

    /// How many functions there are.
    pub fn functions(&self) -> usize {
        self.functions
    }

    /// Values of all functions at the lag `first_lag` + `row`.
    pub fn row(&self, row: usize) -> &[f64] {
        self.values.get(row * self.functions..(row + 1) * self.functions).unwrap_or(&[])
    }

    /// h(k) of these weights, k from 0, zeros before the first lag included.
    pub fn filter(&self, weights: &[f64]) -> Vec<f64> {
        let mut filter = vec![0.0; self.first_lag];
        let value = |row: &[f64]| row.iter().zip(weights).filter(|(b, _)| **b != 0.0).map(|(b, w)| b * w).sum::<f64>();
        filter.extend(self.values.chunks_exact(self.functions).map(value));
        filter
    }
}

fn sizes(lags: usize, functions: usize) -> Result<(), FitError> {
    check("lags", lags as f64, (1..=MOST_LAGS).contains(&lags), "from 1 to 1048576 bins are allowed")?;
    check("functions", functions as f64, functions >= 1, "at least one function is needed")?;
    let found = lags.saturating_mul(functions);
    if found > MOST_VALUES {
        return Err(FitError::TooLarge { field: "basis", found: found as u64, most: MOST_VALUES as u64 });
    }
    Ok(())
}

fn check_width(width: f64) -> Result<(), FitError> {
    check("width", width, width >= 1.0, "at least 1 distance between peaks is needed")
}

/// u of a lag.
fn place(k: usize, lags: usize) -> f64 {
    if lags == 1 { 0.0 } else { k as f64 / (lags - 1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splines_add_up_to_one_at_every_lag() {
        for order in 1..=5 {
            let basis = Basis::b_spline(23, 7, order).unwrap();
            for k in 0..23 {
                assert!((basis.row(k).iter().sum::<f64>() - 1.0).abs() < 1e-14, "order {order}, lag {k}");
            }
        }
        // A cubic of a single piece is the polynomial of Bernstein.
        let basis = Basis::b_spline(3, 4, 4).unwrap();
        assert_eq!(basis.row(1), [0.125, 0.375, 0.375, 0.125]);
    }

    #[test]
    fn raised_cosines_of_width_two_add_up_to_two_between_inner_peaks() {
        let basis = Basis::raised_cosine_linear(41, 5, 2.0).unwrap();
        (10..=30).for_each(|k| assert!((basis.row(k).iter().sum::<f64>() - 2.0).abs() < 1e-14, "lag {k}"));
        let log = Basis::raised_cosine_log(31, 5, 2.0, 50.0).unwrap();
        assert!(log.row(30).iter().all(|b| b.abs() < 1e-30));
    }

    #[test]
    fn a_filter_begins_with_zeros_where_the_basis_begins_later() {
        let basis = Basis::identity(2).unwrap().starting_at(3).unwrap();
        assert_eq!(basis.filter(&[5.0, -1.0]), [0.0, 0.0, 0.0, 5.0, -1.0]);
    }

    #[test]
    fn what_is_no_basis_is_refused() {
        assert!(Basis::identity(0).is_err());
        assert!(Basis::identity(5000).is_err());
        assert!(Basis::exponential(5, &[]).is_err());
        assert!(Basis::exponential(5, &[0.0]).is_err());
        assert!(Basis::raised_cosine_linear(5, 1, 2.0).is_err());
        assert!(Basis::raised_cosine_log(5, 2, 0.5, 50.0).is_err());
        assert!(Basis::b_spline(5, 3, 4).is_err());
        assert!(Basis::tabulated(2, vec![1.0; 3]).is_err());
        assert!(Basis::tabulated(1, vec![f64::NAN]).is_err());
    }
}
