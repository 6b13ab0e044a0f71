//! Inputs that are wrong: the command says what, where and what is allowed, and leaves the store as it was.

use std::path::PathBuf;

use crate::support::{Answer, Lab, folder_digest, lapicque};

const GOOD: &str = "
lapicque: 1
name: good
stages:
  parameters: {kind: parameters.list, rows: [{g: 1}, {g: 2}]}
  squares: {kind: sql, inputs: {p: parameters}, grain: sample, query: 'SELECT sample, g * g AS s FROM p'}
";

/// A folder with a store that holds a run.
struct Bench {
    lab: Lab,
}

impl Bench {
    fn new() -> Self {
        let lab = Lab::new();
        lab.write("good.yaml", GOOD);
        lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
        lapicque(lab.folder(), &["run", "good.yaml"]).ok();
        Self { lab }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.lab.write(name, content)
    }

    /// Stages of a pipeline that is refused before anything runs.
    fn refuses(&self, stages: &str, says: &[&str]) {
        self.refuses_file(&format!("lapicque: 1\nname: good\nstages:\n{stages}"), says);
    }

    fn refuses_file(&self, text: &str, says: &[&str]) {
        self.write("bad.yaml", text);
        for command in ["check", "run"] {
            self.refuses_command(&[command, "bad.yaml"], says);
        }
    }

    fn refuses_command(&self, arguments: &[&str], says: &[&str]) {
        let before = self.lab.store_digest();
        let answer = self.fails(arguments, 2, says);
        assert_eq!(answer.stdout, "", "{arguments:?}");
        assert_eq!(self.lab.store_digest(), before, "{arguments:?} changed the store\n{}", answer.stderr);
        self.still_works();
    }

    /// A command that fails in the way that a user can understand.
    fn fails(&self, arguments: &[&str], code: i32, says: &[&str]) -> Answer {
        let answer = lapicque(self.lab.folder(), arguments);
        let told = &answer.stderr;
        assert_eq!(answer.code, code, "{arguments:?}\n{told}");
        assert!(told.lines().count() <= 25 && told.len() < 4000, "{arguments:?}: a long message\n{told}");
        for word in [
            "panicked",
            "RUST_BACKTRACE",
            "unwrap()",
            "DataFusionError",
            "SchemaError(",
            "Policy",
            "serialize",
            "expected struct",
            "variant",
            "u64",
            "usize",
            "invalid type",
        ] {
            assert!(!told.contains(word), "{arguments:?}: `{word}` is nothing for a user\n{told}");
        }
        for said in says {
            assert!(told.contains(said), "{arguments:?}: it does not say `{said}`\n{told}");
        }
        answer
    }

    fn still_works(&self) {
        let answer = lapicque(self.lab.folder(), &["plan", "good.yaml", "--json"]).ok().json();
        assert!(answer["stages"].as_array().unwrap().iter().all(|stage| stage["to_run"] == 0), "{answer}");
    }
}

const POINTS: &str = "  parameters: {kind: parameters.list, rows: [{J_ext: 30 pA}, {J_ext: 31 pA}]}\n";

fn spiking(more: &str) -> String {
    format!(
        "{POINTS}  spikes: {{kind: simulate.spiking, inputs: {{parameters: parameters}}, network: tiny.yaml, {more}}}\n"
    )
}

fn sql(more: &str) -> String {
    format!("{POINTS}  query: {{kind: sql, inputs: {{p: parameters}}, {more}}}\n")
}

