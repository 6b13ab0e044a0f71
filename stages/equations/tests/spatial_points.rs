//! Morphologies of sections, points and SWC files: geometry in closed form, what is a soma, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::f64::consts::PI;

use lapicque_equations::spatial::points::{Place, Point, from_points};
use lapicque_equations::spatial::{MAX_COMPARTMENTS, Morphology, MorphologyError, Section, Shape, swc};
use proptest::prelude::*;

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} {expected}");
}

fn read(text: &str) -> Morphology {
    swc::read(text.as_bytes()).unwrap()
}

fn refused(text: &str, message: &str) {
    assert_eq!(swc::read(text.as_bytes()).unwrap_err().to_string(), message, "{text}");
}

fn parents(morphology: &Morphology) -> Vec<Option<usize>> {
    (0..morphology.sections()).map(|section| morphology.parent(section)).collect()
}

fn area(morphology: &Morphology) -> f64 {
    morphology.compartments().iter().map(|own| own.area).sum()
}

#[test]
fn spheres_cylinders_and_cones_have_their_geometry() {
    let cones = Shape::Cones { lengths: vec![3.0, 5.0], diameters: vec![10.0, 2.0, 2.0] };
    let morphology = Morphology::new(&[
        Section { parent: None, shape: Shape::Soma { diameter: 4.0 } },
        Section { parent: Some(0), shape: Shape::Cylinder { compartments: 2, length: 8.0, diameter: 3.0 } },
        Section { parent: Some(1), shape: cones },
    ])
    .unwrap();
    assert_eq!(parents(&morphology), [None, Some(0), Some(1)]);
    assert_eq!((morphology.range(1), morphology.range(2), morphology.range(3)), (1..3, 3..5, 0..0));
    let all = morphology.compartments();
    assert_eq!(all.iter().map(|own| own.distance).collect::<Vec<_>>(), [0.0, 2.0, 6.0, 9.5, 13.5]);
    assert_eq!(all.iter().map(|own| own.length).collect::<Vec<_>>(), [4.0, 4.0, 4.0, 3.0, 5.0]);
    assert_eq!(all.iter().map(|own| own.diameter).collect::<Vec<_>>(), [4.0, 3.0, 3.0, 6.0, 2.0]);
    close(all[0].area, 16.0 * PI);
    close(all[0].volume, 32.0 / 3.0 * PI);
    close(all[1].area, 12.0 * PI);
    close(all[1].volume, 9.0 * PI);
    // The sides of a cone with radii 5 and 1 and height 3 are 5 long.
    close(all[3].area, PI * (5.0 + 1.0) * 5.0);
    close(all[3].volume, PI / 3.0 * 3.0 * (25.0 + 5.0 + 1.0));
    close(all[3].r_length_1, PI * 5.0 * 3.0 / 1.5);
    close(all[3].r_length_2, PI * 3.0 * 1.0 / 1.5);
    // The resistance of a cone is l/(pi a b); that of its halves is that of halves at the mean diameter.
    let halves = 1.0 / all[3].r_length_1 + 1.0 / all[3].r_length_2;
    close(halves, 1.5 / (PI * 5.0 * 3.0) + 1.5 / (PI * 3.0 * 1.0));
}

#[test]
fn sections_that_are_no_morphology_are_refused() {
    let stick =
        |parent, n, length, diameter| Section { parent, shape: Shape::Cylinder { compartments: n, length, diameter } };
    let soma = |parent| Section { parent, shape: Shape::Soma { diameter: 1e-5 } };
    let error = |sections: &[Section]| Morphology::new(sections).unwrap_err();
    assert_eq!(error(&[]), MorphologyError::NoSections);
    assert_eq!(error(&[stick(Some(0), 1, 1e-5, 1e-6)]), MorphologyError::Parent { section: 0, parent: 0 });
    assert_eq!(error(&[soma(None), stick(Some(7), 1, 1e-5, 1e-6)]), MorphologyError::Parent { section: 1, parent: 7 });
    assert_eq!(error(&[soma(None), soma(Some(0))]), MorphologyError::Soma { section: 1 });
    assert_eq!(error(&[soma(None), stick(None, 1, 1e-5, 1e-6)]), MorphologyError::Soma { section: 1 });
    assert_eq!(error(&[stick(None, 0, 1e-5, 1e-6)]), MorphologyError::NoCompartments { section: 0 });
    for bad in [0.0, -1e-6, f64::NAN, f64::INFINITY, 1e-30, 1e30] {
        for (length, diameter) in [(bad, 1e-6), (1e-6, bad)] {
            let list = [stick(None, 1, length, diameter)];
            assert!(matches!(error(&list), MorphologyError::Size { section: 0, .. }), "{bad}");
            let shape = Shape::Cones { lengths: vec![1e-6, length], diameters: vec![1e-6, diameter, 1e-6] };
            let list = [Section { parent: None, shape }];
            assert!(matches!(error(&list), MorphologyError::Size { section: 0, .. }), "{bad}");
        }
    }
    let shape = Shape::Cones { lengths: vec![1e-6; 2], diameters: vec![1e-6; 2] };
    let found = error(&[Section { parent: None, shape }]);
    assert_eq!(found, MorphologyError::Diameters { section: 0, lengths: 2, diameters: 2 });
    for n in [MAX_COMPARTMENTS + 1, usize::MAX] {
        let found = error(&[soma(None), stick(Some(0), n, 1.0, 1e-6)]);
        assert!(matches!(found, MorphologyError::TooMany { section: 1, .. }), "{found}");
    }
}

