//! Whether posteriors are what they claim to be: held-out samples with known targets, and draws of the posterior given their features.
//!
//! Where targets are drawn from the prior and features from the model, the rank of the true value among L draws of a right posterior is uniform on 0 ..= L (Talts
//! et al. 2018, arXiv:1804.06788, theorem 1). With a uniform number v from the stream to tell ranks apart, u = (rank + v) / (L + 1) is uniform on 0 to 1 exactly,
//! whatever L; coverage, tests and verdicts follow from it. The same holds for the rank of the density at the true values (regions of highest density) and of
//! their distance from a random point (TARP, Lemos et al. 2023, ICML, algorithm 2).
//!
//! These say whether posteriors are right on average over the prior. They do not see errors that differ from one recording to the next and cancel;
//! [`local_c2st`] does for one row of features.

mod cases;
mod coverage;
mod local;
mod p_values;
mod tarp;
mod uniform;
mod verdict;
mod widths;

pub use cases::Cases;
pub use coverage::{Coverage, LEVELS, coverage};
pub use local::{LocalC2st, local_c2st};
pub use tarp::tarp_ranks;
pub use uniform::{Uniformity, uniformity};
pub use verdict::{FEWEST, Judgement, Verdict, judge, judge_regions};
pub use widths::{Edge, EdgeMass, Widths, correlations, edge_mass, widths};

use lapicque_numerics::random::StreamKey;
use ndarray::Array2;

use crate::{InverseError, JointPrior};

/// What held-out samples say of posteriors.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Of each target by itself.
    pub targets: Vec<TargetCalibration>,
    /// Of the regions of highest density of all targets together; none where the posterior knows no density.
    pub regions: Option<RegionCalibration>,
    /// Of the distance to random points: all targets together, without a density.
    pub tarp: RegionCalibration,
    /// targets x targets: correlation of draws, averaged over samples.
    pub correlations: Array2<f64>,
}

/// Of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetCalibration {
    /// For each sample, how many draws lie below the true value.
    pub ranks: Vec<usize>,
    /// Whether the ranks are uniform.
    pub uniformity: Uniformity,
    /// Of the central intervals, at [`LEVELS`].
    pub coverage: Vec<Coverage>,
    /// What it comes to, with the numbers that it rests on.
    pub judgement: Judgement,
    /// Errors and widths.
    pub widths: Widths,
}

/// Of regions of all targets.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionCalibration {
    /// Whether what should be uniform is.
    pub uniformity: Uniformity,
    /// Of the regions, at [`LEVELS`].
    pub coverage: Vec<Coverage>,
    /// What it comes to, with the numbers that it rests on.
    pub judgement: Judgement,
}

/// All checks of these samples. Random numbers tell equal ranks apart, and give the points of TARP.
///
/// # Errors
/// No sample or no draw.
pub fn calibration(cases: &Cases, prior: &JointPrior, stream: StreamKey) -> Result<Calibration, InverseError> {
    cases.draw_count()?;
    let targets = (0..cases.truth.ncols()).map(|target| {
        let mut generator = stream.derive("ranks").at(target as u64);
        let (ranks, uniforms) = uniform::ranks(cases, target, &mut generator);
        TargetCalibration {
            uniformity: uniformity(&uniforms),
            coverage: coverage(&central(&uniforms)),
            judgement: judge(&uniforms),
            widths: widths(cases, target, prior),
            ranks,
        }
    });
    let targets = targets.collect();
    let known = cases.draws.iter().flat_map(|draws| &draws.log_density).chain(&cases.truth_log_density);
    let regions = known.clone().all(|log| !log.is_nan()).then(|| {
        let mut generator = stream.derive("regions").at(0);
        let levels = uniform::levels_of_regions(cases, &mut generator);
        RegionCalibration {
            uniformity: uniformity(&levels),
            coverage: coverage(&levels),
            judgement: judge_regions(&levels),
        }
    });
    let ranks = tarp_ranks(cases, &mut stream.derive("tarp").at(0));
    let tarp =
        RegionCalibration { uniformity: uniformity(&ranks), coverage: coverage(&ranks), judgement: judge(&ranks) };
    Ok(Calibration { targets, regions, tarp, correlations: correlations(cases) })
}

/// The level of the narrowest central interval that holds the true value.
fn central(uniforms: &[f64]) -> Vec<f64> {
    uniforms.iter().map(|u| (2.0 * u - 1.0).abs()).collect()
}

#[cfg(test)]
mod tests;
