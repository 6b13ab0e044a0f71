//! Columns of parameters from what users write: quantities, bare numbers, texts.
//!
//! A column of quantities is in the unit of its first value. The others are converted by shifting the exponent of their
//! decimal text, so `0.02989 nA` and `29.89 pA` are the same value, bit for bit.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow_schema::{DataType, Field};
use lapicque_pipeline::{ConfigError, Written};
use lapicque_schemas::schema::UNIT;
use lapicque_schemas::tables::parameters::SEED;
use lapicque_units::{Quantity, Unit};
use serde_json::Value;

/// The column of labels of samples: never a parameter.
pub(super) const SAMPLE: &str = "sample";

/// The values of a parameter, and the value that each row has.
pub(super) struct Column {
    pub(super) field: Field,
    pub(super) levels: ArrayRef,
    /// Numbers in `levels`.
    pub(super) rows: Vec<u32>,
}

/// Numbers of one parameter and their unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) values: Vec<f64>,
    pub(crate) unit: Option<Unit>,
}

impl Column {
    /// A column with a value of its own in every row.
    pub(super) fn of_rows(field: Field, levels: ArrayRef) -> Self {
        let rows = (0..levels.len() as u32).collect();
        Self { field, levels, rows }
    }
}

/// What fields of a configuration, or cells, say at the paths `at`: quantities, numbers or texts.
pub(super) fn column_of(
    name: &str,
    values: &[Value],
    at: &dyn Fn(usize) -> String,
) -> Result<(Field, ArrayRef), ConfigError> {
    if name == SEED {
        return Ok((field(name, DataType::UInt64, None), Arc::new(UInt64Array::from(seeds(values, at)?))));
    }
    if let Some(integers) = values.iter().map(Value::as_i64).collect::<Option<Vec<_>>>() {
        return Ok((field(name, DataType::Int64, None), Arc::new(Int64Array::from(integers))));
    }
    if values.iter().all(is_text) {
        return Ok(text_column(name, values.iter().filter_map(Value::as_str)));
    }
    numbers_column(name, numbers(values, at)?)
}

/// A column of labels, as written: numbers only where every one of them is written as programs write a number, or has a unit.
pub(super) fn label_column(name: &str, texts: &[String]) -> (Field, ArrayRef) {
    let is_printed = |value: i64, text: &str| value.to_string() == text;
    if let Some(integers) = as_printed(texts, is_printed) {
        return (field(name, DataType::Int64, None), Arc::new(Int64Array::from(integers)));
    }
    if let Some(values) = as_printed(texts, is_float_of_a_program) {
        return (field(name, DataType::Float64, None), Arc::new(Float64Array::from(values)));
    }
    let quantities: Vec<Value> = texts.iter().map(|text| Value::String(text.clone())).collect();
    match numbers(&quantities, &|_| String::new()) {
        Ok(Numbers { values, unit: Some(unit) }) => {
            (field(name, DataType::Float64, Some(&unit)), Arc::new(Float64Array::from(values)))
        }
        _ => text_column(name, texts.iter().map(String::as_str)),
    }
}

fn as_printed<T: FromStr + Copy>(texts: &[String], is_printed: impl Fn(T, &str) -> bool) -> Option<Vec<T>> {
    texts.iter().map(|text| text.parse::<T>().ok().filter(|&value| is_printed(value, text))).collect()
}

/// Whether a program would write a number like this: `0.5`, `1`, `1.0`, `1e-300`, `1e+16`. Other texts that could be read as numbers are
/// names: `001`, `1.50`, `+1`, `1e3`.
fn is_float_of_a_program(value: f64, text: &str) -> bool {
    // Some write `1.0e-05` for `1e-5`, or `1e+16`.
    let plain = text.replace(".0e", "e").replace("e+0", "e").replace("e+", "e").replace("e-0", "e-");
    value.is_finite() && (value.to_string() == text || format!("{value:?}") == plain)
}

pub(super) fn text_column<'a>(name: &str, texts: impl Iterator<Item = &'a str>) -> (Field, ArrayRef) {
    (field(name, DataType::Utf8, None), Arc::new(StringArray::from_iter_values(texts)))
}

/// Names that a configuration has at the paths `at`, as they were written.
pub(super) fn names(
    values: &[Value],
    written: &Written,
    at: &dyn Fn(usize) -> String,
) -> Result<Vec<String>, ConfigError> {
    let name = |(i, value): (usize, &Value)| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(written.get(&at(i)).cloned().unwrap_or_else(|| value.to_string())),
        other => Err(ConfigError::at(at(i), format!("{other} is no name; text or a number is due"))),
    };
    values.iter().enumerate().map(name).collect()
}

/// A column of real numbers.
pub(crate) fn numbers_column(name: &str, numbers: Numbers) -> Result<(Field, ArrayRef), ConfigError> {
    Ok((field(name, DataType::Float64, numbers.unit.as_ref()), Arc::new(Float64Array::from(numbers.values))))
}

/// Numbers with one unit, or all without.
pub(crate) fn numbers(values: &[Value], at: &dyn Fn(usize) -> String) -> Result<Numbers, ConfigError> {
    let mut numbers = Numbers { values: Vec::with_capacity(values.len()), unit: None };
    for (i, value) in values.iter().enumerate() {
        let wrong = |message: String| Err(ConfigError::at(at(i), message));
        let number = match value {
            Value::Number(number) if i > 0 && numbers.unit.is_some() => {
                return wrong(format!(
                    "`{number}` has no unit, but the values before it have; write e.g. `{number} {}`",
                    unit_text(&numbers)
                ));
            }
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::String(text) => {
                let quantity: Quantity = text.parse().map_err(|error| ConfigError::at(at(i), error))?;
                if i > 0 && numbers.unit.is_none() {
                    return wrong(format!("`{quantity}` has a unit, but the values before it have none"));
                }
                let unit = numbers.unit.get_or_insert_with(|| quantity.unit.clone());
                quantity.to(unit).map_err(|error| ConfigError::at(at(i), error))?
            }
            other => {
                return wrong(format!("{other}: a number, a quantity such as `26 pA`, or text is due"));
            }
        };
        if !number.is_finite() {
            return wrong(format!("{value} is not finite"));
        }
        // One zero: -0 would be another point.
        numbers.values.push(number + 0.0);
    }
    Ok(numbers)
}

