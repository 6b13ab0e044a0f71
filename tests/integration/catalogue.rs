//! What is asked of finished runs: differences, reasons, other runs in SQL, lineage, drawings, exports, and what is kept.

use serde_json::{Value, json};

use crate::support::{Answer, Lab, lapicque};

fn pipeline(factor: f64, points: usize) -> String {
    format!(
        "lapicque: 1\nname: catalogue\nseed: 1\nstages:\n\
         \x20 parameters: {{kind: parameters.grid, sweep: {{g: {{linspace: [1, {points}, {points}]}}}}}}\n\
         \x20 sim:\n    kind: sql\n    inputs: {{p: parameters}}\n    grain: sample\n    query: SELECT sample, g * {factor} AS s, g AS same FROM p\n\
         \x20 feature: {{kind: sql, inputs: {{t: sim}}, grain: sample, query: 'SELECT sample, s + 1 AS f FROM t'}}\n\
         \x20 mean: {{kind: sql, inputs: {{t: feature}}, query: 'SELECT avg(f) AS m FROM t'}}\n"
    )
}

struct Bench(Lab);

impl Bench {
    fn new() -> Self {
        let bench = Self(Lab::new());
        bench.write(2.0, 4);
        bench
    }

    fn write(&self, factor: f64, points: usize) {
        self.0.write("pipeline.yaml", pipeline(factor, points));
    }

    fn ask(&self, arguments: &[&str]) -> Answer {
        lapicque(self.0.folder(), arguments)
    }

    /// The id of the run.
    fn run(&self) -> String {
        self.ask(&["run", ".", "--json"]).ok().json()["run"].as_str().unwrap().to_owned()
    }

    fn sql(&self, query: &str) -> Value {
        self.ask(&["sql", "-p", ".", query, "--json"]).ok().json()
    }
}

#[test]
fn differences_of_runs_are_told_column_by_column() {
    let bench = Bench::new();
    let first = bench.run();
    bench.write(3.0, 5);
    let second = bench.run();
    let rows = bench.ask(&["diff", ".", &first, &second, "--json"]).ok().json();
    let row = |table: &str, column: &str| {
        let found = rows.as_array().unwrap().iter().find(|row| row["table"] == table && row["column"] == column);
        found.unwrap_or_else(|| panic!("{table}.{column}: {rows}")).clone()
    };
    // 1..4 times 3 instead of 2.
    let sim = row("sim", "s");
    assert_eq!((&sim["changed"], &sim["largest_difference"], &sim["only_b"]), (&json!(4), &json!(4.0), &json!(1)));
    assert!(rows.as_array().unwrap().iter().all(|row| row["column"] != "same"), "equal columns are not told");
    assert_eq!(row("mean", "m")["changed"], 1);
    let near = bench.ask(&["diff", ".", &first, &second, "--stage", "sim", "--tolerance", "0.9", "--json"]).ok().json();
    assert!(near.as_array().unwrap().iter().all(|row| row["column"].is_null()), "{near}");
    assert_eq!(bench.ask(&["diff", ".", &second, &second, "--json"]).ok().json(), json!([]));
    for (arguments, told) in [
        (vec!["diff", ".", "nothing"], "there is no run `nothing`"),
        (vec!["diff", ".", "2"], "give more of the id"),
        (vec!["diff", ".", &first, "--tolerance", "x"], "a number >= 0"),
        (vec!["diff", ".", &first, "--stage", "simm"], "must have a stage"),
    ] {
        let answer = bench.ask(&arguments);
        assert_eq!(answer.code, 2, "{arguments:?}");
        assert!(answer.says(told), "{arguments:?}: {}", answer.stderr);
    }
}

