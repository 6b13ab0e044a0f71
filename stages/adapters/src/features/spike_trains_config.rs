//! Configuration of `features.spike_trains`.

use lapicque_pipeline::ConfigError;
use lapicque_pointprocess::trains::correlogram::Lags;
use lapicque_pointprocess::trains::peri_event::Window;
use lapicque_units::{Frequency, Time, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// Columns of `features` (default: all but population_coupling; at the level of neurons without count_correlation).
    pub(super) measures: Option<Vec<Measure>>,
    /// What rows are of: `population` (default; measures of neurons are means over those that have them, histograms and correlograms are of the spikes of all) or `neuron`,
    /// channels of the form E.12.
    pub(super) level: Level,
    /// Spikes that a neuron has at least to count for intervals, bursts and Fano factors, and to be in `pairs` (default 5).
    pub(super) fewest_spikes: u32,
    /// Windows of Fano factors of the counts of a neuron, each a column (default 100 ms).
    #[schemars(with = "Vec<String>")]
    pub(super) fano_windows: Vec<Time>,
    /// Bin of count_correlation, also in `pairs` (default 5 ms); part of the column's name.
    #[schemars(with = "String")]
    pub(super) correlation_bin: Time,
    /// Refractory period that isi_lvr corrects for (default 5 ms).
    #[schemars(with = "String")]
    pub(super) refractory: Time,
    /// Standard deviation of the Gaussian that smooths trains for population_coupling (default 12 ms).
    #[schemars(with = "String")]
    pub(super) coupling_sigma: Time,
    /// Output `psth`: rates around events, of the input `events` or of a stimulus that is periodic.
    pub(super) psth: Option<Psth>,
    /// Output `isi_histogram`: probability density of intervals.
    pub(super) isi_histogram: Option<IsiHistogram>,
    /// Output `autocorrelograms`: rate of a neuron around its own spikes.
    pub(super) autocorrelograms: Option<Autocorrelograms>,
    /// Output `correlograms`: rate of a neuron around the spikes of others, for each pair of rows.
    pub(super) correlograms: Option<Correlograms>,
    /// Output `spectra`: power spectra of the trains.
    pub(super) spectra: Option<Spectra>,
    /// Output `pairs`: distances and correlations of pairs of neurons; at the level of populations their means.
    pub(super) pairs: Option<Pairs>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            measures: None,
            level: Level::default(),
            fewest_spikes: 5,
            fano_windows: vec![Time::new(100.0)],
            correlation_bin: Time::new(5.0),
            refractory: Time::new(5.0),
            coupling_sigma: Time::new(12.0),
            psth: None,
            isi_histogram: None,
            autocorrelograms: None,
            correlograms: None,
            spectra: None,
            pairs: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    #[default]
    Population,
    Neuron,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Measure {
    /// rate_hz
    Rate,
    /// isi_mean_ms
    IsiMean,
    IsiCv,
    IsiCv2,
    IsiLv,
    IsiLvr,
    BurstIndex,
    /// One column for each of `fano_windows`.
    Fano,
    CountCorrelation,
    /// population_coupling_hz
    PopulationCoupling,
}

impl Measure {
    pub(super) const ALL: [Self; 10] = [
        Self::Rate,
        Self::IsiMean,
        Self::IsiCv,
        Self::IsiCv2,
        Self::IsiLv,
        Self::IsiLvr,
        Self::BurstIndex,
        Self::Fano,
        Self::CountCorrelation,
        Self::PopulationCoupling,
    ];
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Psth {
    /// From before the event (default 50 ms); a whole number of bins.
    #[schemars(with = "String")]
    pub(super) before: Time,
    /// To after the event (default 100 ms); a whole number of bins.
    #[schemars(with = "String")]
    pub(super) after: Time,
    /// Width of a bin (default 1 ms).
    #[schemars(with = "String")]
    pub(super) bin: Time,
    /// Events of this kind alone, e.g. `stimulus`.
    pub(super) kind: Option<String>,
    /// Events of this value alone, e.g. the name of a stimulus.
    pub(super) value: Option<String>,
    /// Instead of the input `events`: a stimulus comes every so often.
    #[schemars(with = "Option<String>")]
    pub(super) period: Option<Time>,
    /// With `period`: when the first stimulus comes (default: at the start of the recording).
    #[schemars(with = "Option<String>")]
    pub(super) first: Option<Time>,
}

impl Default for Psth {
    fn default() -> Self {
        let (before, after, bin) = (Time::new(50.0), Time::new(100.0), Time::new(1.0));
        Self { before, after, bin, kind: None, value: None, period: None, first: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct IsiHistogram {
    /// Width of a bin (default 1 ms).
    #[schemars(with = "String")]
    pub(super) bin: Time,
    /// The end of the last bin (default 200 ms); longer intervals are in none, but part of all.
    #[schemars(with = "String")]
    pub(super) longest: Time,
}

impl Default for IsiHistogram {
    fn default() -> Self {
        Self { bin: Time::new(1.0), longest: Time::new(200.0) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Autocorrelograms {
    /// Width of a bin (default 1 ms).
    #[schemars(with = "String")]
    pub(super) bin: Time,
    /// The largest lag (default 50 ms); a whole number of bins.
    #[schemars(with = "String")]
    pub(super) longest: Time,
}

impl Default for Autocorrelograms {
    fn default() -> Self {
        Self { bin: Time::new(1.0), longest: Time::new(50.0) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Correlograms {
    /// Width of a bin (default 1 ms).
    #[schemars(with = "String")]
    pub(super) bin: Time,
    /// The largest lag (default 50 ms); a whole number of bins.
    #[schemars(with = "String")]
    pub(super) longest: Time,
    /// Pairs of rows at most (default 1000); more are refused.
    pub(super) most: u32,
}

impl Default for Correlograms {
    fn default() -> Self {
        Self { bin: Time::new(1.0), longest: Time::new(50.0), most: 1000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Spectra {
    /// Bin in which spikes are counted (default 1 ms): spectra reach to half its inverse.
    #[schemars(with = "String")]
    pub(super) bin: Time,
    /// Segments of Welch's method (default 1 s), half of which overlaps; a whole number of bins.
    #[schemars(with = "String")]
    pub(super) segment: Time,
}

impl Default for Spectra {
    fn default() -> Self {
        Self { bin: Time::new(1.0), segment: Time::new(1000.0) }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Pairs {
    /// Columns (default: isi_distance, spike_distance, spike_synchronization, van_rossum).
    pub(super) measures: Vec<PairMeasure>,
    /// Pairs of neurons at most (default 100000); more are refused.
    pub(super) most: u32,
    /// Time constant of van_rossum (default 10 ms).
    #[schemars(with = "String")]
    pub(super) van_rossum_tau: Time,
    /// Cost of moving a spike in victor_purpura, per time (default 100 Hz: a spike that is moved by 10 ms costs 1).
    #[schemars(with = "String")]
    pub(super) victor_purpura_cost: Frequency,
    /// Window of spike_time_tiling, to either side (default 5 ms).
    #[schemars(with = "String")]
    pub(super) tiling_window: Time,
    /// How far spikes may be apart at most for spike_synchronization (default: the trains alone say).
    #[schemars(with = "Option<String>")]
    pub(super) coincidence_window: Option<Time>,
}

impl Default for Pairs {
    fn default() -> Self {
        use PairMeasure::{IsiDistance, SpikeDistance, SpikeSynchronization, VanRossum};
        Self {
            measures: vec![IsiDistance, SpikeDistance, SpikeSynchronization, VanRossum],
            most: 100_000,
            van_rossum_tau: Time::new(10.0),
            victor_purpura_cost: Frequency::new(100.0),
            tiling_window: Time::new(5.0),
            coincidence_window: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PairMeasure {
    IsiDistance,
    SpikeDistance,
    SpikeSynchronization,
    VanRossum,
    VictorPurpura,
    SpikeTimeTiling,
    CountCorrelation,
}

impl Psth {
    pub(super) fn window(&self) -> Window {
        Window { before_ms: self.before.value(), after_ms: self.after.value(), bin_ms: self.bin.value() }
    }
}

/// Lags of a correlogram whose times were checked.
pub(super) fn lags(bin: Time, longest: Time) -> Lags {
    Lags { bin_ms: bin.value(), most: (longest.value() / bin.value()).round() as usize }
}

impl Config {
    /// The measures, in the order of their columns.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let default = |measure: &Measure| match measure {
            Measure::PopulationCoupling => false,
            Measure::CountCorrelation => self.level == Level::Population,
            _ => true,
        };
        match &self.measures {
            Some(measures) => measures.clone(),
            None => Measure::ALL.into_iter().filter(default).collect(),
        }
    }

    /// What is wrong, apart from inputs.
    pub(super) fn problems(&self) -> Vec<ConfigError> {
        let mut found = Found(Vec::new());
        let measures = self.measures();
        found.names("measures", &measures);
        if self.level == Level::Neuron && measures.contains(&Measure::CountCorrelation) {
            found.add("measures", "count_correlation is of a population; a neuron has it with another, in `pairs`");
        }
        if self.fano_windows.is_empty() {
            found.add("fano_windows", "it is empty; give a window, or leave `fano` out of `measures`");
        }
        for (place, window) in self.fano_windows.iter().enumerate() {
            found.time(&format!("fano_windows[{place}]"), *window);
            if self.fano_windows[..place].contains(window) {
                found.add(&format!("fano_windows[{place}]"), format!("{window} is there already"));
            }
        }
        found.time("correlation_bin", self.correlation_bin);
        found.time("coupling_sigma", self.coupling_sigma);
        if !(self.refractory.value() >= 0.0 && self.refractory.value().is_finite()) {
            found.add("refractory", format!("{}: it must be finite and at least 0 ms", self.refractory));
        }
        let default = Self::default();
        let correlates =
            self.pairs.as_ref().is_some_and(|pairs| pairs.measures.contains(&PairMeasure::CountCorrelation));
        for (field, is_set, measure, is_read) in [
            ("fano_windows", self.fano_windows != default.fano_windows, Measure::Fano, false),
            ("correlation_bin", self.correlation_bin != default.correlation_bin, Measure::CountCorrelation, correlates),
            ("refractory", self.refractory != default.refractory, Measure::IsiLvr, false),
            ("coupling_sigma", self.coupling_sigma != default.coupling_sigma, Measure::PopulationCoupling, false),
        ] {
            if is_set && !is_read && !measures.contains(&measure) {
                found.add(field, "no measure that is asked for depends on it; leave it out or add that to `measures`");
            }
        }
        self.outputs(&mut found);
        found.0
    }

    fn outputs(&self, found: &mut Found) {
        if let Some(psth) = &self.psth {
            if let Err(error) = psth.window().bins() {
                found.add("psth", error);
            }
            if let Some(period) = psth.period {
                found.time("psth.period", period);
            }
            match psth.first {
                Some(_) if psth.period.is_none() => {
                    found.add("psth.first", "it is when a periodic stimulus begins; set `period` or leave it out");
                }
                Some(first) if !first.value().is_finite() => {
                    found.add("psth.first", format!("{first}: it must be finite"));
                }
                _ => {}
            }
        }
        if let Some(IsiHistogram { bin, longest }) = self.isi_histogram {
            found.whole("isi_histogram", ("bin", bin), ("longest", longest));
        }
        if let Some(Autocorrelograms { bin, longest }) = self.autocorrelograms {
            found.whole("autocorrelograms", ("bin", bin), ("longest", longest));
        }
        if let Some(Correlograms { bin, longest, .. }) = self.correlograms {
            found.whole("correlograms", ("bin", bin), ("longest", longest));
        }
        if let Some(Spectra { bin, segment }) = self.spectra {
            found.whole("spectra", ("bin", bin), ("segment", segment));
        }
        if let Some(pairs) = &self.pairs {
            found.names("pairs.measures", &pairs.measures);
            found.time("pairs.van_rossum_tau", pairs.van_rossum_tau);
            found.time("pairs.tiling_window", pairs.tiling_window);
            if let Some(window) = pairs.coincidence_window {
                found.time("pairs.coincidence_window", window);
            }
            let cost = pairs.victor_purpura_cost;
            if !(cost.value() >= 0.0 && cost.value().is_finite()) {
                found.add("pairs.victor_purpura_cost", format!("{cost}: it must be finite and at least 0 Hz"));
            }
        }
    }

    /// Name of the column of a Fano factor.
    pub(super) fn fano_column(window: Time) -> String {
        format!("fano_{}ms", write_number(window.value()))
    }

    /// Name of the column of count correlations.
    pub(super) fn correlation_column(&self) -> String {
        format!("count_correlation_{}ms", write_number(self.correlation_bin.value()))
    }
}

struct Found(Vec<ConfigError>);

impl Found {
    fn add(&mut self, field: &str, message: impl ToString) {
        self.0.push(ConfigError::at(field, message));
    }

    fn time(&mut self, field: &str, time: Time) -> bool {
        let is = time.value() > 0.0 && time.value().is_finite();
        if !is {
            self.add(field, format!("{time}: it must be finite and above 0 ms"));
        }
        is
    }

    /// One time in bins of another.
    fn whole(&mut self, of: &str, (bin_field, bin): (&str, Time), (field, time): (&str, Time)) {
        const MOST: f64 = (1 << 20) as f64;
        let are = self.time(&format!("{of}.{bin_field}"), bin) & self.time(&format!("{of}.{field}"), time);
        let bins = time.value() / bin.value();
        if are && (bins - bins.round()).abs() > 1e-8 * bins.max(1.0) {
            self.add(&format!("{of}.{field}"), format!("{time} is not a whole number of bins of {bin}"));
        } else if are && bins > MOST {
            self.add(
                &format!("{of}.{field}"),
                format!("{time} is {bins:.3e} bins of {bin}; at most {MOST} are allowed"),
            );
        }
    }

    /// At least one, each once.
    fn names<T: PartialEq + Serialize>(&mut self, field: &str, names: &[T]) {
        if names.is_empty() {
            self.add(field, "it is empty; name a measure");
        }
        for (place, name) in names.iter().enumerate().filter(|(place, name)| names[..*place].contains(name)) {
            let name = serde_json::to_value(name).ok().and_then(|name| name.as_str().map(str::to_owned));
            self.add(&format!("{field}[{place}]"), format!("`{}` is there already", name.unwrap_or_default()));
        }
    }
}
