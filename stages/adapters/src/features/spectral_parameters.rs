//! `features.spectral_parameters`: aperiodic component and peaks of power spectra, of signals or as they come
//! ([`lapicque_signal::spectral_parameters`]).
//!
//! A signal with missing or infinite values, with fewer than five bins with power in the range (as a constant, or one of
//! a few samples), or whose fit does not come to an end has NaN in all columns, and a note says why. Power that is 0 or
//! missing between other bins, and frequencies that are not evenly spaced, are told likewise.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::spectral_peaks::{self, SpectralPeak};
use lapicque_schemas::tables::{features, signals, spectra};
use lapicque_schemas::{Column, TableSchema};
use lapicque_signal::missing::missing;
use lapicque_signal::spectral_parameters::{Peak, Rule, Settings, SpectralParameters, fit, select};
use rayon::prelude::*;

use super::spectral_parameters_config::{AperiodicMode, Config, PoorFits, SEGMENT, SelectedPeak, Source, checked};
use crate::kind_config::{SimpleKind, bound, schema_of};
use crate::signal::estimation::{Estimation, Estimator, known_rate_hz};
use crate::signal::missing::{Remark, described};
use crate::signal::name_of;

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, false),
    PortSpec::new("spectra", spectra::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.spectral_parameters",
    summary: "Fit aperiodic component and peaks of power spectra",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct ParametersStage {
    bound: Bound,
    config: Config,
    source: Source,
    settings: Settings,
    estimation: Estimation,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let (config, source) = checked(request)?;
    let outputs = vec![Output::new("features", schema(&config)), Output::new("peaks", spectral_peaks::schema())];
    let bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let (settings, estimation) = (config.settings(source), config.spectrum.clone().unwrap_or_default());
    Ok(Box::new(ParametersStage { bound, config, source, settings, estimation }))
}

fn schema(config: &Config) -> TableSchema {
    let number = |name: &str, meaning: &str| Column::new(name, DataType::Float64, meaning);
    let knee =
        number("knee", "knee of the aperiodic component, Hz to the power of the exponent; null without one").nullable();
    let fixed = config.aperiodic_mode == AperiodicMode::Fixed;
    let knee = if fixed { knee.metadata(features::WITHOUT_VALUES, "aperiodic_mode: fixed") } else { knee };
    let mut columns = vec![
        Column::new("channel", DataType::Utf8, "channel of the signal"),
        Column::new("epoch", DataType::Int32, "epoch of the signal"),
        number("offset", "offset of the aperiodic component, log10 of power"),
        knee,
        number("exponent", "exponent of the aperiodic component"),
        number("r_squared", "squared correlation of log10 of power with the model"),
        number("mae", "mean absolute difference from the model, log10 of power"),
        number("peaks", "how many peaks there are"),
        number("peak_frequency_hz", "centre of the selected peak; NaN where there is none").unit("Hz"),
        number("peak_power", "power of the selected peak over the aperiodic component, log10 of power"),
        number("peak_bandwidth_hz", "two standard deviations of the selected peak").unit("Hz"),
    ];
    if config.poor_fits == Some(PoorFits::Flag) {
        columns.push(Column::new("accepted", DataType::Boolean, "whether the fit is there and not poor"));
    }
    let definitions = if fixed { "spectral parameters, fixed" } else { "spectral parameters, knee" };
    TableSchema::new(features::TABLE, &["channel", "epoch"], columns).with_metadata(features::DEFINITIONS, definitions)
}

/// A signal or spectrum and its fit, or why there is none.
struct Fitted {
    channel: String,
    epoch: i32,
    fit: Result<SpectralParameters, String>,
    /// What is to be said of its spectrum.
    told: Option<String>,
}

impl Stage for ParametersStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let table = |port: &str| {
                batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")))
            };
            let mut notes = BTreeSet::new();
            let mut fitted = match self.source {
                Source::Signals => {
                    let signals = signals::read(table("signals")?).map_err(SampleError::input)?;
                    self.of_signals(context, &signals, &mut notes)?
                }
                Source::Spectra => {
                    let spectra = spectra::read(table("spectra")?).map_err(SampleError::input)?;
                    in_shares(context, &spectra, || (), |(), spectrum| Ok(self.of_spectrum(spectrum)))?
                }
            };
            let poor = self.judge(&mut fitted, &mut notes);
            let features = self.features(&fitted, &poor).map_err(SampleError::internal)?;
            let peaks = spectral_peaks::write(&rows_of_peaks(&fitted)).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![features, peaks], notes: notes.into_iter().collect() })
        })
    }
}

