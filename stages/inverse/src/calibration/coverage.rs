//! How often regions hold the true values.

/// Of all regions of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// The probability that the region claims.
    pub level: f64,
    /// The part of the samples whose true values lie in it.
    pub coverage: f64,
    /// The standard error that a right posterior's coverage has: sqrt(level (1 - level) / samples).
    pub error: f64,
}

/// 0.05, 0.1, ..., 0.95.
pub const LEVELS: [f64; 19] =
    [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// At [`LEVELS`], of the level of the smallest region that holds the true values of each sample.
pub fn coverage(smallest: &[f64]) -> Vec<Coverage> {
    let count = smallest.len() as f64;
    let of_level = |level: f64| Coverage {
        level,
        coverage: smallest.iter().filter(|smallest| **smallest <= level).count() as f64 / count,
        error: (level * (1.0 - level) / count).sqrt(),
    };
    LEVELS.map(of_level).to_vec()
}