#[test]
fn pipeline_files() {
    let bench = Bench::new();
    bench.refuses_command(&["run", "none.yaml"], &["none.yaml", "no such"]);
    bench.refuses_file("lapicque: 1\nstages:\n  a: [1, 2\nb: 3\n", &["bad.yaml:"]);
    bench.refuses_file("lapicque: 1\nstages: {}\nstages: {}\n", &["bad.yaml:3"]);
    bench.refuses_file(
        "lapicque: 2\nstages:\n  p: {kind: parameters.list, rows: [{g: 1}]}\n",
        &["bad.yaml:1:1", "lapicque: 1"],
    );
    bench.refuses_file("- 1\n- 2\n", &["bad.yaml", "map"]);
    bench.refuses_file("", &["bad.yaml"]);
    bench.refuses_file(
        "lapicque: 1\nstagse:\n  p: {kind: parameters.list}\n",
        &["bad.yaml:2:1", "unknown key `stagse`", "did you mean `stages`?"],
    );
    bench.refuses("  Big: {kind: parameters.list, rows: [{g: 1}]}\n", &["bad.yaml:4:3", "stages.Big", "small letters"]);
    bench.refuses("  p: {rows: [{g: 1}]}\n", &["stages.p", "`kind` is missing"]);
    bench.refuses(
        "  p: {kind: parameters.lits, rows: [{g: 1}]}\n",
        &["there is no kind `parameters.lits`; did you mean `parameters.list`?"],
    );
    bench.refuses(
        "  p: {kind: parameters.list, rows: [{g: 1}], retries: many}\n",
        &["stages.p.retries", "whole number"],
    );
    bench.refuses(
        "  p: {kind: parameters.list, rows: [{g: 1}], keep: maybe}\n",
        &["stages.p.keep", "expected `true` or `false`, got `maybe`"],
    );
    bench.refuses(
        "  p: {kind: parameters.list, rows: [{g: 1}], inputs: p}\n",
        &["stages.p.inputs", "expected a map `port: stage`, got `p`"],
    );
}

#[test]
fn texts_that_are_no_yaml_are_told_in_words() {
    let bench = Bench::new();
    let head = "lapicque: 1\nname: good\nstages:\n";
    let stage = "  p: {kind: parameters.list, rows: [{g: 1}]}\n";
    for (text, said) in [
        (format!("{head}{stage}{stage}"), "bad.yaml:5:3: the key `p` stands twice in one map"),
        (format!("{head}  p:\n\tkind: parameters.list\n"), "bad.yaml:5"),
        (format!("{head}  p: *nowhere\n"), "has no anchor"),
        (format!("{head}{stage}---\n{head}{stage}"), "several documents"),
        (format!("{head}  p: {{kind: parameters.list, rows: [{{g: .inf}}]}}\n"), "is not a finite number"),
        (format!("{head}  p: {{kind: \"parameters.list\n"), "bad.yaml"),
        (format!("{head}  p: {}{}\n", "[".repeat(200), "]".repeat(200)), "too deeply"),
        (format!("{head}  p: {}{}\n", "[".repeat(20_000), "]".repeat(20_000)), "too deeply"),
        (format!("{head}  p: {{kind: parameters.list, rows: [{}]}}\n", "{g: 1}, ".repeat(400_000)), "too large"),
        (format!("{head}  ? [a, b]\n  : {{kind: parameters.list}}\n"), "bad.yaml"),
        (format!("{head}  p: !new {{kind: parameters.list}}\n"), "bad.yaml"),
        (format!("{head}  p: &p {{kind: *p}}\n"), "bad.yaml"),
    ] {
        bench.refuses_file(&text, &[said]);
    }
    bench.write("bad.yaml", [b"lapicque: 1\nname: ".as_slice(), &[0xff, 0xfe], b"\n"].concat());
    bench.refuses_command(&["check", "bad.yaml"], &["bad.yaml", "UTF-8"]);
    // What is written by other editors is YAML as well.
    bench.write("crlf.yaml", format!("\u{feff}{}", GOOD.trim_start().replace('\n', "\r\n")));
    lapicque(bench.lab.folder(), &["check", "crlf.yaml"]).ok();
}

#[test]
fn an_alias_bomb_is_no_memory() {
    let mut text = "lapicque: 1\nname: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let items = vec![format!("*a{}", i - 1); 10].join(", ");
        text += &format!("a{i}: &a{i} [{items}]\n");
    }
    Bench::new().refuses_file(&text, &["bad.yaml"]);
}

