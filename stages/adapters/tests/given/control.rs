//! Problems of optimal control for tests.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use lapicque_schemas::tables::connectome::{self, ConnectomeRow};
use lapicque_schemas::tables::signals::{self, Signal};
use serde_json::{Value, json};

use super::tables::floats;
use super::{Given, Ran, run_stages};

/// Three nodes with delays of 15 and 5 steps.
pub(crate) fn network() -> Given {
    let row = |source: &str, target: &str, weight, length_mm| ConnectomeRow {
        source: source.to_owned(),
        target: target.to_owned(),
        weight,
        length_mm,
    };
    let rows = [
        row("left", "left", 0.0, 0.0),
        row("right", "left", 0.5, 30.0),
        row("left", "right", 0.25, 30.0),
        row("hub", "right", 0.1, 10.0),
    ];
    Given::whole("given.connectome", "connectome", connectome::write(&rows).unwrap())
}

/// A rhythm of the real part of all nodes is to be reached by the inputs of two of them.
pub(crate) fn stage(changes: Value) -> Value {
    let mut stage = json!({
        "kind": "neuralmass.optimal_control",
        "inputs": {"connectome": "c"},
        "model": "hopf",
        "duration": "20 ms",
        "control": [{"input": "x_ext", "nodes": ["left", "right"]}],
        "targets": [{"output": "x", "waveform": {"sinusoid": {"amplitude": 0.4, "frequency": "50 Hz"}}}],
        "descent": {"iterations": 10},
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => stage.as_object_mut().unwrap().remove(name),
            value => stage.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    stage
}

pub(crate) fn coupled(changes: Value) -> Value {
    json!({"c": {"kind": "given.connectome"}, "o": stage(changes)})
}

/// Without a connectome and without the names of its nodes.
pub(crate) fn alone(changes: Value) -> Value {
    let mut changes = changes;
    let mut add = |name: &str, value: Value| {
        if changes.get(name).is_none() {
            changes[name] = value;
        }
    };
    add("inputs", Value::Null);
    add("control", json!([{"input": "x_ext"}]));
    json!({"o": stage(changes)})
}

pub(crate) fn ran(stages: &Value) -> Ran {
    let ran = run_stages(&[network()], stages);
    assert!(ran.record.ok, "{}", ran.failures());
    ran
}

pub(crate) fn failure(given: &[Given], stages: &Value) -> String {
    let ran = run_stages(given, stages);
    assert!(!ran.record.ok);
    ran.failures()
}

/// Of the stage `o`.
pub(crate) fn output(ran: &Ran, name: &str) -> RecordBatch {
    let stage = ran.record.stages.iter().find(|stage| stage.stage == "o").unwrap();
    let place = stage.outputs.iter().position(|output| output.name == name).unwrap_or_else(|| panic!("{name}"));
    ran.table("o", place)
}

pub(crate) fn values(ran: &Ran, name: &str) -> Vec<Vec<f64>> {
    lists(&output(ran, name), "values")
}

pub(crate) fn costs(ran: &Ran) -> Vec<f64> {
    floats(&output(ran, "costs"), "cost")
}

pub(crate) fn signal(
    channel: &str,
    epoch: i32,
    (t0_ms, dt_ms): (f64, f64),
    unit: &str,
    values: &[f64],
) -> Signal<'static> {
    Signal {
        channel: channel.to_owned().into(),
        epoch,
        t0_ms,
        dt_ms,
        unit: unit.to_owned().into(),
        values: values.to_vec().into(),
    }
}

pub(crate) fn quantity(value: f64, unit: &str) -> Value {
    if unit == "1" { json!(value) } else { json!(format!("{value:?} {unit}")) }
}

pub(crate) fn target(signals: &[Signal<'_>]) -> Given {
    Given::whole("given.target", "signals", signals::write(signals).unwrap())
}

pub(crate) fn lists(table: &RecordBatch, column: &str) -> Vec<Vec<f64>> {
    let list = table.column_by_name(column).unwrap().as_list::<i32>();
    list.iter().map(|values| values.unwrap().as_primitive::<Float64Type>().values().to_vec()).collect()
}

/// Of columns of any form of text.
pub(crate) fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    let text = arrow_cast::cast(table.column_by_name(column).unwrap(), &arrow_schema::DataType::Utf8).unwrap();
    text.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect()
}
