//! Groups that spike at given times.
//!
//! A spike at time t is in step `floor((t + dt/1000)/dt)`: a time just before the begin of a step, by rounding, is in it.
//! With a period of P steps all come again after it.

use super::context::{Context, not_allowed, unit_of};
use super::description::SpikeGenerator;
use super::error::{NetworkError, NetworkProblem};
use crate::units::Dimension;

/// Larger numbers of steps are refused.
const LAST_STEP: f64 = 9e15;

/// Who spikes in which step.
#[derive(Clone, Debug)]
pub(crate) struct SpikeTimes {
    /// Steps, ascending.
    steps: Vec<u64>,
    /// Who spikes in them, ascending within a step.
    elements: Vec<u32>,
    /// After how many steps all spikes come again.
    period: Option<u64>,
}

impl SpikeTimes {
    /// The spikes of a group with a clock of step `dt` (in s). `path` is that of the group.
    ///
    /// # Errors
    /// As many elements as times are needed; elements that the group does not have, times that are negative, not finite or
    /// behind the period, a unit that is no time, a period that is not a whole number of steps, two spikes of one element
    /// in one step.
    pub(crate) fn new(
        context: &Context<'_>,
        path: &str,
        described: &SpikeGenerator,
        dt: f64,
    ) -> Result<Self, NetworkError> {
        let at = |field: &str| format!("{path}.{field}");
        let (elements, times) = (&described.elements, &described.times);
        if elements.len() != times.len() {
            let value = format!("{} times", times.len());
            return Err(not_allowed(&at("times"), value, format!("one for each of {} elements", elements.len())));
        }
        if let Some(place) = elements.iter().position(|&element| element >= described.size) {
            let value = format!("element {} (spike {place})", elements[place]);
            let allowed = format!("the group has {}, counted from 0", described.size);
            return Err(not_allowed(&at("elements"), value, allowed));
        }
        let unit = unit_of(&at("unit"), &described.unit)?;
        if unit.dimension != Dimension::SECOND || unit.value <= 0.0 {
            return Err(not_allowed(&at("unit"), described.unit.clone(), "a unit of time, such as ms".to_owned()));
        }
        let period = match &described.period {
            None => None,
            Some(text) => {
                let time = context.positive_time(&at("period"), text)?;
                let steps = (time / dt).round();
                if !(1.0..=LAST_STEP).contains(&steps) || (time / dt - steps).abs() > 1e-4 {
                    let allowed = format!("a whole number of steps of {dt} s");
                    return Err(not_allowed(&at("period"), text.as_str().to_owned(), allowed));
                }
                Some((time, steps))
            }
        };
        let mut spikes = Vec::with_capacity(times.len());
        for (place, (&element, &time)) in elements.iter().zip(times).enumerate() {
            let seconds = time * unit.value;
            let step = ((seconds + 1e-3 * dt) / dt).floor();
            let value = || format!("{time} {} (spike {place})", described.unit);
            if !(seconds >= 0.0 && step <= LAST_STEP) {
                let allowed = format!("a time from 0 to {} {}", LAST_STEP * dt / unit.value, described.unit);
                return Err(not_allowed(&at("times"), value(), allowed));
            }
            let step = match period {
                Some((period, _)) if seconds >= period => {
                    let allowed = format!("a time before the period of {period} s ends");
                    return Err(not_allowed(&at("times"), value(), allowed));
                }
                // A time just before the end is in the first step of the next period.
                Some((_, steps)) if step >= steps => step - steps,
                _ => step,
            };
            spikes.push((step as u64, element));
        }
        spikes.sort_unstable();
        if let Some(pair) = spikes.windows(2).find(|pair| pair[0] == pair[1]) {
            let (step, element) = pair[0];
            let why = format!("element {element} spikes twice in step {step}, which begins at {} s", step as f64 * dt);
            return Err(NetworkError::new(at("times"), NetworkProblem::Conflict(why)));
        }
        let (steps, elements) = spikes.into_iter().unzip();
        Ok(Self { steps, elements, period: period.map(|(_, steps)| steps as u64) })
    }