#[test]
fn graphs() {
    let bench = Bench::new();
    let circle = "  a: {kind: sql, inputs: {t: b}, query: SELECT 1 AS x FROM t}\n  b: {kind: sql, inputs: {t: a}, query: SELECT 1 AS x FROM t}\n";
    bench.refuses(circle, &["in a circle", "a -> b"]);
    bench.refuses(
        &sql("query: SELECT J_ext FROM p").replace("p: parameters}", "p: paramters}"),
        &["there is no stage `paramters`; did you mean `parameters`?"],
    );
    bench.refuses(
        &spiking("duration: 1 s").replace("inputs: {parameters:", "inputs: {paramters:"),
        &["stages.spikes.inputs.paramters", "has no input `paramters`; did you mean `parameters`?"],
    );
    let rates = |from: &str| {
        format!(
            "{}  rates: {{kind: features.spiking, inputs: {{spikes: spikes, populations: {from}}}}}\n",
            spiking("duration: 1 s")
        )
    };
    bench.refuses(&rates("spikes.populatoins"), &["stages.rates.inputs.populations", "it has: spikes, populations"]);
    bench.refuses(&rates("parameters"), &["stages.rates.inputs.populations", "a populations table is due"]);
    let missing =
        format!("{}  rates: {{kind: features.spiking, inputs: {{spikes: spikes}}}}\n", spiking("duration: 1 s"));
    bench.refuses(&missing, &["stages.rates.inputs", "`populations`", "is missing"]);
    let dropped = format!(
        "{}  all: {{kind: sql, inputs: {{s: spikes}}, query: SELECT count(*) AS n FROM s}}\n",
        spiking("duration: 1 s, keep: false")
    );
    bench.refuses(&dropped, &["stages.spikes.keep", "`all` needs the whole table"]);
}

#[test]
fn configurations() {
    let bench = Bench::new();
    bench.refuses(&spiking("duratoin: 1 s"), &["bad.yaml:5", "stages.spikes.duratoin", "did you mean `duration`?"]);
    bench.refuses(&spiking("duration: 5 mV"), &["stages.spikes.duration", "5 mV", "time"]);
    bench.refuses(&spiking("duration: 5"), &["stages.spikes.duration", "5", "unit"]);
    bench.refuses(&spiking("duration: -1 s"), &["stages.spikes.duration", "-1"]);
    bench.refuses(&spiking("duration: 1 s, transient: 2 s"), &["stages.spikes.transient"]);
    bench.refuses(
        &spiking("duration: 1 s").replace("tiny.yaml", "hagn"),
        &["stages.spikes.network", "did you mean `hagen`?"],
    );
    bench.refuses(&spiking("duration: 1 s").replace("J_ext", "J_exd"), &["J_exd", "did you mean `J_ext`?"]);
    bench.refuses(
        &spiking("duration: 1 s").replace("J_ext: 31 pA", "J_ext: 31 ms"),
        &["stages.parameters.rows", "J_ext"],
    );
    bench.refuses(&spiking("duration: 1 s").replace("31 pA", "30 pA"), &["points 1 and 2 are equal", "seed"]);
    bench.refuses("  p: {kind: parameters.list, rows: []}\n", &["stages.p.rows"]);
    bench.refuses(
        "  p: {kind: parameters.grid, sweep: {J_ext: {linspace: [26 pA, 32 pA, 1000000000000]}}}\n",
        &["stages.p.sweep.J_ext", "at most"],
    );
    bench.refuses("  p: {kind: parameters.list, file: points.csv}\n", &["stages.p.file", "there is no file"]);
    let broken = include_str!("../golden/house/tiny_network.yaml").replace("tau_m: 10 ms", "tau_m: 10 mV");
    bench.write("broken.yaml", broken);
    bench.refuses(&spiking("duration: 1 s").replace("tiny.yaml", "broken.yaml"), &["broken.yaml:9:", "tau_m", "10 mV"]);
}

