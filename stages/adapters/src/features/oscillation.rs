//! Amplitude envelopes for features of them: signals that are envelopes, or those of a band of signals
//! ([`lapicque_signal::envelope`]), computed as `signal.envelope` does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lapicque_pipeline::{Batch, ConfigError, Context, SampleError};
use lapicque_schemas::tables::float_column;
use lapicque_schemas::tables::signals::{self, Series};
use lapicque_signal::dfa::{Definition, default_fit_s};
use lapicque_signal::envelope::{Trim, filtered_envelope};
use lapicque_signal::filter::design::{Filter, Method};
use lapicque_signal::filter::fir::Window;
use lapicque_signal::filter::{Band, Phase};
use lapicque_signal::missing::missing;
use lapicque_signal::rate::rate_hz;
use lapicque_units::{Frequency, Time};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::signal::filter_method::{check_band, check_time};
use crate::signal::missing::Remark;
use crate::signal::name_of;

/// In ms, at each end of an envelope.
pub(super) const TRIM: f64 = 1000.0;
/// Columns that are read.
pub(super) const COLUMNS: [&str; 4] = ["channel", "epoch", "dt", "values"];
/// The longest windows that amplitude fluctuations of any band are fitted from.
const FIT_OF_ANY_BAND_S: [f64; 2] = [5.0, 30.0];

/// What the signals are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Input {
    #[default]
    Signal,
    Envelope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Compat {
    Ncpi,
}

pub(super) fn definition(compat: Option<Compat>) -> Definition {
    match compat {
        None => Definition::Hardstone,
        Some(Compat::Ncpi) => Definition::Ncpi,
    }
}

/// Where envelopes come from.
pub(super) struct Source {
    /// In Hz; `None` where signals are envelopes.
    band: Option<[f64; 2]>,
    trim_ms: f64,
    before_transform: bool,
}

impl Source {
    /// Checks what is set; settings that signals or envelopes do not have are problems.
    pub(super) fn checked(
        input: Input,
        band: Option<[Frequency; 2]>,
        trim: Option<Time>,
        compat: Option<Compat>,
        problems: &mut Vec<ConfigError>,
    ) -> Source {
        band.into_iter().for_each(|band| check_band("band", band, problems));
        trim.into_iter().for_each(|trim| check_time("trim", trim, true, problems));
        match input {
            Input::Signal if band.is_none() => {
                let message = "whose envelope is analysed, e.g. `[8 Hz, 13 Hz]`; with `input: envelope` signals are taken as they are";
                problems.push(ConfigError::at("band", message));
            }
            Input::Envelope if trim.is_some() => {
                problems.push(ConfigError::at("trim", "`input: envelope` is taken as it is; leave it out"));
            }
            _ => {}
        }
        Source {
            band: band.filter(|_| input == Input::Signal).map(|[low, high]| [low.value(), high.value()]),
            trim_ms: trim.map_or(TRIM, |trim| trim.value()),
            before_transform: compat.is_some(),
        }
    }
}

/// The interval that fluctuations are fitted in, in s. What is not set follows from the band; a band of envelopes is of no
/// other use.
pub(super) fn fit_interval_s(
    input: Input,
    band: Option<[Frequency; 2]>,
    fit_interval: Option<[Time; 2]>,
    problems: &mut Vec<ConfigError>,
) -> [f64; 2] {
    match (fit_interval, band) {
        (Some(_), Some(_)) if input == Input::Envelope => {
            let message = "of envelopes it says what the default of `fit_interval` is, which is given; leave it out";
            problems.push(ConfigError::at("band", message));
            FIT_OF_ANY_BAND_S
        }
        (Some(interval), _) => interval.map(|time| time.value() * 1e-3),
        (None, Some([low, _])) => default_fit_s(low.value()),
        (None, None) => FIT_OF_ANY_BAND_S,
    }
}

/// An envelope, or a signal with missing values, which has none.
pub(super) struct Envelope<'a> {
    pub(super) channel: String,
    pub(super) epoch: i32,
    pub(super) rate_hz: f64,
    pub(super) values: Cow<'a, [f64]>,
}

impl Envelope<'_> {
    pub(super) fn name(&self) -> String {
        name_of(&self.channel, self.epoch)
    }

    fn of_it(&self, message: impl std::fmt::Display) -> SampleError {
        SampleError::input(format!("{}: {message}", self.name()))
    }
}

/// What each sampling rate needs, planned once, by the bits of the rate.
pub(super) struct Plans<T>(BTreeMap<u64, T>);

