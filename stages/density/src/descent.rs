//! Training by gradient descent: batches in random order, Adam, rows set aside, and the best parameters kept.
//!
//! Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1) with beta_1 = 0.9, beta_2 = 0.999 and epsilon = 1e-8: with g the gradient of the mean loss of a
//! batch, m <- beta_1 m + (1 - beta_1) g, v <- beta_2 v + (1 - beta_2) g^2, parameter <- parameter - rate m / (1 - beta_1^t) /
//! (sqrt(v / (1 - beta_2^t)) + epsilon).

use lapicque_numerics::random::StreamKey;
use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::error::DensityError;
use crate::number::Number;

/// Whoever waits for a training.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Whether the training is no longer wanted; asked before each epoch and after every 16 batches, from any thread.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told after each epoch, from any thread; epochs of one member in their order.
    pub epoch: &'a (dyn Fn(EpochLoss) + Sync),
}

impl Watch<'_> {
    /// Nobody waits.
    pub fn nobody() -> Watch<'static> {
        Watch { cancelled: &|| false, epoch: &|_| () }
    }
}

/// How far a training had come after a pass over its rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochLoss {
    /// Of the ensemble, from 0.
    pub member: usize,
    /// Passes over the training rows, from 1.
    pub epoch: usize,
    /// Mean loss per training row over the pass.
    pub training: f64,
    /// Mean loss per row that was set aside; NaN where none was.
    pub validation: f64,
}

/// Rows as a network sees them, row after row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows<T> {
    /// What is to be explained.
    pub(crate) values: Vec<T>,
    pub(crate) value_count: usize,
    /// What it is explained by.
    pub(crate) contexts: Vec<T>,
    pub(crate) context_count: usize,
    pub(crate) count: usize,
}

/// Some rows as columns: `value_count x count` and `context_count x count`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch<T> {
    pub(crate) values: Vec<T>,
    pub(crate) contexts: Vec<T>,
    pub(crate) count: usize,
}

impl<T: Number> Rows<T> {
    fn gather(&self, rows: &[usize], batch: &mut Batch<T>) {
        batch.count = rows.len();
        gather(&self.values, self.value_count, rows, &mut batch.values);
        gather(&self.contexts, self.context_count, rows, &mut batch.contexts);
    }

    /// All rows in their order, at most `most` at a time.
    pub(crate) fn batches(&self, most: usize) -> Vec<Batch<T>> {
        let rows: Vec<usize> = (0..self.count).collect();
        let of = |rows: &[usize]| {
            let mut batch = Batch::default();
            self.gather(rows, &mut batch);
            batch
        };
        rows.chunks(most.max(1)).map(of).collect()
    }
}

fn gather<T: Number>(table: &[T], width: usize, rows: &[usize], out: &mut Vec<T>) {
    out.clear();
    for column in 0..width {
        out.extend(rows.iter().map(|&row| table[row * width + column]));
    }
}

/// What is made small.
pub(crate) trait Objective<T: Number>: Sync {
    /// The sum of the loss over the rows of a batch. Where a gradient is given, its own is added to it.
    fn loss(&self, parameters: &[T], batch: &Batch<T>, gradient: Option<&mut [T]>) -> f64;

    /// What is added to the mean loss of a batch of so many rows, beside the rows; its gradient is added to that of the mean.
    fn penalty(&self, _parameters: &[T], _count: usize, _gradient: &mut [T]) -> f64 {
        0.0
    }

    /// 1 for each parameter, but 0 for those that stay as they are; nothing if none does.
    fn free(&self) -> Vec<T> {
        Vec::new()
    }
}

/// How to descend.
#[derive(Debug, Clone)]
pub(crate) struct Descent {
    pub(crate) batch: usize,
    pub(crate) learning_rate: f64,
    pub(crate) clip: Option<f64>,
    pub(crate) max_epochs: usize,
    /// Epochs without gain until the end.
    pub(crate) patience: usize,
    /// What the loss must fall below the lowest by to count as gain.
    pub(crate) tolerance: f64,
}

