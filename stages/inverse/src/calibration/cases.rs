//! Held-out samples with draws of their posteriors.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::{Draws, FitContext, InverseError, Posterior};

/// Samples that no fit saw, with their true targets and draws of the posterior given their features.
#[derive(Debug, Clone, PartialEq)]
pub struct Cases {
    /// samples x targets.
    pub truth: Array2<f64>,
    /// For each sample; equally many.
    pub draws: Vec<Draws>,
    /// For each sample, the logarithm of the density at the true values; NaN where it is not known.
    pub truth_log_density: Vec<f64>,
    /// Which rows of the features these are.
    pub rows: Vec<usize>,
    /// Rows without a posterior, and why: they are in none of the lists.
    pub failed: Vec<(usize, InverseError)>,
}

impl Cases {
    /// `count` draws of the posterior for each row of features (as the fit saw them). Looks at the context between rows and tells it of progress.
    ///
    /// # Errors
    /// Unequal numbers of rows, or [`InverseError::Cancelled`].
    pub fn draw(
        posterior: &dyn Posterior,
        features: ArrayView2<'_, f64>,
        truth: ArrayView2<'_, f64>,
        count: usize,
        stream: StreamKey,
        context: &FitContext<'_>,
    ) -> Result<Self, InverseError> {
        if features.nrows() != truth.nrows() {
            return Err(InverseError::Shape {
                what: "true targets",
                found: format!("{} rows", truth.nrows()),
                expected: format!("{} (the number of rows of features)", features.nrows()),
            });
        }
        let one = |row: usize| -> Result<(Draws, f64), InverseError> {
            context.look()?;
            let features = features.row(row).to_vec();
            let draws = posterior.draw(&features, count, stream.derive(&format!("case {row}")))?;
            let at_truth = posterior.log_density(&features, truth.slice(ndarray::s![row..=row, ..]))?;
            (context.progress)(1.0 / truth.nrows() as f64);
            Ok((draws, at_truth.first().copied().unwrap_or(f64::NAN)))
        };
        let found: Vec<_> = context.on_threads(|| (0..truth.nrows()).into_par_iter().map(one).collect());
        let (mut draws, mut truth_log_density, mut rows, mut failed) = (vec![], vec![], vec![], vec![]);
        for (row, found) in found.into_iter().enumerate() {
            match found {
                Ok((of_row, at_truth)) => {
                    draws.push(of_row);
                    truth_log_density.push(at_truth);
                    rows.push(row);
                }
                Err(InverseError::Cancelled) => return Err(InverseError::Cancelled),
                Err(error) => failed.push((row, error)),
            }
        }
        Ok(Self { truth: truth.select(Axis(0), &rows), draws, truth_log_density, rows, failed })
    }

    /// Draws of each.
    ///
    /// # Errors
    /// No sample, no draw, unequal numbers of draws, or true values that are not finite.
    pub(super) fn draw_count(&self) -> Result<usize, InverseError> {
        let count = self.draws.first().map_or(0, |draws| draws.values.nrows());
        let refuse = |found: String, expected: &str| {
            Err(InverseError::Shape { what: "held-out samples", found, expected: expected.to_owned() })
        };
        if count == 0 {
            let found = format!("{} samples with {count} draws each", self.draws.len());
            return refuse(found, "at least one sample with a posterior, and at least one draw");
        }
        let shape = (count, self.truth.ncols());
        let agree = |draws: &Draws| draws.values.dim() == shape && draws.log_density.len() == count;
        if self.draws.len() != self.truth.nrows()
            || self.truth_log_density.len() != self.draws.len()
            || !self.draws.iter().all(agree)
        {
            return refuse("lists that do not fit together".to_owned(), "equally many draws for each");
        }
        match self.truth.iter().position(|value| !value.is_finite()) {
            Some(place) => refuse(format!("a true value that is not finite (number {place})"), "finite true values"),
            None => Ok(count),
        }
    }
}