#[test]
fn queries() {
    let bench = Bench::new();
    bench.refuses(&sql("query: SELEC J_ext FROM p"), &["stages.query.query", "SELEC"]);
    bench.refuses(&sql("query: SELECT J_exd FROM p"), &["stages.query.query", "J_exd", "J_ext"]);
    bench.refuses(&sql("query: SELECT * FROM q"), &["stages.query.query", "q"]);
    bench.refuses(&sql("query: DROP TABLE p"), &["stages.query.query"]);
    bench.refuses(&sql("query: CREATE TABLE x AS SELECT * FROM p"), &["stages.query.query"]);
    bench.refuses(&sql("query: \"COPY p TO 'out.csv'\""), &["stages.query.query"]);
    bench.refuses(&sql("query: 'SELECT J_ext, random() AS r FROM p'"), &["stages.query.query", "random()"]);
    bench.refuses(&sql("query: SELECT now() AS t FROM p"), &["stages.query.query"]);
    bench.refuses(&sql("query: SELECT * FROM 'good.yaml'"), &["stages.query.query"]);
    let sample = |query: &str| sql(&format!("grain: sample, query: {query:?}"));
    bench.refuses(&sample("SELECT J_ext FROM p"), &["stages.query.query", "`sample`"]);
    bench.refuses(&sample("SELECT sample, J_ext FROM p LIMIT 1"), &["LIMIT", "row_number()"]);
    bench.refuses(&sample("SELECT max(sample) AS sample, sum(J_ext) AS j FROM p"), &["`sample`"]);
    bench.refuses(&sample("SELECT sample, sum(J_ext) OVER () AS j FROM p"), &["partitioned by `sample`"]);
    bench.refuses(&sample("SELECT a.sample, b.J_ext FROM p a CROSS JOIN p b"), &["join", "`sample`"]);

    bench.refuses_command(
        &["sql", "-p", "good.yaml", "SELECT * FROM square"],
        &["there is no table `square`; did you mean `squares`?"],
    );
    bench.refuses_command(&["sql", "-p", "good.yaml", "SELECT x FROM squares"], &["x", "s"]);
    bench.refuses_command(&["sql", "-p", "good.yaml", "DROP TABLE squares"], &["error"]);
    bench.refuses_command(&["sql", "-p", "good.yaml", "SELECT * FROM system.stage"], &["system.stages"]);
    bench.refuses_command(
        &["sql", "-p", "good.yaml", "SELECT 1 AS x", "-o", "out.xlsx"],
        &["-o", ".parquet, .csv, .json"],
    );
    bench.refuses_command(&["sql", "-p", "good.yaml", "SELECT 1 AS x", "--format", "parquet"], &["-o FILE"]);
    bench.write("never.yaml", GOOD.replace("name: good", "name: never run"));
    bench.refuses_command(&["sql", "-p", "never.yaml", "SELECT * FROM squares"], &["never run", "lapicque run"]);
}

#[test]
fn recordings() {
    let bench = Bench::new();
    let catch22 =
        |file: &str, says: &[&str]| bench.refuses_command(&["apply", "features.catch22", file, "-o", "out.csv"], says);
    let edf = include_bytes!("../golden/recordings/human_m1_lfp_1s.edf");
    bench.write("cut.edf", &edf[..edf.len() / 2]);
    catch22("cut.edf", &["cut.edf"]);
    bench.write("head.edf", &edf[..100]);
    catch22("head.edf", &["head.edf"]);
    bench.write("text.edf", "This is no recording.\n".repeat(40));
    catch22("text.edf", &["text.edf"]);
    bench.write("empty.edf", "");
    catch22("empty.edf", &["empty.edf"]);
    catch22("none.edf", &["there is no file", "none.edf"]);
    let header = |shape: &str| {
        let dictionary = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        let padded = format!("{dictionary:<117}\n");
        [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), padded.as_bytes()].concat()
    };
    bench.write("huge.npy", header("(1000000, 1000000000000)"));
    bench.refuses_command(
        &["apply", "features.catch22", "huge.npy", "--set", "sampling_rate=250 Hz", "-o", "out.csv"],
        &["huge.npy", "shape"],
    );
    bench.write("one.npy", [header("(2,)").as_slice(), &[0; 16]].concat());
    catch22("one.npy", &["sampling_rate", "250 Hz"]);
    bench.refuses_command(
        &["apply", "features.catch22", "one.npy", "--set", "sampling_rate=250", "-o", "out.csv"],
        &["sampling_rate", "unit"],
    );
    bench.write("ragged.csv", "time_s,Cz\n0,1\n0.004,2,3\n");
    catch22("ragged.csv", &["ragged.csv"]);
    bench.write("no_time.csv", "t,Cz\n0,1\n");
    catch22("no_time.csv", &["no_time.csv", "time_s"]);
    bench.write("words.csv", "time_s,Cz\n0,one\n0.004,two\n");
    catch22("words.csv", &["words.csv", "one"]);
    bench.write("recording.xyz", "MATLAB");
    catch22("recording.xyz", &["recording.xyz", ".edf"]);
    bench.write("recording.mat", "MATLAB");
    catch22("recording.mat", &["recording.mat", "not a MAT file"]);
}

