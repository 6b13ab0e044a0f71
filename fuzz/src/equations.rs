//! Equations, expressions and statements: what is read is printed so that it reads back, and is checked and analysed
//! without end.

use lapicque_equations::language::analysis::derivative::derivative;
use lapicque_equations::language::analysis::integrator::{Integrator, choose};
use lapicque_equations::language::analysis::linear::{conditionally_linear, linear_system};
use lapicque_equations::language::analysis::simplify::simplify;
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::{check_equations, check_expression, check_statements, fixed_value};
use lapicque_equations::language::error::LanguageError;
use lapicque_equations::language::flags::{Model, check_model};
use lapicque_equations::language::scope::{Quantity, Scope};
use lapicque_equations::language::{parse_expression, parse_statements, parse_unit};
use lapicque_equations::units::Dimension;

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    expression(text);
    block(text);
    let scope = scope(Scope::neurons(&Equations::parse("v : volt").unwrap()));
    match parse_statements(text) {
        Ok(statements) => {
            let lines: Vec<String> = statements.iter().map(ToString::to_string).collect();
            assert_eq!(parse_statements(&lines.join("\n")), Ok(statements.clone()));
            told(check_statements(&statements, &scope), text);
        }
        Err(error) => told::<()>(Err(error), text),
    }
    if let Ok((values, dimension)) = parse_unit(text) {
        assert!(
            parse_unit(&dimension.to_string()).is_ok_and(|(_, shown)| shown == dimension),
            "{values:?} {dimension}"
        );
    }
}

fn scope(mut scope: Scope) -> Scope {
    scope.add_parameter("tau", Quantity { value: 0.01, dimension: Dimension::SECOND });
    scope
}

/// Places lie in the text, and messages are no longer than it.
fn told<T>(result: Result<T, LanguageError>, text: &str) {
    if let Err(error) = result {
        assert!(error.span.start <= error.span.end && error.span.end as usize <= text.len());
        assert!(error.render(text).len() < 5_000 + 2 * text.len());
    }
}

fn expression(text: &str) {
    let expression = match parse_expression(text) {
        Ok(expression) => expression,
        Err(error) => return told::<()>(Err(error), text),
    };
    let printed = expression.to_string();
    assert_eq!(parse_expression(&printed).as_ref(), Ok(&expression), "{printed}");
    let scope = scope(Scope::new());
    told(check_expression(&expression, &scope), text);
    let value = fixed_value(&expression, &scope);
    let simple = simplify(expression.clone(), &scope);
    if let Ok(value) = &value {
        let same = fixed_value(&simple, &Scope::new()).ok();
        let is_same = same.is_none_or(|same| same.value.to_bits() == value.value.to_bits() || same.value.is_nan());
        assert!(is_same, "{expression} is {value:?}, {simple} is {same:?}");
    }
    told(value, text);
    told(derivative(&expression, "v"), text);
}

fn block(text: &str) {
    let equations = match Equations::parse(text) {
        Ok(equations) => equations,
        Err(error) => return told::<()>(Err(error), text),
    };
    told(check_model(&equations, Model::Neurons), text);
    told(check_model(&equations, Model::Synapses), text);
    let scope = scope(Scope::neurons(&equations));
    told(check_equations(&equations, &scope), text);
    for system in [System::clock_driven(&equations), System::event_driven(&equations)] {
        let Ok(system) = system else {
            told(system, text);
            continue;
        };
        if let Some(choice) = choose(&system, &scope) {
            assert!(choice.integrator.takes(&system, &scope).is_ok());
            let exact = linear_system(&system, &scope).is_ok();
            assert!(exact || choice.integrator != Integrator::Exact);
        }
        for row in 0..system.equations.len().min(10) {
            let _ = conditionally_linear(&system, row);
        }
    }
}
