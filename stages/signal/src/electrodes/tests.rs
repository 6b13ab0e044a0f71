use super::*;

fn name_of(channel: &str) -> Option<String> {
    Electrode::of(channel).map(|electrode| electrode.name())
}

fn near(a: Direction, b: Direction) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

#[test]
fn names_are_read_as_recordings_write_them() {
    for (channel, expected) in [
        ("Cz", "Cz"),
        ("FP1", "Fp1"),
        ("fpz", "Fpz"),
        ("EEG Fp1-Ref", "Fp1"),
        ("EEG T3-LE", "T7"),
        ("eeg:T6", "P8"),
        ("Fc5.", "FC5"),
        ("Iz..", "Iz"),
        ("T10.", "T10"),
        ("  AF8 ", "AF8"),
        ("O9", "I1"),
        ("I2", "I2"),
        ("Oz - AVG", "Oz"),
    ] {
        assert_eq!(name_of(channel).as_deref(), Some(expected), "{channel}");
    }
}

#[test]
fn what_is_no_place_of_the_system_is_not_known() {
    for channel in [
        "", "z", "1", "EEG", "EEG 1", "A1", "M2", "Fp1-F7", "C3-A2", "C3:M2", "ECG", "EOG left", "T1", "T2", "FC7",
        "C7", "FT1", "O3", "Fp3", "N1", "P11", "P0", "P07", "P3a", "PP3", "E12", "Ñz", "F-3", "F 3", "F3 F4", "EEGF3",
        "P999",
    ] {
        assert_eq!(name_of(channel), None, "{channel}");
    }
}

#[test]
fn places_are_those_of_the_angles() {
    let at = |name: &str| Electrode::of(name).unwrap().direction();
    assert!(near(at("Cz"), [0.0, 0.0, 1.0]));
    assert!(near(at("T7"), [-1.0, 0.0, 0.0]) && near(at("T8"), [1.0, 0.0, 0.0]));
    assert!(near(at("Fpz"), [0.0, 1.0, 0.0]) && near(at("Oz"), [0.0, -1.0, 0.0]));
    let half = 0.5_f64.sqrt();
    assert!(near(at("C3"), [-half, 0.0, half]) && near(at("Pz"), [0.0, -half, half]));
    let (sin, cos) = 18_f64.to_radians().sin_cos();
    assert!(near(at("Fp2"), [sin, cos, 0.0]) && near(at("O1"), [-sin, -cos, 0.0]));
    assert!(at("T9")[2] < 0.0 && at("Nz")[2] < 0.0 && at("Iz")[2] < 0.0);
}

#[test]
fn all_lie_on_the_sphere_at_different_places_and_mirror_each_other() {
    let mut all = Vec::new();
    for row in ROWS {
        for number in row.numbers {
            let electrode = Electrode { row: row.letters, number };
            assert_eq!(Electrode::of(&electrode.name()), Some(electrode));
            let place = electrode.direction();
            assert!((place.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12, "{electrode:?}: {place:?}");
            all.push((electrode, place));
        }
    }
    assert_eq!(all.len(), 87);
    for (i, (electrode, place)) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|(_, other)| !near(*place, *other)), "{electrode:?}");
        if electrode.number % 2 == 1 {
            let mirror = Electrode { number: electrode.number + 1, ..*electrode }.direction();
            assert!(near(mirror, [-place[0], place[1], place[2]]), "{electrode:?}");
        }
        // Front and back as well: F3 and P3.
        let back = match electrode.row {
            "F" => "P",
            "AF" => "PO",
            "FC" => "CP",
            _ => continue,
        };
        let twin = Electrode { row: back, ..*electrode }.direction();
        assert!(near(twin, [place[0], -place[1], place[2]]), "{electrode:?}");
    }
}

#[test]
fn quarters_of_a_row_are_equally_far_apart() {
    let at = |name: &str| Electrode::of(name).unwrap().direction();
    for row in ["AF", "F", "P", "PO"] {
        let names = ["7", "5", "3", "1", "z", "2", "4", "6", "8"].map(|number| format!("{row}{number}"));
        let places = names.map(|name| at(&name));
        let steps: Vec<f64> = places
            .windows(2)
            .map(|two| two[0].iter().zip(two[1]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt())
            .collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-12), "{row}: {steps:?}");
    }
}
