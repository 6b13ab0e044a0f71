//! A filter of any method at a sampling rate: designed once, applied to many series.

use super::fir::{self, Fir, FirPlan, Window};
use super::iir::{self, Prototype};
use super::line_noise::{self, LineNoise};
use super::sections::Sections;
use super::{Band, FilterError, Phase};

/// How a band is filtered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Without feedback.
    Fir {
        /// Taper of the sinc.
        window: Window,
        /// Of each edge; `None` for the rules of [`fir`].
        transition_hz: Option<f64>,
    },
    /// Recursive.
    Recursive {
        /// Which filter.
        prototype: Prototype,
        /// Of the prototype.
        order: u32,
    },
}

/// How the mains and multiples of their frequency are taken out.
#[derive(Debug, Clone, PartialEq)]
pub enum Notch {
    /// Stop-bands of one filter without feedback.
    Fir {
        /// Taper of the sinc.
        window: Window,
        /// At either side of a stop-band.
        transition_hz: f64,
        /// Of a stop-band, as a part of its frequency.
        relative_width: f64,
    },
    /// Resonators, one after the other.
    Resonator {
        /// Where half of the power passes, as a part of its frequency.
        relative_width: f64,
    },
    /// Sinusoids that are fitted.
    Sinusoids {
        /// The frequency is looked for in this, as a part of it.
        relative_width: f64,
        /// Of a window.
        span_s: f64,
    },
}

/// A filter at a sampling rate.
#[derive(Debug)]
pub struct Filter {
    applied: Applied,
    reach: usize,
}

#[derive(Debug)]
enum Applied {
    Fir(FirPlan),
    Sections(Sections),
    Sinusoids(LineNoise, f64),
}

impl Filter {
    /// The filter of a band.
    ///
    /// # Errors
    /// As [`fir::design`] and [`iir::design`].
    pub fn of_band(method: Method, band: Band, rate_hz: f64) -> Result<Filter, FilterError> {
        match method {
            Method::Fir { window, transition_hz } => {
                Ok(Filter::of_fir(&fir::design(band, transition_hz, window, rate_hz)?))
            }
            Method::Recursive { prototype, order } => {
                Ok(Filter::of_sections(iir::design(prototype, order, band, rate_hz)?))
            }
        }
    }

    /// The filter that takes out a frequency and `harmonics` multiples of it.
    ///
    /// # Errors
    /// As [`fir::notches`], [`iir::notch`] and [`LineNoise::check`].
    pub fn of_notch(notch: &Notch, frequency_hz: f64, harmonics: u32, rate_hz: f64) -> Result<Filter, FilterError> {
        let of = |k: u32, relative: f64| (frequency_hz * f64::from(k), frequency_hz * f64::from(k) * relative);
        match *notch {
            Notch::Fir { window, transition_hz, relative_width } => {
                let bands: Vec<_> = (1..=harmonics + 1).map(|k| of(k, relative_width)).collect();
                Ok(Filter::of_fir(&fir::notches(&bands, transition_hz, window, rate_hz)?))
            }
            Notch::Resonator { relative_width } => {
                let sections = (1..=harmonics + 1).map(|k| {
                    let (frequency_hz, width_hz) = of(k, relative_width);
                    iir::notch(frequency_hz, width_hz, rate_hz)
                });
                Ok(Filter::of_sections(Sections { gain: 1.0, sections: sections.collect::<Result<_, _>>()? }))
            }
            Notch::Sinusoids { relative_width, span_s } => {
                let noise = LineNoise { frequency_hz, harmonics, width_hz: frequency_hz * relative_width, span_s };
                noise.check(rate_hz)?;
                let reach = noise.window(rate_hz);
                Ok(Filter { applied: Applied::Sinusoids(noise, rate_hz), reach })
            }
        }
    }

    fn of_fir(fir: &Fir) -> Filter {
        Filter { reach: fir.reach(), applied: Applied::Fir(fir.plan()) }
    }

    fn of_sections(sections: Sections) -> Filter {
        Filter { reach: sections.memory(), applied: Applied::Sections(sections) }
    }

    /// Samples after which a value counts no more, or of recursive filters for at most 1 % of the response to it; without
    /// phase shift as many before.
    pub fn reach(&self, phase: Phase) -> usize {
        match (&self.applied, phase) {
            (Applied::Fir(_), Phase::Causal(_)) => 2 * self.reach,
            _ => self.reach,
        }
    }

    /// The filtered series, as long as it was. Without phase shift recursive filters reflect as many values at the ends as
    /// they reach. Sinusoids are fitted before and after a value, whatever the phase.
    ///
    /// # Errors
    /// A series that is too short to fit sinusoids to.
    pub fn run(&self, series: &[f64], phase: Phase) -> Result<Vec<f64>, FilterError> {
        match (&self.applied, phase) {
            (Applied::Fir(plan), phase) => Ok(plan.filter(series, phase)),
            (Applied::Sections(sections), Phase::Zero) => Ok(sections.both_ways(series, self.reach)),
            (Applied::Sections(sections), Phase::Causal(start)) => Ok(sections.forwards(series, start)),
            (Applied::Sinusoids(noise, rate_hz), _) => line_noise::remove(series, *rate_hz, noise),
        }
    }
}

#[cfg(test)]
mod tests;
