//! Frequencies, wavenumbers, inputs: an axis in a configuration, as a list or evenly spaced.

use lapicque_numerics::grid::linspace;
use lapicque_pipeline::ConfigError;
use lapicque_units::Quantity;
use serde_json::Value;

use crate::kind_config::problem;

/// More are a mistake.
const MOST: u64 = 100_000;

/// What an axis may be.
pub(crate) struct Axis<'a> {
    pub(crate) field: &'static str,
    /// What its points are called.
    pub(crate) points: &'static str,
    pub(crate) unit: &'a str,
}

pub(super) const FREQUENCIES: Axis<'_> = Axis { field: "frequencies", points: "frequencies", unit: "Hz" };
pub(super) const WAVENUMBERS: Axis<'_> = Axis { field: "wavenumbers", points: "wavenumbers", unit: "1/mm" };

impl Axis<'_> {
    /// In the unit of the axis; `[1 Hz, 10 Hz]` or `{linspace: [0 Hz, 300 Hz, 301]}`.
    pub(crate) fn read(&self, value: &Value) -> Result<Vec<f64>, Vec<ConfigError>> {
        let Self { field, points, unit } = self;
        let found = match value {
            Value::Array(items) => items.iter().map(|item| self.point(item)).collect::<Result<Vec<f64>, String>>(),
            Value::Object(map) => match (map.len(), map.get("linspace").and_then(Value::as_array).map(Vec::as_slice)) {
                (1, Some([first, last, count])) => self.evenly(first, last, count),
                _ => Err("expected `{linspace: [FIRST, LAST, COUNT]}`".to_owned()),
            },
            other => Err(format!(
                "expected a list such as `[1 {unit}, 10 {unit}]` or `{{linspace: [0 {unit}, 300 {unit}, 301]}}`, got {other}"
            )),
        };
        let values = found.or_else(|message| problem(field, message))?;
        if values.is_empty() {
            return problem(field, format!("no {points}; give at least one"));
        }
        if values.len() as u64 > MOST {
            return problem(field, format!("{} {points}; at most {MOST} are allowed", values.len()));
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => problem(field, format!("{} {unit} is there twice", pair[0])),
            None => Ok(values),
        }
    }

    fn evenly(&self, first: &Value, last: &Value, count: &Value) -> Result<Vec<f64>, String> {
        let points = self.points;
        match count.as_u64().filter(|&n| n >= 1) {
            Some(n) if n <= MOST => Ok(linspace(self.point(first)?, self.point(last)?, n as usize)),
            Some(n) => Err(format!("{n} {points}; at most {MOST} are allowed")),
            None => Err(format!("expected a number of {points}, at least 1, got {count}")),
        }
    }

    fn point(&self, value: &Value) -> Result<f64, String> {
        match value {
            Value::String(text) => Quantity::parse_in(text, self.unit).map_err(|error| error.to_string()),
            Value::Number(number) if self.unit == "1" => {
                number.as_f64().ok_or_else(|| format!("`{number}` does not fit a 64-bit float"))
            }
            other => Err(format!("{other} has no unit; write e.g. `{other} {}`", self.unit)),
        }
    }
}
