//! Which integrators take a system of equations, and which is taken where none is named.
//!
//! | name | takes |
//! |---|---|
//! | `exact` (`linear`) | linear systems without noise, with coefficients that are constant during a step |
//! | `euler` | all but multiplicative noise |
//! | `rk2`, `rk4` | no noise |
//! | `exponential_euler` | no noise; each equation linear in its own variable |
//! | `heun` | any noise (Stratonovich) |
//! | `milstein` | noise of which each is in one equation and each equation has one (Stratonovich), and additive noise |
//!
//! As in Brian2, but for three things. `exact` takes oscillators and singular M, of which Brian2 has no solution or, for
//! some damped oscillators, a wrong one. `exponential_euler` refuses what is not linear in its own variable, where Brian2
//! leaves out `v**2` or holds `exp(-v)` fixed. `milstein` takes additive noise that several equations share, where its
//! correction is 0.

use std::collections::HashMap;
use std::fmt;

use super::linear::{NotLinear, conditionally_linear, linear_system};
use super::system::{NoiseKind, System};
use crate::language::scope::Scope;

/// A way to step differential equations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integrator {
    /// The solution of a linear system.
    Exact,
    /// Forward Euler, with noise Euler-Maruyama.
    Euler,
    /// Runge-Kutta of order 2 (midpoint).
    Rk2,
    /// Runge-Kutta of order 4.
    Rk4,
    /// Each equation solved as linear in its own variable.
    ExponentialEuler,
    /// Euler for the drift, Heun for the noise.
    Heun,
    /// Milstein without derivatives.
    Milstein,
}

/// All integrators with their names.
pub const INTEGRATORS: [(&str, Integrator); 7] = [
    ("exact", Integrator::Exact),
    ("euler", Integrator::Euler),
    ("rk2", Integrator::Rk2),
    ("rk4", Integrator::Rk4),
    ("exponential_euler", Integrator::ExponentialEuler),
    ("heun", Integrator::Heun),
    ("milstein", Integrator::Milstein),
];

impl Integrator {
    /// The integrator of this name; `linear` is another one of `exact`.
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "linear" { "exact" } else { name };
        INTEGRATORS.iter().find(|(known, _)| *known == name).map(|&(_, integrator)| integrator)
    }

    /// Whether it takes the system.
    ///
    /// # Errors
    /// Why it does not.
    pub fn takes(self, system: &System, scope: &Scope) -> Result<(), Refusal> {
        let refused = |reason| Err(Refusal { integrator: self, reason });
        let noise = system.noise_kind(scope);
        match self {
            Self::Heun => Ok(()),
            Self::Euler if noise == NoiseKind::Multiplicative => refused(Reason::MultiplicativeNoise),
            Self::Euler => Ok(()),
            Self::Milstein if noise == NoiseKind::Multiplicative => match shared_noise(system) {
                Some(name) => refused(Reason::SharedNoise { name }),
                None => Ok(()),
            },
            Self::Milstein => Ok(()),
            _ if noise != NoiseKind::None => refused(Reason::Noise),
            Self::Rk2 | Self::Rk4 => Ok(()),
            Self::Exact => match linear_system(system, scope) {
                Ok(_) => Ok(()),
                Err(reason) => refused(Reason::NotLinear(reason)),
            },
            Self::ExponentialEuler => {
                let first = (0..system.equations.len()).find_map(|row| conditionally_linear(system, row).err());
                first.map_or(Ok(()), |reason| refused(Reason::NotLinear(reason)))
            }
        }
    }
}

impl fmt::Display for Integrator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = INTEGRATORS.iter().find(|(_, integrator)| integrator == self).map_or("", |&(name, _)| name);
        formatter.write_str(name)
    }
}

/// That an integrator does not take a system.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the integrator `{integrator}` does not take these equations: {reason}")]
pub struct Refusal {
    /// Which.
    pub integrator: Integrator,
    /// Why.
    pub reason: Reason,
}

/// Why an integrator does not take a system.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// There is noise.
    #[error("they have noise")]
    Noise,
    /// The noise depends on the state or on time.
    #[error("their noise is multiplied with something that depends on the state or on time; `heun` takes that")]
    MultiplicativeNoise,
    /// The noise is not diagonal.
    #[error("`{name}` is in several equations or beside other noise, and multiplied with the state; `heun` takes that")]
    SharedNoise {
        /// Which noise.
        name: String,
    },
    /// Something is not linear that should be.
    #[error(transparent)]
    NotLinear(NotLinear),
}

/// An integrator that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Which.
    pub integrator: Integrator,
    /// What should be known about it.
    pub note: Option<Note>,
}

/// What should be known about a choice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// Forward Euler may be far from the solution.
    #[error(
        "forward Euler is taken, which is of first order and unstable unless `dt` is well below the shortest time constant; `{better}` takes these equations too"
    )]
    ForwardEuler {
        /// What would be better.
        better: Integrator,
    },
}

/// What is taken where no integrator is named: the first of `exact`, `euler` and `heun` that takes the system. None
/// where nothing is to be integrated.
pub fn choose(system: &System, scope: &Scope) -> Option<Choice> {
    if system.equations.is_empty() {
        return None;
    }
    let takes = |integrator: Integrator| integrator.takes(system, scope).is_ok();
    let integrator = if takes(Integrator::Exact) {
        Integrator::Exact
    } else if takes(Integrator::Euler) {
        Integrator::Euler
    } else {
        Integrator::Heun
    };
    let forward_euler = integrator == Integrator::Euler && system.noise_kind(scope) == NoiseKind::None;
    let note = forward_euler.then(|| {
        let exponential = takes(Integrator::ExponentialEuler);
        let better = if exponential { Integrator::ExponentialEuler } else { Integrator::Rk4 };
        Note::ForwardEuler { better }
    });
    Some(Choice { integrator, note })
}

/// A noise that is in several equations, or in one with another.
fn shared_noise(system: &System) -> Option<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for equation in &system.equations {
        if let [_, second, ..] = equation.noise.as_slice() {
            return Some(second.name.clone());
        }
        for noise in &equation.noise {
            let count = seen.entry(&noise.name).or_default();
            *count += 1;
            if *count > 1 {
                return Some(noise.name.clone());
            }
        }
    }
    None
}
