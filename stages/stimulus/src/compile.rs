//! A stimulus on a grid: which steps each waveform acts at, and what is known of it there.

use lapicque_numerics::random::StreamKey;

use crate::error::StimulusError;
use crate::formula::Formula;
use crate::noise::{First, Noise, Process};
use crate::waveform::{Part, Rate, Stimulus, Waveform, rectified};
use crate::window::{Clock, Grid, Timing, Window, whole_up};

/// A waveform with the steps that it acts at.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) source: Source,
}

#[derive(Debug, Clone)]
pub(crate) enum Source {
    Formula(Formula, Clock),
    Noise(Box<Noise>),
    Parts(Vec<Node>),
}

pub(crate) fn compile(stimulus: &Stimulus, grid: &Grid, outer: Window, key: StreamKey) -> Result<Node, StimulusError> {
    let waveform = &stimulus.waveform;
    waveform.check()?;
    if grid.timing == Timing::Neurolib {
        in_neurolib(stimulus)?;
    }
    let window = grid.window(stimulus, outer)?;
    fast_enough(waveform, grid.dt_ms)?;
    let clock = match grid.timing {
        Timing::Exact => Clock::Since { begin_ms: window.begin_ms, dt_ms: grid.dt_ms },
        Timing::Neurolib => Clock::Counted { from: window.from, dt_ms: grid.dt_ms },
    };
    let part_key = |i: usize| key.derive(&format!("part {i}"));
    let source = match waveform {
        Waveform::Sum(parts) => {
            let part = |(i, part)| compile(part, grid, window, part_key(i));
            Source::Parts(parts.iter().enumerate().map(part).collect::<Result<_, _>>()?)
        }
        Waveform::Sequence(parts) => Source::Parts(sequence(parts, grid, window, &part_key)?),
        Waveform::Rectified { amplitude } => Source::Parts(sequence(&rectified(*amplitude), grid, window, &part_key)?),
        other => match process(other, grid) {
            Some(process) => Source::Noise(Box::new(Noise::new(process, key))),
            None => Source::Formula(formula(other, grid, window), clock),
        },
    };
    Ok(Node { from: window.from, to: window.to, source })
}

fn sequence(
    parts: &[Part],
    grid: &Grid,
    window: Window,
    part_key: &dyn Fn(usize) -> StreamKey,
) -> Result<Vec<Node>, StimulusError> {
    let ratios: Vec<f64> = parts.iter().map(|part| part.ratio).collect();
    let windows = grid.parts(&ratios, window);
    let part = |(i, (part, window)): (usize, (&Part, Window))| compile(&part.stimulus, grid, window, part_key(i));
    parts.iter().zip(windows).enumerate().map(part).collect()
}

/// How random samples follow from each other; none of what is not random.
fn process(waveform: &Waveform, grid: &Grid) -> Option<Process> {
    let dt_ms = grid.dt_ms;
    match (waveform, grid.timing) {
        (Waveform::Wiener { sigma }, _) => Some(Process::Independent { scale: sigma * dt_ms.sqrt() }),
        (Waveform::WhiteNoise { sigma }, _) => Some(Process::Independent { scale: sigma / dt_ms.sqrt() }),
        (Waveform::OrnsteinUhlenbeck { mean, sigma, time_constant_ms }, Timing::Exact) => {
            let sd = sigma * (time_constant_ms / 2.0).sqrt();
            let kick = sd * (-(-2.0 * dt_ms / time_constant_ms).exp_m1()).sqrt();
            let keep = (-dt_ms / time_constant_ms).exp();
            Some(Process::Chain { mean: *mean, keep, kick, first: First::Normal { sd } })
        }
        (Waveform::OrnsteinUhlenbeck { mean, sigma, time_constant_ms }, Timing::Neurolib) => {
            let keep = 1.0 - dt_ms / time_constant_ms;
            Some(Process::Chain { mean: *mean, keep, kick: sigma * dt_ms.sqrt(), first: First::Uniform })
        }
        _ => None,
    }
}