    /// Appends who spikes in a step, ascending.
    pub(crate) fn fired(&self, step: u64, out: &mut Vec<u32>) {
        let step = self.period.map_or(step, |period| step % period);
        let begin = self.steps.partition_point(|&there| there < step);
        let count = self.steps[begin..].partition_point(|&there| there == step);
        out.extend_from_slice(&self.elements[begin..begin + count]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::description::Text;
    use super::super::test_objects::{context, model};
    use super::*;

    fn spikes(described: &SpikeGenerator) -> Result<SpikeTimes, String> {
        let model = model("0.1*ms");
        SpikeTimes::new(&context(&model, 1), "spike_generators.inp", described, 1e-4).map_err(|e| e.to_string())
    }

    fn generator(elements: &[u32], times: &[f64], period: Option<&str>) -> SpikeGenerator {
        let (elements, times, unit) = (elements.to_vec(), times.to_vec(), "ms".to_owned());
        SpikeGenerator { size: 3, elements, times, unit, period: period.map(Text::new), time_step: None }
    }

    fn all(times: &SpikeTimes, steps: u64) -> Vec<(u64, u32)> {
        let mut out = Vec::new();
        for step in 0..steps {
            let mut fired = Vec::new();
            times.fired(step, &mut fired);
            out.extend(fired.into_iter().map(|element| (step, element)));
        }
        out
    }

    /// Fixtures `spikegen_bins` and `spikegen_period` of Brian2 2.9.0.
    #[test]
    fn times_are_rounded_to_steps() {
        let times = [0.0, 0.04, 0.05, 0.0999, 0.09995, 0.3, 0.7, 0.75, 1.0999, 5.01];
        let found = spikes(&generator(&[0, 1, 2, 0, 1, 2, 0, 1, 2, 0], &times, None)).unwrap();
        let expected = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (3, 2), (7, 0), (7, 1), (11, 2), (50, 0)];
        assert_eq!(all(&found, 100), expected);
        let found = spikes(&generator(&[0, 1, 2, 0, 1], &[0.0, 0.3, 0.7, 1.25, 1.9], Some("2*ms"))).unwrap();
        let one = [(0, 0), (3, 1), (7, 2), (12, 0), (19, 1)];
        let expected: Vec<_> = (0..5).flat_map(|n| one.map(|(step, element)| (step + 20 * n, element))).collect();
        assert_eq!(all(&found, 100), expected);
    }

    #[test]
    fn a_period_ends_with_its_last_step() {
        // 0.3/0.1 is below 3 in numbers of 64 bits.
        let found = spikes(&generator(&[0, 1], &[0.29995, 0.2], Some("0.3*ms"))).unwrap();
        assert_eq!(all(&found, 6), [(0, 0), (2, 1), (3, 0), (5, 1)]);
        assert!(all(&spikes(&generator(&[], &[], None)).unwrap(), 3).is_empty());
    }

    #[test]
    fn wrong_spikes_are_refused() {
        let refused = |described: &SpikeGenerator| spikes(described).unwrap_err();
        let found = refused(&generator(&[0], &[], None));
        assert_eq!(found, "spike_generators.inp.times: 0 times: one for each of 1 elements");
        let found = refused(&generator(&[0, 3], &[1.0, 2.0], None));
        assert_eq!(found, "spike_generators.inp.elements: element 3 (spike 1): the group has 3, counted from 0");
        for time in [-0.1, f64::NAN, f64::INFINITY, 1e15] {
            let found = refused(&generator(&[0], &[time], None));
            let expected = format!("spike_generators.inp.times: {time} ms (spike 0): a time from 0 to ");
            assert!(found.starts_with(&expected), "{found}");
        }
        let found = refused(&generator(&[1, 1], &[0.11, 0.19], None));
        assert_eq!(found, "spike_generators.inp.times: element 1 spikes twice in step 1, which begins at 0.0001 s");
        let found = refused(&generator(&[1], &[2.0], Some("2*ms")));
        assert_eq!(found, "spike_generators.inp.times: 2 ms (spike 0): a time before the period of 0.002 s ends");
        // The end of one period and the begin of the next are one step.
        let found = refused(&generator(&[1, 1], &[0.0, 1.99995], Some("2*ms")));
        assert!(found.contains("element 1 spikes twice in step 0"), "{found}");
        for period in ["0.25*ms", "0.05*ms"] {
            let found = refused(&generator(&[], &[], Some(period)));
            let expected = format!("spike_generators.inp.period: {period}: a whole number of steps of 0.0001 s");
            assert_eq!(found, expected);
        }
        let wrong = SpikeGenerator { unit: "mV".to_owned(), ..generator(&[], &[], None) };
        assert_eq!(refused(&wrong), "spike_generators.inp.unit: mV: a unit of time, such as ms");
    }
}