#[test]
fn tables_and_models() {
    let bench = Bench::new();
    let table = arrow::array::RecordBatch::try_from_iter([(
        "x",
        std::sync::Arc::new(arrow::array::Float64Array::from(vec![1.0; 1000])) as _,
    )]);
    let mut parquet = Vec::new();
    lapicque_store::write_table(&table.unwrap(), &[], &mut parquet).unwrap();
    bench.write("no_values.parquet", &parquet);
    bench.refuses_command(
        &["apply", "features.catch22", "no_values.parquet", "-o", "out.csv"],
        &["no_values.parquet", "`values`"],
    );
    bench.write("cut.parquet", &parquet[..parquet.len() / 2]);
    bench.refuses_command(&["apply", "features.catch22", "cut.parquet", "-o", "out.csv"], &["cut.parquet"]);
    bench.write("text.parquet", "x,y\n1,2\n");
    bench.refuses_command(&["apply", "features.catch22", "text.parquet", "-o", "out.csv"], &["text.parquet"]);

    bench.write("features.csv", "sample,channel,epoch,power\na,Cz,0,1.5\nb,Cz,0,2.5\n");
    bench.write("other.json", "{\"format_version\": \"one\"}");
    bench.refuses_command(
        &["apply", "inverse.predict", "model=other.json", "features=features.csv", "-o", "out.csv"],
        &["other.json", "format_version: expected a whole number from 0 to 4294967295, got `one`"],
    );
    bench.write("broken.json", "{\"format_version\": 1, ");
    let predict = |model: &str| format!("model={model}");
    bench.refuses_command(
        &["apply", "inverse.predict", &predict("broken.json"), "features=features.csv", "-o", "out.csv"],
        &["broken.json"],
    );
    bench.refuses_command(
        &["apply", "inverse.predict", "model=features.csv", "features=features.csv", "-o", "out.csv"],
        &["inputs.model", "model table"],
    );
    bench.refuses_command(
        &["apply", "inverse.predict", "features=features.csv", "-o", "out.csv"],
        &["`model`", "missing"],
    );
}

