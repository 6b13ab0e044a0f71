//! Bifurcation diagrams through a pipeline: values, directions, sweeps, networks, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lapicque_neuralmass::bifurcation::{Look, Window, each};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::OrnsteinUhlenbeck;
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{InputTime, Record, Scheme, Settings};
use lapicque_numerics::random::StreamKey;
use lapicque_units::Settable;
use support::{Ran, bind, floats, ran, ran_on, refused, texts};

const CONNECTOME: &str = "source,target,weight,length_mm
right,left,0.5,30
left,right,0.25,30
";

fn stage(rest: &str) -> String {
    format!("  diagram: {{kind: neuralmass.bifurcation, {rest}}}\n")
}

const HOPF: &str = "model: hopf, parameter: a, values: {linspace: [-0.1 1/ms, 0.3 1/ms, 5]}, duration: 400 ms, initial: {x: 0.1, y: 0}";

fn alone(text: &str) -> Ran {
    ran(text, Path::new("."))
}

/// All numbers of the first output, as bits: NaN is not equal to itself.
fn bits(ran: &Ran) -> Vec<u64> {
    let table = ran.table("diagram");
    let columns = ["value", "minimum", "maximum", "mean", "period_ms"];
    columns.iter().flat_map(|column| floats(&table, column)).map(f64::to_bits).collect()
}

#[test]
fn rows_are_the_windows_of_the_science() {
    let ran = alone(&stage(&format!("{HOPF}, record: [y, x], window: 150 ms")));
    assert_eq!(ran.record.stages[0].outputs[1].schema.unit_of("value"), Some("1/ms"));
    let model = AnyModel::new(ModelName::Hopf, ModelOptions::default(), 1).unwrap();
    let set = |value: f64| {
        let mut settings = ModelSettings::new(model.description());
        for (path, value) in [("a", value), ("initial.x", 0.1), ("initial.y", 0.0)] {
            settings.set(path, value).unwrap();
        }
        settings.of_network(&["node".to_owned()], StreamKey::new([0; 16]), NoiseStart::Mean).unwrap()
    };
    let values = [-0.1, 0.0, 0.1, 0.2, 0.3];
    let settings = Settings {
        time_step_ms: 0.1,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: vec![1, 0], every: 1, average: false },
    };
    for (output, name) in ["y", "x"].into_iter().enumerate() {
        assert_eq!(ran.record.stages[0].outputs[output].name, name);
        let table = ran.output("diagram", output);
        for (column, value) in [("channel", "node"), ("direction", "each"), ("parameter", "a")] {
            assert_eq!(texts(&table, column), [value; 5]);
        }
        for (row, value) in floats(&table, "value").into_iter().enumerate() {
            assert!((value - values[row]).abs() < 1e-15);
            let look = Look { steps: 4000, window: 1500, tolerance: 0.01 };
            let found = each(&model, &Network::single(), &[set(value)], &settings, look, &mut |_| true).unwrap();
            let Window { minimum, maximum, mean, period_ms, .. } = found[0].as_ref().unwrap().windows[output];
            for (column, expected) in
                [("minimum", minimum), ("maximum", maximum), ("mean", mean), ("period_ms", period_ms)]
            {
                assert_eq!(floats(&table, column)[row].to_bits(), expected.to_bits(), "{column} at {value}");
            }
        }
    }
    // Below the bifurcation it rests, above it the radius is sqrt(a), but for the steps of Euler.
    let table = ran.table("diagram");
    assert!(floats(&table, "maximum")[0] < 1e-9 && floats(&table, "period_ms")[0].is_nan());
    assert!((floats(&table, "maximum")[4] - 0.302f64.sqrt()).abs() < 1e-3);
    assert!(ran.notes("diagram").contains("neither constant nor periodic"), "a decay is no fixed point");
}

