//! `command`: programs of any language on tables in files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lapicque_pipeline::Graph;
use lapicque_pipeline::keys::Ingredients;
use support::{Lab, points, python, texts};

fn stage(more: &str) -> String {
    format!("{}  mine: {{kind: command, inputs: {{points: points}}, {more}}}\n", points(&[1.0, 2.0, 3.5]))
}

/// Doubles the last column of a CSV file.
const AWK: &str = "BEGIN { FS = \",\"; OFS = \",\" }\nNR == 1 { print \"x\" }\nNR > 1 { print factor * $NF }\n";

#[test]
fn a_shell_line_is_run_for_each_sample() {
    let lab = Lab::new();
    lab.write("twice.awk", AWK);
    let ran = lab.run(&stage(
        "run: \"awk -v factor={config.factor} -f twice.awk {points} > {output}\", shell: true, config: {factor: 10}, format: csv, columns: {x: {unit: mV}}",
    ));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [10.0, 20.0, 35.0]);
    assert_eq!(texts(&ran.table("mine"), "sample"), ["a", "b", "c"]);
}

#[test]
fn words_reach_the_program_as_they_are() {
    let lab = Lab::new();
    lab.write("copy.sh", "#!/bin/sh\nprintf 'x\\n%s\\n' \"$2\" > \"$3\"\n");
    lab.write("it's here/copy.sh", "");
    for (value, shell) in [("a b", false), ("$HOME `id`; 'x' \\", false), ("a b", true), ("$HOME `id`; 'x' \\", true)] {
        let value = serde_json::json!(value).to_string();
        let ran = lab.run(&stage(&format!(
            "run: \"sh copy.sh {{points}} {{config.text}} {{output}}\", shell: {shell}, config: {{text: {value}}}, format: csv, columns: {{x: {{type: text}}}}"
        )));
        assert_eq!(ran.failures(), [], "{value}");
        let found = texts(&ran.table("mine"), "x");
        assert_eq!(serde_json::json!(found[0]).to_string(), value);
    }
}

#[test]
fn one_start_for_many_samples_gives_what_one_for_each_gives() {
    let lab = Lab::new();
    // The first column is the number of the sample.
    lab.write("all.awk", "BEGIN { FS = \",\" }\nNR == 1 { print \"x,sample\" }\nNR > 1 { print 2 * $2 \",\" $1; print \"called\" > \"/dev/stderr\" }\n");
    let ran = lab.run(&stage(
        "run: \"awk -f all.awk {points} > {output}\", shell: true, batched: true, format: csv, columns: {x: {}}",
    ));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [2.0, 4.0, 7.0]);
    assert!(ran.notes("mine").concat().contains("called"));
}

#[test]
fn signals_are_read_and_written_long_in_csv() {
    let lab = Lab::new();
    let rows: String = (0..20).map(|i| format!("{},{},{}\n", f64::from(i) / 1000.0, i, -i)).collect();
    lab.write("signals.csv", format!("time_s,Cz,Fz\n{rows}"));
    lab.write("scale.awk", "BEGIN { FS = \",\"; OFS = \",\" }\nNR > 1 { $NF = 3 * $NF }\n{ print }\n");
    let ran = lab.run("  recording: {kind: import.recording, path: signals.csv}\n  mine: {kind: command, inputs: {recording: recording}, run: \"awk -f scale.awk {recording} > {output}\", shell: true, format: csv, output: signals}\n");
    assert_eq!(ran.failures(), []);
    use arrow_array::cast::AsArray;
    let values = |stage: &str| {
        let table = ran.table(stage);
        let lists = table.column_by_name("values").unwrap().as_list::<i32>().clone();
        (0..lists.len())
            .map(|row| lists.value(row).as_primitive::<arrow_array::types::Float64Type>().values().to_vec())
            .collect::<Vec<_>>()
    };
    use arrow_array::Array;
    let tripled: Vec<Vec<f64>> =
        values("recording").iter().map(|list| list.iter().map(|v| 3.0 * v).collect()).collect();
    assert_eq!(values("mine"), tripled);
    assert_eq!(texts(&ran.table("mine"), "channel"), ["Cz", "Fz"]);
}

