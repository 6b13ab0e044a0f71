use super::*;
use crate::electrodes::Electrode;

fn places(names: &[&str]) -> Vec<Direction> {
    names.iter().map(|name| Electrode::of(name).unwrap().direction()).collect()
}

#[test]
fn neighbours_are_the_nearest_with_all_that_are_as_near() {
    let names = ["Cz", "FCz", "CPz", "C1", "C2", "T7", "Fz"];
    let all = neighbours(&places(&names), 4);
    assert_eq!(all[0], [1, 2, 3, 4]);
    // Three are asked for, four are equally near.
    assert_eq!(neighbours(&places(&names), 3)[0], [1, 2, 3, 4]);
    assert_eq!(neighbours(&places(&names), 1)[6], [1]);
    // Fewer than asked for.
    assert_eq!(neighbours(&places(&names[..3]), 4), [vec![1, 2], vec![0, 2], vec![0, 1]]);
    assert_eq!(neighbours(&places(&names[..1]), 4), [Vec::<usize>::new()]);
    assert!(neighbours(&[], 4).is_empty());
}

#[test]
fn neighbours_do_not_depend_on_the_order_of_channels() {
    let names = ["Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "Pz", "O1", "O2"];
    let turned: Vec<&str> = names.iter().rev().copied().collect();
    let of = |names: &[&str]| -> std::collections::BTreeMap<String, Vec<String>> {
        let all = neighbours(&places(names), 4);
        let named = |nearest: &Vec<usize>| {
            let mut named: Vec<String> = nearest.iter().map(|i| names[*i].to_owned()).collect();
            named.sort();
            named
        };
        names.iter().map(|name| (*name).to_owned()).zip(all.iter().map(named)).collect()
    };
    assert_eq!(of(&names), of(&turned));
}

#[test]
fn angles_are_right_where_they_are_small_and_large() {
    let degrees = |a: f64| [a.to_radians().sin(), 0.0, a.to_radians().cos()];
    for a in [0.0, 1e-7, 22.5, 90.0, 179.999_999, 180.0] {
        assert!((angle(&degrees(0.0), &degrees(a)).to_degrees() - a).abs() < 1e-12, "{a}");
    }
}

#[test]
fn chains_are_of_known_electrodes_once_each() {
    for chain in [&LONGITUDINAL[..], &TRANSVERSE[..]] {
        for (i, (a, b)) in chain.iter().enumerate() {
            for name in [a, b] {
                assert_eq!(Electrode::of(name).unwrap().name(), **name);
            }
            assert!(a != b && !chain[..i].contains(&(a, b)));
        }
    }
}

#[test]
fn differences_are_missing_where_either_is() {
    let y = minus(&[1.0, f64::NAN, 3.0], &[0.5, 1.0, f64::NAN]);
    assert_eq!(y[0], 0.5);
    assert!(y[1].is_nan() && y[2].is_nan());
    assert!(minus(&[], &[]).is_empty());
}
