//! What was recorded against files of Brian2: spikes exactly, numbers within a tolerance.

use lapicque_equations::network::{EventRecord, RateRecord, RecordedVariable, Recording, StateRecord};
use serde_json::Value as Json;

use super::Spec;
use super::convert::{list, monitor_name, text};
use super::table::Table;

/// How near values have to be.
#[derive(Clone, Copy)]
pub(crate) struct Tolerance {
    /// As part of the value. Where it is below a thousandth of the largest one of its column, as part of that.
    pub(crate) relative: f64,
    /// In SI units, besides.
    pub(crate) absolute: f64,
}

/// How many numbers were compared; or the first that differs.
pub(crate) type Compared = Result<usize, String>;

/// Compares all that a specification has files of.
pub(crate) fn all(spec: &Spec, recording: &Recording, tolerance: Tolerance) -> Compared {
    let mut compared = 0;
    for monitor in list(&spec.json["monitors"]) {
        let kind = text(&monitor["kind"]);
        let name = monitor_name(monitor, kind);
        let table = expected(spec, &name)?;
        let found = match kind {
            "spike" => events(named(&recording.spikes, &name, |record| &record.name)?, &table, tolerance),
            "event" => events(named(&recording.events, &name, |record| &record.name)?, &table, tolerance),
            "state" => states(named(&recording.states, &name, |record| &record.name)?, &table, tolerance),
            "rate" => rates(recording, &name, &table),
            other => Err(format!("a monitor of the kind {other}")),
        };
        compared += found.map_err(|difference| format!("{name}: {difference}"))?;
    }
    for last in list(&spec.json["final"]) {
        let name = monitor_name(last, "final");
        let table = expected(spec, &name)?;
        let found = finals(named(&recording.last, &name, |record| &record.name)?, &table, tolerance);
        compared += found.map_err(|difference| format!("{name}: {difference}"))?;
    }
    Ok(compared)
}

/// The file of a monitor.
pub(crate) fn expected(spec: &Spec, name: &str) -> Result<Table, String> {
    match &spec.json["expected_files"][name] {
        Json::String(file) => Ok(Table::read(&spec.folder.join(file))),
        _ => Err(format!("no file of {name}")),
    }
}

fn named<'a, T>(records: &'a [T], name: &str, of: impl Fn(&T) -> &String) -> Result<&'a T, String> {
    records.iter().find(|record| of(record) == name).ok_or_else(|| format!("{name} was not recorded"))
}

/// Events: who, in which step, and the values of variables.
pub(crate) fn events(record: &EventRecord, table: &Table, tolerance: Tolerance) -> Compared {
    let (elements, times) = (table.column("i"), table.column("t_s"));
    let of_found = record.elements.iter().map(|element| f64::from(*element));
    let mut found: Vec<(f64, f64)> = of_found.zip(record.times.iter().copied()).collect();
    let mut expected: Vec<(f64, f64)> = elements.iter().copied().zip(times.iter().copied()).collect();
    if record.one_dt {
        // Steps, which are whole numbers, say the same more strictly than times do.
        for (event, step) in found.iter_mut().zip(&record.steps) {
            event.1 = *step as f64;
        }
        for event in &mut expected {
            event.1 = (event.1 / record.dt).round();
        }
    }
    let near = |a: f64, b: f64| if record.one_dt { a == b } else { (a - b).abs() < 1e-9 };
    for (number, (a, b)) in found.iter().zip(&expected).enumerate() {
        if a.0 != b.0 || !near(a.1, b.1) {
            return Err(format!("event {number} is {a:?} instead of {b:?}"));
        }
    }
    if found.len() != expected.len() {
        return Err(format!("{} events instead of {}", found.len(), expected.len()));
    }
    let mut compared = 2 * found.len();
    for name in table.names.iter().filter(|name| !["i", "t_s"].contains(&name.as_str())) {
        let found = &variable(&record.variables, name)?.values;
        compared += values(name, found.iter().copied(), table.column(name), times, tolerance)?;
    }
    Ok(compared)
}

/// Variables over time.
pub(crate) fn states(record: &StateRecord, table: &Table, tolerance: Tolerance) -> Compared {
    let times = table.column("t_s");
    let strict = Tolerance { relative: 1e-13, absolute: 1e-13 };
    let mut compared = values("t_s", record.times.iter().copied(), times, times, strict)?;
    for name in table.names.iter().filter(|name| *name != "t_s") {
        let (base, element) = match name.split_once('[') {
            None => (name.as_str(), None),
            Some((base, rest)) => (base, rest.strip_suffix(']').and_then(|number| number.parse::<u32>().ok())),
        };
        let variable = variable(&record.variables, base)?;
        let place = record.elements.iter().position(|other| variable.shared || Some(*other) == element);
        let place = place.ok_or_else(|| format!("{name} was not recorded"))?;
        let width = if variable.shared { 1 } else { record.elements.len() };
        let found = variable.values.iter().skip(place).step_by(width).copied();
        compared += values(name, found, table.column(name), times, tolerance)?;
    }
    Ok(compared)
}

fn rates(recording: &Recording, name: &str, table: &Table) -> Compared {
    let times = table.column("t_s");
    let mut compared = 0;
    for column in table.names.iter().filter(|column| *column != "t_s") {
        let smoothed = column.strip_prefix("smooth_").map(|window| format!("{name}_{window}"));
        let monitor = smoothed.unwrap_or_else(|| name.to_owned());
        let record: &RateRecord = named(&recording.rates, &monitor, |record| &record.name)?;
        let strict = Tolerance { relative: 1e-13, absolute: 1e-13 };
        compared += values("t_s", record.times.iter().copied(), times, times, strict)?;
        let allowed = Tolerance { relative: 1e-9, absolute: 0.0 };
        compared += values(column, record.rates.iter().copied(), table.column(column), times, allowed)?;
    }
    Ok(compared)
}

fn finals(record: &StateRecord, table: &Table, tolerance: Tolerance) -> Compared {
    let mut compared = 0;
    let elements: Vec<f64> = (0..table.rows()).map(|number| number as f64).collect();
    for name in &table.names {
        let variable = variable(&record.variables, name)?;
        let expected = table.column(name);
        // A shared value stands in each row.
        let found = match variable.values.as_slice() {
            [value] if variable.shared => vec![*value; table.rows()],
            values => values.to_vec(),
        };
        let found = found.into_iter();
        compared += values(name, found, expected, &elements, tolerance)?;
    }
    Ok(compared)
}

fn variable<'a>(variables: &'a [RecordedVariable], name: &str) -> Result<&'a RecordedVariable, String> {
    variables.iter().find(|variable| variable.name == name).ok_or_else(|| format!("{name} was not recorded"))
}

/// One column.
fn values(
    name: &str,
    found: impl ExactSizeIterator<Item = f64>,
    expected: &[f64],
    places: &[f64],
    tolerance: Tolerance,
) -> Compared {
    if found.len() != expected.len() {
        return Err(format!("{name} has {} values instead of {}", found.len(), expected.len()));
    }
    let size = expected.iter().map(|value| value.abs()).filter(|value| value.is_finite()).fold(0.0, f64::max);
    for ((a, b), place) in found.zip(expected).zip(places) {
        let allowed = tolerance.absolute + tolerance.relative * b.abs().max(1e-3 * size);
        let same = a == *b || (a.is_nan() && b.is_nan());
        // Not a number is near to nothing.
        let near = (a - b).abs() <= allowed;
        if !same && !near {
            return Err(format!("{name} at {place} is {a} instead of {b}, {:e} apart", (a - b).abs()));
        }
    }
    Ok(expected.len())
}
