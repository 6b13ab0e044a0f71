//! Files with a row per spike: delimited text, and arrays of NumPy.

use std::collections::HashMap;
use std::io::{BufRead, Read, Seek};

use super::Train;
use crate::delimited::{DelimitedError, Number, Separator, Table, number, shortened};
use crate::npy::{NpyError, read_npy};
use crate::{Recording, TimeUnit};

/// Names of columns of times, which may end with their unit as `time_s` does.
const TIMES: [&str; 9] =
    ["time", "times", "t", "spike_time", "spike_times", "spiketime", "spiketimes", "timestamp", "timestamps"];
/// Names of columns that say which unit fired.
const UNITS: [&str; 15] = [
    "neuron",
    "neuron_id",
    "unit",
    "unit_id",
    "unit_name",
    "id",
    "ids",
    "gid",
    "sender",
    "senders",
    "cluster",
    "cluster_id",
    "train",
    "spiketrain",
    "source_id",
];
const POPULATION: &str = "population";
const SAMPLE: &str = "sample";

/// Which columns are read.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeColumns {
    /// Of times; found by its name where none is given.
    pub time: String,
    /// The unit of times.
    pub unit_of_time: TimeUnit,
    /// Of units; all spikes are of one unit where there is none.
    pub unit: Option<String>,
    /// Of populations.
    pub population: Option<String>,
    /// Of samples, where a file has several.
    pub sample: Option<String>,
}

/// The trains of each sample of a file, in order of first appearance; one without a name where the file has no column of samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trains {
    /// Name and trains.
    pub samples: Vec<(String, Vec<Train>)>,
    places: HashMap<String, usize>,
    /// By sample, population and unit.
    units: HashMap<(usize, String, String), usize>,
}

