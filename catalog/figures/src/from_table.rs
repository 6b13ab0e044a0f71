//! From the columns of a table to what is drawn.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type};

use crate::drawing::{Axis, Figure, Panel, Points, Series};
use crate::{Choices, FigureError, Mark};

/// More cannot be told apart, or make files that no viewer opens.
const MOST_PANELS: usize = 25;
const MOST_LINES: usize = 16;
const MOST_COLOURS: usize = 8;
const MOST_BARS: usize = 200;
const MOST_CELLS: usize = 250;
const MOST_POINTS: usize = 500_000;

pub(crate) fn check_size(table: &RecordBatch) -> Result<(), FigureError> {
    let (columns, rows) = (table.num_columns(), table.num_rows());
    if !(2..=4).contains(&columns) {
        return Err(FigureError::Columns { columns });
    }
    if rows > MOST_POINTS {
        return Err(FigureError::Rows { rows, most: MOST_POINTS });
    }
    Ok(())
}

/// The texts of a column, where there is one.
fn group(table: &RecordBatch, column: usize) -> Result<Vec<String>, FigureError> {
    match table.num_columns() > column {
        true => texts(table.column(column), table.schema().field(column)),
        false => Ok(vec![String::new(); table.num_rows()]),
    }
}

/// The figure, and how many rows have no place on its axes.
pub(crate) fn figure(table: &RecordBatch, choices: &Choices) -> Result<(Figure, usize), FigureError> {
    let schema = table.schema();
    let mut y = numbers(table.column(1), schema.field(1))?;
    let y_label = label(schema.field(1), rescale(&mut y, choices.log_y));
    let named = !is_number(schema.field(0));
    let mark = choices.mark.unwrap_or(if named { Mark::Bars } else { Mark::Lines });
    let (x, x_power) = match mark {
        Mark::Bars => (X::Names(texts(table.column(0), schema.field(0))?), 0),
        Mark::Lines | Mark::Points | Mark::Heatmap => {
            let mut x = numbers(table.column(0), schema.field(0))?;
            let power = rescale(&mut x, choices.log_x);
            (X::Numbers(x), power)
        }
    };
    let (colours, panels) = (group(table, 2)?, group(table, 3)?);
    let mut figure = Figure {
        title: choices.title.clone(),
        x: Axis { label: label(schema.field(0), x_power), logarithmic: choices.log_x, names: None },
        y: Axis { label: y_label, logarithmic: choices.log_y, names: None },
        colour: (table.num_columns() > 2).then(|| schema.field(2).name().clone()),
        mark,
        colours: distinct(&colours),
        panels: distinct(&panels).into_iter().map(|title| Panel { title, series: Vec::new() }).collect(),
    };
    let names = match &x {
        X::Names(names) => distinct(names).len(),
        X::Numbers(_) => 0,
    };
    let most_colours = if mark == Mark::Lines { MOST_LINES } else { MOST_COLOURS };
    for (what, found, most) in [
        ("colours", figure.colours.len(), most_colours),
        ("panels", figure.panels.len(), MOST_PANELS),
        ("groups of bars", names, MOST_BARS),
    ] {
        if found > most {
            return Err(FigureError::Several { what, found, most });
        }
    }
    if mark == Mark::Bars && choices.log_x {
        return Err(FigureError::LogarithmOfNames);
    }
    let mut left_out = 0;
    for row in 0..table.num_rows() {
        let has_place = |value: f64, axis: &Axis| value.is_finite() && (value > 0.0 || !axis.logarithmic);
        let is_drawn = has_place(y[row], &figure.y)
            && match &x {
                X::Names(_) => true,
                X::Numbers(x) => has_place(x[row], &figure.x),
            };
        left_out += usize::from(!is_drawn);
        let colour = figure.colours.iter().position(|colour| *colour == colours[row]).unwrap_or_default();
        let Some(panel) = figure.panels.iter_mut().find(|panel| panel.title == panels[row]) else {
            continue;
        };
        let series = panel.series_of(colour, mark == Mark::Bars);
        match (&mut series.points, &x) {
            // A line ends where a value is missing.
            (Points::Numbers(points), X::Numbers(x)) => points.push(is_drawn.then(|| (x[row], y[row]))),
            (Points::Named(bars), X::Names(x)) if is_drawn => {
                if bars.iter().any(|(name, _)| *name == x[row]) {
                    return Err(FigureError::SeveralForBar { name: x[row].clone() });
                }
                bars.push((x[row].clone(), y[row]));
            }
            _ => {}
        }
    }
    if left_out == table.num_rows() {
        return Err(FigureError::Nothing);
    }
    Ok((figure, left_out))
}

