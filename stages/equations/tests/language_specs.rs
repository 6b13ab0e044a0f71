//! All models of the runs of Brian2 that serve as reference: read, checked, and taken by the integrators that they name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::PathBuf;

use lapicque_equations::language::analysis::integrator::{Integrator, choose};
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::{
    check_condition, check_equations, check_expression, check_statements, fixed_value,
};
use lapicque_equations::language::equation::Values;
use lapicque_equations::language::error::{LanguageError, ReadOnly};
use lapicque_equations::language::flags::{Model, check_model};
use lapicque_equations::language::scope::{Callable, Scope, Side, Variable};
use lapicque_equations::language::{parse_expression, parse_statements};
use lapicque_equations::units::{Dimension, unit};
use serde_json::Value;

/// The folder of the specifications, if it is there.
fn specifications() -> Option<Vec<PathBuf>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/brian");
    if !folder.is_dir() {
        println!("skipped: no folder {}", folder.display());
        return None;
    }
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    Some(files.filter(|path| path.to_string_lossy().ends_with(".spec.json")).collect())
}

fn told<T>(result: Result<T, LanguageError>, text: &str, file: &str) -> T {
    result.unwrap_or_else(|error| panic!("{file}: {}", error.render(text)))
}

fn condition(text: &str, scope: &Scope, file: &str) {
    told(parse_expression(text).and_then(|read| check_condition(&read, scope, "it")), text, file);
}

fn code(text: &str, scope: &Scope, file: &str) {
    told(parse_statements(text).and_then(|read| check_statements(&read, scope)), text, file);
}

/// Code that is one text, or several by name.
fn codes(code: &Value) -> Vec<&str> {
    match code {
        Value::String(text) => vec![text],
        Value::Object(named) => named.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Parameters and arrays over time.
fn add_known(scope: &mut Scope, specification: &Value, file: &str) {
    for (name, text) in specification["constants"].as_object().into_iter().flatten() {
        let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
        let quantity = told(parse_expression(&text).and_then(|read| fixed_value(&read, scope)), &text, file);
        scope.add_parameter(name, quantity);
    }
    for (name, array) in specification["timed_arrays"].as_object().into_iter().flatten() {
        let unit_name = array["unit"].as_str().unwrap();
        let dimension = if unit_name == "1" { Dimension::NONE } else { unit(unit_name).unwrap().dimension };
        let per_element = array["values"][0].is_array();
        scope.add_callable(name, Callable::TimedArray { dimension, per_element, constant_over_step: true });
    }
}

fn group(group: &Value, specification: &Value, file: &str) -> Option<Equations> {
    let text = group["model"].as_str()?;
    let equations = told(Equations::parse(text), text, file);
    let spatial = group["kind"] == "spatial";
    let model = if spatial { Model::Compartments } else { Model::Neurons };
    told(check_model(&equations, model), text, file);
    let mut scope = Scope::neurons(&equations);
    if spatial {
        let volt = Variable { values: Values::Float, dimension: Dimension::VOLT, read_only: None, shared: false };
        scope.add_variable("v", volt);
    }
    scope.add_refractoriness();
    add_known(&mut scope, specification, file);
    told(check_equations(&equations, &scope), text, file);

    for text in [&group["threshold"], &group["refractory"]["expr"]].into_iter().filter_map(Value::as_str) {
        let read = told(parse_expression(text), text, file);
        let gives = told(check_expression(&read, &scope), text, file);
        let time = lapicque_equations::language::scope::Type::Number(Dimension::SECOND);
        if gives != time {
            condition(text, &scope, file);
        }
    }
    group["events"]
        .as_object()
        .into_iter()
        .flatten()
        .for_each(|(_, text)| condition(text.as_str().unwrap(), &scope, file));
    codes(&group["reset"]).into_iter().for_each(|text| code(text, &scope, file));
    for list in ["run_regularly", "on_event"] {
        let entries = group[list].as_array().into_iter().flatten();
        entries.for_each(|entry| code(entry["code"].as_str().unwrap(), &scope, file));
    }

    let system = told(System::clock_driven(&equations), text, file);
    if let Some(name) = group["method"].as_str() {
        let takes = Integrator::named(name).unwrap().takes(&system, &scope);
        let refused = match file {
            // M is 0; the solution is known all the same.
            "integ_pure_integrator_exact_s.spec.json" => false,
            // exp(vm) would be held fixed during a step.
            "integ_adex_exponential_euler_s.spec.json" => true,
            _ => specification.get("expected_error").is_some(),
        };
        assert_eq!(takes.is_err(), refused, "{file}: {takes:?}");
    } else {
        assert_eq!(choose(&system, &scope).is_none(), system.equations.is_empty());
    }
    Some(equations)
}

fn synapses(synapses: &Value, groups: &[(String, Option<Equations>)], specification: &Value, file: &str) {
    let text = synapses["model"].as_str().unwrap_or("");
    let equations = told(Equations::parse(text), text, file);
    told(check_model(&equations, Model::Synapses), text, file);
    let mut scope = Scope::synapses(&equations);
    for (end, side) in [("source", Side::Presynaptic), ("target", Side::Postsynaptic)] {
        let name = synapses[end].as_str().unwrap().split('[').next().unwrap();
        let (_, equations) = groups.iter().find(|(group, _)| group == name).unwrap();
        if let Some(equations) = equations {
            scope.add_neurons(equations, side);
        }
    }
    if let Some(number) = synapses["multisynaptic_index"].as_str() {
        let read_only = Some(ReadOnly::Given);
        let variable = Variable { values: Values::Integer, dimension: Dimension::NONE, read_only, shared: false };
        scope.add_variable(number, variable);
    }
    add_known(&mut scope, specification, file);
    told(check_equations(&equations, &scope), text, file);
    for side in ["on_pre", "on_post"] {
        codes(&synapses[side]).into_iter().for_each(|text| code(text, &scope, file));
    }
    let event_driven = told(System::event_driven(&equations), text, file);
    assert!(Integrator::Exact.takes(&event_driven, &scope).is_ok(), "{file}");
    let clock_driven = told(System::clock_driven(&equations), text, file);
    if let Some(name) = synapses["method"].as_str() {
        assert!(Integrator::named(name).unwrap().takes(&clock_driven, &scope).is_ok(), "{file}");
    }
}

#[test]
fn models_of_the_reference_runs_are_taken() {
    let Some(files) = specifications() else { return };
    assert!(files.len() > 100);
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let specification: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut groups = Vec::new();
        for own in specification["groups"].as_array().unwrap() {
            groups.push((own["name"].as_str().unwrap().to_owned(), group(own, &specification, &file)));
        }
        for own in specification["synapses"].as_array().into_iter().flatten() {
            synapses(own, &groups, &specification, &file);
        }
    }
}
