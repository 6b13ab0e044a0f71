//! What is known of all targets before: independent priors, one each.

use lapicque_numerics::random::Generator;
use ndarray::{Array2, ArrayView2};

use crate::{InverseError, Prior};

/// The product of one prior per target.
#[derive(Debug, Clone, PartialEq)]
pub struct JointPrior {
    targets: Vec<Prior>,
    assumed: Vec<bool>,
}

impl JointPrior {
    /// The product of these.
    ///
    /// # Errors
    /// No prior, or parameters of one out of range.
    pub fn new(targets: Vec<Prior>) -> Result<Self, InverseError> {
        let assumed = vec![false; targets.len()];
        Self::with_assumed(targets, assumed)
    }

    /// That of no target.
    pub(crate) fn of_nothing() -> &'static Self {
        static NOTHING: JointPrior = JointPrior { targets: Vec::new(), assumed: Vec::new() };
        &NOTHING
    }

    pub(crate) fn with_assumed(targets: Vec<Prior>, assumed: Vec<bool>) -> Result<Self, InverseError> {
        if targets.is_empty() || assumed.len() != targets.len() {
            return Err(InverseError::Shape {
                what: "prior",
                found: format!("{} targets", targets.len()),
                expected: "at least one".to_owned(),
            });
        }
        targets.iter().try_for_each(Prior::check)?;
        Ok(Self { targets, assumed })
    }

    /// What was said of each column of training targets (rows x targets); where nothing was, a uniform distribution from its least to its largest value, which
    /// [`JointPrior::assumed`] tells of.
    ///
    /// # Errors
    /// A prior out of range, a training value where its prior has no mass, or a target with one value in all rows.
    pub fn of_training(known: &[Option<Prior>], targets: ArrayView2<'_, f64>) -> Result<Self, InverseError> {
        let (mut priors, mut assumed) = (Vec::new(), Vec::new());
        for (target, column) in targets.columns().into_iter().enumerate() {
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Also where there is no row.
            if low >= high {
                return Err(InverseError::ConstantTarget { target });
            }
            let known = known.get(target).cloned().flatten();
            assumed.push(known.is_none());
            priors.push(known.unwrap_or(Prior::Uniform { low, high }));
        }
        let prior = Self::with_assumed(priors, assumed)?;
        prior.check_contains(targets)?;
        Ok(prior)
    }

    /// One per target.
    pub fn targets(&self) -> &[Prior] {
        &self.targets
    }

    /// Whether the prior of each target is but the range of its training values.
    pub fn assumed(&self) -> &[bool] {
        &self.assumed
    }

    /// The natural logarithm of the density of one value per target.
    pub fn log_density(&self, values: &[f64]) -> f64 {
        self.targets.iter().zip(values).map(|(prior, value)| prior.log_density(*value)).sum()
    }

    /// Whether there is mass at one value per target.
    pub fn contains(&self, values: &[f64]) -> bool {
        self.targets.iter().zip(values).all(|(prior, value)| prior.contains(*value))
    }

    /// draws x targets. Fewer draws are the first of more.
    pub fn draw(&self, count: usize, generator: &mut Generator) -> Array2<f64> {
        let mut draws = Array2::zeros((count, self.targets.len()));
        for mut row in draws.rows_mut() {
            for (slot, prior) in row.iter_mut().zip(&self.targets) {
                *slot = prior.draw(generator);
            }
        }
        draws
    }

    /// [`Prior::to_normal`] of each.
    pub fn to_normal(&self, values: ArrayView2<'_, f64>) -> Array2<f64> {
        Array2::from_shape_fn(values.dim(), |(row, target)| self.targets[target].to_normal(values[[row, target]]))
    }

    /// [`Prior::from_normal`] of each.
    pub fn from_normal(&self, values: ArrayView2<'_, f64>) -> Array2<f64> {
        Array2::from_shape_fn(values.dim(), |(row, target)| self.targets[target].from_normal(values[[row, target]]))
    }

    fn check_contains(&self, values: ArrayView2<'_, f64>) -> Result<(), InverseError> {
        for (target, (prior, column)) in self.targets.iter().zip(values.columns()).enumerate() {
            let mut outside = column.iter().enumerate().filter(|(_, value)| !prior.contains(**value));
            if let Some((row, &value)) = outside.next() {
                let (low, high) = prior.support();
                return Err(InverseError::OutsidePrior { target, row, value, low, high, rows: 1 + outside.count() });
            }
        }
        Ok(())
    }
}
