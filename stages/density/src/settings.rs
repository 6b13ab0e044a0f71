//! What a density is and how it is trained, as configurations and model documents hold it.
//!
//! | setting | default | meaning | range |
//! |---|---|---|---|
//! | mdn.components | 10 | Gaussians of the mixture | 1 to 1000 |
//! | mdn.hidden | [50, 50] | widths of the layers between context and mixture | each 1 to 10,000; at most 20 |
//! | maf.transforms, nsf.transforms | 5 | autoregressive transforms one after the other | 1 to 100 |
//! | maf.hidden, nsf.hidden | 50 | width of each network's layers | 1 to 10,000 |
//! | maf.blocks, nsf.blocks | 2 | layers of a network after the first | 0 to 20 |
//! | nsf.affine | 1 | affine transforms after the splines; sbi has none | 0 to 100 |
//! | nsf.bins | 10 | pieces of each spline | 2 to 100 |
//! | nsf.tail | 3 | the spline covers -tail to tail standard deviations; beyond, it is the identity | 0.1 to 100 |
//! | training.batch | 50 | rows per step | >= 1 |
//! | training.learning_rate | 0.0005 | of Adam | above 0, at most 1 |
//! | training.validation_fraction | 0.1 | rows set aside, rounded, at least 1 | above 0, below 1 |
//! | training.patience | 20 | epochs without a lower validation loss before training ends | >= 1 |
//! | training.max_epochs | 2000 | most epochs; sbi has no bound | >= 1 |
//! | training.clip | 5 | gradients with a larger Euclidean norm are scaled to it | above 0 |
//! | training.members | 5 | networks of the ensemble | 1 to 1000 |
//!
//! Defaults of networks and training are those of sbi 0.27, but for `nsf.affine`, `max_epochs`, `batch` (sbi: 200) and `members` (sbi: 1): on three tasks of the
//! benchmark, five networks on batches of 50 came nearest to the exact posteriors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DensityError;

/// A family of conditional densities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DensityKind {
    /// Mixture density network: a mixture of Gaussians with full covariance.
    Mdn(MixtureDensityNetwork),
    /// Masked autoregressive flow.
    Maf(MaskedAutoregressiveFlow),
    /// Neural spline flow.
    Nsf(NeuralSplineFlow),
}

impl Default for DensityKind {
    fn default() -> Self {
        Self::Nsf(NeuralSplineFlow::default())
    }
}

/// A network that gives weights, means and precisions of Gaussians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MixtureDensityNetwork {
    /// Gaussians of the mixture, 1 to 1000.
    pub components: usize,
    /// Widths of the layers between context and mixture.
    pub hidden: Vec<usize>,
}

/// Shifts and scales of each value that depend on the context and on the values before it, several times over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaskedAutoregressiveFlow {
    /// Transforms one after the other, 1 to 100.
    pub transforms: usize,
    /// Width of the layers of each transform's network, 1 to 10,000.
    pub hidden: usize,
    /// Layers of each network after the first, 0 to 20.
    pub blocks: usize,
}

/// Monotonic splines of each value that depend on the context and on the values before it, several times over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NeuralSplineFlow {
    /// Affine transforms, as of a masked autoregressive flow, after the splines, 0 to 100.
    pub affine: usize,
    /// Transforms by splines one after the other, 1 to 100.
    pub transforms: usize,
    /// Width of the layers of each transform's network, 1 to 10,000.
    pub hidden: usize,
    /// Layers of each network after the first, 0 to 20.
    pub blocks: usize,
    /// Pieces of each spline, 2 to 100.
    pub bins: usize,
    /// The splines cover this many standard deviations on both sides of the mean, 0.1 to 100.
    pub tail: f64,
}

/// How a density is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Rows per step, at least 1.
    pub batch: usize,
    /// Learning rate of Adam, above 0.
    pub learning_rate: f64,
    /// Fraction of the rows that each member sets aside to see when to stop.
    pub validation_fraction: f64,
    /// Epochs without a lower validation loss before training ends, at least 1.
    pub patience: usize,
    /// Most epochs, at least 1.
    pub max_epochs: usize,
    /// Gradients with a larger Euclidean norm are scaled to it, above 0.
    pub clip: f64,
    /// Networks of the ensemble, whose density is the mean of theirs, 1 to 1000.
    pub members: usize,
}

