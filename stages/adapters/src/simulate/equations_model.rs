//! The model of `simulate.equations`: its values by path, and what of it enters keys.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use lapicque_equations::network::description::{Model, Text};
use lapicque_equations::network::{model_values, set_model_value};
use lapicque_units::{Entry, Range, Settable};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::equations_units::{into_tables, unit_of};

/// Columns of these names are no constants: the first tells replicates apart, the second is the same for all samples.
const NO_CONSTANTS: [&str; 2] = ["seed", "time_step"];

/// A model with values that are set.
#[derive(Clone)]
pub(super) struct EquationModel {
    model: Arc<Model>,
    values: Arc<Vec<SettableValue>>,
    /// Paths that are set already.
    set: BTreeSet<String>,
}

struct SettableValue {
    entry: Entry,
    /// The unit as equations have it.
    unit: String,
    is_count: bool,
}

/// Why a value is not set.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueError {
    /// There is no such value.
    Unknown(String),
    /// By two names of it.
    Twice(String),
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(path) => write!(f, "there is no value `{path}`"),
            Self::Twice(path) => write!(f, "`{path}` is set twice; leave one of them out"),
        }
    }
}

impl EquationModel {
    pub(super) fn new(model: Model) -> Self {
        let settable = model_values(&model).into_iter().filter_map(|value| {
            let unit = unit_of(value.dimension)?;
            let range = if value.is_count { Range::Whole { min: 0, max: u32::MAX.into() } } else { Range::Any };
            let mut present = [value.value.unwrap_or(f64::NAN)];
            into_tables(value.dimension, &mut present);
            let entry = Entry::new(value.path, unit.table, present[0], range);
            Some(SettableValue { entry, unit: unit.equation, is_count: value.is_count })
        });
        Self { values: Arc::new(settable.collect()), model: Arc::new(model), set: BTreeSet::new() }
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    /// The model alone, to be changed.
    pub(super) fn into_model(self) -> Model {
        Arc::unwrap_or_clone(self.model)
    }

    /// The value of a path, or of the name of a constant.
    fn value(&self, name: &str) -> Option<&SettableValue> {
        let of_path = |path: &str| self.values.iter().find(|value| value.entry.path == path);
        of_path(name)
            .or_else(|| (!NO_CONSTANTS.contains(&name)).then(|| of_path(&format!("constants.{name}"))).flatten())
    }
}

impl Settable for EquationModel {
    type Error = ValueError;
    const NAME: &'static str = "the model";

    /// Constants go by their names alone, where nothing else has them.
    fn entries(&self) -> Vec<Entry> {
        let named = |value: &SettableValue| {
            let path = &value.entry.path;
            let is_own = |short: &&str| self.value(short).is_some_and(|found| found.entry.path == *path);
            let short = path.strip_prefix("constants.").filter(is_own);
            Entry { path: short.unwrap_or(path).to_owned(), ..value.entry.clone() }
        };
        self.values.iter().map(named).collect()
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        self.value(path).map(|value| Entry { path: path.to_owned(), ..value.entry.clone() })
    }

