//! All working points of a network, and working points along a parameter.

use nalgebra::DVector;

use super::fixed_point::{RateMap, working_point};
use super::relaxation::{Failure, FixedPoint, Limits, Point, newton, newton_change, relax};
use super::{FixedPointError, Parameters, Search, WorkingPoint};
use crate::neuron::Synapses;

/// Working points along a parameter: each search begins at the rates of the point before.
///
/// So it stays on its branch until that ends, and goes to where the rates relax to from there. The first search begins as
/// `search` says; after a point without a working point, the next begins at the last one found.
pub fn scan(
    parameters: impl IntoIterator<Item = Parameters>,
    synapses: Synapses,
    search: &Search,
) -> Vec<Result<WorkingPoint, FixedPointError>> {
    let mut search = search.clone();
    let mut point = |parameters: Parameters| {
        let found = working_point(&parameters, synapses, &search)?;
        search.initial_rates_hz = Some(found.rates_hz.clone());
        Ok(found)
    };
    parameters.into_iter().map(&mut point).collect()
}

/// All working points that are found, stable or not, ordered by rates; possibly none.
///
/// Newton's method begins at `starts` places that fill the space of rates evenly (Halton's sequence, denser at low rates), and
/// between points found. Points found are divided out of the equation (deflation: Farrell, Birkisson & Funke 2015, SIAM
/// J Sci Comput 37:A2026), so that each start can lead to another one.
/// That is thorough for some populations, not a proof that there are no more. Of more than about a hundred some are given.
///
/// # Errors
/// Parameters that are not valid; a rate that the theory of the neuron does not give.
pub fn fixed_points(
    parameters: &Parameters,
    synapses: Synapses,
    search: &Search,
    starts: u32,
) -> Result<Vec<WorkingPoint>, FixedPointError> {
    let map = RateMap::new(parameters, synapses)?;
    let limits = search.limits()?;
    let n = parameters.populations.len();
    let highest: Vec<f64> = parameters.populations.iter().map(|p| highest_rate(p.neuron.refractory_period_s)).collect();
    let mut found: Vec<FixedPoint> = Vec::new();
    let attractors = [search.initial(n)?, DVector::zeros(n), DVector::from_column_slice(&highest)];
    for start in attractors {
        match relax(&map, start, &Limits { steps: limits.steps.min(1000), ..limits }) {
            Ok(point) => keep(&mut found, point),
            Err(Failure::Map(error)) => return Err(error),
            Err(Failure::Diverged { .. } | Failure::NotConverged { .. }) => {}
        }
    }
    for index in 1..=starts {
        let start = DVector::from_fn(n, |i, _| highest[i] * halton(index, i).powi(3));
        deflated(&map, start, &mut found, &limits)?;
    }
    // Between two attractors there is a point that attracts neither way.
    let mut looked_at = 0;
    while looked_at < found.len() && found.len() < MOST_POINTS {
        for other in 0..looked_at {
            let middle = (&found[other].x + &found[looked_at].x) * 0.5;
            deflated(&map, middle, &mut found, &limits)?;
        }
        looked_at += 1;
    }
    found.sort_by(|a, b| {
        let differ = a.x.iter().zip(&b.x).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        differ.unwrap_or(std::cmp::Ordering::Equal)
    });
    found.into_iter().map(|point| map.working_point(point)).collect()
}

/// Points without end lie on a line, as in a perfect integrator.
const MOST_POINTS: usize = 100;

/// Rates above it are not looked for where there is no refractory period.
const HIGHEST_START_HZ: f64 = 1000.0;

fn highest_rate(refractory_period_s: f64) -> f64 {
    (1.0 / refractory_period_s).min(HIGHEST_START_HZ)
}

/// Steps of a deflated search; those that lead somewhere need about ten.
const DEFLATED_STEPS: u32 = 50;

/// Adds what Newton's method leads to from a start when it avoids the points found so far.
fn deflated(
    map: &RateMap<'_>,
    start: DVector<f64>,
    found: &mut Vec<FixedPoint>,
    limits: &Limits,
) -> Result<(), FixedPointError> {
    let mut point = Point::new(map, start)?;
    for _ in 0..DEFLATED_STEPS {
        let Some(change) = newton_change(&point) else {
            return Ok(());
        };
        // d ln M/dx of the factors M = 1/|x - x_k|^2 + 1 (Hz): along a Newton step it only stretches the step.
        let mut along = 0.0;
        for known in found.iter() {
            let away = &point.x - &known.x;
            let square = away.norm_squared().max(f64::MIN_POSITIVE);
            along -= 2.0 * away.dot(&change) / (square * (1.0 + square));
        }
        let stretch = 1.0 / (1.0 - along);
        // No further than the rates themselves in one step.
        let most = (0.5 * point.x.amax() + 10.0) / change.amax();
        let mut next = &point.x + &change * stretch.min(most).max(-most);
        next.apply(|x| *x = x.max(0.0));
        if next.amax() > limits.magnitude {
            return Ok(());
        }
        let moved = (&next - &point.x).amax();
        point = Point::new(map, next)?;
        if point.flow.amax() <= limits.residual.max(1e-6 * point.x.amax()) || moved == 0.0 {
            break;
        }
    }
    if let Some(end) = newton(map, &point, 1.0 + 0.1 * point.x.amax(), limits)? {
        keep(found, end);
    }
    Ok(())
}

/// Adds a point that is a new one.
fn keep(found: &mut Vec<FixedPoint>, point: FixedPoint) {
    let same = |known: &FixedPoint| (&known.x - &point.x).amax() <= 1e-6 * (1.0 + known.x.amax());
    if !found.iter().any(same) {
        found.push(point);
    }
}

/// The radical inverse of `index` in the base of the prime number at `dimension`.
fn halton(index: u32, dimension: usize) -> f64 {
    let is_prime =
        |candidate: &u32| (2..*candidate).take_while(|d| d * d <= *candidate).all(|d| !candidate.is_multiple_of(d));
    let base = (2..).filter(is_prime).nth(dimension).unwrap_or(2);
    let (mut rest, mut digit, mut value) = (index, 1.0, 0.0);
    while rest > 0 {
        digit /= f64::from(base);
        value += digit * f64::from(rest % base);
        rest /= base;
    }
    value
}
