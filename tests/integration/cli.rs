//! The commands of the contract: what they print, and where they keep things.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Lab, has_python, lapicque, lapicque_with};

const PIPELINE: &str = "
lapicque: 1
name: small
stages:
  parameters: {kind: parameters.list, rows: [{J_ext: 1.5 pA}, {J_ext: 2 pA}, {J_ext: 2.5 pA}]}
  squares: {kind: sql, inputs: {p: parameters}, grain: sample, query: 'SELECT sample, J_ext * J_ext AS s FROM p'}
  total: {kind: sql, inputs: {t: squares}, query: 'SELECT sum(s) AS total FROM t'}
";

fn small() -> Lab {
    let lab = Lab::new();
    lab.write("pipeline.yaml", PIPELINE);
    lab
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn has_keys(value: &Value, due: &[&str]) {
    let found = keys(value);
    due.iter().for_each(|key| assert!(found.contains(key), "no `{key}` in {value}"));
}

/// A row of `stages` by the name of the stage.
fn stage<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["stages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["stage"] == name)
        .unwrap_or_else(|| panic!("no `{name}` in {answer}"))
}

#[test]
fn init_makes_a_project_that_runs() {
    let lab = Lab::new();
    lapicque(lab.folder(), &["init", "project"]).ok();
    let checked = lapicque(lab.folder(), &["check", "project", "--json"]).ok().json();
    assert_eq!(checked["ok"], true);
    assert_eq!(lapicque(lab.folder(), &["init", "project"]).code, 2, "nothing is overwritten");
    // The same on a network of 100 neurons; a path of --set starts at the working directory.
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    let tiny = [
        "--set",
        "spikes.network=tiny.yaml",
        "--set",
        "kernels.network=tiny.yaml",
        "--set",
        "spikes.duration=250 ms",
        "--set",
        "spikes.transient=50 ms",
    ];
    let run = lapicque(lab.folder(), &[["run", "project"].as_slice(), &tiny].concat()).ok();
    assert!(
        run.stdout.contains("predictions") && run.stdout.contains("held-out predictions of `model`"),
        "{}",
        run.stdout
    );
    assert!(lab.folder().join("project/.lapicque/format").exists(), "the store lies beside the pipeline file");
    let rows = lapicque(
        lab.folder(),
        &["sql", "-p", "project", "SELECT J_ext, dfa FROM features_with_parameters ORDER BY J_ext", "--format", "json"],
    )
    .ok()
    .json();
    assert_eq!(rows.as_array().unwrap().len(), 12);
    assert_eq!(rows[0]["J_ext"], 27.0);
}

fn has_r() -> bool {
    std::process::Command::new("Rscript").arg("--version").output().is_ok_and(|answer| answer.status.success())
}

#[test]
fn the_examples_are_sound() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/recordings/human_m1_lfp_1s.edf");
    let cohort = tempfile::tempdir().unwrap();
    crate::make_cohort::make(cohort.path(), 4, 20).unwrap();
    let cohort_path = format!("recordings.path={}", cohort.path().display());
    let mut checked = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("pipeline.yaml")) else {
            continue;
        };
        if text.contains("kind: python") && !(has_python() && has_r()) {
            eprintln!("skipped: {} needs Python and R", folder.display());
            continue;
        }
        let path = format!("recording.path={recording}");
        let setting = match &text {
            text if text.contains("import.recording") => vec!["--set", &path],
            text if text.contains("import.bids") => vec!["--set", &cohort_path],
            _ => Vec::new(),
        };
        let answer = lapicque(&folder, &[["check", "."].as_slice(), &setting].concat()).ok();
        assert!(answer.stdout.contains("sound"), "{}", answer.stdout);
        assert!(!folder.join(".lapicque").exists(), "to check leaves nothing behind");
        checked += 1;
    }
    assert!(checked >= 3);
}

