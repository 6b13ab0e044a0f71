//! The network of one member, of any kind.

use lapicque_numerics::random::Generator;

use crate::descent::Batch;
use crate::mixture::Mixture;
use crate::number::Number;
use crate::settings::{DensityKind, MixtureDensityNetwork};

/// Its shape; parameters are kept apart from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Network {
    Mixture(Mixture),
}

impl Network {
    pub(crate) fn new(kind: &DensityKind, values: usize, contexts: usize) -> Self {
        match kind {
            DensityKind::Mdn(settings) => Self::Mixture(Mixture::new(settings, values, contexts)),
            _ => Self::Mixture(Mixture::new(&MixtureDensityNetwork::default(), values, contexts)),
        }
    }

    pub(crate) fn parameter_count(&self) -> usize {
        match self {
            Self::Mixture(mixture) => mixture.parameter_count(),
        }
    }

    pub(crate) fn initial<T: Number>(&self, generator: &mut Generator) -> Vec<T> {
        match self {
            Self::Mixture(mixture) => mixture.initial(generator),
        }
    }

    /// Sets to zero what no network of this shape has.
    pub(crate) fn mask<T: Number>(&self, _parameters: &mut [T]) {}

    /// The log density of each column of a batch. Where a gradient is given, that of minus their sum is added to it.
    pub(crate) fn log_density<T: Number>(
        &self,
        parameters: &[T],
        batch: &Batch<T>,
        gradient: Option<&mut [T]>,
    ) -> Vec<T> {
        match self {
            Self::Mixture(mixture) => mixture.log_density(parameters, batch, gradient),
        }
    }

    /// Values (values x count) from standard normal numbers of the same shape, and a uniform one per column.
    pub(crate) fn draw<T: Number>(&self, parameters: &[T], contexts: &[T], noise: (&[T], &[f64])) -> Vec<T> {
        match self {
            Self::Mixture(mixture) => mixture.draw(parameters, contexts, noise),
        }
    }
}
