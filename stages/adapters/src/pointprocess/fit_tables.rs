//! The tables of `pointprocess.fit`.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use lapicque_pointprocess::fit::{
    Coefficient, Family, Fit, FittedNeuron, HeldOut, KolmogorovSmirnov, Status, Structure, Term, ks_band, two_sided_p,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{FREE, TableError, connectivity};
use lapicque_schemas::{Column, TableSchema};

/// Points of the figure of a time-rescaling test.
const MOST_POINTS: usize = 1000;

/// What came of one neuron.
pub(super) struct Fitted {
    pub(super) fit: Fit,
    pub(super) strength: f64,
    pub(super) ks: KolmogorovSmirnov,
    /// 1 - exp(-xi), ascending.
    pub(super) rescaled: Vec<f64>,
    pub(super) held_out: Option<HeldOut>,
}

/// Names of neurons and stimuli.
pub(super) struct Names<'a> {
    pub(super) neurons: &'a [String],
    pub(super) stimuli: &'a [String],
}

impl<'a> Names<'a> {
    fn source(&self, target: usize, term: Term) -> &'a str {
        match term {
            Term::Intercept => "",
            Term::History { .. } => &self.neurons[target],
            Term::Coupling { source, .. } => &self.neurons[source],
            Term::Stimulus { source, .. } => &self.stimuli[source],
        }
    }
}

/// What a model is besides its coefficients and filters: metadata of the coefficients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FittedModel {
    pub(super) family: Family,
    pub(super) bin_ms: f64,
    pub(super) dead_bins: u32,
}

const EMISSION: &str = "emission";
const BIN: &str = "bin_ms";
const DEAD: &str = "dead_steps";
const FAMILIES: [(&str, Family); 3] =
    [("bernoulli", Family::Bernoulli), ("poisson", Family::Poisson), ("hazard", Family::Hazard)];

impl FittedModel {
    /// Of a table of coefficients, if it is one.
    pub(super) fn of(schema: &TableSchema) -> Option<Self> {
        let metadata = schema.arrow.metadata();
        let emission = metadata.get(EMISSION)?;
        Some(Self {
            family: FAMILIES.iter().find(|(name, _)| name == emission)?.1,
            bin_ms: metadata.get(BIN)?.parse().ok().filter(|bin: &f64| *bin > 0.0 && bin.is_finite())?,
            dead_bins: metadata.get(DEAD)?.parse().ok()?,
        })
    }

    fn in_metadata(&self, schema: TableSchema) -> TableSchema {
        let emission = FAMILIES.iter().find(|(_, family)| *family == self.family).map_or("", |(name, _)| name);
        schema
            .with_metadata(EMISSION, emission)
            .with_metadata(BIN, &self.bin_ms.to_string())
            .with_metadata(DEAD, &self.dead_bins.to_string())
    }
}

type Number = (&'static str, &'static str, fn(&Fitted) -> f64);

const NUMBERS: [Number; 19] = [
    ("observations", "bins that were fitted", |f| f.fit.bins as f64),
    ("spikes", "spikes in these bins", |f| f.fit.spikes as f64),
    ("spikes_left_out", "spikes in bins that were left out", |f| f.fit.spikes_left_out as f64),
    ("log_likelihood", "log of the probability of the counts", |f| f.fit.log_likelihood),
    ("null_log_likelihood", "that of the best model without features", |f| f.fit.null_log_likelihood),
    ("pseudo_r2", "McFadden's: 1 - log likelihood / that without features", |f| f.fit.pseudo_r2()),
    ("deviance", "twice the log likelihood that is missing to a model of each bin", |f| f.fit.deviance),
    ("aic", "Akaike's information criterion", |f| f.fit.aic()),
    ("bic", "Bayesian information criterion", |f| f.fit.bic()),
    ("degrees_of_freedom", "parameters that count", |f| f.fit.degrees_of_freedom),
    ("objective", "mean loss of a bin and penalty, which are minimised", |f| f.fit.objective),
    ("kkt_violation", "largest distance of a derivative from the conditions of the optimum", |f| f.fit.kkt_violation),
    ("strength", "strength of the penalty; 0 of none", |f| f.strength),
    ("iterations", "steps of Newton's method", |f| f.fit.iterations as f64),
    ("ks_statistic", "Kolmogorov-Smirnov distance of rescaled intervals from the uniform distribution", |f| {
        f.ks.statistic
    }),
    ("ks_p", "p value of this distance", |f| f.ks.p),
    ("separated", "coefficients without a finite best value", |f| count(f, Status::Separated)),
    ("collinear", "coefficients whose feature is a sum of others", |f| count(f, Status::Collinear)),
    ("constant", "coefficients whose feature does not vary", |f| count(f, Status::Constant)),
];

