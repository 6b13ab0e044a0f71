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

    /// `f` of each value.
    ///
    /// # Errors
    /// The first of `f`.
    pub(crate) fn try_map<T, E>(self, mut f: impl FnMut(C) -> Result<T, E>) -> Result<Coefficients<T>, E> {
        Ok(match self {
            Self::Same(c) => Coefficients::Same(f(c)?),
            Self::Each(each) => Coefficients::Each(each.into_iter().map(f).collect::<Result<_, _>>()?),
        })
    }

    /// Of memory besides the struct itself.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Same(_) => 0,
            Self::Each(each) => size_of_val(each.as_slice()),
        }
    }
}

pub(crate) enum Slice<'a, C> {
    Same(Constant<C>),
    Each(&'a [C]),
}

/// How many neurons to look at to have seen all values.
pub(crate) fn distinct<C, const N: usize>(size: usize, values: [&Coefficients<C>; N]) -> usize {
    if values.iter().all(|values| matches!(values, Coefficients::Same(_))) { size.min(1) } else { size }
}

/// `f` of the values of each of `size` neurons.
pub(crate) fn combine<A: Copy + Default, T, const N: usize>(
    size: usize,
    values: [Coefficients<A>; N],
    f: impl Fn([A; N]) -> T,
) -> Coefficients<T> {
    let at = |i: usize| {
        let mut row = [A::default(); N];
        for (value, values) in row.iter_mut().zip(&values) {
            *value = values.at(i);
        }
        f(row)
    };
    if values.iter().all(|values| matches!(values, Coefficients::Same(_))) {
        Coefficients::Same(at(0))
    } else {
        Coefficients::Each((0..size).map(at).collect())
    }
}
