//! What a stimulus is: waveforms with their starts and ends, and what their fields may be.

use crate::error::StimulusError;

/// A waveform from a start to an end, both counted from the start of what it is part of.
#[derive(Debug, Clone, PartialEq)]
pub struct Stimulus {
    /// What it is in between.
    pub waveform: Waveform,
    /// Where it begins (ms).
    pub start_ms: f64,
    /// Where it ends (ms); none: with what it is part of.
    pub end_ms: Option<f64>,
}

impl From<Waveform> for Stimulus {
    fn from(waveform: Waveform) -> Self {
        Self { waveform, start_ms: 0.0, end_ms: None }
    }
}

/// How a stimulus goes over time: see the table of the crate.
#[derive(Debug, Clone, PartialEq)]
pub enum Waveform {
    /// Nothing.
    Zero,
    /// A constant.
    Step {
        /// A.
        amplitude: f64,
    },
    /// A sine.
    Sinusoid {
        /// A.
        amplitude: f64,
        /// f (Hz).
        frequency_hz: f64,
        /// phi (rad).
        phase_rad: f64,
        /// c.
        offset: f64,
    },
    /// Up and down.
    Square {
        /// A.
        amplitude: f64,
        /// Periods per second (Hz).
        frequency_hz: f64,
        /// Part of a period that is up, above 0 and below 1.
        duty: f64,
        /// c.
        offset: f64,
    },
    /// A line from 0, then a constant.
    Ramp {
        /// A, where it ends.
        amplitude: f64,
        /// L (ms).
        length_ms: f64,
    },
    /// An exponential towards A from 0, or towards 0 from A.
    Exponential {
        /// A.
        amplitude: f64,
        /// Which of both.
        shape: Shape,
        /// How fast.
        rate: Rate,
    },
    /// A negative step, its decay, a positive step, its decay, and nothing: finds bistability.
    Rectified {
        /// A.
        amplitude: f64,
    },
    /// Rectangular pulses at equal distances, the first at the start.
    Pulses {
        /// A.
        amplitude: f64,
        /// From one start to the next (ms).
        period_ms: f64,
        /// How long each lasts (ms).
        width_ms: f64,
        /// How many; none: as many as there is time for.
        count: Option<u64>,
    },
    /// Increments of a Wiener process over a step.
    Wiener {
        /// Standard deviation of an increment over 1 ms.
        sigma: f64,
    },
    /// White noise, whose variance depends on the step and whose integral does not.
    WhiteNoise {
        /// Standard deviation of its integral over 1 ms.
        sigma: f64,
    },
    /// An Ornstein-Uhlenbeck process; its standard deviation is sigma sqrt(tau / 2).
    OrnsteinUhlenbeck {
        /// mu.
        mean: f64,
        /// sigma, per ms^(1/2).
        sigma: f64,
        /// tau (ms).
        time_constant_ms: f64,
    },
    /// Values at equal distances of their own, the first at the start.
    Table {
        /// One after the other.
        values: Vec<f64>,
        /// Their distance (ms).
        dt_ms: f64,
        /// What lies between them.
        reading: Reading,
    },
    /// All at once.
    Sum(Vec<Stimulus>),
    /// One after the other.
    Sequence(Vec<Part>),
}

/// A part of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is; its start and end count from where the part begins.
    pub stimulus: Stimulus,
    /// Its length beside those of the others.
    pub ratio: f64,
}

/// Rise or decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// From 0 towards the amplitude.
    Rise,
    /// From the amplitude towards 0.
    Decay,
}

/// How fast an exponential is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// tau (ms).
    TimeConstant(f64),
    /// Stretch over tau: the value at the end has come to exp(-coefficient).
    PerStretch(f64),
}

/// What lies between two values of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The first of both.
    Held,
    /// The line between both.
    Linear,
}

/// The parts of a rectified waveform.
pub fn rectified(amplitude: f64) -> Vec<Part> {
    let exponential =
        |shape, coefficient| Waveform::Exponential { amplitude, shape, rate: Rate::PerStretch(coefficient) };
    let step = |amplitude| Waveform::Step { amplitude };
    let first_decay = Waveform::Sum(vec![exponential(Shape::Rise, 12.5).into(), step(-amplitude).into()]);
    let parts = [
        (step(-amplitude), 0.5),
        (first_decay, 2.5),
        (step(amplitude), 0.5),
        (exponential(Shape::Decay, 7.5), 1.5),
        (Waveform::Zero, 1.0),
    ];
    parts.into_iter().map(|(waveform, ratio)| Part { stimulus: waveform.into(), ratio }).collect()
}