#[test]
fn the_scan_of_neurolib_is_found() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder =
        std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/neurolib/bifurcation");
    if !folder.is_dir() {
        eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
        return;
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let about: serde_json::Value = serde_json::from_str(&read("seed_scan_ics0.json")).unwrap();
    let model = AnyModel::new(ModelName::Aln, ModelOptions::default(), 1).unwrap();
    let description = model.description();
    let mut initial = String::new();
    for state in description.states.iter().chain(&description.algebraic) {
        let value = &about["initial"][format!("{}_init", state.name)][0];
        let value = if value.is_array() { &value[0] } else { value };
        let unit = if state.unit == "1" { "" } else { state.unit };
        write!(initial, "{}: {} {unit}, ", state.name, value.as_f64().unwrap()).unwrap();
    }
    let text = stage(&format!(
        "model: aln, parameter: mue_ext_mean, values: {{linspace: [0 mV/ms, 2 mV/ms, 50]}}, duration: 2 s, window: 1 s, \
         record: [rates_exc, rates_inh], compat: neurolib-0.6.2, initial: {{{initial}}}"
    ));
    let ran = alone(&text);
    let (exc, inh) = (ran.output("diagram", 0), ran.output("diagram", 1));
    let figures = [
        floats(&exc, "value"),
        floats(&exc, "minimum"),
        floats(&exc, "maximum"),
        floats(&inh, "minimum"),
        floats(&inh, "maximum"),
        floats(&exc, "mean"),
    ];
    let table = read("seed_scan_ics0.csv");
    for (row, line) in table.lines().skip(1).enumerate() {
        for (cell, figure) in line.split(',').zip(&figures) {
            let expected: f64 = cell.parse().unwrap();
            assert!((figure[row] - expected).abs() <= 1e-9 + 1e-9 * expected.abs(), "{line}: {}", figure[row]);
        }
    }
    assert_eq!(figures[0].len(), 50);
}

#[test]
fn on_the_way_up_aln_stays_down_and_on_the_way_down_it_stays_up() {
    let of = |direction: &str| {
        alone(&stage(&format!(
            "model: aln, parameter: mue_ext_mean, values: [2.6 mV/ms, 1.8 mV/ms, 2.2 mV/ms], duration: 0.6 s, \
             direction: {direction}, parameters: {{mui_ext_mean: 2 mV/ms}}"
        )))
    };
    let both = of("up_and_down").table("diagram");
    assert_eq!(texts(&both, "direction"), ["up", "up", "up", "down", "down", "down"]);
    assert_eq!(floats(&both, "value"), [1.8, 2.2, 2.6, 1.8, 2.2, 2.6]);
    let mean = floats(&both, "mean");
    assert!(mean[1] < 1.0 && mean[4] > 20.0, "{mean:?}");
    assert!((mean[0] - mean[3]).abs() < 0.1 && (mean[2] - mean[5]).abs() < 0.1, "{mean:?}");
    assert_eq!(floats(&of("up").table("diagram"), "mean"), mean[..3]);
    let down = of("down").table("diagram");
    assert_eq!((texts(&down, "direction"), floats(&down, "value")), (vec!["down".to_owned(); 3], vec![1.8, 2.2, 2.6]));
}

#[test]
fn a_point_of_a_sweep_has_the_bits_of_itself_alone_whatever_the_batch_and_the_jobs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME).unwrap();
    let sweep = |list: &str, direction: &str, rest: &str| {
        format!(
            "  points: {{kind: parameters.grid, sweep: {{K_gl: {{values: [{list}]}}}}}}\n\
             \x20 connectome: {{kind: import.table, path: connectome.csv, table: connectome}}\n\
             \x20 diagram: {{kind: neuralmass.bifurcation, model: hopf, parameter: a.left, duration: 60 ms, {rest} \
             values: {{linspace: [-0.1 1/ms, 0.3 1/ms, 3]}}, direction: {direction}, parameters: {{sigma_ou: 0.02 1/ms^3/2}}, \
             inputs: {{parameters: points, connectome: connectome}}}}\n"
        )
    };
    for direction in ["each", "up_and_down"] {
        let together = ran(&sweep("0 1/ms, 0.3 1/ms, 0.6 1/ms", direction, ""), folder.path());
        assert_eq!(together.counts("diagram"), (3, 0, 0), "{:?}", together.failures());
        let batches = sweep("0 1/ms, 0.3 1/ms, 0.6 1/ms", direction, "batch: 2,");
        assert_eq!(bits(&ran_on(&batches, folder.path(), Default::default(), 1)), bits(&together));
        let table = together.table("diagram");
        let per_sample = table.num_rows() / 3;
        assert_eq!(per_sample, if direction == "each" { 6 } else { 12 });
        assert_eq!(texts(&table, "channel")[..per_sample / 2], vec!["left"; per_sample / 2]);
        let own = ran(&sweep("0.3 1/ms", direction, ""), folder.path()).table("diagram");
        assert_eq!(floats(&own, "mean"), floats(&table, "mean")[per_sample..2 * per_sample]);
        assert_ne!(floats(&table, "mean")[per_sample..2 * per_sample], floats(&table, "mean")[2 * per_sample..]);
    }
}

