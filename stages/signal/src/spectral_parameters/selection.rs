//! Which one of the peaks stands for a spectrum.

use super::Peak;

/// Which peak is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rule {
    /// The one of the largest power.
    #[default]
    HighestPower,
    /// The one of the highest frequency.
    HighestFrequency,
}

/// The peak that is taken of those within a range of frequencies, both ends included; of equal ones the first.
pub fn select(peaks: &[Peak], rule: Rule, range_hz: Option<(f64, f64)>) -> Option<Peak> {
    let within = |peak: &&Peak| range_hz.is_none_or(|(low, high)| (low..=high).contains(&peak.center_frequency_hz));
    let value = |peak: &Peak| match rule {
        Rule::HighestPower => peak.power,
        Rule::HighestFrequency => peak.center_frequency_hz,
    };
    let mut peaks = peaks.iter().filter(within).copied();
    let first = peaks.next()?;
    Some(peaks.fold(first, |best, peak| if value(&peak) > value(&best) { peak } else { best }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peak_is_taken_by_power_or_by_frequency_within_a_range() {
        let peak = |center_frequency_hz, power| Peak { center_frequency_hz, power, bandwidth_hz: 2.0 };
        let peaks = [peak(6.0, 0.5), peak(10.0, 0.9), peak(20.0, 0.9), peak(40.0, 0.1)];
        let center = |rule, range| select(&peaks, rule, range).map(|peak| peak.center_frequency_hz);
        assert_eq!(center(Rule::HighestPower, None), Some(10.0));
        assert_eq!(center(Rule::HighestFrequency, None), Some(40.0));
        assert_eq!(center(Rule::HighestFrequency, Some((1.0, 20.0))), Some(20.0));
        assert_eq!(center(Rule::HighestPower, Some((41.0, 50.0))), None);
        assert_eq!(select(&[], Rule::HighestPower, None), None);
    }
}
