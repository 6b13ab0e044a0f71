//! Maximum-likelihood fits of generalised linear models to spike trains.
//!
//! The count of a neuron i in a bin t depends on the drive
//!
//! eta_i(t) = b_i + sum_k h_i(k) x_i(t-1-k) + sum_j sum_k c_ji(k) x_j(t-1-k) + sum_s sum_k f_si(k) s(t-k),
//!
//! through a [`Family`]. History h, couplings c and filters f of stimuli are sums of functions of a [`Basis`], whose weights
//! and the intercept b are fitted. Each neuron is a fit of its own, and its likelihood is concave: Newton's method finds the
//! one optimum. Losses are means over bins where penalties are added, as in NeMoS 0.2.8:
//!
//! | penalty | adds to the mean of -log P |
//! |---|---|
//! | ridge | strength / 2 sum w^2 |
//! | lasso | strength sum \|w\| |
//! | elastic net | strength sum ((1 - ratio) / 2 w^2 + ratio \|w\|) |
//! | group lasso | strength sum over groups sqrt(size) norm(w) |
//!
//! The intercept is never penalised. A group has all weights of a neuron's history, of one source, or of one stimulus.
//!
//! Standard errors come from the observed information; those of a ridge from the loss with its penalty (Laplace's
//! approximation of a posterior), and penalties with corners have none. Where no finite weight is best, see [`Status`].
//!
//! W. Truccolo et al. (2005), J. Neurophysiol. 93:1074; J. W. Pillow et al. (2008), Nature 454:995; L. Paninski (2004),
//! Network 15:243; Y. Zaytsev, A. Morrison & M. Deger (2015), J. Comput. Neurosci. 39:77.

mod basis;
mod design;
mod error;
mod family;
mod linear;
mod newton;
mod normal;
mod proximal;
mod rescaling;
mod rows;
mod separation;
mod simulate;
mod trains;
mod validation;

pub use basis::Basis;
pub use design::{Features, Structure, TargetBins, Term};
pub use error::FitError;
pub use family::Family;
pub use normal::two_sided_p;
pub use rescaling::{KolmogorovSmirnov, kolmogorov_smirnov, ks_band, rescaled};
pub use simulate::{FittedNetwork, FittedNeuron, simulate};
pub use trains::{Stimulus, Trains};
pub use validation::{Folds, HeldOut, held_out};

use error::check;
use proximal::Corners;
use rows::Rows;

/// What keeps weights small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Penalty {
    /// Nothing: the maximum of the likelihood.
    None,
    /// strength / 2 sum w^2.
    Ridge {
        /// Its factor, above 0.
        strength: f64,
    },
    /// strength sum |w|.
    Lasso {
        /// Its factor, above 0.
        strength: f64,
    },
    /// strength sum ((1 - ratio) / 2 w^2 + ratio |w|).
    ElasticNet {
        /// Its factor, above 0.
        strength: f64,
        /// From 0 (not included) to 1 (a lasso).
        ratio: f64,
    },
    /// strength sum over groups sqrt(size) norm(w).
    GroupLasso {
        /// Its factor, above 0.
        strength: f64,
    },
}

/// What became of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has its best value.
    Estimated,
    /// The likelihood rises without end as it goes to infinity: the feature, or a sum of features, separates bins with spikes
    /// from bins without.
    Separated,
    /// Its feature is the same in all bins that say something.
    Constant,
    /// Its feature is a sum of those before it, which stand for it.
    Collinear,
    /// There are no spikes, or nothing else, that could tell of it.
    Undetermined,
}

/// A coefficient of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// What it weighs.
    pub term: Term,
    /// What became of it.
    pub status: Status,
    /// Its value: infinite where it is separated, NaN where nothing tells of it.
    pub estimate: f64,
    /// Standard error; NaN where there is none.
    pub standard_error: f64,
    /// A finite value to compute with: 0 where nothing tells of it, and where it is separated so large that probabilities are
    /// 0 or 1 to 17 digits in all bins that it separates.
    pub finite: f64,
}

