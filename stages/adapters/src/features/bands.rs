//! `features.bands`: power in frequency bands and frequencies that sum spectra up, of signals by Welch's method or of spectra
//! that come in ([`lapicque_signal::bands`]).

use std::borrow::Cow;
use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::spectra::{self, Spectrum};
use lapicque_signal::bands::{
    Band, band_entropy, band_power, centre_of_gravity_hz, density, inner_peak_frequency_hz, peak_frequency_hz,
    quantile_frequency_hz,
};
use lapicque_signal::missing::missing;
use lapicque_signal::welch::PowerSpectrum;

use super::bands_config::{Config, Measured};
use super::by_signal::{Row, each, schema, table, undefined};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};
use crate::signal::missing::{Remark, described};
use crate::signal::{known_interval_ms, name_of, of_signal};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, false),
    PortSpec::new("spectra", spectra::TABLE, PortMode::Either, false),
];
const DEFINITIONS: &str = "bands 1";
const SIGNAL_COLUMNS: [&str; 6] = ["channel", "epoch", "t0", "dt", "unit", "values"];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.bands",
    summary: "Measure power in frequency bands, peak, edge and median frequency and individual alpha",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct BandsStage {
    bound: Bound,
    config: Config,
    measured: Measured,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let (port, columns) = match (request.input("signals"), request.input("spectra")) {
        (Some(_), None) => ("signals", SIGNAL_COLUMNS.as_slice()),
        (None, Some(_)) => ("spectra", ["channel", "epoch", "unit", "frequencies_hz", "power"].as_slice()),
        (Some(_), Some(_)) => return problem("inputs", "either `signals` or `spectra` comes in, not both"),
        (None, None) => {
            return problem("inputs", "one of `signals` and `spectra` is due, e.g. `inputs: {signals: STAGE}`");
        }
    };
    let measured = config.measured(port == "spectra")?;
    let config = config.canonical(&measured);
    let output = Output::new("features", schema(DEFINITIONS, &measured.features()));
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![output])?;
    bound.reads = vec![Read::columns(port, columns.iter().map(|column| (*column).to_owned()))];
    Ok(Box::new(BandsStage { bound, config, measured }))
}

impl Stage for BandsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| match (batch.table(sample, "signals"), batch.table(sample, "spectra")) {
            (Some(rows), _) => self.of_signals(context, rows),
            (None, Some(rows)) => self.of_spectra(context, rows),
            (None, None) => Err(SampleError::internal("no input `signals` or `spectra`")),
        })
    }
}

impl BandsStage {
    fn of_signals(&self, context: &Context<'_>, rows: &RecordBatch) -> Result<SampleOutput, SampleError> {
        let signals = signals::read(rows).map_err(SampleError::input)?;
        let rows = each(context, &signals, |signal| self.of_signal(signal))?;
        let mut holed = Remark::new("features of signals with missing values are undefined");
        let mut short = Remark::new("signals are shorter than `segment`: they are one segment of their own length");
        let mut none = Remark::new(UNDEFINED);
        let mut rounded = BTreeSet::new();
        for (signal, row) in signals.iter().zip(&rows) {
            let name = name_of(&signal.channel, signal.epoch);
            let (welch, uneven) = self.config.welch(1e3 / signal.dt_ms);
            match missing(&signal.values) {
                Some(missing) => holed.of_name(&name, &described(&missing, None)),
                None => undefined(&mut none, &self.bound.outputs[0].schema, row),
            }
            if (1..welch.segment).contains(&signal.values.len()) {
                short.of_name(&name, &format!("{} of {} values", signal.values.len(), welch.segment));
            }
            if uneven {
                rounded.insert(format!(
                    "`segment` of {} ms is no whole number of samples of {} ms: it is rounded to {} samples",
                    self.config.segment_ms(),
                    signal.dt_ms,
                    welch.segment
                ));
            }
        }
        let units: BTreeSet<&str> = signals.iter().map(|signal| signal.unit.as_ref()).collect();
        let notes = [holed, short, none].into_iter().filter_map(Remark::note).chain(rounded).chain(unequal(&units));
        Ok(SampleOutput { notes: notes.collect(), tables: vec![table(&self.bound.outputs[0].schema, &rows)?] })
    }

    fn of_signal(&self, signal: &Signal<'_>) -> Result<Row, SampleError> {
        let rate_hz = 1e3 / known_interval_ms(signal)?;
        let (method, _) = self.config.welch(rate_hz);
        let spectrum = if signal.values.is_empty() || missing(&signal.values).is_some() {
            PowerSpectrum { frequencies_hz: Vec::new(), power: Vec::new() }
        } else {
            density(&signal.values, rate_hz, &method).map_err(|error| of_signal(signal, error))?
        };
        Ok(Row { channel: signal.channel.to_string(), epoch: signal.epoch, values: self.values(&spectrum) })
    }

