//! Filters of frequencies: what passes, and how it is done.
//!
//! | file | filter |
//! |---|---|
//! | [`fir`] | windowed sinc by the design rules of MNE, linear phase, applied by FFT |
//! | [`iir`] | Butterworth, Chebyshev of the first and second kind, resonator, as second-order sections |
//! | [`design`] | any of these at a sampling rate |
//! | [`sections`] | second-order sections applied forwards, or forwards and backwards |
//! | [`line_noise`] | sinusoids that are fitted in sliding windows and taken away |
//!
//! Frequencies are in Hz, below the Nyquist frequency, half the sampling rate.

pub mod design;
pub mod fir;
pub mod iir;
pub mod line_noise;
pub mod sections;

/// Which frequencies pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Band {
    /// Those below.
    LowPass(f64),
    /// Those above.
    HighPass(f64),
    /// Those between.
    BandPass(f64, f64),
    /// Those outside.
    BandStop(f64, f64),
}

impl Band {
    /// Its edges in Hz, the lower one first.
    pub fn edges_hz(&self) -> Vec<f64> {
        match *self {
            Band::LowPass(edge) | Band::HighPass(edge) => vec![edge],
            Band::BandPass(low, high) | Band::BandStop(low, high) => vec![low, high],
        }
    }

    /// Checks that the edges rise and lie between 0 and the Nyquist frequency.
    ///
    /// # Errors
    /// Edges that do not, or a rate that is not positive and finite.
    pub fn check(&self, rate_hz: f64) -> Result<(), FilterError> {
        check_rate(rate_hz)?;
        let edges = self.edges_hz();
        for &edge_hz in &edges {
            check_frequency(edge_hz, rate_hz)?;
        }
        match edges[..] {
            [low_hz, high_hz] if low_hz >= high_hz => Err(FilterError::Edges { low_hz, high_hz }),
            _ => Ok(()),
        }
    }
}

/// How a filter goes through time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Nothing is shifted; values depend on later ones.
    #[default]
    Zero,
    /// Values depend on themselves and earlier ones, and what passes is delayed.
    Causal(Start),
}

/// What a causal filter takes to have come before the first value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Start {
    /// The first value, for ever: an offset makes no step.
    #[default]
    Steady,
    /// Zeros.
    Rest,
}

/// Why there is no such filter.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FilterError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error(
        "{frequency_hz} Hz cannot be filtered at a sampling rate of {rate_hz} Hz: \
         frequencies must be above 0 Hz and below half the rate, {} Hz", rate_hz / 2.0
    )]
    Frequency { frequency_hz: f64, rate_hz: f64 },
    #[error("the band from {low_hz} to {high_hz} Hz is empty; the lower edge comes first")]
    Edges { low_hz: f64, high_hz: f64 },
    #[error("the order is {0}; it must be from 1 to {MOST_ORDER}")]
    Order(u32),
    #[error("a ripple or attenuation of {0} dB; it must be finite and above 0 dB")]
    Decibels(f64),
    #[error("a transition of {0} Hz; it must be finite and above 0 Hz")]
    Transition(f64),
    #[error("the transition below {edge_hz} Hz would begin at {at_hz} Hz; a band's transition must not reach 0 Hz")]
    BelowZero { edge_hz: f64, at_hz: f64 },
    #[error(
        "the transition above {edge_hz} Hz would end at {at_hz} Hz, above half the sampling rate, {} Hz", rate_hz / 2.0
    )]
    AboveNyquist { edge_hz: f64, at_hz: f64, rate_hz: f64 },
    #[error("the stop-bands around {0} and {1} Hz touch; their width and transition must be less than their distance")]
    StopBandsTouch(f64, f64),
    #[error("the stop-band from {low_hz} to {high_hz} Hz is narrower than its two transitions of {transition_hz} Hz")]
    StopBandNarrow { low_hz: f64, high_hz: f64, transition_hz: f64 },
    #[error("a width of {0} Hz; it must be finite and above 0 Hz")]
    Width(f64),
    #[error("a filter of {taps:.0} taps; at most {MOST_TAPS} are allowed: a wider transition needs fewer")]
    Taps { taps: f64 },
    #[error(
        "a stretch of {span_s} s, {samples} samples, holds fewer than {PERIODS} periods of {frequency_hz} Hz; \
         a sinusoid cannot be told from the rest in it"
    )]
    Span { span_s: f64, samples: usize, frequency_hz: f64 },
}

/// Of the analog prototype. Sections of higher orders lose digits near 0 Hz, and no recording needs them.
pub const MOST_ORDER: u32 = 24;
/// An hour at 1000 Hz.
pub const MOST_TAPS: usize = 3_600_001;
/// Of a sinusoid in a window that it is fitted in, at least.
pub const PERIODS: f64 = 5.0;

fn check_rate(rate_hz: f64) -> Result<(), FilterError> {
    if rate_hz.is_finite() && rate_hz > 0.0 { Ok(()) } else { Err(FilterError::Rate(rate_hz)) }
}

fn check_frequency(frequency_hz: f64, rate_hz: f64) -> Result<(), FilterError> {
    if frequency_hz > 0.0 && frequency_hz < 0.5 * rate_hz {
        return Ok(());
    }
    Err(FilterError::Frequency { frequency_hz, rate_hz })
}

/// What lies `place` samples after the first value of a series that is reflected through its end points,
/// 2 x_0 - x_i, once at each end, and is 0 beyond that.
fn reflected_once(series: &[f64], place: isize) -> f64 {
    let (Some(first), Some(last)) = (series.first(), series.last()) else {
        return 0.0;
    };
    let after = |i: isize| usize::try_from(i).ok().and_then(|i| series.get(i));
    match place {
        ..0 => after(-place).map_or(0.0, |x| 2.0 * first - x),
        _ => match after(place) {
            Some(x) => *x,
            None => after(2 * (series.len() as isize - 1) - place).map_or(0.0, |x| 2.0 * last - x),
        },
    }
}