#[test]
fn a_change_is_followed_to_where_it_was_made() {
    let bench = Bench::new();
    bench.run();
    bench.write(3.0, 4);
    let plan = bench.ask(&["plan", ".", "--json"]).ok().json();
    assert!(plan["stages"][1]["reason"].as_str().unwrap().contains("config.query: "), "{plan}");
    assert_eq!(plan["stages"][2]["reason"], "waits for sim");
    assert!(plan["stages"][1]["estimated_seconds"].is_number() && plan["stages"][1]["estimated_bytes"].is_number());
    let sample = bench.sql("SELECT sample FROM feature LIMIT 1")[0]["sample"].as_str().unwrap().to_owned();
    let why = bench.ask(&["why", ".", "feature", "--sample", &sample, "--json"]).ok().json();
    assert_eq!((&why["status"], &why["changed"][0]["ingredient"]), (&json!("waiting"), &json!("inputs.t")));
    let upstream = &why["changed"][0]["because"];
    assert_eq!((&upstream["stage"], &upstream["changed"][0]["ingredient"]), (&json!("sim"), &json!("config.query")));
    bench.run();
    // Computed now: the column that changed is named, with its values.
    let why = bench.ask(&["why", ".", "feature", "--sample", &sample, "--json"]).ok().json();
    assert_eq!(why["status"], "cached");
    let change = &why["changed"][0];
    assert_eq!(change["columns"][0]["column"], "s");
    assert_eq!((&change["columns"][0]["old"], &change["columns"][0]["new"]), (&json!("2"), &json!("3")));
    let sentence = why["summary"].as_str().unwrap();
    assert!(sentence.contains("inputs.t changed in s (2 -> 3), because sim: config.query: "), "{sentence}");
    let whole = bench.ask(&["why", ".", "mean", "--json"]).ok().json();
    assert_eq!(whole["changed"][0]["samples"], "4 samples with other content");
}

#[test]
fn other_runs_and_what_was_made_of_what_are_tables() {
    let bench = Bench::new();
    let first = bench.run();
    bench.write(3.0, 4);
    bench.run();
    let sums = bench.sql(&format!(
        "SELECT a.s AS old, b.s AS new FROM run_{first}.sim a JOIN sim b ON a.sample = b.sample ORDER BY 1"
    ));
    assert_eq!(
        sums,
        json!([{"old": 2.0, "new": 3.0}, {"old": 4.0, "new": 6.0}, {"old": 6.0, "new": 9.0}, {"old": 8.0, "new": 12.0}])
    );
    let counts =
        bench.sql("SELECT stage, count(*) AS n, bool_and(ok) AS ok FROM system.actions GROUP BY stage ORDER BY stage");
    // 2 x 3 and 3 x 2 are one and the same to what follows.
    assert_eq!(counts[0], json!({"stage": "feature", "n": 7, "ok": true}));
    let lineage = bench.sql(&format!(
        "SELECT l.stage, l.upstream, count(*) AS n FROM system.sample_lineage l WHERE l.run = '{first}' GROUP BY 1, 2 ORDER BY 1"
    ));
    let rows = [("feature", "sim", 4), ("mean", "feature", 4), ("sim", "parameters", 4)];
    assert_eq!(lineage, json!(rows.map(|(stage, upstream, n)| json!({"stage": stage, "upstream": upstream, "n": n}))));
    let one = bench.sql("SELECT * FROM feature_with_parameters WHERE g = 2");
    assert_eq!(one[0]["f"], 7.0);
    let sample = one[0]["sample"].as_str().unwrap();
    assert_eq!(bench.sql(&format!("SELECT f FROM feature WHERE sample = '{sample}'")), json!([{"f": 7.0}]));
    assert_eq!(bench.sql("SELECT count(*) AS n FROM feature WHERE sample = 'nobody'"), json!([{"n": 0}]));
    assert_eq!(bench.sql("WITH c AS (SELECT s, same FROM sim) SELECT max(s) AS s FROM c"), json!([{"s": 12.0}]));
    let answer = bench.ask(&["sql", "-p", ".", "SELECT * FROM run_nothing.sim"]);
    assert_eq!(answer.code, 2);
    assert!(answer.says("there is no run `nothing`"), "{}", answer.stderr);
}

#[test]
fn what_no_kept_run_needs_is_removed_and_pins_keep() {
    let bench = Bench::new();
    let first = bench.run();
    bench.write(3.0, 4);
    let second = bench.run();
    bench.write(5.0, 3);
    bench.run();
    bench.ask(&["pin", ".", "--name", "paper", "--run", &first]).ok();
    assert_eq!(bench.ask(&["pin", ".", "--name", "paper"]).code, 2, "the name is taken");
    assert_eq!(bench.ask(&["pin", ".", "--name", "../x"]).code, 2);
    let would = bench.ask(&["gc", ".", "--dry-run", "--json"]).ok().json();
    assert_eq!(bench.ask(&["gc", ".", "--yes", "--json"]).ok().json(), would, "a dry run says what happens");
    assert_eq!((&would["runs"], &would["kept_runs"]), (&json!(1), &json!(2)));
    assert!(would["actions"].as_u64().unwrap() > 0 && would["bytes"].as_u64().unwrap() > 0);
    let runs = bench.sql("SELECT run FROM system.runs");
    assert!(!runs.to_string().contains(&second));
    // Both kept runs are whole.
    assert_eq!(
        bench.sql(
            "SELECT count(*) AS n, sum(f) AS f FROM run_2.feature".replace("run_2", &format!("run_{first}")).as_str()
        ),
        json!([{"n": 4, "f": 24.0}])
    );
    assert_eq!(bench.ask(&["run", ".", "--json"]).ok().json()["stages"][1]["computed"], 0);
    bench.write(3.0, 4);
    let again = bench.ask(&["run", ".", "--json"]).ok().json();
    assert_eq!(again["stages"][1]["computed"], 4, "what was removed is computed again");
    bench.ask(&["pin", ".", "--remove", "paper"]).ok();
    assert_eq!(bench.ask(&["pin", ".", "--remove", "paper"]).code, 2);
    assert_eq!(bench.ask(&["gc", ".", "--yes", "--json"]).ok().json()["kept_runs"], 1);
}

