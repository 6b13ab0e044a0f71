//! Evenly spaced points, and times in whole steps.
//!
//! `linspace`: x_i = start + i ((stop - start)/(n - 1)), the last one exactly `stop`; these bits
//! are part of what results are keyed by.
//!
//! [`TimeGrid`] is the one place where times become steps:
//!
//! | time | rule | as in NEST 3.10 |
//! |---|---|---|
//! | durations | [`TimeGrid::steps`]: a whole number of steps to a relative 1e-9, or refused | `Simulate` |
//! | refractory periods | [`TimeGrid::steps_up`]: the next whole step, 0.35 ms at 0.1 ms is 4 steps | `Time(Time::ms(t)).get_steps()` |
//! | delays | [`TimeGrid::nearest_step`]: the nearest step, halves up, 0.25 ms at 0.1 ms is 3 steps | `Time::delay_ms_to_steps` |
//!
//! The last two are decided with whole numbers, in the decimals that a person reads and writes: time
//! and step are taken as the shortest decimal texts of the two floats, and the time is rounded to
//! 1 us (NEST's tic), or to the last digit of the step where the step has more (0.0625 ms: 0.1 us).
//! So 0.3 ms are three steps of 0.1 ms, and so is 0.30000000000000004 ms, the third point of a
//! sweep. What `steps` takes for whole stays what it is. NEST decides on delays in floating point,
//! and so takes a half for less than a half where its floats say so (0.145 ms at 0.01 ms).

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
    /// A tic is 10^`tic_exponent` ms.
    tic_exponent: i32,
    tics_per_step: u128,
}

