//! catch24: 22 features of the dynamics of a series (catch22), its mean and its standard deviation.
//!
//! The features are dimensionless numbers of y = (x - mean) / sd; times are in samples, angular
//! frequencies in radians per sample. mean and std have the unit of x. Two definitions are in use
//! and **give different numbers**:
//!
//! | definitions | reproduces | literature |
//! |---|---|---|
//! | [`Definitions::V1`] (default) | pycatch22 1.0 (C v1.1), hctsa v3.0.0 | frozen by its maintainers |
//! | [`Definitions::V0`] | pycatch22 0.4.5 | Lubba et al. 2019 and nearly all published results |
//!
//! One file per family of features; each says what it computes and how v0 and v1 differ.
//! Intermediates are computed once: the lag products serve six features, the times of outliers and the coarse-grained series
//! two. A [`Catch22`] keeps buffers and Fourier plans.
//!
//! Reference: Lubba CH, Sethi SS, Knaute P, Schultz SR, Fulcher BD, Jones NS (2019) Data Min Knowl
//! Disc 33:1821-1852, 10.1007/s10618-019-00647-x.

mod autocorrelation;
mod detrending;
mod embedding;
mod feature;
mod fluctuation;
mod forecasting;
#[cfg(target_arch = "x86_64")]
mod four;
mod histogram;
mod increments;
mod lag_products;
mod mutual_information;
mod outliers;
mod periodicity;
mod quantile;
mod spectrum;
mod standardise;
mod stretches;
mod symbols;
mod transition_matrix;
mod undefined;

pub use feature::Feature;

use detrending::Measure;
use lag_products::LagProducts;
use standardise::{Moments, Standardised, moments};

/// Which of the two sets of definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Definitions {
    /// pycatch22 0.4.5, of the original publication, flaws included.
    V0,
    /// pycatch22 1.0.
    #[default]
    V1,
}

/// What stands for a feature that the series does not define, such as the autocorrelation of a
/// constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Undefined {
    /// NaN.
    #[default]
    Nan,
    /// The mask values of v1, noted in [`Catch24::masked`]. A series with NaN or infinite samples
    /// still gives NaN.
    Mask,
}

/// How features are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// Which publication or program they follow.
    pub definitions: Definitions,
    /// What stands for a feature that is not defined.
    pub undefined: Undefined,
    /// Scale the series to mean 0 and population standard deviation 1 first. Of the 24, this
    /// changes mean and std alone, and makes every feature of a constant series undefined.
    pub normalize: bool,
}

/// The features of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Catch24 {
    /// In the order of [`Feature::ALL`], whatever the definitions.
    pub values: [f64; 24],
    /// Which values are masks rather than estimates.
    pub masked: [bool; 24],
}

impl Catch24 {
    /// The value of a feature.
    pub fn get(&self, feature: Feature) -> f64 {
        self.values[feature as usize]
    }

    /// Whether the value is a mask rather than an estimate.
    pub fn is_masked(&self, feature: Feature) -> bool {
        self.masked[feature as usize]
    }
}

/// The features of one series; for many, keep a [`Catch22`].
///
/// Any series is accepted. v1: NaN or infinite samples, or none, make all features NaN; a constant
/// leaves mean and std.
/// v0: such series give 19 NaN, and 0 for acf_timescale, acf_first_min and periodicity. A series
/// whose variance overflows or underflows (samples beyond about 1e154, or all within 1e-162 of each
/// other) counts as one without a z-score.
///
/// ```
/// use lapicque_signal::catch22::{Feature, Options, catch24};
///
/// let wave: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 8.0).sin()).collect();
/// let features = catch24(&wave, Options::default());
/// assert_eq!(features.get(Feature::Periodicity), 50.0);
/// ```
pub fn catch24(series: &[f64], options: Options) -> Catch24 {
    Catch22::new(options).compute(series)
}