/// Descends from `parameters`, and leaves there those with the lowest validation loss; those after the last epoch where no row was set aside. The losses of
/// all epochs. Random numbers: the order of rows, from `stream`, by epoch.
pub(crate) fn descend<T: Number>(
    objective: &dyn Objective<T>,
    parameters: &mut Vec<T>,
    (training, validation): (&Rows<T>, &Rows<T>),
    descent: &Descent,
    (member, stream): (usize, StreamKey),
    watch: Watch<'_>,
) -> Result<Vec<EpochLoss>, DensityError> {
    let wanted = || if (watch.cancelled)() { Err(DensityError::Cancelled) } else { Ok(()) };
    let mut adam = Adam::new(parameters.len(), descent.learning_rate);
    let mut gradient = vec![T::ZERO; parameters.len()];
    let free = objective.free();
    let validation_batches = validation.batches(descent.batch.max(200));
    let mut order: Vec<usize> = (0..training.count).collect();
    let mut batch = Batch::default();
    let mut losses = Vec::new();
    let mut best = (f64::INFINITY, Vec::new());
    let mut without_gain = 0;
    for epoch in 1..=descent.max_epochs {
        wanted()?;
        stream.at(epoch as u64).shuffle(&mut order);
        let mut sum = 0.0;
        for (number, rows) in order.chunks(descent.batch).enumerate() {
            if number % 16 == 15 {
                wanted()?;
            }
            training.gather(rows, &mut batch);
            gradient.fill(T::ZERO);
            let loss = objective.loss(parameters, &batch, Some(&mut gradient));
            let scale = T::of(1.0 / rows.len() as f64);
            gradient.iter_mut().for_each(|slope| *slope *= scale);
            let penalty = objective.penalty(parameters, rows.len(), &mut gradient);
            gradient.iter_mut().zip(&free).for_each(|(slope, free)| *slope *= *free);
            sum += loss + penalty * rows.len() as f64;
            let norm = norm(&gradient);
            if !sum.is_finite() || !norm.is_finite() {
                let loss = if sum.is_finite() { norm } else { sum };
                return Err(DensityError::Diverged { member, epoch, loss });
            }
            if let Some(clip) = descent.clip.filter(|clip| norm > *clip) {
                let scale = T::of(clip / norm);
                gradient.iter_mut().for_each(|slope| *slope *= scale);
            }
            adam.step(parameters, &gradient);
        }
        let mean = sum / training.count.max(1) as f64;
        let mut held = validation_batches.iter().map(|batch| objective.loss(parameters, batch, None)).sum::<f64>();
        held /= validation.count as f64;
        if validation.count > 0 && !held.is_finite() {
            return Err(DensityError::Diverged { member, epoch, loss: held });
        }
        let loss = EpochLoss { member, epoch, training: mean, validation: held };
        losses.push(loss);
        (watch.epoch)(loss);
        let seen = if validation.count > 0 { held } else { mean };
        // As scikit-learn counts: what is lower by less than the tolerance is kept, but is no gain.
        without_gain = if seen < best.0 - descent.tolerance { 0 } else { without_gain + 1 };
        if seen < best.0 {
            best.0 = seen;
            if validation.count > 0 {
                best.1.clone_from(parameters);
            }
        }
        if without_gain >= descent.patience {
            break;
        }
    }
    if !best.1.is_empty() {
        *parameters = best.1;
    }
    Ok(losses)
}

/// In 64 bits: sums of squares of gradients overflow 32.
fn norm<T: Number>(gradient: &[T]) -> f64 {
    let mut lanes = [0.0; 8];
    let (whole, rest) = gradient.as_chunks::<8>();
    for chunk in whole {
        for (lane, slope) in lanes.iter_mut().zip(chunk) {
            *lane += slope.wide() * slope.wide();
        }
    }
    let rest: f64 = rest.iter().map(|slope| slope.wide() * slope.wide()).sum();
    (lanes.iter().sum::<f64>() + rest).sqrt()
}

struct Adam<T> {
    means: Vec<T>,
    squares: Vec<T>,
    rate: f64,
    steps: i32,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl<T: Number> Adam<T> {
    fn new(count: usize, rate: f64) -> Self {
        Self { means: vec![T::ZERO; count], squares: vec![T::ZERO; count], rate, steps: 0 }
    }

    fn step(&mut self, parameters: &mut [T], gradient: &[T]) {
        self.steps = self.steps.saturating_add(1);
        let rate = T::of(self.rate / (1.0 - BETA_1.powi(self.steps)));
        let square_scale = T::of(1.0 / (1.0 - BETA_2.powi(self.steps)).sqrt());
        vectorise(Step { adam: self, parameters, gradient, rate, square_scale });
    }
}

struct Step<'a, T> {
    adam: &'a mut Adam<T>,
    parameters: &'a mut [T],
    gradient: &'a [T],
    rate: T,
    square_scale: T,
}

