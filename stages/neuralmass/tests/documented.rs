//! The lists of `docs/neural_masses.md` are those of the models; `UPDATE_GOLDEN=1` writes them anew.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;

use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::{Description, ParameterSpec};

const BEGIN: &str = "<!-- models -->\n";
const END: &str = "<!-- /models -->";

fn section(description: &Description) -> String {
    let mut text = format!("### {}\n\n", description.name);
    let names = |names: &[(&str, &str)]| {
        let named: Vec<String> = names.iter().map(|(name, unit)| format!("`{name}` ({unit})")).collect();
        named.join(", ")
    };
    let outputs: Vec<_> = description.outputs.iter().map(|output| (output.name, output.unit)).collect();
    writeln!(text, "Outputs: {}. Time step: {} ms.\n", names(&outputs), description.time_step_ms).unwrap();
    text.push_str("| name | default | unit | meaning | allowed |\n|---|---|---|---|---|\n");
    for ParameterSpec { name, unit, default, range, meaning } in &description.parameters {
        writeln!(text, "| `{name}` | {default} | {unit} | {meaning} | {range} |").unwrap();
    }
    for input in &description.inputs {
        writeln!(text, "| `{}` (drive) | {} | {} | {} | |", input.name, input.default, input.unit, input.meaning)
            .unwrap();
    }
    for state in description.states.iter().chain(&description.algebraic) {
        let [low, high] = state.initial;
        let first = if low == high { format!("{low}") } else { format!("{low} to {high}") };
        writeln!(text, "| `{}` (initial) | {first} | {} | first value | |", state.name, state.unit).unwrap();
    }
    text
}

#[test]
fn lists_of_the_models_are_those_of_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/neural_masses.md");
    let found = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = found.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let sections =
        ModelName::ALL.map(|name| section(&AnyModel::new(name, ModelOptions::default(), 1).unwrap().description()));
    let due = format!("{before}{BEGIN}{}{END}{after}", sections.join("\n"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&page, due).unwrap();
        return;
    }
    assert!(found == due, "docs/neural_masses.md has other lists than the models; UPDATE_GOLDEN=1 writes them anew");
}

#[test]
fn units_can_be_read() {
    for name in ModelName::ALL {
        let description = AnyModel::new(name, ModelOptions::default(), 1).unwrap().description();
        let units = (description.parameters.iter().map(|parameter| parameter.unit))
            .chain(description.inputs.iter().map(|input| input.unit))
            .chain(description.outputs.iter().map(|output| output.unit))
            .chain(description.states.iter().chain(&description.algebraic).map(|state| state.unit));
        for unit in units {
            assert!(lapicque_units::Unit::parse(unit).is_ok(), "{}: {unit}", description.name);
        }
        // Noise has the unit of its mean, its amplitude that over the root of a time.
        let unit = |parameter: &str| {
            let found = description.parameters.iter().find(|found| found.name == parameter);
            lapicque_units::Unit::parse(found.unwrap().unit).unwrap()
        };
        for &mean in &description.noise {
            let mean = lapicque_units::Unit::parse(description.parameters[mean].unit).unwrap();
            let rate = |halves: [i16; 6]| [halves[0], halves[1], halves[2] - 1, halves[3], halves[4], halves[5]];
            assert_eq!(unit("sigma_ou").dimension().halves(), rate(mean.dimension().halves()), "{}", description.name);
        }
    }
}
