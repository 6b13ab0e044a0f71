//! Population coupling: how much a neuron fires when the others of its population do.
//!
//! c_i = 1 / n_i integral f_i(t) sum_(j != i) (f_j(t) - mu_j) dt
//!
//! f_i is the train of neuron i smoothed by a Gaussian of standard deviation s, n_i the number of its spikes, mu_j the mean rate
//! of neuron j. The product of two Gaussians integrates to a Gaussian of sqrt(2) s, so with spikes at t_i
//! it is the mean over spikes of i of the smoothed rate of the others at that moment less their mean rate: the
//! spike-triggered population rate at lag 0. Near the ends of the recording the mean rate counts
//! only where was recorded. Neurons that are independent have 0.
//!
//! Work: spikes of the population at different times, times those within 8 sqrt(2) s.
//!
//! Reference: Okun M et al. (2015) Nature 521:511, with a Gaussian of 12 ms half-width.

use super::train::shared;
use super::{Train, TrainError, Weighted, above_zero};

/// Coupling of each neuron to all others (Hz); NaN for a neuron without spikes or without others.
///
/// # Errors
/// Trains of other recordings, a standard deviation that is not finite and above 0.
pub fn population_coupling(trains: &[Train], sigma_ms: f64) -> Result<Vec<f64>, TrainError> {
    above_zero("sigma_ms", sigma_ms)?;
    let Some(recorded) = shared(trains)? else { return Ok(Vec::new()) };
    if trains.len() < 2 {
        return Ok(vec![f64::NAN; trains.len()]);
    }
    let width_ms = std::f64::consts::SQRT_2 * sigma_ms;
    let all = Weighted::together(trains);
    let smoothed = smoothed_per_ms(&all, &all.times_ms, width_ms);
    // What a constant rate of 1 gives at a time, where only the recording is seen.
    let seen = |time: f64| {
        let upto = |edge: f64| 0.5 * (1.0 + libm::erf((edge - time) / (width_ms * std::f64::consts::SQRT_2)));
        upto(recorded.stop_ms()) - upto(recorded.start_ms())
    };
    let total = all.total();
    let coupling = trains.iter().map(|train| {
        let n = train.spikes_ms().len() as f64;
        let own = Weighted::of(train);
        let of_own = smoothed_per_ms(&own, &own.times_ms, width_ms);
        let others_per_ms = (total - n) / recorded.duration_ms();
        let mut place = 0;
        let mut sum = 0.0;
        for ((time, spikes), of_own) in own.times_ms.iter().zip(&*own.spikes).zip(of_own) {
            place += all.times_ms[place..].partition_point(|other| other < time);
            sum += spikes * (smoothed[place] - of_own - others_per_ms * seen(*time));
        }
        sum / n * 1e3
    });
    Ok(coupling.collect())
}

/// Spikes smoothed by a Gaussian, at these times, which rise (1/ms).
fn smoothed_per_ms(spikes: &Weighted<'_>, at_ms: &[f64], width_ms: f64) -> Vec<f64> {
    // exp(-32) is nothing beside the spike itself.
    const REACH: f64 = 8.0;
    let factor = 1.0 / (width_ms * std::f64::consts::TAU.sqrt());
    let mut first = 0;
    let at = |&time: &f64| {
        first += spikes.times_ms[first..].partition_point(|other| *other < time - REACH * width_ms);
        let near = spikes.times_ms[first..].iter().zip(&spikes.spikes[first..]);
        let near = near.take_while(|(other, _)| **other <= time + REACH * width_ms);
        factor * near.map(|(other, count)| count * (-0.5 * ((other - time) / width_ms).powi(2)).exp()).sum::<f64>()
    };
    at_ms.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;

    fn trains(spikes: &[&[f64]]) -> Vec<Train> {
        let recorded = Interval::new(0.0, 1000.0).unwrap();
        spikes.iter().map(|spikes| Train::new(spikes.to_vec(), recorded).unwrap()).collect()
    }

    #[test]
    fn coupling_is_the_integral_of_smoothed_trains() {
        let trains = trains(&[&[300.0, 420.0, 420.0], &[310.0, 600.0], &[295.0, 430.0, 700.0], &[]]);
        let found = population_coupling(&trains, 12.0).unwrap();
        // Sums over a fine grid that reaches beyond the spikes.
        let f = |train: &Train, t: f64| {
            let one = |spike: &f64| (-0.5 * ((t - spike) / 12.0).powi(2)).exp() / (12.0 * std::f64::consts::TAU.sqrt());
            train.spikes_ms().iter().map(one).sum::<f64>()
        };
        for i in 0..3 {
            let mut due = 0.0;
            for step in 0..4000 {
                let t = f64::from(step) * 0.25;
                let others = (0..4).filter(|j| *j != i);
                let deviation: f64 = others.map(|j| f(&trains[j], t) - trains[j].rate_hz() * 1e-3).sum();
                due += f(&trains[i], t) * deviation * 0.25;
            }
            due *= 1e3 / trains[i].spikes_ms().len() as f64;
            assert!((found[i] - due).abs() < 1e-9, "{i}: {} {due}", found[i]);
        }
        assert!(found[3].is_nan());
    }

    #[test]
    fn a_neuron_in_a_population_of_constant_rate_is_not_coupled() {
        let dense: Vec<f64> = (0..10_000).map(|step| 0.05 + f64::from(step) * 0.1).collect();
        let found = population_coupling(&trains(&[&[0.5, 300.0, 999.0], &dense]), 12.0).unwrap();
        // Also at the ends, where half of the Gaussian is not recorded; of 10 kHz.
        assert!(found[0].abs() < 1e-3, "{}", found[0]);
    }

    #[test]
    fn one_neuron_alone_has_no_coupling() {
        assert!(population_coupling(&trains(&[&[1.0]]), 12.0).unwrap()[0].is_nan());
        assert_eq!(population_coupling(&[], 12.0), Ok(vec![]));
        assert!(population_coupling(&trains(&[&[1.0], &[2.0]]), 0.0).is_err());
    }
}
