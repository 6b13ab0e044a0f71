//! Fits with steps before them, and several fits whose mean is the prediction: what is learned where an estimator alone does not say it.
//!
//! Each member has features and steps of its own, since what does not vary and how values are scaled is learned anew in each fold.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::{Fitted, LinearMap, Loss, Stored};
use crate::posterior::{Draws, Posterior};
use crate::steps::{LearnedStep, apply};
use crate::{InverseError, JointPrior};

/// A fit, and how features are prepared for it.
#[derive(Debug)]
pub struct Member {
    /// The features it sees, by their positions among those of the model, ascending.
    pub columns: Vec<u32>,
    /// What happens to them first.
    pub steps: Vec<LearnedStep>,
    /// What was learned of them.
    pub fitted: Box<dyn Fitted>,
}

/// Several fits of one estimator, or one with steps before it.
#[derive(Debug)]
pub struct Members(pub Vec<Member>);

impl Member {
    fn seen(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let columns: Vec<usize> = self.columns.iter().map(|&column| column as usize).collect();
        let mut seen = features.select(Axis(1), &columns);
        apply(&self.steps, &mut seen);
        seen
    }

    /// The fit as a linear map of all `features` features, if it is one.
    fn linear(&self, features: usize) -> Option<LinearMap> {
        let map = self.fitted.linear()?;
        let map = match self.steps.as_slice() {
            [] => map.clone(),
            [LearnedStep::Affine { centre, scale }] => map.after(centre, scale),
            _ => return None,
        };
        let spread = |line: &Vec<f64>| {
            let mut all = vec![0.0; features];
            line.iter().zip(&self.columns).for_each(|(coefficient, column)| all[*column as usize] = *coefficient);
            all
        };
        Some(LinearMap { coefficients: map.coefficients.iter().map(spread).collect(), intercept: map.intercept })
    }
}

impl Members {
    /// Its name in model documents.
    pub(crate) const KIND: &'static str = "members";

    /// The members of what was kept; `restore` is that of their estimator.
    pub(crate) fn restore(
        mut stored: Stored,
        restore: &dyn Fn(Stored) -> Result<Box<dyn Fitted>, InverseError>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        let mut members = Vec::new();
        while let Some(mut part) = stored.take_part(&members.len().to_string()) {
            let columns = part.take_whole("columns")?;
            let mut steps = Vec::new();
            if let Some(mut kept) = part.take_part("steps") {
                let mut width = columns.len();
                while let Some(step) = kept.take_part(&steps.len().to_string()) {
                    let step = LearnedStep::restore(step, width)?;
                    width = step.width(width);
                    steps.push(step);
                }
                kept.finish()?;
            }
            let Some(fitted) = part.take_part("fitted") else {
                return part.wrong("fitted", "is missing".to_owned());
            };
            part.finish()?;
            members.push(Member { columns, steps, fitted: restore(fitted)? });
        }
        stored.finish()?;
        Ok(Box::new(Self(members)))
    }

    /// One linear map that says what all members say in the mean; none unless all are linear.
    fn mean_map(&self, features: usize) -> Option<LinearMap> {
        let (first, others) = self.0.split_first()?;
        let mut sum = first.linear(features)?;
        for member in others {
            let map = member.linear(features)?;
            sum.intercept.iter_mut().zip(map.intercept).for_each(|(sum, value)| *sum += value);
            let lines = sum.coefficients.iter_mut().zip(&map.coefficients);
            lines.flat_map(|(sum, line)| sum.iter_mut().zip(line)).for_each(|(sum, value)| *sum += value);
        }
        let count = self.0.len() as f64;
        sum.intercept.iter_mut().chain(sum.coefficients.iter_mut().flatten()).for_each(|sum| *sum /= count);
        Some(sum)
    }
}

