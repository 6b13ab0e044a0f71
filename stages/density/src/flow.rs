//! Autoregressive flows: values are mapped to standard normal numbers by transforms one after the other, each of which maps value i by a monotonic function
//! whose shape a masked network tells from the context and the values of lower rank. Ranks are reversed from one transform to the next.
//!
//! log q(v | x) = log N(u; 0, 1) + sum over transforms and values of log (slope of the function), u = f_T(... f_1(v)).
//!
//! Masked autoregressive flow (Papamakarios et al. 2017, arXiv:1705.07057): affine functions, u = scale v + shift. Neural spline flow (Durkan et al. 2019):
//! rational-quadratic splines, then affine functions. The latter are not in that publication. Beyond their tails splines are the identity, whatever the context:
//! without an affine function between them and u, the 0.3 % of normal numbers beyond 3 are drawn at 3 standard deviations of all values together, however narrow
//! the conditional is.
//!
//! Drawing inverts the transforms, last first, value by value.

use lapicque_numerics::random::Generator;

use crate::descent::Batch;
use crate::made::{Hidden, Made};
use crate::number::Number;
use crate::positive::positive;
use crate::spline::Spline;

/// 0.5 ln(2 pi).
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_7;

/// The function of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Map {
    /// Of the logit of the scale, then the shift.
    Affine,
    Spline(Spline),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flow {
    value_count: usize,
    transforms: Vec<(Map, Made)>,
}

/// What one transform kept for its gradient.
struct Kept<T> {
    values: Vec<T>,
    hidden: Hidden<T>,
    numbers: Vec<T>,
}

impl Map {
    fn per_value(&self) -> usize {
        match self {
            Self::Affine => 2,
            Self::Spline(spline) => spline.per_value(),
        }
    }

    fn forward<T: Number>(&self, numbers: &mut [T], values: &mut [T], log_slopes: &mut [T]) {
        match self {
            Self::Affine => {
                let (logits, shifts) = numbers.split_at(values.len());
                for (((value, log_slope), logit), shift) in values.iter_mut().zip(log_slopes).zip(logits).zip(shifts) {
                    let (scale, _) = positive(*logit);
                    *value = scale * *value + *shift;
                    *log_slope += scale.ln();
                }
            }
            Self::Spline(spline) => spline.forward(numbers, values, log_slopes),
        }
    }

    /// As [`Spline::backward`].
    fn backward<T: Number>(&self, numbers: &mut [T], values: &[T], slopes: &mut [T], work: &mut Vec<T>) {
        match self {
            Self::Affine => {
                let (logits, shifts) = numbers.split_at_mut(values.len());
                for (((value, slope), logit), shift) in values.iter().zip(slopes).zip(logits).zip(shifts) {
                    let (scale, by) = positive(*logit);
                    *logit = (*slope * *value - T::ONE / scale) * by;
                    *shift = *slope;
                    *slope *= scale;
                }
            }
            Self::Spline(spline) => spline.backward(numbers, values, slopes, work),
        }
    }

    fn inverse<T: Number>(&self, numbers: &mut [T], values: &mut [T]) {
        match self {
            Self::Affine => {
                let (logits, shifts) = numbers.split_at(values.len());
                for ((value, logit), shift) in values.iter_mut().zip(logits).zip(shifts) {
                    *value = (*value - *shift) / positive(*logit).0;
                }
            }
            Self::Spline(spline) => spline.inverse(numbers, values),
        }
    }
}

impl Flow {
    pub(crate) fn new(
        maps: impl Iterator<Item = Map>,
        [value_count, context_count]: [usize; 2],
        shape: [usize; 2],
    ) -> Self {
        let mut transforms: Vec<(Map, Made)> = Vec::new();
        for (number, map) in maps.enumerate() {
            let start = transforms.last().map_or(0, |(_, made)| made.end());
            let counts = [value_count, context_count, map.per_value()];
            transforms.push((map, Made::new(counts, shape, number % 2 == 1, start)));
        }
        Self { value_count, transforms }
    }

    pub(crate) fn parameter_count(&self) -> usize {
        self.transforms.last().map_or(0, |(_, made)| made.end())
    }

