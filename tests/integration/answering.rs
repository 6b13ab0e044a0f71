//! Which run an answer is from, what of it is missing, and what a plan knows of earlier runs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Answer, Lab, lapicque};

const PIPELINE: &str = "
lapicque: 1
name: small
stages:
  parameters: {kind: parameters.list, rows: [{g: 1}, {g: 2}, {g: 3}]}
  squares: {kind: sql, inputs: {p: parameters}, grain: sample, batch: 1, query: 'SELECT sample, g * g AS s FROM p'}
  total: {kind: sql, inputs: {t: squares}, query: 'SELECT sum(s) AS total FROM t'}
";

fn small() -> Lab {
    let lab = Lab::new();
    lab.write("pipeline.yaml", PIPELINE);
    lab
}

fn ask(lab: &Lab, arguments: &[&str]) -> Answer {
    lapicque(lab.folder(), arguments)
}

fn sql(lab: &Lab, query: &str) -> Answer {
    ask(lab, &["sql", "-p", ".", query, "--json"])
}

fn stage<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["stages"].as_array().unwrap().iter().find(|row| row["stage"] == name).unwrap()
}

#[test]
fn an_answer_of_the_file_as_it_stands_needs_no_word() {
    let lab = small();
    ask(&lab, &["run", "."]).ok();
    let silent = |arguments: &[&str]| assert_eq!(ask(&lab, arguments).ok().stderr, "", "{arguments:?}");
    silent(&["sql", "-p", ".", "SELECT * FROM total"]);
    silent(&["sql", "-p", ".", "SELECT * FROM squares_with_parameters"]);
    lab.write("pipeline.yaml", format!("# A remark.\n{}", PIPELINE.replace("name: small", "name:   small")));
    silent(&["sql", "-p", ".", "SELECT * FROM total"]);
    let exported = ask(&lab, &["export", ".", "total", "-o", "t.csv"]).ok();
    assert_eq!(exported.stderr.lines().count(), 1, "{}", exported.stderr);
}

#[test]
fn edits_and_settings_since_are_told_with_run_and_age() {
    let lab = small();
    let first = ask(&lab, &["run", ".", "--json"]).ok().json()["run"].as_str().unwrap().to_owned();
    lab.write("pipeline.yaml", PIPELINE.replace("g * g", "g + g"));
    let commands: [&[&str]; 3] = [
        &["sql", "-p", ".", "SELECT s, s AS t FROM squares"],
        &["plot", "-p", ".", "SELECT s, s AS t FROM squares", "-o", "figure.svg"],
        &["export", ".", "squares", "-o", "s.csv"],
    ];
    for command in commands {
        let answer = ask(&lab, command).ok();
        assert!(
            answer.says(&first) && answer.says("edited since") && answer.says("just now") | answer.says("ago"),
            "{}",
            answer.stderr
        );
        assert!(!ask(&lab, &[command, &["--quiet"]].concat()).ok().says("edited"));
    }
    let chosen = ask(&lab, &["export", ".", "squares", "-o", "s.csv", "--run", &first]).ok();
    assert!(!chosen.says("edited"), "who names a run knows it: {}", chosen.stderr);

    let setting = "squares.query=SELECT sample, 7 * g AS s FROM p";
    ask(&lab, &["run", ".", "--set", setting]).ok();
    let answer = sql(&lab, "SELECT sum(s) AS s FROM squares");
    assert_eq!(answer.json(), json!([{"s": 42}]));
    assert!(answer.says(&format!("--set {setting}")) && !answer.says("edited"), "{}", answer.stderr);
    let runs = sql(&lab, "SELECT settings, complete, file FROM system.runs ORDER BY run").ok();
    assert_eq!(
        runs.json(),
        json!([
            {"settings": "", "complete": true, "file": "pipeline.yaml"},
            {"settings": setting, "complete": true, "file": "pipeline.yaml"},
        ])
    );
    assert_eq!(runs.stderr, "", "what is asked of all runs is of no single one");
    ask(&lab, &["run", "."]).ok();
    assert_eq!(sql(&lab, "SELECT * FROM squares").stderr, "");
}

