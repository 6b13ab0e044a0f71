//! `python`: what a function is given, what becomes of what it returns.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Lab, points, python, texts};

fn stage(more: &str) -> String {
    format!(
        "{}  mine: {{kind: python, inputs: {{points: points}}, script: mine.py, {more}}}\n",
        points(&[1.0, 2.0, 3.5])
    )
}

#[test]
fn a_function_is_called_for_each_sample_with_inputs_and_configuration_by_name() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "def run(points, *, factor, add=1):\n    return {'x': points['g'].to_numpy() * factor + add}\n");
    let ran = lab.run(&stage("config: {factor: 10}, columns: {x: {unit: mV}}"));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [11.0, 21.0, 36.0]);
    assert_eq!(texts(&ran.table("mine"), "sample"), ["a", "b", "c"]);
    assert_eq!(ran.table("mine").schema().field_with_name("x").unwrap().metadata()["unit"], "mV");
}