#[test]
fn parquet_and_arrow_files_go_there_and_back() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    let script = "
import sys, pyarrow as pa, pyarrow.parquet, pyarrow.feather
form, points, output, seed = sys.argv[1:]
table = pa.parquet.read_table(points) if form == 'parquet' else pa.feather.read_table(points)
table = pa.table({'x': pa.chunked_array([[2 * v.as_py() for v in table['g']]]), 'seed': pa.array([int(seed)] * len(table))})
if form == 'parquet': pa.parquet.write_table(table, output)
else: pa.feather.write_feather(table, output, compression='uncompressed')
";
    lab.write("twice.py", script);
    let python = std::env::var("LAPICQUE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut seeds = Vec::new();
    for form in ["parquet", "arrow"] {
        let ran = lab.run(&stage(&format!(
            "run: '{python} twice.py {form} {{points}} {{output}} {{seed}}', format: {form}, columns: {{x: {{}}, seed: {{type: int64}}}}"
        )));
        assert_eq!(ran.failures(), [], "{form}");
        assert_eq!(ran.floats("mine", "x"), [2.0, 4.0, 7.0]);
        seeds.push(texts(&ran.table("mine"), "seed"));
    }
    assert_eq!(seeds[0], seeds[1]);
    assert!(seeds[0][0] != seeds[0][1]);
}

#[test]
fn several_tables_have_a_file_each() {
    let lab = Lab::new();
    lab.write("both.sh", "printf 'x\\n1\\n' > \"$1\"; printf 'y\\n2\\n' > \"$2\"\n");
    let ran = lab.run("  mine: {kind: command, run: 'sh both.sh {output.first} {output.second}', format: csv, outputs: {first: {columns: {x: {}}}, second: {columns: {y: {}}}}}\n");
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [1.0]);
    assert_eq!(texts(&ran.output("mine", 1), "y"), ["2.0"]);
}

fn key(graph: &Graph) -> String {
    let stage = graph.stages.iter().find(|stage| stage.name == "mine").unwrap();
    Ingredients::new("command", 0, stage.bound(), stage.seed, BTreeMap::new(), Vec::new()).to_json().to_string()
}

#[test]
fn program_files_and_version_are_in_the_key() {
    let lab = Lab::new();
    lab.write("twice.awk", AWK);
    lab.write("more.txt", "1");
    lab.write("version", "1.0\n");
    let base = "run: 'awk -v factor={config.f} -f twice.awk {points} {output}', config: {f: 2}, files: [more.txt], version_command: cat version, columns: {x: {}}";
    let known = key(&lab.bind(&stage(base)).unwrap().1);
    assert!(
        known.contains("\"version\":\"1.0\"") && known.contains("\"run/awk\"") && known.contains("\"run/twice.awk\""),
        "{known}"
    );
    for (name, text) in [("twice.awk", AWK), ("more.txt", "1"), ("version", "1.0\n")] {
        lab.write(name, format!("{text}#"));
        assert_ne!(key(&lab.bind(&stage(base)).unwrap().1), known, "{name}");
        lab.write(name, text);
        assert_eq!(key(&lab.bind(&stage(base)).unwrap().1), known, "{name}");
    }
    for (from, to) in [
        ("f: 2", "f: 3"),
        ("awk -v", "awk  -v"),
        ("columns: {x: {}}", "columns: {x: {}}, format: csv"),
        ("columns: {x: {}}", "columns: {x: {}}, shell: true"),
    ] {
        assert_ne!(key(&lab.bind(&stage(&base.replace(from, to))).unwrap().1), known, "{to}");
    }
    // In a line for a shell as well.
    let shell = base.replace("columns", "shell: true, columns");
    let known = key(&lab.bind(&stage(&shell)).unwrap().1);
    lab.write("twice.awk", format!("{AWK}#"));
    assert_ne!(key(&lab.bind(&stage(&shell)).unwrap().1), known);
}