impl Waveform {
    /// What it is called in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Step { .. } => "a step",
            Self::Sinusoid { .. } => "a sinusoid",
            Self::Square { .. } => "a square wave",
            Self::Ramp { .. } => "a ramp",
            Self::Exponential { .. } => "an exponential",
            Self::Rectified { .. } => "a rectified waveform",
            Self::Pulses { .. } => "a train of pulses",
            Self::Wiener { .. } => "Wiener noise",
            Self::WhiteNoise { .. } => "white noise",
            Self::OrnsteinUhlenbeck { .. } => "an Ornstein-Uhlenbeck process",
            Self::Table { .. } => "a table",
            Self::Sum(_) => "a sum",
            Self::Sequence(_) => "a sequence",
        }
    }

    /// Whether its values depend on random numbers.
    pub fn is_random(&self) -> bool {
        match self {
            Self::Wiener { .. } | Self::WhiteNoise { .. } | Self::OrnsteinUhlenbeck { .. } => true,
            Self::Sum(parts) => parts.iter().any(|part| part.waveform.is_random()),
            Self::Sequence(parts) => parts.iter().any(|part| part.stimulus.waveform.is_random()),
            _ => false,
        }
    }

    /// Checks its own fields, not those of parts.
    pub(crate) fn check(&self) -> Result<(), StimulusError> {
        let waveform = self.name();
        let due = |field, found: f64, ok: bool, allowed| {
            if ok && found.is_finite() {
                Ok(())
            } else {
                Err(StimulusError::OutOfRange { waveform, field, found, allowed })
            }
        };
        let finite = |field, found: f64| due(field, found, true, "a finite number is due");
        let above_zero = |field, found: f64| due(field, found, found > 0.0, "a finite number above 0 is due");
        let spread = |found: f64| due("sigma", found, found >= 0.0, "a finite number of 0 or above is due");
        match self {
            Self::Zero => Ok(()),
            Self::Step { amplitude } | Self::Rectified { amplitude } => finite("amplitude", *amplitude),
            Self::Sinusoid { amplitude, frequency_hz, phase_rad, offset } => {
                finite("amplitude", *amplitude)?;
                above_zero("frequency", *frequency_hz)?;
                finite("phase", *phase_rad)?;
                finite("offset", *offset)
            }
            Self::Square { amplitude, frequency_hz, duty, offset } => {
                finite("amplitude", *amplitude)?;
                above_zero("frequency", *frequency_hz)?;
                due("duty", *duty, *duty > 0.0 && *duty < 1.0, "a part of a period, above 0 and below 1, is due")?;
                finite("offset", *offset)
            }
            Self::Ramp { amplitude, length_ms } => {
                finite("amplitude", *amplitude)?;
                above_zero("length", *length_ms)
            }
            Self::Exponential { amplitude, rate, .. } => {
                finite("amplitude", *amplitude)?;
                match rate {
                    Rate::TimeConstant(tau_ms) => above_zero("time_constant", *tau_ms),
                    Rate::PerStretch(coefficient) => above_zero("coefficient", *coefficient),
                }
            }
            Self::Pulses { amplitude, period_ms, width_ms, count } => {
                finite("amplitude", *amplitude)?;
                above_zero("period", *period_ms)?;
                let within = *width_ms > 0.0 && width_ms < period_ms;
                due("width", *width_ms, within, "a time above 0 and below the period is due")?;
                due("count", 0.0, *count != Some(0), "one pulse at least is due")
            }
            Self::Wiener { sigma } | Self::WhiteNoise { sigma } => spread(*sigma),
            Self::OrnsteinUhlenbeck { mean, sigma, time_constant_ms } => {
                finite("mean", *mean)?;
                spread(*sigma)?;
                above_zero("time_constant", *time_constant_ms)
            }
            Self::Table { values, dt_ms, .. } => {
                above_zero("dt", *dt_ms)?;
                match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
                    Some((index, &found)) => Err(StimulusError::TableValue { index, found }),
                    None if values.is_empty() => Err(StimulusError::Empty { waveform }),
                    None => Ok(()),
                }
            }
            Self::Sum(parts) if parts.is_empty() => Err(StimulusError::Empty { waveform }),
            Self::Sequence(parts) if parts.is_empty() => Err(StimulusError::Empty { waveform }),
            Self::Sum(_) => Ok(()),
            Self::Sequence(parts) => parts.iter().try_for_each(|part| above_zero("ratio", part.ratio)),
        }
    }
}