#[test]
fn check_plan_run_and_why_speak_json() {
    let lab = small();
    let ask = |arguments: &[&str]| lapicque(lab.folder(), &[arguments, &["--json"]].concat()).ok().json();
    let check = ask(&["check", "."]);
    assert_eq!(check["ok"], true);
    assert_eq!(stage(&check, "squares")["samples"], 3);

    let plan = ask(&["plan", "."]);
    assert_eq!(plan["pipeline"], "small");
    for row in plan["stages"].as_array().unwrap() {
        has_keys(row, &["stage", "kind", "samples", "cached", "to_run", "reason", "estimated_seconds"]);
        assert_eq!((&row["cached"], &row["to_run"]), (&json!(0), &row["samples"]));
    }
    assert!(!lab.store_folder().exists(), "to plan leaves nothing behind");

    let run = ask(&["run", "."]);
    has_keys(&run, &["run", "pipeline", "stages", "seconds", "ok"]);
    assert_eq!(run["ok"], true);
    for row in run["stages"].as_array().unwrap() {
        has_keys(row, &["stage", "kind", "samples", "cached", "computed", "cut_off", "failed", "seconds", "bytes"]);
        assert_eq!(row["computed"], row["samples"]);
    }
    assert_eq!(stage(&run, "total")["computed"], 1);
    let again = ask(&["run", "."]);
    assert!(
        again["stages"].as_array().unwrap().iter().all(|row| row["computed"] == 0 && row["cached"] == row["samples"])
    );
    assert_eq!(stage(&ask(&["plan", "."]), "squares")["to_run"], 0);

    let why = ask(&["why", ".", "squares"]);
    has_keys(&why, &["stage", "sample", "status", "changed"]);
    assert_eq!((&why["status"], &why["changed"]), (&json!("cached"), &json!([])));
    lab.write("pipeline.yaml", PIPELINE.replace("J_ext * J_ext", "J_ext + J_ext"));
    let why = ask(&["why", ".", "squares"]);
    assert_eq!((&why["stage"], &why["status"]), (&json!("squares"), &json!("to run")));
    let change = &why["changed"][0];
    assert_eq!(change["ingredient"], "config.query");
    assert!(
        change["old"].as_str().unwrap().contains("J_ext * J_ext")
            && change["new"].as_str().unwrap().contains("J_ext + J_ext")
    );
    assert_eq!(ask(&["why", ".", "total"])["status"], "waiting");
    let sample = ask(&["sql", "-p", ".", "SELECT sample FROM parameters LIMIT 1"])[0]["sample"].clone();
    let one = ask(&["why", ".", "squares", "--sample", &sample.as_str().unwrap()[..8]]);
    assert_eq!(one["sample"], sample);
    let set = ask(&["plan", ".", "--set", "squares.query=SELECT sample, J_ext * J_ext AS s FROM p"]);
    assert_eq!(stage(&set, "squares")["to_run"], 0, "what --set gives is what a file would");
    let whole = "squares={kind: sql, inputs: {p: parameters}, grain: sample, query: 'SELECT sample, J_ext * J_ext AS s FROM p'}";
    assert_eq!(stage(&ask(&["plan", ".", "--set", whole]), "squares")["to_run"], 0, "also of a whole stage");

    lab.write("pipeline.yaml", PIPELINE.replace("J_ext * J_ext", "J_ex"));
    let broken = lapicque(lab.folder(), &["check", ".", "--json"]);
    assert_eq!((broken.code, &broken.json()["ok"]), (2, &json!(false)));
    let error = &broken.json()["errors"][0];
    has_keys(error, &["file", "line", "column", "field", "message"]);
    assert_eq!((&error["field"], &error["line"]), (&json!("stages.squares.query"), &json!(6)));
}

#[test]
fn sql_answers_in_every_format() {
    let lab = small();
    lapicque(lab.folder(), &["run", "."]).ok();
    let query = "SELECT J_ext, s FROM squares_with_parameters ORDER BY J_ext";
    let ask =
        |more: &[&str]| lapicque(lab.folder(), &[["sql", "-p", ".", query].as_slice(), more].concat()).ok().stdout;
    let table = ask(&[]);
    assert!(table.starts_with("J_ext (pA)  s") && table.contains("6.25"), "{table}");
    assert_eq!(ask(&["--format", "csv"]), "J_ext,s\n1.5,2.25\n2.0,4.0\n2.5,6.25\n");
    let json: Value = serde_json::from_str(&ask(&["--format", "json"])).unwrap();
    assert_eq!(json, json!([{"J_ext": 1.5, "s": 2.25}, {"J_ext": 2.0, "s": 4.0}, {"J_ext": 2.5, "s": 6.25}]));
    assert_eq!(serde_json::from_str::<Value>(&ask(&["--json"])).unwrap(), json);

    assert_eq!(ask(&["-o", "out.parquet"]), "");
    let units = "lapicque: 1\nname: back\nstages:\n  t: {kind: import.table, path: out.parquet}\n";
    lab.write("back.yaml", units);
    lapicque(lab.folder(), &["run", "back.yaml"]).ok();
    let back = lapicque(lab.folder(), &["sql", "-p", "back.yaml", "SELECT * FROM t", "--json"]).ok().json();
    assert_eq!(back, json, "a Parquet file holds what was asked for");
    assert_eq!(ask(&["-o", "out.csv"]), "");
    assert_eq!(std::fs::read_to_string(lab.folder().join("out.csv")).unwrap().lines().count(), 4);

    let system = |query: &str| lapicque(lab.folder(), &["sql", "-p", ".", query, "--json"]).ok().json();
    assert_eq!(system("SELECT count(*) AS n FROM system.runs")[0]["n"], 2);
    assert_eq!(system("SELECT upstream FROM system.lineage WHERE stage = 'total'")[0]["upstream"], "squares");
    assert_eq!(
        system("SELECT unit FROM system.columns WHERE \"column\" = 'J_ext' AND \"table\" = 'parameters'")[0]["unit"],
        "pA"
    );
    let bindings = system("SELECT count(DISTINCT action_key) AS keys FROM system.bindings WHERE stage = 'squares'");
    assert_eq!(bindings[0]["keys"], 3);
    assert!(system("SELECT * FROM system.events WHERE event = 'stage_finished'").as_array().unwrap().len() >= 3);
}

