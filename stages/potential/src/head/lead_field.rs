//! Lead fields, and what dipoles of given moments give through them.

use super::Vector;
use super::vector::{dot, norm, scale};
use crate::range::{OutOfRange, finite};

/// Potentials of unit dipoles: `gains[dipole * electrodes + electrode]` in mV per nA um along x, y, z.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadField {
    dipoles: usize,
    electrodes: usize,
    gains: Vec<Vector>,
}

/// Why a head model gives no potential.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HeadError {
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    #[error(
        "electrode {electrode} lies {radius_um} um from the centre, outside the head of radius {head_radius_um} um"
    )]
    ElectrodeOutside { electrode: usize, radius_um: f64, head_radius_um: f64 },
    #[error(
        "electrode {electrode} lies {radius_um} um from the centre; it must be farther out than dipole {dipole} at {dipole_radius_um} um"
    )]
    ElectrodeBelowDipole { electrode: usize, radius_um: f64, dipole: usize, dipole_radius_um: f64 },
    #[error(
        "dipole {dipole} lies {radius_um} um from the centre; it must be inside the brain, between 0 (excluded) and {brain_radius_um} um"
    )]
    DipoleOutsideBrain { dipole: usize, radius_um: f64, brain_radius_um: f64 },
    #[error("electrode {electrode} and dipole {dipole} are at the same place")]
    SamePlace { electrode: usize, dipole: usize },
    #[error(
        "the series for electrode {electrode} and dipole {dipole} does not converge within {terms} terms; move them apart"
    )]
    SlowSeries { electrode: usize, dipole: usize, terms: usize },
    #[error("a lead field of {dipoles} dipoles and {electrodes} electrodes cannot have {gains} entries")]
    Shape { dipoles: usize, electrodes: usize, gains: usize },
    #[error("{what} has {found} entries; the lead field has {expected}")]
    Length { what: &'static str, found: usize, expected: usize },
    #[error("the orientation of dipole {dipole} has length {length}; it must be finite and above 0")]
    NoOrientation { dipole: usize, length: f64 },
}

impl LeadField {
    /// From entries in the order `[dipole][electrode]`, for instance of an imported head.
    ///
    /// # Errors
    /// A number of entries other than `dipoles * electrodes`, or an entry that is not finite.
    pub fn from_gains(dipoles: usize, electrodes: usize, gains: Vec<Vector>) -> Result<Self, HeadError> {
        if dipoles.checked_mul(electrodes) != Some(gains.len()) {
            return Err(HeadError::Shape { dipoles, electrodes, gains: gains.len() });
        }
        for (i, &gain) in gains.iter().flatten().enumerate() {
            finite(format!("gains[{}][{}]", i / 3, i % 3), gain)?;
        }
        Ok(Self { dipoles, electrodes, gains })
    }

    /// How many electrodes there are.
    pub fn electrodes(&self) -> usize {
        self.electrodes
    }

    /// How many dipoles there are.
    pub fn dipoles(&self) -> usize {
        self.dipoles
    }

    /// mV per nA um, one vector per electrode; empty for a dipole that is not there.
    pub fn of_dipole(&self, dipole: usize) -> &[Vector] {
        self.gains.chunks_exact(self.electrodes.max(1)).nth(dipole).unwrap_or(&[])
    }

    /// mV per nA um of a moment along `orientation`, which need not have unit length, one number per electrode.
    ///
    /// # Errors
    /// An orientation without direction, a dipole that is not there.
    pub fn gains_along(&self, dipole: usize, orientation: Vector) -> Result<Vec<f64>, HeadError> {
        if dipole >= self.dipoles() {
            return Err(HeadError::Length {
                what: "the list of dipoles asked for",
                found: dipole + 1,
                expected: self.dipoles(),
            });
        }
        let length = norm(orientation);
        if !(length > 0.0 && length.is_finite()) {
            return Err(HeadError::NoOrientation { dipole, length });
        }
        let unit = scale(1.0 / length, orientation);
        Ok(self.of_dipole(dipole).iter().map(|m| dot(*m, unit)).collect())
    }

