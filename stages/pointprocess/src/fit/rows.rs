//! Sufficient statistics of a fit: distinct rows of features, with how many bins have them and how many spikes there are.
//!
//! The likelihood depends on bins of equal features through their number and their spikes alone. All bins without features
//! are one row, so their drive, the intercept, costs one evaluation however many they are.

use super::design::{Sparse, TargetBins};
use super::family::Family;

/// Bins by their features.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) columns: usize,
    pub(super) features: Sparse,
    /// Bins of each row.
    pub(super) bins: Vec<f64>,
    /// Spikes of each row.
    pub(super) spikes: Vec<f64>,
}

/// Loss, its gradient, and the lower triangle of its second derivatives, row after row; the intercept is number 0.
#[derive(Debug, Clone)]
pub(super) struct Expansion {
    pub(super) loss: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) hessian: Vec<f64>,
}

impl Rows {
    /// Of the bins that are kept.
    pub(super) fn new(target: &TargetBins, keep: impl Fn(u32) -> bool) -> Self {
        let mut rows = Self::empty(target.terms.len());
        let mut slots = vec![u32::MAX; (target.bins.len() * 2).next_power_of_two()];
        let mask = slots.len() - 1;
        for bin in (0..target.bins.len()).filter(|&bin| keep(target.bins[bin])) {
            let (columns, values) = target.features.row(bin);
            let mut slot = hash(columns, values) as usize & mask;
            let row = loop {
                match slots[slot] {
                    u32::MAX => {
                        slots[slot] = rows.bins.len() as u32;
                        rows.push(columns, values, 0.0, 0.0);
                        break rows.bins.len() - 1;
                    }
                    known if rows.features.row(known as usize) == (columns, values) => break known as usize,
                    _ => slot = (slot + 1) & mask,
                }
            };
            rows.bins[row] += 1.0;
            rows.spikes[row] += f64::from(target.counts[bin]);
        }
        rows
    }

    pub(super) fn empty(columns: usize) -> Self {
        Self { columns, features: Sparse { starts: vec![0], ..Sparse::default() }, ..Self::default() }
    }

    pub(super) fn push(&mut self, columns: &[u32], values: &[f64], bins: f64, spikes: f64) {
        self.features.columns.extend_from_slice(columns);
        self.features.values.extend_from_slice(values);
        self.features.starts.push(self.features.values.len());
        self.bins.push(bins);
        self.spikes.push(spikes);
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.bins.len()
    }

    pub(super) fn total_bins(&self) -> f64 {
        self.bins.iter().sum()
    }

    pub(super) fn total_spikes(&self) -> f64 {
        self.spikes.iter().sum()
    }

    /// Rows that are kept, and the others.
    pub(super) fn split(&self, keep: impl Fn(usize) -> bool) -> (Self, Self) {
        let mut parts = (Self::empty(self.columns), Self::empty(self.columns));
        for row in 0..self.len() {
            let (columns, values) = self.features.row(row);
            let part = if keep(row) { &mut parts.0 } else { &mut parts.1 };
            part.push(columns, values, self.bins[row], self.spikes[row]);
        }
        parts
    }

    /// The same rows with some of the columns, which are numbered anew.
    pub(super) fn of_columns(&self, kept: &[usize]) -> Self {
        let mut places = vec![None; self.columns];
        for (place, &column) in kept.iter().enumerate() {
            places[column] = Some(place as u32);
        }
        let mut rows = Self { bins: self.bins.clone(), spikes: self.spikes.clone(), ..Self::empty(kept.len()) };
        for row in 0..self.len() {
            rows.features.take(&self.features, row, |column| places[column as usize]);
            rows.features.starts.push(rows.features.values.len());
        }
        rows
    }

    #[inline]
    pub(super) fn drive(&self, row: usize, parameters: &[f64]) -> f64 {
        parameters[0] + self.features.dot(row, &parameters[1..])
    }

    /// Loss at parameters, of which the intercept is the first.
    pub(super) fn loss(&self, family: Family, parameters: &[f64]) -> f64 {
        let of = |row| family.derivatives(self.bins[row], self.spikes[row], self.drive(row, parameters)).loss;
        (0..self.len()).map(of).sum()
    }

