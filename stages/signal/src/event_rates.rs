//! How often events occur, and how far apart they are.
//!
//! | measure | equation | undefined (NaN) |
//! |---|---|---|
//! | count | n | never |
//! | rate_hz | n / T | recorded time T is 0 |
//! | interval_mean_s | mean of d_i = e_(i+1) - e_i | fewer than 2 events in one stretch |
//! | interval_sd_s | sqrt(sum (d_i - mean)^2 / (m - 1)) of m intervals | fewer than 2 intervals |
//! | interval_cv | interval_sd_s / interval_mean_s | as above, or all at one time |
//! | duration_mean_s | mean of the durations that are known | none is known |
//! | time_fraction | time in at least one event / T | T is 0, or a duration is not known |
//!
//! Onsets e_i are in order of time. Intervals are those between neighbours in one stretch of the recording: what happened in a gap is not known.
//! The coefficient of variation is 1 for a Poisson process (Cox & Lewis 1966, The Statistical Analysis of Series of Events, ch 2).

/// An event: onset and, where it is known, duration, both in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occurrence {
    /// Seconds.
    pub onset_s: f64,
    /// Seconds.
    pub duration_s: Option<f64>,
}

/// The measures of the table above.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the table above says what they are")]
pub struct EventRates {
    pub count: f64,
    pub rate_hz: f64,
    pub interval_mean_s: f64,
    pub interval_sd_s: f64,
    pub interval_cv: f64,
    pub duration_mean_s: f64,
    pub time_fraction: f64,
}

/// Stretches of time (begin, end), in order and apart from each other, that cover what these cover.
pub fn union(mut stretches: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    stretches.retain(|(begin, end)| end > begin);
    stretches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut apart: Vec<(f64, f64)> = Vec::new();
    for (begin, end) in stretches {
        match apart.last_mut() {
            // Half a microsecond is rounding of times.
            Some(last) if begin <= last.1 + 5e-7 => last.1 = last.1.max(end),
            _ => apart.push((begin, end)),
        }
    }
    apart
}

/// Of events with onsets within `recorded`, as [`union`] gives it; others are not counted.
pub fn event_rates(events: &[Occurrence], recorded: &[(f64, f64)]) -> EventRates {
    let total: f64 = recorded.iter().map(|(begin, end)| end - begin).sum();
    let mut count = 0_usize;
    let (mut intervals, mut durations, mut covered) = (Vec::new(), Vec::new(), Vec::new());
    let mut all_known = true;
    for (begin, end) in recorded {
        let within = events.iter().filter(|event| (*begin..*end).contains(&event.onset_s));
        let mut onsets: Vec<f64> = within.clone().map(|event| event.onset_s).collect();
        onsets.sort_by(f64::total_cmp);
        count += onsets.len();
        intervals.extend(onsets.windows(2).map(|two| two[1] - two[0]));
        for event in within {
            match event.duration_s {
                Some(duration) => {
                    durations.push(duration);
                    covered.push((event.onset_s, (event.onset_s + duration).min(*end)));
                }
                None => all_known = false,
            }
        }
    }
    let in_events: f64 = union(covered).iter().map(|(begin, end)| end - begin).sum();
    let defined = |is: bool, value: f64| if is { value } else { f64::NAN };
    let interval_mean_s = mean(&intervals);
    let squares: f64 = intervals.iter().map(|d| (d - interval_mean_s) * (d - interval_mean_s)).sum();
    let m = intervals.len();
    let interval_sd_s = defined(m > 1, (squares / (m as f64 - 1.0)).sqrt());
    EventRates {
        count: count as f64,
        rate_hz: defined(total > 0.0, count as f64 / total),
        interval_mean_s,
        interval_sd_s,
        interval_cv: defined(interval_mean_s > 0.0, interval_sd_s / interval_mean_s),
        duration_mean_s: mean(&durations),
        time_fraction: defined(total > 0.0 && all_known, in_events / total),
    }
}

/// NaN of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests;