/// Why a file of spikes cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum SpikeTableError {
    #[error(transparent)]
    Text(#[from] DelimitedError),
    #[error(transparent)]
    Npy(#[from] NpyError),
    #[error("it has no column `{column}` (columns: {present})")]
    NoColumn { column: String, present: String },
    #[error("no column is one of times, such as `time_ms` (columns: {present}); name it by `time_column`")]
    NoTimes { present: String },
    #[error("there are several columns of times: {}; name one by `time_column`", columns.join(", "))]
    SeveralTimes { columns: Vec<String> },
    #[error("the times of `{column}` have no unit; give `time_unit`: s, ms, us or ns")]
    NoUnit { column: String },
    #[error("`time_unit` is {stated}, but `{column}` ends with {found}; leave `time_unit` out")]
    OtherUnit { column: String, stated: &'static str, found: &'static str },
    #[error("line {line}, column `{column}`: `{found}`; {due}")]
    Cell { line: u64, column: String, found: String, due: &'static str },
    #[error("the array has {rows} rows; times alone, or times and numbers of units as 2 x n, are read")]
    Rows { rows: usize },
    #[error("the second row has the number {value} at place {place}; whole numbers of units are due")]
    NoNumber { value: f64, place: usize },
}

impl SpikeColumns {
    /// The columns of a file, by their names and by those that are given.
    ///
    /// # Errors
    /// Columns that are given and not there; none or several of times; times without a unit.
    pub fn of(
        names: &[&str],
        time: Option<&str>,
        unit_of_time: Option<TimeUnit>,
        (unit, population): (Option<&str>, Option<&str>),
    ) -> Result<Self, SpikeTableError> {
        let present = || names.join(", ");
        let given = |column: Option<&str>| match column {
            Some(column) if !names.contains(&column) => {
                Err(SpikeTableError::NoColumn { column: column.to_owned(), present: present() })
            }
            column => Ok(column.map(str::to_owned)),
        };
        let time = match given(time)? {
            Some(time) => time,
            None => {
                let times: Vec<&str> = names.iter().copied().filter(|name| is_of_times(name)).collect();
                match times.as_slice() {
                    [] => return Err(SpikeTableError::NoTimes { present: present() }),
                    [one] => (*one).to_owned(),
                    several => {
                        let columns = several.iter().map(|&name| name.to_owned()).collect();
                        return Err(SpikeTableError::SeveralTimes { columns });
                    }
                }
            }
        };
        let unit_of_time = match (unit_at_end(&time), unit_of_time) {
            (None, None) => return Err(SpikeTableError::NoUnit { column: time }),
            (Some(found), Some(stated)) if found != stated => {
                let (stated, found) = (stated.symbol(), found.symbol());
                return Err(SpikeTableError::OtherUnit { column: time, stated, found });
            }
            (found, stated) => stated.or(found).unwrap_or(TimeUnit::Milliseconds),
        };
        let known = |names_known: &[&str]| {
            names_known.iter().find(|known| names.contains(known)).map(|&known| known.to_owned())
        };
        let unit = match given(unit)? {
            Some(unit) => Some(unit),
            None => known(&UNITS),
        };
        let population = match given(population)? {
            Some(population) => Some(population),
            None => known(&[POPULATION]),
        };
        Ok(Self { time, unit_of_time, unit, population, sample: known(&[SAMPLE]) })
    }

    /// A time of the file in ms.
    pub fn in_ms(&self, time: f64) -> f64 {
        in_ms(time, self.unit_of_time)
    }
}

impl Trains {
    /// The train of a unit, which is made where there is none yet.
    pub fn of(&mut self, sample: &str, population: &str, unit: &str) -> &mut Train {
        let place = match self.places.get(sample) {
            Some(&place) => place,
            None => {
                self.samples.push((sample.to_owned(), Vec::new()));
                self.places.insert(sample.to_owned(), self.samples.len() - 1);
                self.samples.len() - 1
            }
        };
        let trains = &mut self.samples[place].1;
        let number = *self.units.entry((place, population.to_owned(), unit.to_owned())).or_insert_with(|| {
            trains.push(Train { population: population.to_owned(), unit: unit.to_owned(), times_ms: Vec::new() });
            trains.len() - 1
        });
        &mut trains[number]
    }
}

/// Reads delimited text with a row per spike; spikes without a population are of `population`.
///
/// # Errors
/// Those of [`SpikeColumns::of`], what is no text, and times that are no numbers.
pub fn read_spike_table(
    reader: impl BufRead,
    separator: Separator,
    columns: impl FnOnce(&[&str]) -> Result<SpikeColumns, SpikeTableError>,
    population: &str,
) -> Result<(Trains, SpikeColumns, Vec<String>), SpikeTableError> {
    const DUE: &str = "a time is a number";
    let mut table = Table::new(reader, separator)?;
    let names: Vec<String> = table.names().to_vec();
    let columns = columns(&names.iter().map(String::as_str).collect::<Vec<&str>>())?;
    let place = |column: &Option<String>| column.as_ref().and_then(|column| names.iter().position(|n| n == column));
    let time = names.iter().position(|name| *name == columns.time);
    let [unit, of_population, sample] = [&columns.unit, &columns.population, &columns.sample].map(place);
    let mut trains = Trains::default();
    while let Some(row) = table.next_row()? {
        let cells: Vec<&str> = row.cells().map(|cell| cell.text).collect();
        let cell = |place: Option<usize>| place.and_then(|place| cells.get(place).copied());
        let written = cell(time).unwrap_or_default();
        let time = match number(written) {
            Some(Number::Value(value)) if value.is_finite() => columns.in_ms(value),
            _ => {
                let (column, found) = (columns.time.clone(), shortened(written));
                return Err(SpikeTableError::Cell { line: row.line, column, found, due: DUE });
            }
        };
        for (place, column) in [(unit, &columns.unit), (sample, &columns.sample)] {
            if cell(place).is_some_and(str::is_empty) {
                let column = column.clone().unwrap_or_default();
                let due = "each spike is of one";
                return Err(SpikeTableError::Cell { line: row.line, column, found: String::new(), due });
            }
        }
        let of_population = cell(of_population).filter(|name| !name.is_empty()).unwrap_or(population);
        let sample = cell(sample).unwrap_or_default();
        trains.of(sample, of_population, cell(unit).unwrap_or(ONE)).times_ms.push(time);
    }
    let notes = table.notes().to_vec();
    Ok((trains, columns, notes))
}

/// What the only unit of a file is called that does not tell units apart.
const ONE: &str = "0";

/// Reads an array of times, or of times and numbers of units as 2 x n.
///
/// # Errors
/// What is no such array.
pub fn read_spike_npy<R: Read + Seek>(
    reader: &mut R,
    unit_of_time: TimeUnit,
    population: &str,
) -> Result<Trains, SpikeTableError> {
    // The rate plays no part.
    let Recording { channels, .. } = read_npy(reader, 1.0)?;
    let (times, units) = match channels.as_slice() {
        [times] => (times, None),
        [times, units] => (times, Some(units)),
        several => return Err(SpikeTableError::Rows { rows: several.len() }),
    };
    let mut trains = Trains::default();
    for (place, &time) in times.samples.iter().enumerate() {
        let unit = match units.map(|units| units.samples[place]) {
            None => ONE.to_owned(),
            Some(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
            Some(value) => return Err(SpikeTableError::NoNumber { value, place }),
        };
        trains.of("", population, &unit).times_ms.push(in_ms(time, unit_of_time));
    }
    Ok(trains)
}

fn in_ms(time: f64, unit: TimeUnit) -> f64 {
    // Divisions by powers of ten are rounded once, products with their inverses twice.
    match unit {
        TimeUnit::Seconds => time * 1e3,
        TimeUnit::Milliseconds => time,
        TimeUnit::Microseconds => time / 1e3,
        TimeUnit::Nanoseconds => time / 1e6,
    }
}

fn is_of_times(name: &str) -> bool {
    let plain = match (unit_at_end(name), name.rsplit_once('_')) {
        (Some(_), Some((plain, _))) => plain,
        _ => name,
    };
    TIMES.iter().any(|known| plain.eq_ignore_ascii_case(known))
}

fn unit_at_end(name: &str) -> Option<TimeUnit> {
    let (_, end) = name.rsplit_once('_')?;
    [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds]
        .into_iter()
        .find(|unit| unit.symbol() == end)
}
