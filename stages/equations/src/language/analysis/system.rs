//! Differential equations with all subexpressions put in: x' = f(x, t) + g_1(x, t) xi_1 + g_2(x, t) xi_2 + ...

use std::collections::{HashMap, HashSet};

use super::inline::{Inliner, MAX_SIZE};
use super::polynomial::{Polynomial, polynomial};
use crate::language::block::Equations;
use crate::language::equation::Flag;
use crate::language::error::{LanguageError, Problem};
use crate::language::expression::{Expression, ExpressionKind};
use crate::language::names::is_noise;
use crate::language::scope::{Callable, Scope};
use crate::units::Dimension;

/// Systems whose equations have more nodes together are refused.
const MAX_NODES: u64 = 10 * MAX_SIZE as u64;

/// Equations that are integrated together.
#[derive(Clone, Debug, PartialEq)]
pub struct System {
    /// In the order in which they were written.
    pub equations: Vec<SystemEquation>,
}

/// The derivative of one variable.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemEquation {
    /// Which variable.
    pub variable: String,
    /// What it measures.
    pub dimension: Dimension,
    /// What is not noise.
    pub drift: Expression,
    /// Factors of white noise, ordered by its name. Each name is one draw per element and step, whichever equations it
    /// is in.
    pub noise: Vec<Noise>,
    /// Whether the derivative is 0 while the neuron is refractory.
    pub unless_refractory: bool,
}

/// White noise in an equation.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// `xi` or `xi_...`.
    pub name: String,
    /// What it is multiplied with.
    pub factor: Expression,
}

/// How noise enters a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseKind {
    /// Not at all.
    None,
    /// With factors that depend neither on the state nor on time, other than through arrays over time that are constant
    /// during a step.
    Additive,
    /// With other factors.
    Multiplicative,
}

impl System {
    /// The equations that are stepped with the clock: all but event-driven ones.
    ///
    /// # Errors
    /// [`Problem::NoiseNotLinear`] where noise is no factor of a term, and what is too large.
    pub fn clock_driven(equations: &Equations) -> Result<Self, LanguageError> {
        Self::of(equations, false)
    }

    /// The equations that are solved from event to event.
    ///
    /// # Errors
    /// As [`System::clock_driven`].
    pub fn event_driven(equations: &Equations) -> Result<Self, LanguageError> {
        Self::of(equations, true)
    }

    fn of(equations: &Equations, event_driven: bool) -> Result<Self, LanguageError> {
        let inliner = Inliner::new(equations);
        let mut nodes = 0_u64;
        let mut system = Vec::new();
        for (equation, expression) in equations.derivatives() {
            if equation.has(Flag::EventDriven) != event_driven {
                continue;
            }
            nodes = nodes.saturating_add(inliner.size(expression));
            if nodes > MAX_NODES {
                let problem = Problem::TooLarge { limit: MAX_NODES as usize };
                return Err(LanguageError::new(problem, expression.span));
            }
            let (drift, noise) = without_noise(inliner.inline(expression)?)?;
            system.push(SystemEquation {
                variable: equation.name.clone(),
                dimension: equation.dimension,
                drift,
                noise,
                unless_refractory: equation.has(Flag::UnlessRefractory),
            });
        }
        Ok(Self { equations: system })
    }

    /// The variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.equations.iter().map(|equation| equation.variable.as_str())
    }

    /// How noise enters.
    pub fn noise_kind(&self, scope: &Scope) -> NoiseKind {
        let state: HashSet<&str> = self.variables().collect();
        let mut kind = NoiseKind::None;
        for noise in self.equations.iter().flat_map(|equation| &equation.noise) {
            let by_state = noise.factor.any(&mut |part| match &part.kind {
                ExpressionKind::Name(name) => state.contains(name.as_str()),
                _ => false,
            });
            if by_state || depends_on_time(&noise.factor, scope) {
                return NoiseKind::Multiplicative;
            }
            kind = NoiseKind::Additive;
        }
        kind
    }
}

/// Whether an expression depends on time within a step, other than through the state.
pub fn depends_on_time(expression: &Expression, scope: &Scope) -> bool {
    let mut waiting = vec![expression];
    while let Some(part) = waiting.pop() {
        match &part.kind {
            ExpressionKind::Name(name) if name == "t" || name == "t_in_timesteps" => return true,
            ExpressionKind::Call { function, arguments } => match (scope.callable(function), arguments.as_slice()) {
                // The time itself is all that such an array may be asked for.
                (Some(Callable::TimedArray { constant_over_step: true, .. }), [time, elements @ ..]) if matches!(&time.kind, ExpressionKind::Name(name) if name == "t") =>
                {
                    waiting.extend(elements);
                }
                _ => waiting.extend(part.children()),
            },
            _ => waiting.extend(part.children()),
        }
    }
    false
}

/// What is not noise, and the factors of what is. An expression without noise stays as it was written.
fn without_noise(expression: Expression) -> Result<(Expression, Vec<Noise>), LanguageError> {
    let span = expression.span;
    let mut names: Vec<&str> = expression.names().into_iter().filter(|name| is_noise(name)).collect();
    if names.is_empty() {
        return Ok((expression, Vec::new()));
    }
    names.sort_unstable();
    let not_linear = |span| {
        let noise = names[0].to_owned();
        Err(LanguageError::new(Problem::NoiseNotLinear { noise }, span))
    };
    let numbers: HashMap<&str, u32> = names.iter().copied().zip(0..).collect();
    let mut terms: Polynomial = match polynomial(&expression, &numbers) {
        Ok(terms) => terms,
        Err(part) => return not_linear(part.span),
    };
    if terms.keys().any(|of| of.len() > 1) {
        return not_linear(span);
    }
    let drift = terms.remove(&Vec::new()).unwrap_or_else(|| Expression::number(0.0, span));
    let noise = numbers_in_order(&names, terms);
    Ok((drift, noise))
}

fn numbers_in_order(names: &[&str], mut terms: Polynomial) -> Vec<Noise> {
    let of = |(number, name): (usize, &&str)| {
        terms.remove(&vec![number as u32]).map(|factor| Noise { name: (*name).to_owned(), factor })
    };
    names.iter().enumerate().filter_map(of).collect()
}