fn unit_text(numbers: &Numbers) -> &str {
    numbers.unit.as_ref().map_or("", Unit::text)
}

fn seeds(values: &[Value], at: &dyn Fn(usize) -> String) -> Result<Vec<u64>, ConfigError> {
    let seed = |(i, value): (usize, &Value)| {
        let exact =
            value.as_f64().filter(|v| v.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(v)).map(|v| v as u64);
        let seed = value.as_u64().or(exact);
        seed.ok_or_else(|| {
            ConfigError::at(
                at(i),
                format!("{value} is no seed: a whole number from 0 to {} without a unit is due", u64::MAX),
            )
        })
    };
    values.iter().enumerate().map(seed).collect()
}

/// Text that begins like a number is a quantity, or meant to be one.
fn is_text(value: &Value) -> bool {
    let Value::String(text) = value else {
        return false;
    };
    !text.trim_start().trim_start_matches(['+', '-', '\u{2212}', '.']).starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn field(name: &str, data_type: DataType, unit: Option<&Unit>) -> Field {
    let metadata: HashMap<_, _> = unit.map(|unit| (UNIT.to_owned(), unit.text().to_owned())).into_iter().collect();
    Field::new(name, data_type, false).with_metadata(metadata)
}

/// Names that a column of parameters cannot have.
pub(crate) fn check_name(name: &str, at: &str) -> Result<(), ConfigError> {
    if name == SAMPLE {
        return Err(ConfigError::at(at, "`sample` holds the labels of samples; it cannot be a parameter"));
    }
    if name.trim().is_empty() || name.trim() != name {
        return Err(ConfigError::at(at, format!("`{name}` is no name of a parameter")));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;
    use serde_json::json;

    use super::*;

    fn column(name: &str, values: Value) -> Result<(Field, ArrayRef), ConfigError> {
        column_of(name, values.as_array().unwrap(), &|i| format!("values.{i}"))
    }

    #[test]
    fn the_unit_is_that_of_the_first_value() {
        let (field, array) = column("J_ext", json!(["0.02989 nA", "29.89 pA", "-0 nA"])).unwrap();
        assert_eq!(field.metadata()[UNIT], "nA");
        let values = array.as_primitive::<Float64Type>().values();
        assert_eq!(values[0].to_bits(), values[1].to_bits());
        assert!(values[2].is_sign_positive());
    }

    #[test]
    fn types_follow_from_what_is_written() {
        let data_type = |name, values| column(name, values).unwrap().0.data_type().clone();
        assert_eq!(data_type("n", json!([1, 2])), DataType::Int64);
        assert_eq!(data_type("n", json!([1, 2.5])), DataType::Float64);
        assert_eq!(data_type("seed", json!([1, 18446744073709551615_u64])), DataType::UInt64);
        assert_eq!(data_type("group", json!(["control", "lesion"])), DataType::Utf8);
    }

    #[test]
    fn labels_stay_as_written() {
        let read = |texts: &[&str]| label_column("subject", &texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
        for texts in [
            ["001", "002"],
            ["1.5", "1.50"],
            ["1e3", "2"],
            ["1.0e3", "2"],
            ["+1", "2"],
            ["nan", "1"],
            ["", "1"],
            ["12345678901234567890", "1"],
            ["5 mV", "x"],
        ] {
            let (field, array) = read(&texts);
            assert_eq!(field.data_type(), &DataType::Utf8, "{texts:?}");
            assert_eq!(array.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), texts);
        }
        assert_eq!(read(&["1", "-20"]).0.data_type(), &DataType::Int64);
        for floats in [
            ["1.5", "2"],
            ["0.0", "-1.0"],
            ["1e-300", "1e+16"],
            ["1.5e-05", "1000000000000000.0"],
            ["1e16", "-1.25e-7"],
        ] {
            let (field, array) = read(&floats);
            assert_eq!(field.data_type(), &DataType::Float64, "{floats:?}");
            assert_eq!(array.as_primitive::<Float64Type>().values()[1], floats[1].parse::<f64>().unwrap());
        }
        assert_eq!(read(&["5 mV", "1 V"]).0.metadata()[UNIT], "mV");
    }

    #[test]
    fn mistakes_are_named() {
        let message = |name, values| {
            let error = column(name, values).unwrap_err();
            format!("{}: {}", error.field, error.message)
        };
        assert!(message("J", json!(["1 pA", 2])).starts_with("values.1: `2` has no unit"));
        assert!(message("J", json!([1, "2 pA"])).starts_with("values.1: `2 pA` has a unit"));
        assert!(message("J", json!(["1 pA", "2 ms"])).contains("is a time"));
        assert!(message("J", json!(["26 pAx"])).contains("unknown unit"));
        assert!(message("J", json!(["a", 1])).starts_with("values.0"));
        assert!(message("J", json!([true])).contains("a number, a quantity"));
        assert!(message("seed", json!([-1])).contains("is no seed"));
        assert!(message("seed", json!([0.5])).contains("is no seed"));
    }
}