const HELD_OUT: [Number; 3] = [
    ("held_out_log_likelihood", "log of the probability of held-out counts", |f| {
        f.held_out.map_or(f64::NAN, |held_out| held_out.log_likelihood)
    }),
    ("held_out_null_log_likelihood", "that of the mean count of the other bins", |f| {
        f.held_out.map_or(f64::NAN, |held_out| held_out.null_log_likelihood)
    }),
    ("held_out_bits_per_spike", "how much more the model tells of a spike", |f| {
        f.held_out.map_or(f64::NAN, |held_out| held_out.bits_per_spike())
    }),
];

fn count(fitted: &Fitted, status: Status) -> f64 {
    fitted.fit.coefficients.iter().filter(|coefficient| coefficient.status == status).count() as f64
}

fn numbers(validated: bool) -> impl Iterator<Item = &'static Number> {
    NUMBERS.iter().chain(HELD_OUT.iter().filter(move |_| validated))
}

fn target() -> Column {
    Column::new("target", DataType::Utf8, "neuron that was fitted, as `E.0`")
}

fn float(name: &str, description: &str) -> Column {
    Column::new(name, DataType::Float64, description)
}

pub(super) fn coefficients_schema(model: &FittedModel) -> TableSchema {
    let text = |name, description| Column::new(name, DataType::Utf8, description);
    model.in_metadata(TableSchema::new(
        FREE,
        &["target", "term", "source", "basis"],
        [
            target(),
            text("term", "intercept, history, coupling or stimulus"),
            text("source", "neuron or stimulus whose past it weighs; empty of an intercept"),
            Column::new("basis", DataType::UInt32, "number of the function of the lag, from 0"),
            float("estimate", "its value: infinite where it is separated, NaN where nothing tells of it"),
            float("standard_error", "standard error, by the observed information"),
            float("z", "estimate over standard error"),
            float("p", "two-sided p value of z"),
            float("lower", "lower end of the interval"),
            float("upper", "upper end of the interval"),
            text("status", "estimated, separated, collinear, constant or undetermined"),
            float(
                "finite",
                "a finite value to compute with: the estimate, or 0, or far on the side of an infinite one",
            ),
        ],
    ))
}

pub(super) fn fit_schema(validated: bool) -> TableSchema {
    let columns = numbers(validated).map(|(name, description, _)| float(name, description));
    let converged = Column::new("converged", DataType::Boolean, "whether the optimum was reached");
    TableSchema::new(FREE, &["target"], std::iter::once(target()).chain(columns).chain([converged]))
}

pub(super) fn rescaling_schema() -> TableSchema {
    TableSchema::new(
        FREE,
        &["target", "model"],
        [
            target(),
            float("model", "quantile of the uniform distribution, that of a model that is right"),
            float("empirical", "the same quantile of 1 - exp(-xi), xi the integrated intensity between spikes"),
            float("lower", "lower end of the band in which it stays if the model is right"),
            float("upper", "upper end of this band"),
        ],
    )
}

