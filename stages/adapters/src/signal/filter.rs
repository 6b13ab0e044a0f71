//! `signal.filter`: signals without the frequencies that are not wanted ([`lapicque_signal::filter`]).
//!
//! | what | methods |
//! |---|---|
//! | `band_pass`, `low_pass`, `high_pass`, `band_stop` | `fir` (rules of MNE), `butterworth`, `chebyshev1`, `chebyshev2` |
//! | `notch`, with `harmonics` | `fir` (as MNE's notch filter), `resonator` (scipy's iirnotch), `sinusoids` (fitted in sliding windows) |

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::filter::design::{Filter, Method, Notch};
use lapicque_signal::filter::{Band, FilterError, Phase, Start};
use lapicque_signal::rate::rate_hz;
use lapicque_units::{Frequency, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filter_method::{
    ATTENUATION_DB, BandMethod, ORDER, RIPPLE_DB, Settings, Window, check_band, check_frequency, check_time,
};
use super::filtering::{InPlace, filtered_in_place};
use super::missing::Treatment;
use super::{PORTS, known_interval_ms, of_signal, signals_of};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;
/// In Hz: of `fir` at either side of a notch.
const NOTCH_TRANSITION_HZ: f64 = 0.5;
/// Widths as parts of the frequency: stop-bands of `fir`, resonators, and where sinusoids are looked for.
const FIR_WIDTH: f64 = 1.0 / 200.0;
const RESONATOR_WIDTH: f64 = 1.0 / 35.0;
const SINUSOID_WIDTH: f64 = 1.0 / 100.0;
/// In ms.
const SPAN: f64 = 4000.0;
/// Multiples of a notch that are looked for at most.
const MOST_HARMONICS: u32 = 1000;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "signal.filter",
    summary: "Apply a filter to signals: band-pass, low-pass, high-pass, band-stop or notch",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Keep the frequencies between two edges, e.g. `[8 Hz, 13 Hz]`. One of the five, of `band_pass` to `notch`, is needed.
    #[schemars(with = "Option<[String; 2]>")]
    band_pass: Option<[Frequency; 2]>,
    /// Keep the frequencies below an edge, e.g. `40 Hz`.
    #[schemars(with = "Option<String>")]
    low_pass: Option<Frequency>,
    /// Keep the frequencies above an edge, e.g. `1 Hz`.
    #[schemars(with = "Option<String>")]
    high_pass: Option<Frequency>,
    /// Take out the frequencies between two edges, e.g. `[45 Hz, 55 Hz]`.
    #[schemars(with = "Option<[String; 2]>")]
    band_stop: Option<[Frequency; 2]>,
    /// Take out the frequency of the mains, e.g. `50 Hz`, and `harmonics` of it.
    #[schemars(with = "Option<String>")]
    notch: Option<Frequency>,
    /// How many multiples of the notch are taken out besides: 2 takes out 100 and 150 Hz as well as 50 Hz (default 0).
    harmonics: Option<u32>,
    /// Of the notch, twice as wide at twice the frequency. Default: of `fir` a 200th of the frequency (stop-band), of `resonator`
    /// a 35th (where half of the power passes, one way), of `sinusoids` a 100th (the range in which the frequency is looked for).
    #[schemars(with = "Option<String>")]
    width: Option<Frequency>,
    /// Of bands: fir (default; linear phase, rules of MNE), butterworth, chebyshev1, chebyshev2 (second-order sections). Of a notch:
    /// fir (default), resonator (a recursive notch), sinusoids (fitted in sliding windows and taken away, nothing else is touched).
    /// Without phase shift recursive filters go both ways, which doubles decibels: at its edges butterworth has -6 dB, as fir in the middle
    /// of its transitions.
    method: FilterMethod,
    /// Of recursive filters of bands: order of the prototype (default 4). Band-pass and band-stop filters have twice as many poles.
    order: Option<u32>,
    /// Of chebyshev1: ripple of the pass-band in dB (default 0.5). Filters without phase shift go both ways, which doubles it.
    ripple_db: Option<f64>,
    /// Of chebyshev2: attenuation of the stop-band in dB (default 40), whose edges are the ones that are given.
    attenuation_db: Option<f64>,
    /// Of fir: width of each transition between what passes and what does not. The shortest one decides on the length of the filter,
    /// 3.3 / transition with the Hamming window. Default: a quarter of the edge, at least 2 Hz and at most what there is below or above
    /// it; of a notch 0.5 Hz.
    #[schemars(with = "Option<String>")]
    transition: Option<Frequency>,
    /// Of fir: hamming (default), hann or blackman.
    window: Option<Window>,
    /// Zero (default): nothing is shifted, values depend on later ones as well. Causal: values depend on earlier ones alone and are
    /// late, of fir by half of its length.
    phase: PhaseName,
    /// Of causal filters, what comes before the first value: steady (default; the first value, for ever) or rest (zeros, as
    /// scipy.signal.sosfilt and lfilter have it).
    start: Option<StartName>,
    /// Of sinusoids: length of the windows in which they are fitted (default 4 s).
    #[schemars(with = "Option<String>")]
    span: Option<Time>,
    /// What becomes of missing (and infinite) values: refuse (default), interpolate (linearly, at the ends the nearest value)
    /// or propagate: values within the filter's reach of a missing one are missing. Of fir that is half of its length to either side
    /// (causal: all of it), of recursive filters until 1 % of the response are left, of sinusoids a window.
    missing: Treatment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FilterMethod {
    #[default]
    Fir,
    Butterworth,
    Chebyshev1,
    Chebyshev2,
    Resonator,
    Sinusoids,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PhaseName {
    #[default]
    Zero,
    Causal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StartName {
    #[default]
    Steady,
    Rest,
}

/// What is taken out, before there is a sampling rate.
enum Wanted {
    Band(Method, Band),
    Notch { notch: Notch, frequency_hz: f64, harmonics: u32 },
}

impl Wanted {
    fn filter(&self, rate_hz: f64) -> Result<Filter, FilterError> {
        match self {
            Wanted::Band(method, band) => Filter::of_band(*method, *band, rate_hz),
            Wanted::Notch { notch, frequency_hz, harmonics } => {
                Filter::of_notch(notch, *frequency_hz, *harmonics, rate_hz)
            }
        }
    }
}

struct FilterStage {
    bound: Bound,
    wanted: Wanted,
    phase: Phase,
    missing: Treatment,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let mut problems = Vec::new();
    let wanted = config.wanted(&mut problems);
    let phase = config.phase(&mut problems);
    let Some(wanted) = wanted.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    config.leave_out_defaults();
    let outputs = vec![Output::new("signals", signals::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    Ok(Box::new(FilterStage { bound, wanted, phase, missing: config.missing }))
}

impl Config {
    fn wanted(&self, problems: &mut Vec<ConfigError>) -> Option<Wanted> {
        let bands = [
            ("band_pass", self.band_pass.map(|[low, high]| Band::BandPass(low.value(), high.value()))),
            ("low_pass", self.low_pass.map(|edge| Band::LowPass(edge.value()))),
            ("high_pass", self.high_pass.map(|edge| Band::HighPass(edge.value()))),
            ("band_stop", self.band_stop.map(|[low, high]| Band::BandStop(low.value(), high.value()))),
        ];
        let notch = self.notch.map(|_| "notch");
        let given: Vec<&str> =
            bands.iter().filter(|(_, band)| band.is_some()).map(|(name, _)| *name).chain(notch).collect();
        if let [_, second, ..] = given[..] {
            let hint = match (self.high_pass, self.low_pass) {
                (Some(high), Some(low)) => format!("; `band_pass: [{high}, {low}]` is both"),
                _ => String::new(),
            };
            let message = format!("`{}` is given as well; one filter is one stage{hint}", given[0]);
            problems.push(ConfigError::at(second, message));
            return None;
        }
        if given.is_empty() {
            let message =
                "what is to be filtered: `band_pass`, `low_pass`, `high_pass`, `band_stop` or `notch` is needed";
            problems.push(ConfigError::at("band_pass", message));
            return None;
        }
        for (field, band) in [("band_pass", self.band_pass), ("band_stop", self.band_stop)] {
            band.into_iter().for_each(|band| check_band(field, band, problems));
        }
        for (field, edge) in [("low_pass", self.low_pass), ("high_pass", self.high_pass), ("notch", self.notch)] {
            edge.into_iter().for_each(|edge| check_frequency(field, edge, problems));
        }
        match self.notch {
            Some(frequency) => self.notch(frequency, problems),
            None => self.band(bands.into_iter().find_map(|(_, band)| band)?, problems),
        }
    }

    fn band(&self, band: Band, problems: &mut Vec<ConfigError>) -> Option<Wanted> {
        for (field, set) in
            [("harmonics", self.harmonics.is_some()), ("width", self.width.is_some()), ("span", self.span.is_some())]
        {
            if set {
                problems.push(ConfigError::at(field, "it is one of `notch`; leave it out"));
            }
        }
        let method = match self.method {
            FilterMethod::Fir => BandMethod::Fir,
            FilterMethod::Butterworth => BandMethod::Butterworth,
            FilterMethod::Chebyshev1 => BandMethod::Chebyshev1,
            FilterMethod::Chebyshev2 => BandMethod::Chebyshev2,
            FilterMethod::Resonator | FilterMethod::Sinusoids => {
                let message =
                    "it takes out a `notch`; of bands methods are fir, butterworth, chebyshev1 and chebyshev2";
                problems.push(ConfigError::at("method", message));
                return None;
            }
        };
        Some(Wanted::Band(self.settings(method).checked(problems), band))
    }

    fn settings(&self, method: BandMethod) -> Settings {
        Settings {
            method,
            order: self.order,
            ripple_db: self.ripple_db,
            attenuation_db: self.attenuation_db,
            transition: self.transition,
            window: self.window,
        }
    }

    fn notch(&self, frequency: Frequency, problems: &mut Vec<ConfigError>) -> Option<Wanted> {
        let mut useless = |set: bool, field: &str, of: &str| {
            if set {
                problems.push(ConfigError::at(field, format!("of a notch only {of} has it; leave it out")));
            }
        };
        let of_bands = "a band with a recursive `method`";
        useless(self.order.is_some(), "order", of_bands);
        useless(self.ripple_db.is_some(), "ripple_db", of_bands);
        useless(self.attenuation_db.is_some(), "attenuation_db", of_bands);
        useless(self.transition.is_some() && self.method != FilterMethod::Fir, "transition", "`method: fir`");
        useless(self.window.is_some() && self.method != FilterMethod::Fir, "window", "`method: fir`");
        useless(self.span.is_some() && self.method != FilterMethod::Sinusoids, "span", "`method: sinusoids`");
        self.width.into_iter().for_each(|width| check_frequency("width", width, problems));
        self.transition.into_iter().for_each(|transition| check_frequency("transition", transition, problems));
        self.span.into_iter().for_each(|span| check_time("span", span, false, problems));
        let frequency_hz = frequency.value();
        if let Some(width) = self.width.filter(|width| width.value() >= frequency_hz) {
            problems.push(ConfigError::at("width", format!("{width}: it must be less than the notch at {frequency}")));
        }
        let harmonics = self.harmonics.unwrap_or(0);
        if harmonics > MOST_HARMONICS {
            problems.push(ConfigError::at("harmonics", format!("{harmonics}; at most {MOST_HARMONICS} are allowed")));
        }
        let relative = |default: f64| self.width.map_or(default, |width| width.value() / frequency_hz);
        let notch = match self.method {
            FilterMethod::Fir => Notch::Fir {
                window: self.window.unwrap_or_default().science(),
                transition_hz: self.transition.map_or(NOTCH_TRANSITION_HZ, |transition| transition.value()),
                relative_width: relative(FIR_WIDTH),
            },
            FilterMethod::Resonator => Notch::Resonator { relative_width: relative(RESONATOR_WIDTH) },
            FilterMethod::Sinusoids => Notch::Sinusoids {
                relative_width: relative(SINUSOID_WIDTH),
                span_s: self.span.map_or(SPAN, |span| span.value()) * 1e-3,
            },
            FilterMethod::Butterworth | FilterMethod::Chebyshev1 | FilterMethod::Chebyshev2 => {
                let message = "of a notch methods are fir, resonator and sinusoids; `band_stop` takes this one";
                problems.push(ConfigError::at("method", message));
                return None;
            }
        };
        Some(Wanted::Notch { notch, frequency_hz, harmonics })
    }

    fn phase(&self, problems: &mut Vec<ConfigError>) -> Phase {
        if self.phase == PhaseName::Zero {
            if self.start.is_some() {
                problems.push(ConfigError::at("start", "it is one of `phase: causal`; leave it out"));
            }
            return Phase::Zero;
        }
        if self.method == FilterMethod::Sinusoids {
            let message = "sinusoids are fitted to what comes before and after; `phase: zero` alone is allowed";
            problems.push(ConfigError::at("phase", message));
        }
        Phase::Causal(match self.start.unwrap_or_default() {
            StartName::Steady => Start::Steady,
            StartName::Rest => Start::Rest,
        })
    }

    /// Two ways of saying one thing have one key.
    fn leave_out_defaults(&mut self) {
        let hz = |value: Option<Frequency>, default: f64| value.filter(|value| value.value() != default);
        self.harmonics = self.harmonics.filter(|harmonics| *harmonics != 0);
        self.order = self.order.filter(|order| *order != ORDER);
        self.ripple_db = self.ripple_db.filter(|ripple| *ripple != RIPPLE_DB);
        self.attenuation_db = self.attenuation_db.filter(|attenuation| *attenuation != ATTENUATION_DB);
        self.window = self.window.filter(|window| *window != Window::default());
        self.start = self.start.filter(|start| *start != StartName::default());
        self.span = self.span.filter(|span| span.value() != SPAN);
        if self.notch.is_some() {
            self.transition = hz(self.transition, NOTCH_TRANSITION_HZ);
        }
    }
}

impl Stage for FilterStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        // By the bits of the interval: a filter is designed once.
        let mut filters: BTreeMap<u64, Filter> = BTreeMap::new();
        each_sample(batch, |sample, _| {
            let mut signals = signals_of(batch, sample)?;
            for signal in &signals {
                let interval_ms = known_interval_ms(signal)?;
                if let Entry::Vacant(place) = filters.entry(interval_ms.to_bits()) {
                    let filter = self.wanted.filter(rate_hz(interval_ms));
                    place.insert(filter.map_err(|error| of_signal(signal, error))?);
                }
            }
            let filter_of = |signal: &Signal<'_>| {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let filter = filters.get(&signal.dt_ms.to_bits());
                let filter = filter.ok_or_else(|| SampleError::internal("no filter of this sampling rate"))?;
                let run = move |values: &[f64]| filter.run(values, self.phase);
                let causal = self.phase != Phase::Zero;
                Ok(InPlace { reach: filter.reach(self.phase) as f64, causal, run })
            };
            let notes = filtered_in_place(&mut signals, self.missing, context.threads, filter_of)?;
            let table = signals::write(&signals).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}
