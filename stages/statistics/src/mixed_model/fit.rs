//! Fits a model to values, and compares models.

use nalgebra::{DMatrix, DVector};

use super::design::{Column, Model, ModelError, orthonormal};
use super::likelihood::{Evaluated, Products};
use super::minimise::minimise;
use crate::distributions::above_chi_squared;

/// Which likelihood is maximised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Of what the values say beside the fixed effects: variances without bias. Likelihoods of models with other fixed effects cannot be compared.
    Reml,
    /// Of the values: variances are too small by the degrees of freedom of the fixed effects.
    Ml,
}

/// A fixed effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// `(Intercept)`, `age`, `group[AD]`, `group[AD]:age`.
    pub name: String,
    /// Number of its term; the intercept has none.
    pub term: Option<usize>,
    /// In the unit of the values over that of the predictor.
    pub estimate: f64,
    /// Standard error, for known variances.
    pub se: f64,
    /// Degrees of freedom for a t test, after Pinheiro and Bates (2000), 2.4.2: levels minus effects that are constant within each
    /// level, or whose slopes vary; for other effects values minus levels minus their number. NaN below 1.
    pub df: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The intercept first.
    pub coefficients: Vec<Coefficient>,
    /// What the effects that vary are called: `(Intercept)`, then slopes.
    pub varying: Vec<String>,
    /// Their covariance between levels.
    pub covariance: DMatrix<f64>,
    /// Variance of what is left.
    pub residual_variance: f64,
    /// Of the model, restricted where that was maximised.
    pub log_likelihood: f64,
    /// The same without effects that vary.
    pub log_likelihood_without: f64,
    /// Values.
    pub values: usize,
    /// Levels of the grouping factor.
    pub levels: usize,
    /// Whether a variance is zero, or effects that vary follow from each other: the data do not tell that they vary.
    pub singular: bool,
}

/// Values that a model cannot be fitted to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// The model itself.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No spread.
    #[error("all values are equal ({value})")]
    Constant {
        /// All of them.
        value: f64,
    },
    /// Nothing is left.
    #[error("the effects explain the values exactly, so that no variance is left to compare them with")]
    Exact,
    /// The search did not end.
    #[error("the search for the variances did not come to an end (a slope of {slope:.1e} is left)")]
    NotConverged {
        /// Of the deviance.
        slope: f64,
    },
}

impl Fit {
    /// Numbers that were estimated: fixed effects, variances and covariances.
    pub fn parameters(&self) -> usize {
        let q = self.varying.len();
        self.coefficients.len() + q * (q + 1) / 2 + 1
    }

    /// Akaike's criterion.
    pub fn aic(&self) -> f64 {
        2.0 * self.parameters() as f64 - 2.0 * self.log_likelihood
    }

    /// The Bayesian criterion, with the number of values (as lme4).
    pub fn bic(&self) -> f64 {
        self.parameters() as f64 * (self.values as f64).ln() - 2.0 * self.log_likelihood
    }

    /// That of the model without effects that vary.
    pub fn bic_without(&self) -> f64 {
        (self.coefficients.len() + 1) as f64 * (self.values as f64).ln() - 2.0 * self.log_likelihood_without
    }
}

/// Fits a model to values, one per row; rows without a value (NaN) are left out.
///
/// # Errors
/// [`FitError`]: what cannot be estimated is named.
pub fn fit(model: &Model, values: &[f64], method: Method) -> Result<Fit, FitError> {
    let rows: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
    let (groups, levels) = model.groups(&rows);
    let effects = model.varying(&rows);
    check_counts(model, rows.len(), levels, effects.len())?;
    let columns = model.fixed(&rows)?;
    if rows.len() <= columns.len() {
        return Err(ModelError::TooFewValues { values: rows.len(), columns: columns.len() }.into());
    }
    let y = DVector::from_iterator(rows.len(), rows.iter().map(|&row| values[row]));
    if y.min() == y.max() {
        return Err(FitError::Constant { value: y[0] });
    }
    let (x, r) = orthonormal(&columns).map_err(|column| collinear(&columns, column))?;
    let (z, rz) =
        orthonormal(&effects).map_err(|column| ModelError::CollinearSlope { column: effects[column].name.clone() })?;
    // Columns of a root mean square of one: then L is the standard deviation that effects make, over that of the rest.
    let scale = (rows.len() as f64).sqrt();
    let (z, rz) = (z * scale, rz / scale);
    // What fixed effects alone leave has few common digits with them; the deviance is the same.
    let alone = x.transpose() * &y;
    let left = &y - &x * &alone;
    let spread = left.norm();
    if spread <= 1e-12 * y.norm() {
        return Err(FitError::Exact);
    }
    let log_determinant = 2.0 * r.diagonal().iter().map(|d| d.abs().ln()).sum::<f64>();
    let products = Products::new(&x, &z, &(&left / spread), &groups, levels, log_determinant);
    let restricted = method == Method::Reml;
    let (l, best) = least(&products, effects.len(), restricted)?;
    let m = if restricted { rows.len() - columns.len() } else { rows.len() } as f64;
    // Of the values themselves, not of what was divided by its spread.
    let shift = m * spread.ln();
    let none = products.evaluate(&DMatrix::zeros(effects.len(), effects.len()), restricted).ok_or(FitError::Exact)?;
    let residual_variance = best.residual / m * spread * spread;
    let back = r.clone().try_inverse().ok_or(FitError::Exact)?;
    let estimates = &back * (alone + &best.beta * spread);
    let covariance = &back * &best.covariance * back.transpose() * residual_variance;
    let z_back = rz.try_inverse().ok_or(FitError::Exact)? * &l;
    let df = degrees_of_freedom(model, &columns, &groups, levels);
    let coefficient = |(i, column): (usize, &Column)| Coefficient {
        name: column.name.clone(),
        term: column.term,
        estimate: estimates[i],
        se: covariance[(i, i)].sqrt(),
        df: df[i],
    };
    let singular = l.singular_values().min() < 1e-4;
    Ok(Fit {
        coefficients: columns.iter().enumerate().map(coefficient).collect(),
        varying: effects.into_iter().map(|effect| effect.name).collect(),
        covariance: &z_back * z_back.transpose() * residual_variance,
        residual_variance,
        log_likelihood: -0.5 * best.deviance - shift,
        log_likelihood_without: -0.5 * none.deviance - shift,
        values: rows.len(),
        levels,
        singular,
    })
}

