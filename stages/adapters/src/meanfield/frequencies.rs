//! Frequencies of a configuration: a list, or evenly spaced ones.

use std::f64::consts::TAU;

use lapicque_numerics::grid::linspace;
use lapicque_pipeline::ConfigError;
use lapicque_units::Quantity;
use serde_json::Value;

/// More are a mistake.
const MOST: u64 = 100_000;

/// In Hz; `[1 Hz, 10 Hz]` or `{linspace: [0 Hz, 300 Hz, 301]}`.
pub(super) fn read(value: &Value) -> Result<Vec<f64>, Vec<ConfigError>> {
    let fail = |message: String| Err(vec![ConfigError::at("frequencies", message)]);
    let found = match value {
        Value::Array(items) => items.iter().map(hertz).collect::<Result<Vec<f64>, String>>(),
        Value::Object(map) => match (map.len(), map.get("linspace").and_then(Value::as_array).map(Vec::as_slice)) {
            (1, Some([start, stop, count])) => match count.as_u64().filter(|&n| n >= 1) {
                Some(n) if n <= MOST => hertz(start).and_then(|a| Ok(linspace(a, hertz(stop)?, n as usize))),
                Some(n) => Err(format!("{n} frequencies; at most {MOST} are allowed")),
                None => Err(format!("{count}: a number of frequencies, at least 1, is due")),
            },
            _ => Err("`{linspace: [FIRST, LAST, COUNT]}` is due".to_owned()),
        },
        other => Err(format!("{other}: a list such as `[1 Hz, 10 Hz]` or `{{linspace: [0 Hz, 300 Hz, 301]}}` is due")),
    };
    match found {
        Ok(frequencies) if frequencies.is_empty() => fail("there is no frequency; at least one is due".to_owned()),
        Ok(frequencies) if frequencies.len() as u64 > MOST => {
            fail(format!("{} frequencies; at most {MOST} are allowed", frequencies.len()))
        }
        Ok(frequencies) => Ok(frequencies),
        Err(message) => fail(message),
    }
}

fn hertz(value: &Value) -> Result<f64, String> {
    match value {
        Value::String(text) => Quantity::parse_in(text, "Hz").map_err(|error| error.to_string()),
        other => Err(format!("{other} has no unit; write e.g. `{other} Hz`")),
    }
}

/// Angular frequencies in 1/s.
pub(super) fn angular(frequencies_hz: &[f64]) -> Vec<f64> {
    frequencies_hz.iter().map(|frequency| TAU * frequency).collect()
}