#[test]
fn accidents_fail_their_sample_in_a_sentence() {
    let lab = Lab::new();
    let script = "
g=$(tail -n 1 \"$1\")
if [ \"$g\" = 2.0 ]; then
  eval \"$3\"
fi
printf 'x\\n%s\\n' \"$g\" > \"$2\"
";
    lab.write("mine.sh", script);
    for (accident, more, says) in [
        ("echo oh no >&2; exit 3", "", vec!["the program ended with exit code 3\n  it printed: oh no"]),
        ("kill -9 $$", "", vec!["the program was ended by signal 9 (SIGKILL"]),
        ("kill -SEGV $$", "", vec!["the program was ended by signal 11 (SIGSEGV"]),
        ("sleep 1000 & sleep 1000", "timeout: 2 s, ", vec!["it took longer than 2s, the `timeout` of the stage"]),
        ("exit 0", "", vec!["the program ended well and wrote no file `{output.table}`"]),
        ("no-such-program-of-anyone || exit $?", "", vec!["the program ended with exit code 127"]),
        (
            "printf 'y\\n1\\n' > \"$2\"; exit 0",
            "",
            vec!["the column `y` was not promised", "promised: x (float64)\n  found:    y (text)"],
        ),
        (
            "printf 'x\\noops\\n' > \"$2\"; exit 0",
            "",
            vec!["the file that the program wrote cannot be read: line 2, column `x`: expected a number, got `oops`"],
        ),
        ("head -c 1000 /dev/zero > \"$2\"; exit 0", "", vec!["column"]),
        ("x=$(head -c 20000000000 /dev/zero | tr '\\0' x)", "memory_limit: 200 MB, ", vec!["the program "]),
    ] {
        let accident_yaml = serde_json::json!(accident).to_string();
        let stages = stage(&format!(
            "{more}run: 'sh mine.sh {{points}} {{output}} {{config.accident}}', config: {{accident: {accident_yaml}}}, format: csv, columns: {{x: {{}}}}"
        ));
        let ran = lab.run(&stages);
        let failures = ran.failures();
        assert_eq!(failures.len(), 1, "{accident}: {failures:?}");
        assert_eq!(failures[0].0, "b");
        for said in says {
            assert!(failures[0].1.contains(said), "{accident}: it does not say `{said}`: {failures:?}");
        }
        assert_eq!(ran.floats("mine", "x"), [1.0, 3.5]);
    }
    // 100 MB of text.
    let loud = stage(
        "run: 'sh mine.sh {points} {output} {config.accident}', config: {accident: 'head -c 100000000 /dev/zero | tr \"\\0\" x'}, format: csv, columns: {x: {}}",
    );
    let ran = lab.run(&loud);
    assert_eq!(ran.failures(), []);
    let notes = ran.notes("mine").concat();
    assert!(notes.len() < 6000 && notes.contains("bytes left out"), "{notes}");
}

#[test]
fn a_program_that_is_cancelled_ends_with_what_it_started() {
    let lab = Lab::new();
    lab.write("mine.sh", "echo $$ > \"$3/pid\"; sleep 1000 & echo $! > \"$3/inner\"; sleep 1000\n");
    let cancelled = AtomicBool::new(false);
    let began = Instant::now();
    let pid = |name: &str| std::fs::read_to_string(lab.folder().join(name)).ok()?.trim().parse::<u32>().ok();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while pid("inner").is_none() && began.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(5));
            }
            cancelled.store(true, Ordering::Relaxed);
        });
        let one = stage("run: 'sh mine.sh {points} {output} {folder}', format: csv, columns: {x: {}}")
            .replace(", {sample: b, g: 2}, {sample: c, g: 3.5}", "");
        let ran = lab.run_until(&one, &cancelled);
        assert!(!ran.record.ok && ran.failures().is_empty());
    });
    assert!(began.elapsed() < Duration::from_secs(60));
    let alive =
        |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    for name in ["pid", "inner"] {
        let pid = pid(name).unwrap();
        while alive(pid) {
            assert!(began.elapsed() < Duration::from_secs(60), "{name} is left");
        }
    }
}

#[test]
fn a_program_that_changes_during_a_run_is_told() {
    let lab = Lab::new();
    lab.write("mine.sh", "cp \"$1\" \"$2\"\n");
    let stages = stage("run: 'sh mine.sh {points} {output}', columns: {g: {}}");
    let (pipeline, graph) = lab.bind(&stages).unwrap();
    lab.write("mine.sh", "cp \"$1\" \"$2\" # another\n");
    let ran = lab.run_bound(&pipeline, &graph, &AtomicBool::new(false));
    assert_eq!(ran.failures().len(), 3);
    assert!(ran.failures()[0].1.starts_with("`mine.sh`: it has changed since this command began"));
    assert_eq!(lab.run(&stages).failures(), []);
}

