//! Mean and standard deviation of the input as a configuration or columns give them, in place of those that a network gives
//! itself.

use arrow_array::RecordBatch;
use lapicque_meanfield::neuron::Input;
use lapicque_network::Network;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, SampleError};
use lapicque_units::Quantity;
use serde_json::{Value, json};

use super::theory::MV;
use crate::swept_network::SweptColumn;

/// Names of the fields, and of columns that set one value for all populations.
const MEAN: &str = "mean_input";
const SD: &str = "sd_input";

/// The input of each population.
pub(super) struct ImposedInput {
    mean: Imposed,
    sd: Imposed,
}

enum Imposed {
    /// mV, one for each population.
    Values(Vec<f64>),
    Column(SweptColumn),
}

impl ImposedInput {
    /// None if neither fields nor columns give an input; remarks go to `notes`.
    pub(super) fn bind(
        request: &BindRequest<'_>,
        mean: Option<&Value>,
        sd: Option<&Value>,
        network: &Network,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, Vec<ConfigError>> {
        let mut find = |field, value| imposed(request, field, value, network, notes).map_err(|error| vec![error]);
        let without = |field: &str, other: &str| {
            let message = format!(
                "`{other}` is given without it: a value such as `10 mV`, one for each population, or a column of this name is due"
            );
            Err(vec![ConfigError::at(field, message)])
        };
        match (find(MEAN, mean)?, find(SD, sd)?) {
            (Some(mean), Some(sd)) => Ok(Some(Self { mean, sd })),
            (None, None) => Ok(None),
            (Some(_), None) => without(SD, MEAN),
            (None, Some(_)) => without(MEAN, SD),
        }
    }

    /// Adds what it reads, and what it says, to what a stage declares.
    pub(super) fn declare(&self, bound: &mut Bound) {
        bound.accepts.extend([MEAN.to_owned(), SD.to_owned()]);
        for (field, imposed) in [(MEAN, &self.mean), (SD, &self.sd)] {
            bound.config[field] = match imposed {
                Imposed::Values(values) => json!(values),
                Imposed::Column(column) => {
                    let columns = bound.reads.iter_mut().filter_map(|read| read.columns.as_mut());
                    columns.for_each(|columns| columns.push(column.name.clone()));
                    json!("column")
                }
            };
        }
    }

    /// The input of each of `populations` in one sample.
    pub(super) fn of_sample(&self, table: Option<&RecordBatch>, populations: usize) -> Result<Vec<Input>, SampleError> {
        let [mean, sd] = [self.mean.of_sample(table, populations)?, self.sd.of_sample(table, populations)?];
        if let Some(value) = mean.iter().find(|value| !value.is_finite()) {
            return Err(SampleError::input(format!("{MEAN} = {value} mV: it must be finite")));
        }
        if let Some(value) = sd.iter().find(|value| !(value.is_finite() && **value >= 0.0)) {
            return Err(SampleError::input(format!("{SD} = {value} mV: it must be 0 or above, and finite")));
        }
        Ok(mean.iter().zip(sd).map(|(mean, sd)| Input { mean_v: mean / MV, sd_v: sd / MV }).collect())
    }
}

impl Imposed {
    fn of_sample(&self, table: Option<&RecordBatch>, populations: usize) -> Result<Vec<f64>, SampleError> {
        match self {
            Self::Values(values) => Ok(values.clone()),
            Self::Column(column) => {
                let table = table.ok_or_else(|| SampleError::internal(format!("no column `{}`", column.name)))?;
                Ok(vec![column.value(table)?; populations])
            }
        }
    }
}

/// What `mean_input` and `sd_input` of a configuration may be, as [`imposed`] reads it.
fn imposed(
    request: &BindRequest<'_>,
    field: &'static str,
    value: Option<&Value>,
    network: &Network,
    notes: &mut Vec<String>,
) -> Result<Option<Imposed>, ConfigError> {
    let table = request.input("parameters").map(|input| &input.schema);
    let column = SweptColumn::find(table, field, "mV", notes)?;
    let (value, column) = match (value, column) {
        (None, column) => return Ok(column.map(Imposed::Column)),
        (Some(value), column) => (value, column),
    };
    let fail = |message: String| Err(ConfigError::at(field, message));
    if column.is_some() {
        return fail("it is set here and by a column of this name".to_owned());
    }
    let names = || network.populations.iter().map(|population| population.name.as_str());
    let values = match value {
        Value::Object(of_populations) => {
            if let Some(unknown) = of_populations.keys().find(|name| names().all(|known| known != name.as_str())) {
                return fail(format!(
                    "there is no population `{unknown}`; there are: {}",
                    names().collect::<Vec<_>>().join(", ")
                ));
            }
            let of = |name: &str| match of_populations.get(name) {
                Some(value) => millivolts(value).map_err(|message| format!("{name}: {message}")),
                None => Err(format!("the population `{name}` has none")),
            };
            names().map(of).collect::<Result<Vec<_>, _>>()
        }
        one => millivolts(one).map(|value| names().map(|_| value).collect()),
    };
    match values {
        Ok(values) if field == SD && values.iter().any(|&value| value < 0.0) => {
            fail("a standard deviation must be 0 or above".to_owned())
        }
        Ok(values) => Ok(Some(Imposed::Values(values))),
        Err(message) => fail(message),
    }
}

fn millivolts(value: &Value) -> Result<f64, String> {
    match value {
        Value::String(text) => Quantity::parse_in(text, "mV").map_err(|error| error.to_string()),
        Value::Number(number) => Err(format!("`{number}` has no unit; write e.g. `{number} mV`")),
        other => Err(format!("{other}: a voltage such as `10 mV` is due")),
    }
}