impl ParametersStage {
    fn of_signals(
        &self,
        context: &Context<'_>,
        signals: &[signals::Signal<'_>],
        notes: &mut BTreeSet<String>,
    ) -> Result<Vec<Fitted>, SampleError> {
        for signal in signals {
            notes.extend(Estimator::new(&self.estimation, SEGMENT).rounded(known_rate_hz(signal)?));
        }
        let new = || Estimator::new(&self.estimation, SEGMENT);
        in_shares(context, signals, new, |estimator, signal| {
            let (channel, epoch) = (signal.channel.to_string(), signal.epoch);
            if let Some(missing) = missing(&signal.values) {
                return Ok(Fitted { channel, epoch, fit: Err(described(&missing, Some(signal))), told: None });
            }
            let estimated = match estimator.spectrum(&signal.values, known_rate_hz(signal)?) {
                Ok(estimated) => estimated,
                Err(message) => return Ok(Fitted { channel, epoch, fit: Err(message), told: None }),
            };
            let spectrum = estimated.spectrum;
            let fit = fit(&spectrum.frequencies_hz, &spectrum.power, &self.settings);
            Ok(Fitted { channel, epoch, fit: fit.map_err(|error| error.to_string()), told: estimated.told })
        })
    }

    fn of_spectrum(&self, spectrum: &spectra::Spectrum<'_>) -> Fitted {
        let fit = fit(&spectrum.frequencies_hz, &spectrum.power, &self.settings);
        Fitted {
            channel: spectrum.channel.to_string(),
            epoch: spectrum.epoch,
            fit: fit.map_err(|error| error.to_string()),
            told: None,
        }
    }

    /// Which fits are poor; peaks of those that are rejected go.
    fn judge(&self, fitted: &mut [Fitted], notes: &mut BTreeSet<String>) -> Vec<bool> {
        let mut undefined = Remark::new("spectra without parameters");
        let mut told = Remark::new("settings do not fit signals");
        let flag = self.config.poor_fits == Some(PoorFits::Flag);
        let mut poor_ones = Remark::new(if flag { "poor fits are flagged" } else { "poor fits are rejected" });
        let poor = fitted.iter_mut().map(|fitted| {
            let name = name_of(&fitted.channel, fitted.epoch);
            if let Some(text) = &fitted.told {
                told.of_name(&name, text);
            }
            let fit = match &mut fitted.fit {
                Ok(fit) => fit,
                Err(message) => {
                    undefined.of_name(&name, message);
                    return false;
                }
            };
            let low = self.config.min_r_squared.is_some_and(|least| fit.r_squared.is_nan() || fit.r_squared < least);
            let far = self.config.max_mae.is_some_and(|most| fit.mae.is_nan() || fit.mae > most);
            if low || far {
                poor_ones
                    .of_name(&name, &format!("r squared {:.3}, mean absolute error {:.3}", fit.r_squared, fit.mae));
            }
            if (low || far) && !flag {
                fit.peaks.clear();
            }
            low || far
        });
        let poor = poor.collect();
        notes.extend([undefined, told, poor_ones].into_iter().filter_map(Remark::note));
        poor
    }

    fn features(&self, fitted: &[Fitted], poor: &[bool]) -> Result<RecordBatch, ArrowError> {
        let flag = self.config.poor_fits == Some(PoorFits::Flag);
        let rule = match self.config.selected_peak {
            SelectedPeak::HighestPower => Rule::HighestPower,
            SelectedPeak::HighestFrequency => Rule::HighestFrequency,
        };
        let range_hz = self.config.selected_range.map(|[low, high]| (low.value(), high.value()));
        let kept: Vec<Option<&SpectralParameters>> =
            fitted.iter().zip(poor).map(|(f, poor)| f.fit.as_ref().ok().filter(|_| flag || !poor)).collect();
        let selected: Vec<Option<Peak>> =
            kept.iter().map(|fit| fit.and_then(|fit| select(&fit.peaks, rule, range_hz))).collect();
        let of_fit = |of: fn(&SpectralParameters) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(kept.iter().map(|fit| fit.map_or(f64::NAN, of))))
        };
        // How good a fit is tells why it was rejected.
        let quality = |of: fn(&SpectralParameters) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(fitted.iter().map(|f| f.fit.as_ref().map_or(f64::NAN, of))))
        };
        let of_peak = |of: fn(&Peak) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(selected.iter().map(|peak| peak.as_ref().map_or(f64::NAN, of))))
        };
        let knees: Vec<Option<f64>> = match self.config.aperiodic_mode {
            AperiodicMode::Fixed => vec![None; fitted.len()],
            AperiodicMode::Knee => {
                kept.iter().map(|fit| Some(fit.and_then(|fit| fit.knee).unwrap_or(f64::NAN))).collect()
            }
        };
        let channels: Vec<&str> = fitted.iter().map(|fitted| fitted.channel.as_str()).collect();
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(channels)),
            Arc::new(Int32Array::from_iter_values(fitted.iter().map(|fitted| fitted.epoch))),
            of_fit(|fit| fit.offset),
            Arc::new(Float64Array::from(knees)),
            of_fit(|fit| fit.exponent),
            quality(|fit| fit.r_squared),
            quality(|fit| fit.mae),
            of_fit(|fit| fit.peaks.len() as f64),
            of_peak(|peak| peak.center_frequency_hz),
            of_peak(|peak| peak.power),
            of_peak(|peak| peak.bandwidth_hz),
        ];
        if flag {
            let accepted: Vec<bool> = fitted.iter().zip(poor).map(|(f, poor)| f.fit.is_ok() && !poor).collect();
            columns.push(Arc::new(BooleanArray::from(accepted)));
        }
        RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns)
    }
}