    fn of_spectra(&self, context: &Context<'_>, rows: &RecordBatch) -> Result<SampleOutput, SampleError> {
        let spectra = spectra::read(rows).map_err(SampleError::input)?;
        let rows = each(context, &spectra, |spectrum| {
            let values = self.values(&checked(spectrum, &self.measured)?);
            Ok(Row { channel: spectrum.channel.to_string(), epoch: spectrum.epoch, values })
        })?;
        let mut none = Remark::new(UNDEFINED);
        rows.iter().for_each(|row| undefined(&mut none, &self.bound.outputs[0].schema, row));
        let units: BTreeSet<&str> = spectra.iter().map(|spectrum| spectrum.unit.as_ref()).collect();
        let notes = none.note().into_iter().chain(unequal(&units)).collect();
        Ok(SampleOutput { notes, tables: vec![table(&self.bound.outputs[0].schema, &rows)?] })
    }

    /// In the order of the columns.
    fn values(&self, spectrum: &PowerSpectrum) -> Vec<f64> {
        let Measured { bands, ratios, total, peak, alpha, edge, integration } = &self.measured;
        let ends = match spectrum.frequencies_hz.as_slice() {
            [first, .., last] => Band { low_hz: *first, high_hz: *last },
            _ => Band { low_hz: 0.0, high_hz: 0.0 },
        };
        let range = total.unwrap_or(ends);
        // The last frequency of a whole spectrum belongs to it, as no other band has it.
        let total = match total {
            None => band_power(spectrum, Band { high_hz: ends.high_hz * (1.0 + 1e-6), ..range }, *integration),
            Some(range) => band_power(spectrum, *range, *integration),
        };
        let part = |power: f64, of: f64| if of > 0.0 { power / of } else { f64::NAN };
        let absolute: Vec<f64> = bands.iter().map(|(_, band)| band_power(spectrum, *band, *integration)).collect();
        let mut values: Vec<f64> = absolute.iter().flat_map(|power| [*power, part(*power, total)]).collect();
        values.extend(ratios.iter().map(|&(above, below)| part(absolute[above], absolute[below])));
        values.extend([
            total,
            peak_frequency_hz(spectrum, *peak),
            quantile_frequency_hz(spectrum, range, *edge),
            quantile_frequency_hz(spectrum, range, 0.5),
            band_entropy(spectrum, range),
            centre_of_gravity_hz(spectrum, *alpha),
            inner_peak_frequency_hz(spectrum, *alpha),
        ]);
        values
    }
}

const UNDEFINED: &str = "features are undefined where a band has too few frequencies or reaches beyond the spectrum, and where there is no power (or no peak)";

/// A note on numbers of one column that are in different units.
fn unequal(units: &BTreeSet<&str>) -> Option<String> {
    let listed = units.iter().copied().collect::<Vec<_>>().join(", ");
    (units.len() > 1).then(|| format!("powers are in the units of their signals, which differ: {listed}"))
}

/// A spectrum that bands can be taken of: densities over rising frequencies.
fn checked(spectrum: &Spectrum<'_>, measured: &Measured) -> Result<PowerSpectrum, SampleError> {
    let refused =
        |message: String| Err(SampleError::input(format!("{}: {message}", name_of(&spectrum.channel, spectrum.epoch))));
    let Spectrum { frequencies_hz, power, unit, .. } = spectrum;
    if !unit.is_empty() && !unit.ends_with("/Hz") {
        return refused(format!(
            "the power is in `{unit}`, per frequency; bands are sums of densities, in a unit such as `uV^2/Hz` (`scaling: density`)"
        ));
    }
    if let Some(at) = frequencies_hz.iter().position(|f| !(f.is_finite() && *f >= 0.0)) {
        return refused(format!(
            "frequency {} is {} Hz; it must be finite and 0 Hz or more",
            at + 1,
            frequencies_hz[at]
        ));
    }
    if let Some(pair) = frequencies_hz.windows(2).find(|pair| pair[1] <= pair[0]) {
        return refused(format!("a frequency of {} Hz follows {} Hz; they must rise", pair[1], pair[0]));
    }
    if let Some(at) = power.iter().position(|p| *p < 0.0) {
        let message = "power is not negative; a spectrum in decibels is to be made linear first";
        return refused(format!("the power at {} Hz is {}; {message}", frequencies_hz[at], power[at]));
    }
    let uneven = frequencies_hz.windows(3).find(|f| ((f[2] - f[1]) - (f[1] - f[0])).abs() > 1e-6 * (f[2] - f[0]));
    if let Some(f) = uneven.filter(|_| measured.integration == lapicque_signal::bands::Integration::Rectangle) {
        return refused(format!(
            "frequencies are not equally spaced at {} Hz; `integration: rectangle` needs that, trapezoid does not",
            f[1]
        ));
    }
    let owned = |values: &Cow<'_, [f64]>| values.to_vec();
    Ok(PowerSpectrum { frequencies_hz: owned(frequencies_hz), power: owned(power) })
}