impl Fitted for Members {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        if let Some(map) = self.mean_map(features.ncols()) {
            return map.predict(features);
        }
        let predicted: Vec<Array2<f64>> =
            self.0.par_iter().map(|member| member.fitted.predict(member.seen(features).view())).collect();
        // Summed in order, so that the bits do not depend on which member was ready first.
        let mut predicted = predicted.into_iter();
        let Some(mut sum) = predicted.next() else { return Array2::zeros((features.nrows(), 0)) };
        predicted.for_each(|predicted| sum += &predicted);
        sum / self.0.len() as f64
    }

    /// Of several fits the mean is another prediction than each: nothing is known of its error.
    fn sd(&self, features: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        match self.0.as_slice() {
            [member] => member.fitted.sd(member.seen(features).view()),
            _ => None,
        }
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        let wrong = |field: String, problem: String| Err(InverseError::Document { field, problem });
        if self.0.is_empty() {
            return wrong("fitted.members".to_owned(), "has no member; it needs at least one".to_owned());
        }
        for (place, member) in self.0.iter().enumerate() {
            let columns = &member.columns;
            if columns.is_empty()
                || columns.windows(2).any(|pair| pair[0] >= pair[1])
                || columns.last().is_some_and(|&last| last as usize >= features)
            {
                let problem = format!("must be ascending numbers below {features}, the number of features");
                return wrong(format!("fitted.members.{place}.columns"), problem);
            }
            let width = member.steps.iter().fold(columns.len(), |width, step| step.width(width));
            member.fitted.check(width, targets)?;
        }
        Ok(())
    }

    fn posterior(&self) -> Option<&dyn Posterior> {
        let all = self.0.iter().all(|member| member.fitted.posterior().is_some());
        all.then_some(self)
    }

    fn losses(&self) -> Vec<Loss> {
        let mut losses = Vec::new();
        for member in &self.0 {
            let first = losses.iter().map(|loss: &Loss| loss.member + 1).max().unwrap_or(0);
            losses.extend(member.fitted.losses().into_iter().map(|loss| Loss { member: first + loss.member, ..loss }));
        }
        losses
    }

    fn store(&self) -> Stored {
        let of_steps = |steps: &[LearnedStep]| {
            let numbered = steps.iter().enumerate();
            numbered.fold(Stored::default(), |stored, (n, step)| stored.with_part(&n.to_string(), step.store()))
        };
        let of_member = |member: &Member| {
            let columns: Vec<f64> = member.columns.iter().map(|&column| f64::from(column)).collect();
            Stored::default()
                .with("columns", &[columns.len()], columns)
                .with_part("steps", of_steps(&member.steps))
                .with_part("fitted", member.fitted.store())
        };
        let numbered = self.0.iter().enumerate();
        numbered.fold(Stored::default(), |stored, (n, member)| stored.with_part(&n.to_string(), of_member(member)))
    }
}

/// A row as a member sees it, and what that member makes of it.
type SeenBy<'a> = (Vec<f64>, &'a dyn Posterior);

impl Members {
    fn posteriors(&self, features: &[f64]) -> Result<Vec<SeenBy<'_>>, InverseError> {
        let row = ArrayView2::from_shape((1, features.len()), features).map_err(|_| InverseError::Overflow)?;
        let of_member = |member: &'_ Member| member.seen(row).into_raw_vec_and_offset().0;
        Ok(self.0.iter().filter_map(|member| Some((of_member(member), member.fitted.posterior()?))).collect())
    }
}

/// The mixture of the members' posteriors in equal parts.
impl Posterior for Members {
    fn prior(&self) -> &JointPrior {
        // All have been trained with the same one.
        self.0.iter().find_map(|member| member.fitted.posterior()).map_or(JointPrior::of_nothing(), Posterior::prior)
    }

    fn is_normalized(&self) -> bool {
        self.0.iter().all(|member| member.fitted.posterior().is_some_and(Posterior::is_normalized))
    }

    fn draw(&self, features: &[f64], count: usize, stream: StreamKey) -> Result<Draws, InverseError> {
        let posteriors = self.posteriors(features)?;
        let members = posteriors.len();
        if let [(seen, posterior)] = posteriors.as_slice() {
            return posterior.draw(seen, count, stream);
        }
        // Draw i is of member i mod members: fewer draws are the first of more.
        let each = count.div_ceil(members.max(1));
        let mut drawn = Vec::with_capacity(members);
        for (place, (seen, posterior)) in posteriors.iter().enumerate() {
            drawn.push(posterior.draw(seen, each, stream.derive(&format!("member {place}")))?);
        }
        let targets = drawn.first().map_or(0, |draws| draws.values.ncols());
        let values = Array2::from_shape_fn((count, targets), |(draw, target)| {
            drawn[draw % members].values[[draw / members, target]]
        });
        let log_density = self.log_density(features, values.view())?;
        Ok(Draws { values, log_density })
    }

    fn log_density(&self, features: &[f64], values: ArrayView2<'_, f64>) -> Result<Vec<f64>, InverseError> {
        // Densities that lack different constants have no mean.
        if self.0.len() > 1 && !self.is_normalized() {
            return Ok(vec![f64::NAN; values.nrows()]);
        }
        let mut of_members = Vec::with_capacity(self.0.len());
        for (seen, posterior) in self.posteriors(features)? {
            of_members.push(posterior.log_density(&seen, values)?);
        }
        Ok((0..values.nrows()).map(|row| log_mean_exp(of_members.iter().map(|member| member[row]))).collect())
    }
}

fn log_mean_exp(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = logs.clone().count() as f64;
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY || logs.clone().any(f64::is_nan) {
        return if logs.clone().any(f64::is_nan) { f64::NAN } else { f64::NEG_INFINITY };
    }
    largest + (logs.map(|log| (log - largest).exp()).sum::<f64>() / count).ln()
}
