//! Missing values: the option `missing` of stages that filter or scale, and what they say of them
//! ([`lapicque_signal::missing`]).

use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::missing::{Missing, interpolate, missing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{name_of, of_signal};

/// What becomes of signals with missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Treatment {
    #[default]
    Refuse,
    Interpolate,
    Propagate,
}

/// Names of signals are listed up to here.
const LISTED: usize = 5;

/// Refuses signals of which some have missing values, if they are to be refused.
pub(super) fn check(treatment: Treatment, signals: &[Signal<'_>]) -> Result<(), SampleError> {
    if treatment != Treatment::Refuse {
        return Ok(());
    }
    let mut found = signals.iter().filter_map(|signal| missing(&signal.values).map(|missing| (signal, missing)));
    let Some((signal, first)) = found.next() else {
        return Ok(());
    };
    let others = match found.count() {
        0 => String::new(),
        1 => "; 1 more signal has missing values".to_owned(),
        more => format!("; {more} more signals have missing values"),
    };
    Err(of_signal(
        signal,
        format!(
            "{}{others}. `missing: interpolate` fills them, `missing: propagate` leaves missing what depends on them",
            described(&first, Some(signal))
        ),
    ))
}

/// Fills what is missing in a signal. Refuses signals without any value.
pub(super) fn fill(signal: &mut Signal<'_>) -> Result<(), SampleError> {
    if interpolate(signal.values.to_mut()) {
        return Ok(());
    }
    let all = signal.values.len();
    Err(of_signal(
        signal,
        format!(
            "all {all} values are missing: there is nothing to interpolate from; `missing: propagate` leaves them missing"
        ),
    ))
}

/// Tells the missing values of a signal, and interpolates them where that is asked for.
pub(super) fn tell_and_fill(
    treatment: Treatment,
    signal: &mut Signal<'_>,
    remark: &mut Remark,
) -> Result<(), SampleError> {
    if let Some(missing) = missing(&signal.values) {
        remark.of(signal, &described(&missing, Some(signal)));
        if treatment == Treatment::Interpolate {
            fill(signal)?;
        }
    }
    Ok(())
}

/// How many values are missing and where the first one is; its time, where there is a signal with time.
pub(crate) fn described(missing: &Missing, signal: Option<&Signal<'_>>) -> String {
    let Missing { len, count, infinite, first, .. } = *missing;
    let what = match infinite {
        0 => "missing".to_owned(),
        all if all == count => "infinite".to_owned(),
        some => format!("missing, {some} of them infinite"),
    };
    let place = match signal {
        Some(signal) if !signal.dt_ms.is_nan() => {
            // Sums of binary fractions have many digits.
            let time_ms = signal.t0_ms + first as f64 * signal.dt_ms;
            format!("{} ms (index {first})", (time_ms * 1e6).round() / 1e6)
        }
        _ => format!("index {first}"),
    };
    match count {
        1 => format!("1 of {len} values is {what}, at {place}"),
        _ => format!("{count} of {len} values are {what}, the first at {place}"),
    }
}

/// A remark on some signals, each with its name and what is so about it.
#[derive(Debug)]
pub(crate) struct Remark {
    text: &'static str,
    signals: Vec<String>,
}

impl Remark {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text, signals: Vec::new() }
    }

    pub(crate) fn of(&mut self, signal: &Signal<'_>, what: &str) {
        self.of_name(&name_of(&signal.channel, signal.epoch), what);
    }

    pub(crate) fn of_name(&mut self, name: &str, what: &str) {
        self.signals.push(format!("{name}: {what}"));
    }

    /// One line, if it was made of any signal.
    pub(crate) fn note(self) -> Option<String> {
        let Self { text, signals } = self;
        let more = match signals.len().saturating_sub(LISTED) {
            _ if signals.is_empty() => return None,
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        Some(format!("{text} ({}{more})", signals[..signals.len().min(LISTED)].join("; ")))
    }
}