#[test]
fn nothing_is_removed_while_a_run_is_at_work() {
    let bench = Bench::new();
    bench.run();
    bench.write(3.0, 4);
    bench.run();
    let other = lapicque_store::ParquetStore::open(&bench.0.store_folder()).unwrap();
    let at_work = lapicque_pipeline::Store::work(&other).unwrap();
    let told = bench.ask(&["gc", ".", "--yes", "--json"]).ok().json();
    assert_eq!((&told["runners"], &told["runs"]), (&json!(1), &json!(1)));
    assert_eq!(bench.sql("SELECT count(*) AS n FROM system.runs"), json!([{"n": 2}]));
    drop(at_work);
    bench.ask(&["gc", ".", "--yes"]).ok();
    assert_eq!(bench.sql("SELECT count(*) AS n FROM system.runs"), json!([{"n": 1}]));
}

#[test]
fn tables_leave_with_where_they_come_from() {
    let bench = Bench::new();
    let run = bench.run();
    bench.ask(&["export", ".", "feature", "-o", "f.csv"]).ok();
    bench.ask(&["export", ".", "feature", "-o", "f.parquet", "--run", &run]).ok();
    let beside: Value =
        serde_json::from_slice(&std::fs::read(bench.0.folder().join("f.csv.provenance.json")).unwrap()).unwrap();
    assert_eq!((&beside["run"], &beside["table"]), (&json!(run), &json!("feature")));
    assert!(beside["pipeline_file"].as_str().unwrap().contains("name: catalogue"));
    let inside = std::fs::read(bench.0.folder().join("f.parquet")).unwrap();
    assert!(String::from_utf8_lossy(&inside).contains(&run));
    assert_eq!(std::fs::read_to_string(bench.0.folder().join("f.csv")).unwrap().lines().count(), 5);
    let answer = bench.ask(&["export", ".", "features", "-o", "x.csv"]);
    assert_eq!(answer.code, 2);
    assert!(answer.says("there are: parameters, sim, feature, mean"), "{}", answer.stderr);
}

#[test]
fn a_pipeline_is_drawn_with_its_counts() {
    let bench = Bench::new();
    bench.run();
    bench.write(2.0, 5);
    let text = bench.ask(&["graph", "."]).ok().stdout;
    assert!(text.contains("sim (sql): 5 samples, 4 cached, 1 to run") && text.contains("<- p: parameters"), "{text}");
    let dot = bench.ask(&["graph", ".", "--format", "dot"]).ok().stdout;
    assert!(dot.starts_with("digraph") && dot.contains("\"sim\" -> \"feature\" [label=\"t\"]"), "{dot}");
    let mermaid = bench.ask(&["graph", ".", "--format", "mermaid"]).ok().stdout;
    assert!(mermaid.starts_with("flowchart LR") && mermaid.contains("sim -->|t| feature"), "{mermaid}");
}

#[test]
fn rows_that_are_not_kept_are_answered_when_that_is_asked_for() {
    let bench = Bench::new();
    let text = pipeline(2.0, 4).replace("    grain: sample\n", "    grain: sample\n    keep: false\n");
    bench.0.write("pipeline.yaml", text);
    bench.run();
    let query = ["sql", "-p", ".", "SELECT sum(s) AS s FROM sim", "--json"];
    let answer = bench.ask(&query);
    assert_eq!(answer.code, 2);
    assert!(answer.says("are not kept") && answer.says("--compute"), "{}", answer.stderr);
    let computed = bench.ask(&[query.as_slice(), &["--compute"]].concat()).ok();
    assert_eq!(computed.json(), json!([{"s": 20.0}]));
    assert_eq!(bench.ask(&query).code, 2, "and are not kept then either");
}
