//! Theory of networks, through a pipeline: the numbers of NNMT and of Potjans & Diesmann, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use num_complex::Complex64;
use serde_json::Value;
use support::{floats, ran, refused, texts};

/// Rates in Hz with the parameters of Potjans & Diesmann (2014) and of Bos et al. (2016), by NNMT 1.3.0.
const SHIFT: [f64; 8] = [0.75418827, 2.79370842, 4.44021852, 5.82292556, 7.15358793, 8.469816, 1.15973716, 7.75571581];
const TAYLOR: [f64; 8] =
    [0.70901971, 2.74821358, 4.56194926, 5.78823666, 7.2783459, 8.46810992, 1.06374654, 7.65747774];
const BOS: [f64; 8] = [0.72219199, 2.68821422, 4.1893135, 5.67129662, 6.55753002, 8.28560849, 1.12850794, 7.67473951];

/// Network parameters of NNMT.
const NNMT: &str = "../../tests/golden/nnmt_networks";

fn rates(stage: &str) -> Vec<f64> {
    floats(&ran(stage, Path::new(".")).table("theory"), "rate_hz")
}

fn near(found: &[f64], due: &[f64], within: f64) {
    assert_eq!(found.len(), due.len());
    for (found, due) in found.iter().zip(due) {
        assert!((found - due).abs() <= within, "{found} is not {due}");
    }
}

#[test]
fn the_working_points_of_the_microcircuit_are_those_of_the_peer() {
    let stage =
        |network: &str, rest: &str| format!("  theory: {{kind: meanfield.working_point, network: {network}{rest}}}\n");
    near(&rates(&stage("potjans_diesmann", "")), &SHIFT, 1e-6);
    near(&rates(&stage("potjans_diesmann", ", method: taylor")), &TAYLOR, 1e-6);
    near(&rates(&stage("bos2016", "")), &BOS, 1e-6);
    let table = ran(&stage("potjans_diesmann", ""), Path::new(".")).table("theory");
    assert_eq!(texts(&table, "population")[..3], ["L23E", "L23I", "L4E"]);
    assert!(floats(&table, "residual_hz").iter().all(|residual| *residual < 1e-9));
}

#[test]
fn a_swept_parameter_gives_a_working_point_for_each_value() {
    let text = "  parameters: {kind: parameters.grid, sweep: {J_ext: {linspace: [27 pA, 32 pA, 6]}}}\n\
                \x20 theory: {kind: meanfield.working_point, network: hagen, inputs: {parameters: parameters}}\n";
    let ran = ran(text, Path::new("."));
    let stage = ran.record.stages.iter().find(|stage| stage.stage == "theory").unwrap();
    assert_eq!((stage.samples, stage.failed), (6, 0));
    let of_all = floats(&ran.table("theory"), "rate_hz");
    let excitatory: Vec<f64> = of_all.iter().step_by(2).copied().collect();
    assert!(excitatory.windows(2).all(|pair| pair[0] < pair[1]), "more drive, more spikes: {excitatory:?}");
}

#[test]
fn a_sample_without_a_rate_fails_alone() {
    let text = "  parameters: {kind: parameters.grid, sweep: {tau_syn: {values: [0.5 ms, 5 ms]}}}\n\
                \x20 theory: {kind: meanfield.working_point, network: potjans_diesmann, method: taylor, inputs: {parameters: parameters}, on_error: skip}\n";
    let ran = ran(text, Path::new("."));
    assert_eq!(ran.counts("theory"), (2, 0, 1));
    assert!(ran.failures().iter().any(|told| told.contains("use the shift")), "{:?}", ran.failures());
}

#[test]
fn slow_synapses_are_remarked() {
    let remarks = |tau_syn: &str| {
        let set = format!("parameters: {{tau_syn_E: {tau_syn}, tau_syn_I: {tau_syn}}}");
        let ran = ran(&format!("  theory: {{kind: meanfield.working_point, network: hagen, {set}}}\n"), Path::new("."));
        assert!(floats(&ran.table("theory"), "rate_hz").iter().all(|rate| *rate > 0.0));
        ran.record.stages[0].notes.iter().any(|(note, samples)| note.contains("a tenth of tau_m") && *samples == 1)
    };
    assert!(!remarks("1 ms") && remarks("2 ms"));
}

/// One population that nothing but its drive reaches.
const ALONE: &str = "
network: 1
name: alone
populations:
  E:
    size: 100
    model: iaf_psc_exp
    tau_syn_ex: 0.5 ms
    tau_syn_in: 0.5 ms
    drives:
      noise: {kind: poisson, rate: 8000 Hz, weight: 60 pA}
      bias: {kind: current, amplitude: 100 pA}
";

