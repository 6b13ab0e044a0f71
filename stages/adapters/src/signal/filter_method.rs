//! How bands are filtered: settings that several kinds have ([`lapicque_signal::filter`]).

use lapicque_pipeline::ConfigError;
use lapicque_signal::filter::MOST_ORDER;
use lapicque_signal::filter::design::Method;
use lapicque_signal::filter::fir;
use lapicque_signal::filter::iir::Prototype;
use lapicque_units::{Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of the prototype.
pub(super) const ORDER: u32 = 4;
/// In dB.
pub(super) const RIPPLE_DB: f64 = 0.5;
/// In dB.
pub(super) const ATTENUATION_DB: f64 = 40.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum BandMethod {
    #[default]
    Fir,
    Butterworth,
    Chebyshev1,
    Chebyshev2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Window {
    #[default]
    Hamming,
    Hann,
    Blackman,
}

impl Window {
    pub(super) fn science(self) -> fir::Window {
        match self {
            Window::Hamming => fir::Window::Hamming,
            Window::Hann => fir::Window::Hann,
            Window::Blackman => fir::Window::Blackman,
        }
    }
}

/// What is set of the method; what is not is a default.
pub(super) struct Settings {
    pub(super) method: BandMethod,
    pub(super) order: Option<u32>,
    pub(super) ripple_db: Option<f64>,
    pub(super) attenuation_db: Option<f64>,
    pub(super) transition: Option<Frequency>,
    pub(super) window: Option<Window>,
}

impl Settings {
    /// The method; settings that it does not have and values that it cannot have are problems.
    pub(super) fn checked(&self, problems: &mut Vec<ConfigError>) -> Method {
        let recursive = self.method != BandMethod::Fir;
        let mut useless = |set: bool, field: &str, of: &str| {
            if set {
                problems
                    .push(ConfigError::at(field, format!("only {of} has it; leave it out or choose another `method`")));
            }
        };
        useless(self.order.is_some() && !recursive, "order", "`method: butterworth`, `chebyshev1` or `chebyshev2`");
        useless(self.ripple_db.is_some() && self.method != BandMethod::Chebyshev1, "ripple_db", "`method: chebyshev1`");
        useless(
            self.attenuation_db.is_some() && self.method != BandMethod::Chebyshev2,
            "attenuation_db",
            "`method: chebyshev2`",
        );
        useless(self.transition.is_some() && recursive, "transition", "`method: fir`");
        useless(self.window.is_some() && recursive, "window", "`method: fir`");
        if let Some(order) = self.order.filter(|order| !(1..=MOST_ORDER).contains(order)) {
            problems.push(ConfigError::at("order", format!("{order}; it must be from 1 to {MOST_ORDER}")));
        }
        for (field, value) in [("ripple_db", self.ripple_db), ("attenuation_db", self.attenuation_db)] {
            if let Some(value) = value.filter(|value| !(*value > 0.0 && value.is_finite())) {
                problems.push(ConfigError::at(field, format!("{value} dB; it must be finite and above 0 dB")));
            }
        }
        if let Some(transition) = self.transition {
            check_frequency("transition", transition, problems);
        }
        let order = self.order.unwrap_or(ORDER);
        match self.method {
            BandMethod::Fir => Method::Fir {
                window: self.window.unwrap_or_default().science(),
                transition_hz: self.transition.map(|transition| transition.value()),
            },
            BandMethod::Butterworth => Method::Recursive { prototype: Prototype::Butterworth, order },
            BandMethod::Chebyshev1 => {
                let ripple_db = self.ripple_db.unwrap_or(RIPPLE_DB);
                Method::Recursive { prototype: Prototype::Chebyshev1 { ripple_db }, order }
            }
            BandMethod::Chebyshev2 => {
                let attenuation_db = self.attenuation_db.unwrap_or(ATTENUATION_DB);
                Method::Recursive { prototype: Prototype::Chebyshev2 { attenuation_db }, order }
            }
        }
    }
}

/// That a frequency is finite and above 0.
pub(crate) fn check_frequency(field: &str, frequency: Frequency, problems: &mut Vec<ConfigError>) {
    if !(frequency.value() > 0.0 && frequency.value().is_finite()) {
        problems.push(ConfigError::at(field, format!("{frequency}: it must be finite and above 0 Hz")));
    }
}

/// That the edges of a band are, and rise.
pub(crate) fn check_band(field: &str, [low, high]: [Frequency; 2], problems: &mut Vec<ConfigError>) {
    let before = problems.len();
    check_frequency(field, low, problems);
    check_frequency(field, high, problems);
    if problems.len() == before && low.value() >= high.value() {
        problems
            .push(ConfigError::at(field, format!("from {low} to {high} there is nothing; the lower edge comes first")));
    }
}

/// That a time is finite, and not below 0, or above it.
pub(crate) fn check_time(field: &str, time: Time, zero: bool, problems: &mut Vec<ConfigError>) {
    let good = time.value() > 0.0 || (zero && time.value() == 0.0);
    if !(good && time.value().is_finite()) {
        let allowed = if zero { "0 ms or above" } else { "above 0 ms" };
        problems.push(ConfigError::at(field, format!("{time}: it must be finite and {allowed}")));
    }
}
