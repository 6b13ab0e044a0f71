//! Trends taken off: constants, lines and polynomials of low order, by least squares, in one piece or between breakpoints.
//!
//! y_i = x_i - sum_(k=0)^d c_k p_k(i), with c the least-squares fit to the values that are there and p_k the polynomials of
//! degree k that are orthogonal on their places (Forsythe 1957 J Soc Ind Appl Math 5:74, eqs 10 to 14):
//!
//! p_(k+1)(t) = (t - a_k) p_k(t) - b_k p_(k-1)(t),   a_k = sum t p_k^2 / sum p_k^2,   b_k = sum p_k^2 / sum p_(k-1)^2,
//!
//! so that powers of large times are never solved for. Between breakpoints each piece has a fit of its own, as in
//! scipy.signal.detrend.
//!
//! | symbol | field | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | d | `order` | 1 | | 0: the mean, 1: the straight line | 0 to 10 |
//! | | `breakpoints` | none | samples | first samples of new pieces | within the series |
//!
//! The unit is that of the series. Missing values (see [`crate::missing`]) become NaN and have no part in the fit. A piece with no more than
//! d + 1 values is a polynomial itself: what is left is 0. An empty series stays.

use crate::missing::is_there;

/// What trends may be.
pub const HIGHEST_ORDER: u32 = 10;

/// Why no trend was taken off.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DetrendError {
    #[error("order is {0}; it must be from 0 (a constant) to {HIGHEST_ORDER}")]
    Order(u32),
    #[error("breakpoint {breakpoint} is not within the {len} samples of the series")]
    Breakpoint { breakpoint: usize, len: usize },
}

/// Takes the trend off in place. Returns how many pieces have no more values than their trend has coefficients.
///
/// # Errors
/// An order above [`HIGHEST_ORDER`], a breakpoint at or beyond the end.
pub fn detrend(series: &mut [f64], order: u32, breakpoints: &[usize]) -> Result<usize, DetrendError> {
    if order > HIGHEST_ORDER {
        return Err(DetrendError::Order(order));
    }
    let len = series.len();
    if let Some(&breakpoint) = breakpoints.iter().find(|breakpoint| **breakpoint >= len) {
        return Err(DetrendError::Breakpoint { breakpoint, len });
    }
    let mut starts = [&[0], breakpoints].concat();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([len]);
    let mut without = 0;
    for (start, end) in starts.iter().zip(ends) {
        let piece = &mut series[*start..end];
        piece.iter_mut().filter(|value| !is_there(**value)).for_each(|value| *value = f64::NAN);
        let there = piece.iter().filter(|value| !value.is_nan()).count();
        if there <= order as usize + 1 {
            piece.iter_mut().filter(|value| !value.is_nan()).for_each(|value| *value = 0.0);
            without += usize::from(!piece.is_empty());
            continue;
        }
        // What the first fit leaves of large trends is rounded in their size; the second one sees it alone.
        take_off(piece, order);
        take_off(piece, order);
    }
    Ok(without)
}

/// Of a piece with more values than coefficients.
fn take_off(piece: &mut [f64], order: u32) {
    let middle = (piece.len() - 1) as f64 / 2.0;
    let at = |i: usize| (i as f64 - middle) / middle.max(1.0);
    let there: Vec<(usize, f64)> =
        piece.iter().enumerate().filter(|(_, x)| !x.is_nan()).map(|(i, x)| (i, *x)).collect();
    // Squares and products of these are finite.
    let scale = there.iter().fold(0.0_f64, |largest, (_, x)| largest.max(x.abs()));
    if scale == 0.0 {
        return;
    }
    let mut before = vec![0.0; there.len()];
    let mut now = vec![1.0; there.len()];
    let mut rest: Vec<f64> = there.iter().map(|(_, x)| x / scale).collect();
    let mut size_before = 1.0;
    for degree in 0..=order {
        let size: f64 = now.iter().map(|p| p * p).sum();
        // Orthogonal polynomials are 0 at the places of no more values than their degree; there are more.
        let c = now.iter().zip(&rest).map(|(p, x)| p * x).sum::<f64>() / size;
        rest.iter_mut().zip(&now).for_each(|(x, p)| *x -= c * p);
        let a = there.iter().zip(&now).map(|((i, _), p)| at(*i) * p * p).sum::<f64>() / size;
        let b = if degree == 0 { 0.0 } else { size / size_before };
        let next = there.iter().zip(now.iter().zip(&before)).map(|((i, _), (p, q))| (at(*i) - a) * p - b * q);
        let next: Vec<f64> = next.collect();
        (before, now, size_before) = (now, next, size);
    }
    for ((i, _), x) in there.iter().zip(rest) {
        piece[*i] = x * scale;
    }
}

#[cfg(test)]
mod tests;