/// Values over a grid of x and y, which are numbers or names.
pub(crate) fn heatmap(table: &RecordBatch, choices: &Choices) -> Result<(Figure, usize), FigureError> {
    let schema = table.schema();
    if table.num_columns() < 3 {
        return Err(FigureError::HeatmapColumns);
    }
    if choices.log_x || choices.log_y {
        return Err(FigureError::HeatmapLogarithm);
    }
    let (across, columns) = places(table, 0)?;
    let (mut up, mut lines) = places(table, 1)?;
    if let (Places::Names(x), Places::Names(y)) = (&across, &mut up) {
        // A matrix has the same order both ways.
        let is_same = x.len() == y.len() && x.iter().all(|name| y.contains(name));
        if is_same {
            let of = |line: &Option<usize>| line.and_then(|line| x.iter().position(|name| *name == y[line]));
            lines = lines.iter().map(of).collect();
            y.clone_from(x);
        }
    }
    let values = numbers(table.column(2), schema.field(2))?;
    let titles = group(table, 3)?;
    let mut panels: Vec<Panel> = Vec::new();
    let mut left_out = 0;
    for row in 0..table.num_rows() {
        let panel = panels.iter().position(|panel| panel.title == titles[row]).unwrap_or_else(|| {
            let cells = vec![vec![f64::NAN; across.len()]; up.len()];
            let points = Points::Cells { cells, across: across.range(), up: up.range() };
            panels.push(Panel { title: titles[row].clone(), series: vec![Series { colour: 0, points }] });
            panels.len() - 1
        });
        let (Some(column), Some(line), true) = (columns[row], lines[row], values[row].is_finite()) else {
            left_out += 1;
            continue;
        };
        if let Points::Cells { cells, .. } = &mut panels[panel].series[0].points {
            // Rows are drawn from below, names are read from above.
            let from_below = if matches!(up, Places::Names(_)) { up.len() - 1 - line } else { line };
            if !cells[from_below][column].is_nan() {
                return Err(FigureError::SeveralForCell { x: across.told(column), y: up.told(line) });
            }
            cells[from_below][column] = values[row];
        }
    }
    if panels.len() > MOST_PANELS {
        return Err(FigureError::Several { what: "panels", found: panels.len(), most: MOST_PANELS });
    }
    if left_out == table.num_rows() {
        return Err(FigureError::Nothing);
    }
    // What colours mean has no other place.
    let value = label(schema.field(2), 0);
    for panel in &mut panels {
        panel.title = if panel.title.is_empty() { value.clone() } else { format!("{}: {value}", panel.title) };
    }
    let axis = |column: usize, names| Axis { label: label(schema.field(column), 0), logarithmic: false, names };
    let names_up = up.names().map(|names| names.into_iter().rev().collect());
    let (x, y) = (axis(0, across.names()), axis(1, names_up));
    let figure =
        Figure { title: choices.title.clone(), x, y, colour: None, mark: Mark::Heatmap, colours: Vec::new(), panels };
    Ok((figure, left_out))
}

/// Where cells of a heatmap lie along an axis.
enum Places {
    /// Evenly spaced.
    Numbers { points: Vec<f64>, step: f64 },
    /// In the order in which they come.
    Names(Vec<String>),
}

/// Of a column, and the place of each row.
fn places(table: &RecordBatch, column: usize) -> Result<(Places, Vec<Option<usize>>), FigureError> {
    let schema = table.schema();
    let (values, field) = (table.column(column), schema.field(column));
    let at_most = |found: usize| match found {
        found if found > MOST_CELLS => {
            Err(FigureError::Cells { column: field.name().clone(), found, most: MOST_CELLS })
        }
        _ => Ok(()),
    };
    if is_number(field) {
        let numbers = numbers(values, field)?;
        let mut points: Vec<f64> = numbers.iter().copied().filter(|value| value.is_finite()).collect();
        points.sort_by(f64::total_cmp);
        points.dedup();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Err(FigureError::NoNumbers { column: field.name().clone() });
        };
        at_most(points.len())?;
        let step = if points.len() > 1 { (last - first) / (points.len() - 1) as f64 } else { 1.0 };
        if points.windows(2).any(|pair| ((pair[1] - pair[0]) / step - 1.0).abs() > 0.01) {
            return Err(FigureError::Uneven { column: field.name().clone() });
        }
        let of_rows = numbers.iter().map(|value| points.iter().position(|point| point == value)).collect();
        return Ok((Places::Numbers { points, step }, of_rows));
    }
    let texts = texts(values, field)?;
    let is_there: Vec<bool> = (0..texts.len()).map(|row| !values.is_null(row)).collect();
    let there = texts.iter().zip(&is_there).filter(|(_, there)| **there).map(|(text, _)| text.clone());
    let names = distinct(&there.collect::<Vec<_>>());
    at_most(names.len())?;
    let of_row =
        |(text, there): (&String, &bool)| if *there { names.iter().position(|name| name == text) } else { None };
    let of_rows = texts.iter().zip(&is_there).map(of_row).collect();
    Ok((Places::Names(names), of_rows))
}