/// A time, a step or an end of a range that cannot be used.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum GridError {
    #[error("`{parameter}` = {value}: it must be finite and above 0")]
    NotPositive { parameter: &'static str, value: f64 },
    #[error("`{parameter}` = {value}: a step is at most {LONGEST_STEP_MS} ms")]
    LongStep { parameter: &'static str, value: f64 },
    #[error("{time_ms} ms is not a whole number of steps of {step_ms} ms")]
    NotWhole { time_ms: f64, step_ms: f64 },
    #[error("{time_ms} ms: it must be from 0 to {limit} steps of {step_ms} ms", limit = u32::MAX)]
    OutOfRange { time_ms: f64, step_ms: f64 },
}

const RELATIVE_TOLERANCE: f64 = 1e-9;
const LONGEST_STEP_MS: f64 = 1e12;
/// 1 us in ms.
const LONGEST_TIC: i32 = -3;

impl TimeGrid {
    /// # Errors
    /// `step_ms` not finite, not positive, or above 1e12.
    pub fn new(step_ms: f64) -> Result<Self, GridError> {
        let parameter = "step_ms";
        if !(step_ms > 0.0 && step_ms.is_finite()) {
            return Err(GridError::NotPositive { parameter, value: step_ms });
        }
        if step_ms > LONGEST_STEP_MS {
            return Err(GridError::LongStep { parameter, value: step_ms });
        }
        let (digits, exponent) = shortest_decimal(step_ms);
        let tic_exponent = exponent.min(LONGEST_TIC);
        // At most 17 digits, or 1e12 ms in tics of 1 us.
        let tics_per_step = u128::from(digits) * 10_u128.pow((exponent - tic_exponent).unsigned_abs());
        Ok(Self { step_ms, tic_exponent, tics_per_step })
    }

    /// Length of a step.
    pub fn step_ms(&self) -> f64 {
        self.step_ms
    }

    /// The time of a step, to the nearest float: three steps of 0.1 ms are 0.3 ms.
    pub fn time_ms(&self, step: u32) -> f64 {
        let (digits, exponent) = shortest_decimal(self.step_ms);
        let product = u128::from(digits) * u128::from(step);
        format!("{product}e{exponent}").parse().unwrap_or(f64::from(step) * self.step_ms)
    }

    /// The number of steps in `time_ms`.
    ///
    /// # Errors
    /// Not a whole number of steps, negative, not finite, or more than `u32::MAX` steps.
    pub fn steps(&self, time_ms: f64) -> Result<u32, GridError> {
        let steps = (time_ms / self.step_ms).round();
        if !(time_ms >= 0.0 && steps <= f64::from(u32::MAX)) {
            return Err(GridError::OutOfRange { time_ms, step_ms: self.step_ms });
        }
        if (steps * self.step_ms - time_ms).abs() <= RELATIVE_TOLERANCE * time_ms {
            Ok(steps as u32)
        } else {
            Err(GridError::NotWhole { time_ms, step_ms: self.step_ms })
        }
    }

    /// `time_ms` in whole steps, the next one where it lies between two.
    ///
    /// # Errors
    /// Negative, not finite, or more than `u32::MAX` steps.
    pub fn steps_up(&self, time_ms: f64) -> Result<u32, GridError> {
        self.rounded(time_ms, |tics, step| tics.div_ceil(step))
    }

    /// `time_ms` in whole steps, the nearest one; halves go up.
    ///
    /// # Errors
    /// Negative, not finite, or more than `u32::MAX` steps.
    pub fn nearest_step(&self, time_ms: f64) -> Result<u32, GridError> {
        self.rounded(time_ms, |tics, step| (2 * tics + step) / (2 * step))
    }

    fn rounded(&self, time_ms: f64, round: fn(u128, u128) -> u128) -> Result<u32, GridError> {
        let error = GridError::OutOfRange { time_ms, step_ms: self.step_ms };
        match self.steps(time_ms) {
            Err(GridError::NotWhole { .. }) => {}
            known => return known,
        }
        u32::try_from(round(self.tics(time_ms).ok_or(error)?, self.tics_per_step)).map_err(|_| error)
    }

    /// The nearest number of tics, halves up; none if it does not fit.
    fn tics(&self, time_ms: f64) -> Option<u128> {
        let (digits, exponent) = shortest_decimal(time_ms);
        let shift = exponent - self.tic_exponent;
        let power = 10_u128.checked_pow(shift.unsigned_abs());
        match (shift >= 0, power) {
            (true, power) => u128::from(digits).checked_mul(power?).filter(|tics| *tics < u128::MAX / 4),
            (false, Some(power)) => Some((u128::from(digits) + power / 2) / power),
            (false, None) => Some(0),
        }
    }
}

/// A finite number that is not negative as a whole number times a power of ten: the shortest
/// decimal text that reads back as the same float.
fn shortest_decimal(value: f64) -> (u64, i32) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
    let digits = digits.fold(0, |number, digit| 10 * number + u64::from(digit - b'0'));
    (digits, exponent.parse().unwrap_or(0) - fraction.len() as i32)
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
        for step in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(TimeGrid::new(step).is_err(), "{step}");
        }
    }

    #[test]
    fn what_lies_between_steps_is_rounded_as_nest_does() {
        // (step, time, up, nearest): NEST 3.10.0, iaf_psc_exp and GetConnections.
        for (step, time, up, nearest) in [
            (0.1, 0.0, 0, 0),
            (0.1, 0.05, 1, 1),
            (0.1, 0.12, 2, 1),
            (0.1, 0.15, 2, 2),
            (0.1, 0.25, 3, 3),
            (0.1, 0.29, 3, 3),
            (0.1, 0.3, 3, 3),
            (0.1, 0.35, 4, 4),
            (0.1, 0.7, 7, 7),
            (0.1, 2.1, 21, 21),
            (0.1, 2.001, 21, 20),
            (0.1, 0.0004, 0, 0),
            (0.1, 0.0005, 1, 0),
            (0.1, 0.3004, 3, 3),
            (0.1, 1.0005, 11, 10),
            (0.1, 0.9996, 10, 10),
            (0.05, 0.145, 3, 3),
            (0.05, 0.12, 3, 2),
            (0.3, 2.1, 7, 7),
            (0.7, 2.1, 3, 3),
            (0.7, 1.05, 2, 2),
            (0.0625, 2.0, 32, 32),
            (0.0625, 0.3, 5, 5),
            (0.0625, 0.1875, 3, 3),
            (0.0625, 0.1876, 4, 3),
        ] {
            let grid = TimeGrid::new(step).unwrap();
            assert_eq!((grid.steps_up(time), grid.nearest_step(time)), (Ok(up), Ok(nearest)), "{time} at {step}");
        }
    }

    #[test]
    fn the_noise_of_sums_and_sweeps_makes_no_step() {
        for step in [0.1, 0.3, 0.7, 0.0625, 0.01, 1.0 / 3.0, 0.015625] {
            let grid = TimeGrid::new(step).unwrap();
            let mut sum = 0.0;
            for n in 1..2000 {
                sum += step;
                for time in [sum, f64::from(n) * step, grid.time_ms(n)] {
                    assert_eq!((grid.steps_up(time), grid.nearest_step(time)), (Ok(n), Ok(n)), "{time} at {step}");
                }
            }
        }
        assert_eq!(TimeGrid::new(0.1).unwrap().time_ms(3), 0.3);
        assert_eq!(TimeGrid::new(0.7).unwrap().time_ms(3), 2.1);
    }

    #[test]
    fn extremes_are_refused_and_do_not_overflow() {
        for step in [1e12, 0.1, 1e-17, 5e-324] {
            let grid = TimeGrid::new(step).unwrap();
            for time in [0.0, 5e-324, 1e-17, 0.1, 1e12, 1e300, f64::MAX] {
                let (up, nearest) = (grid.steps_up(time), grid.nearest_step(time));
                assert_eq!(up.is_ok(), time / step <= 4_294_967_295.0, "{time} at {step}: {up:?}");
                assert_eq!(nearest.is_ok(), up.is_ok());
            }
            for time in [-0.1, f64::NAN, f64::INFINITY] {
                assert!(matches!(grid.steps_up(time), Err(GridError::OutOfRange { .. })), "{time}");
                assert!(matches!(grid.nearest_step(time), Err(GridError::OutOfRange { .. })), "{time}");
            }
        }
    }
}
