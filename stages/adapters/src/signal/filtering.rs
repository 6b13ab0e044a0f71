//! What stages that filter signals have in common: missing values go round the filter, and signals that are short
//! against it are told.

use std::borrow::Cow;
use std::fmt::Display;

use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::missing::{missing, spread, spread_causally};

use rayon::prelude::*;

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
    let mut remarks = Remarks::new();
    for signal in signals {
        let filter = filter_of(signal)?;
        let told =
            one(signal, treatment, &filter, |series, filtered| spread(series, filter.step, filter.reach, filtered))?;
        remarks.of(signal, told);
    }
    Ok(remarks.notes())
}

/// A filter that keeps all values.
pub(super) struct InPlace<F> {
    /// How far a value reaches, in samples.
    pub(super) reach: f64,
    /// Whether that is to later values alone.
    pub(super) causal: bool,
    pub(super) run: F,
}

/// As [`filtered`], for filters that keep all values, with some threads.
pub(super) fn filtered_in_place<F, E: Display>(
    signals: &mut [Signal<'_>],
    treatment: Treatment,
    threads: usize,
    filter_of: impl Fn(&Signal<'_>) -> Result<InPlace<F>, SampleError> + Sync,
) -> Result<Vec<String>, SampleError>
where
    F: Fn(&[f64]) -> Result<Vec<f64>, E>,
{
    check(treatment, signals)?;
    let run = |signal: &mut Signal<'_>| {
        let InPlace { reach, causal, run } = filter_of(signal)?;
        let filter = Filter { step: 1.0, reach, run };
        one(signal, treatment, &filter, |series, filtered| match causal {
            true => spread_causally(series, reach, filtered),
            false => spread(series, 1.0, reach, filtered),
        })
    };
    let told: Vec<_> = match threads {
        0 | 1 => signals.iter_mut().map(run).collect::<Result<_, _>>()?,
        // The first error in the order of signals, whichever came first in time.
        _ => signals.par_iter_mut().map(run).collect::<Vec<_>>().into_iter().collect::<Result<_, _>>()?,
    };
    let mut remarks = Remarks::new();
    signals.iter().zip(told).for_each(|(signal, told)| remarks.of(signal, told));
    Ok(remarks.notes())
}

/// What there is to say of a signal that was filtered.
#[derive(Default)]
struct Told {
    interpolated: Option<String>,
    lost: Option<String>,
    short: Option<String>,
}

fn one<F, E: Display>(
    signal: &mut Signal<'_>,
    treatment: Treatment,
    filter: &Filter<F>,
    spread: impl Fn(&[f64], &mut [f64]) -> usize,
) -> Result<Told, SampleError>
where
    F: Fn(&[f64]) -> Result<Vec<f64>, E>,
{
    let mut told = Told::default();
    let len = signal.values.len();
    if len > 0 && (len as f64) < filter.reach {
        told.short = Some(format!("{len} values, the reach is {} values", filter.reach.ceil()));
    }
    let run = |values: &[f64]| (filter.run)(values).map_err(|error| error.to_string());
    let Some(gaps) = missing(&signal.values) else {
        signal.values = Cow::Owned(run(&signal.values).map_err(|error| of_signal(signal, error))?);
        return Ok(told);
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
            let count = spread(&holes, &mut values);
            told.lost = Some(format!("{gaps_told}; of the result {count} of {}", values.len()));
        }
        None => told.interpolated = Some(format!("{gaps_told}; at most {} in a row", gaps.longest)),
    }
    signal.values = Cow::Owned(values);
    Ok(told)
}

struct Remarks {
    interpolated: Remark,
    lost: Remark,
    short: Remark,
}

impl Remarks {
    fn new() -> Self {
        Self {
            interpolated: Remark::new(
                "missing values are interpolated linearly, at the ends of a signal the nearest value is taken",
            ),
            lost: Remark::new("what depends on missing values is missing in the result"),
            short: Remark::new(
                "signals are shorter than the reach of the filter: their values depend on how they are continued beyond their ends",
            ),
        }
    }

    fn of(&mut self, signal: &Signal<'_>, told: Told) {
        let add = |remark: &mut Remark, what: Option<String>| {
            what.into_iter().for_each(|what| remark.of(signal, &what));
        };
        add(&mut self.interpolated, told.interpolated);
        add(&mut self.lost, told.lost);
        add(&mut self.short, told.short);
    }

    fn notes(self) -> Vec<String> {
        [self.interpolated, self.lost, self.short].into_iter().filter_map(Remark::note).collect()
    }
}
