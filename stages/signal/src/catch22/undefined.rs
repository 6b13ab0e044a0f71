//! What stands for a feature that a series does not define.
//!
//! v1 replaces NaN by the value at the end of the feature's range that a constant series suggests,
//! so that a table of features has no holes. v0 knows no such values; asked for, the same are used.

use super::Feature;

/// The value for `feature` of a series of `n` samples; NaN where the definitions have none (mean,
/// std).
pub(super) fn mask(feature: Feature, n: usize) -> f64 {
    let samples = n as f64;
    match feature {
        Feature::Mode5
        | Feature::Mode10
        | Feature::OutlierTimingPos
        | Feature::OutlierTimingNeg
        | Feature::MedianFreq
        | Feature::ForecastError
        | Feature::WhitenTimescale
        | Feature::HighFluctuation
        | Feature::StretchHigh
        | Feature::StretchDecreasing
        | Feature::EntropyPairs
        | Feature::Ami2
        | Feature::Trev
        | Feature::Periodicity => 0.0,
        Feature::LowFreqPower | Feature::RsRange | Feature::Dfa => 1.0,
        Feature::AcfTimescale => samples - 1.0,
        Feature::AcfFirstMin => samples,
        Feature::AmiTimescale => n.div_ceil(2).min(40) as f64,
        Feature::TransitionVariance => 1.0 / 9.0,
        Feature::EmbeddingDist => {
            let spread = if n < 2 { 0.0 } else { (samples - 2.0) / (2.0 * (samples - 1.0) / samples).sqrt() };
            1.0 / (std::f64::consts::SQRT_2 * 0.001) + spread
        }
        Feature::Mean | Feature::Std => f64::NAN,
    }
}