#[test]
fn the_store_is_where_it_is_said_to_be() {
    let lab = small();
    let exists = |name: &str| lab.folder().join(name).join("format").exists();
    lapicque_with(lab.folder(), &["run", "."], &[("LAPICQUE_STORE", "from_environment")]).ok();
    assert!(exists("from_environment") && !exists(".lapicque"));
    lapicque_with(lab.folder(), &["run", ".", "--store", "from_option"], &[("LAPICQUE_STORE", "from_environment")])
        .ok();
    assert!(exists("from_option"), "an option is nearer than the environment");
    let sql = ["sql", "-p", ".", "SELECT total FROM total", "--json"];
    assert_eq!(lapicque(lab.folder(), &sql).code, 2, "the default store has no run");
    let there = lapicque(lab.folder(), &[sql.as_slice(), &["--store", "from_option"]].concat()).ok().json();
    assert_eq!(there, json!([{"total": 12.5}]));
    assert!(lab.folder().join("from_option/CACHEDIR.TAG").exists());
}

#[test]
fn quiet_says_nothing_and_jobs_change_nothing() {
    let lab = small();
    let pipeline = PIPELINE
        .replace("s FROM p'}", "s FROM p', on_error: skip}")
        .replace("J_ext * J_ext", "10 / CAST(J_ext - 1.5 AS BIGINT)");
    lab.write("pipeline.yaml", pipeline);
    let loud = lapicque(lab.folder(), &["run", "."]).ok();
    assert!(loud.says("have no result"), "{}", loud.stderr);
    let quiet = lapicque(lab.folder(), &["run", ".", "--quiet", "--json"]).ok();
    assert_eq!(quiet.stderr, "");
    let total = |jobs: &str| {
        let store = format!("store_{jobs}");
        lapicque(lab.folder(), &["run", ".", "--quiet", "--jobs", jobs, "--store", &store]).ok();
        lapicque(lab.folder(), &["sql", "-p", ".", "SELECT * FROM total", "--store", &store, "--json"]).ok().stdout
    };
    assert_eq!(total("1"), total("3"));
}

#[test]
fn stages_describes_every_kind() {
    let lab = Lab::new();
    let all = lapicque(lab.folder(), &["stages", "--json"]).ok().json();
    let listed = lapicque(lab.folder(), &["stages"]).ok().stdout;
    for kind in all.as_array().unwrap() {
        has_keys(kind, &["kind", "summary", "inputs", "config"]);
        let name = kind["kind"].as_str().unwrap();
        assert!(listed.contains(name), "{listed}");
        let page = lapicque(lab.folder(), &["stages", name]).ok().stdout;
        for field in kind["config"]["properties"].as_object().into_iter().flat_map(|p| p.keys()) {
            assert!(page.contains(field.as_str()), "the page of {name} does not tell of `{field}`\n{page}");
        }
        assert_eq!(lapicque(lab.folder(), &["stages", name, "--json"]).ok().json(), *kind);
    }
    assert_eq!(all.as_array().unwrap().len(), lapicque_registry_size());
}

#[test]
fn every_command_has_examples() {
    let lab = Lab::new();
    let help = lapicque(lab.folder(), &["--help"]).ok().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> =
        commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        let help = lapicque(lab.folder(), &[name, "--help"]).ok().stdout;
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("`{name} --help` has no examples"));
        assert!(examples.contains(&format!("lapicque {name}")), "{examples}");
    }
}

fn lapicque_registry_size() -> usize {
    lapicque::registry().iter().count()
}
