//! From the currents through the membranes of neurons to potentials around them and to their dipole moment.
//!
//! ```text
//! phi_e(t) = sum over segments s of M_es I_s(t)                 (see `sources`)
//! p(t)     = sum over segments s of I_s(t) (start_s + end_s)/2
//! ```
//!
//! I_s is positive where current leaves the neuron. If all currents of a neuron add up to 0, as they do unless an
//! electrode brings current into it, p does not depend on the origin. A segment whose ends are one place, as that of a
//! sphere, is a point source.
//!
//! References: Linden et al. (2014) Frontiers in Neuroinformatics 7:41, doi:10.3389/fninf.2013.00041 (potentials);
//! Naess et al. (2021) NeuroImage 225:117467, doi:10.1016/j.neuroimage.2020.117467, eq. 8 (moments).

use crate::head::{HeadError, Vector};
use crate::sources::{Segment, SourceShape, potential_per_current};

/// Why there are no potentials or moments.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CurrentsError {
    /// A segment, electrode or conductivity that is not allowed.
    #[error("segment {segment}: {error}")]
    Segment {
        /// Which segment.
        segment: usize,
        /// What is not allowed.
        error: HeadError,
    },
    /// Another number of currents than of segments.
    #[error("there are {currents} currents for {segments} segments")]
    Currents {
        /// Segments.
        segments: usize,
        /// Currents.
        currents: usize,
    },
    /// Currents of several lengths.
    #[error("the current of segment {segment} has {found} values, that of the first has {expected}")]
    Lengths {
        /// Which segment.
        segment: usize,
        /// Values of its current.
        found: usize,
        /// Values of the first.
        expected: usize,
    },
}

/// Potentials (mV) at each of `electrodes_um`, from currents (nA) that leave `segments`, all of one length.
///
/// # Errors
/// Those of [`potential_per_current`], and currents that are not one for each segment and of one length.
pub fn potentials(
    segments: &[Segment],
    currents_na: &[&[f64]],
    electrodes_um: &[Vector],
    shape: SourceShape,
    conductivity_s_per_m: f64,
) -> Result<Vec<Vec<f64>>, CurrentsError> {
    let length = same_length(segments, currents_na)?;
    let mut potentials = Vec::with_capacity(electrodes_um.len());
    for &electrode in electrodes_um {
        let mut potential = vec![0.0; length];
        for (number, (segment, current)) in segments.iter().zip(currents_na).enumerate() {
            let shape = if segment.start_um == segment.end_um { SourceShape::Point } else { shape };
            let gain = potential_per_current(segment, shape, electrode, conductivity_s_per_m);
            let gain = gain.map_err(|error| CurrentsError::Segment { segment: number, error })?;
            for (sum, current) in potential.iter_mut().zip(*current) {
                *sum += gain * current;
            }
        }
        potentials.push(potential);
    }
    Ok(potentials)
}

/// The dipole moment (nA um) along x, y and z of currents (nA) that leave `segments`, all of one length.
///
/// # Errors
/// Currents that are not one for each segment and of one length.
pub fn dipole_moment(segments: &[Segment], currents_na: &[&[f64]]) -> Result<[Vec<f64>; 3], CurrentsError> {
    let length = same_length(segments, currents_na)?;
    let mut moment = [(); 3].map(|()| vec![0.0; length]);
    for (segment, current) in segments.iter().zip(currents_na) {
        for (axis, sums) in moment.iter_mut().enumerate() {
            let middle = 0.5 * (segment.start_um[axis] + segment.end_um[axis]);
            for (sum, current) in sums.iter_mut().zip(*current) {
                *sum += middle * current;
            }
        }
    }
    Ok(moment)
}

fn same_length(segments: &[Segment], currents: &[&[f64]]) -> Result<usize, CurrentsError> {
    if currents.len() != segments.len() {
        return Err(CurrentsError::Currents { segments: segments.len(), currents: currents.len() });
    }
    let expected = currents.first().map_or(0, |current| current.len());
    match currents.iter().position(|current| current.len() != expected) {
        Some(segment) => Err(CurrentsError::Lengths { segment, found: currents[segment].len(), expected }),
        None => Ok(expected),
    }
}
