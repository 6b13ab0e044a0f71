//! Head models against LFPykit 0.6.2: `tests/golden/head_models`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_potential::head::magnetic::{MagneticLeadField, infinite_magnetic_lead_field, sphere_magnetic_lead_field};
use lapicque_potential::head::spheres::MAX_TERMS;
use lapicque_potential::head::{
    ConcentricSpheres, HeadError, LeadField, Vector, infinite_lead_field, sphere_lead_field,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/head_models/");

fn rows(file: &str) -> Vec<Vec<f64>> {
    std::fs::read_to_string(format!("{FOLDER}{file}"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect()
}

fn vector(row: &[f64]) -> Vector {
    row[..3].try_into().unwrap()
}

/// Largest difference over largest reference.
fn deviation(ours: &[f64], reference: &[f64]) -> f64 {
    let largest = reference.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
    ours.iter().zip(reference).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / largest
}

fn four_sphere(dipole: Vector, electrodes: &[Vector]) -> Result<LeadField, HeadError> {
    sphere_lead_field(&ConcentricSpheres::four_sphere(), &[dipole], electrodes)
}

#[test]
fn four_sphere_lead_field_equals_the_peer_s_with_a_tight_stop() {
    let rows = rows("four_sphere_leadfield_tight.csv");
    assert_eq!(rows.len(), 40);
    for row in rows {
        let field = four_sphere(vector(&row), &[vector(&row[3..])]).unwrap();
        let error = deviation(&field.of_dipole(0)[0], &row[6..]);
        assert!(error < 1e-7, "{row:?}: {error:e}");
    }
}

#[test]
fn all_dipoles_and_electrodes_at_once_give_the_same_bits() {
    let rows = rows("four_sphere_leadfield_tight.csv");
    let dipoles: Vec<Vector> = rows.chunks(8).map(|c| vector(&c[0])).collect();
    let electrodes: Vec<Vector> = rows[..8].iter().map(|r| vector(&r[3..])).collect();
    let head = ConcentricSpheres::four_sphere();
    let all = sphere_lead_field(&head, &dipoles, &electrodes).unwrap();
    assert_eq!((all.dipoles(), all.electrodes()), (5, 8));
    for (d, &dipole) in dipoles.iter().enumerate() {
        let one = four_sphere(dipole, &electrodes).unwrap();
        assert_eq!(all.of_dipole(d), one.of_dipole(0));
    }
}

#[test]
fn four_sphere_time_series() {
    let dipole = vector(&rows("four_sphere_leadfield_tight.csv")[0]);
    let electrodes: Vec<Vector> =
        rows("four_sphere_leadfield_tight.csv")[..4].iter().map(|r| vector(&r[3..])).collect();
    let rows = rows("four_sphere_timeseries.csv");
    let moments: Vec<Vector> = rows.iter().map(|r| vector(&r[1..])).collect();
    let field = four_sphere(dipole, &electrodes).unwrap();
    let potentials = field.potential_of_vectors(&[&moments]).unwrap();
    for (electrode, potential) in potentials.iter().enumerate() {
        let reference: Vec<f64> = rows.iter().map(|r| r[4 + electrode]).collect();
        let error = deviation(potential, &reference);
        // The peer's default truncation.
        assert!(error < 2e-5, "electrode {electrode}: {error:e}");
    }
}

#[test]
fn infinite_lead_field_equals_the_peer_s() {
    for row in rows("infinite_homogeneous_eeg_leadfield.csv") {
        let field = infinite_lead_field(0.3, &[vector(&row)], &[vector(&row[3..])]).unwrap();
        assert!(deviation(&field.of_dipole(0)[0], &row[6..]) < 1e-12);
    }
}

#[test]
fn magnetic_fields_equal_the_peer_s() {
    type Model = fn(&[Vector], &[Vector]) -> Result<Vec<MagneticLeadField>, HeadError>;
    for (file, model) in [
        ("meg_infinite_homogeneous_H.csv", infinite_magnetic_lead_field as Model),
        ("meg_spherically_symmetric_H.csv", sphere_magnetic_lead_field),
    ] {
        for row in rows(file) {
            let field = model(&[vector(&row)], &[vector(&row[3..])]).unwrap();
            assert!(deviation(field[0].as_flattened(), &row[6..]) < 1e-12, "{file}");
        }
    }
}

#[test]
fn radial_dipoles_are_magnetically_silent_outside_a_sphere() {
    let dipole = [3e4, 1e4, 5e4];
    let field = sphere_magnetic_lead_field(&[dipole], &[[1e4, -2e4, 9e4]]).unwrap()[0];
    for row in field {
        let h: f64 = row.iter().zip(dipole).map(|(m, p)| m * p).sum();
        assert!(h.abs() < 1e-12 * row.iter().fold(0.0, |m: f64, x| m.max((x * 5e4).abs())));
    }
}

#[test]
fn equal_conductivities_are_one_sphere() {
    let dipole = [1e4, 2e4, 7e4];
    let electrodes = [[0.0, 0.0, 9e4], [5e4, 0.0, 6.5e4], [0.0, -8e4, 0.0], [1e4, 0.0, -8.5e4]];
    let four = ConcentricSpheres { conductivities_s_per_m: vec![0.3; 4], ..ConcentricSpheres::four_sphere() };
    let one = ConcentricSpheres { radii_um: vec![9e4], conductivities_s_per_m: vec![0.3] };
    let four = sphere_lead_field(&four, &[dipole], &electrodes).unwrap();
    let one = sphere_lead_field(&one, &[dipole], &electrodes).unwrap();
    for (a, b) in four.of_dipole(0).iter().zip(one.of_dipole(0)) {
        assert!(deviation(a, b) < 1e-11, "{a:?} {b:?}");
    }
}

/// Potential and radial current density of a moment along (1, 2, 3) on both sides of every boundary.
#[test]
fn potential_and_radial_current_are_continuous_and_none_leaves_the_scalp() {
    let head = ConcentricSpheres::four_sphere();
    let dipole = [2e4, -1e4, 7e4];
    let direction = [0.48, 0.6, 0.64];
    let at = |radius: f64| {
        let field = four_sphere(dipole, &[direction.map(|x| x * radius)]).unwrap();
        field.gains_along(0, [1.0, 2.0, 3.0]).unwrap()[0]
    };
    let slope = |from: f64, to: f64| (at(to) - at(from)) / (to - from);
    let step = 0.5;
    for i in 0..3 {
        let radius = head.radii_um[i];
        assert!((at(radius * (1.0 + 1e-12)) / at(radius) - 1.0).abs() < 1e-9);
        let (inner, outer) = (head.conductivities_s_per_m[i], head.conductivities_s_per_m[i + 1]);
        // Second differences remove the curvature on either side.
        let below = 1.5 * slope(radius - step, radius) - 0.5 * slope(radius - 2.0 * step, radius - step);
        let above = 1.5 * slope(radius + 1e-6, radius + step) - 0.5 * slope(radius + step, radius + 2.0 * step);
        let (below, above) = (inner * below, outer * above);
        assert!((below / above - 1.0).abs() < 1e-4, "{i}: {below:e} {above:e}");
    }
    let surface = 1.5 * slope(9e4 - step, 9e4) - 0.5 * slope(9e4 - 2.0 * step, 9e4 - step);
    assert!((surface * 9e4).abs() < 1e-5 * at(9e4).abs());
}

#[test]
fn the_scalp_radius_counts_as_scalp_up_to_rounding() {
    let dipole = [0.0, 0.0, 78_000.0];
    let field = four_sphere(dipole, &[[0.0, 0.0, 9e4], [0.0, 0.0, 9e4 * (1.0 + 4.5e-16)]]).unwrap();
    let gains = field.gains_along(0, dipole).unwrap();
    assert!((gains[0] / gains[1] - 1.0).abs() < 1e-12);
    assert_eq!(
        four_sphere(dipole, &[[0.0, 9e4, 0.0], [0.0, 0.0, 90_000.001]]),
        Err(HeadError::ElectrodeOutside { electrode: 1, radius_um: 90_000.001, head_radius_um: 9e4 })
    );
}

#[test]
fn refuses_places_for_which_the_series_has_no_meaning() {
    let scalp = [[0.0, 0.0, 9e4]];
    for dipole in [[0.0; 3], [79_000.0, 0.0, 0.0], [0.0, 0.0, 85_000.0]] {
        assert!(matches!(four_sphere(dipole, &scalp), Err(HeadError::DipoleOutsideBrain { .. })));
    }
    assert!(matches!(four_sphere([0.0, 0.0, 5e4], &[[0.0, 5e4, 0.0]]), Err(HeadError::ElectrodeBelowDipole { .. })));
    assert!(four_sphere([f64::NAN, 0.0, 5e4], &scalp).is_err());
    assert!(four_sphere([0.0, 0.0, 5e4], &[[0.0, f64::INFINITY, 0.0]]).is_err());
    let mut head = ConcentricSpheres::four_sphere();
    head.radii_um[2] = 80_000.0;
    assert!(sphere_lead_field(&head, &[], &[]).is_err());
    head.radii_um.pop();
    assert!(sphere_lead_field(&head, &[], &[]).is_err());
    let empty = sphere_lead_field(&ConcentricSpheres::four_sphere(), &[], &scalp).unwrap();
    assert_eq!(empty.dipoles(), 0);
}

/// Shallow dipoles need many terms only next to them.
#[test]
fn dipoles_next_to_the_brain_surface_converge_or_are_refused() {
    let near = |q: f64| [0.0, 0.0, q * 79_000.0];
    let scalp: [Vector; 2] = [[0.0, 0.0, 9e4], [9e4, 0.0, 0.0]];
    let at = |q| four_sphere(near(q), &scalp).unwrap().of_dipole(0).to_vec();
    // On the scalp the potential is smooth in depth: extrapolate linearly from two shallow dipoles.
    let (a, b, c) = (at(0.9998), at(0.9999), at(0.999_999_9));
    for (electrode, axis) in [(0, 0), (0, 2), (1, 0), (1, 2)] {
        let (a, b, c) = (a[electrode][axis], b[electrode][axis], c[electrode][axis]);
        assert!((c - (2.0 * b - a)).abs() <= 1e-5 * c.abs(), "{a} {b} {c}");
    }
    let boundary = [[0.0, 6e4, (79_000.0_f64.powi(2) - 3.6e9).sqrt()]];
    assert!(four_sphere(near(0.9999), &boundary).is_ok());
    assert_eq!(
        four_sphere(near(0.999_999_9), &boundary),
        Err(HeadError::SlowSeries { electrode: 0, dipole: 0, terms: MAX_TERMS })
    );
}