impl<T: Number> Kernel for Step<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [keep_1, new_1, keep_2, new_2, epsilon] = [BETA_1, 1.0 - BETA_1, BETA_2, 1.0 - BETA_2, EPSILON].map(T::of);
        let state = self.adam.means.iter_mut().zip(&mut self.adam.squares);
        for ((parameter, slope), (mean, square)) in self.parameters.iter_mut().zip(self.gradient).zip(state) {
            *mean = keep_1 * *mean + new_1 * *slope;
            *square = keep_2 * *square + new_2 * (*slope * *slope);
            *parameter -= self.rate * *mean / (square.sqrt() * self.square_scale + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half the squared distance of one parameter from each value.
    struct Distance;

    impl Objective<f64> for Distance {
        fn loss(&self, parameters: &[f64], batch: &Batch<f64>, gradient: Option<&mut [f64]>) -> f64 {
            let offsets: Vec<f64> = batch.values.iter().map(|value| parameters[0] - value).collect();
            if let Some(gradient) = gradient {
                gradient[0] += offsets.iter().sum::<f64>();
            }
            offsets.iter().map(|offset| 0.5 * offset * offset).sum()
        }
    }

    fn rows(values: Vec<f64>) -> Rows<f64> {
        let count = values.len();
        Rows { values, value_count: 1, contexts: vec![0.0; count], context_count: 1, count }
    }

    fn descent(learning_rate: f64) -> Descent {
        Descent { batch: 4, learning_rate, clip: Some(5.0), max_epochs: 1000, patience: 20, tolerance: 0.0 }
    }

    fn from_zero(
        training: Vec<f64>,
        validation: Vec<f64>,
        descent: &Descent,
    ) -> Result<(f64, Vec<EpochLoss>), DensityError> {
        let mut parameters = vec![0.0];
        let data = (&rows(training), &rows(validation));
        let place = (3, StreamKey::new([1; 16]));
        let losses = descend(&Distance, &mut parameters, data, descent, place, Watch::nobody())?;
        Ok((parameters[0], losses))
    }

    #[test]
    fn the_parameters_with_the_lowest_validation_loss_are_kept() {
        // On its way to 1 it passes 0.5, where the rows set aside are.
        let (found, losses) = from_zero(vec![1.0; 4], vec![0.5; 2], &descent(0.01)).unwrap();
        assert!((found - 0.5).abs() < 0.01, "{found}");
        let best = losses.iter().min_by(|a, b| a.validation.total_cmp(&b.validation)).unwrap();
        assert_eq!(losses.len(), best.epoch + 20);
        assert_eq!(best.validation, 0.5 * (found - 0.5).powi(2));
    }

    /// Without clipping, Adam's first step is the rate, whatever the gradient; it goes on so while gradients are about equal.
    #[test]
    fn steps_are_those_of_adam() {
        let mut adam = Adam::new(2, 0.1);
        let mut parameters = vec![1.0, 2.0];
        adam.step(&mut parameters, &[0.5, -3.0]);
        assert!((parameters[0] - 0.9f64).abs() < 1e-7 && (parameters[1] - 2.1f64).abs() < 1e-7, "{parameters:?}");
        adam.step(&mut parameters, &[1.0, -3.0]);
        // m = 0.1 (0.9 * 0.5 + 1) / (1 - 0.81), v = 0.001 (0.999 * 0.25 + 1) / (1 - 0.998001).
        let (m, v): (f64, f64) = (0.145 / 0.19, 0.00124975 / 0.001999);
        assert!((parameters[0] - (0.9 - 0.1 * m / v.sqrt())).abs() < 1e-7, "{parameters:?}");
    }

    #[test]
    fn a_loss_that_is_not_finite_is_an_error() {
        let diverged = from_zero(vec![1.0, f64::MAX], vec![0.5], &descent(0.01)).unwrap_err();
        assert_eq!(diverged, DensityError::Diverged { member: 3, epoch: 1, loss: f64::INFINITY });
        let message = diverged.to_string();
        assert!(message.starts_with("the loss of member 3 became inf in epoch 1: the training diverged"), "{message}");
        let of_validation = from_zero(vec![1.0], vec![f64::MAX], &descent(0.01)).unwrap_err();
        assert_eq!(of_validation, diverged);
    }

    #[test]
    fn without_rows_set_aside_it_ends_when_the_training_loss_does_not_fall() {
        let (found, losses) = from_zero(vec![1.0; 9], Vec::new(), &descent(0.05)).unwrap();
        assert!((found - 1.0).abs() < 0.05 && losses.len() < 1000, "{found}");
        assert!(losses.iter().all(|loss| loss.validation.is_nan()));
    }
}