#[test]
fn bad_inputs_are_refused_before_anything_runs() {
    let lab = Lab::new();
    let good = "run: 'sh -c true {points} {output} {config.a}', config: {a: 1}, columns: {x: {}}";
    assert!(lab.bind(&stage(good)).is_ok());
    for (from, to, says) in [
        (
            "sh -c",
            "no-such-program-of-anyone -c",
            "stages.mine.run: there is no program `no-such-program-of-anyone` in PATH",
        ),
        ("sh -c", "./gone -c", "stages.mine.run: there is no program `"),
        ("sh -c true {points} {output} {config.a}", "", "stages.mine.run: it is empty; write e.g."),
        ("sh -c", "{config.a} -c", "it must begin with the name or the path of a program"),
        ("true", "\"true", "stages.mine.run: a quotation has no end"),
        ("{points}", "points", "stages.mine.inputs.points: the command does not read it; write `{points}`"),
        ("{output}", "output", "stages.mine.run: the command does not say where it writes; write `{output}`"),
        ("{config.a}", "", "stages.mine.config.a: the command does not use it"),
        ("{config.a}", "{config.b} {config.a}", "`{config.b}` has no value; did you mean `{config.a}`?"),
        ("{points}", "{point} {points}", "did you mean `{points}`?"),
        ("{points}", "{next} {points}", "braces that are no placeholder are doubled: `{{next}}`"),
        ("columns: {x: {}}", "files: []", "stages.mine.output: say which table it gives"),
        ("columns: {x: {}}", "columns: {x: {}}, format: xml", "`xml`"),
        ("columns: {x: {}}", "columns: {x: {}}, files: [gone.txt]", "stages.mine.files.0: there is no file"),
        (
            "columns: {x: {}}",
            "columns: {x: {}}, version_command: no-such-program-of-anyone",
            "stages.mine.version_command: there is no program",
        ),
        (
            "columns: {x: {}}",
            "columns: {x: {}}, version_command: 'false'",
            "stages.mine.version_command: `false` ended with exit code 1",
        ),
        (
            "columns: {x: {}}",
            "columns: {x: {}}, version_command: 'true'",
            "stages.mine.version_command: `true` says nothing",
        ),
        ("columns: {x: {}}", "columns: {x: {}}, version_command: ''", "stages.mine.version_command: it is empty"),
        ("columns: {x: {}}", "columns: {x: {}}, memory_limit: much", "expected a size with its unit"),
        ("columns: {x: {}}", "columns: {x: {}}, labels: true", "stages.mine.labels: only a stage with `grain: table`"),
        ("columns: {x: {}}", "columns: {x: {}}, threads: 0", "stages.mine.threads: expected 1 to 1024, got 0"),
        ("columns: {x: {}}", "columns: {x: {}}, shel: true", "did you mean `shell`?"),
        ("columns: {x: {}}", "outputs: {a: {table: signals}, b: {table: signals}}", "`{output}` has no value"),
    ] {
        let told = lab.refused(&stage(&good.replace(from, to)));
        assert!(told.contains(says), "{to}:\n{told}");
    }
    let told = lab.refused(&format!(
        "{}  mine: {{kind: command, inputs: {{seed: points}}, run: 'sh {{seed}} {{output}}', columns: {{x: {{}}}}}}\n",
        points(&[1.0])
    ));
    assert!(told.contains("stages.mine.inputs.seed: `{seed}` means something else"), "{told}");
}

#[test]
fn r_gives_a_statistic() {
    let has_r =
        std::process::Command::new("Rscript").arg("--version").output().is_ok_and(|answer| answer.status.success());
    if !has_r {
        eprintln!("skipped: there is no Rscript");
        return;
    }
    let lab = Lab::new();
    lab.write(
        "fit.R",
        "a <- commandArgs(TRUE)\np <- read.csv(a[1])\nwrite.csv(data.frame(x = 2 * p$g), a[2], row.names = FALSE)\n",
    );
    let ran = lab.run(&stage(
        "run: 'Rscript fit.R {points} {output}', version_command: Rscript --version, format: csv, columns: {x: {}}",
    ));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [2.0, 4.0, 7.0]);
}