/// `quantile` is that of the normal distribution at the upper end of intervals.
pub(super) fn coefficients(
    fits: &[Fitted],
    names: &Names<'_>,
    quantile: f64,
    model: &FittedModel,
) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<(&Fit, &Coefficient)> =
        fits.iter().flat_map(|f| f.fit.coefficients.iter().map(move |coefficient| (&f.fit, coefficient))).collect();
    let number = |of: &dyn Fn(&Coefficient) -> f64| floats(rows.iter().map(|(_, coefficient)| of(coefficient)));
    let text = |of: &dyn Fn(&Fit, &Coefficient) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(fit, coefficient)| of(fit, coefficient))))
    };
    let z = |c: &Coefficient| c.estimate / c.standard_error;
    RecordBatch::try_new(
        coefficients_schema(model).arrow,
        vec![
            text(&|fit, _| names.neurons[fit.target].clone()),
            text(&|_, coefficient| term_name(coefficient.term).to_owned()),
            text(&|fit, coefficient| names.source(fit.target, coefficient.term).to_owned()),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(_, c)| function(c.term) as u32))),
            number(&|c| c.estimate),
            number(&|c| c.standard_error),
            number(&z),
            number(&|c| two_sided_p(z(c))),
            number(&|c| c.estimate - quantile * c.standard_error),
            number(&|c| c.estimate + quantile * c.standard_error),
            text(&|_, coefficient| status_name(coefficient.status).to_owned()),
            number(&|c| c.finite),
        ],
    )
}

pub(super) fn fit(fits: &[Fitted], names: &Names<'_>, validated: bool) -> Result<RecordBatch, ArrowError> {
    let mut columns = vec![targets(fits.iter(), names)];
    columns.extend(numbers(validated).map(|(_, _, of)| floats(fits.iter().map(of))));
    columns.push(Arc::new(BooleanArray::from_iter(fits.iter().map(|f| Some(f.fit.converged)))));
    RecordBatch::try_new(fit_schema(validated).arrow, columns)
}

/// At most a thousand quantiles of each neuron.
pub(super) fn rescaling(fits: &[Fitted], names: &Names<'_>, confidence: f64) -> Result<RecordBatch, ArrowError> {
    let mut rows: Vec<(&Fitted, f64, f64, f64)> = Vec::new();
    for fitted in fits {
        let n = fitted.rescaled.len();
        let band = ks_band(n, confidence);
        let points = n.min(MOST_POINTS);
        for point in 0..points {
            // Evenly over all of them, in whole numbers: the same on every machine.
            let place = (2 * point + 1) * n / (2 * points);
            rows.push((fitted, (place as f64 + 0.5) / n as f64, fitted.rescaled[place], band));
        }
    }
    RecordBatch::try_new(
        rescaling_schema().arrow,
        vec![
            targets(rows.iter().map(|row| row.0), names),
            floats(rows.iter().map(|row| row.1)),
            floats(rows.iter().map(|row| row.2)),
            floats(rows.iter().map(|row| (row.1 - row.3).max(0.0))),
            floats(rows.iter().map(|row| (row.1 + row.3).min(1.0))),
        ],
    )
}

/// Sums over lags of coupling filters.
pub(super) fn connections(fits: &[Fitted], structure: &Structure, neurons: usize) -> Result<RecordBatch, TableError> {
    let mut rows = Vec::new();
    for fitted in fits {
        let neuron = FittedNeuron::of(&fitted.fit, structure);
        let sum =
            |(source, filter): (usize, Vec<f64>)| (source as u32, fitted.fit.target as u32, filter.iter().sum::<f64>());
        rows.extend(neuron.couplings.into_iter().map(sum));
    }
    connectivity::write(neurons as u32, &rows)
}

