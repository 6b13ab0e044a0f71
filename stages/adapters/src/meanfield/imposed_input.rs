//! Mean and standard deviation of the input as a configuration or columns give them, in place of those that a network gives
//! itself.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_meanfield::neuron::Input;
use lapicque_network::Network;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, SampleError};
use lapicque_units::{Entry, Range, SetError, Settable};
use serde::Serialize;
use serde_json::{Value, json};

use super::theory::MV;
use crate::swept::{Swept, quantity};

/// Names of the fields, and of columns that set one value for all populations.
const MEAN: &str = "mean_input";
const SD: &str = "sd_input";

/// The input of each population.
pub(super) struct ImposedInput(Swept<InputModel>);

/// In mV, a value for each population; none where a column has to give it.
#[derive(Clone)]
struct InputModel {
    populations: usize,
    mean_mv: Option<Vec<f64>>,
    sd_mv: Option<Vec<f64>>,
}

impl Settable for InputModel {
    type Error = SetError;
    const NAME: &'static str = "the input";

    fn entries(&self) -> Vec<Entry> {
        let first = |values: &Option<Vec<f64>>| values.as_ref().and_then(|values| values.first().copied());
        [(MEAN, &self.mean_mv, Range::Any), (SD, &self.sd_mv, Range::NonNegative)]
            .map(|(path, values, range)| Entry::new(path, "mV", first(values).unwrap_or(f64::NAN), range))
            .into()
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        let values = match path {
            MEAN => &mut self.mean_mv,
            SD => &mut self.sd_mv,
            _ => return Err(SetError::unknown(path)),
        };
        *values = Some(vec![value; self.populations]);
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        let of = |field: &'static str, values: &Option<Vec<f64>>| {
            (field, if swept.contains(&field) { json!("column") } else { json!(values) })
        };
        BTreeMap::from([of(MEAN, &self.mean_mv), of(SD, &self.sd_mv)])
    }
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
        let mut model = InputModel { populations: network.populations.len(), mean_mv: None, sd_mv: None };
        let [of_mean, of_sd] = [(MEAN, mean), (SD, sd)]
            .map(|(field, value)| value.map(|value| of_populations(&model, field, value, network)).transpose());
        (model.mean_mv, model.sd_mv) = (of_mean?, of_sd?);
        let swept = Swept::bind(model, &BTreeMap::new(), request, notes)?;
        let has = |field: &str, value: Option<&Value>| match (value, swept.column_names().any(|name| name == field)) {
            (Some(_), true) => Err(vec![ConfigError::at(field, "it is set here and by a column of this name")]),
            (value, is_swept) => Ok(value.is_some() || is_swept),
        };
        let without = |field: &str, other: &str| {
            let message = format!(
                "`{other}` is given without it; give a value such as `10 mV`, one for each population, or a column of this name"
            );
            Err(vec![ConfigError::at(field, message)])
        };
        match (has(MEAN, mean)?, has(SD, sd)?) {
            (true, true) => Ok(Some(Self(swept))),
            (false, false) => Ok(None),
            (true, false) => without(SD, MEAN),
            (false, true) => without(MEAN, SD),
        }
    }

    /// Adds what it reads, and what it says, to what a stage declares.
    pub(super) fn declare(&self, bound: &mut Bound) -> Result<(), Vec<ConfigError>> {
        self.0.declare(bound);
        let fields = self.0.canonical()?;
        for (field, value) in fields.as_object().into_iter().flatten() {
            bound.config[field] = value.clone();
        }
        Ok(())
    }

    /// The input of each population in one sample.
    pub(super) fn of_sample(&self, table: Option<&RecordBatch>) -> Result<Vec<Input>, SampleError> {
        let model = self.0.of_sample(table)?;
        let inputs = model.mean_mv.iter().flatten().zip(model.sd_mv.iter().flatten());
        Ok(inputs.map(|(mean, sd)| Input { mean_v: mean / MV, sd_v: sd / MV }).collect())
    }
}

/// What `mean_input` and `sd_input` of a configuration may be: one value, or one for each population by name.
fn of_populations(
    model: &InputModel,
    field: &str,
    value: &Value,
    network: &Network,
) -> Result<Vec<f64>, Vec<ConfigError>> {
    let one = |value: &Value| {
        let value = quantity(value, "mV")?;
        model.entry(field).map_or(Ok(()), |entry| entry.admits(value)).map_err(|error| error.to_string())?;
        Ok(value)
    };
    let names = || network.populations.iter().map(|population| population.name.as_str());
    let values: Result<Vec<f64>, String> = match value {
        Value::Object(given) => match given.keys().find(|name| names().all(|known| known != name.as_str())) {
            Some(unknown) => {
                let known = names().collect::<Vec<_>>().join(", ");
                Err(format!("there is no population `{unknown}`; there are: {known}"))
            }
            None => names()
                .map(|name| match given.get(name) {
                    Some(value) => one(value).map_err(|message| format!("{name}: {message}")),
                    None => Err(format!("the population `{name}` has none")),
                })
                .collect(),
        },
        value => one(value).map(|value| vec![value; model.populations]),
    };
    values.map_err(|message| vec![ConfigError::at(field, message)])
}
