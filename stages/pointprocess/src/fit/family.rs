//! How a count follows from the drive eta.
//!
//! | family | P(y) | -log P(y), up to what eta does not change |
//! |---|---|---|
//! | Bernoulli | p = 1 / (1 + exp(-eta)) | log(1 + exp(eta)) - y eta |
//! | Poisson | mean exp(eta) | exp(eta) - y eta |
//! | hazard | p = 1 - exp(-exp(eta)) | exp(eta) (1 - y) - y log(1 - exp(-exp(eta))) |
//!
//! All three are convex in eta, so that a fit has one optimum. The hazard is a Poisson process of rate exp(eta) that is
//! seen as none or some per bin (complementary log-log link): its intercept moves by log(bin) when bins change.

use super::error::FitError;

/// How counts of bins are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// None or one spike, logit link.
    Bernoulli,
    /// A Poisson count, exponential link.
    Poisson,
    /// None or one spike, complementary log-log link.
    Hazard,
}

/// A loss and its first and second derivative by eta.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Derivatives {
    pub(super) loss: f64,
    pub(super) first: f64,
    pub(super) second: f64,
}

impl Family {
    /// Whether a bin holds one spike at most.
    pub fn is_binary(self) -> bool {
        self != Self::Poisson
    }

    /// Mean count at a drive, which for binary families is the probability of a spike.
    pub fn mean(self, eta: f64) -> f64 {
        match self {
            Self::Bernoulli => logistic(eta),
            Self::Poisson => libm::exp(eta),
            Self::Hazard => -libm::expm1(-libm::exp(eta)),
        }
    }

    /// The integrated intensity of a bin: -log P(0), whose sum from spike to spike is exponential with mean 1.
    pub fn intensity(self, eta: f64) -> f64 {
        match self {
            Self::Bernoulli => softplus(eta),
            Self::Poisson | Self::Hazard => libm::exp(eta),
        }
    }

    /// The drive at a mean count.
    pub(super) fn link(self, mean: f64) -> f64 {
        match self {
            Self::Bernoulli => libm::log(mean) - libm::log1p(-mean),
            Self::Poisson => libm::log(mean),
            Self::Hazard => libm::log(-libm::log1p(-mean)),
        }
    }

    /// Of `bins` bins of one drive that have `spikes` spikes together.
    #[inline]
    pub(super) fn derivatives(self, bins: f64, spikes: f64, eta: f64) -> Derivatives {
        match self {
            Self::Bernoulli => {
                let e = libm::exp(-eta.abs());
                let small = e / (1.0 + e);
                let (p, softplus) = if eta > 0.0 { (1.0 - small, eta) } else { (small, 0.0) };
                Derivatives {
                    loss: bins * (softplus + libm::log1p(e)) - spikes * eta,
                    first: bins * p - spikes,
                    second: bins * small * (1.0 - small),
                }
            }
            Self::Poisson => {
                let mean = bins * libm::exp(eta);
                Derivatives { loss: mean - spikes * eta, first: mean - spikes, second: mean }
            }
            Self::Hazard => {
                let m = libm::exp(eta);
                let silent = bins - spikes;
                if spikes == 0.0 {
                    return Derivatives { loss: silent * m, first: silent * m, second: silent * m };
                }
                // q = m / (exp(m) - 1) is the slope of log(1 - exp(-m)), q (1 - m - q) its curvature.
                let q = if m > 700.0 {
                    0.0
                } else if m > 0.0 {
                    m / libm::expm1(m)
                } else {
                    1.0
                };
                let bend = if m < 1e-3 { -m * (0.5 + m / 12.0 - m * m * m / 720.0) } else { 1.0 - m - q };
                // log(1 - exp(-m)) is eta where m vanishes.
                let log_p = if m < 1e-8 { eta - 0.5 * m } else { libm::log(-libm::expm1(-m)) };
                Derivatives {
                    loss: silent * m - spikes * log_p,
                    first: silent * m - spikes * q,
                    second: silent * m - spikes * q * bend,
                }
            }
        }
    }

    /// What -log P(y) has besides the loss: log y! of a Poisson count.
    pub(super) fn constant(self, spikes: f64) -> f64 {
        if self == Self::Poisson && spikes > 1.0 { libm::lgamma(spikes + 1.0) } else { 0.0 }
    }

    /// -log P(y) of a model that fits each bin by itself: 0 for binary ones.
    pub(super) fn saturated(self, spikes: f64) -> f64 {
        if self == Self::Poisson && spikes > 0.0 {
            spikes - spikes * libm::log(spikes) + self.constant(spikes)
        } else {
            0.0
        }
    }

    pub(super) fn check_counts(self, neuron: usize, train: &[(u32, u32)]) -> Result<(), FitError> {
        let crowded = train.iter().find(|(_, count)| self.is_binary() && *count > 1);
        crowded.map_or(Ok(()), |&(bin, found)| Err(FitError::Count { neuron, bin, found }))
    }
}

fn logistic(eta: f64) -> f64 {
    if eta > 0.0 { 1.0 / (1.0 + libm::exp(-eta)) } else { libm::exp(eta) / (1.0 + libm::exp(eta)) }
}

fn softplus(eta: f64) -> f64 {
    eta.max(0.0) + libm::log1p(libm::exp(-eta.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_differences_of_losses() {
        for family in [Family::Bernoulli, Family::Poisson, Family::Hazard] {
            for (bins, spikes) in [(1.0, 0.0), (1.0, 1.0), (7.0, 3.0)] {
                for eta in [-12.0, -8.0, -4.0, -0.7, 0.0, 0.3, 2.0] {
                    let at = |eta: f64| family.derivatives(bins, spikes, eta);
                    let h = 1e-5;
                    let first = (at(eta + h).loss - at(eta - h).loss) / (2.0 * h);
                    let second = (at(eta + h).first - at(eta - h).first) / (2.0 * h);
                    let here = at(eta);
                    assert!((here.first - first).abs() < 1e-8 * (1.0 + first.abs()), "{family:?} {eta}");
                    assert!((here.second - second).abs() < 1e-8 * (1.0 + second.abs()), "{family:?} {eta}");
                    assert!(here.second > 0.0);
                }
            }
        }
    }

    #[test]
    fn probabilities_of_counts_are_those_of_losses() {
        for family in [Family::Bernoulli, Family::Hazard] {
            for eta in [-20.0, -3.0, 0.0, 1.5] {
                let p = family.mean(eta);
                assert!((libm::exp(-family.derivatives(1.0, 1.0, eta).loss) / p - 1.0).abs() < 1e-12);
                assert!((libm::exp(-family.derivatives(1.0, 0.0, eta).loss) - (1.0 - p)).abs() < 1e-12);
                assert!((family.link(p) - eta).abs() < 1e-9 * (1.0 + eta.abs()));
                assert!((family.intensity(eta) + libm::log1p(-p)).abs() < 1e-12);
            }
        }
        let mean = 0.3f64;
        let poisson = Family::Poisson;
        let three = poisson.derivatives(1.0, 3.0, mean.ln()).loss + poisson.constant(3.0);
        assert!((libm::exp(-three) - (-mean).exp() * mean.powi(3) / 6.0).abs() < 1e-14);
    }
}