#[test]
fn the_response_at_frequency_zero_is_the_slope_of_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("alone.yaml"), ALONE).unwrap();
    let at = |current: &str| {
        let set = format!("parameters: {{populations.E.drives.bias.amplitude: {current}}}");
        let text = format!("  theory: {{kind: meanfield.working_point, network: alone.yaml, {set}}}\n");
        ran(&text, folder.path()).table("theory")
    };
    let transfer = ran(
        "  theory: {kind: meanfield.transfer_function, network: alone.yaml, frequencies: [0 Hz, 10 Hz, -10 Hz]}\n",
        folder.path(),
    )
    .table("theory");
    let (re, im) = (floats(&transfer, "re"), floats(&transfer, "im"));
    assert_eq!(im[0], 0.0);
    assert_eq!((re[1], im[1]), (re[2], -im[2]), "a real response");
    let (low, high) = (at("99.9 pA"), at("100.1 pA"));
    let change = |name: &str| floats(&high, name)[0] - floats(&low, name)[0];
    assert_eq!(change("sd_input_mV"), 0.0);
    let slope = change("rate_hz") / change("mean_input_mV");
    // The slope is that of the rate, which the refractory period lowers: the corrected response has it in its limit.
    assert!((slope / re[0] - 1.0).abs() < 1e-5, "{slope} is not {}", re[0]);
}

#[test]
fn power_spectra_are_those_of_the_peer() {
    let text = std::fs::read_to_string("../../tests/golden/meanfield/microcircuit/bos2016.json").unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let frequencies: Vec<f64> = serde_json::from_value(golden["frequencies_hz"].clone()).unwrap();
    let due: Vec<Vec<f64>> = serde_json::from_value(golden["power_spectra_shift"].clone()).unwrap();
    let list: Vec<String> = frequencies.iter().map(|frequency| format!("{frequency:e} Hz")).collect();
    // The file of NNMT says that delays are truncated.
    for (network, delays) in [("bos2016", ", delays: truncated_gaussian"), ("microcircuit_bos2016.yaml", "")] {
        let text = format!(
            "  theory: {{kind: meanfield.power_spectra, network: {network}, refractory: nnmt{delays}, frequencies: [{}]}}\n",
            list.join(", ")
        );
        let power = floats(&ran(&text, Path::new(NNMT)).table("theory"), "power");
        assert_eq!(power.len(), 8 * frequencies.len());
        for (k, of_frequency) in due.iter().enumerate() {
            for (population, due) in of_frequency.iter().enumerate() {
                let found = power[population * frequencies.len() + k];
                assert!((found / due - 1.0).abs() < 1e-6, "{network}, {} Hz: {found} is not {due}", frequencies[k]);
            }
        }
    }
}

#[test]
fn a_network_file_of_the_peer_has_its_rates() {
    let stage = |rest: &str| format!("  theory: {{kind: meanfield.working_point, network: {rest}}}\n");
    let of = |rest: &str| floats(&ran(&stage(rest), Path::new(NNMT)).table("theory"), "rate_hz");
    near(&of("microcircuit_pd14.yaml"), &SHIFT, 1e-6);
    near(&of("microcircuit_pd14.yaml, method: taylor"), &TAYLOR, 1e-6);
    near(&of("microcircuit_bos2016.yaml"), &BOS, 1e-6);
}

#[test]
fn what_says_nothing_is_remarked() {
    let remarks = |stage: &str| {
        let (_, graph) = support::bind(&format!("  theory: {{kind: meanfield.{stage}}}\n"), Path::new(".")).unwrap();
        graph.stages.iter().flat_map(|stage| stage.bound().notes.clone()).collect::<Vec<_>>().join("; ")
    };
    assert!(remarks("working_point, network: brunel, method: taylor").contains("`method` says nothing"));
    assert!(
        remarks("power_spectra, network: brunel, frequencies: [1 Hz], delays: gaussian")
            .contains("`delays` says nothing")
    );
    assert_eq!(remarks("power_spectra, network: bos2016, frequencies: [1 Hz], delays: gaussian"), "");
}

