//! Transfer entropy between spike trains (Schreiber 2000): what the past of a source tells about the next step of a
//! target, beyond what the target's own past tells, in bits per step.
//!
//! Trains are binary: spikes or none in a step (or bin). With k steps of the target's past and l of the source's, which
//! begin `lag` steps before,
//!
//! T = H(y_t, y_{t-1..t-k}) - H(y_{t-1..t-k}) - H(y_t, y_{t-1..t-k}, x_{t-lag..t-lag-l+1}) + H(y_{t-1..t-k}, x_{...})
//!
//! with entropies H of relative counts. These are too low on average by (K - 1) / (2 n ln 2) for K patterns that occur among
//! n steps (Miller 1955; Panzeri & Treves 1996), which makes T too high; the corrected T may be below 0 where there is no
//! transfer. Where possible patterns are so rare that many do not occur, the correction is too small: take short histories.
//!
//! Of a source the steps count at which its past is not empty; the others follow by subtraction. So a pair costs as many
//! steps as the source has spikes, times l.
//!
//! References: Schreiber (2000) Phys Rev Lett 85:461, doi:10.1103/PhysRevLett.85.461; Ito et al. (2011) PLoS ONE 6:e27431
//! (lags); Miller (1955) in Information Theory in Psychology; Panzeri & Treves (1996) Network 7:87.

use super::{ConnectivityError, MOST_STEPS, Trains, check_size, check_sources};

/// Which past is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferEntropy {
    /// From the target's step back to the latest step of the source (1 at least).
    pub lag: u64,
    /// Steps of the source, l (1 to 7).
    pub source_history: u32,
    /// Steps of the target, k (1 to 7).
    pub target_history: u32,
    /// Whether the bias of the entropies is taken off.
    pub corrected: bool,
}

/// The most steps of a past.
const MOST_HISTORY: u32 = 7;