#[test]
fn without_a_parameter_each_sample_is_one_row() {
    let text = "  points: {kind: parameters.grid, sweep: {a: {values: [0.04 1/ms, 0.25 1/ms]}}}\n\
                \x20 diagram: {kind: neuralmass.bifurcation, model: hopf, duration: 1 s, inputs: {parameters: points}}\n";
    let table = alone(text).table("diagram");
    assert_eq!(texts(&table, "parameter"), ["", ""]);
    assert!(floats(&table, "value").iter().all(|value| value.is_nan()));
    let maximum = floats(&table, "maximum");
    assert!((maximum[0] - 0.2).abs() < 0.01 && (maximum[1] - 0.5).abs() < 0.01, "{maximum:?}");
    assert!(floats(&table, "period_ms").iter().all(|period| (period - 31.4).abs() < 0.1));
}

/// The border between rest and oscillation of hopf with a drive, found by a grid that becomes finer.
#[test]
fn a_grid_that_becomes_finer_finds_the_border_of_the_oscillation() {
    let text = "  points:\n    kind: parameters.refine\n    feedback: {diagram: diagram}\n    change: maximum\n    tolerance: 0.1\n\
                \x20   bounds: {a: [-0.2 1/ms, 0.3 1/ms], w: [0.1 1/ms, 0.5 1/ms]}\n    levels: 5\n    rounds: 4\n    least_distance: 0.01\n\
                \x20 diagram: {kind: neuralmass.bifurcation, model: hopf, duration: 600 ms, inputs: {parameters: points}}\n";
    let ran = alone(text);
    let points = ran.table("points");
    let a = floats(&points, "a");
    // The grid has 5 values of a; those that are not among them lie at the border.
    let finer: Vec<f64> =
        a.iter().copied().filter(|a| ((a + 0.2) / 0.125 - ((a + 0.2) / 0.125).round()).abs() > 1e-9).collect();
    assert!(finer.len() >= 10, "{a:?}");
    assert!(finer.iter().all(|a| (-0.08..0.3).contains(a)), "{finer:?}");
    let nearest = finer.iter().fold(f64::INFINITY, |least, a| least.min(a.abs()));
    assert!(nearest < 0.04, "{finer:?}");
}

#[test]
fn a_value_that_blows_up_fails_its_sample_and_is_told() {
    let of = |direction: &str| {
        alone(&stage(&format!(
            "model: hopf, parameter: a, values: [0.1 1/ms, 1e6 1/ms], duration: 20 ms, direction: {direction}, on_error: skip"
        )))
    };
    let failure = of("each").failures().remove(0);
    assert!(failure.contains("at `a` = 1000000 1/ms: `") && failure.contains("unstable"), "{failure}");
    let failure = of("down").failures().remove(0);
    assert!(failure.contains("at `a` = 1000000 1/ms on the way down: `"), "{failure}");
}