impl Default for MixtureDensityNetwork {
    fn default() -> Self {
        Self { components: 10, hidden: vec![50, 50] }
    }
}

impl Default for MaskedAutoregressiveFlow {
    fn default() -> Self {
        Self { transforms: 5, hidden: 50, blocks: 2 }
    }
}

impl Default for NeuralSplineFlow {
    fn default() -> Self {
        Self { affine: 1, transforms: 5, hidden: 50, blocks: 2, bins: 10, tail: 3.0 }
    }
}

impl Default for Training {
    fn default() -> Self {
        Self {
            batch: 50,
            learning_rate: 5e-4,
            validation_fraction: 0.1,
            patience: 20,
            max_epochs: 2000,
            clip: 5.0,
            members: 5,
        }
    }
}

impl DensityKind {
    /// What configurations call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mdn(_) => "mdn",
            Self::Maf(_) => "maf",
            Self::Nsf(_) => "nsf",
        }
    }

    /// # Errors
    /// The first setting out of range.
    pub fn check(&self) -> Result<(), DensityError> {
        let owner = self.name();
        match self {
            Self::Mdn(mdn) => {
                whole(owner, "components", mdn.components, 1..=1000, "1 to 1000")?;
                check_hidden(owner, &mdn.hidden)
            }
            Self::Maf(maf) => check_networks(owner, [maf.transforms, maf.hidden, maf.blocks]),
            Self::Nsf(nsf) => {
                check_networks(owner, [nsf.transforms, nsf.hidden, nsf.blocks])?;
                whole(owner, "affine", nsf.affine, 0..=100, "0 to 100")?;
                whole(owner, "bins", nsf.bins, 2..=100, "2 to 100")?;
                real(owner, "tail", nsf.tail, (0.1..=100.0).contains(&nsf.tail), "0.1 to 100")
            }
        }
    }
}

impl Training {
    /// # Errors
    /// The first setting out of range.
    pub fn check(&self) -> Result<(), DensityError> {
        const OWNER: &str = "training";
        whole(OWNER, "batch", self.batch, 1..=usize::MAX, "a whole number >= 1")?;
        let rate = self.learning_rate;
        real(OWNER, "learning_rate", rate, rate > 0.0 && rate <= 1.0, "above 0, at most 1")?;
        let fraction = self.validation_fraction;
        real(OWNER, "validation_fraction", fraction, fraction > 0.0 && fraction < 1.0, "above 0 and below 1")?;
        whole(OWNER, "patience", self.patience, 1..=usize::MAX, "a whole number >= 1")?;
        whole(OWNER, "max_epochs", self.max_epochs, 1..=usize::MAX, "a whole number >= 1")?;
        real(OWNER, "clip", self.clip, self.clip > 0.0 && self.clip.is_finite(), "above 0")?;
        whole(OWNER, "members", self.members, 1..=1000, "1 to 1000")
    }
}

fn check_networks(owner: &'static str, [transforms, hidden, blocks]: [usize; 3]) -> Result<(), DensityError> {
    whole(owner, "transforms", transforms, 1..=100, "1 to 100")?;
    whole(owner, "hidden", hidden, 1..=10_000, "1 to 10,000")?;
    whole(owner, "blocks", blocks, 0..=20, "0 to 20")
}

/// Widths of the hidden layers of a network.
pub(crate) fn check_hidden(owner: &'static str, hidden: &[usize]) -> Result<(), DensityError> {
    if hidden.len() > 20 {
        let value = format!("a list of {} widths", hidden.len());
        return Err(DensityError::Setting { owner, setting: "hidden", value, allowed: "at most 20 layers" });
    }
    hidden.iter().try_for_each(|&width| whole(owner, "hidden", width, 1..=10_000, "widths of 1 to 10,000"))
}

pub(crate) fn whole(
    owner: &'static str,
    setting: &'static str,
    value: usize,
    range: std::ops::RangeInclusive<usize>,
    allowed: &'static str,
) -> Result<(), DensityError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(DensityError::Setting { owner, setting, value: value.to_string(), allowed })
}

pub(crate) fn real(
    owner: &'static str,
    setting: &'static str,
    value: f64,
    allows: bool,
    allowed: &'static str,
) -> Result<(), DensityError> {
    if allows {
        return Ok(());
    }
    Err(DensityError::Setting { owner, setting, value: value.to_string(), allowed })
}
