//! The language against Brian2: units, expressions and blocks of equations, read or refused as there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::{check_equations, check_expression, fixed_value};
use lapicque_equations::language::equation::{EquationKind, Values};
use lapicque_equations::language::flags::{Model, check_model};
use lapicque_equations::language::functions::FUNCTIONS;
use lapicque_equations::language::scope::{Scope, Type};
use lapicque_equations::language::{parse_expression, parse_unit};
use lapicque_equations::units::{all_units, physical_constant, unit};
use serde_json::Value;

fn golden(file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/equations/");
    std::fs::read_to_string(format!("{folder}{file}")).unwrap()
}

fn rows(file: &str) -> Vec<Value> {
    serde_json::from_str(&golden(file)).unwrap()
}

/// Names with a number and seven exponents.
fn table(file: &str) -> Vec<(String, f64, [f64; 7])> {
    let text = golden(file);
    let rows = text.lines().skip(1).map(|line| {
        let mut fields = line.split(',');
        let name = fields.next().unwrap().to_owned();
        let numbers: Vec<f64> = fields.map(|field| field.parse().unwrap()).collect();
        (name, numbers[0], numbers[1..].try_into().unwrap())
    });
    rows.collect()
}

fn exponents(value: &Value) -> [f64; 7] {
    let list: Vec<f64> = value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
    list.try_into().unwrap()
}

/// The parameters that the cases know.
fn with_parameters(mut scope: Scope) -> Scope {
    for (name, text) in [("tau", "10*ms"), ("sigma", "0.5"), ("a", "2*nS"), ("E", "-70*mV")] {
        let quantity = fixed_value(&parse_expression(text).unwrap(), &scope).unwrap();
        scope.add_parameter(name, quantity);
    }
    scope
}

#[test]
fn units_have_the_names_scales_and_dimensions_of_brian2() {
    let expected = table("units.csv");
    assert_eq!(expected.len(), 1710);
    for (name, scale, exponents) in &expected {
        let found = unit(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(found.scale.to_bits(), scale.to_bits(), "{name}");
        assert_eq!(found.dimension.exponents(), *exponents, "{name}");
    }
    assert_eq!(all_units().count(), expected.len());
}

#[test]
fn constants_and_functions_are_those_of_brian2() {
    for (name, value, exponents) in table("constants.csv") {
        let found = physical_constant(&name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(found.value.to_bits(), value.to_bits(), "{name}");
        assert_eq!(found.dimension.exponents(), exponents, "{name}");
    }
    let mut names: Vec<&str> = FUNCTIONS.iter().map(|&(name, _)| name).collect();
    names.sort_unstable();
    let expected: Vec<String> = serde_json::from_str(&golden("functions.json")).unwrap();
    assert_eq!(names, expected);
}

#[test]
fn expressions_have_the_units_and_values_of_brian2() {
    let scope = Scope::new();
    for row in rows("units_expressions.json") {
        let text = row["expr"].as_str().unwrap();
        let expression = parse_expression(text).unwrap();
        let found = check_expression(&expression, &scope);
        // Brian2 does not look at the unit of an exponent whose base has none; its quantities do.
        let refused = row.get("error").is_some() || text == "2**(1*mV)";
        assert_eq!(found.is_err(), refused, "{text}: {found:?}");
        let Ok(found) = found else { continue };
        match found {
            Type::Boolean => assert_eq!(row["value"], Value::Bool(true), "{text}"),
            Type::Number(dimension) => {
                assert_eq!(dimension.exponents(), exponents(&row["dims"]), "{text}");
                let value = fixed_value(&expression, &scope).unwrap().value;
                if let Some(expected) = row["value"].as_f64() {
                    assert!((value - expected).abs() <= 1e-15 * expected.abs(), "{text}: {value} for {expected}");
                }
            }
        }
    }
}

#[test]
fn declared_units_are_those_of_brian2() {
    for row in rows("unit_strings.json") {
        let text = row["unit"].as_str().unwrap();
        let found = parse_unit(text);
        assert_eq!(found.is_err(), row.get("error").is_some(), "{text:?}: {found:?}");
        let Ok((values, dimension)) = found else { continue };
        assert_eq!(values_name(values), row["type"].as_str().unwrap(), "{text}");
        assert_eq!(dimension.exponents(), exponents(&row["dims"]), "{text}");
    }
}

fn values_name(values: Values) -> &'static str {
    match values {
        Values::Float => "float",
        Values::Integer => "integer",
        Values::Boolean => "boolean",
    }
}

fn kind_name(kind: EquationKind) -> &'static str {
    match kind {
        EquationKind::Derivative => "differential equation",
        EquationKind::Subexpression => "subexpression",
        EquationKind::Parameter => "parameter",
    }
}

/// Where a block is refused, in the words of the cases.
fn refused_at(text: &str) -> Option<&'static str> {
    let Ok(equations) = Equations::parse(text) else { return Some("parse") };
    if check_model(&equations, Model::Neurons).is_err() {
        return Some("construct");
    }
    let scope = with_parameters(Scope::neurons(&equations));
    check_equations(&equations, &scope).is_err().then_some("run")
}

#[test]
fn blocks_are_read_and_refused_as_by_brian2() {
    for row in rows("equation_cases.json") {
        let text = row["equations"].as_str().unwrap();
        let expected = row["stage"].as_str();
        // Words that are no flags are told from flags when they are read, not when a group is made.
        let unknown_flag = text.contains("foo)") && expected == Some("construct");
        assert_eq!(refused_at(text), if unknown_flag { Some("parse") } else { expected }, "{text}");

        let Ok(equations) = Equations::parse(text) else { continue };
        let parsed = row["parsed"].as_array().unwrap();
        assert_eq!(equations.equations().len(), parsed.len(), "{text}");
        for equation in equations.equations() {
            let expected = parsed.iter().find(|row| row["name"] == equation.name.as_str()).unwrap();
            assert_eq!(kind_name(equation.kind()), expected["type"], "{text}");
            assert_eq!(values_name(equation.values), expected["var_type"], "{text}");
            assert_eq!(equation.dimension.exponents(), exponents(&expected["dims"]), "{text}");
            let flags: Vec<String> = equation.flags.iter().map(|(flag, _)| flag.to_string()).collect();
            let expected_flags: Vec<&str> =
                expected["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
            assert_eq!(flags, expected_flags, "{text}");
            match expected["expr"].as_str() {
                None => assert!(equation.expression().is_none(), "{text}"),
                Some(written) => {
                    assert_eq!(equation.expression().unwrap(), &parse_expression(written).unwrap(), "{text}");
                }
            }
        }
    }
}
