//! Why a model cannot be built or run.

use crate::engine::EngineError;
use crate::integrators::IntegratorError;
use crate::language::error::LanguageError;
use crate::spatial::membrane::MembraneError;
use crate::spatial::points::PointsError;
use crate::spatial::{CableError, MorphologyError};

/// A problem with its place in the model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct NetworkError {
    /// Where in the model: names of sections and fields with points between them, `synapses.S.on_pre`.
    pub path: String,
    /// What is wrong.
    pub problem: NetworkProblem,
}

/// What is wrong with a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkProblem {
    /// Something in the text of equations, statements or expressions.
    #[error("{}", error.render(source_text))]
    Language {
        /// The problem with its places in the text.
        error: Box<LanguageError>,
        /// The text.
        source_text: String,
    },
    /// Something that cannot be computed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Equations that the integrator does not take.
    #[error(transparent)]
    Integrator(#[from] IntegratorError),
    /// Sections that are no form of a neuron.
    #[error(transparent)]
    Morphology(#[from] MorphologyError),
    /// A file that is no form of a neuron.
    #[error("`{name}`: {error}")]
    File {
        /// Its name in the model.
        name: String,
        /// What is wrong.
        error: Box<PointsError>,
    },
    /// Equations of compartments without a current of the membrane.
    #[error(transparent)]
    Membrane(Box<MembraneError>),
    /// A cable that cannot be, or cannot make its step.
    #[error(transparent)]
    Cable(#[from] CableError),
    /// A name that no object of the model has.
    #[error("there is no {kind} `{name}`{}", suggested(suggestion.as_deref()))]
    Unknown {
        /// What was looked for: "group", "variable", ...
        kind: &'static str,
        /// The name.
        name: String,
        /// A name that is like it.
        suggestion: Option<String>,
    },
    /// One name for two objects.
    #[error("`{name}` is also the name of another object: {other}")]
    Twice {
        /// The name.
        name: String,
        /// The path of the other.
        other: String,
    },
    /// A value that is not allowed.
    #[error("{value}: {allowed}")]
    NotAllowed {
        /// What there is.
        value: String,
        /// What may be there.
        allowed: String,
    },
    /// Two things that cannot be together, or one that needs another.
    #[error("{0}")]
    Conflict(String),
    /// More memory than is allowed.
    #[error("this needs about {needed_mb:.0} MB for {what}, and {allowed_mb:.0} MB are allowed")]
    Memory {
        /// For what.
        what: String,
        /// How much it needs.
        needed_mb: f64,
        /// How much is allowed.
        allowed_mb: f64,
    },
    /// A variable that stops being a number while the model runs.
    #[error("`{variable}` of element {element} is {value} after step {step} (t = {time_ms} ms)")]
    NotFinite {
        /// Which variable.
        variable: String,
        /// Of which element.
        element: u32,
        /// What it is.
        value: f64,
        /// The number of the step.
        step: u64,
        /// Its time.
        time_ms: f64,
    },
    /// The run was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl NetworkError {
    /// A problem at a path.
    pub fn new(path: impl Into<String>, problem: impl Into<NetworkProblem>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }

    /// A problem of the text of a field.
    pub fn language(path: impl Into<String>, error: LanguageError, source_text: &str) -> Self {
        Self::new(path, NetworkProblem::Language { error: Box::new(error), source_text: source_text.to_owned() })
    }
}

impl From<MembraneError> for NetworkProblem {
    fn from(error: MembraneError) -> Self {
        Self::Membrane(Box::new(error))
    }
}

fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
