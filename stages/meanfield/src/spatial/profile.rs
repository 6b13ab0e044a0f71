//! Connectivity in space, as a factor over wavenumbers (Senk et al. 2020, Fig 3).
//!
//! | profile | density over distance x, one dimension | p(k) |
//! |---|---|---|
//! | boxcar | 1/(2R) for abs(x) <= R | sin(k R)/(k R) |
//! | Gaussian | exp(-x^2/(2 s^2))/(sqrt(2 pi) s) | exp(-k^2 s^2/2) |
//! | exponential | exp(-abs(x)/l)/(2 l) | 1/(1 + k^2 l^2) |
//!
//! xi(k), the effective profile, is the eigenvalue of W o p(k) with the largest absolute value: the only one that is
//! not 0 if all neurons are alike.

use lapicque_network::{Network, SpatialProfile, Unsupported};
use nalgebra::DMatrix;
use num_complex::Complex64;

use crate::network::checks::shape;
use crate::network::{LinearError, ParameterError, eigenvalues};

/// How far connections reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Profile {
    /// R.
    Boxcar {
        /// No connection is longer.
        half_width_m: f64,
    },
    /// Normal density over distance.
    Gaussian {
        /// Its standard deviation.
        sd_m: f64,
    },
    /// Falls exponentially with distance.
    Exponential {
        /// Over which it falls by a factor e.
        length_m: f64,
    },
}

impl Profile {
    /// p(k) at a wavenumber (1/m); 1 at 0.
    pub fn factor(&self, wavenumber: f64) -> f64 {
        match *self {
            Self::Boxcar { half_width_m } => match wavenumber * half_width_m {
                0.0 => 1.0,
                x => x.sin() / x,
            },
            Self::Gaussian { sd_m } => (-0.5 * (wavenumber * sd_m).powi(2)).exp(),
            Self::Exponential { length_m } => 1.0 / (1.0 + (wavenumber * length_m).powi(2)),
        }
    }

    fn length_m(&self) -> f64 {
        match *self {
            Self::Boxcar { half_width_m: length }
            | Self::Gaussian { sd_m: length }
            | Self::Exponential { length_m: length } => length,
        }
    }
}

/// Profiles of all pairs of populations, targets x sources; pairs without connection have the first profile that there is.
///
/// A boxcar of `width` reaches that far to each side.
///
/// # Errors
/// A connection without profile; two connections of the same populations with different profiles; no connection at all.
pub fn profiles(network: &Network) -> Result<DMatrix<Profile>, Unsupported> {
    let unsupported = |name: &str, reason: &str| Unsupported {
        path: format!("connections.{name}.profile"),
        reason: reason.to_owned(),
    };
    let n = network.populations.len();
    let position = |name: &str| network.populations.iter().position(|population| population.name == name);
    let mut found = DMatrix::from_element(n, n, None);
    let mut any = None;
    for connection in &network.connections {
        let profile = match connection.profile {
            Some(SpatialProfile::Boxcar { width_um }) => Profile::Boxcar { half_width_m: width_um / MICRO },
            Some(SpatialProfile::Gaussian { sd_um }) => Profile::Gaussian { sd_m: sd_um / MICRO },
            Some(SpatialProfile::Exponential { length_um }) => Profile::Exponential { length_m: length_um / MICRO },
            None => {
                return Err(unsupported(&connection.name, "the spatial theory needs the profile of every connection"));
            }
        };
        if let (Some(target), Some(source)) = (position(&connection.post), position(&connection.pre)) {
            let known = found[(target, source)].replace(profile);
            if known.is_some_and(|known| known != profile) {
                return Err(unsupported(
                    &connection.name,
                    "another connection of these populations has another profile",
                ));
            }
            any.get_or_insert(profile);
        }
    }
    let any = any.ok_or_else(|| Unsupported {
        path: "connections".to_owned(),
        reason: "the spatial theory needs a connection with a profile".to_owned(),
    })?;
    Ok(found.map(|profile| profile.unwrap_or(any)))
}

/// Micrometres in a metre.
const MICRO: f64 = 1e6;

/// xi at each wavenumber (1/m), from weights such as those of [`low_pass_weights`](crate::network::low_pass_weights).
///
/// # Errors
/// Matrices that do not fit; values that are not finite; a profile whose length is negative.
pub fn effective_profile(
    weights: &DMatrix<f64>,
    profiles: &DMatrix<Profile>,
    wavenumbers: &[f64],
) -> Result<Vec<Complex64>, LinearError> {
    check_profiles(profiles, weights.nrows())?;
    let complex = weights.map(Complex64::from);
    wavenumbers.iter().map(|&k| dominant_eigenvalue(&localised(&complex, profiles, k))).collect()
}

/// W o p(k).
pub(crate) fn localised(
    weights: &DMatrix<Complex64>,
    profiles: &DMatrix<Profile>,
    wavenumber: f64,
) -> DMatrix<Complex64> {
    weights.zip_map(profiles, |weight, profile| weight * profile.factor(wavenumber))
}

/// The eigenvalue with the largest absolute value.
pub(crate) fn dominant_eigenvalue(matrix: &DMatrix<Complex64>) -> Result<Complex64, LinearError> {
    let values = eigenvalues(matrix)?;
    let largest = values.into_iter().max_by(|a, b| a.norm().total_cmp(&b.norm()));
    largest.ok_or(LinearError::Parameters(ParameterError::NoPopulation))
}

pub(crate) fn check_profiles(profiles: &DMatrix<Profile>, populations: usize) -> Result<(), ParameterError> {
    shape("profiles", profiles, populations)?;
    let lengths = profiles.iter().map(Profile::length_m);
    match lengths.into_iter().find(|length| !(*length >= 0.0 && length.is_finite())) {
        None => Ok(()),
        Some(value) => Err(ParameterError::OutOfRange {
            parameter: "profiles".to_owned(),
            value,
            allowed: "lengths of 0 or above, and finite",
        }),
    }
}

/// Extremes of an effective profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// Smallest real part of xi and its position.
    pub least: f64,
    /// Its position among the values.
    pub least_at: usize,
    /// Largest real part of xi and its position.
    pub greatest: f64,
    /// Its position among the values.
    pub greatest_at: usize,
}

/// Where an effective profile is least and greatest; none without values.
pub fn extremes(profile: &[Complex64]) -> Option<Extremes> {
    let by_real_part = |a: &(usize, &Complex64), b: &(usize, &Complex64)| a.1.re.total_cmp(&b.1.re);
    let (least_at, least) = profile.iter().enumerate().min_by(by_real_part)?;
    let (greatest_at, greatest) = profile.iter().enumerate().max_by(by_real_part)?;
    Some(Extremes { least: least.re, least_at, greatest: greatest.re, greatest_at })
}
