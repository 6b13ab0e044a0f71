//! `parameters.grid`: points on a grid of parameters, or along several at once.

use indexmap::IndexMap;
use lapicque_numerics::grid::{linspace, logspace};
use lapicque_pipeline::{BindRequest, ConfigError, Stage, Written};
use lapicque_schemas::tables::parameters::SEED;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::column::{Column, check_name, column_of, label_column, names, numbers, numbers_column};
use super::points::{MOST_POINTS, Table, source};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "parameters.grid",
    summary: "Lay out points on a grid of parameters",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The values of each parameter, by name or path of what it sets; `seed` makes replicates.
    #[schemars(with = "std::collections::BTreeMap<String, Axis>")]
    sweep: IndexMap<String, Axis>,
    /// `product`: every combination, the first parameter varies slowest. `zip`: the first values, the second values, ...
    #[serde(default)]
    combine: Combine,
    /// Names of columns that no stage need read.
    #[serde(default)]
    labels: Vec<String>,
}

/// The values of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Axis {
    /// `[first, last, number]`: evenly spaced, both ends included.
    Linspace(Value, Value, u64),
    /// `[first, last, number]`: evenly spaced in the logarithm, both ends included.
    Logspace(Value, Value, u64),
    /// Numbers with a unit, bare numbers, or texts.
    Values(Vec<Value>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Combine {
    #[default]
    Product,
    Zip,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.sweep.is_empty() {
        return problem("sweep", "no parameter is swept; e.g. `sweep: { J_ext: { linspace: [26 pA, 32 pA, 50] } }`");
    }
    let mut problems = Vec::new();
    let mut axes = Vec::new();
    for (name, axis) in &config.sweep {
        match axis_column(name, axis, config.labels.contains(name), request.written) {
            Ok(axis) => axes.push(axis),
            Err(error) => problems.push(error),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match config.combine {
        Combine::Product => product(&mut axes),
        Combine::Zip => zip(&axes),
    }
    .map_err(|error| vec![error])?;
    source(Table { columns: axes, samples: None, labels: config.labels, field: "sweep", notes: Vec::new() })
}

fn axis_column(name: &str, axis: &Axis, is_label: bool, written: &Written) -> Result<Column, ConfigError> {
    let path = format!("sweep.{name}");
    check_name(name, &path)?;
    let (field, levels) = match axis {
        Axis::Values(values) => {
            at_most(values.len() as u64, &format!("{path}.values"))?;
            let at = |i: usize| format!("{path}.values.{i}");
            if is_label { label_column(name, &names(values, written, &at)?) } else { column_of(name, values, &at)? }
        }
        Axis::Linspace(..) | Axis::Logspace(..) if name == SEED => {
            return Err(ConfigError::at(path, "seeds are listed, e.g. `seed: { values: [1, 2, 3] }`"));
        }
        Axis::Linspace(first, last, number) => {
            let (unit, first, last, number) = ends(first, last, *number, &format!("{path}.linspace"))?;
            let values = linspace(first, last, number);
            numbers_column(name, super::column::Numbers { values, unit })?
        }
        Axis::Logspace(first, last, number) => {
            let at = format!("{path}.logspace");
            let (unit, first, last, number) = ends(first, last, *number, &at)?;
            let values = logspace(first, last, number).map_err(|error| ConfigError::at(&at, error))?;
            numbers_column(name, super::column::Numbers { values, unit })?
        }
    };
    Ok(Column::of_rows(field, levels))
}

fn at_most(number: u64, at: &str) -> Result<(), ConfigError> {
    match number {
        0 => Err(ConfigError::at(at, "0 values; give at least one")),
        n if n > MOST_POINTS as u64 => {
            Err(ConfigError::at(at, format!("{n} values; at most {MOST_POINTS} are allowed")))
        }
        _ => Ok(()),
    }
}

fn ends(
    first: &Value,
    last: &Value,
    number: u64,
    at: &str,
) -> Result<(Option<lapicque_units::Unit>, f64, f64, usize), ConfigError> {
    let place = |i: usize| format!("{at}.{i}");
    let ends = numbers(&[first.clone(), last.clone()], &place)?;
    at_most(number, &place(2))?;
    let &[first, last] = ends.values.as_slice() else {
        return Err(ConfigError::at(at, "expected [first, last, number]"));
    };
    if number > 1 && first == last {
        return Err(ConfigError::at(place(1), format!("{number} points from {first} to {last} are all equal")));
    }
    // An overflowing distance would fill the grid with NaN.
    if !(last - first).is_finite() {
        return Err(ConfigError::at(place(1), "the ends lie too far apart"));
    }
    Ok((ends.unit, first, last, number as usize))
}

fn product(axes: &mut [Column]) -> Result<(), ConfigError> {
    let points =
        axes.iter().try_fold(1_usize, |n, axis| n.checked_mul(axis.levels.len()).filter(|&n| n <= MOST_POINTS));
    let Some(points) = points else {
        let sizes: Vec<String> = axes.iter().map(|axis| axis.levels.len().to_string()).collect();
        return Err(ConfigError::at(
            "sweep",
            format!("{} points; at most {MOST_POINTS} are allowed", sizes.join(" x ")),
        ));
    };
    let mut run = points;
    for axis in axes {
        let levels = axis.levels.len();
        run /= levels;
        axis.rows = (0..points).map(|point| (point / run % levels) as u32).collect();
    }
    Ok(())
}

fn zip(axes: &[Column]) -> Result<(), ConfigError> {
    let first = axes.first().map_or(0, |axis| axis.rows.len());
    if axes.iter().all(|axis| axis.rows.len() == first) {
        return Ok(());
    }
    let lengths: Vec<String> =
        axes.iter().map(|axis| format!("{} has {}", axis.field.name(), axis.rows.len())).collect();
    Err(ConfigError::at(
        "sweep",
        format!("`combine: zip` takes as many values of each parameter; {}", lengths.join(", ")),
    ))
}