#[test]
fn the_mode_of_low_gamma_is_that_of_the_publication() {
    // Bos et al. (2016): the mode nearest to 1 has lambda = 0.888 + 0.077 i at 64.1 Hz.
    let text = "  theory: {kind: meanfield.sensitivity, network: bos2016, refractory: nnmt, frequencies: {linspace: [50 Hz, 80 Hz, 301]}}\n\
                \x20 modes: {kind: meanfield.eigenmodes, network: bos2016, refractory: nnmt, frequencies: {linspace: [50 Hz, 80 Hz, 301]}}\n";
    let ran = ran(text, Path::new("."));
    let table = ran.table("theory");
    let columns = ["frequency_hz", "eigenvalue_re", "eigenvalue_im", "re", "im"].map(|name| floats(&table, name));
    let [frequency, eigen_re, eigen_im, re, im] = &columns;
    let nearest = (0..frequency.len())
        .min_by(|&a, &b| {
            let apart = |i: usize| (eigen_re[i] - 1.0).hypot(eigen_im[i]);
            apart(a).total_cmp(&apart(b))
        })
        .unwrap();
    near(&[frequency[nearest]], &[64.0], 1.0);
    near(&[eigen_re[nearest], eigen_im[nearest]], &[0.888, 0.077], 0.05);
    // Sensitivities add up to the eigenvalue.
    let first = nearest - nearest % 64;
    near(&[re[first..first + 64].iter().sum()], &[eigen_re[nearest]], 1e-9);
    near(&[im[first..first + 64].iter().sum()], &[eigen_im[nearest]], 1e-9);
    let modes = ran.table("modes");
    let [at, re, im] = ["frequency_hz", "re", "im"].map(|name| floats(&modes, name));
    let is_there = |hertz: f64, due: [f64; 2], within: f64| {
        (0..at.len()).any(|i| {
            (at[i] - hertz).abs() < 1e-9 && (re[i] - due[0]).abs() <= within && (im[i] - due[1]).abs() <= within
        })
    };
    assert!(is_there(frequency[nearest], [eigen_re[nearest], eigen_im[nearest]], 1e-12), "it is one of the eigenmodes");
    assert!(is_there(64.1, [0.888, 0.077], 1e-3), "the published eigenvalue");
    let vectors = ran.output("modes", 1);
    let parts = ["right_re", "right_im", "left_re", "left_im"].map(|name| floats(&vectors, name));
    assert_eq!(parts[0].len(), 8 * 301 * 8);
    for first in (0..parts[0].len()).step_by(8) {
        let product = |part: &dyn Fn(Complex64, Complex64) -> Complex64| -> Complex64 {
            let of =
                |i: usize| part(Complex64::new(parts[0][i], parts[1][i]), Complex64::new(parts[2][i], parts[3][i]));
            (first..first + 8).map(of).sum()
        };
        assert!((product(&|right, left| right * left) - 1.0).norm() < 1e-9);
        assert!((product(&|right, _| right * right.conj()) - 1.0).norm() < 1e-12);
    }
}

#[test]
fn all_working_points_of_a_bistable_network_are_told() {
    let text = "  theory: {kind: meanfield.stability, network: brunel, parameters: {g: 3, nu_ext: 5 Hz}}\n";
    let table = ran(text, Path::new(".")).table("theory");
    let rates = floats(&table, "rate_hz");
    // Quiet, in between, and near the limit that the refractory period sets; E and I of Brunel are alike.
    assert_eq!(rates.len(), 6, "{rates:?}");
    assert!(rates.chunks(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-6), "{rates:?}");
    assert!(rates[0] < 1.0 && rates[2] > 1.0 && rates[4] > 100.0, "{rates:?}");
    let growth = floats(&table, "growth");
    assert!(growth[0] < 1.0 && growth[2] > 1.0 && growth[4] < 1.0, "only the one in between is unstable: {growth:?}");
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let stage = |rest: &str| format!("  theory: {{kind: meanfield.{rest}}}\n");
    for (rest, told) in [
        ("working_point, network: brunell", "did you mean `brunel`?"),
        ("working_point, network: hagen, method: shifted", "shift"),
        ("working_point, network: hagen, parameters: {J_ext: 3}", "has no unit"),
        ("transfer_function, network: hagen", "frequencies"),
        ("transfer_function, network: hagen, frequencies: []", "at least one"),
        ("transfer_function, network: hagen, frequencies: [3]", "has no unit"),
        ("transfer_function, network: hagen, frequencies: [3 mV]", "Hz"),
        ("transfer_function, network: hagen, frequencies: {linspace: [0 Hz, 1 Hz, 0]}", "at least 1"),
        ("transfer_function, network: hagen, frequencies: {linspace: [0 Hz, 1 Hz, 1000000]}", "at most"),
        ("power_spectra, network: hagen, frequencies: [1 Hz], delays: normal", "gaussian"),
        ("stability, network: hagen, starts: 1000000", "at most"),
        ("transfer_function, network: hagen, frequencies: [3 Hz, 3 Hz]", "3 Hz is there twice"),
        ("eigenmodes, network: hagen, frequencies: [3 Hz, 1 Hz]", "1 Hz after 3 Hz"),
        ("sensitivity, network: hagen, frequencies: {linspace: [3 Hz, 1 Hz, 2]}", "growing order"),
    ] {
        let problem = refused(&stage(rest));
        assert!(problem.contains(told), "{rest}: {problem}");
    }
}