    /// Potentials (mV) of dipoles of fixed orientation, summed over dipoles: one signal per electrode.
    ///
    /// `moments[dipole]` are samples in nA um, all equally long.
    ///
    /// # Errors
    /// Lists that do not have an entry per dipole, signals of unequal length, orientations without direction.
    pub fn potential(&self, orientations: &[Vector], moments: &[&[f64]]) -> Result<Vec<Vec<f64>>, HeadError> {
        self.check_length("the list of orientations", orientations.len())?;
        let samples = self.samples(moments.iter().map(|m| m.len()))?;
        let mut potentials = vec![vec![0.0; samples]; self.electrodes];
        for (dipole, (orientation, moment)) in orientations.iter().zip(moments).enumerate() {
            let gains = self.gains_along(dipole, *orientation)?;
            for (potential, gain) in potentials.iter_mut().zip(gains) {
                for (potential, moment) in potential.iter_mut().zip(*moment) {
                    *potential += gain * moment;
                }
            }
        }
        Ok(potentials)
    }

    /// Potentials (mV) of dipoles of any moment (nA um), summed over dipoles: one signal per electrode.
    ///
    /// # Errors
    /// A list that does not have an entry per dipole, signals of unequal length.
    pub fn potential_of_vectors(&self, moments: &[&[Vector]]) -> Result<Vec<Vec<f64>>, HeadError> {
        let samples = self.samples(moments.iter().map(|m| m.len()))?;
        let mut potentials = vec![vec![0.0; samples]; self.electrodes];
        for (dipole, moment) in moments.iter().enumerate() {
            for (potential, gain) in potentials.iter_mut().zip(self.of_dipole(dipole)) {
                for (potential, moment) in potential.iter_mut().zip(*moment) {
                    *potential += dot(*gain, *moment);
                }
            }
        }
        Ok(potentials)
    }

    /// The common length of the moments of all dipoles.
    fn samples(&self, lengths: impl Iterator<Item = usize>) -> Result<usize, HeadError> {
        let lengths: Vec<usize> = lengths.collect();
        self.check_length("the list of moments", lengths.len())?;
        let samples = lengths.first().copied().unwrap_or(0);
        match lengths.iter().find(|&&length| length != samples) {
            Some(&found) => Err(HeadError::Length { what: "a moment", found, expected: samples }),
            None => Ok(samples),
        }
    }

    fn check_length(&self, what: &'static str, found: usize) -> Result<(), HeadError> {
        let expected = self.dipoles();
        if found == expected {
            return Ok(());
        }
        Err(HeadError::Length { what, found, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_by_two() -> LeadField {
        let gains = vec![[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [1.0; 3]];
        LeadField::from_gains(2, 2, gains).unwrap()
    }

    #[test]
    fn potentials_sum_over_dipoles() {
        let field = two_by_two();
        assert_eq!((field.electrodes(), field.dipoles()), (2, 2));
        let orientations = [[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        let potentials = field.potential(&orientations, &[&[1.0, 2.0], &[10.0, 20.0]]).unwrap();
        assert_eq!(potentials, [[31.0, 62.0], [10.0, 20.0]]);
        let vectors = field.potential_of_vectors(&[&[[1.0, 0.0, 0.0]], &[[0.0, 0.0, 10.0]]]).unwrap();
        assert_eq!(vectors, [[31.0], [10.0]]);
    }

    #[test]
    fn refuses_shapes_that_do_not_fit() {
        let field = two_by_two();
        assert!(field.potential(&[[1.0; 3]], &[&[1.0], &[1.0]]).is_err());
        assert!(field.potential(&[[1.0; 3]; 2], &[&[1.0], &[]]).is_err());
        assert!(field.potential(&[[0.0; 3]; 2], &[&[1.0], &[1.0]]).is_err());
        assert!(field.gains_along(2, [1.0; 3]).is_err());
        assert!(LeadField::from_gains(2, 2, vec![[0.0; 3]; 3]).is_err());
        assert!(LeadField::from_gains(1, 0, vec![[0.0; 3]]).is_err());
        assert!(LeadField::from_gains(1, 1, vec![[f64::NAN; 3]]).is_err());
    }

    #[test]
    fn a_head_without_electrodes_or_dipoles_is_empty() {
        let none = LeadField::from_gains(1, 0, Vec::new()).unwrap();
        assert!(none.potential(&[[1.0; 3]], &[&[1.0]]).unwrap().is_empty());
        let no_dipoles = LeadField::from_gains(0, 3, Vec::new()).unwrap();
        assert_eq!(no_dipoles.potential(&[], &[]).unwrap(), [[0.0; 0]; 3]);
    }
}
