//! Signals as a Parquet table: `values`, and optionally `sample`, `channel`, `epoch`, `t0`, `dt` (ms) and `unit`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use indexmap::IndexMap;
use lapicque_schemas::tables::signals::Signal;

use crate::import::files::{Chunks, as_text};

const COLUMNS: [&str; 7] = ["sample", "channel", "epoch", "t0", "dt", "unit", "values"];

/// Relative: more is another interval.
const SAME_INTERVAL: f64 = 1e-6;

/// What the file may leave open.
pub(super) struct Given<'a> {
    pub(super) dt_ms: Option<f64>,
    pub(super) unit: &'a str,
}

/// Signals by sample, in order of first appearance, and remarks.
pub(super) struct Samples {
    pub(super) samples: IndexMap<String, OfSample>,
    pub(super) notes: Vec<String>,
}

/// The signals of a sample, and the numbers of their rows.
#[derive(Default)]
pub(super) struct OfSample {
    pub(super) rows: Vec<u64>,
    pub(super) signals: Vec<Signal<'static>>,
}

/// Reads the signals of a table, or of those of its rows that have these numbers.
pub(super) fn read(chunks: &Chunks, given: &Given<'_>, numbers: Option<&[u64]>) -> Result<Samples, String> {
    let names: Vec<&str> = chunks.schema.fields().iter().map(|f| f.name().as_str()).collect();
    if !names.contains(&"values") {
        return Err(format!("it has no column `values`, a list of numbers per signal (columns: {})", names.join(", ")));
    }
    if let Some(twice) = COLUMNS.iter().find(|column| names.iter().filter(|name| name == column).count() > 1) {
        return Err(format!("it has the column `{twice}` twice"));
    }
    let mut notes = Vec::new();
    let ignored: Vec<&str> = names.iter().copied().filter(|name| !COLUMNS.contains(name)).collect();
    if !ignored.is_empty() {
        notes.push(format!("columns that are not read: {}", ignored.join(", ")));
    }
    // Features need no time; what does need it refuses the unknown interval.
    if !names.contains(&"dt") && given.dt_ms.is_none() {
        notes.push(
            "there is no column `dt` (ms) and no `sampling_rate`: the interval between values is unknown".to_owned(),
        );
    }
    let mut samples: IndexMap<String, OfSample> = IndexMap::new();
    let mut counts: HashMap<(String, String), i32> = HashMap::new();
    let mut seen = HashSet::new();
    let mut first_row = 0;
    for batch in &chunks.batches {
        let columns = Columns::of(batch)?;
        for row in 0..batch.num_rows() {
            let number = match numbers {
                None => (first_row + row) as u64,
                Some(numbers) => numbers.get(first_row + row).copied().unwrap_or(0),
            };
            let in_row = |message: String| format!("row {}: {message}", number + 1);
            let sample = columns
                .sample
                .as_ref()
                .map_or_else(|| number.to_string(), |c| c.as_string::<i32>().value(row).to_owned());
            let channel =
                columns.channel.as_ref().map_or_else(|| "0".to_owned(), |c| c.as_string::<i32>().value(row).to_owned());
            let epoch = match &columns.epoch {
                Some(epoch) => epoch.as_primitive::<Int32Type>().value(row),
                None => {
                    let count = counts.entry((sample.clone(), channel.clone())).or_default();
                    *count += 1;
                    *count - 1
                }
            };
            if !seen.insert((sample.clone(), channel.clone(), epoch)) {
                return Err(in_row(format!("sample `{sample}`, channel `{channel}`, epoch {epoch} is there twice")));
            }
            let float = |column: &Option<ArrayRef>, or: f64| {
                column.as_ref().map_or(or, |c| c.as_primitive::<Float64Type>().value(row))
            };
            let dt_ms = float(&columns.dt, given.dt_ms.unwrap_or(f64::NAN));
            if columns.dt.is_some() && !(dt_ms > 0.0 && dt_ms.is_finite()) {
                return Err(in_row(format!("`dt` = {dt_ms} ms; it must be finite and above 0")));
            }
            if let Some(stated) = given.dt_ms.filter(|stated| (dt_ms / stated - 1.0).abs() > SAME_INTERVAL) {
                let message = format!("`dt` = {dt_ms} ms, but `sampling_rate` says {} ms; leave it out", stated);
                return Err(in_row(message));
            }
            let t0_ms = float(&columns.t0, 0.0);
            if !t0_ms.is_finite() {
                return Err(in_row(format!("`t0` = {t0_ms} ms; it must be finite")));
            }
            let unit = columns.unit.as_ref().map_or(given.unit, |c| c.as_string::<i32>().value(row)).to_owned();
            let values = values_of(&columns.values, row).map_err(in_row)?;
            let of_sample = samples.entry(sample).or_default();
            of_sample.rows.push(number);
            of_sample.signals.push(Signal {
                channel: channel.into(),
                epoch,
                t0_ms,
                dt_ms,
                unit: unit.into(),
                values: Cow::Owned(values),
            });
        }
        first_row += batch.num_rows();
    }
    if samples.is_empty() {
        return Err("it has no rows".to_owned());
    }
    Ok(Samples { samples, notes })
}