/// The fit of one neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Which neuron.
    pub target: usize,
    /// How counts follow from drives.
    pub family: Family,
    /// The intercept, and then what [`TargetBins::terms`] says.
    pub coefficients: Vec<Coefficient>,
    /// How many bins it was fitted to.
    pub bins: u64,
    /// How many spikes they have.
    pub spikes: u64,
    /// Spikes in bins that were left out.
    pub spikes_left_out: u64,
    /// Log of the probability of the counts; 0 of bins that are separated.
    pub log_likelihood: f64,
    /// That of the best model without features.
    pub null_log_likelihood: f64,
    /// Twice how much less it is than that of a model that fits each bin by itself.
    pub deviance: f64,
    /// What is minimised: mean over bins of -log P (without what drives do not change) and penalty.
    pub objective: f64,
    /// Parameters that count: those that are estimated; with a ridge, the trace of H (H + penalty)^-1; with corners, those
    /// other than 0.
    pub degrees_of_freedom: f64,
    /// Steps of Newton's method.
    pub iterations: usize,
    /// Whether the optimum was reached.
    pub converged: bool,
    /// Largest distance of a derivative of the mean loss from what the conditions of an optimum allow.
    pub kkt_violation: f64,
}

/// What an optimiser found; the intercept comes first.
#[derive(Debug, Clone)]
struct Optimum {
    /// Finite, see [`Coefficient::finite`].
    parameters: Vec<f64>,
    /// The sign of what is infinite.
    signs: Vec<f64>,
    standard_errors: Vec<f64>,
    status: Vec<Status>,
    loss: f64,
    iterations: usize,
    converged: bool,
    kkt_violation: f64,
    degrees_of_freedom: f64,
}

/// Fits a model to the bins of one neuron; `go_on` is asked before each step.
///
/// # Errors
/// A penalty that cannot be, or a `go_on` that says no. What cannot be estimated is no error: see [`Status`].
pub fn fit(bins: &TargetBins, family: Family, penalty: Penalty, go_on: &dyn Fn() -> bool) -> Result<Fit, FitError> {
    penalty.check()?;
    let rows = Rows::new(bins, |_| true);
    let optimum = optimum(&rows, &groups(bins.terms()), family, penalty, None, go_on)?;
    let n = rows.total_bins();
    let of_counts = |of: &dyn Fn(f64) -> f64| bins.counts.iter().map(|&count| of(f64::from(count))).sum::<f64>();
    let constant = of_counts(&|count| family.constant(count));
    let saturated = of_counts(&|count| family.saturated(count));
    let log_likelihood = -optimum.loss - constant;
    let coefficients = std::iter::once(Term::Intercept).chain(bins.terms().iter().copied()).enumerate();
    let coefficient = |(place, term): (usize, Term)| {
        let status = optimum.status[place];
        Coefficient {
            term,
            status,
            estimate: match status {
                Status::Estimated => optimum.parameters[place],
                Status::Separated => optimum.signs[place] * f64::INFINITY,
                Status::Constant | Status::Collinear | Status::Undetermined => f64::NAN,
            },
            standard_error: optimum.standard_errors[place],
            finite: optimum.parameters[place],
        }
    };
    Ok(Fit {
        target: bins.target(),
        family,
        coefficients: coefficients.map(coefficient).collect(),
        bins: bins.bins.len() as u64,
        spikes: bins.spikes(),
        spikes_left_out: bins.spikes_left_out(),
        log_likelihood,
        null_log_likelihood: -null_loss(family, n, rows.total_spikes()) - constant,
        deviance: 2.0 * (-saturated - log_likelihood).max(0.0),
        objective: optimum.loss / n + penalty.value(&optimum.parameters, &groups(bins.terms())),
        degrees_of_freedom: optimum.degrees_of_freedom,
        iterations: optimum.iterations,
        converged: optimum.converged,
        kkt_violation: optimum.kkt_violation,
    })
}

impl Fit {
    /// McFadden's: 1 - log likelihood / that of no features. NaN without spikes.
    pub fn pseudo_r2(&self) -> f64 {
        if self.null_log_likelihood == 0.0 { f64::NAN } else { 1.0 - self.log_likelihood / self.null_log_likelihood }
    }

    /// Akaike's information criterion.
    pub fn aic(&self) -> f64 {
        2.0 * self.degrees_of_freedom - 2.0 * self.log_likelihood
    }

    /// The Bayesian information criterion.
    pub fn bic(&self) -> f64 {
        self.degrees_of_freedom * libm::log(self.bins as f64) - 2.0 * self.log_likelihood
    }

    /// Whether a coefficient is infinite.
    pub fn is_separated(&self) -> bool {
        self.coefficients.iter().any(|coefficient| coefficient.status == Status::Separated)
    }

    /// Finite values, the intercept first.
    pub fn parameters(&self) -> Vec<f64> {
        self.coefficients.iter().map(|coefficient| coefficient.finite).collect()
    }

    /// The mean count of each bin, as the fit has it.
    ///
    /// # Errors
    /// Bins of another model.
    pub fn means(&self, bins: &TargetBins) -> Result<Vec<f64>, FitError> {
        Ok(self.drives(bins)?.into_iter().map(|eta| self.family.mean(eta)).collect())
    }

