//! Channels that belong together: those of one epoch or stretch of a recording, on one grid of times.

use std::collections::BTreeMap;

use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::missing::{is_there, missing};

use super::missing::{Remark, Treatment, check, described, fill};
use super::of_signal;

/// The rows of each epoch, in the order of the table.
pub(super) fn rows_by_epoch(signals: &[Signal<'_>]) -> BTreeMap<i32, Vec<usize>> {
    let mut rows: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, signal) in signals.iter().enumerate() {
        rows.entry(signal.epoch).or_default().push(row);
    }
    rows
}

/// Refuses signals that differ from the first one in interval, begin, length or unit; `which` is what they are in messages.
pub(super) fn check_alike<'a, 's: 'a>(
    signals: impl IntoIterator<Item = &'a Signal<'s>>,
    which: &str,
) -> Result<(), SampleError> {
    let mut signals = signals.into_iter();
    let Some(first) = signals.next() else {
        return Ok(());
    };
    for other in signals {
        let differs = |what: &str, own: &str, firsts: &str| {
            Err(of_signal(
                other,
                format!("{what} is {own}, that of channel {} is {firsts}; {which} must agree", first.channel),
            ))
        };
        let bits = |s: &Signal<'_>| (s.dt_ms.to_bits(), s.t0_ms.to_bits());
        if (other.dt_ms, other.t0_ms) != (first.dt_ms, first.t0_ms) && bits(other) != bits(first) {
            let grid = |s: &Signal<'_>| format!("{} ms from {} ms", s.dt_ms, s.t0_ms);
            return differs("the sampling interval", &grid(other), &grid(first));
        }
        if other.values.len() != first.values.len() {
            let length = |s: &Signal<'_>| format!("{} values", s.values.len());
            return differs("the length", &length(other), &length(first));
        }
        if other.unit != first.unit {
            return differs("the unit", &other.unit, &first.unit);
        }
    }
    Ok(())
}

/// Treats missing values of signals that are added up. Where they propagate, all kinds of them become NaN. Returns remarks.
pub(super) fn treated(signals: &mut [Signal<'_>], treatment: Treatment) -> Result<Vec<String>, SampleError> {
    check(treatment, signals)?;
    let mut remark = Remark::new(match treatment {
        Treatment::Interpolate => {
            "missing values are interpolated linearly, at the ends of a signal the nearest value is taken"
        }
        Treatment::Refuse | Treatment::Propagate => "what depends on missing values is missing in the result",
    });
    for signal in signals {
        let Some(found) = missing(&signal.values) else {
            continue;
        };
        remark.of(signal, &described(&found, Some(signal)));
        if treatment == Treatment::Interpolate {
            fill(signal)?;
        } else {
            signal.values.to_mut().iter_mut().filter(|value| !is_there(**value)).for_each(|value| *value = f64::NAN);
        }
    }
    Ok(remark.note().into_iter().collect())
}
