//! L-BFGS (Liu, Nocedal 1989, Math Program 45:503) within a box: logarithms at an end of their range that want beyond it stay there for the step.

use std::collections::VecDeque;

use super::likelihood::{Covariance, Likelihood};
use crate::InverseError;
use crate::estimators::FitContext;

/// Steps that are remembered.
const MEMORY: usize = 10;

/// No derivative above this: a change of a number by a factor e would change the logarithm of the likelihood by less.
const FLAT: f64 = 1e-5;

/// A step that gains less than this part of the likelihood is the last.
const LEAST_GAIN: f64 = 1e-11;

/// A step has to gain this part of what its slope promises (Armijo).
const SUFFICIENT: f64 = 1e-4;

/// Halvings of a step.
const SHORTEST: usize = 30;

/// The most likely covariance that is found from a start, and the logarithm of its likelihood.
pub(super) fn most_likely(
    likelihood: &Likelihood<'_>,
    start: Covariance,
    spread: &[f64],
    most_iterations: usize,
    context: &FitContext<'_>,
) -> Result<(f64, Covariance), InverseError> {
    let bounds: Vec<(f64, f64)> = std::iter::once((1e-4, 1e4))
        .chain(spread.iter().map(|sd| (1e-2 * sd, 1e4 * sd)))
        .chain([(1e-6, 1e2)])
        .map(|(low, high): (f64, f64)| (low.ln(), high.ln()))
        .collect();
    context.look()?;
    let mut at = logarithms(&start);
    let Some((mut value, mut gradient)) = likelihood.at(&start) else {
        return Err(InverseError::Overflow);
    };
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    for _ in 0..most_iterations {
        let free: Vec<bool> = (at.iter().zip(&bounds).zip(&gradient))
            .map(|((at, (low, high)), slope)| !(*at <= *low && *slope <= 0.0 || *at >= *high && *slope >= 0.0))
            .collect();
        let slope: Vec<f64> =
            gradient.iter().zip(&free).map(|(slope, free)| if *free { *slope } else { 0.0 }).collect();
        if slope.iter().all(|slope| slope.abs() < FLAT) {
            break;
        }
        let mut direction = upwards(&slope, &memory);
        for (slot, free) in direction.iter_mut().zip(&free) {
            *slot = if *free { *slot } else { 0.0 };
        }
        if dot(&direction, &slope) <= 0.0 {
            memory.clear();
            direction.clone_from(&slope);
        }
        // A first step by no more than a factor of e.
        let longest = direction.iter().fold(0.0f64, |most, part| most.max(part.abs()));
        let mut part = if memory.is_empty() { 1.0 / longest.max(1.0) } else { (3.0 / longest).min(1.0) };
        let mut taken = None;
        for _ in 0..SHORTEST {
            context.look()?;
            let next: Vec<f64> = (at.iter().zip(&direction).zip(&bounds))
                .map(|((at, direction), (low, high))| (at + part * direction).clamp(*low, *high))
                .collect();
            let promised: f64 = next.iter().zip(&at).zip(&slope).map(|((next, at), slope)| (next - at) * slope).sum();
            let found = likelihood.at(&covariance(&next));
            if let Some((of_next, slopes)) = found.filter(|(found, _)| *found >= value + SUFFICIENT * promised) {
                taken = Some((next, of_next, slopes));
                break;
            }
            part *= 0.5;
        }
        let Some((next, of_next, slopes)) = taken else {
            break;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(next, at)| next - at).collect();
        let change: Vec<f64> = gradient.iter().zip(&slopes).map(|(before, after)| before - after).collect();
        if dot(&step, &change) > 1e-10 * dot(&change, &change) {
            memory.push_back((step, change));
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        let gain = of_next - value;
        (at, value, gradient) = (next, of_next, slopes);
        if gain <= LEAST_GAIN * value.abs().max(1.0) {
            break;
        }
    }
    Ok((value, covariance(&at)))
}

/// The two-loop recursion, for a maximum.
fn upwards(slope: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut direction = slope.to_vec();
    let mut parts = Vec::with_capacity(memory.len());
    for (step, change) in memory.iter().rev() {
        let part = dot(step, &direction) / dot(step, change);
        add(&mut direction, change, -part);
        parts.push(part);
    }
    if let Some((step, change)) = memory.back() {
        let scale = dot(step, change) / dot(change, change);
        direction.iter_mut().for_each(|slot| *slot *= scale);
    }
    for ((step, change), part) in memory.iter().zip(parts.into_iter().rev()) {
        let back = dot(change, &direction) / dot(step, change);
        add(&mut direction, step, part - back);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], other: &[f64], times: f64) {
    for (slot, other) in to.iter_mut().zip(other) {
        *slot += times * other;
    }
}

/// In the order of the gradient.
fn logarithms(covariance: &Covariance) -> Vec<f64> {
    let Covariance { signal, lengths, noise } = covariance;
    std::iter::once(signal).chain(lengths).chain([noise]).map(|value| value.ln()).collect()
}

fn covariance(logarithms: &[f64]) -> Covariance {
    let mut values: Vec<f64> = logarithms.iter().map(|value| value.exp()).collect();
    let noise = values.pop().unwrap_or(f64::NAN);
    let lengths = values.split_off(1.min(values.len()));
    Covariance { signal: values.pop().unwrap_or(f64::NAN), lengths, noise }
}