impl Places {
    fn len(&self) -> usize {
        match self {
            Self::Numbers { points, .. } => points.len(),
            Self::Names(names) => names.len(),
        }
    }

    /// From the edge of the first cell to that of the last.
    fn range(&self) -> (f64, f64) {
        match self {
            Self::Numbers { points, step } => (points[0] - 0.5 * step, points[points.len() - 1] + 0.5 * step),
            // Names are drawn at 1, 2, ...
            Self::Names(names) => (0.5, names.len() as f64 + 0.5),
        }
    }

    fn told(&self, place: usize) -> String {
        match self {
            Self::Numbers { points, .. } => points[place].to_string(),
            Self::Names(names) => format!("`{}`", names[place]),
        }
    }

    fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::Numbers { .. } => None,
            Self::Names(names) => Some(names.clone()),
        }
    }
}

enum X {
    Numbers(Vec<f64>),
    Names(Vec<String>),
}

impl Panel {
    fn series_of(&mut self, colour: usize, named: bool) -> &mut Series {
        let at = self.series.iter().position(|series| series.colour == colour).unwrap_or_else(|| {
            let points = if named { Points::Named(Vec::new()) } else { Points::Numbers(Vec::new()) };
            self.series.push(Series { colour, points });
            self.series.len() - 1
        });
        &mut self.series[at]
    }
}

fn is_number(field: &Field) -> bool {
    field.data_type().is_numeric()
}

/// NaN where there is none.
fn numbers(column: &ArrayRef, field: &Field) -> Result<Vec<f64>, FigureError> {
    if !is_number(field) {
        let (column, data_type) = (field.name().clone(), field.data_type().clone());
        return Err(FigureError::NotNumbers { column, data_type });
    }
    let cast = cast(column, &DataType::Float64)
        .map_err(|error| FigureError::Values { column: field.name().clone(), message: error.to_string() })?;
    let numbers = cast.as_primitive::<Float64Type>();
    Ok((0..numbers.len()).map(|row| if numbers.is_null(row) { f64::NAN } else { numbers.value(row) }).collect())
}

fn texts(column: &ArrayRef, field: &Field) -> Result<Vec<String>, FigureError> {
    let failed = |error: &dyn std::fmt::Display| FigureError::Values {
        column: field.name().clone(),
        message: error.to_string(),
    };
    let cast = cast(column, &DataType::Utf8).map_err(|error| failed(&error))?;
    let texts = cast.as_string_opt::<i32>().ok_or_else(|| failed(&"it holds no texts"))?;
    Ok(texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}

/// The name and unit of values that were divided by a power of ten.
fn label(field: &Field, power: i32) -> String {
    let unit = field.metadata().get("unit");
    let name = unit.map_or(field.name().as_str(), |unit| without_unit(field.name(), unit));
    match (unit, power) {
        (Some(unit), 0) => format!("{name} ({unit})"),
        (Some(unit), _) => format!("{name} (1e{power} {unit})"),
        (None, 0) => name.to_owned(),
        (None, _) => format!("{name} (1e{power})"),
    }
}

/// `rate` of `rate_hz`.
fn without_unit<'a>(name: &'a str, unit: &str) -> &'a str {
    match name.rsplit_once('_') {
        Some((name, last)) if last.eq_ignore_ascii_case(unit) => name,
        _ => name,
    }
}

/// Divides values by a power of a thousand, and returns its exponent: axes end at 1e-10.
fn rescale(values: &mut [f64], logarithmic: bool) -> i32 {
    let sizes = values.iter().map(|value| value.abs()).filter(|size| *size > 0.0 && size.is_finite());
    // Of a linear axis the largest value has to be well above that, of a logarithmic one the least.
    let (size, least) = match logarithmic {
        true => (sizes.fold(f64::INFINITY, f64::min), 1e-9),
        false => (sizes.fold(0.0, f64::max), 1e-6),
    };
    if !(size > 0.0 && size < least) {
        return 0;
    }
    let power = 3 * (size.log10() / 3.0).floor() as i32;
    // In two steps: the whole factor may be infinite.
    let (half, rest) = (-power / 2, -power - -power / 2);
    values.iter_mut().for_each(|value| *value = *value * 10f64.powi(half) * 10f64.powi(rest));
    power
}

/// In the order in which they come.
fn distinct(values: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    values.iter().filter(|value| seen.insert(value.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests;
