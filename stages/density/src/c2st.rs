//! The classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545), as sbibm scores posteriors (Lueckmann et al. 2021).
//!
//! Both samples are scaled by means and standard deviations (divided by n - 1) of the first. A perceptron with two hidden layers of 10 d units, relu, learns to
//! tell them apart by logistic loss (Adam, rate 0.001, alpha 0.0001, batches of 200, until ten epochs and one more have not brought the loss down by 0.0001, at
//! most 10,000); the score is the share of rows that it tells right, averaged over folds that it did not learn from. 0.5: not to be told apart; 1: disjoint.

use lapicque_numerics::random::StreamKey;
use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::columns::{Scaling, check_table};
use crate::descent::{Batch, Descent, Objective, Rows, Watch, descend};
use crate::error::DensityError;
use crate::layers::{Bend, Perceptron};
use crate::number::Number;
use crate::positive::ln_1p;

/// The score of two samples (rows x values); folds are tried side by side on the threads of the rayon pool it is called in, with the same result for any number.
///
/// # Errors
/// Fewer than 2 folds or more than rows; samples of different widths, without columns, with fewer than 2 rows, with numbers that are not finite, or a column that
/// is the same in the whole first sample but not in the second; [`DensityError::Cancelled`].
pub fn c2st(
    first: ArrayView2<'_, f64>,
    second: ArrayView2<'_, f64>,
    folds: usize,
    stream: StreamKey,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<f64, DensityError> {
    let problem = |problem: String| Err(DensityError::Samples { problem });
    check_table(first, "the first sample")?;
    check_table(second, "the second sample")?;
    let width = first.ncols();
    if second.ncols() != width {
        return problem(format!("the samples have {width} and {} columns; both need the same", second.ncols()));
    }
    let fewest = first.nrows().min(second.nrows());
    if fewest < 2 {
        return Err(DensityError::TooFewRows { rows: fewest, needed: 2 });
    }
    let count = first.nrows() + second.nrows();
    if folds < 2 || folds > count {
        return problem(format!("`folds` is {folds}; allowed: 2 to the number of rows of both samples, {count}"));
    }
    let scaling = scaling(first, second)?;
    let scaled = |table: ArrayView2<'_, f64>| -> Vec<f32> {
        let number = |((_, column), value): ((usize, usize), &f64)| scaling.scaled(column, *value) as f32;
        table.indexed_iter().map(number).collect()
    };
    let mut contexts = scaled(first);
    contexts.extend(scaled(second));
    let label = |row: usize| if row < first.nrows() { 0.0 } else { 1.0 };
    let order = stream.stream("folds", 0).permutation(count);
    let network = Perceptron::new(width, &[10 * width, 10 * width], 1, Bend::Relu);
    let rows = |rows: Vec<usize>| Rows {
        values: rows.iter().map(|&row| label(row)).collect(),
        value_count: 1,
        contexts: rows.iter().flat_map(|&row| contexts[row * width..][..width].iter().copied()).collect(),
        context_count: width,
        count: rows.len(),
    };
    let one = |fold: usize| {
        // The first folds have one row more where they do not come out even.
        let start = |fold: usize| fold * (count / folds) + fold.min(count % folds);
        let test = start(fold)..start(fold + 1);
        let train: Vec<usize> = [&order[..test.start], &order[test.end..]].concat();
        let stream = stream.derive(&format!("fold {fold}"));
        accuracy(&network, &rows(train), &rows(order[test].to_vec()), stream, cancelled)
    };
    let scores: Result<Vec<f64>, DensityError> =
        (0..folds).into_par_iter().map(one).collect::<Vec<_>>().into_iter().collect();
    Ok(scores?.iter().sum::<f64>() / folds as f64)
}

fn scaling(first: ArrayView2<'_, f64>, second: ArrayView2<'_, f64>) -> Result<Scaling, DensityError> {
    let rows: Vec<usize> = (0..first.nrows()).collect();
    if let Some(column) = Scaling::first_constant(first, &rows) {
        let differs = second.column(column).iter().any(|value| *value != first[[0, column]]);
        if differs {
            let problem = format!("column {column} is the same in the whole first sample, but not in the second");
            return Err(DensityError::Samples { problem });
        }
    }
    let mut scaling = Scaling::of(first, &rows, "the first sample")?;
    let count = rows.len() as f64;
    scaling.scales.iter_mut().for_each(|scale| *scale *= (count / (count - 1.0)).sqrt());
    Ok(scaling)
}

fn accuracy(
    network: &Perceptron,
    train: &Rows<f32>,
    test: &Rows<f32>,
    stream: StreamKey,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<f64, DensityError> {
    let mut parameters: Vec<f32> = network.glorot(&mut stream.stream("initial weights", 0));
    let descent = Descent {
        batch: 200.min(train.count),
        learning_rate: 1e-3,
        clip: None,
        max_epochs: 10_000,
        patience: 11,
        tolerance: 1e-4,
    };
    let watch = Watch { cancelled, epoch: &|_| () };
    let nothing = Rows { value_count: 1, context_count: train.context_count, ..Rows::default() };
    let place = (0, stream.derive("order of rows"));
    descend(&Logistic { network }, &mut parameters, (train, &nothing), &descent, place, watch)?;
    let mut right = 0;
    for batch in test.batches(256) {
        let outs = network.forward(&parameters, &batch.contexts, batch.count);
        let logits = outs.last().into_iter().flatten();
        right += logits.zip(&batch.values).filter(|(logit, label)| (**logit > 0.0) == (**label > 0.5)).count();
    }
    Ok(right as f64 / test.count as f64)
}

struct Logistic<'a> {
    network: &'a Perceptron,
}

impl Objective<f32> for Logistic<'_> {
    fn loss(&self, parameters: &[f32], batch: &Batch<f32>, gradient: Option<&mut [f32]>) -> f64 {
        let mut outs = self.network.forward(parameters, &batch.contexts, batch.count);
        let mut slopes = outs.pop().unwrap_or_default();
        let mut loss = 0.0;
        for (slope, &label) in slopes.iter_mut().zip(&batch.values) {
            let logit = *slope;
            let small = Number::exp(-logit.abs());
            loss += f64::from(logit.max(0.0) + ln_1p(small) - label * logit);
            *slope = (if logit >= 0.0 { 1.0 } else { small }) / (1.0 + small) - label;
        }
        if let Some(gradient) = gradient {
            self.network.backward(parameters, gradient, (&batch.contexts, &outs), batch.count, slopes);
        }
        loss
    }

    fn penalty(&self, parameters: &[f32], count: usize, gradient: &mut [f32]) -> f64 {
        self.network.penalty(parameters, 1e-4 / count as f64, gradient)
    }
}
