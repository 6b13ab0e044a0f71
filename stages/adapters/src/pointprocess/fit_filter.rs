//! Filters of `pointprocess.fit`: which functions of the lag they are sums of.

use lapicque_pipeline::ConfigError;
use lapicque_pointprocess::fit::{Basis, FitError};
use lapicque_units::{Time, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const WINDOW_MS: f64 = 20.0;
const FUNCTIONS: u32 = 4;
const WIDTH: f64 = 2.0;
const TIME_SCALING: f64 = 50.0;
const ORDER: u32 = 4;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FilterConfig {
    /// Functions that the filter is a sum of: raised_cosine_log (default; narrow at short lags), raised_cosine_linear, b_spline, exponential (one for each of `tau`), identity (each bin has a weight of its own), tabulated (`values`); or none: there is no filter.
    basis: BasisName,
    /// How far the filter reaches back, a whole number of bins (default 20 ms; of a history, what `dead_steps` leaves out included).
    #[schemars(with = "Option<String>")]
    window: Option<Time>,
    /// How many raised cosines or splines there are (default 4).
    functions: Option<u32>,
    /// Time constants of exponentials, e.g. `[5 ms]`.
    #[schemars(with = "Option<Vec<String>>")]
    tau: Option<Vec<Time>>,
    /// Half width of raised cosines in distances of their peaks (default 2).
    width: Option<f64>,
    /// How much the axis of raised_cosine_log is stretched at short lags (default 50).
    time_scaling: Option<f64>,
    /// Order of splines: 4 is cubic (default 4).
    order: Option<u32>,
    /// Values of tabulated functions, a row for each lag in bins: `[[1, 0], [0.8, 0.5], [0.6, 1]]`.
    values: Option<Vec<Vec<f64>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BasisName {
    #[default]
    RaisedCosineLog,
    RaisedCosineLinear,
    BSpline,
    Exponential,
    Identity,
    Tabulated,
    None,
}

impl FilterConfig {
    /// What is written as it is by default becomes what is not written.
    pub(super) fn canonical(&mut self) {
        self.window = self.window.filter(|window| window.value() != WINDOW_MS);
        self.functions = self.functions.filter(|functions| *functions != FUNCTIONS);
        self.width = self.width.filter(|width| *width != WIDTH);
        self.time_scaling = self.time_scaling.filter(|scaling| *scaling != TIME_SCALING);
        self.order = self.order.filter(|order| *order != ORDER);
    }

    pub(super) fn is_none(&self) -> bool {
        self.basis == BasisName::None
    }

    /// Its functions at lags from `first_lag` on; `field` is where it stands in the configuration.
    pub(super) fn basis(&self, field: &str, bin_ms: f64, first_lag: u32) -> Result<Option<Basis>, Vec<ConfigError>> {
        let mut problems = self.misplaced(field);
        let lags = match self.basis {
            BasisName::None => 0,
            BasisName::Tabulated => self.values.as_ref().map_or(0, Vec::len),
            _ => match self.lags(bin_ms, first_lag) {
                Ok(lags) => lags,
                Err(message) => {
                    problems.push(ConfigError::at(format!("{field}.window"), message));
                    0
                }
            },
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let functions = self.functions.unwrap_or(FUNCTIONS) as usize;
        let width = self.width.unwrap_or(WIDTH);
        let basis = match self.basis {
            BasisName::None => return Ok(None),
            BasisName::RaisedCosineLog => {
                Basis::raised_cosine_log(lags, functions, width, self.time_scaling.unwrap_or(TIME_SCALING))
            }
            BasisName::RaisedCosineLinear => Basis::raised_cosine_linear(lags, functions, width),
            BasisName::BSpline => Basis::b_spline(lags, functions, self.order.unwrap_or(ORDER) as usize),
            BasisName::Exponential => {
                let tau: Vec<f64> = self.tau.iter().flatten().map(|tau| tau.value() / bin_ms).collect();
                Basis::exponential(lags, &tau)
            }
            BasisName::Identity => Basis::identity(lags),
            BasisName::Tabulated => {
                let rows = self.values.as_deref().unwrap_or_default();
                let width = rows.first().map_or(0, Vec::len);
                if let Some(row) = rows.iter().find(|row| row.len() != width) {
                    let message = format!("rows have {width} and {} values; expected as many in each", row.len());
                    return Err(vec![ConfigError::at(format!("{field}.values"), message)]);
                }
                Basis::tabulated(width, rows.concat())
            }
        };
        let basis = basis.and_then(|basis| basis.starting_at(first_lag as usize));
        basis.map(Some).map_err(|error| vec![self.placed(field, &error)])
    }

    fn placed(&self, field: &str, error: &FitError) -> ConfigError {
        let own = match error {
            FitError::OutOfRange { field: "functions", .. } => "functions",
            FitError::OutOfRange { field: "width", .. } => "width",
            FitError::OutOfRange { field: "time_scaling", .. } => "time_scaling",
            FitError::OutOfRange { field: "order", .. } => "order",
            FitError::OutOfRange { field: "tau", .. } => "tau",
            _ if self.basis == BasisName::Tabulated => "values",
            _ => "window",
        };
        ConfigError::at(format!("{field}.{own}"), error)
    }

    fn lags(&self, bin_ms: f64, first_lag: u32) -> Result<usize, String> {
        let window = self.window.unwrap_or(Time::new(WINDOW_MS));
        let bins = whole_bins(window, bin_ms)?;
        if bins <= u64::from(first_lag) {
            return Err(format!(
                "{window} is {bins} bins of {} ms; it must reach beyond the {first_lag} bins that `dead_steps` leaves \
                 out",
                write_number(bin_ms)
            ));
        }
        usize::try_from(bins - u64::from(first_lag)).map_err(|error| error.to_string())
    }

    /// Fields that the functions do not have, and those that they need.
    fn misplaced(&self, field: &str) -> Vec<ConfigError> {
        use BasisName::{BSpline, Exponential, Identity, RaisedCosineLinear, RaisedCosineLog, Tabulated};
        let cosines = [RaisedCosineLog, RaisedCosineLinear];
        let fields: [(&str, bool, &[BasisName]); 7] = [
            ("window", self.window.is_some(), &[RaisedCosineLog, RaisedCosineLinear, BSpline, Exponential, Identity]),
            ("functions", self.functions.is_some(), &[RaisedCosineLog, RaisedCosineLinear, BSpline]),
            ("tau", self.tau.is_some(), &[Exponential]),
            ("width", self.width.is_some(), &cosines),
            ("time_scaling", self.time_scaling.is_some(), &[RaisedCosineLog]),
            ("order", self.order.is_some(), &[BSpline]),
            ("values", self.values.is_some(), &[Tabulated]),
        ];
        let mut problems = Vec::new();
        for (name, is_set, of) in fields {
            if is_set && !of.contains(&self.basis) {
                let message = "the functions named by `basis` do not have it; leave it out";
                problems.push(ConfigError::at(format!("{field}.{name}"), message));
            }
        }
        for (name, is_missing, example) in [
            ("tau", self.basis == Exponential && self.tau.is_none(), "[5 ms]"),
            ("values", self.basis == Tabulated && self.values.is_none(), "[[1, 0], [0.8, 0.5], [0.6, 1]]"),
        ] {
            if is_missing {
                let message = format!("the functions named by `basis` need it; write e.g. `{name}: {example}`");
                problems.push(ConfigError::at(format!("{field}.{name}"), message));
            }
        }
        problems
    }
}

/// A time in bins.
pub(super) fn whole_bins(time: Time, bin_ms: f64) -> Result<u64, String> {
    let exact = time.value() / bin_ms;
    let bins = exact.round();
    if !(bins >= 1.0 && bins <= f64::from(u32::MAX) && (exact - bins).abs() < 1e-6 * bins) {
        return Err(format!("{time}: expected a whole number of bins of {} ms, at least one", write_number(bin_ms)));
    }
    Ok(bins as u64)
}