impl<T> Default for Plans<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Plans<T> {
    /// Plans for the rates of these that are new.
    pub(super) fn prepare<E: std::fmt::Display>(
        &mut self,
        envelopes: &[Envelope<'_>],
        plan: impl Fn(f64) -> Result<T, E>,
    ) -> Result<(), SampleError> {
        for envelope in envelopes {
            if let Entry::Vacant(place) = self.0.entry(envelope.rate_hz.to_bits()) {
                place.insert(plan(envelope.rate_hz).map_err(|error| envelope.of_it(error))?);
            }
        }
        Ok(())
    }

    pub(super) fn of(&self, envelope: &Envelope<'_>) -> Result<&T, SampleError> {
        self.0.get(&envelope.rate_hz.to_bits()).ok_or_else(|| SampleError::internal("no plan for this sampling rate"))
    }
}

/// The signals of a sample, with their rates.
pub(super) fn read(batch: &Batch, sample: usize) -> Result<Vec<Envelope<'_>>, SampleError> {
    let table = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
    let intervals_ms = float_column(signals::TABLE, table, "dt").map_err(SampleError::input)?;
    let series = signals::read_series(table).map_err(SampleError::input)?;
    series.into_iter().zip(intervals_ms.iter()).map(|(series, interval_ms)| with_rate(series, *interval_ms)).collect()
}

fn with_rate(series: Series<'_>, interval_ms: f64) -> Result<Envelope<'_>, SampleError> {
    let Series { channel, epoch, values } = series;
    let envelope = Envelope { channel, epoch, rate_hz: rate_hz(interval_ms), values };
    if interval_ms.is_nan() {
        return Err(envelope.of_it("the interval between values is unknown; give `dt` (ms) or `sampling_rate`"));
    }
    if !(interval_ms > 0.0 && interval_ms.is_finite()) {
        let message = format!("the interval between values is {interval_ms} ms; it must be finite and above 0");
        return Err(envelope.of_it(message));
    }
    Ok(envelope)
}

impl Source {
    /// The filter of the band.
    pub(super) fn filter(&self, rate_hz: f64) -> Result<Option<Filter>, lapicque_signal::filter::FilterError> {
        let method = Method::Fir { window: Window::Hamming, transition_hz: None };
        self.band.map(|[low, high]| Filter::of_band(method, Band::BandPass(low, high), rate_hz)).transpose()
    }

    /// Computes a function of each envelope, with some threads. Returns what came out in the order of signals, and remarks on
    /// envelopes.
    pub(super) fn of_each<T: Send>(
        &self,
        context: &Context<'_>,
        given: &mut [Envelope<'_>],
        filters: &Plans<Option<Filter>>,
        function: impl Fn(&Envelope<'_>) -> Result<T, SampleError> + Sync,
    ) -> Result<(Vec<T>, Vec<String>), SampleError> {
        let short = self.short(given, filters)?;
        let one = |envelope: &mut Envelope<'_>| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            if let Some(filter) = filters.of(envelope)?
                && missing(&envelope.values).is_none()
            {
                let samples = (self.trim_ms * 1e-3 * envelope.rate_hz).round() as usize;
                let trim = Trim { samples, before_transform: self.before_transform };
                let found = filtered_envelope(&envelope.values, Some(filter), Phase::Zero, trim);
                envelope.values = Cow::Owned(found.map_err(|error| envelope.of_it(error))?);
            }
            function(envelope)
        };
        let results: Vec<_> = if context.threads < 2 {
            given.iter_mut().map(one).collect()
        } else {
            // The first error in the order of signals, whichever came first in time.
            given.par_iter_mut().map(one).collect()
        };
        Ok((results.into_iter().collect::<Result<_, _>>()?, short.into_iter().collect()))
    }

    /// A remark on signals that are short against the filter.
    fn short(&self, given: &[Envelope<'_>], filters: &Plans<Option<Filter>>) -> Result<Option<String>, SampleError> {
        let mut short = Remark::new(
            "signals are shorter than the reach of the filter: their values depend on how they are continued beyond their ends",
        );
        for envelope in given {
            if let Some(filter) = filters.of(envelope)? {
                let (len, reach) = (envelope.values.len(), filter.reach(Phase::Zero));
                if len > 0 && len < reach {
                    short.of_name(&envelope.name(), &format!("{len} values, the reach is {reach} values"));
                }
            }
        }
        Ok(short.note())
    }
}