    pub(crate) fn initial<T: Number>(&self, generator: &mut Generator) -> Vec<T> {
        let mut parameters = vec![T::ZERO; self.parameter_count()];
        for (_, made) in &self.transforms {
            made.initialize(&mut parameters, generator);
        }
        self.mask(&mut parameters);
        parameters
    }

    pub(crate) fn mask<T: Number>(&self, parameters: &mut [T]) {
        self.transforms.iter().for_each(|(_, made)| made.mask(parameters));
    }

    /// The log density of each column of a batch. Where a gradient is given, that of minus their sum is added to it.
    pub(crate) fn log_density<T: Number>(
        &self,
        parameters: &[T],
        batch: &Batch<T>,
        gradient: Option<&mut [T]>,
    ) -> Vec<T> {
        let (values, kept, mut densities) = self.forward(parameters, batch, gradient.is_some());
        for row in values.chunks_exact(batch.count) {
            for (density, value) in densities.iter_mut().zip(row) {
                *density -= T::of(0.5) * *value * *value + T::of(HALF_LN_TAU);
            }
        }
        if let Some(gradient) = gradient {
            self.backward(parameters, gradient, (batch, &values), kept);
        }
        densities
    }

    /// Standard normal numbers of values, and the sum of the logarithms of slopes of each column.
    fn forward<T: Number>(&self, parameters: &[T], batch: &Batch<T>, keep: bool) -> (Vec<T>, Vec<Kept<T>>, Vec<T>) {
        let count = batch.count;
        let mut values = batch.values.clone();
        let mut log_slopes = vec![T::ZERO; count];
        let mut kept = Vec::with_capacity(self.transforms.len());
        for (map, made) in &self.transforms {
            let block = map.per_value() * count;
            let hidden = made.hidden(parameters, &values, &batch.contexts, count);
            let mut numbers = made.numbers(parameters, &hidden, count);
            let before = if keep { values.clone() } else { Vec::new() };
            for (row, numbers) in values.chunks_exact_mut(count).zip(numbers.chunks_exact_mut(block)) {
                map.forward(numbers, row, &mut log_slopes);
            }
            if keep {
                kept.push(Kept { values: before, hidden, numbers });
            }
        }
        (values, kept, log_slopes)
    }

    fn backward<T: Number>(
        &self,
        parameters: &[T],
        gradient: &mut [T],
        (batch, out): (&Batch<T>, &[T]),
        kept: Vec<Kept<T>>,
    ) {
        let count = batch.count;
        // Of half a square it is the number itself.
        let mut slopes = out.to_vec();
        let mut work = Vec::new();
        for (number, ((map, made), mut kept)) in self.transforms.iter().zip(kept).enumerate().rev() {
            let block = map.per_value() * count;
            let rows = kept.values.chunks_exact(count).zip(slopes.chunks_exact_mut(count));
            for ((values, slopes), numbers) in rows.zip(kept.numbers.chunks_exact_mut(block)) {
                map.backward(numbers, values, slopes, &mut work);
            }
            let network = (kept.values.as_slice(), batch.contexts.as_slice(), &kept.hidden);
            let through = made.backward(parameters, gradient, network, &kept.numbers, count, number > 0);
            for (slope, through) in slopes.iter_mut().zip(through.into_iter().flatten()) {
                *slope += through;
            }
        }
    }

    /// Values from standard normal numbers (both `value_count x count`).
    pub(crate) fn draw<T: Number>(&self, parameters: &[T], contexts: &[T], normals: &[T], count: usize) -> Vec<T> {
        let mut values = normals.to_vec();
        for (map, made) in self.transforms.iter().rev() {
            let mut known = vec![T::ZERO; values.len()];
            for rank in 0..self.value_count {
                // Of two orders, each its own inverse.
                let value = made.rank(rank);
                let hidden = made.hidden(parameters, &known, contexts, count);
                let mut numbers = made.numbers_of(parameters, &hidden, count, value);
                let row = &mut known[value * count..][..count];
                row.copy_from_slice(&values[value * count..][..count]);
                map.inverse(&mut numbers, row);
            }
            values = known;
        }
        values
    }
}