    fn set(&mut self, path: &str, number: f64) -> Result<(), ValueError> {
        let value = self.value(path).ok_or_else(|| ValueError::Unknown(path.to_owned()))?;
        let own = value.entry.path.clone();
        let text = match (value.is_count, value.unit.as_str()) {
            (true, _) => Text::new(&(number as u32).to_string()),
            // As many digits as are needed to read the same number again.
            (false, "1") => Text::new(&format!("{number:?}")),
            (false, unit) => Text::new(&format!("{number:?}*{unit}")),
        };
        if !self.set.insert(own.clone()) {
            return Err(ValueError::Twice(own));
        }
        if set_model_value(Arc::make_mut(&mut self.model), &own, &text) {
            return Ok(());
        }
        Err(ValueError::Unknown(path.to_owned()))
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        let own = |name: &&str| ((*name).to_owned(), self.value(name).map(|value| value.entry.path.clone()).into());
        let swept: Map<String, Value> = swept.iter().map(own).collect();
        json!({"model": canonical(&self.model), "swept": swept})
    }
}

/// The model without what is not given: sections and fields that are added later change no key.
fn canonical(model: &Model) -> Value {
    let mut given = given(serde_json::to_value(model).unwrap_or_default());
    let default = self::given(serde_json::to_value(Model::default()).unwrap_or_default());
    if let (Value::Object(given), Value::Object(default)) = (&mut given, default) {
        given.retain(|name, value| name == "time_step" || default.get(name) != Some(value));
    }
    given
}

/// Without fields of nothing, and maps that were empty. An empty list may say something: no synapses.
fn given(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let says = |value: &Value| !value.is_null() && value.as_object().is_none_or(|map| !map.is_empty());
            let kept = map.into_iter().filter(|(_, value)| says(value));
            Value::Object(kept.map(|(name, value)| (name, given(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(given).collect()),
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn model(value: Value) -> EquationModel {
        EquationModel::new(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_number_that_is_set_is_the_number_that_is_written() {
        let mut one = model(json!({"constants": {"we": "1*mV", "tau": "5*ms", "rate": "1/second"}}));
        one.set("we", 1.6).unwrap();
        one.set("constants.tau", -2e-7).unwrap();
        one.set("rate", 3.0).unwrap();
        let text = |name: &str| one.model().constants[name].as_str().to_owned();
        assert_eq!([text("we"), text("tau"), text("rate")], ["1.6*mV", "-2e-7*ms", "3.0*Hz"]);
        assert_eq!(one.set("constants.we", 1.0), Err(ValueError::Twice("constants.we".to_owned())));
        assert!(one.set("w", 1.0).unwrap_err().to_string().contains("there is no value `w`"));
    }

    #[test]
    fn constants_go_by_name_where_nothing_else_has_it() {
        let one = model(json!({"constants": {"duration": "1*mV", "seed": 3, "x": 1}, "duration": "1*ms"}));
        let paths: Vec<String> = one.entries().into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["constants.duration", "constants.seed", "x", "duration"]);
        assert_eq!(one.entry("duration").unwrap().unit, "ms");
        assert_eq!(one.entry("constants.duration").unwrap().unit, "mV");
        assert_eq!(one.entry("seed"), None);
        assert_eq!(one.entry("constants.x").unwrap().path, "constants.x");
    }

    #[test]
    fn counts_are_whole() {
        let mut one = model(json!({"neurons": {"G": {"size": 1}}}));
        one.set("neurons.G.size", 20.0).unwrap();
        assert_eq!(one.model().neurons["G"].size, 20);
        let entry = one.entry("neurons.G.size").unwrap();
        assert_eq!((entry.value, entry.unit.as_ref()), (1.0, "1"));
        for value in [1.5, -1.0, 5e9, f64::NAN] {
            let told = entry.admits(value).unwrap_err().to_string();
            assert!(told.contains("whole number from 0"), "{told}");
        }
    }

    #[test]
    fn what_differs_has_another_key() {
        let key = |value: Value| serde_json::to_value(model(value).canonical(&[])).unwrap();
        let of = |connect: Value| json!({"synapses": {"S": {"source": "G", "connect": [connect]}}});
        let all = [
            json!({}),
            json!({"time_step": "0.2*ms"}),
            of(json!({})),
            of(json!({"i": [], "j": []})),
            of(json!({"table": {}})),
            json!({"monitors": {"state": {"a": {"of": "G", "variables": ["v"], "record": []}}}}),
            json!({"monitors": {"state": {"a": {"of": "G", "variables": ["v"]}}}}),
        ];
        let keys: Vec<Value> = all.iter().cloned().map(key).collect();
        assert!((0..keys.len()).all(|i| !keys[..i].contains(&keys[i])), "{keys:#?}");
        assert_eq!(key(json!({})), json!({"model": {"time_step": "0.1*ms"}, "swept": {}}));
        assert_eq!(key(json!({"neurons": {}, "time_step": "0.1*ms"})), key(json!({})));
        let mut set = model(json!({"constants": {"a": 1}}));
        set.set("a", 2.0).unwrap();
        assert_eq!(serde_json::to_value(set.canonical(&["a"])).unwrap()["swept"], json!({"a": "constants.a"}));
    }
}
