//! Ornstein-Uhlenbeck processes and the normal numbers that drive them.
//!
//! ```text
//! do = (mean - o) dt / tau + sigma dW         stationary sd sigma sqrt(tau / 2)
//! o(t + dt) = o(t) + k (mean - o(t)) + s xi
//! Euler-Maruyama: k = dt / tau,               s = sigma sqrt(dt)
//! exact:          k = 1 - exp(-dt / tau),     s = sigma sqrt(tau/2 (1 - exp(-2 dt / tau)))
//! ```
//! xi is addressed by key, process, node and step, so that neither chunks nor continuation nor threads change it.

use lapicque_numerics::random::StreamKey;

/// How the process is stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrnsteinUhlenbeck {
    /// Euler-Maruyama: its variance is 1/(1 - dt / (2 tau)) of the right one.
    #[default]
    EulerMaruyama,
    /// The right distribution at any step.
    Exact,
}

impl OrnsteinUhlenbeck {
    /// k and s of the page above.
    pub fn factors(self, tau_ms: f64, sigma: f64, time_step_ms: f64) -> [f64; 2] {
        let ratio = time_step_ms / tau_ms;
        match self {
            Self::EulerMaruyama => [ratio, sigma * time_step_ms.sqrt()],
            Self::Exact => [-libm::expm1(-ratio), sigma * (-0.5 * tau_ms * libm::expm1(-2.0 * ratio)).sqrt()],
        }
    }
}

/// Where the normal numbers come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Normals {
    /// From a key.
    Key(StreamKey),
    /// Given: `[process][node * steps + step]`, coloured processes first, then white noise; `steps` from step 0 on.
    Tape {
        /// How many steps there are numbers for.
        steps: usize,
        /// The numbers.
        values: Vec<Vec<f64>>,
    },
}

/// Steps per random stream.
pub(crate) const BLOCK: u64 = 64;

/// Fills the numbers of steps `block * BLOCK ..` of one process and node.
pub(crate) fn fill(normals: &Normals, process: usize, node: usize, block: u64, numbers: &mut [f64; BLOCK as usize]) {
    match normals {
        Normals::Key(key) => {
            let mut generator = key.at(((process as u64) << 56) | ((node as u64) << 32) | block);
            numbers.fill_with(|| generator.normal());
        }
        Normals::Tape { steps, values } => {
            for (k, number) in numbers.iter_mut().enumerate() {
                let step = (block * BLOCK) as usize + k;
                *number = if step < *steps { values[process][node * steps + step] } else { 0.0 };
            }
        }
    }
}
