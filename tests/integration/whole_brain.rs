//! The examples of whole-brain networks, in a small form: what they say comes out, and the user's connectome takes the place of theirs.

use serde_json::Value;

use crate::support::{Lab, lapicque};

const WHOLE_BRAIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/whole_brain");
const POSTERIOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/whole_brain_posterior");
/// Four regions, two of them of one hemisphere.
const FEW_REGIONS: &str = "source,target,weight,length_mm\n\
    a,b,0.8,20\nb,a,0.8,20\nc,d,0.8,20\nd,c,0.8,20\na,c,0.2,80\nc,a,0.2,80\n";

/// Runs an example with settings, in a store of its own, and gives a function that answers queries.
fn run(lab: &Lab, example: &'static str, settings: &[&str]) -> impl Fn(&str) -> Vec<Value> {
    lab.write("few.csv", FEW_REGIONS);
    let store = lab.store_folder().display().to_string();
    let set: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let command = [&["run", example, "--store", &store, "--json"], set.as_slice()].concat();
    assert_eq!(lapicque(lab.folder(), &command).ok().json()["ok"], true);
    lapicque(lab.folder(), &["audit", example, "--store", &store]).ok();
    let folder = lab.folder().to_owned();
    move |query: &str| {
        let rows = lapicque(&folder, &["sql", "-p", example, query, "--store", &store, "--json"]).ok().json();
        rows.as_array().unwrap().clone()
    }
}

fn number(row: &Value, column: &str) -> f64 {
    row[column].as_f64().unwrap_or_else(|| panic!("no `{column}` in {row}"))
}

#[test]
fn a_brain_of_few_regions_is_simulated_and_fitted() {
    let lab = Lab::new();
    let settings = [
        "connectome={kind: import.table, path: few.csv, table: connectome}",
        "diagram.values=[0 mV/ms, 0.8 mV/ms, 1.8 mV/ms]",
        "brain.duration=40 s",
        "scans.duration=40 s",
        "explored.duration=40 s",
        "points.sweep={Ke_gl: {values: [0, 350]}}",
        "explored.parameters={mue_ext_mean: 1.57 mV/ms, mui_ext_mean: 1.6 mV/ms, b: 5 pA, sigma_ou: 0.09 mV/ms^3/2}",
        "best.query=SELECT p.Ke_gl, f.fc_correlation FROM fit AS f JOIN p ON f.sample = p.sample ORDER BY p.Ke_gl",
        "fc.window=20 s",
        "recorded_fc.window=20 s",
        "fit.window=20 s",
    ];
    let ask = run(&lab, WHOLE_BRAIN, &settings);
    // Rest, oscillation, and a high rate that stays.
    let diagram = ask("SELECT minimum AS least_hz, maximum AS greatest_hz FROM diagram ORDER BY value");
    assert!(number(&diagram[0], "greatest_hz") < 0.1, "{diagram:?}");
    assert!(number(&diagram[1], "least_hz") < 1.0 && number(&diagram[1], "greatest_hz") > 20.0, "{diagram:?}");
    assert!(number(&diagram[2], "greatest_hz") - number(&diagram[2], "least_hz") < 1.0, "{diagram:?}");
    assert!(number(&diagram[2], "least_hz") > 30.0, "{diagram:?}");
    // The regions of the user, as many values as there are times.
    let brain = ask("SELECT channel, cardinality(\"values\") AS n FROM brain");
    assert_eq!(brain.iter().map(|row| row["channel"].as_str().unwrap()).collect::<Vec<_>>(), ["b", "a", "d", "c"]);
    assert!(brain.iter().all(|row| number(row, "n") == 30.0 / 0.02), "{brain:?}");
    let pairs = ask("SELECT count(*) AS n, min(correlation) AS least, max(correlation) AS most FROM fc");
    assert_eq!(number(&pairs[0], "n"), 6.0);
    assert!(number(&pairs[0], "least") >= -1.0 && number(&pairs[0], "most") <= 1.0);
    // The coupling of the recordings fits them better than none.
    let best = ask("SELECT * FROM best");
    assert!(number(&best[1], "fc_correlation") > number(&best[0], "fc_correlation") + 0.1, "{best:?}");
}

#[test]
fn coupling_and_noise_are_inferred_from_few_simulations() {
    let lab = Lab::new();
    let settings = [
        "connectome={kind: import.table, path: few.csv, table: connectome}",
        "points.count=160",
        "activity.duration=25 s",
        "activity_again.duration=25 s",
    ];
    let ask = run(&lab, POSTERIOR, &settings);
    // Noise shows in the power of signals, and not in their correlations.
    let sd = |stage: &str| number(&ask(&format!("SELECT sd FROM {stage} WHERE target = 'sigma_ou'"))[0], "sd");
    assert!(sd("inferred") < 0.5 * sd("inferred_from_fc"), "{} {}", sd("inferred"), sd("inferred_from_fc"));
    for calibration in ["fc_calibration", "shape_calibration", "power_calibration"] {
        let held_back = ask(&format!("SELECT max(samples) AS n FROM {calibration}__checks"));
        assert!((15.0..55.0).contains(&number(&held_back[0], "n")), "{held_back:?}");
    }
    let predictive = ask("SELECT feature, sd, place FROM predictive");
    assert_eq!(predictive.len(), 4);
    assert!(predictive.iter().all(|row| number(row, "sd") > 0.0 && (0.0..=1.0).contains(&number(row, "place"))));
}
