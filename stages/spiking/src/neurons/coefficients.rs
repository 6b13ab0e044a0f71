//! What is the same for all neurons of a population, or differs from neuron to neuron.

use std::ops::Range;

#[derive(Debug, Clone)]
pub(crate) enum Coefficients<C> {
    Same(C),
    Each(Vec<C>),
}

/// Coefficients of neuron `i`; a type per variant, so that loops over constants are compiled for
/// constants.
pub(crate) trait At<C>: Copy {
    fn at(self, i: usize) -> C;
}

#[derive(Clone, Copy)]
pub(crate) struct Constant<C>(pub(crate) C);

impl<C: Copy> At<C> for Constant<C> {
    #[inline(always)]
    fn at(self, _: usize) -> C {
        self.0
    }
}

impl<C: Copy> At<C> for &[C] {
    #[inline(always)]
    fn at(self, i: usize) -> C {
        self[i]
    }
}

impl<C: Copy> Coefficients<C> {
    pub(crate) fn at(&self, i: usize) -> C {
        match self {
            Self::Same(c) => *c,
            Self::Each(each) => each[i],
        }
    }

    /// The coefficients of some neurons, counted from the first of them.
    #[inline(always)]
    pub(crate) fn of(&self, neurons: Range<usize>) -> Slice<'_, C> {
        match self {
            Self::Same(c) => Slice::Same(Constant(*c)),
            Self::Each(each) => Slice::Each(&each[neurons]),
        }
    }
}

pub(crate) enum Slice<'a, C> {
    Same(Constant<C>),
    Each(&'a [C]),
}
