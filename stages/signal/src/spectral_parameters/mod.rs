//! Spectral parameterisation: a power spectrum as an aperiodic component and peaks ("FOOOF", "specparam").
//!
//! log10 P(f) = L(f) + sum_n G_n(f), with
//!
//! | part | equation | parameters |
//! |---|---|---|
//! | fixed | L = b - chi log10 f | offset b, exponent chi |
//! | knee | L = b - log10(k + f^chi) | offset, knee k, exponent |
//! | peak | G = a exp(-(f - c)^2 / (2 s^2)) | centre c, height a, width s; bandwidth 2 s |
//!
//! The fit, of the bins within the range of frequencies that are above 0 Hz:
//! 1. L by least squares to all of log10 P, and again to the points that lie not above the given percentile of what is
//!    left of P over L (below it counts as 0): these are the points that no peak lifts.
//! 2. Candidates one by one: the largest value of log10 P - L less the peaks found before, until it is not above
//!    `peak_threshold` standard deviations of what is left, or not above `min_peak_height`, or there are enough. Its width
//!    is that of its steeper side at half height, s = FWHM / (2 sqrt(2 ln 2)), within limits.
//! 3. Candidates within `edge_sds` widths of an end of the range go; of neighbours that come nearer to each other than
//!    `overlap_sds` widths, the lower one goes.
//! 4. All peaks together by bounded least squares ([`trust_region`]) to log10 P - L: centres stay within
//!    2 `center_bound_sds` widths of where they were found and within the range, heights are not negative, widths
//!    within limits.
//! 5. L again, to log10 P less the peaks.
//!
//! | setting | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | frequency_range_hz | all | Hz | what is fitted | low < high |
//! | aperiodic | fixed | | | fixed, knee |
//! | peak_width_limits_hz | 0.5, 12 | Hz | of the bandwidth 2 s | 0 < low < high |
//! | max_peaks | no limit | | | |
//! | min_peak_height | 0 | log10 of power | absolute height of a candidate | 0 or more |
//! | peak_threshold | 2 | standard deviations | relative height of a candidate | 0 or more |
//! | percentile | 0.025 | % | of step 1 | 0 to 100 |
//! | edge_sds, overlap_sds, center_bound_sds | 1, 0.75, 1.5 | widths s | of steps 3 and 4 | 0 or more, the last above 0 |
//! | definition | converged | | see below | |
//!
//! Reported are offset, knee and exponent, and of each peak its centre, its power over L (of all peaks together, at the
//! bin nearest to the centre) and its bandwidth 2 s; r^2 is the squared correlation of log10 P with the model, and the
//! error the mean absolute difference. A spectrum that is flat in log10 P has no correlation: r^2 is NaN.
//!
//! [`Definition`]: by default least squares are solved to the end, in fixed mode in closed form. fooof 1.1 and specparam
//! 2.0 stop where a step changes the sum of squares by less than 1e-8 and 1e-5 of it, which changes weak peaks by up to
//! a tenth; specparam 2.0.0rc7 also starts a candidate that is wider than the upper limit at the lower limit, where it
//! then stays. What is lower than rounding errors is no peak here.
//!
//! Reference: Donoghue T et al. (2020) Nat Neurosci 23:1655, equations 1-4 and Methods, "algorithm".

mod aperiodic;
mod fit;
mod gaussians;
mod peaks;
mod selection;
pub mod trust_region;

pub use aperiodic::Aperiodic;
pub use fit::{FEWEST_BINS, FitError, SpectralParameters, fit};
pub use peaks::Peak;
pub use selection::{Rule, select};

/// How a spectrum is parameterised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Lowest and highest frequency of the fit, both included.
    pub frequency_range_hz: Option<(f64, f64)>,
    /// With or without a knee.
    pub aperiodic: Aperiodic,
    /// Least and largest bandwidth 2 s of a peak.
    pub peak_width_limits_hz: (f64, f64),
    /// `None` for no limit.
    pub max_peaks: Option<usize>,
    /// In log10 of power.
    pub min_peak_height: f64,
    /// In standard deviations of what the aperiodic component leaves.
    pub peak_threshold: f64,
    /// Of the points that the aperiodic component is fitted to, in percent.
    pub percentile: f64,
    /// How near to an end of the range a candidate may be, in widths.
    pub edge_sds: f64,
    /// How near to each other candidates may be, in widths of each.
    pub overlap_sds: f64,
    /// Half of how far a centre may move, in widths.
    pub center_bound_sds: f64,
    /// Whose numbers.
    pub definition: Definition,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            frequency_range_hz: None,
            aperiodic: Aperiodic::Fixed,
            peak_width_limits_hz: (0.5, 12.0),
            max_peaks: None,
            min_peak_height: 0.0,
            peak_threshold: 2.0,
            percentile: 0.025,
            edge_sds: 1.0,
            overlap_sds: 0.75,
            center_bound_sds: 1.5,
            definition: Definition::Converged,
        }
    }
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Definition {
    /// Least squares to the end.
    #[default]
    Converged,
    /// Stops as fooof 1.1 does.
    Fooof,
    /// Stops as specparam 2.0.0rc7 does, and starts wide peaks as it does.
    Specparam,
}

impl Definition {
    /// Where least squares stop.
    fn tolerance(self) -> f64 {
        match self {
            Definition::Converged => 1e-10,
            Definition::Fooof => 1e-8,
            Definition::Specparam => 1e-5,
        }
    }
}

#[cfg(test)]
mod tests;
