//! Whether a model document makes sense, field by field: it may have been edited, cut short or written by another version.

use super::parts::{Model, ModelFeature};
use crate::error::{check_finite, check_length};
use crate::training_data::check_unique;
use crate::{Expression, InverseError};

impl Model {
    /// Lengths that agree, unique names, finite numbers, trees that end.
    ///
    /// # Errors
    /// The first field that does not, by name.
    pub fn check(&self) -> Result<(), InverseError> {
        self.estimator.check()?;
        if self.features.is_empty() {
            return wrong("features", "is empty; a model needs at least one feature");
        }
        if self.targets.is_empty() {
            return wrong("targets", "is empty; a model needs at least one target");
        }
        let used = self.features.iter().map(|feature| feature.name.as_str());
        let dropped = self.dropped_features.iter().map(|feature| feature.name.as_str());
        check_unique("feature", used.chain(dropped))?;
        check_unique("target", self.targets.iter().map(|target| target.name.as_str()))?;
        check_unique("derived quantity", self.derived.iter().map(|derived| derived.name.as_str()))?;
        for derived in &self.derived {
            Expression::parse(&derived.expression)?;
        }
        for feature in &self.features {
            check_feature(feature)?;
        }
        if self.features.iter().any(|f| f.mean.is_some() != self.features[0].mean.is_some()) {
            return wrong("features", "has `mean` and `scale` for some features only; it needs them for all or none");
        }
        for (position, dropped) in self.dropped_features.iter().enumerate() {
            check_finite(|| format!("dropped_features[{position}].value"), dropped.value)?;
        }
        if let Some(errors) = &self.held_out_rms_error {
            check_length("held_out_rms_error", errors.len(), self.targets.len(), "targets")?;
            for (target, &error) in errors.iter().enumerate() {
                check_finite(|| format!("held_out_rms_error[{target}]"), error)?;
                if error < 0.0 {
                    return wrong(format!("held_out_rms_error[{target}]"), format!("is {error}; it must be >= 0"));
                }
            }
        }
        if let Some(leverage) = &self.leverage {
            leverage.check(self.features.len())?;
        }
        if let Some(mean) = self.held_out_leverage {
            check_finite(|| "held_out_leverage".to_owned(), mean)?;
            if mean < 0.0 {
                return wrong("held_out_leverage", format!("is {mean}; it must be >= 0"));
            }
        }
        self.fitted.check(self.features.len(), self.targets.len())
    }
}

fn check_feature(feature: &ModelFeature) -> Result<(), InverseError> {
    let field = |part: &str| format!("features.{}.{part}", feature.name);
    check_finite(|| field("training_min"), feature.training_min)?;
    check_finite(|| field("training_max"), feature.training_max)?;
    if feature.training_min > feature.training_max {
        let problem = format!("is {}, above training_max = {}", feature.training_min, feature.training_max);
        return wrong(field("training_min"), problem);
    }
    if feature.mean.is_some() != feature.scale.is_some() {
        return wrong(field("scale"), "must be given together with `mean`, or neither");
    }
    check_finite(|| field("mean"), feature.mean.unwrap_or(0.0))?;
    let scale = feature.scale.unwrap_or(1.0);
    check_finite(|| field("scale"), scale)?;
    if scale <= 0.0 {
        return wrong(field("scale"), format!("is {scale}; it must be above 0"));
    }
    Ok(())
}

fn wrong(field: impl Into<String>, problem: impl Into<String>) -> Result<(), InverseError> {
    Err(InverseError::Document { field: field.into(), problem: problem.into() })
}
