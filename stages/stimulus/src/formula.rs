//! Waveforms that are a function of the time since their start.

use crate::waveform::{Reading, Shape};
use crate::window::whole_down;

/// What a waveform is once its stretch is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Formula {
    Constant(f64),
    Sinusoid {
        amplitude: f64,
        frequency_hz: f64,
        phase_rad: f64,
        offset: f64,
    },
    Square {
        amplitude: f64,
        frequency_hz: f64,
        duty: f64,
        offset: f64,
    },
    /// The square wave of SciPy, whose edges are where the rounded phase puts them.
    SquareOfPhase {
        amplitude: f64,
        frequency_hz: f64,
        duty: f64,
        offset: f64,
    },
    Ramp {
        amplitude: f64,
        length_ms: f64,
    },
    Exponential {
        amplitude: f64,
        shape: Shape,
        rate_per_ms: f64,
    },
    Pulses {
        amplitude: f64,
        period_ms: f64,
        width_ms: f64,
        count: u64,
    },
    Table {
        values: Vec<f64>,
        dt_ms: f64,
        reading: Reading,
    },
}

impl Formula {
    pub(crate) fn at(&self, t_ms: f64) -> f64 {
        use std::f64::consts::TAU;
        match *self {
            Self::Constant(value) => value,
            Self::Sinusoid { amplitude, frequency_hz, phase_rad, offset } => {
                offset + amplitude * (TAU * t_ms * (frequency_hz / 1000.0) + phase_rad).sin()
            }
            Self::Square { amplitude, frequency_hz, duty, offset } => {
                let periods = t_ms * frequency_hz / 1000.0;
                let is_up = whole_down(periods - duty) < whole_down(periods);
                offset + if is_up { amplitude } else { -amplitude }
            }
            Self::SquareOfPhase { amplitude, frequency_hz, duty, offset } => {
                let phase = (TAU * t_ms * (frequency_hz / 1000.0)).rem_euclid(TAU);
                offset + if phase < duty * TAU { amplitude } else { -amplitude }
            }
            Self::Ramp { amplitude, length_ms } if t_ms < length_ms => amplitude / length_ms * t_ms,
            Self::Ramp { amplitude, .. } => amplitude,
            Self::Exponential { amplitude, shape: Shape::Rise, rate_per_ms } => {
                -amplitude * (-rate_per_ms * t_ms).exp_m1()
            }
            Self::Exponential { amplitude, shape: Shape::Decay, rate_per_ms } => {
                amplitude * (-rate_per_ms * t_ms).exp()
            }
            Self::Pulses { amplitude, period_ms, width_ms, count } => {
                let periods = t_ms / period_ms;
                let index = whole_down(periods);
                let is_up = whole_down(periods - width_ms / period_ms) < index;
                if is_up && index < count as f64 { amplitude } else { 0.0 }
            }
            Self::Table { ref values, dt_ms, reading } => {
                let place = t_ms / dt_ms;
                let before = whole_down(place);
                let Some(&value) = values.get(before as usize) else {
                    return 0.0;
                };
                match (reading, values.get(before as usize + 1)) {
                    (Reading::Linear, Some(next)) => value + (next - value) * (place - before).max(0.0),
                    _ => value,
                }
            }
        }
    }
}