/// Filters by lag: when a spike or a value of a stimulus acts.
pub(super) fn filters(
    fits: &[Fitted],
    structure: &Structure,
    names: &Names<'_>,
    bin_ms: f64,
) -> Result<RecordBatch, TableError> {
    let mut found = Vec::new();
    for fitted in fits {
        let target = &names.neurons[fitted.fit.target];
        let mut add = |source: &str, t0_ms: f64, values: Vec<f64>| {
            if !values.is_empty() {
                found.push(Signal {
                    channel: Cow::Owned(format!("{source}->{target}")),
                    epoch: 0,
                    t0_ms,
                    dt_ms: bin_ms,
                    unit: Cow::Borrowed("1"),
                    values: Cow::Owned(values),
                });
            }
        };
        let neuron = FittedNeuron::of(&fitted.fit, structure);
        // A spike acts from the next bin on, a stimulus in its own.
        add(target, bin_ms, neuron.history);
        neuron.couplings.into_iter().for_each(|(source, filter)| add(&names.neurons[source], bin_ms, filter));
        names.stimuli.iter().zip(neuron.stimuli).for_each(|(name, filter)| add(name, 0.0, filter));
    }
    signals::write_owned(found)
}

/// What is not estimated, by neuron and coefficient, and what did not converge.
pub(super) fn notes(fits: &[Fitted], names: &Names<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for (status, what) in [
        (Status::Separated, "no finite value is best, as they separate bins with spikes from bins without"),
        (Status::Constant, "their feature does not vary"),
        (Status::Collinear, "their feature is a sum of others"),
    ] {
        let told: Vec<String> = fits
            .iter()
            .flat_map(|f| f.fit.coefficients.iter().map(move |coefficient| (&f.fit, coefficient)))
            .filter(|(_, coefficient)| coefficient.status == status)
            .map(|(fit, coefficient)| {
                let (target, source) = (&names.neurons[fit.target], names.source(fit.target, coefficient.term));
                match coefficient.term {
                    Term::Intercept => format!("{target} intercept"),
                    term => format!("{target} {} {source} {}", term_name(term), function(term)),
                }
            })
            .collect();
        if !told.is_empty() {
            notes.push(format!("coefficients ({}): {what}: {}", told.len(), listed(&told)));
        }
    }
    let is_undetermined = |f: &&Fitted| count(f, Status::Undetermined) > 0.0;
    let silent: Vec<String> =
        fits.iter().filter(is_undetermined).map(|f| names.neurons[f.fit.target].clone()).collect();
    if !silent.is_empty() {
        notes.push(format!(
            "neurons ({}) whose counts do not tell of other coefficients: {}",
            silent.len(),
            listed(&silent)
        ));
    }
    let unfinished: Vec<&str> =
        fits.iter().filter(|f| !f.fit.converged).map(|f| names.neurons[f.fit.target].as_str()).collect();
    if !unfinished.is_empty() {
        notes.push(format!("the optimum was not reached for {}", unfinished.join(", ")));
    }
    let left_out: u64 = fits.iter().map(|f| f.fit.spikes_left_out).sum();
    if left_out > 0 {
        notes.push(format!("spikes in bins that are left out: {left_out}"));
    }
    notes
}

/// The first of many.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}

fn term_name(term: Term) -> &'static str {
    match term {
        Term::Intercept => "intercept",
        Term::History { .. } => "history",
        Term::Coupling { .. } => "coupling",
        Term::Stimulus { .. } => "stimulus",
    }
}

fn function(term: Term) -> usize {
    match term {
        Term::Intercept => 0,
        Term::History { function } | Term::Coupling { function, .. } | Term::Stimulus { function, .. } => function,
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Estimated => "estimated",
        Status::Separated => "separated",
        Status::Constant => "constant",
        Status::Collinear => "collinear",
        Status::Undetermined => "undetermined",
    }
}

fn targets<'a>(fits: impl Iterator<Item = &'a Fitted>, names: &Names<'_>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(fits.map(|f| &names.neurons[f.fit.target])))
}

fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}
