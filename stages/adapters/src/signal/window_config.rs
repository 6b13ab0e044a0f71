//! Windows in configurations, by the names that scipy gives them; widths in samples or as times.

use lapicque_signal::windows::Window;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// A window by name; those with parameters are a map: `{kaiser: 14}`, `{gaussian: 100 ms}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum WindowConfig {
    Hann,
    Hamming,
    Blackman,
    Boxcar,
    Triang,
    Bartlett,
    Blackmanharris,
    Nuttall,
    Flattop,
    Cosine,
    Lanczos,
    Bohman,
    Parzen,
    Barthann,
    /// The part of the window that is tapered, from 0 to 1.
    Tukey(f64),
    /// beta, from 0 to 700.
    Kaiser(f64),
    /// The standard deviation.
    Gaussian(#[schemars(with = "String")] Span),
    GeneralGaussian {
        /// 1 for a Gaussian, 0.5 for a Laplace distribution.
        power: f64,
        /// The standard deviation.
        #[schemars(with = "String")]
        width: Span,
    },
    /// alpha, from 0 to 1.
    GeneralHamming(f64),
    /// The time constant.
    Exponential(#[schemars(with = "String")] Span),
    /// The time-half-bandwidth product.
    Dpss(f64),
}

impl WindowConfig {
    /// For signals at `rate_hz`; what depends on it is a width.
    pub(super) fn at(self, rate_hz: f64) -> Window {
        let width = |span: Span| match span {
            Span::Samples(samples) => f64::from(samples),
            Span::Time(time) => time.value() * 1e-3 * rate_hz,
            Span::Part(part) => part,
        };
        match self {
            Self::Hann => Window::Hann,
            Self::Hamming => Window::Hamming,
            Self::Blackman => Window::Blackman,
            Self::Boxcar => Window::Boxcar,
            Self::Triang => Window::Triangular,
            Self::Bartlett => Window::Bartlett,
            Self::Blackmanharris => Window::BlackmanHarris,
            Self::Nuttall => Window::Nuttall,
            Self::Flattop => Window::FlatTop,
            Self::Cosine => Window::Cosine,
            Self::Lanczos => Window::Lanczos,
            Self::Bohman => Window::Bohman,
            Self::Parzen => Window::Parzen,
            Self::Barthann => Window::BartlettHann,
            Self::Tukey(tapered) => Window::Tukey(tapered),
            Self::Kaiser(beta) => Window::Kaiser(beta),
            Self::Gaussian(sd) => Window::Gaussian(width(sd)),
            Self::GeneralGaussian { power, width: sd } => Window::GeneralGaussian { power, width: width(sd) },
            Self::GeneralHamming(alpha) => Window::GeneralHamming(alpha),
            Self::Exponential(tau) => Window::Exponential(width(tau)),
            Self::Dpss(half_bandwidth) => Window::Slepian(half_bandwidth),
        }
    }

    /// What is wrong with its parameter at any rate.
    pub(super) fn problem(self) -> Option<String> {
        let widths = match self {
            Self::Gaussian(span) | Self::Exponential(span) | Self::GeneralGaussian { width: span, .. } => Some(span),
            _ => None,
        };
        if let Some(width) = widths.filter(|width| !width.is_length()) {
            return Some(format!("{width} is no width; a time above 0 ms or a number of samples above 0 is due"));
        }
        self.at(1.0).check().err().map(|error| error.to_string())
    }
}
