//! The network of Senk et al. (2020) through a pipeline: external rates, low-pass filters and patterns, against NNMT 1.3.0.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::RecordBatch;
use serde_json::Value;
use support::{bind, floats, integers, ran, refused, refused_in, texts};

const GOLDEN: &str = "../../tests/golden/meanfield/spatial";
const TEN: &str = "mean_input: 10 mV, sd_input: 10 mV";
/// Where the peer fits.
const FREQUENCIES: &str = "frequencies: {linspace: [1 Hz, 199 Hz, 199]}";

fn golden(name: &str) -> Vec<BTreeMap<String, f64>> {
    let mut reader = csv::Reader::from_path(Path::new(GOLDEN).join(name)).unwrap();
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

fn stability() -> Value {
    serde_json::from_str(&std::fs::read_to_string(Path::new(GOLDEN).join("stability.json")).unwrap()).unwrap()
}

fn near(found: f64, due: f64, relative: f64, what: &str) {
    assert!((found - due).abs() <= relative * due.abs(), "{what}: {found} is not {due}");
}

/// Rows of a parameters table from those of the golden scan.
fn scan(rows: &[BTreeMap<String, f64>]) -> String {
    let row = |row: &BTreeMap<String, f64>| {
        format!("{{mean_input: {} mV, sd_input: {} mV}}", row["mu_V"] * 1e3, row["sigma_V"] * 1e3)
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("  parameters: {{kind: parameters.list, rows: [{}]}}\n", rows.join(", "))
}

#[test]
fn external_rates_and_filters_are_scanned_over_working_points() {
    let rows = golden("working_point_scan_fit.csv");
    let text = scan(&rows)
        + "  drives: {kind: meanfield.external_rates, network: senk2020, inputs: {parameters: parameters}}\n"
        + &format!(
            "  fit: {{kind: meanfield.low_pass_fit, network: senk2020, refractory: nnmt, {FREQUENCIES}, inputs: {{parameters: parameters}}}}\n"
        );
    let ran = ran(&text, Path::new("."));
    let (drives, fits, weights) = (ran.table("drives"), ran.output("fit", 0), ran.output("fit", 1));
    assert_eq!(texts(&drives, "population")[..4], ["E", "E", "I", "I"]);
    assert_eq!(texts(&drives, "drive")[..4], ["E", "I", "E", "I"]);
    assert_eq!(texts(&weights, "source")[..4], ["E", "I", "E", "I"]);
    let column = |table: &RecordBatch, name: &str| floats(table, name);
    for (i, row) in rows.iter().enumerate() {
        let what = format!("{row:?}");
        for population in 0..2 {
            near(column(&drives, "rate_hz")[4 * i + 2 * population], row["nu_ext_exc_hz"], 1e-9, &what);
            near(column(&drives, "rate_hz")[4 * i + 2 * population + 1], row["nu_ext_inh_hz"], 1e-9, &what);
            near(column(&drives, "population_rate_hz")[4 * i + 2 * population], row["rate_hz"], 1e-9, &what);
            near(column(&drives, "mean_input_mV")[4 * i], row["mu_V"] * 1e3, 1e-9, &what);
            near(column(&fits, "time_constant_ms")[2 * i + population], row["tau_rate_s"] * 1e3, 1e-6, &what);
            near(column(&fits, "gain")[2 * i + population], row["h0_hz_per_V"] / 1e3, 1e-6, &what);
            near(column(&fits, "relative_error")[2 * i + population], row["fit_error_rel_combined"], 1e-4, &what);
            near(column(&weights, "weight")[4 * i + 2 * population], row["W_rate_EE"], 1e-6, &what);
            near(column(&weights, "weight")[4 * i + 2 * population + 1], row["W_rate_EI"], 1e-6, &what);
        }
    }
}

#[test]
fn fixed_drives_keep_their_rates() {
    let stage = |rest: &str| format!("  drives: {{kind: meanfield.external_rates, network: senk2020, {rest}}}\n");
    let table = ran(&stage(&format!("{TEN}, fixed_drives: [I]")), Path::new(".")).table("drives");
    // The default rates lead to 10 mV.
    for (rate, due) in
        floats(&table, "rate_hz").chunks(2).flatten().zip([95504.46870081492, 15718.599312594055].iter().cycle())
    {
        near(*rate, *due, 1e-7, "rate");
    }
    let text = stage("mean_input: {E: 10 mV, I: 9 mV}, sd_input: {E: 10 mV, I: 10 mV}");
    let table = ran(&text, Path::new(".")).table("drives");
    near(floats(&table, "mean_input_mV")[2], 9.0, 1e-9, "of each population");
    // One drive for two numbers; and an input below that of the network itself.
    let one = "  drives: {kind: meanfield.external_rates, network: hagen, mean_input: 9 mV, sd_input: 3 mV}\n";
    let notes = ran(one, Path::new(".")).record.stages[0].notes.clone();
    assert!(notes.iter().any(|(note, _)| note.contains("cannot reach mean and fluctuation")), "{notes:?}");
    let text = stage("mean_input: 100 mV, sd_input: 1 mV, on_error: skip");
    let failures = ran(&text, Path::new(".")).failures();
    assert!(failures.iter().any(|told| told.contains("the drive `E` of `E` would need a rate of -")), "{failures:?}");
    for (rest, told) in [
        ("sd_input: 10 mV", "`sd_input` is given without it"),
        ("method: shift", "it is the working point that is due"),
        ("mean_input: 10 mV, sd_input: {E: 10 mV}", "the population `I` has none"),
        ("mean_input: 10 mV, sd_input: {E: 1 mV, J: 1 mV}", "no population `J`"),
        ("mean_input: 10 mV, sd_input: -1 mV", "`sd_input` = -1 mV is not allowed; it must be 0 or greater"),
        ("mean_input: 10, sd_input: 1 mV", "has no unit"),
        ("mean_input: 10 ms, sd_input: 1 mV", "mV"),
        ("mean_input: 10 mV, sd_input: 1 mV, fixed_drives: [noise]", "no population has a Poisson drive `noise`"),
    ] {
        let problem = refused(&stage(rest));
        assert!(problem.contains(told), "{rest}: {problem}");
    }
    let twice = "  parameters: {kind: parameters.grid, sweep: {mean_input: {values: [1 mV]}}}\n".to_owned()
        + &stage(&format!("{TEN}, inputs: {{parameters: parameters}}"));
    assert!(refused(&twice).contains("by a column of this name"), "{}", refused(&twice));
}

#[test]
fn a_pattern_of_waves_grows() {
    let list: Vec<String> = golden("xi_of_k.csv").iter().map(|row| format!("{:e} 1/m", row["k_per_m"])).collect();
    let text = format!(
        "  pattern: {{kind: meanfield.spatial, network: senk2020, refractory: nnmt, {TEN}, {FREQUENCIES}, branches: [-3, -2, -1, 0, 1, 2, 3], wavenumbers: [{}]}}\n",
        list.join(", ")
    );
    let table = ran(&text, Path::new(".")).table("pattern");
    let (branch, k) = (integers(&table, "branch"), floats(&table, "wavenumber"));
    let [xi, re, im] = ["xi_re", "re", "im"].map(|name| floats(&table, name));
    for row in golden("xi_of_k.csv") {
        let at = k.iter().position(|k| (k * 1e3 - row["k_per_m"]).abs() < 1e-6).unwrap();
        assert!((xi[at] - row["xi"]).abs() < 1e-6, "{row:?}: {}", xi[at]);
    }
    for row in golden("eigenvalues_branches.csv") {
        let is_it = |i: &usize| branch[*i] == row["branch"] as i64 && (k[*i] * 1e3 - row["k_per_m"]).abs() < 1e-6;
        let at = (0..k.len()).find(is_it).unwrap();
        // The peer's filter is fitted to 1e-8; near the edge of two branches their eigenvalues depend on its root.
        let size = row["lambda_re_per_s"].hypot(row["lambda_im_per_s"]);
        let apart = (re[at] - row["lambda_re_per_s"]).hypot(im[at] - row["lambda_im_per_s"]);
        assert!(apart < 1e-5 * size, "{row:?}: {} {}", re[at], im[at]);
    }
    let fastest = (0..re.len()).max_by(|&a, &b| re[a].total_cmp(&re[b])).unwrap();
    let due = stability();
    near(k[fastest] * 1e3, due["k_eig_max_per_m"].as_f64().unwrap(), 1e-12, "wavenumber");
    near(re[fastest], due["eigenval_max_per_s"]["re"].as_f64().unwrap(), 1e-5, "growth");
    near(im[fastest].abs(), due["eigenval_max_per_s"]["im"].as_f64().unwrap(), 1e-6, "frequency");
}

#[test]
fn eigenvalues_are_followed_to_spiking_neurons() {
    let rows = golden("alpha_interpolation.csv");
    let text = format!(
        "  pattern: {{kind: meanfield.spatial, network: senk2020, refractory: nnmt, {TEN}, {FREQUENCIES}, branches: [-1, 0, 1], mixtures: [0, 0.25, 0.5, 0.75, 1], wavenumbers: [19 1/mm]}}\n"
    );
    let table = ran(&text, Path::new(".")).table("pattern");
    let [mixture, re, im] = ["mixture", "re", "im"].map(|name| floats(&table, name));
    let branch = integers(&table, "branch");
    assert_eq!(branch.len(), 15);
    for i in 0..branch.len() {
        let row = rows.iter().find(|row| row["branch"] as i64 == branch[i] && row["alpha"] == mixture[i]).unwrap();
        let due = [row["lambda_continuation_re"], row["lambda_continuation_im"]];
        let apart = (re[i] - due[0]).hypot(im[i] - due[1]);
        assert!(apart < 1e-6 * due[0].hypot(due[1]), "{row:?}: {} {}", re[i], im[i]);
    }
}

#[test]
fn patterns_are_those_of_the_working_point_that_the_network_has() {
    let stage = |rest: &str| {
        format!(
            "  pattern: {{kind: meanfield.spatial, network: senk2020, {FREQUENCIES}, wavenumbers: [0 1/mm, 19 1/mm]{rest}}}\n"
        )
    };
    let of_the_network = ran(&stage(""), Path::new(".")).table("pattern");
    let imposed = ran(&stage(&format!(", {TEN}")), Path::new(".")).table("pattern");
    for name in ["xi_re", "re", "im"] {
        for (found, due) in floats(&of_the_network, name).iter().zip(floats(&imposed, name)) {
            assert!((found - due).abs() < 1e-6 * due.abs().max(1.0), "{name}: {found} {due}");
        }
    }
    for (rest, told) in [
        (", branches: []", "at least one"),
        (", branches: [1, 1]", "twice"),
        (", branches: [5000]", "1000"),
        (", mixtures: [1, 0]", "growing order"),
        (", mixtures: [2]", "growing order"),
    ] {
        let problem = refused(&stage(rest));
        assert!(problem.contains(told), "{rest}: {problem}");
    }
    let problem = refused(&format!(
        "  pattern: {{kind: meanfield.spatial, network: hagen, {FREQUENCIES}, wavenumbers: [0 1/mm]}}\n"
    ));
    assert!(problem.contains("profile"), "{problem}");
    let few = refused("  pattern: {kind: meanfield.low_pass_fit, network: senk2020, frequencies: [1 Hz, 2 Hz]}\n");
    assert!(few.contains("3 or more"), "{few}");
    // High frequencies, where the response lags by more than a quarter turn, change no sign.
    let fit = |range: &str| {
        let text = format!(
            "  fit: {{kind: meanfield.low_pass_fit, network: senk2020, frequencies: {{linspace: [{range}, 100]}}}}\n"
        );
        floats(&ran(&text, Path::new(".")).table("fit"), "gain")[0]
    };
    near(fit("1000 Hz, 1 Hz"), fit("1 Hz, 1000 Hz"), 1e-9, "gain");
    // Delays that vary: none either.
    let mut varied = std::fs::read_to_string("../network/networks/senk2020.yaml").unwrap();
    varied =
        varied.replace("  tau_syn:\n", "  D_sd:\n    default: 50 %\n    sets: [connections.*.delay.sd]\n  tau_syn:\n");
    varied = varied
        .replace("    profile: {boxcar: {}}\n", "    profile: {boxcar: {}}\n    delay: {normal: {keep_sign: true}}\n");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("varied.yaml"), varied).unwrap();
    let text =
        format!("  pattern: {{kind: meanfield.spatial, network: varied.yaml, {FREQUENCIES}, wavenumbers: [0 1/mm]}}\n");
    let problem = refused_in(&text, folder.path());
    assert!(problem.contains("delays from E to E are distributed"), "{problem}");
    // Another delay of one connection: no closed form.
    let text = "  parameters: {kind: parameters.list, rows: [{connections.E_to_I.delay: 1 ms}]}\n".to_owned()
        + &stage(", inputs: {parameters: parameters}, on_error: skip");
    let ran = ran(&text, Path::new("."));
    let failures = ran.failures();
    assert!(failures.iter().any(|told| told.contains("delays are from 0.001 s to 0.0015 s")), "{failures:?}");
}

#[test]
fn names_of_drives_are_part_of_what_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let network = std::fs::read_to_string("../network/networks/senk2020.yaml").unwrap();
    let drives = "      E: {kind: poisson, synapses: 1}\n      I: {kind: poisson, synapses: 1}\n";
    assert!(network.contains(drives));
    std::fs::write(folder.path().join("a.yaml"), &network).unwrap();
    let renamed =
        network.replace("      E: {kind", "      excitatory: {kind").replace("drives.E.", "drives.excitatory.");
    std::fs::write(folder.path().join("b.yaml"), renamed).unwrap();
    let text = format!(
        "  a: {{kind: meanfield.external_rates, network: a.yaml, {TEN}}}\n  b: {{kind: meanfield.external_rates, network: b.yaml, {TEN}}}\n"
    );
    let ran = ran(&text, folder.path());
    assert_eq!(texts(&ran.table("a"), "drive")[..2], ["E", "I"]);
    assert_eq!(texts(&ran.table("b"), "drive")[..2], ["excitatory", "I"]);
}

#[test]
fn theory_without_space_says_that_it_looks_at_no_profile() {
    let notes = |stage: &str| {
        let (_, graph) = bind(&format!("  theory: {{kind: meanfield.{stage}}}\n"), Path::new(".")).unwrap();
        graph.stages[0].bound().notes.clone()
    };
    for stage in ["working_point, network: senk2020", "power_spectra, network: senk2020, frequencies: [10 Hz]"] {
        let told = notes(stage);
        assert!(told.iter().any(|note| note.contains("the profiles of 4 connections have no part here")), "{told:?}");
    }
    let spatial = format!("spatial, network: senk2020, {FREQUENCIES}, wavenumbers: [0 1/mm, 10 1/mm]");
    for stage in [spatial.as_str(), "working_point, network: hagen"] {
        assert!(!notes(stage).iter().any(|note| note.contains("profiles")), "{stage}");
    }
}
