//! Rates of groups.
//!
//! The rate in step k is `r_k = n_k/(N dt)`, with n_k spikes of N elements. A smoothed rate is `sum_m w_m r_(k-m)` over
//! |m| <= M, with the rate 0 before the first and behind the last step, and `w` with the sum 1:
//!
//! | window of width W | M | w_m in proportion to |
//! |---|---|---|
//! | flat | floor(W/(2 dt)) | 1 |
//! | gaussian | 2 W/dt, rounded | exp(-(m dt)^2/(2 W^2)) |

use crate::network::context::{Context, Members, not_allowed};
use crate::network::description::{RateMonitor, Smoothing, Text};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::network::recording::RateRecord;

/// Windows are no longer than this many steps.
const LONGEST: f64 = 1e6;

/// Records the rate of a group or of a part of one.
#[derive(Clone, Debug)]
pub(crate) struct RateRecorder {
    /// Whose rate.
    pub source: Members,
    path: String,
    name: String,
    /// The step of the group's clock, in s.
    dt: f64,
    smoothing: Option<Window>,
    times: Vec<f64>,
    rates: Vec<f64>,
}

/// A window, in s.
#[derive(Clone, Copy, Debug)]
enum Window {
    Flat(f64),
    Gaussian(f64),
}

impl RateRecorder {
    /// A recorder of a monitor.
    ///
    /// # Errors
    /// Groups that do not exist or have no elements, windows that are no times above 0.
    pub(crate) fn new(context: &Context<'_>, name: &str, described: &RateMonitor) -> Result<Self, NetworkError> {
        let path = format!("monitors.rate.{name}");
        let source = context.members(&format!("{path}.of"), &described.of)?;
        if source.size() == 0 {
            let allowed = "a rate is that of at least one element".to_owned();
            return Err(not_allowed(&format!("{path}.of"), described.of.clone(), allowed));
        }
        let dt = context.objects[source.object].dt;
        let width = |window: &str, text: &Text| {
            let at = format!("{path}.smooth.{window}");
            let width = context.positive_time(&at, text)?;
            if width / dt <= LONGEST {
                return Ok(width);
            }
            Err(not_allowed(&at, text.as_str().to_owned(), format!("at most {LONGEST} steps of the clock")))
        };
        let smoothing = match &described.smooth {
            None => None,
            Some(Smoothing::Flat(text)) => Some(Window::Flat(width("flat", text)?)),
            Some(Smoothing::Gaussian(text)) => Some(Window::Gaussian(width("gaussian", text)?)),
        };
        let name = name.to_owned();
        Ok(Self { source, path, name, dt, smoothing, times: Vec::new(), rates: Vec::new() })
    }

    /// Takes over what a recorder of the same monitor has recorded.
    ///
    /// # Errors
    /// A window over steps of different lengths.
    pub(crate) fn resume(&mut self, earlier: &Self) -> Result<(), NetworkError> {
        if self.smoothing.is_some() && self.dt != earlier.dt && !earlier.times.is_empty() {
            let why = "a rate cannot be smoothed over runs with different time steps".to_owned();
            return Err(NetworkError::new(format!("{}.smooth", self.path), NetworkProblem::Conflict(why)));
        }
        self.times.clone_from(&earlier.times);
        self.rates.clone_from(&earlier.rates);
        Ok(())
    }

    /// Records the step that begins at `t` (in s), in which the elements of `fired` (ascending numbers within the whole
    /// group) have spiked.
    pub(crate) fn record(&mut self, fired: &[u32], t: f64) {
        let begin = fired.partition_point(|&element| element < self.source.start);
        let end = fired.partition_point(|&element| element < self.source.stop);
        self.times.push(t);
        self.rates.push((end - begin) as f64 / self.dt / f64::from(self.source.size()));
    }

    /// How many bytes it takes to record `steps` times.
    pub(crate) fn bytes_of(&self, steps: u64) -> u64 {
        steps.saturating_mul(if self.smoothing.is_some() { 24 } else { 16 })
    }

    /// What was recorded.
    pub(crate) fn finish(self) -> RateRecord {
        let rates = match self.smoothing {
            None => self.rates,
            Some(window) => smoothed(&self.rates, window, self.dt),
        };
        RateRecord { name: self.name, times: self.times, rates }
    }
}

fn smoothed(rates: &[f64], window: Window, dt: f64) -> Vec<f64> {
    match window {
        Window::Flat(width) => {
            let half = (width / 2.0 / dt).floor();
            let weight = 1.0 / (2.0 * half + 1.0);
            convolved(rates, &vec![weight; half as usize + 1])
        }
        Window::Gaussian(width) => {
            let half = (2.0 * width / dt).round_ties_even() as usize;
            let deviation = (width / dt).max(f64::MIN_POSITIVE);
            let weight = |m: usize| {
                let deviations = m as f64 / deviation;
                libm::exp(-deviations * deviations / 2.0)
            };
            let mut weights: Vec<f64> = (0..=half).map(weight).collect();
            let total = 1.0 + 2.0 * weights[1..].iter().sum::<f64>();
            weights.iter_mut().for_each(|weight| *weight /= total);
            convolved(rates, &weights)
        }
    }
}

/// A symmetric window, whose middle is first in `weights`, over a record.
fn convolved(rates: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; rates.len()];
    // Most steps of most records have no spike.
    for (k, &rate) in rates.iter().enumerate().filter(|&(_, &rate)| rate != 0.0) {
        let begin = k.saturating_sub(weights.len() - 1);
        let end = (k + weights.len()).min(rates.len());
        for (there, value) in out[begin..end].iter_mut().enumerate() {
            *value += weights[(begin + there).abs_diff(k)] * rate;
        }
    }
    out
}