#[test]
fn two_files_of_one_name_do_not_answer_for_each_other() {
    let lab = small();
    lab.write("other.yaml", PIPELINE.replace("g * g", "g + g"));
    ask(&lab, &["run", "."]).ok();
    for arguments in [
        vec!["sql", "-p", "other.yaml", "SELECT * FROM total"],
        vec!["plot", "-p", "other.yaml", "SELECT total, total FROM total", "-o", "x.svg"],
        vec!["export", "other.yaml", "total", "-o", "x.csv"],
    ] {
        let answer = ask(&lab, &arguments);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{}", answer.stderr);
        assert!(answer.says("another file of the name `small`: pipeline.yaml"), "{}", answer.stderr);
    }
    let plan = ask(&lab, &["plan", "other.yaml", "--json"]).ok().json();
    assert_eq!((&stage(&plan, "parameters")["cached"], &stage(&plan, "squares")["to_run"]), (&json!(3), &json!(3)));
    ask(&lab, &["run", "other.yaml"]).ok();
    let total = |file: &str| ask(&lab, &["sql", "-p", file, "SELECT total FROM total", "--json"]).ok();
    assert_eq!(
        (total("pipeline.yaml").json(), total("other.yaml").json()),
        (json!([{"total": 14}]), json!([{"total": 12}]))
    );
    assert_eq!(total("pipeline.yaml").stderr + &total("other.yaml").stderr, "");
    // The latest of each is kept.
    let collected = ask(&lab, &["gc", ".", "--yes", "--json"]).ok().json();
    assert_eq!((&collected["runs"], &collected["kept_runs"]), (&json!(0), &json!(2)));
    assert_eq!(total("pipeline.yaml").json(), json!([{"total": 14}]));

    // A folder may move with its store, and a store may lie elsewhere.
    let moved = Lab::new();
    let to = moved.folder().join("moved");
    std::fs::rename(lab.folder(), &to).unwrap();
    let there = lapicque(&to, &["sql", "-p", ".", "SELECT total FROM total", "--json"]).ok();
    assert_eq!((there.json(), there.stderr.as_str()), (json!([{"total": 14}]), ""));
    let elsewhere = moved.folder().join("elsewhere").display().to_string();
    lapicque(&to, &["run", ".", "--store", &elsewhere]).ok();
    lapicque(&to, &["sql", "-p", "./pipeline.yaml", "SELECT * FROM total", "--store", &elsewhere]).ok();
    std::fs::create_dir(lab.folder()).unwrap();
}

#[test]
fn tables_with_gaps_come_with_a_word_and_no_table_is_no_empty_table() {
    let lab = small();
    lab.write("pipeline.yaml", PIPELINE.replace("g * g", "10 / (g - 2)"));
    assert_eq!(ask(&lab, &["run", "."]).code, 1);
    let squares = sql(&lab, "SELECT * FROM squares").ok();
    assert_eq!(squares.json().as_array().unwrap().len(), 2);
    assert!(squares.says("1 of 3 samples of `squares` has no result") && !squares.says("total"), "{}", squares.stderr);
    assert_eq!(sql(&lab, "SELECT * FROM parameters").ok().stderr, "", "of this table nothing is missing");
    for arguments in [
        vec!["sql", "-p", ".", "SELECT * FROM total"],
        vec!["sql", "-p", ".", "SELECT count(*) FROM total"],
        vec!["export", ".", "total", "-o", "x.csv"],
    ] {
        let answer = ask(&lab, &arguments);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
        assert!(answer.says("`total` has no table: it did not run"), "{}", answer.stderr);
    }
    assert!(!lab.folder().join("x.csv").exists());
    assert_eq!(sql(&lab, "SELECT complete FROM system.runs").json(), json!([{"complete": false}]));
    // A stage that ran and failed says with what.
    lab.write("pipeline.yaml", PIPELINE.replace("sum(s) AS total FROM t", "1 / (sum(s) - 14) AS total FROM t"));
    assert_eq!(ask(&lab, &["run", "."]).code, 1);
    let answer = sql(&lab, "SELECT * FROM total");
    assert!(answer.code == 2 && answer.says("`total` has no table: it failed: "), "{}", answer.stderr);
    // Where failures are skipped, the run is whole in its own way, but a table still has a gap.
    let skips = PIPELINE.replace("g * g AS s FROM p'", "10 / (g - 2) AS s FROM p', on_error: skip");
    lab.write("pipeline.yaml", skips);
    ask(&lab, &["run", "."]).ok();
    assert!(sql(&lab, "SELECT * FROM squares").ok().says("1 of 3 samples of `squares` has no result"));
    assert_eq!(sql(&lab, "SELECT total FROM total").ok().stderr, "");
}

/// Simulations that take so long that one is certain to be under way.
fn long() -> Lab {
    let lab = Lab::new();
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    lab.write("pipeline.yaml", LONG);
    lab
}

