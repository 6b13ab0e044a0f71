//! `signal.envelope`: amplitude envelopes of bands ([`lapicque_signal::envelope`]).
//!
//! A band's filter has no phase shift. The magnitude of the analytic signal is taken of the whole filtered signal, then its
//! ends are trimmed, where the filter and the transform do not know what comes beyond; the signal begins later by that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::dfa::bands_hz;
use lapicque_signal::envelope::{Trim, filtered_envelope};
use lapicque_signal::filter::design::{Filter, Method};
use lapicque_signal::filter::{Band, Phase};
use lapicque_signal::rate::rate_hz;
use lapicque_units::{Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filter_method::{ATTENUATION_DB, BandMethod, ORDER, RIPPLE_DB, Settings, Window, check_band, check_time};
use super::filtering::{InPlace, filtered_in_place};
use super::missing::Treatment;
use super::{PORTS, check_size, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.envelope",
    summary: "Compute amplitude envelopes of bands: zero-phase filter, then Hilbert transform",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// The band, e.g. `[8 Hz, 13 Hz]`. One of `band`, `bands`, `band_table` and `already_filtered` is needed.
    #[schemars(with = "Option<[String; 2]>")]
    band: Option<[Frequency; 2]>,
    /// Several bands, e.g. `[[8 Hz, 13 Hz], [13 Hz, 30 Hz]]`. Channels are named by channel and band: `Cz@8-13Hz`.
    #[schemars(with = "Option<Vec<[String; 2]>>")]
    bands: Option<Vec<[Frequency; 2]>>,
    /// log_1_to_150: 1 to 4 Hz and 15 bands from 4 to 150 Hz, equal on a logarithmic scale. Those that do not lie below half of the
    /// sampling rate are left out, with a note.
    band_table: Option<BandTable>,
    /// The signals are those of a band already, and are not filtered (default false).
    already_filtered: bool,
    /// Fir (default; linear phase, rules of MNE), butterworth, chebyshev1 or chebyshev2 (both ways).
    method: BandMethod,
    /// Of recursive filters: order of the prototype (default 4).
    order: Option<u32>,
    /// Of chebyshev1: ripple of the pass-band in dB (default 0.5).
    ripple_db: Option<f64>,
    /// Of chebyshev2: attenuation of the stop-band in dB (default 40).
    attenuation_db: Option<f64>,
    /// Of fir: width of each transition. Default: a quarter of the edge, at least 2 Hz and at most what there is below or above it.
    #[schemars(with = "Option<String>")]
    transition: Option<Frequency>,
    /// Of fir: hamming (default), hann or blackman.
    window: Option<Window>,
    /// What is taken off at each end (default 1 s), rounded to whole samples.
    #[schemars(with = "String")]
    trim: Time,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: values within the filter's reach of a missing one are missing, of signals that are `already_filtered` all.
    missing: Treatment,
    /// `ncpi` trims before the Hilbert transform, which has its errors in the first and last periods of the envelope then.
    compat: Option<Compat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BandTable {
    #[serde(rename = "log_1_to_150")]
    Log1To150,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Compat {
    Ncpi,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            band: None,
            bands: None,
            band_table: None,
            already_filtered: false,
            method: BandMethod::default(),
            order: None,
            ripple_db: None,
            attenuation_db: None,
            transition: None,
            window: None,
            trim: Time::new(1000.0),
            missing: Treatment::default(),
            compat: None,
        }
    }
}

/// What a channel's envelope is of.
struct Part {
    /// Behind the name of the channel.
    suffix: String,
    /// `None`: the signal as it is.
    band: Option<[f64; 2]>,
}

struct EnvelopeStage {
    bound: Bound,
    method: Method,
    parts: Vec<Part>,
    /// Whether bands that the sampling rate does not hold are left out.
    leave_out: bool,
    trim_ms: f64,
    before_transform: bool,
    missing: Treatment,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let mut problems = Vec::new();
    let parts = config.parts(&mut problems);
    let method = config.settings().checked(&mut problems);
    check_time("trim", config.trim, true, &mut problems);
    if config.compat.is_some() && config.trim.value() == 0.0 {
        problems.push(ConfigError::at("compat", "without a `trim` there is no difference; leave it out"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    config.leave_out_defaults();
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(EnvelopeStage {
        bound,
        method,
        parts,
        leave_out: config.band_table.is_some(),
        trim_ms: config.trim.value(),
        before_transform: config.compat.is_some(),
        missing: config.missing,
    }))
}

impl Config {
    fn parts(&self, problems: &mut Vec<ConfigError>) -> Vec<Part> {
        let given = [
            ("band", self.band.is_some()),
            ("bands", self.bands.is_some()),
            ("band_table", self.band_table.is_some()),
            ("already_filtered", self.already_filtered),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        match given[..] {
            [] => {
                let message = "whose envelope: `band`, `bands`, `band_table` or `already_filtered: true` is needed";
                problems.push(ConfigError::at("band", message));
            }
            [first, second, ..] => {
                problems.push(ConfigError::at(second, format!("`{first}` is given as well; one of them is allowed")));
            }
            [_] => {}
        }
        if self.already_filtered {
            self.refuse_settings_of_filters(problems);
            return vec![Part { suffix: String::new(), band: None }];
        }
        let plain = |[low, high]: [Frequency; 2]| [low.value(), high.value()];
        if let Some(band) = self.band {
            check_band("band", band, problems);
            return vec![Part { suffix: String::new(), band: Some(plain(band)) }];
        }
        if let Some(bands) = &self.bands {
            bands.iter().for_each(|band| check_band("bands", *band, problems));
            if bands.is_empty() {
                problems.push(ConfigError::at("bands", "at least one band is needed"));
            }
            if let Some(twice) = (1..bands.len()).find(|&i| bands[..i].contains(&bands[i])) {
                let [low, high] = bands[twice];
                problems.push(ConfigError::at("bands", format!("[{low}, {high}] is there twice")));
            }
            let named = |band: [f64; 2]| Part { suffix: format!("@{}-{}Hz", band[0], band[1]), band: Some(band) };
            return bands.iter().map(|band| named(plain(*band))).collect();
        }
        let named = |band: [f64; 2]| {
            let suffix = format!("@{}-{}Hz", three_digits(band[0]), three_digits(band[1]));
            Part { suffix, band: Some(band) }
        };
        bands_hz().into_iter().map(named).collect()
    }

    fn refuse_settings_of_filters(&self, problems: &mut Vec<ConfigError>) {
        for (field, set) in [
            ("method", self.method != BandMethod::default()),
            ("order", self.order.is_some()),
            ("ripple_db", self.ripple_db.is_some()),
            ("attenuation_db", self.attenuation_db.is_some()),
            ("transition", self.transition.is_some()),
            ("window", self.window.is_some()),
        ] {
            if set {
                problems.push(ConfigError::at(field, "`already_filtered` signals are not filtered; leave it out"));
            }
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            method: self.method,
            order: self.order,
            ripple_db: self.ripple_db,
            attenuation_db: self.attenuation_db,
            transition: self.transition,
            window: self.window,
        }
    }

    /// Two ways of saying one thing have one key.
    fn leave_out_defaults(&mut self) {
        self.order = self.order.filter(|order| *order != ORDER);
        self.ripple_db = self.ripple_db.filter(|ripple| *ripple != RIPPLE_DB);
        self.attenuation_db = self.attenuation_db.filter(|attenuation| *attenuation != ATTENUATION_DB);
        self.window = self.window.filter(|window| *window != Window::default());
    }
}

/// As many digits as tell bands of a table apart.
fn three_digits(value: f64) -> f64 {
    let scale = 10_f64.powi(2 - value.log10().floor() as i32);
    (value * scale).round() / scale
}

impl Stage for EnvelopeStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        // By the bits of the interval: filters are designed once.
        let mut filters: BTreeMap<u64, Vec<Option<Filter>>> = BTreeMap::new();
        each_sample(batch, |sample, _| {
            let signals = signals_of(batch, sample)?;
            for signal in &signals {
                let interval_ms = known_interval_ms(signal)?;
                if let Entry::Vacant(place) = filters.entry(interval_ms.to_bits()) {
                    place.insert(self.filters(signal, rate_hz(interval_ms))?);
                }
            }
            self.envelopes(context, &signals, &filters)
        })
    }
}

impl EnvelopeStage {
    /// The filter of each part; none where there is no band, or where it is left out.
    fn filters(&self, signal: &Signal<'_>, rate_hz: f64) -> Result<Vec<Option<Filter>>, SampleError> {
        let filter = |part: &Part| match part.band {
            Some(band) if !self.is_left_out(part, rate_hz) => {
                let filter = Filter::of_band(self.method, Band::BandPass(band[0], band[1]), rate_hz);
                filter.map(Some).map_err(|error| of_signal(signal, error))
            }
            _ => Ok(None),
        };
        self.parts.iter().map(filter).collect()
    }

    fn is_left_out(&self, part: &Part, rate_hz: f64) -> bool {
        self.leave_out && part.band.is_some_and(|[_, high]| high >= 0.5 * rate_hz)
    }

    fn envelopes(
        &self,
        context: &Context<'_>,
        signals: &[Signal<'_>],
        filters: &BTreeMap<u64, Vec<Option<Filter>>>,
    ) -> Result<SampleOutput, SampleError> {
        let mut notes = self.left_out(signals);
        check_size(signals.iter().map(|signal| signal.values.len() as f64).sum::<f64>() * self.parts.len() as f64)?;
        let mut envelopes: Vec<Signal<'_>> = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            let kept = signals.iter().filter(|signal| !self.is_left_out(part, rate_hz(signal.dt_ms)));
            let mut of_part: Vec<Signal<'_>> = kept.cloned().collect();
            let filter_of = |signal: &Signal<'_>| {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let trim = self.trim(signal)?;
                let filter = filters.get(&signal.dt_ms.to_bits()).and_then(|filters| filters[number].as_ref());
                // Of a signal whose band is not known, each value depends on all others.
                let reach = filter.map_or(signal.values.len(), |filter| filter.reach(Phase::Zero)) as f64;
                // What is trimmed is put back for now, so that values stay in their places.
                let run = move |values: &[f64]| {
                    let mut whole = vec![0.0; values.len()];
                    let envelope = filtered_envelope(values, filter, Phase::Zero, trim)?;
                    whole[trim.samples..trim.samples + envelope.len()].copy_from_slice(&envelope);
                    Ok::<_, lapicque_signal::filter::FilterError>(whole)
                };
                Ok(InPlace { reach, causal: false, run })
            };
            for note in filtered_in_place(&mut of_part, self.missing, context.threads, filter_of)? {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            for mut signal in of_part {
                let trim = self.trim(&signal)?.samples;
                let values = signal.values.to_mut();
                values.truncate(values.len() - trim);
                values.drain(..trim);
                signal.t0_ms += trim as f64 * signal.dt_ms;
                signal.channel = Cow::Owned(format!("{}{}", signal.channel, part.suffix));
                envelopes.push(signal);
            }
        }
        let table = signals::write(&envelopes).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables: vec![table], notes })
    }

    /// What is trimmed leaves something.
    fn trim(&self, signal: &Signal<'_>) -> Result<Trim, SampleError> {
        let samples = (self.trim_ms / signal.dt_ms).round();
        let len = signal.values.len();
        if 2.0 * samples >= len as f64 && samples > 0.0 {
            let message = format!(
                "{len} values, {} s: a trim of {} s at each end leaves nothing",
                len as f64 * signal.dt_ms * 1e-3,
                self.trim_ms * 1e-3
            );
            return Err(of_signal(signal, message));
        }
        Ok(Trim { samples: samples as usize, before_transform: self.before_transform })
    }

    /// Bands of the table that do not lie below the Nyquist frequency.
    fn left_out(&self, signals: &[Signal<'_>]) -> Vec<String> {
        let mut rates: Vec<f64> = signals.iter().map(|signal| rate_hz(signal.dt_ms)).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let of_rate = |rate: f64| {
            let out: Vec<&str> =
                self.parts.iter().filter(|part| self.is_left_out(part, rate)).map(|part| &part.suffix[1..]).collect();
            let message = format!(
                "bands that do not lie below {} Hz, half of the sampling rate, are left out: {}",
                0.5 * rate,
                out.join(", ")
            );
            (!out.is_empty()).then_some(message)
        };
        rates.into_iter().filter_map(of_rate).collect()
    }
}
