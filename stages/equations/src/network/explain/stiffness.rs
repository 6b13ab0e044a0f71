//! How fast equations are: the shortest time constant 1/|df/dv| of dv/dt = f at the values before the first step.
//!
//! Forward Euler is stable for dv/dt = -v/tau if dt < 2 tau, and follows the solution well if dt is far below tau. The
//! diagonal of the Jacobian is what is looked at: variables that drive each other may be faster together.

use std::collections::HashMap;

use super::report::TimeConstant;
use crate::language::analysis::derivative::derivative;
use crate::language::analysis::system::System;
use crate::language::evaluate::{Value, evaluate};
use crate::language::scope::Scope;

/// Larger drifts are not looked at: derivatives of them are far larger.
const LARGEST: usize = 5_000;
/// As many nodes are looked at in all.
const MOST: usize = 200_000;

/// The shortest time constant of a system; none where no derivative has a known value. Of variables that `initial` does
/// not have the value is 0, of those with none in it it is not known.
pub(super) fn shortest_time_constant(
    system: &System,
    names: &Scope,
    initial: &HashMap<String, Option<f64>>,
    dt: f64,
) -> Option<TimeConstant> {
    let values = |name: &str| match name {
        "t" | "t_in_timesteps" => Some(Value::Number(0.0)),
        "dt" => Some(Value::Number(dt)),
        "not_refractory" => Some(Value::Boolean(true)),
        _ => match names.fixed(name) {
            Some(quantity) => Some(Value::Number(quantity.value)),
            None => initial.get(name).copied().unwrap_or(Some(0.0)).map(Value::Number),
        },
    };
    let mut fastest: Option<(f64, &str)> = None;
    let mut looked_at = 0;
    for equation in &system.equations {
        let size = equation.drift.size();
        looked_at += size;
        if looked_at > MOST {
            break;
        }
        if size > LARGEST {
            continue;
        }
        let Ok(slope) = derivative(&equation.drift, &equation.variable) else { continue };
        if let Ok(Value::Number(slope)) = evaluate(&slope, &values)
            && slope.is_finite()
            && slope < 0.0
            && fastest.is_none_or(|(other, _)| slope < other)
        {
            fastest = Some((slope, &equation.variable));
        }
    }
    fastest.map(|(slope, variable)| {
        let seconds = -1.0 / slope;
        TimeConstant { variable: variable.to_owned(), seconds, steps: seconds / dt }
    })
}