struct Columns {
    sample: Option<ArrayRef>,
    channel: Option<ArrayRef>,
    epoch: Option<ArrayRef>,
    t0: Option<ArrayRef>,
    dt: Option<ArrayRef>,
    unit: Option<ArrayRef>,
    values: ArrayRef,
}

impl Columns {
    fn of(batch: &RecordBatch) -> Result<Self, String> {
        let values = batch.column_by_name("values").ok_or("it has no column `values`")?;
        let item = match values.data_type() {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => item.data_type(),
            other => other,
        };
        if item == values.data_type() || !(item.is_floating() || item.is_integer()) {
            return Err(format!("`values` is {}; a list of float32 or float64 is due", values.data_type()));
        }
        Ok(Self {
            sample: text(batch, "sample")?,
            channel: text(batch, "channel")?,
            epoch: number(batch, "epoch", &DataType::Int32)?,
            t0: number(batch, "t0", &DataType::Float64)?,
            dt: number(batch, "dt", &DataType::Float64)?,
            unit: text(batch, "unit")?,
            values: values.clone(),
        })
    }
}

fn text(batch: &RecordBatch, name: &str) -> Result<Option<ArrayRef>, String> {
    let Some(array) = batch.column_by_name(name) else {
        return Ok(None);
    };
    let text = as_text(array).ok_or_else(|| format!("`{name}` is {}; text is due", array.data_type()))?;
    without_nulls(name, text.map_err(|error| error.to_string())?).map(Some)
}

fn number(batch: &RecordBatch, name: &str, due: &DataType) -> Result<Option<ArrayRef>, String> {
    let Some(array) = batch.column_by_name(name) else {
        return Ok(None);
    };
    let found = array.data_type();
    if !(found.is_integer() || found.is_floating()) {
        return Err(format!("`{name}` is {found}; {due} is due"));
    }
    let array = without_nulls(name, array.clone())?;
    if due.is_integer() && found.is_floating() {
        let floats = cast(&array, &DataType::Float64).map_err(|error| error.to_string())?;
        // Data frames have whole numbers as floats where a value was missing once.
        if let Some(row) = floats.as_primitive::<Float64Type>().values().iter().position(|value| value.fract() != 0.0) {
            return Err(format!("`{name}` is {found}, and not whole in row {}; whole numbers are due", row + 1));
        }
    }
    without_nulls(name, cast(&array, due).map_err(|error| error.to_string())?).map(Some)
}

fn without_nulls(name: &str, array: ArrayRef) -> Result<ArrayRef, String> {
    match array.null_count() {
        0 => Ok(array),
        nulls => Err(format!("`{name}` has {nulls} values that are null or too large; none are allowed")),
    }
}

/// The values of one signal; NaN where one is missing.
fn values_of(column: &ArrayRef, row: usize) -> Result<Vec<f64>, String> {
    if column.is_null(row) {
        return Err("`values` is null; a list of numbers is due".to_owned());
    }
    let values = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(row),
        DataType::LargeList(_) => column.as_list::<i64>().value(row),
        DataType::FixedSizeList(_, _) => column.as_fixed_size_list().value(row),
        other => return Err(format!("`values` is {other}; a list of numbers is due")),
    };
    let values = if *values.data_type() == DataType::Float64 {
        values
    } else {
        cast(&values, &DataType::Float64).map_err(|error| error.to_string())?
    };
    let values: Arc<dyn Array> = values;
    let floats = values.as_primitive::<Float64Type>();
    Ok(if floats.null_count() == 0 {
        floats.values().to_vec()
    } else {
        floats.iter().map(|v| v.unwrap_or(f64::NAN)).collect()
    })
}