    /// The drive of each bin.
    ///
    /// # Errors
    /// Bins of another model.
    pub fn drives(&self, bins: &TargetBins) -> Result<Vec<f64>, FitError> {
        let parameters = self.parameters();
        if bins.terms().len() + 1 != parameters.len() {
            return Err(FitError::Length { field: "terms", found: bins.terms().len(), due: parameters.len() - 1 });
        }
        Ok(bins.drives(parameters[0], &parameters[1..]))
    }

    /// The weights of a filter by function: `part` gives the function of terms that belong to it.
    pub fn weights(&self, part: impl Fn(Term) -> Option<usize>) -> Vec<f64> {
        let of = |coefficient: &Coefficient| part(coefficient.term).map(|_| coefficient.finite);
        self.coefficients.iter().filter_map(of).collect()
    }
}

impl Penalty {
    /// Its factor; 0 of none.
    pub fn strength(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Ridge { strength }
            | Self::Lasso { strength }
            | Self::ElasticNet { strength, .. }
            | Self::GroupLasso { strength } => strength,
        }
    }

    /// The same with another factor; none stays none.
    #[must_use]
    pub fn with_strength(self, strength: f64) -> Self {
        match self {
            Self::None => Self::None,
            Self::Ridge { .. } => Self::Ridge { strength },
            Self::Lasso { .. } => Self::Lasso { strength },
            Self::ElasticNet { ratio, .. } => Self::ElasticNet { strength, ratio },
            Self::GroupLasso { .. } => Self::GroupLasso { strength },
        }
    }

    /// Checks its numbers.
    ///
    /// # Errors
    /// A factor that is not above 0, or a ratio outside of its range.
    pub fn check(self) -> Result<(), FitError> {
        if self == Self::None {
            return Ok(());
        }
        check("strength", self.strength(), self.strength() > 0.0, "a finite number above 0 is needed")?;
        if let Self::ElasticNet { ratio, .. } = self {
            check("ratio", ratio, ratio > 0.0 && ratio <= 1.0, "a number above 0, 1 at most, is needed")?;
        }
        Ok(())
    }

    /// With corners, or a ridge alone.
    fn corners(self, groups: &[Vec<usize>]) -> Option<Corners<'_>> {
        match self {
            Self::None | Self::Ridge { .. } => None,
            Self::Lasso { strength } => Some(Corners { lasso: strength, ridge: 0.0, groups: None }),
            Self::ElasticNet { strength, ratio } => {
                Some(Corners { lasso: strength * ratio, ridge: strength * (1.0 - ratio), groups: None })
            }
            Self::GroupLasso { strength } => Some(Corners { lasso: strength, ridge: 0.0, groups: Some(groups) }),
        }
    }

    fn value(self, parameters: &[f64], groups: &[Vec<usize>]) -> f64 {
        match (self, self.corners(groups)) {
            (_, Some(corners)) => corners.value(parameters),
            (Self::Ridge { strength }, None) => Corners { lasso: 0.0, ridge: strength, groups: None }.value(parameters),
            _ => 0.0,
        }
    }
}

fn optimum(
    rows: &Rows,
    groups: &[Vec<usize>],
    family: Family,
    penalty: Penalty,
    start: Option<&[f64]>,
    go_on: &dyn Fn() -> bool,
) -> Result<Optimum, FitError> {
    match (penalty, penalty.corners(groups)) {
        (_, Some(corners)) => proximal::optimum(rows, family, &corners, start, go_on),
        (Penalty::Ridge { strength }, None) => newton::ridge(rows, family, strength, start, go_on),
        _ => newton::unpenalised(rows, family, go_on),
    }
}

/// Columns of a neuron's history, of each source and of each stimulus.
fn groups(terms: &[Term]) -> Vec<Vec<usize>> {
    let key = |term: &Term| match *term {
        Term::Intercept => (0, 0),
        Term::History { .. } => (1, 0),
        Term::Coupling { source, .. } => (2, source),
        Term::Stimulus { source, .. } => (3, source),
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (column, term) in terms.iter().enumerate() {
        match groups.last_mut() {
            Some(last) if column > 0 && key(&terms[column - 1]) == key(term) => last.push(column),
            _ => groups.push(vec![column]),
        }
    }
    groups
}

/// -log P of the best model without features, up to what drives do not change.
fn null_loss(family: Family, bins: f64, spikes: f64) -> f64 {
    if bins == 0.0 || spikes == 0.0 || (family.is_binary() && spikes == bins) {
        return 0.0;
    }
    family.derivatives(bins, spikes, family.link(spikes / bins)).loss
}