/// Transfer entropies of sources with all neurons, source by source, in bits per step. NaN where source or target is the
/// same in all steps, and of a neuron with itself.
///
/// # Errors
/// Fewer than two neurons, sources that do not exist, a past that reaches out of the run, results that do not fit into
/// memory, or a `go_on` that says no.
pub fn transfer_entropy(
    trains: &Trains,
    sources: &[usize],
    settings: &TransferEntropy,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<f64>, ConnectivityError> {
    let first = check(trains, sources, settings)?;
    let (neurons, steps) = (trains.neurons(), trains.steps() as usize);
    let pasts: Vec<Vec<(u32, u8)>> =
        sources.iter().map(|&source| past_of_source(trains.of_neuron(source), settings, first, steps)).collect();
    let mut entropies = vec![f64::NAN; sources.len() * neurons];
    let own_patterns = 1usize << (settings.target_history + 1);
    let mut of_target = vec![0u8; steps];
    let mut counts = vec![0u64; own_patterns << settings.source_history];
    for target in 0..neurons {
        if !go_on() {
            return Err(ConnectivityError::Cancelled);
        }
        of_target.fill(0);
        for &(step, _) in trains.of_neuron(target) {
            for ago in 0..=settings.target_history as usize {
                if let Some(pattern) = of_target.get_mut(step as usize + ago) {
                    *pattern |= 1 << ago;
                }
            }
        }
        let mut totals = vec![0u64; own_patterns];
        of_target[first..].iter().for_each(|pattern| totals[*pattern as usize] += 1);
        for (place, past) in pasts.iter().enumerate() {
            if sources[place] == target || past.is_empty() || trains.of_neuron(target).is_empty() {
                continue;
            }
            counts.fill(0);
            counts[..own_patterns].copy_from_slice(&totals);
            for &(step, pattern) in past {
                let own = of_target[step as usize] as usize;
                counts[own] -= 1;
                counts[(pattern as usize) * own_patterns + own] += 1;
            }
            entropies[place * neurons + target] = entropy(&counts, own_patterns, settings.corrected);
        }
    }
    Ok(entropies)
}

/// The first step with a past.
fn check(trains: &Trains, sources: &[usize], settings: &TransferEntropy) -> Result<usize, ConnectivityError> {
    if trains.neurons() < 2 {
        return Err(ConnectivityError::TooFewNeurons { found: trains.neurons() });
    }
    check_sources(sources, trains.neurons())?;
    let histories = [("source_history", settings.source_history), ("target_history", settings.target_history)];
    for (field, found) in histories {
        if !(1..=MOST_HISTORY).contains(&found) {
            let allowed = "a past of 1 to 7 steps is allowed";
            return Err(ConnectivityError::OutOfRange { field, found: f64::from(found), allowed });
        }
    }
    if settings.lag == 0 {
        let allowed = "the source comes 1 step before the target or more";
        return Err(ConnectivityError::OutOfRange { field: "lag", found: 0.0, allowed });
    }
    let steps = trains.steps();
    let of_source = settings.lag.saturating_add(u64::from(settings.source_history) - 1);
    let found = of_source.max(u64::from(settings.target_history));
    if found >= steps {
        return Err(ConnectivityError::LongerThanRun { field: "lag", found, steps });
    }
    if steps > MOST_STEPS {
        return Err(ConnectivityError::TooLong { found: steps, allowed: MOST_STEPS });
    }
    check_size(sources.len(), trains.neurons(), 1)?;
    check_size(1, trains.events().len(), 2 * settings.source_history as usize)?;
    Ok(found as usize)
}

/// The steps at which the past of a source is not empty, and what it is: the latest step is bit 0.
fn past_of_source(spikes: &[(u64, u32)], settings: &TransferEntropy, first: usize, steps: usize) -> Vec<(u32, u8)> {
    let mut past: Vec<(u32, u8)> = Vec::new();
    let of_spike = |&(step, _): &(u64, u32)| {
        (0..settings.source_history).map(move |ago| (step + settings.lag + u64::from(ago), 1u8 << ago))
    };
    let mut all: Vec<(u64, u8)> = spikes.iter().flat_map(of_spike).collect();
    all.retain(|(step, _)| (first as u64..steps as u64).contains(step));
    all.sort_unstable();
    for (step, bit) in all {
        match past.last_mut() {
            Some((known, pattern)) if u64::from(*known) == step => *pattern |= bit,
            _ => past.push((step as u32, bit)),
        }
    }
    past
}

/// T of counts by the source's past, then the target's past and step, which is bit 0.
fn entropy(counts: &[u64], own_patterns: usize, corrected: bool) -> f64 {
    let total: u64 = counts.iter().sum();
    let mut own = vec![0u64; own_patterns];
    let mut with_source = Vec::with_capacity(counts.len() / 2);
    for of_source in counts.chunks(own_patterns) {
        own.iter_mut().zip(of_source).for_each(|(own, count)| *own += count);
        with_source.extend(of_source.chunks(2).map(|step| step.iter().sum::<u64>()));
    }
    let past: Vec<u64> = own.chunks(2).map(|step| step.iter().sum()).collect();
    // A source or a target that is always the same tells nothing, and nothing can be told of it.
    let spikes: u64 = own.iter().skip(1).step_by(2).sum();
    let pasts_of_source = counts.chunks(own_patterns).filter(|counts| counts.iter().any(|count| *count > 0)).count();
    if spikes == 0 || spikes == total || pasts_of_source < 2 {
        return f64::NAN;
    }
    let n = total as f64;
    let of = |counts: &[u64]| {
        let occurring = counts.iter().filter(|count| **count > 0);
        let plain: f64 = occurring.clone().map(|&count| count as f64 / n * (n / count as f64).log2()).sum();
        let bias = if corrected { (occurring.count() as f64 - 1.0) / (2.0 * n * std::f64::consts::LN_2) } else { 0.0 };
        plain + bias
    };
    of(&own) - of(&past) - of(counts) + of(&with_source)
}