/// Peaks of all fits, numbered for each.
fn rows_of_peaks(fitted: &[Fitted]) -> Vec<SpectralPeak> {
    let mut rows = Vec::new();
    for Fitted { channel, epoch, fit, .. } in fitted {
        for (number, peak) in fit.iter().flat_map(|fit| &fit.peaks).enumerate() {
            rows.push(SpectralPeak {
                channel: channel.clone(),
                epoch: *epoch,
                peak: number as i32,
                center_frequency_hz: peak.center_frequency_hz,
                power: peak.power,
                bandwidth_hz: peak.bandwidth_hz,
            });
        }
    }
    rows
}

/// Runs a function on each item, in shares of them on several threads; what a share keeps does not influence results.
fn in_shares<T: Sync, K>(
    context: &Context<'_>,
    items: &[T],
    new: impl Fn() -> K + Sync,
    run: impl Fn(&mut K, &T) -> Result<Fitted, SampleError> + Sync,
) -> Result<Vec<Fitted>, SampleError> {
    let share = |items: &[T]| {
        let mut kept = new();
        let one = |item| if context.is_cancelled() { Err(SampleError::cancelled()) } else { run(&mut kept, item) };
        items.iter().map(one).collect::<Result<Vec<_>, _>>()
    };
    if context.threads < 2 || items.len() < 2 {
        return share(items);
    }
    let shares = items.par_chunks(items.len().div_ceil(context.threads)).map(share);
    Ok(shares.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