const DENDRITE: &str = "4 3 10 0 0 1 1\n5 3 20 0 0 0.5 4\n";

#[test]
fn a_soma_of_one_or_three_points_is_a_sphere() {
    let one = read(&format!("1 1 0 0 0 5 -1\n{DENDRITE}"));
    let three = read(&format!("1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5.04 0 5 1\n{DENDRITE}"));
    assert_eq!(one, three);
    let all = one.compartments();
    assert_eq!(all.len(), 3);
    close(all[0].area, PI * 1e-10);
    // It begins at the midpoint of the sphere with its own diameter.
    close(all[1].length, 1e-5);
    close(all[1].diameter, 2e-6);
    close(all[2].diameter, 1.5e-6);
    assert_eq!(all[0].position, Some([0.0; 3]));
    close(all[2].position.unwrap()[0], 1.5e-5);
    assert_eq!(all.iter().map(|own| own.structure).collect::<Vec<_>>(), [Some(1), Some(3), Some(3)]);
    // A sphere alone.
    assert_eq!(read("1 1 0 0 0 5 -1").compartments().len(), 1);
}

#[test]
fn other_somas_are_cones() {
    // Not opposite, another diameter, too far, with a child, in a row.
    for two in [
        "2 1 0 -5 0 5 1\n3 1 0 -5 0 5 1",
        "2 1 0 -5 0 5 1\n3 1 0 5 0 4 1",
        "2 1 0 -7 0 5 1\n3 1 0 7 0 5 1",
        "2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n6 3 0 9 0 1 3",
    ] {
        let found = read(&format!("1 1 0 0 0 5 -1\n{two}\n{DENDRITE}"));
        assert_eq!(parents(&found).iter().filter(|parent| parent.is_none()).count(), 3, "{two}");
        assert_eq!(found.compartments()[0].structure, Some(1));
    }
    let row = read("1 1 0 -5 0 5 -1\n2 1 0 0 0 5 1\n3 1 0 5 0 5 2\n4 3 0 6 0 1 3\n5 3 0 8 0 1 4");
    assert_eq!(parents(&row), [None, Some(0)]);
    // Of the same area as the sphere; the dendrite is no wider at the soma.
    close(area(&row), 4.0 * PI * 25e-12 + PI * 2e-6 * 3e-6);
}

#[test]
fn compartments_are_ordered_depth_first_however_lines_are() {
    let sorted =
        "1 1 0 0 0 5 -1\n2 3 10 0 0 1 1\n3 3 20 0 0 1 2\n4 3 30 5 0 0.5 3\n5 3 30 -5 0 0.5 3\n6 2 -10 0 0 1 1\n";
    let found = read(sorted);
    assert_eq!(parents(&found), [None, Some(0), Some(1), Some(1), Some(0)]);
    let y: Vec<f64> = found.compartments().iter().map(|own| (own.position.unwrap()[1] * 1e9).round()).collect();
    assert_eq!(y, [0.0, 0.0, 0.0, 2500.0, -2500.0, 0.0]);
    // A child before its parent, and any numbers.
    let shuffled =
        "90 3 20 0 0 1 -7\n-7 3 10 0 0 1 1\n1 1 0 0 0 5 -1\n12 3 30 5 0 0.5 90\n5 3 30 -5 0 0.5 90\n6 2 -10 0 0 1 1\n";
    assert_eq!(read(shuffled), found);
    // A section ends where the structure changes, with no other effect.
    let apical = read(&sorted.replace("3 3 20 0 0 1 2", "3 4 20 0 0 1 2"));
    assert_eq!(parents(&apical), [None, Some(0), Some(1), Some(2), Some(2), Some(0)]);
    close(area(&apical), area(&found));
}

#[test]
fn files_may_have_comments_blank_lines_and_other_ends_of_lines() {
    let plain = read("1 1 0 0 0 5 -1\n2 3 10 0 0 1 1\n");
    let text = b"\xef\xbb\xbf# caf\xe9\r\n\r\n  1\t1  0 0.0 -0 5e0 -1 # soma\r\n \t\r\n2 3 10 0 0 1 1";
    assert_eq!(swc::read(text).unwrap(), plain);
    let (points, lines) = swc::points(text).unwrap();
    assert_eq!((points.len(), lines), (2, vec![3, 5]));
}