/// A model against the model without one of its terms, both by maximum likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods.
    pub statistic: f64,
    /// Columns that the term has.
    pub df: usize,
    /// P of chi-squared.
    pub p: f64,
}

/// Compares a model, fitted by [`Method::Ml`] to these values, with `reduced`, which has fewer fixed effects.
///
/// # Errors
/// What keeps the reduced model from being fitted.
pub fn likelihood_ratio(full: &Fit, reduced: &Model, values: &[f64]) -> Result<LikelihoodRatio, FitError> {
    let reduced = fit(reduced, values, Method::Ml)?;
    // The larger model is never worse; rounding may say so.
    let statistic = (2.0 * (full.log_likelihood - reduced.log_likelihood)).max(0.0);
    let df = full.coefficients.len() - reduced.coefficients.len();
    Ok(LikelihoodRatio { statistic, df, p: above_chi_squared(statistic, df as f64) })
}

fn check_counts(model: &Model, values: usize, levels: usize, effects: usize) -> Result<(), ModelError> {
    let by = || model.by.clone();
    if levels < 2 {
        return Err(if values == 0 {
            ModelError::TooFewValues { values, columns: 1 + model.terms.len() }
        } else {
            ModelError::OneGroup { by: by() }
        });
    }
    if values <= levels * effects {
        return Err(ModelError::TooManyEffects { by: by(), values, levels, effects });
    }
    Ok(())
}

fn collinear(columns: &[Column], column: usize) -> ModelError {
    let before: Vec<&str> = columns[..column].iter().map(|column| column.name.as_str()).collect();
    ModelError::Collinear { column: columns[column].name.clone(), before: before.join(", ") }
}

/// The L with the least deviance, of several starts.
fn least(products: &Products, q: usize, restricted: bool) -> Result<(DMatrix<f64>, Evaluated), FitError> {
    let places: Vec<(usize, usize)> = (0..q).flat_map(|column| (column..q).map(move |row| (row, column))).collect();
    let matrix = |theta: &DVector<f64>| {
        let mut l = DMatrix::zeros(q, q);
        places.iter().zip(theta.iter()).for_each(|(&place, &value)| l[place] = value);
        l
    };
    let deviance = |theta: &DVector<f64>| {
        let evaluated = products.evaluate(&matrix(theta), restricted)?;
        let gradient = DVector::from_iterator(places.len(), places.iter().map(|&place| evaluated.gradient[place]));
        Some((evaluated.deviance, gradient))
    };
    let start =
        |size: f64| DVector::from_iterator(places.len(), places.iter().map(|(r, c)| if r == c { size } else { 0.0 }));
    let found = [1.0, 0.2, 5.0].into_iter().filter_map(|size| minimise(start(size), deviance));
    let best = found.min_by(|a, b| a.value.total_cmp(&b.value)).ok_or(FitError::Exact)?;
    let l = matrix(&best.at);
    // Values that are equal within each level: all variance is between levels, and the search runs away.
    let evaluated = products.evaluate(&l, restricted).ok_or(FitError::Exact)?;
    if l.amax() > 1e5 {
        return Err(FitError::Exact);
    }
    if best.slope > 1e-5 * products.n as f64 {
        return Err(FitError::NotConverged { slope: best.slope });
    }
    Ok((l, evaluated))
}

/// Of each fixed effect ([`Coefficient::df`]).
fn degrees_of_freedom(model: &Model, columns: &[Column], groups: &[usize], levels: usize) -> Vec<f64> {
    let has_slope = |column: &Column| {
        column.term.is_some_and(|term| model.terms[term].of.iter().any(|of| model.slopes.contains(of)))
    };
    let between: Vec<bool> =
        columns.iter().map(|column| has_slope(column) || column.is_constant_within(groups, levels)).collect();
    let count = between.iter().filter(|&&between| between).count();
    let of_levels = levels as f64 - count as f64;
    let of_values = groups.len() as f64 - levels as f64 - (columns.len() - count) as f64;
    let df = |between: &bool| if *between { of_levels } else { of_values };
    between.iter().map(df).map(|df| if df < 1.0 { f64::NAN } else { df }).collect()
}
