//! Whether a model document makes sense, field by field: it may have been edited, cut short or written by another version.

use super::document::{FORMAT_VERSION, Model, ModelFeature};
use crate::regressors::{Leverage, LinearMap, Tree};
use crate::training_data::check_unique;
use crate::{Fitted, InverseError};

impl Model {
    /// Known version, lengths that agree, unique names, finite numbers, trees that end.
    ///
    /// # Errors
    /// The first field that does not, by name.
    pub fn check(&self) -> Result<(), InverseError> {
        if !(1..=FORMAT_VERSION).contains(&self.format_version) {
            let problem = format!("is {}; this version reads 1 to {FORMAT_VERSION}", self.format_version);
            return wrong("format_version", problem);
        }
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
        for feature in &self.features {
            check_feature(feature)?;
        }
        if self.features.iter().any(|f| f.mean.is_some() != self.features[0].mean.is_some()) {
            return wrong("features", "has `mean` and `scale` for some features only; it needs them for all or none");
        }
        for (position, dropped) in self.dropped_features.iter().enumerate() {
            finite(|| format!("dropped_features[{position}].value"), dropped.value)?;
        }
        if let Some(errors) = &self.held_out_rms_error {
            length("held_out_rms_error", errors.len(), self.targets.len(), "targets")?;
            for (target, &error) in errors.iter().enumerate() {
                finite(|| format!("held_out_rms_error[{target}]"), error)?;
                if error < 0.0 {
                    return wrong(format!("held_out_rms_error[{target}]"), format!("is {error}; it must be >= 0"));
                }
            }
        }
        if let Some(leverage) = &self.leverage {
            check_leverage(leverage, self.features.len())?;
        }
        if let Some(mean) = self.held_out_leverage {
            finite(|| "held_out_leverage".to_owned(), mean)?;
            if mean < 0.0 {
                return wrong("held_out_leverage", format!("is {mean}; it must be >= 0"));
            }
        }
        match &self.fitted {
            Fitted::Linear(map) => check_linear(map, self.targets.len(), self.features.len()),
            Fitted::RandomForest(forests) => {
                length("fitted.random_forest", forests.len(), self.targets.len(), "targets")?;
                for (target, forest) in forests.iter().enumerate() {
                    let field = format!("fitted.random_forest[{target}].trees");
                    if forest.trees.is_empty() {
                        return wrong(field, "is empty; a forest needs at least one tree");
                    }
                    for (position, tree) in forest.trees.iter().enumerate() {
                        check_tree(&format!("{field}[{position}]"), tree, self.features.len())?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn check_feature(feature: &ModelFeature) -> Result<(), InverseError> {
    let field = |part: &str| format!("features.{}.{part}", feature.name);
    finite(|| field("training_min"), feature.training_min)?;
    finite(|| field("training_max"), feature.training_max)?;
    if feature.training_min > feature.training_max {
        let problem = format!("is {}, above training_max = {}", feature.training_min, feature.training_max);
        return wrong(field("training_min"), problem);
    }
    if feature.mean.is_some() != feature.scale.is_some() {
        return wrong(field("scale"), "must be given together with `mean`, or neither");
    }
    finite(|| field("mean"), feature.mean.unwrap_or(0.0))?;
    let scale = feature.scale.unwrap_or(1.0);
    finite(|| field("scale"), scale)?;
    if scale <= 0.0 {
        return wrong(field("scale"), format!("is {scale}; it must be above 0"));
    }
    Ok(())
}

fn check_linear(map: &LinearMap, targets: usize, features: usize) -> Result<(), InverseError> {
    length("fitted.linear.intercept", map.intercept.len(), targets, "targets")?;
    length("fitted.linear.coefficients", map.coefficients.len(), targets, "targets")?;
    for (target, (intercept, line)) in map.intercept.iter().zip(&map.coefficients).enumerate() {
        finite(|| format!("fitted.linear.intercept[{target}]"), *intercept)?;
        length(&format!("fitted.linear.coefficients[{target}]"), line.len(), features, "features")?;
        for (feature, &coefficient) in line.iter().enumerate() {
            finite(|| format!("fitted.linear.coefficients[{target}][{feature}]"), coefficient)?;
        }
    }
    Ok(())
}

fn check_leverage(leverage: &Leverage, features: usize) -> Result<(), InverseError> {
    if leverage.rows == 0 {
        return wrong("leverage.rows", "is 0; a model has at least one training row");
    }
    length("leverage.centre", leverage.centre.len(), features, "features")?;
    length("leverage.whitening", leverage.whitening.len(), features, "features")?;
    for (feature, &mean) in leverage.centre.iter().enumerate() {
        finite(|| format!("leverage.centre[{feature}]"), mean)?;
    }
    for (row, line) in leverage.whitening.iter().enumerate() {
        length(&format!("leverage.whitening[{row}]"), line.len(), row + 1, "features up to this one")?;
        for (column, &value) in line.iter().enumerate() {
            finite(|| format!("leverage.whitening[{row}][{column}]"), value)?;
        }
    }
    Ok(())
}

fn check_tree(field: &str, tree: &Tree, features: usize) -> Result<(), InverseError> {
    let nodes = tree.value.len();
    if nodes == 0 {
        return wrong(format!("{field}.value"), "is empty; a tree needs at least its root");
    }
    for (column, found) in [
        ("feature", tree.feature.len()),
        ("threshold", tree.threshold.len()),
        ("at_most", tree.at_most.len()),
        ("above", tree.above.len()),
    ] {
        length(&format!("{field}.{column}"), found, nodes, "entries of `value`")?;
    }
    for node in 0..nodes {
        finite(|| format!("{field}.threshold[{node}]"), tree.threshold[node])?;
        finite(|| format!("{field}.value[{node}]"), tree.value[node])?;
        let children = [("at_most", tree.at_most[node]), ("above", tree.above[node])];
        if children.iter().all(|(_, child)| *child == 0) {
            continue;
        }
        for (column, child) in children {
            let child = child as usize;
            if child <= node || child >= nodes {
                let problem = format!("is {child}; a child lies behind its parent and below {nodes}");
                return wrong(format!("{field}.{column}[{node}]"), problem);
            }
        }
        if tree.feature[node] as usize >= features {
            let problem = format!("is {}; the model has {features} features", tree.feature[node]);
            return wrong(format!("{field}.feature[{node}]"), problem);
        }
    }
    Ok(())
}

fn wrong(field: impl Into<String>, problem: impl Into<String>) -> Result<(), InverseError> {
    Err(InverseError::Document { field: field.into(), problem: problem.into() })
}

fn finite(field: impl FnOnce() -> String, value: f64) -> Result<(), InverseError> {
    if value.is_finite() {
        return Ok(());
    }
    wrong(field(), format!("is {value}; it must be a finite number"))
}

fn length(field: &str, found: usize, expected: usize, of: &str) -> Result<(), InverseError> {
    if found == expected {
        return Ok(());
    }
    wrong(field, format!("has {found} entries; the model has {expected} {of}"))
}
