//! What stages that filter signals have in common: missing values go round the filter, and signals that are short
//! against it are told.

use std::borrow::Cow;
use std::fmt::Display;

use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::missing::{missing, spread};

use super::missing::{Remark, Treatment, check, described, fill};
use super::of_signal;

/// A filter that keeps some of its values or puts others between.
pub(super) struct Filter<F> {
    /// Samples of the signal from one value that comes out to the next.
    pub(super) step: f64,
    /// How far a value reaches, in samples of the signal.
    pub(super) reach: f64,
    pub(super) run: F,
}

/// Filters signals in place, each by the filter that belongs to it. Returns remarks.
pub(super) fn filtered<F, E: Display>(
    signals: &mut [Signal<'_>],
    treatment: Treatment,
    filter_of: impl Fn(&Signal<'_>) -> Result<Filter<F>, SampleError>,
) -> Result<Vec<String>, SampleError>
where
    F: Fn(&[f64]) -> Result<Vec<f64>, E>,
{
    check(treatment, signals)?;
    let mut interpolated =
        Remark::new("missing values are interpolated linearly, at the ends of a signal the nearest value is taken");
    let mut lost = Remark::new("what depends on missing values is missing in the result");
    let mut short = Remark::new(
        "signals are shorter than the reach of the filter: their values depend on how they are continued beyond their ends",
    );
    for signal in signals {
        let filter = filter_of(signal)?;
        let len = signal.values.len();
        if len > 0 && (len as f64) < filter.reach {
            short.of(signal, &format!("{len} values, the reach is {} values", filter.reach.ceil()));
        }
        let run = |values: &[f64]| (filter.run)(values).map_err(|error| error.to_string());
        let Some(gaps) = missing(&signal.values) else {
            signal.values = Cow::Owned(run(&signal.values).map_err(|error| of_signal(signal, error))?);
            continue;
        };
        let holes = (treatment == Treatment::Propagate).then(|| signal.values.to_vec());
        if holes.is_some() && gaps.count == len {
            signal.values.to_mut().fill(0.0);
        } else {
            fill(signal)?;
        }
        let mut values = run(&signal.values).map_err(|error| of_signal(signal, error))?;
        let gaps_told = described(&gaps, Some(signal));
        match holes {
            Some(holes) => {
                let count = spread(&holes, filter.step, filter.reach, &mut values);
                lost.of(signal, &format!("{gaps_told}; of the result {count} of {}", values.len()));
            }
            None => interpolated.of(signal, &format!("{gaps_told}; at most {} in a row", gaps.longest)),
        }
        signal.values = Cow::Owned(values);
    }
    Ok([interpolated, lost, short].into_iter().filter_map(Remark::note).collect())
}
