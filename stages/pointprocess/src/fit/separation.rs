//! Coefficients that have no finite best value.
//!
//! A direction d of the coefficients separates if x.d <= 0 in all bins without spikes, >= 0 in all that are full, and 0 in
//! the others: going on along it never lowers the likelihood, and the best value is reached at infinity (A. Albert & J. A.
//! Anderson 1984, Biometrika 71:1; for counts, none is full). There the probability of a spike is exactly 0 or 1 in bins
//! where x.d is not 0, so that they add nothing to the likelihood and say nothing about the other coefficients: these are
//! fitted without them, which is exact. A single feature that is there in silent bins alone is the most common case (a lag
//! of absolute refractoriness, a source that a target never follows).

use super::family::Family;
use super::rows::Rows;

/// A drive at which probabilities are 0 or 1 to 17 digits.
const FAR: f64 = 40.0;
/// Of the largest |x.d|, what counts as 0.
const TOLERANCE: f64 = 1e-3;

/// A direction of the coefficients (the intercept first), and the bins that it takes away.
#[derive(Debug, Clone)]
pub(super) struct Direction {
    pub(super) along: Vec<f64>,
    rows: Rows,
}

impl Direction {
    /// Which coefficients run away along it, and to which side.
    pub(super) fn coefficients(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let largest = self.along.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
        let large = move |(_, d): &(usize, &f64)| d.abs() > TOLERANCE * largest;
        self.along.iter().enumerate().filter(large).map(|(place, d)| (place, d.signum()))
    }
}

/// Directions of single features, until there are no more; takes their bins out of `rows`.
pub(super) fn screen(rows: &mut Rows, family: Family) -> Vec<Direction> {
    let mut found = Vec::new();
    loop {
        // Of each column: smallest and largest value, whether all of its bins are silent, and whether all are full.
        let mut seen = vec![(0.0f64, 0.0f64, true, true); rows.columns];
        for row in 0..rows.len() {
            let (silent, full) = ends(rows, family, row);
            let (columns, values) = rows.features.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                let seen = &mut seen[column as usize];
                *seen = (seen.0.min(value), seen.1.max(value), seen.2 && silent, seen.3 && full);
            }
        }
        let side = |&(low, high, silent, full): &(f64, f64, bool, bool)| {
            let sign = if low == 0.0 && high > 0.0 {
                1.0
            } else if high == 0.0 && low < 0.0 {
                -1.0
            } else {
                return None;
            };
            if silent { Some(-sign) } else { full.then_some(sign) }
        };
        // All of them at once are a direction as well, as no bin is both silent and full.
        let mut along = vec![0.0];
        along.extend(seen.iter().map(|seen| side(seen).unwrap_or(0.0)));
        if along.iter().all(|d| *d == 0.0) {
            return found;
        }
        let is_free = |row: usize| rows.features.row(row).0.iter().all(|&column| along[column as usize + 1] == 0.0);
        let (left, taken) = rows.split(is_free);
        *rows = left;
        found.push(Direction { along, rows: taken });
    }
}

/// The direction, if it separates; takes its bins out of `rows`.
pub(super) fn separates(rows: &mut Rows, family: Family, along: &[f64]) -> Option<Direction> {
    let along: Vec<f64> = {
        let largest = along.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
        along.iter().map(|d| if d.abs() > 1e-6 * largest { d / largest } else { 0.0 }).collect()
    };
    let moves: Vec<f64> = (0..rows.len()).map(|row| rows.drive(row, &along)).collect();
    let largest = moves.iter().fold(0.0f64, |largest, s| largest.max(s.abs()));
    let is_zero = |row: usize| moves[row].abs() <= TOLERANCE * largest;
    let is_allowed = |row: usize| {
        let (silent, full) = ends(rows, family, row);
        is_zero(row) || (silent && moves[row] < 0.0) || (full && moves[row] > 0.0)
    };
    if largest == 0.0 || !largest.is_finite() || !(0..rows.len()).all(is_allowed) {
        return None;
    }
    let (left, taken) = rows.split(is_zero);
    *rows = left;
    Some(Direction { along, rows: taken })
}

/// Whether the bins of a row have no spike, and whether each has all it can have.
fn ends(rows: &Rows, family: Family, row: usize) -> (bool, bool) {
    (rows.spikes[row] == 0.0, family.is_binary() && rows.spikes[row] == rows.bins[row])
}

/// Goes so far along directions that drives of their bins are beyond 40 on their side; those found first go farthest.
pub(super) fn stand_in(parameters: &mut [f64], directions: &[Direction]) {
    for direction in directions.iter().rev() {
        let needed = |row: usize| {
            let s = direction.rows.drive(row, &direction.along);
            let drive = direction.rows.drive(row, parameters);
            (FAR - drive * s.signum()) / s.abs()
        };
        let far = (0..direction.rows.len()).map(needed).fold(0.0f64, f64::max);
        parameters.iter_mut().zip(&direction.along).for_each(|(parameter, d)| *parameter += far * d);
    }
}
