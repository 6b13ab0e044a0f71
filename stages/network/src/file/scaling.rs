//! Values that parameters multiply: `base` times, for each parameter that scales it, its number times its factor.

use serde::Serialize;

use super::NetworkFile;

/// A value that one parameter or more multiply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scaled {
    /// What is multiplied: written in the file, or set by a parameter. In the canonical unit.
    pub base: f64,
    /// At least one, in the order of the file.
    pub by: Vec<Scale>,
}

/// What one parameter contributes to a [`Scaled`] value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scale {
    /// Its name.
    pub parameter: String,
    /// Times which its value multiplies.
    pub factor: f64,
    /// Of the parameter.
    pub value: f64,
}

impl Scaled {
    /// The product, where `base` and what `given` has replace the present values.
    pub(super) fn product(&self, base: f64, given: impl Fn(&str) -> Option<f64>) -> f64 {
        let factor = |scale: &Scale| scale.factor * given(&scale.parameter).unwrap_or(scale.value);
        self.by.iter().fold(base, |product, scale| product * factor(scale))
    }
}

impl NetworkFile {
    /// How the value at a path is made, if parameters scale it, where parameters have the `given` values.
    ///
    /// The network shows only the product; the cache key of a sweep needs its parts.
    pub fn scaled(&self, path: &str, given: &[(&str, f64)]) -> Option<Scaled> {
        let path = self.canonical_path(path);
        let mut scaled = self.scaled.get(&path)?.clone();
        for &(name, value) in given {
            for scale in scaled.by.iter_mut().filter(|scale| scale.parameter == name) {
                scale.value = value;
            }
            let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
            for target in parameter.iter().flat_map(|parameter| &parameter.sets) {
                if self.canonical_path(&target.path) == path {
                    scaled.base = value * target.factor;
                }
            }
        }
        Some(scaled)
    }

    /// One spelling of each path, with positions of drives instead of their names.
    pub fn canonical_path(&self, path: &str) -> String {
        self.network.canonical_path(&self.resolved_path(path))
    }
}
