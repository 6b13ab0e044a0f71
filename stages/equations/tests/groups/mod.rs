//! Models as JSON, run.

use lapicque_equations::network::description::Model;
use lapicque_equations::network::{NetworkError, Options, Recording, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::Value;

pub(crate) fn model(json: Value) -> Model {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn simulated(json: Value) -> Result<Recording, NetworkError> {
    let key = StreamKey::new([7; 16]);
    simulate(&model(json), None, &Options::default(), &key, &|| false, &mut |_| ())
}

pub(crate) fn run(json: Value) -> Recording {
    simulated(json).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn refused(json: Value) -> (String, String) {
    let error = simulated(json).unwrap_err();
    (error.path, error.problem.to_string())
}

/// `base` with the fields of `changes` in their place, level by level.
pub(crate) fn with(mut base: Value, changes: Value) -> Value {
    fn merge(base: &mut Value, changes: Value) {
        match (base, changes) {
            (Value::Object(base), Value::Object(changes)) => {
                for (name, value) in changes {
                    merge(base.entry(name).or_insert(Value::Null), value);
                }
            }
            (base, changes) => *base = changes,
        }
    }
    merge(&mut base, changes);
    base
}

pub(crate) fn values<'a>(recording: &'a Recording, variable: &str) -> &'a [f64] {
    let all = recording.states.iter().chain(&recording.last).flat_map(|record| &record.variables);
    let mut named = all.filter(|record| record.name == variable);
    &named.next().unwrap_or_else(|| panic!("no record of {variable}")).values
}
