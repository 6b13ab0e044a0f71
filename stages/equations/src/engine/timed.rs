//! Arrays over time: values that change at regular times.

use super::EngineError;

/// Values over time, the same for all elements or one row per time and one column per element.
///
/// Value `k` holds from `k dt` to `(k + 1) dt`, the first before and the last after that. Times are rounded to a fraction
/// of `dt` that depends on the step of the reader, so that a time next to a change is always that of the change: with
/// `K = max(2^ceil(log2(8 dt/step)), 1)` the value is number `floor((t K/dt + 1/2)/K)`.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedArray {
    name: String,
    values: Vec<f64>,
    width: usize,
    per_element: bool,
    dt: f64,
}

impl TimedArray {
    /// One value per time, read as `name(t)`.
    ///
    /// # Errors
    /// No values, or a `dt` (in s) that is not positive and finite.
    pub fn new(name: &str, values: Vec<f64>, dt: f64) -> Result<Self, EngineError> {
        Self::made(name, values, 1, false, dt)
    }

    /// A row of `width` values per time, read as `name(t, i)`; an `i` beyond the row gives NaN.
    ///
    /// # Errors
    /// As [`TimedArray::new`], and values that do not fill whole rows.
    pub fn per_element(name: &str, values: Vec<f64>, width: usize, dt: f64) -> Result<Self, EngineError> {
        Self::made(name, values, width, true, dt)
    }

    fn made(name: &str, values: Vec<f64>, width: usize, per_element: bool, dt: f64) -> Result<Self, EngineError> {
        if !(dt > 0.0 && dt.is_finite()) {
            return Err(EngineError::OutOfRange { field: "dt", value: dt, allowed: "a step is above 0 s and finite" });
        }
        if values.is_empty() || width == 0 || !values.len().is_multiple_of(width) {
            let allowed = "an array over time has values for at least one time, as many for each";
            return Err(EngineError::OutOfRange { field: "values", value: values.len() as f64, allowed });
        }
        Ok(Self { name: name.to_owned(), values, width, per_element, dt })
    }

    /// The name by which expressions call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long a value holds, in s.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// For how many elements it has values.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Arguments: `t`, or `t` and `i`.
    pub fn arguments(&self) -> usize {
        1 + usize::from(self.per_element)
    }

    /// The value at time `t` (s) for element `index` (0 where it has one argument), read by a clock of step `step` (s).
    pub fn at(&self, t: f64, index: f64, step: f64) -> f64 {
        let per_step = libm::exp2(libm::log2(8.0 * self.dt / step).ceil()).max(1.0);
        let row = ((t / (self.dt / per_step) + 0.5) / per_step).trunc();
        if row.is_nan() || !(index >= 0.0 && index < self.width as f64) {
            return f64::NAN;
        }
        let last = self.values.len() / self.width - 1;
        let row = (row.max(0.0) as usize).min(last);
        self.values.get(row * self.width + index as usize).copied().unwrap_or(f64::NAN)
    }
}