    /// Loss and derivatives at parameters.
    pub(super) fn expand(&self, family: Family, parameters: &[f64]) -> Expansion {
        let size = self.columns + 1;
        let mut found = Expansion { loss: 0.0, gradient: vec![0.0; size], hessian: vec![0.0; size * size] };
        for row in 0..self.len() {
            let here = family.derivatives(self.bins[row], self.spikes[row], self.drive(row, parameters));
            found.loss += here.loss;
            let (columns, values) = self.features.row(row);
            found.gradient[0] += here.first;
            for (&column, value) in columns.iter().zip(values) {
                found.gradient[column as usize + 1] += here.first * value;
            }
            add_product(&mut found.hessian, size, columns, values, here.second);
        }
        found
    }

    /// The lower triangle of sum over bins of x x', the intercept's 1 included.
    pub(super) fn moments(&self) -> Vec<f64> {
        let size = self.columns + 1;
        let mut moments = vec![0.0; size * size];
        for row in 0..self.len() {
            let (columns, values) = self.features.row(row);
            add_product(&mut moments, size, columns, values, self.bins[row]);
        }
        moments
    }
}

/// Adds weight x x', where x is 1 and a row.
#[inline]
fn add_product(matrix: &mut [f64], size: usize, columns: &[u32], values: &[f64], weight: f64) {
    matrix[0] += weight;
    for (i, (&column, value)) in columns.iter().zip(values).enumerate() {
        let line = &mut matrix[(column as usize + 1) * size..][..size];
        let factor = weight * value;
        line[0] += factor;
        for (&other, value) in columns[..=i].iter().zip(values) {
            line[other as usize + 1] += factor * value;
        }
    }
}

fn hash(columns: &[u32], values: &[f64]) -> u64 {
    let mix = |state: u64, word: u64| (state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let word = |(&column, value): (&u32, &f64)| value.to_bits() ^ (u64::from(column) << 52) ^ u64::from(column);
    let state = columns.iter().zip(values).map(word).fold(columns.len() as u64, mix);
    state ^ (state >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Basis, Features, Structure, Trains};

    #[test]
    fn equal_bins_are_one_row_and_derivatives_are_those_of_all_bins() {
        let structure = Structure {
            family: Family::Bernoulli,
            coupling: Some(Basis::raised_cosine_log(6, 2, 2.0, 50.0).unwrap()),
            history: Some(Basis::identity(2).unwrap()),
            stimulus: None,
            dead_bins: 0,
            skipped_bins: 0,
        };
        let spikes = (0..300u32).filter(|t| (t * t + 3 * t) % 7 == 1).map(|t| ((t % 3) as usize, t));
        let trains = Trains::new(3, 300, spikes).unwrap();
        let features = Features::new(&structure, &trains, &[]).unwrap();
        let target = features.of_target(1).unwrap();
        let rows = Rows::new(&target, |_| true);
        assert!(rows.len() < 100, "{}", rows.len());
        assert_eq!(rows.total_bins(), 294.0);
        assert_eq!(rows.total_spikes(), target.spikes() as f64);
        let parameters = [-1.0, 0.3, -0.2, 0.7, 0.1, -0.4, 0.2];
        let drives = target.drives(parameters[0], &parameters[1..]);
        let of = |(&eta, &y): (&f64, &u32)| Family::Bernoulli.derivatives(1.0, f64::from(y), eta).loss;
        let due: f64 = drives.iter().zip(&target.counts).map(of).sum();
        let found = rows.expand(Family::Bernoulli, &parameters);
        assert!((found.loss - due).abs() < 1e-10);
        for place in 0..7 {
            let h = 1e-5;
            let mut moved = parameters;
            moved[place] += h;
            let above = rows.expand(Family::Bernoulli, &moved);
            moved[place] -= 2.0 * h;
            let below = rows.expand(Family::Bernoulli, &moved);
            assert!((found.gradient[place] - (above.loss - below.loss) / (2.0 * h)).abs() < 1e-6);
            for column in 0..=place {
                let slope = (above.gradient[column] - below.gradient[column]) / (2.0 * h);
                assert!((found.hessian[place * 7 + column] - slope).abs() < 1e-6);
            }
        }
        let (head, tail) = rows.split(|row| row % 2 == 0);
        let halves = head.loss(Family::Bernoulli, &parameters) + tail.loss(Family::Bernoulli, &parameters);
        assert!((halves - due).abs() < 1e-10);
    }
}