fn formula(waveform: &Waveform, grid: &Grid, window: Window) -> Formula {
    match *waveform {
        Waveform::Step { amplitude } => Formula::Constant(amplitude),
        Waveform::Sinusoid { amplitude, frequency_hz, phase_rad, offset } => {
            Formula::Sinusoid { amplitude, frequency_hz, phase_rad, offset }
        }
        Waveform::Square { amplitude, frequency_hz, duty, offset } => match grid.timing {
            Timing::Exact => Formula::Square { amplitude, frequency_hz, duty, offset },
            Timing::Neurolib => Formula::SquareOfPhase { amplitude, frequency_hz, duty, offset },
        },
        Waveform::Ramp { amplitude, length_ms } => Formula::Ramp { amplitude, length_ms },
        Waveform::Exponential { amplitude, shape, rate } => {
            let rate_per_ms = match (rate, grid.timing) {
                (Rate::TimeConstant(tau_ms), _) => 1.0 / tau_ms,
                (Rate::PerStretch(coefficient), Timing::Exact) => coefficient / window.stretch_ms,
                (Rate::PerStretch(coefficient), Timing::Neurolib) => {
                    let last = grid.samples(window.stretch_ms).max(1) - 1;
                    coefficient / (grid.dt_ms + last as f64 * grid.dt_ms)
                }
            };
            Formula::Exponential { amplitude, shape, rate_per_ms }
        }
        Waveform::Pulses { amplitude, period_ms, width_ms, count } => {
            Formula::Pulses { amplitude, period_ms, width_ms, count: count.unwrap_or(u64::MAX) }
        }
        Waveform::Table { ref values, dt_ms, reading } => Formula::Table { values: values.clone(), dt_ms, reading },
        _ => Formula::Constant(0.0),
    }
}

/// Whether steps are close enough to tell the waveform from a slower one.
fn fast_enough(waveform: &Waveform, dt_ms: f64) -> Result<(), StimulusError> {
    let needed_ms = match waveform {
        // Two steps for each period, but not at its zeros.
        Waveform::Sinusoid { frequency_hz, .. } => 500.0 / frequency_hz * (1.0 - 1e-6),
        Waveform::Square { frequency_hz, duty, .. } => 1000.0 / frequency_hz * duty.min(1.0 - duty),
        Waveform::Pulses { period_ms, width_ms, .. } => width_ms.min(period_ms - width_ms),
        Waveform::Table { dt_ms, .. } => *dt_ms,
        _ => return Ok(()),
    };
    if whole_up(dt_ms / needed_ms) <= 1.0 {
        return Ok(());
    }
    Err(StimulusError::TooFast { waveform: waveform.name(), needed_ms, dt_ms })
}

/// Refuses what neurolib has no word for.
fn in_neurolib(stimulus: &Stimulus) -> Result<(), StimulusError> {
    let has_bounds = stimulus.start_ms != 0.0 || stimulus.end_ms.is_some();
    let feature = match &stimulus.waveform {
        Waveform::Pulses { .. } => "train of pulses",
        Waveform::WhiteNoise { .. } => "white noise whose integral is free of the step",
        Waveform::Table { .. } => "table of values",
        Waveform::Sinusoid { phase_rad, .. } if *phase_rad != 0.0 => "phase of a sinusoid",
        Waveform::Square { duty, .. } if *duty != 0.5 => "duty cycle other than 0.5",
        Waveform::Exponential { rate: Rate::TimeConstant(_), .. } => {
            "time constant of an exponential (it has a coefficient)"
        }
        Waveform::Zero
        | Waveform::Wiener { .. }
        | Waveform::OrnsteinUhlenbeck { .. }
        | Waveform::Rectified { .. }
        | Waveform::Sum(_)
        | Waveform::Sequence(_)
            if has_bounds =>
        {
            "start or end of zeros, noise, rectified waveforms, sums and sequences"
        }
        _ => return Ok(()),
    };
    Err(StimulusError::NotInNeurolib { feature })
}
