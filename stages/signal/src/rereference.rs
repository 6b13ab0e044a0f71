//! Other references: what is taken off each channel.
//!
//! | reference | equation | source |
//! |---|---|---|
//! | average, channels | y_i = x_i - 1/K sum_(k in reference) x_k | Offner 1950; Bertrand, Perrin & Pernier 1985 Electroencephalogr Clin Neurophysiol 62:462 |
//! | bipolar | y_ij = x_i - x_j | montages: ACNS guideline 3, 2016 J Clin Neurophysiol 33:312 |
//! | Laplacian | y_i = x_i - 1/K sum_(k nearest to i) x_k | Hjorth 1975 Electroencephalogr Clin Neurophysiol 39:526, eq 4, without 1/distance^2 |
//! | surface Laplacian | [`crate::sphere_spline::current_source_density`] | Perrin et al 1989 |
//!
//! Means are those of [`crate::epochs::pool`]. Every result keeps the unit of its channels but the surface Laplacian, which is per
//! m^2. A value is NaN where one that it is made of is.

use crate::electrodes::Direction;

/// Pairs along chains from front to back ("double banana"), by the names of the 10-20 system.
pub const LONGITUDINAL: [(&str, &str); 18] = [
    ("Fp1", "F7"),
    ("F7", "T7"),
    ("T7", "P7"),
    ("P7", "O1"),
    ("Fp1", "F3"),
    ("F3", "C3"),
    ("C3", "P3"),
    ("P3", "O1"),
    ("Fz", "Cz"),
    ("Cz", "Pz"),
    ("Fp2", "F4"),
    ("F4", "C4"),
    ("C4", "P4"),
    ("P4", "O2"),
    ("Fp2", "F8"),
    ("F8", "T8"),
    ("T8", "P8"),
    ("P8", "O2"),
];

/// Pairs along chains from left to right.
pub const TRANSVERSE: [(&str, &str); 14] = [
    ("Fp1", "Fp2"),
    ("F7", "F3"),
    ("F3", "Fz"),
    ("Fz", "F4"),
    ("F4", "F8"),
    ("T7", "C3"),
    ("C3", "Cz"),
    ("Cz", "C4"),
    ("C4", "T8"),
    ("P7", "P3"),
    ("P3", "Pz"),
    ("Pz", "P4"),
    ("P4", "P8"),
    ("O1", "O2"),
];

/// A channel against a reference of the same length, value by value.
pub fn minus(channel: &[f64], reference: &[f64]) -> Vec<f64> {
    channel.iter().zip(reference).map(|(value, reference)| value - reference).collect()
}

/// Those nearest to each place by angle, at least `count` of them (all others where there are fewer). Places as far away as
/// the last one count as well, so that neighbours do not depend on the order of channels.
pub fn neighbours(places: &[Direction], count: usize) -> Vec<Vec<usize>> {
    /// Angles (radians) that differ by less are the same.
    const SAME: f64 = 1e-6;
    let of = |own: usize| {
        let mut others: Vec<(f64, usize)> = (0..places.len())
            .filter(|other| *other != own)
            .map(|other| (angle(&places[own], &places[other]), other))
            .collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let Some(last) = others.get(count.saturating_sub(1).min(others.len().saturating_sub(1))).map(|last| last.0)
        else {
            return Vec::new();
        };
        let mut nearest: Vec<usize> =
            others.iter().take_while(|(angle, _)| *angle <= last + SAME).map(|(_, other)| *other).collect();
        nearest.sort_unstable();
        nearest
    };
    (0..places.len()).map(of).collect()
}

/// Between two directions, radians; good for small ones as well.
pub fn angle(a: &Direction, b: &Direction) -> f64 {
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    cross.iter().map(|x| x * x).sum::<f64>().sqrt().atan2(dot)
}

#[cfg(test)]
mod tests;
