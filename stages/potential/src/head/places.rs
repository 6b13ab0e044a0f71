//! Electrodes of the 10-20 system and named cortical places on a spherical head.
//!
//! Directions come from 20 cortical places below the electrodes (mm, origin near the centre of the head, x right, y front,
//! z up; as tabulated by ncpi for the New York head of Huang, Parra & Haufe 2016 NeuroImage 140:150) and from four places
//! named by LFPykit. That head is no sphere: some of its cortical places are more than 90 mm from the origin, others less than
//! 70 mm. So only their directions are used: electrodes lie on the scalp, dipoles 1 mm below the brain's surface (78 mm in the
//! four-sphere head), pointing outwards.

use super::vector::{norm, scale};
use super::{ConcentricSpheres, Vector};

/// Depth of a named dipole below the surface of the innermost sphere.
pub const DIPOLE_DEPTH_UM: f64 = 1000.0;

/// Where the default dipole is: visual cortex.
pub const DEFAULT_PLACE: &str = "occipital";

/// A named electrode.
#[derive(Debug, Clone, PartialEq)]
pub struct Electrode {
    /// By which it is asked for.
    pub name: String,
    /// From the centre of the spheres.
    pub position_um: Vector,
}

/// A named dipole of fixed orientation (unit length).
#[derive(Debug, Clone, PartialEq)]
pub struct Dipole {
    /// By which it is asked for.
    pub name: String,
    /// From the centre of the spheres.
    pub position_um: Vector,
    /// Of length 1.
    pub orientation: Vector,
}

/// Electrodes of the 10-20 system.
const TEN_TWENTY_MM: [(&str, Vector); 20] = [
    ("Fp1", [-25.0, 65.0, 0.0]),
    ("Fp2", [25.0, 65.0, 0.0]),
    ("F7", [-50.0, 36.0, -10.0]),
    ("F3", [-39.0, 36.0, 36.0]),
    ("Fz", [-3.0, 36.0, 56.0]),
    ("F4", [39.0, 36.0, 36.0]),
    ("F8", [50.0, 36.0, -10.0]),
    ("T3", [-68.0, -20.0, 0.0]),
    ("C3", [-46.0, -15.0, 48.0]),
    ("Cz", [-3.0, -19.0, 76.0]),
    ("C4", [46.0, -15.0, 48.0]),
    ("T4", [68.0, -20.0, 0.0]),
    ("T5", [-57.0, -61.0, -17.0]),
    ("P3", [-40.0, -55.0, 50.0]),
    ("Pz", [-7.0, -52.0, 72.0]),
    ("P4", [40.0, -55.0, 50.0]),
    ("T6", [57.0, -61.0, -17.0]),
    ("O1", [-32.0, -90.0, 18.0]),
    ("Oz", [-3.0, -92.0, 20.0]),
    ("O2", [32.0, -90.0, 18.0]),
];

const NAMED_MM: [(&str, Vector); 4] = [
    ("calcarine", [5.0, -86.0, 2.0]),
    ("motor", [18.0, 8.0, 71.0]),
    ("parietal", [54.0, -48.0, 55.9]),
    ("occipital", [-24.7, -103.3, -1.46]),
];

/// The 20 electrodes Fp1..O2 on the surface of `head`.
pub fn ten_twenty_electrodes(head: &ConcentricSpheres) -> Vec<Electrode> {
    TEN_TWENTY_MM
        .iter()
        .map(|&(name, direction)| Electrode {
            name: name.into(),
            position_um: at_radius(direction, head.scalp_radius_um()),
        })
        .collect()
}

/// Names that [`named_dipole`] knows: four cortical places, then the 20 electrodes.
pub fn dipole_names() -> impl Iterator<Item = &'static str> {
    NAMED_MM.iter().chain(&TEN_TWENTY_MM).map(|(name, _)| *name)
}

/// A radial dipole below the surface of the innermost sphere, at a named cortical place or under an electrode.
pub fn named_dipole(head: &ConcentricSpheres, name: &str) -> Option<Dipole> {
    let (name, direction) = NAMED_MM.iter().chain(&TEN_TWENTY_MM).find(|(known, _)| *known == name)?;
    let brain_radius_um = head.radii_um.first()?;
    let depth_um = DIPOLE_DEPTH_UM.min(0.5 * brain_radius_um);
    Some(Dipole {
        name: (*name).into(),
        position_um: at_radius(*direction, brain_radius_um - depth_um),
        orientation: at_radius(*direction, 1.0),
    })
}

/// Index of the electrode nearest to a place, the first of equals; none without electrodes.
pub fn nearest_electrode(place_um: Vector, electrodes: &[Vector]) -> Option<usize> {
    let distance = |electrode: &Vector| norm([0, 1, 2].map(|i| electrode[i] - place_um[i]));
    electrodes.iter().enumerate().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b))).map(|(index, _)| index)
}

fn at_radius(direction: Vector, radius: f64) -> Vector {
    scale(radius / norm(direction), direction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn electrodes_lie_on_the_scalp_and_dipoles_below_the_cortical_surface() {
        let head = ConcentricSpheres::four_sphere();
        let electrodes = ten_twenty_electrodes(&head);
        assert_eq!(electrodes.len(), 20);
        assert_eq!((electrodes[0].name.as_str(), electrodes[19].name.as_str()), ("Fp1", "O2"));
        for electrode in &electrodes {
            assert!((norm(electrode.position_um) - 90_000.0).abs() < 1e-9);
        }
        assert_eq!(dipole_names().count(), 24);
        for name in dipole_names() {
            let dipole = named_dipole(&head, name).unwrap();
            assert!((norm(dipole.position_um) - 78_000.0).abs() < 1e-9);
            assert!((norm(dipole.orientation) - 1.0).abs() < 1e-15);
        }
        assert_eq!(named_dipole(&head, "cerebellum"), None);
    }

    #[test]
    fn dipoles_under_an_electrode_find_it() {
        let head = ConcentricSpheres::four_sphere();
        let electrodes = ten_twenty_electrodes(&head);
        let places: Vec<Vector> = electrodes.iter().map(|e| e.position_um).collect();
        for (i, electrode) in electrodes.iter().enumerate() {
            let dipole = named_dipole(&head, &electrode.name).unwrap();
            assert_eq!(nearest_electrode(dipole.position_um, &places), Some(i));
        }
        let default = named_dipole(&head, DEFAULT_PLACE).unwrap();
        let nearest = nearest_electrode(default.position_um, &places).unwrap();
        assert_eq!(electrodes[nearest].name, "O1");
        assert_eq!(nearest_electrode(default.position_um, &[]), None);
    }
}