#[test]
fn mistakes_are_named_with_their_lines() {
    let soma = "# a neuron\n1 1 0 0 0 5 -1\n";
    refused("", "no points; give at least one");
    refused("# nothing\n\n", "no points; give at least one");
    refused("1 3 0 0 0 5 -1", "line 1: a single point must be a soma (1), got 3");
    refused(
        &format!("{soma}2 3 10 0 0 1\n"),
        "line 3: 6 fields; expected 7: index, structure, x, y, z, radius, parent",
    );
    refused(
        &format!("{soma}2 3 10 0 0 1 1 8 9\n"),
        "line 3: 9 fields; expected 7: index, structure, x, y, z, radius, parent",
    );
    refused(&format!("{soma}2.5 3 1 0 0 1 1"), "line 3: the index is `2.5`; expected a whole number");
    refused(&format!("{soma}2 -3 1 0 0 1 1"), "line 3: the structure is `-3`; expected a whole number >= 0");
    refused(&format!("{soma}2 3 1 x 0 1 1"), "line 3: y is `x`; expected a number, in um");
    refused(&format!("{soma}2 3 1 0 nan 1 1"), "line 3: z is `nan`; expected a number, in um");
    refused(&format!("{soma}2 3 1 0 0 inf 1"), "line 3: the radius is `inf`; expected a number, in um");
    refused(&format!("{soma}2 3 1 0 0 1 1.0"), "line 3: the parent is `1.0`; expected a whole number");
    for radius in ["0", "-1", "1e-300", "1e300"] {
        let error = swc::read(format!("{soma}2 3 1 0 0 {radius} 1").as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("line 3: the diameter "), "{error}");
    }
    refused(
        &format!("{soma}2 3 1e300 0 0 1 1"),
        "line 3: the coordinate 1e294 m is not allowed; it must be within 1000 m of 0",
    );
    refused(&format!("{soma}2 3 1 0 0 1 9"), "line 3: the parent 9 is not there");
    refused(&format!("{soma}\n1 3 1 0 0 1 1"), "line 4: another point before has the index 1 too");
    refused(
        &format!("{soma}2 3 1 0 0 1 -1"),
        "line 3: a second root; expected one neuron, in which all points but one have a parent",
    );
    refused("1 1 0 0 0 5 2\n2 1 0 0 1 5 1", "all points have a parent; expected one root without");
    let circle = "not connected to the root; the point is its own ancestor, or a descendant of one that is";
    refused(&format!("{soma}2 3 1 0 0 1 1\n3 3 1 0 0 1 4\n4 3 2 0 0 1 3"), &format!("line 4: {circle}"));
    refused(&format!("{soma}2 3 1 0 0 1 2"), &format!("line 3: {circle}"));
    refused(
        &format!("{soma}2 3 1 0 0 1 1\n3 3 1 0 0 1 2"),
        "line 4: the point is 0e0 m away from its parent; it must be above 0, and neither tiny nor huge",
    );
    let long = format!("{soma}2 3 {} 0 0 1 1", "y".repeat(500));
    assert!(swc::read(long.as_bytes()).unwrap_err().to_string().len() < 100);
}

#[test]
fn points_are_named_by_their_number() {
    let point = Point { index: 4, structure: 3, position: [0.0; 3], diameter: 1e-6, parent: None };
    let child = Point { index: 5, position: [f64::NAN, 0.0, 0.0], parent: Some(4), ..point };
    assert_eq!(from_points(&[point, child]).unwrap_err().place, Some(Place::Point(1)));
    let child = Point { position: [0.0, 3e-6, 4e-6], ..child };
    let found = from_points(&[point, child]).unwrap();
    close(found.compartments()[0].length, 5e-6);
    assert_eq!(from_points(&vec![point; MAX_COMPARTMENTS + 1]).unwrap_err().place, None);
}

#[test]
fn long_neurites_are_no_trouble() {
    let mut text = String::from("0 1 0 0 0 5 -1\n");
    for i in 1..200_000 {
        text.push_str(&format!("{i} 3 {i} 0 0 1 {}\n", i - 1));
    }
    assert_eq!(read(&text).compartments().len(), 200_000);
}

proptest! {
    #[test]
    fn any_bytes_give_a_morphology_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = swc::read(&bytes);
    }

    #[test]
    fn any_lines_of_small_numbers_give_one_compartment_a_point_or_an_error(
        lines in prop::collection::vec((0_i64..9, 0_u32..4, -2_i32..3, -2_i32..3, 0_i64..9), 1..9),
    ) {
        let mut text = String::from("0 1 0 0 0 1 -1\n");
        for (index, structure, x, y, parent) in &lines {
            text.push_str(&format!("{index} {structure} {x} {y} 0 1 {parent}\n"));
        }
        if let Ok(found) = swc::read(text.as_bytes()) {
            // A soma of one point is a compartment, of three as well, of others one less than it has points.
            let n = lines.len();
            prop_assert!((n - 1..=n + 1).contains(&found.compartments().len()));
            prop_assert!(found.compartments().iter().all(|own| own.area > 0.0 && own.position.is_some()));
        }
    }
}
