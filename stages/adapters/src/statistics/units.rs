//! What is compared: units, such as subjects, of two groups, each with the mean of its rows.

use std::collections::{BTreeMap, BTreeSet};

use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, SampleError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{SAMPLE, SUBJECT, Source, Tables};
use super::rows::{Rows, Series, level};

/// What becomes of several rows of a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Aggregate {
    #[default]
    Mean,
    Median,
}

/// What counts as one observation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Unit {
    Rows,
    Sample,
    Column(Source),
}

/// The column of groups, and what counts as one observation.
pub(super) struct Grouping {
    pub(super) group: Source,
    pub(super) unit: Unit,
}

/// The units of all rows, and their groups.
pub(super) struct Units {
    /// In ascending order.
    pub(super) levels: Vec<String>,
    /// The level of each unit.
    pub(super) group: Vec<usize>,
    /// The unit of each row of features; none where it has no group or unit.
    of_row: Vec<Option<usize>>,
}

impl Grouping {
    /// `default` is the unit where none is named, unless the tables have a column `subject`.
    pub(super) fn bind(
        tables: &Tables<'_>,
        group: &str,
        unit: Option<&str>,
        default: &Unit,
        (problems, notes): (&mut Vec<ConfigError>, &mut Vec<String>),
    ) -> Option<Self> {
        let source = tables.source("group", group, problems);
        let unit = match unit {
            Some("rows") => Unit::Rows,
            Some(SAMPLE) => Unit::Sample,
            Some(name) => Unit::Column(tables.source("unit", name, problems)?),
            None => match tables.find(SUBJECT).filter(|subject| *default != Unit::Rows && subject.name != group) {
                Some(subject) => {
                    notes.push("rows of one `subject` are averaged first, as they are no independent observations (`unit: sample` or `unit: rows` takes others)".to_owned());
                    Unit::Column(subject)
                }
                None => default.clone(),
            },
        };
        if unit == Unit::Sample && !tables.has_samples() {
            let message = "this whole table has no column `sample`; say by `unit` what counts as one observation: a column such as `subject`, or `rows`";
            problems.push(ConfigError::at("inputs.features", message));
        }
        source.map(|group| Self { group, unit })
    }

    /// The columns that are read.
    pub(super) fn sources(&self) -> Vec<&Source> {
        let unit = if let Unit::Column(source) = &self.unit { Some(source) } else { None };
        std::iter::once(&self.group).chain(unit).collect()
    }

    /// # Errors
    /// A unit of two groups.
    pub(super) fn units(&self, rows: &Rows<'_>, notes: &mut Vec<String>) -> Result<Units, SampleError> {
        let groups = rows.texts(&self.group)?;
        let names: Vec<Option<String>> = match &self.unit {
            Unit::Rows => (0..rows.len()).map(|row| Some(row.to_string())).collect(),
            Unit::Sample => (0..rows.len()).map(|row| Some(rows.sample(row).to_owned())).collect(),
            Unit::Column(source) => rows.texts(source)?,
        };
        let levels = in_order(groups.iter().flatten().cloned().collect());
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        let mut group: Vec<usize> = Vec::new();
        let mut of_row = Vec::with_capacity(rows.len());
        let mut without = 0;
        for (row, (name, of)) in names.iter().zip(&groups).enumerate() {
            let (Some(name), Some(of)) = (name, of) else {
                without += 1;
                of_row.push(None);
                continue;
            };
            let of = levels.iter().position(|level| level == of).unwrap_or_default();
            let unit = *number.entry(name).or_insert_with(|| {
                group.push(of);
                group.len() - 1
            });
            if group[unit] != of {
                let (one, other) = (&levels[group[unit]], &levels[of]);
                let what = match &self.unit {
                    Unit::Column(source) => format!("`{}` `{name}`", source.name),
                    Unit::Rows | Unit::Sample => return Err(rows.error(row, |sample| {
                        format!("{sample} has rows of the groups `{one}` and `{other}`; say by `unit` what counts as one observation")
                    })),
                };
                return Err(SampleError::input(format!(
                    "{what} has rows of the groups `{one}` and `{other}`, so that they are not independent: compare them in pairs (statistics.permutation \
                     with `paired`) or by statistics.mixed_model"
                )));
            }
            of_row.push(Some(unit));
        }
        if without > 0 {
            notes.push(format!("{without} rows without a group or unit are left out"));
        }
        Ok(Units { levels, group, of_row })
    }
}

impl Units {
    /// The value of each unit in a series; none where it has no row.
    pub(super) fn values(&self, series: &Series, aggregate: Aggregate) -> Vec<Option<f64>> {
        let mut of_unit: Vec<Vec<f64>> = vec![Vec::new(); self.group.len()];
        for &(row, value) in &series.numbers {
            if let Some(unit) = self.of_row[row] {
                of_unit[unit].push(value);
            }
        }
        of_unit.into_iter().map(|values| middle(values, aggregate)).collect()
    }
}

/// Mean or median of some values, whatever their order; none of none.
pub(super) fn middle(mut values: Vec<f64>, aggregate: Aggregate) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let (&least, &largest) = (values.first()?, values.last()?);
    Some(match aggregate {
        Aggregate::Mean if least == largest => least,
        Aggregate::Mean => values.iter().sum::<f64>() / n as f64,
        Aggregate::Median => 0.5 * (values[(n - 1) / 2] + values[n / 2]),
    })
}

/// The pairs of levels that are compared, each with its control: all against `control`, else each against those before it.
///
/// # Errors
/// Fewer than two levels, or an unknown control.
pub(super) fn comparisons(
    column: &str,
    levels: &[String],
    control: Option<&str>,
) -> Result<Vec<(usize, usize)>, SampleError> {
    if let [] | [_] = levels {
        let found = levels.first().map_or_else(|| "no level".to_owned(), |level| format!("one level, `{level}`"));
        return Err(SampleError::input(format!("`{column}` has {found}; two groups or more are compared")));
    }
    let all = 0..levels.len();
    let Some(control) = control else {
        return Ok(all.clone().flat_map(|one| (0..one).map(move |other| (one, other))).collect());
    };
    let of_control = level_named(column, "control", levels, control)?;
    Ok(all.filter(|&level| level != of_control).map(|level| (level, of_control)).collect())
}

/// The level that a configuration names at `field`.
///
/// # Errors
/// There is none.
pub(super) fn level_named(column: &str, field: &str, levels: &[String], name: &str) -> Result<usize, SampleError> {
    let same_number = |known: &String| {
        let number = name.parse::<f64>().ok().map(level);
        known == name || number.as_ref() == Some(known)
    };
    levels.iter().position(same_number).ok_or_else(|| {
        let near = nearest(name, levels.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
        let near = near.unwrap_or_default();
        SampleError::input(format!(
            "`{field}`: `{column}` has no level `{name}`{near} (there are: {})",
            levels.join(", ")
        ))
    })
}

/// Numbers by size, texts by letters.
pub(super) fn in_order(levels: BTreeSet<String>) -> Vec<String> {
    let mut levels: Vec<String> = levels.into_iter().collect();
    let numbers: Option<Vec<f64>> = levels.iter().map(|level| level.parse().ok()).collect();
    if numbers.is_some() {
        let number = |level: &String| level.parse::<f64>().unwrap_or(f64::NAN);
        levels.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    levels
}
