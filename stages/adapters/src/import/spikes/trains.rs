//! Files with spikes, whatever their format, as trains.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_recording::TimeUnit;
use lapicque_recording::spikes::{SpikeColumns, SpikeTableError, Trains, read_spike_npy, read_spike_table};

use super::FIELD;
use crate::import::files::text::separator;
use crate::import::files::{as_text, file_error, read_columns};

/// What the configuration says of the columns.
pub(super) struct Wanted<'a> {
    pub(super) time: Option<&'a str>,
    pub(super) unit_of_time: Option<TimeUnit>,
    pub(super) unit: Option<&'a str>,
    pub(super) of_population: Option<&'a str>,
    /// Where the file names none.
    pub(super) population: &'a str,
}

impl Wanted<'_> {
    fn columns(&self, names: &[&str]) -> Result<SpikeColumns, SpikeTableError> {
        SpikeColumns::of(names, self.time, self.unit_of_time, (self.unit, self.of_population))
    }
}

/// The trains of a file, by sample, and what is to be told of it.
pub(super) fn trains_of(file: &FileRef, wanted: &Wanted<'_>) -> Result<(Trains, Vec<String>), ConfigError> {
    let fail = |error: &dyn std::fmt::Display| file_error(FIELD, file, error);
    let extension = file.extension();
    match (separator(&extension), extension.as_str()) {
        (Some(separator), _) => {
            let read = file
                .read(|reader| read_spike_table(reader, separator, |names| wanted.columns(names), wanted.population));
            let read = read.map_err(|error| fail(&error))?;
            let (trains, columns, mut notes) = read.map_err(|error| at_field(error, file))?;
            notes.extend(without_units(&columns));
            Ok((trains, notes))
        }
        (None, "npy") => {
            let no_columns = [("time_column", wanted.time), ("neuron_column", wanted.unit)];
            let no_columns = no_columns.into_iter().chain([("population_column", wanted.of_population)]);
            if let Some((field, _)) = no_columns.into_iter().find(|(_, column)| column.is_some()) {
                return Err(ConfigError::at(field, format!("`{}` is an array and has no columns", file.name)));
            }
            let unit = wanted.unit_of_time.ok_or_else(|| {
                ConfigError::at("time_unit", format!("`{}` does not say its unit of time: s, ms, us or ns", file.name))
            })?;
            let read = file.read(|reader| read_spike_npy(reader, unit, wanted.population));
            let trains = read.map_err(|error| fail(&error))?.map_err(|error| fail(&error))?;
            Ok((trains, Vec::new()))
        }
        (None, "parquet" | "arrow" | "feather") => {
            let chunks = read_columns(file, FIELD)?;
            let table = chunks.join().map_err(|error| fail(&error))?;
            let schema = table.schema();
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let columns = wanted.columns(&names).map_err(|error| at_field(error, file))?;
            let trains = of_table(&table, &columns, wanted.population).map_err(|error| fail(&error))?;
            Ok((trains, without_units(&columns).into_iter().collect()))
        }
        (None, "nwb") => {
            let read = file.read(lapicque_recording::read_nwb_units).map_err(|error| fail(&error))?;
            let mut trains = Trains::default();
            for unit in read.map_err(|error| fail(&error))? {
                let train = trains.of("", wanted.population, &unit.id.to_string());
                train.times_ms.extend(unit.times_s.iter().map(|time_s| time_s * 1e3));
            }
            Ok((trains, Vec::new()))
        }
        (None, other) => {
            Err(fail(&format!("`.{other}` is not read; .csv, .tsv, .npy, .nwb, .parquet, .arrow and .feather are")))
        }
    }
}

/// An error at the field that can set it right.
fn at_field(error: SpikeTableError, file: &FileRef) -> ConfigError {
    let field = match &error {
        SpikeTableError::NoTimes { .. } | SpikeTableError::SeveralTimes { .. } => "time_column",
        SpikeTableError::NoUnit { .. } | SpikeTableError::OtherUnit { .. } => "time_unit",
        _ => FIELD,
    };
    file_error(field, file, error)
}

fn without_units(columns: &SpikeColumns) -> Option<String> {
    let note = "no column says which unit fired: all spikes are of one (`neuron_column` names it)";
    columns.unit.is_none().then(|| note.to_owned())
}

/// The trains of a table with a row per spike, or per unit with a list of times.
fn of_table(table: &RecordBatch, columns: &SpikeColumns, population: &str) -> Result<Trains, String> {
    let column = |name: &str| table.column_by_name(name).ok_or_else(|| format!("it has no column `{name}`"));
    let names = |name: &Option<String>| name.as_ref().map(|name| texts(name, column(name)?)).transpose();
    let [units, populations, samples] = [&columns.unit, &columns.population, &columns.sample].map(names);
    let (units, populations, samples) = (units?, populations?, samples?);
    let text = |texts: &Option<ArrayRef>, row: usize, or: &str| {
        texts.as_ref().map_or_else(|| or.to_owned(), |texts| texts.as_string::<i32>().value(row).to_owned())
    };
    let time = column(&columns.time)?;
    let lists = lists(&columns.time, time)?;
    let mut trains = Trains::default();
    for (row, range) in lists.ranges.iter().enumerate() {
        // Without a name, each list is a unit of its own.
        let own = if lists.are_lists { row.to_string() } else { "0".to_owned() };
        let unit = text(&units, row, &own);
        let train = trains.of(&text(&samples, row, ""), &text(&populations, row, population), &unit);
        for place in range.clone() {
            let time = lists.times.value(place);
            if lists.times.is_null(place) || !time.is_finite() {
                return Err(format!("row {}, column `{}`: a time is missing or not finite", row + 1, columns.time));
            }
            train.times_ms.push(columns.in_ms(time));
        }
    }
    Ok(trains)
}

/// Times, and which of them are of each row.
struct Lists {
    times: arrow_array::Float64Array,
    ranges: Vec<std::ops::Range<usize>>,
    are_lists: bool,
}

fn lists(name: &str, array: &ArrayRef) -> Result<Lists, String> {
    let wrong = || format!("column `{name}` is {}; numbers or lists of numbers are due", array.data_type());
    let (times, ranges, are_lists) = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let ends = list.value_offsets().windows(2);
            (list.values().clone(), ends.map(|ends| ends[0] as usize..ends[1] as usize).collect(), true)
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let ends = list.value_offsets().windows(2);
            (list.values().clone(), ends.map(|ends| ends[0] as usize..ends[1] as usize).collect(), true)
        }
        number if number.is_numeric() => (array.clone(), (0..array.len()).map(|row| row..row + 1).collect(), false),
        _ => return Err(wrong()),
    };
    if array.null_count() > 0 {
        return Err(format!("column `{name}` has {} null values; none are allowed", array.null_count()));
    }
    if !times.data_type().is_numeric() {
        return Err(wrong());
    }
    let times = cast(&times, &DataType::Float64).map_err(|error| error.to_string())?;
    Ok(Lists { times: times.as_primitive::<Float64Type>().clone(), ranges, are_lists })
}

/// A column of names, also where they are whole numbers.
fn texts(name: &str, array: &ArrayRef) -> Result<ArrayRef, String> {
    let text = as_text(array).ok_or_else(|| format!("column `{name}` is {}; names are due", array.data_type()))?;
    let text = text.map_err(|error| error.to_string())?;
    match text.null_count() {
        0 => Ok(text),
        nulls => Err(format!("column `{name}` has {nulls} null values; none are allowed")),
    }
}