const LONG: &str = "
lapicque: 1
name: long
seed: 1
stages:
  parameters: {kind: parameters.grid, sweep: {J_ext: {linspace: [30 pA, 35 pA, 8]}}}
  spikes: {kind: simulate.spiking, inputs: {parameters: parameters}, network: tiny.yaml, duration: 5000 s, batch: 1}
  rates: {kind: features.spiking, inputs: {spikes: spikes, populations: spikes.populations}, batch: 1}
  mean: {kind: sql, inputs: {r: rates}, query: 'SELECT avg(rate_hz) AS rate FROM r'}
";

fn start(lab: &Lab, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
    command.current_dir(lab.folder()).args(arguments).env_remove("LAPICQUE_STORE");
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn progress_is_told_line_by_line_where_there_is_no_terminal() {
    let lab = long();
    let mut child = start(&lab, &["run", ".", "--jobs", "1", "--progress-every", "1"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.find(|line| line.as_ref().unwrap().starts_with("after ")).unwrap().unwrap();
    assert!(line.contains("spikes ") && line.contains(" of 8"), "{line}");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for quiet in [["--quiet", "--progress-every=1"], ["--progress-every=0", "--jobs=1"]] {
        let mut child = start(&lab, &[["run", "."], quiet].concat());
        while !lab.store_folder().join("claims").exists() {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_millis(1500));
        interrupt(&child);
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(!told.contains("after "), "{told}");
        child.wait().unwrap();
    }
}

#[test]
fn after_an_interrupt_reasons_are_true_and_answers_tell_of_the_gap() {
    let lab = long();
    // One result is there; the others take hours.
    let one =
        LONG.replace("linspace: [30 pA, 35 pA, 8]", "values: [30 pA]").replace("duration: 5000 s", "duration: 1 s");
    lab.write("pipeline.yaml", &one);
    ask(&lab, &["run", "."]).ok();
    let eight = one.replace("values: [30 pA]", "values: [30 pA, 31 pA, 32 pA, 33 pA, 34 pA, 35 pA, 36 pA, 37 pA]");
    let slow = eight.replace("duration: 1 s", "duration: 5000 s");
    lab.write("pipeline.yaml", &slow);
    let mut child = start(&lab, &["run", ".", "--jobs", "1", "--progress-every", "1"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Before that, the parameters may not be there.
    lines.find(|line| line.as_ref().unwrap().contains(" of 8")).unwrap().unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let plan = ask(&lab, &["plan", ".", "--json"]).ok().json();
    assert_eq!(stage(&plan, "spikes")["reason"], "8 samples not computed yet");
    assert_eq!(stage(&plan, "mean")["reason"], "waits for rates");
    let sample = &sql(&lab, "SELECT sample FROM parameters").json()[0]["sample"];
    let why = ask(&lab, &["why", ".", "spikes", "--sample", sample.as_str().unwrap(), "--json"]).ok().json();
    assert_eq!(why["status"], "to run");
    assert_ne!(why["changed"], json!([]));

    let answer = sql(&lab, "SELECT * FROM rates");
    assert_eq!(answer.json(), json!([]));
    assert!(answer.says("it was interrupted: `rates` has 0 of 8 samples"), "{}", answer.stderr);
    assert_eq!(sql(&lab, "SELECT * FROM mean").code, 2);
    let runs = sql(&lab, "SELECT complete, ok FROM system.runs ORDER BY run").json();
    assert_eq!(runs, json!([{"complete": true, "ok": true}, {"complete": false, "ok": false}]));
}

#[test]
fn estimates_follow_the_configuration_or_say_that_they_do_not() {
    let lab = long();
    let short = LONG.replace("duration: 5000 s", "duration: 1 s");
    lab.write("pipeline.yaml", &short);
    ask(&lab, &["run", ".", "--jobs", "1"]).ok();
    let plan = |text: &str| {
        lab.write("pipeline.yaml", text);
        ask(&lab, &["plan", ".", "--json"]).ok().json()
    };
    let field = |plan: &Value, name: &str, field: &str| stage(plan, name)[field].clone();
    let seconds = |plan: &Value, name: &str| field(plan, name, "estimated_seconds").as_f64().unwrap();
    let unchanged = plan(&short);
    assert_eq!(seconds(&unchanged, "spikes"), 0.0);
    // Twice as many points: each costs what it did.
    let more = plan(&short.replace("35 pA, 8]", "35 pA, 15]"));
    assert_eq!(field(&more, "spikes", "estimate_from_other_configuration"), false);
    assert_eq!(field(&more, "rates", "estimate_from_other_configuration"), false);
    assert_eq!(
        field(&more, "mean", "estimate_from_other_configuration"),
        true,
        "what needs all samples has more of them"
    );
    let of_seven = seconds(&more, "spikes");
    assert_eq!(field(&more, "parameters", "reason"), "7 new samples");
    // Ten times as long: ten times as much work, and readers say that they do not know.
    let longer = plan(&short.replace("duration: 1 s", "duration: 10 s"));
    let per_sample = seconds(&longer, "spikes") / 8.0;
    assert!((per_sample / (of_seven / 7.0) - 10.0).abs() < 1e-6, "{per_sample} {of_seven}");
    assert_eq!(field(&longer, "spikes", "estimate_from_other_configuration"), false);
    assert_eq!(field(&longer, "rates", "estimate_from_other_configuration"), true);
    let shown = ask(&lab, &["plan", "."]).ok().stdout;
    assert!(shown.contains(" ~ ") && shown.contains("~ measured with another configuration"), "{shown}");
    // A finer grid is more work; a larger network as well.
    let finer = plan(&short.replace("duration: 1 s", "duration: 1 s, time_step: 0.03125 ms"));
    assert!(seconds(&finer, "spikes") > 1.2 * of_seven * 8.0 / 7.0);
}

#[test]
fn what_changed_since_cannot_be_computed_again_in_silence() {
    let lab = long();
    let short = LONG.replace("duration: 5000 s", "duration: 100 ms, keep: false");
    lab.write("pipeline.yaml", &short);
    ask(&lab, &["run", "."]).ok();
    let count = |more: &[&str]| {
        ask(&lab, &[["sql", "-p", ".", "SELECT count(*) AS n FROM spikes", "--json"].as_slice(), more].concat())
    };
    assert_eq!(count(&[]).code, 2);
    let computed = count(&["--compute"]).ok().json();
    assert!(computed[0]["n"].as_u64().unwrap() > 0);
    // The file was edited, the run can be repeated all the same.
    lab.write("pipeline.yaml", short.replace("100 ms", "200 ms"));
    let answer = count(&["--compute"]).ok();
    assert_eq!(answer.json(), computed);
    assert!(answer.says("edited since"), "{}", answer.stderr);
    // A file that the run read is another now.
    let network = include_str!("../golden/house/tiny_network.yaml").replace("tau_m: 10 ms", "tau_m: 11 ms");
    assert!(network.contains("tau_m: 11 ms"));
    lab.write("tiny.yaml", network);
    let answer = count(&["--compute"]);
    assert!(answer.code == 2 && answer.says("cannot be repeated"), "{}", answer.stderr);
}

#[test]
fn collecting_says_what_it_keeps_and_asks() {
    let lab = small();
    let silent = ask(&lab, &["gc", "."]).ok();
    assert_eq!(silent.stderr, "", "there is nothing to remove");
    ask(&lab, &["run", "."]).ok();
    ask(&lab, &["gc", "."]).ok();
    let pinned = ask(&lab, &["run", ".", "--json", "--set", "squares.query=SELECT sample, g AS s FROM p"]).ok().json()
        ["run"]
        .clone();
    ask(&lab, &["pin", ".", "--name", "paper"]).ok();
    for factor in ["2", "3"] {
        ask(&lab, &["run", ".", "--set", &format!("squares.query=SELECT sample, {factor} * g AS s FROM p")]).ok();
    }
    let before = lab.store_digest();
    let refused = ask(&lab, &["gc", "."]).ok();
    assert!(refused.stdout.contains("would remove  2") && !refused.stdout.contains("removed"), "{}", refused.stdout);
    assert!(refused.says("nothing was removed: to remove 2 runs and ") && refused.says("--yes"), "{}", refused.stderr);
    let told = ask(&lab, &["gc", ".", "--json"]).ok().json();
    assert_eq!((&told["needs_yes"], &told["runs"]), (&json!(true), &json!(2)));
    assert!(refused.says("pinned as `paper`") && refused.says(pinned.as_str().unwrap()), "{}", refused.stderr);
    assert!(refused.says("(pipeline.yaml), the latest"), "{}", refused.stderr);
    ask(&lab, &["gc", ".", "--dry-run"]).ok();
    assert_eq!(lab.store_digest(), before, "nothing was removed");
    let gone = ask(&lab, &["gc", ".", "--yes", "--json"]).ok().json();
    assert_eq!((&gone["runs"], &gone["kept_runs"]), (&json!(2), &json!(2)));
    ask(&lab, &["gc", "."]).ok();
    let help = ask(&lab, &["gc", "--help"]).ok().stdout;
    assert!(help.contains("Remove results that no kept run needs"), "{help}");
}
