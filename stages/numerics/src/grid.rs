//! Evenly spaced points, and time in whole steps.
//!
//! `linspace`: x_i = start + i ((stop - start)/(n - 1)), the last one exactly `stop`; these bits
//! are part of what results are keyed by. [`TimeGrid`]: durations must be whole numbers of steps to
//! a relative 1e-9, so that nothing is rounded in silence.

/// `n` points from `start` to `stop`, both included; `start` alone for n = 1, none for n = 0.
pub fn linspace(start: f64, stop: f64, n: usize) -> Vec<f64> {
    if n < 2 {
        return vec![start; n];
    }
    let step = (stop - start) / (n - 1) as f64;
    let mut points: Vec<f64> = (0..n).map(|i| start + i as f64 * step).collect();
    points[n - 1] = stop;
    points
}

/// `n` points from `start` to `stop`, both exact, evenly spaced in the logarithm.
///
/// # Errors
/// An end that is not finite and positive.
pub fn logspace(start: f64, stop: f64, n: usize) -> Result<Vec<f64>, GridError> {
    for (parameter, value) in [("start", start), ("stop", stop)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(GridError::NotPositive { parameter, value });
        }
    }
    let mut points: Vec<f64> = linspace(libm::log(start), libm::log(stop), n).into_iter().map(libm::exp).collect();
    if let Some(first) = points.first_mut() {
        *first = start;
    }
    if n > 1 {
        points[n - 1] = stop;
    }
    Ok(points)
}

/// Times that are whole multiples of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeGrid {
    step_ms: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum GridError {
    #[error("`{parameter}` = {value}: it must be finite and above 0")]
    NotPositive { parameter: &'static str, value: f64 },
    #[error("{time_ms} ms is not a whole number of steps of {step_ms} ms")]
    NotWhole { time_ms: f64, step_ms: f64 },
    #[error("{time_ms} ms: it must be from 0 to {limit} steps of {step_ms} ms", limit = u32::MAX)]
    OutOfRange { time_ms: f64, step_ms: f64 },
}

const RELATIVE_TOLERANCE: f64 = 1e-9;

impl TimeGrid {
    /// # Errors
    /// `step_ms` not finite or not positive.
    pub fn new(step_ms: f64) -> Result<Self, GridError> {
        if step_ms > 0.0 && step_ms.is_finite() {
            Ok(Self { step_ms })
        } else {
            Err(GridError::NotPositive { parameter: "step_ms", value: step_ms })
        }
    }

    pub fn step_ms(&self) -> f64 {
        self.step_ms
    }

    pub fn time_ms(&self, step: u32) -> f64 {
        f64::from(step) * self.step_ms
    }

    /// The number of steps in `time_ms`.
    ///
    /// # Errors
    /// Not a whole number of steps, negative, not finite, or more than `u32::MAX` steps.
    pub fn steps(&self, time_ms: f64) -> Result<u32, GridError> {
        let steps = self.nearest_step(time_ms)?;
        if (f64::from(steps) * self.step_ms - time_ms).abs() <= RELATIVE_TOLERANCE * time_ms {
            Ok(steps)
        } else {
            Err(GridError::NotWhole { time_ms, step_ms: self.step_ms })
        }
    }

    /// `time_ms` rounded to whole steps, halves away from zero.
    ///
    /// # Errors
    /// Negative, not finite, or more than `u32::MAX` steps.
    pub fn nearest_step(&self, time_ms: f64) -> Result<u32, GridError> {
        let steps = (time_ms / self.step_ms).round();
        if time_ms >= 0.0 && steps <= f64::from(u32::MAX) {
            Ok(steps as u32)
        } else {
            Err(GridError::OutOfRange { time_ms, step_ms: self.step_ms })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linspace_is_exact_at_its_ends() {
        assert_eq!(linspace(26.0, 32.0, 50)[24], 26.0 + 24.0 * (6.0 / 49.0));
        let points = linspace(0.1, 0.7, 7);
        assert_eq!((points[0], points[6], points.len()), (0.1, 0.7, 7));
        assert_eq!(linspace(1.0, 2.0, 0), []);
        assert_eq!(linspace(1.0, 2.0, 1), [1.0]);
        assert_eq!(linspace(2.0, 1.0, 3), [2.0, 1.5, 1.0]);
        assert!(linspace(f64::NAN, 1.0, 3)[0].is_nan());
    }

    #[test]
    fn logspace_is_even_in_the_logarithm() {
        let points = logspace(0.01, 100.0, 5).unwrap();
        for (point, expected) in points.iter().zip([0.01, 0.1, 1.0, 10.0, 100.0]) {
            assert!((point / expected - 1.0).abs() < 1e-14);
        }
        assert_eq!((points[0], points[4]), (0.01, 100.0));
        assert_eq!(logspace(3.0, 5.0, 1).unwrap(), [3.0]);
        assert!(logspace(1.0, 2.0, 0).unwrap().is_empty());
        assert!(logspace(0.0, 1.0, 3).is_err() && logspace(1.0, f64::INFINITY, 3).is_err());
    }

    #[test]
    fn time_is_whole_steps() {
        let grid = TimeGrid::new(0.1).unwrap();
        assert_eq!(grid.steps(0.3), Ok(3));
        assert_eq!(grid.steps(12000.0), Ok(120_000));
        assert_eq!(grid.steps(0.0), Ok(0));
        assert!(matches!(grid.steps(0.25), Err(GridError::NotWhole { .. })));
        assert!(matches!(grid.steps(1e12), Err(GridError::OutOfRange { .. })));
        for time in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(grid.steps(time), Err(GridError::OutOfRange { .. })), "{time}");
        }
        let sixteenth = TimeGrid::new(0.0625).unwrap();
        assert_eq!(sixteenth.nearest_step(0.3), Ok(5));
        assert_eq!(sixteenth.time_ms(5), 0.3125);
        for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(TimeGrid::new(step).is_err(), "{step}");
        }
    }
}