#[test]
fn what_is_wrong_or_useless_is_refused() {
    for (rest, message) in [
        (
            "model: hopf, parameter: aa, values: [1 1/ms], duration: 1 s",
            "the model has no value `aa`; did you mean `a`?",
        ),
        ("model: hopf, parameter: a, duration: 1 s", "which values `a` takes is not said"),
        ("model: hopf, values: [1 1/ms], duration: 1 s", "what takes the values is not said"),
        ("model: hopf, duration: 1 s, direction: up", "there are no values to go through"),
        ("model: hopf, parameter: speed, values: [1 m/s], duration: 1 s", "the speed is of the network"),
        ("model: hopf, parameter: initial.x, values: [1, 2], duration: 1 s, direction: up", "`direction: each` is due"),
        ("model: hopf, parameter: a, values: [1], duration: 1 s", "1 has no unit; write e.g. `1 1/ms`"),
        ("model: hopf, parameter: a, values: [1 mV], duration: 1 s", "stages.diagram.values"),
        ("model: hopf, parameter: a, values: [], duration: 1 s", "no values; give at least one"),
        ("model: hopf, parameter: a, values: [1 1/ms, 1000 1/s], duration: 1 s", "is there twice"),
        ("model: hopf, parameter: tau_ou, values: [-1 ms], duration: 1 s", "must be greater than 0"),
        (
            "model: hopf, parameter: a, values: [1 1/ms], duration: 1 s, parameters: {a: 1 1/ms}",
            "`a` has a value of its own in the configuration",
        ),
        ("model: hopf, parameter: x_ext, values: [1 1/ms], duration: 1 s, drive: {x_ext: 1 1/ms}", "of its own"),
        ("model: hopf, duration: 1 s, window: 2 s", "2000 ms; it must be above 0 and at most `duration` (1000 ms)"),
        ("model: hopf, duration: 1 s, window: 0 s", "it must be above 0 and at most"),
        ("model: hopf, duration: 1 s, window: 0.15 ms", "stages.diagram.window"),
        ("model: hopf, duration: 0.1 ms", "at least two time steps"),
        ("model: hopf, duration: 1 s, tolerance: 0", "0; it must be above 0 and below 1"),
        ("model: hopf, duration: 1 s, record: [z]", "hopf has no output `z`; it has x, y"),
        ("model: hopf, duration: 1 s, record: []", "nothing is recorded"),
        ("model: hopf, duration: 1 s, speed: 10 m/s", "one node alone is not coupled"),
        ("model: jansen_rit, duration: 1 s, compat: neurolib-0.6.2", "neurolib does not have the model jansen_rit"),
        ("model: hopf, duration: 1e5 s, window: 1e5 s", "GB of memory"),
    ] {
        let found = refused(&stage(rest));
        assert!(found.contains(message), "{rest}: {found}");
    }
    // Numbers without a unit are as they are, and first values may be scanned.
    let rest = "model: wc, parameter: initial.exc, values: [0, 0.5], duration: 1 s";
    assert!(bind(&stage(rest), Path::new(".")).is_ok());
    let column = "  points: {kind: parameters.grid, sweep: {a: {values: [1 1/ms]}}}\n\
                  \x20 diagram: {kind: neuralmass.bifurcation, model: hopf, parameter: a, values: [1 1/ms], duration: 1 s, \
                  inputs: {parameters: points}}\n";
    assert!(refused(column).contains("`a` is a column of `parameters` as well"));
    let column = column.replace("sweep: {a: {values: [1 1/ms]}}", "sweep: {window: {values: [1 ms]}}");
    assert!(refused(&column).contains("`window` cannot be swept"));
}

/// All stages of the page but those of SQL, which is no kind of this crate.
fn pipeline_of_the_page() -> String {
    let page = include_str!("../../../docs/bifurcations.md");
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let stages = blocks.filter(|block| !block.contains("kind: sql"));
    stages.map(|block| block.split_once("stages:\n").map_or(block, |(_, stages)| stages)).collect()
}

#[test]
fn the_pipeline_of_the_page_does_what_the_page_says() {
    // Fewer points in the plane than there, for time.
    let text = pipeline_of_the_page()
        .replace("levels: 13", "levels: 4")
        .replace("rounds: 4", "rounds: 2")
        .replace("points: 300", "points: 8");
    let ran = alone(&text);
    let diagram = ran.table("diagram");
    let (value, period) = (floats(&diagram, "value"), floats(&diagram, "period_ms"));
    let (least, most) = (floats(&diagram, "minimum"), floats(&diagram, "maximum"));
    for row in 0..50 {
        // Beside the borders it settles slowly.
        let spread = most[row] - least[row];
        assert!(period[row].is_nan() || (0.4..1.2).contains(&value[row]), "{}: {}", value[row], period[row]);
        assert!(period[row].is_finite() || !(0.75..1.0).contains(&value[row]), "{}: {spread}", value[row]);
        assert!(spread < 1.0 || (0.3..1.3).contains(&value[row]), "{}: {spread}", value[row]);
        assert!(period[row].is_nan() || (38.0..75.0).contains(&period[row]), "{}: {}", value[row], period[row]);
    }
    let hysteresis = ran.table("hysteresis");
    let mean = floats(&hysteresis, "mean");
    for (row, value) in floats(&hysteresis, "value")[..25].iter().enumerate() {
        let is_double = (mean[row + 25] - mean[row]).abs() > 1.0;
        if (1.99..2.41).contains(value) {
            assert!(is_double && mean[row] < mean[row + 25], "{value}: {} {}", mean[row], mean[row + 25]);
        }
        if !(1.85..2.5).contains(value) {
            assert!(!is_double, "{value}: {} {}", mean[row], mean[row + 25]);
        }
    }
    assert!(ran.table("points").num_rows() > 16);
}