#[test]
fn command_lines() {
    let bench = Bench::new();
    bench.refuses_command(&["run", "good.yaml", "--set", "nonsense"], &["--set nonsense", "stage.field=value"]);
    bench.refuses_command(
        &["run", "good.yaml", "--set", "square.query=x"],
        &["there is no stage `square`; did you mean `squares`?"],
    );
    bench.refuses_command(&["run", "good.yaml", "--set", "squares.keep=false"], &["`keep` is reserved"]);
    for (setting, said) in [
        ("squares=5", "`squares` names no field; expected `stage.field=value`, or `stage={kind: ...}`"),
        ("square={kind: sql}", "there is no stage `square`; did you mean `squares`?"),
        ("squares={query: SELECT 1}", "--set squares={query: SELECT 1}: stages.squares: the key `kind` is missing"),
        ("squares={kind: sqll}", "--set squares={kind: sqll}: stages.squares.kind:"),
        ("squares={kind: sql, inputs: {p: nobody}, query: x}", "stages.squares.inputs"),
    ] {
        bench.refuses_command(&["run", "good.yaml", "--set", setting], &[said]);
    }
    bench.refuses_command(&["run", "good.yaml", "--set", "squares.qery=x"], &["qery", "did you mean `query`?"]);
    for (setting, said) in [
        ("squares.query=5", "--set squares.query=5: stages.squares.query: expected a string, got `5`"),
        ("squares.query=SELECT x FROM p", "--set squares.query=SELECT x FROM p: stages.squares.query:"),
        ("parameters.rows={g: 1}", "--set parameters.rows={g: 1}: stages.parameters.rows: expected a list, got a map"),
        ("parameters.rows=[{g: a}, {g: 2}]", "--set parameters.rows=[{g: a}, {g: 2}]: stages.parameters.rows"),
    ] {
        let answer = bench.fails(&["run", "good.yaml", "--set", setting], 2, &[said]);
        assert!(!answer.says("good.yaml:"), "no line of the file says so: {}", answer.stderr);
    }
    let errors = lapicque(bench.lab.folder(), &["check", "good.yaml", "--json", "--set", "squares.query=5"]);
    let error = &errors.json()["errors"][0];
    assert_eq!((&error["option"], &error["field"]), (&"--set squares.query=5".into(), &"stages.squares.query".into()));
    assert_eq!((&error["file"], &error["line"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    bench.refuses_command(&["run", "good.yaml", "--jobs", "0"], &["--jobs"]);
    bench.refuses_command(&["rnu", "good.yaml"], &["rnu", "--help"]);
    bench.refuses_command(&["why", "good.yaml", "square"], &["did you mean `squares`?"]);
    bench.refuses_command(&["why", "good.yaml", "squares", "--sample", "zzz"], &["zzz"]);
    bench.refuses_command(&["stages", "features.catch2"], &["did you mean `features.catch22`?"]);
    bench.refuses_command(&["apply", "features.catch2", "x.edf"], &["did you mean `features.catch22`?"]);
    bench.refuses_command(&["apply", "features.catch22", "spikes=x.edf"], &["has no input `spikes`", "signals"]);
    bench.refuses_command(&["apply", "features.catch22", "x.edf", "-o", "out.docx"], &["-o", ".parquet, .csv, .json"]);
    bench.refuses_command(&["apply", "features.catch22", "a.edf", "b.edf"], &["b.edf"]);
    bench.write("pipeline.yaml", GOOD);
    bench.refuses_command(&["init"], &["pipeline.yaml", "is there already"]);
}

#[test]
fn a_store_of_another_version_is_left_alone() {
    let lab = Lab::new();
    lab.write("good.yaml", GOOD);
    let store = lab.folder().join("other");
    std::fs::create_dir(&store).unwrap();
    std::fs::write(store.join("format"), "999\n").unwrap();
    let before = folder_digest(&store);
    let answer = lapicque(lab.folder(), &["run", "good.yaml", "--store", "other"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.says("999") && answer.says("other"), "{}", answer.stderr);
    assert_eq!(folder_digest(&store), before);
}

#[test]
fn what_only_running_shows_is_told_by_sample_and_leaves_the_store_sound() {
    let bench = Bench::new();
    let features = "sample,channel,epoch,power\na,Cz,0,1.5\nb,Cz,0,NaN\nc,Cz,0,0.5\n";
    bench.write("features.csv", features);
    bench.write("points.csv", "sample,J_ext\na,1\nb,2\nc,3\n");
    let train = |from: &str, to: &str| {
        let features = format!("features={from}");
        lapicque(
            bench.lab.folder(),
            &[
                "apply",
                "inverse.train",
                &features,
                "parameters=points.csv",
                "--set",
                "targets=[J_ext]",
                "--set",
                "validation=none",
                "-o",
                to,
            ],
        )
    };
    let failed = train("features.csv", "model.json");
    assert_eq!(failed.code, 2, "{}", failed.stderr);
    assert!(
        failed.says("`power` is NaN in 1 of 3 rows")
            && failed.says("(J_ext = 2), channel Cz, epoch 0")
            && failed.says("(sample `b`)"),
        "{}",
        failed.stderr
    );
    assert!(!bench.lab.folder().join("model.json").exists(), "a file appears whole or not at all");

    bench.write("whole.csv", features.replace("NaN", "1"));
    train("whole.csv", "model.json").ok();
    bench.write("other.csv", features.replace("power", "powr"));
    bench.fails(
        &["apply", "inverse.predict", "model=model.json", "features=other.csv", "-o", "out.csv"],
        2,
        &["`power`", "did you mean `powr`?"],
    );
    let model = std::fs::read_to_string(bench.lab.folder().join("model.json")).unwrap();
    bench.write("odd.json", model.replace("\"training_max\":1.5", "\"training_max\":-9.0"));
    bench.fails(
        &["apply", "inverse.predict", "model=odd.json", "features=whole.csv", "-o", "out.csv"],
        2,
        &["features.power.training_min", "-9"],
    );

    // In a pipeline as well: the table is a file that the user named.
    let pipeline = "lapicque: 1\nname: trains\nstages:\n  f: {kind: import.table, path: features.csv, table: features}\n  \
        p: {kind: import.table, path: points.csv, table: parameters}\n  \
        m: {kind: inverse.train, inputs: {features: f, parameters: p}, targets: [J_ext], validation: none}\n";
    bench.write("trains.yaml", pipeline);
    for _ in 0..2 {
        let told = bench.fails(&["run", "trains.yaml", "--retry-failed"], 2, &["sample `b`"]);
        assert!(told.stdout.contains("m "), "the run is reported: {}", told.stdout);
    }
    bench.fails(&["run", "trains.yaml"], 2, &["m: 1 of 1 samples have no result"]);

    let divides = GOOD.replace("g * g", "10 / (g - 2)").replace("kind: sql,", "kind: sql, batch: 1,");
    bench.write("divides.yaml", divides);
    for _ in 0..2 {
        bench.fails(&["run", "divides.yaml"], 1, &["squares", "1 of 2 samples have no result"]);
    }
    lapicque(bench.lab.folder(), &["run", "good.yaml"]).ok();
    bench.still_works();
}