/// The 22 features of one series by name, as its publication has them: without mean and standard deviation, definitions v1,
/// NaN where a feature is undefined.
///
/// ```
/// use lapicque_signal::catch22::catch22;
///
/// let wave: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 8.0).sin()).collect();
/// let features = catch22(&wave);
/// assert_eq!(features[0].0, "mode_5");
/// assert!(features.contains(&("periodicity", 50.0)));
/// ```
pub fn catch22(series: &[f64]) -> [(&'static str, f64); 22] {
    let features = catch24(series, Options::default());
    std::array::from_fn(|i| (Feature::ALL[i].short_name(), features.values[i]))
}

/// Computes features of series after series without allocating anew.
#[derive(Debug, Default)]
pub struct Catch22 {
    options: Options,
    normalized: Vec<f64>,
    series: Standardised,
    products: LagProducts,
    increment_products: LagProducts,
    detrended_products: LagProducts,
    transforms: spectrum::Transforms,
    outliers: outliers::OutlierTimes,
    trend: periodicity::Trend,
    decimated: transition_matrix::Decimated,
    steps: embedding::StepLengths,
    letters: Vec<u8>,
    labels: Vec<u8>,
    scratch: Vec<f64>,
    fluctuations: fluctuation::Fluctuations,
}

impl Catch22 {
    /// Computes features so; room and transforms are kept from one series to the next.
    pub fn new(options: Options) -> Catch22 {
        Catch22 { options, ..Catch22::default() }
    }

    /// How it computes features.
    pub fn options(&self) -> Options {
        self.options
    }

    /// The features of `series`, as [`catch24`]. Earlier calls do not influence the result.
    pub fn compute(&mut self, series: &[f64]) -> Catch24 {
        let mut raw = moments(series);
        let mut normalized = std::mem::take(&mut self.normalized);
        let series = if self.options.normalize {
            z_score(series, raw, &mut normalized);
            raw = moments(&normalized);
            &normalized
        } else {
            series
        };
        let mut values = self.raw_values(series, raw);
        let mut masked = [false; 24];
        if self.options.undefined == Undefined::Mask && raw.finite && !series.is_empty() {
            for feature in Feature::ALL {
                let value = &mut values[feature as usize];
                let mask = undefined::mask(feature, series.len());
                if value.is_nan() && !mask.is_nan() {
                    *value = mask;
                    masked[feature as usize] = true;
                }
            }
        }
        self.normalized = normalized;
        Catch24 { values, masked }
    }

    fn raw_values(&mut self, series: &[f64], moments: Moments) -> [f64; 24] {
        let mut values = [f64::NAN; 24];
        let definitions = self.options.definitions;
        if series.is_empty() || (definitions == Definitions::V1 && !moments.finite) {
            return values;
        }
        values[Feature::Mean as usize] = moments.mean;
        values[Feature::Std as usize] = moments.sd;
        // A rounding error of the mean gives some constants a spread, which v0 takes at face value.
        let constant = definitions == Definitions::V1 && moments.constant;
        if constant || !moments.sd.is_normal() {
            if definitions == Definitions::V0 {
                for feature in [Feature::AcfTimescale, Feature::AcfFirstMin, Feature::Periodicity] {
                    values[feature as usize] = 0.0;
                }
            }
            return values;
        }
        self.series.load(series, moments);
        self.estimate(&mut values);
        values
    }

    /// Fills in the 22 features of the z-scored series, which has at least two samples and is not
    /// constant.
    fn estimate(&mut self, values: &mut [f64; 24]) {
        let definitions = self.options.definitions;
        let Catch22 { series, products, increment_products, transforms, scratch, fluctuations, .. } = self;
        let mut set = |feature: Feature, value: f64| values[feature as usize] = value;
        products.load(&series.values, series.mean);
        let increments = &series.increments;
        let mean_increment = standardise::sum_of(increments, |d| d) / increments.len() as f64;
        increment_products.load(increments, mean_increment);

        set(Feature::Mode5, histogram::mode::<5>(series, definitions));
        set(Feature::Mode10, histogram::mode::<10>(series, definitions));
        self.outliers.load(&series.values);
        set(Feature::OutlierTimingPos, self.outliers.timing(series.values.len(), 1.0, [series.min, series.max]));
        set(Feature::OutlierTimingNeg, self.outliers.timing(series.values.len(), -1.0, [-series.max, -series.min]));
        set(Feature::AcfTimescale, autocorrelation::timescale(products, definitions, transforms));
        set(Feature::AcfFirstMin, autocorrelation::first_minimum(products, transforms));
        let (low, median) = spectrum::low_power_and_median(series, definitions, transforms, scratch);
        set(Feature::LowFreqPower, low);
        set(Feature::MedianFreq, median);
        set(Feature::ForecastError, forecasting::forecast_error(&series.values, definitions, scratch));
        let whiten = forecasting::whiten_timescale(increment_products, products, definitions, transforms);
        set(Feature::WhitenTimescale, whiten);
        set(Feature::HighFluctuation, increments::high_fluctuation(increments));
        set(Feature::StretchHigh, stretches::longest_above(&series.values, series.mean, definitions));
        set(Feature::StretchDecreasing, stretches::longest_decrease(increments, definitions));
        let mut statistic = |rank: usize| self.outliers.order_statistic(&series.values, rank, scratch);
        let thirds = symbols::THIRDS.map(|level| quantile::hazen(level, series.values.len(), &mut statistic));
        symbols::letters_between(&series.values, thirds, &mut self.letters);
        let pairs = symbols::successive_pairs(&self.letters);
        set(Feature::EntropyPairs, symbols::pair_entropy(&pairs, definitions));
        set(Feature::Ami2, mutual_information::histogram_information(series, definitions, &mut self.labels));
        set(Feature::Trev, increments::time_reversal_asymmetry(increments));
        let ami = mutual_information::gaussian_timescale(series, products, definitions, transforms);
        set(Feature::AmiTimescale, ami);
        let variance =
            self.decimated.transition_variance(&series.values, &pairs, products, definitions, transforms, scratch);
        set(Feature::TransitionVariance, variance);
        let detrended = &mut self.detrended_products;
        let period = periodicity::periodicity(&series.values, definitions, &mut self.trend, detrended, transforms);
        set(Feature::Periodicity, period);
        let distance = self.steps.embedding_distance(increments, products, definitions, transforms, scratch);
        set(Feature::EmbeddingDist, distance);
        set(Feature::RsRange, fluctuations.breakpoint(&series.values, Measure::Range, definitions, scratch));
        set(Feature::Dfa, fluctuations.breakpoint(&series.values, Measure::Squares, definitions, scratch));
    }
}

/// Mean 0, population standard deviation 1; NaN throughout if all samples are equal.
fn z_score(series: &[f64], moments: Moments, scaled: &mut Vec<f64>) {
    let n = series.len() as f64;
    let population = (series.iter().map(|x| (x - moments.mean) * (x - moments.mean)).sum::<f64>() / n).sqrt();
    let sd = if moments.constant { f64::NAN } else { population };
    scaled.clear();
    scaled.extend(series.iter().map(|x| (x - moments.mean) / sd));
}
