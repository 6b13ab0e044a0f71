//! Potentials and moments of currents through membranes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_potential::currents::{CurrentsError, dipole_moment, potentials};
use lapicque_potential::sources::{Segment, SourceShape, potential_per_current};

fn stick(z: f64) -> Segment {
    Segment { start_um: [0.0, 0.0, z], end_um: [0.0, 0.0, z + 100.0], diameter_um: 2.0 }
}

#[test]
fn a_sink_and_a_source_are_a_dipole_from_afar() {
    let segments = [stick(0.0), stick(400.0)];
    let (sink, source) = ([-1.0, -0.5], [1.0, 0.5]);
    let moment = dipole_moment(&segments, &[&sink, &source]).unwrap();
    assert_eq!(moment, [vec![0.0, 0.0], vec![0.0, 0.0], vec![400.0, 200.0]]);

    // phi = p cos(theta)/(4 pi sigma r^2), from the midpoint of both.
    let far = 1e6;
    let place = [0.0, 0.0, 250.0 + far];
    for shape in [SourceShape::Line, SourceShape::Point] {
        let found = potentials(&segments, &[&sink, &source], &[place], shape, 0.3).unwrap();
        for (found, moment) in found[0].iter().zip(&moment[2]) {
            let theory = moment / (4.0 * std::f64::consts::PI * 0.3 * far * far);
            assert!((found / theory - 1.0).abs() < 1e-6, "{found} {theory}");
        }
    }
}

#[test]
fn potentials_are_sums_over_segments() {
    let segments =
        [stick(0.0), stick(150.0), Segment { end_um: [5.0, 1.0, 2.0], start_um: [5.0, 1.0, 2.0], diameter_um: 20.0 }];
    let currents: [&[f64]; 3] = [&[1.0, 2.0, -3.0], &[0.0, 0.25, 4.0], &[-1.0, 7.0, 0.0]];
    let electrodes = [[30.0, 0.0, 50.0], [-20.0, 10.0, 400.0]];
    let found = potentials(&segments, &currents, &electrodes, SourceShape::Line, 0.25).unwrap();
    for (electrode, found) in electrodes.iter().zip(found) {
        for (time, found) in found.iter().enumerate() {
            let shapes = [SourceShape::Line, SourceShape::Line, SourceShape::Point];
            let of = |s: usize| potential_per_current(&segments[s], shapes[s], *electrode, 0.25).unwrap();
            let sum: f64 = (0..3).map(|s| of(s) * currents[s][time]).sum();
            assert!((found - sum).abs() <= 1e-14 * sum.abs().max(1e-3), "{found} {sum}");
        }
    }
}

#[test]
fn nothing_has_no_potential() {
    assert_eq!(potentials(&[], &[], &[[0.0; 3]], SourceShape::Line, 0.3).unwrap(), [Vec::<f64>::new()]);
    assert!(dipole_moment(&[], &[]).unwrap().iter().all(Vec::is_empty));
}

#[test]
fn what_does_not_fit_is_refused() {
    let run = |segments: &[Segment], currents: &[&[f64]]| {
        potentials(segments, currents, &[[9.0; 3]], SourceShape::Line, 0.3).unwrap_err()
    };
    assert_eq!(run(&[stick(0.0)], &[]), CurrentsError::Currents { segments: 1, currents: 0 });
    let lengths = CurrentsError::Lengths { segment: 1, found: 1, expected: 2 };
    assert_eq!(run(&[stick(0.0), stick(200.0)], &[&[1.0, 2.0], &[1.0]]), lengths);
    let thin = Segment { diameter_um: 0.0, ..stick(0.0) };
    let message = run(&[stick(0.0), thin], &[&[1.0], &[1.0]]).to_string();
    assert!(message.contains("segment 1") && message.contains("diameter_um"), "{message}");
}
