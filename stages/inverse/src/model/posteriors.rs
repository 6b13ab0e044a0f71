//! The posteriors that a model has of rows of features, with the quantities that follow from its targets.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use super::parts::Model;
use super::predict::{columns_of, scaling};
use crate::columns::select;
use crate::posterior::{Summary, derived, summaries, summary_of};
use crate::steps::apply;
use crate::{Draws, Expression, InverseError, Posterior, Target};

/// What is known of the targets, given a row of features.
#[derive(Debug, Clone, PartialEq)]
pub struct RowPosterior {
    /// draws x quantities, in the order of [`Model::quantities`].
    pub draws: Draws,
    /// One per quantity.
    pub summaries: Vec<Summary>,
}

impl Model {
    /// The posterior that was learned; none for estimators that only know a value.
    pub fn posterior(&self) -> Option<&dyn Posterior> {
        self.fitted.posterior()
    }

    /// What predictions are of: the targets and, for a posterior, the quantities that follow from them.
    pub fn quantities(&self) -> Vec<Target> {
        let mut quantities = self.targets.clone();
        if self.posterior().is_some() {
            quantities.extend(self.not_learned().map(|derived| Target {
                name: derived.name.clone(),
                unit: derived.unit.clone(),
                prior: None,
            }));
        }
        quantities
    }

    fn not_learned(&self) -> impl Iterator<Item = &super::parts::Derived> {
        self.derived.iter().filter(|derived| self.targets.iter().all(|target| target.name != derived.name))
    }

    /// Rows of features as the fit sees them.
    ///
    /// # Errors
    /// A feature of the model that is not among the columns, a column named twice, or a number of names that is not that of columns.
    pub fn seen(&self, features: ArrayView2<'_, f64>, feature_names: &[String]) -> Result<Array2<f64>, InverseError> {
        let columns = columns_of(self, features, feature_names)?;
        let rows: Vec<usize> = (0..features.nrows()).collect();
        let mut seen = select(features, &rows, &columns);
        apply(scaling(self).as_slice(), &mut seen);
        Ok(seen)
    }

    /// `count` draws for each row; none for a model without a posterior. Random numbers follow from the values of a row alone, so that equal rows have
    /// equal draws, and no row changes those of another. A row whose posterior cannot be drawn from has the reason.
    ///
    /// # Errors
    /// As [`Model::seen`].
    pub fn posteriors(
        &self,
        features: ArrayView2<'_, f64>,
        feature_names: &[String],
        count: usize,
    ) -> Result<Option<Vec<Result<RowPosterior, InverseError>>>, InverseError> {
        let Some(posterior) = self.posterior() else {
            return Ok(None);
        };
        let seen = self.seen(features, feature_names)?;
        let further: Vec<Expression> =
            self.not_learned().map(|derived| Expression::parse(&derived.expression)).collect::<Result<_, _>>()?;
        let rows: Vec<Vec<f64>> = seen.rows().into_iter().map(|row| row.to_vec()).collect();
        let of_row = |row: &Vec<f64>| {
            let draws = posterior.draw(row, count, stream_of(row)).map_err(|error| self.named(error))?;
            self.with_derived(draws, &further)
        };
        Ok(Some(rows.par_iter().map(of_row).collect()))
    }

    fn with_derived(&self, draws: Draws, further: &[Expression]) -> Result<RowPosterior, InverseError> {
        let mut summaries = summaries(&draws);
        let mut values = draws.values.clone();
        for expression in further {
            let place = |name: &String| self.targets.iter().position(|target| target.name == *name);
            let places: Vec<Option<usize>> = expression.names().iter().map(place).collect();
            let of_draw = |draw: &[f64]| {
                let of: Vec<f64> = places.iter().map(|place| place.map_or(f64::NAN, |place| draw[place])).collect();
                expression.value(&of)
            };
            let column = derived(&draws, of_draw);
            summaries.push(summary_of(&column));
            let column = Array2::from_shape_vec((column.len(), 1), column).map_err(|_| InverseError::Overflow)?;
            values = concatenate(Axis(1), &[values.view(), column.view()]).map_err(|_| InverseError::Overflow)?;
        }
        Ok(RowPosterior { draws: Draws { values, ..draws }, summaries })
    }

    /// Estimators know features by position among those that they saw; the user knows names.
    fn named(&self, error: InverseError) -> InverseError {
        match error {
            InverseError::FeatureNotFinite { feature, value } => InverseError::MissingValue {
                name: self.features.get(feature).map(|feature| feature.name.clone()).unwrap_or_default(),
                value,
            },
            other => other,
        }
    }
}

fn stream_of(row: &[f64]) -> StreamKey {
    let text: String = row.iter().map(|value| format!("{:016x}", value.to_bits())).collect();
    StreamKey::new(*b"posterior of row").derive(&text)
}
