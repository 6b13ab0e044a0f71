//! Programs of users under the command: what it answers, and that no process is left when it ends, in whatever way.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Lab, Processes, Settings, folder_digest, has_python, lapicque};

/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

const STAGES: &str = "
lapicque: 1
name: own
stages:
  points: {kind: parameters.list, rows: [{sample: a, g: 1}, {sample: b, g: 2}, {sample: c, g: 3}]}
  mine: {kind: python, inputs: {points: points}, script: mine.py, columns: {x: {unit: mV}}}
";

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Processes that work in a folder.
fn processes_in(folder: &Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let is_there = |pid: &u32| {
        let alive = std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        alive && std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_there).count()
}

/// A run whose first sample takes for ever, in a library that does not listen, or in another program; with a process of its own.
fn endless(lab: &Lab, kind: &str) -> Child {
    let script = "import re, subprocess\ndef run(points):\n    subprocess.Popen(['sleep', '1000'])\n    open('begun', 'w').write('x')\n    re.match('(a+)+$', 'a' * 64 + 'b')\n";
    lab.write("mine.py", script);
    lab.write("mine.sh", "cd \"$3\"; sleep 1000 & echo x > begun; sleep 1000\n");
    let program = "kind: command, inputs: {points: points}, run: 'sh mine.sh {points} {output} {folder}'";
    let stages = match kind {
        "command" => STAGES.replace("kind: python, inputs: {points: points}, script: mine.py", program),
        _ => STAGES.to_owned(),
    };
    lab.write("own.yaml", stages);
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
    command.current_dir(lab.folder()).args(["run", "own.yaml", "--jobs", "1", "--quiet"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("nothing began", || lab.folder().join("begun").exists());
    assert!(processes_in(lab.folder()) >= 3, "the command, its interpreter and what that started");
    child
}

fn goes_on(lab: &Lab) {
    wait_until("processes are left", || processes_in(lab.folder()) == 0);
    lapicque(lab.folder(), &["audit", "own.yaml"]).ok();
    lab.write("own.yaml", STAGES);
    lab.write("mine.py", "def run(points):\n    return {'x': points['g']}\n");
    let answer = lapicque(lab.folder(), &["run", "own.yaml", "--json"]).ok().json();
    assert_eq!(answer["stages"][1]["computed"], 3, "{answer}");
}

/// A store with a run, and a run that is ended in its midst.
fn ended(kind: &str, end: impl FnOnce(&mut Child)) {
    if !has_python() {
        return;
    }
    let lab = Lab::new();
    lab.write("own.yaml", STAGES.split("  mine").next().unwrap());
    lapicque(lab.folder(), &["run", "own.yaml"]).ok();
    end(&mut endless(&lab, kind));
    goes_on(&lab);
}

#[cfg(unix)]
#[test]
fn interrupted_runs_leave_no_process_and_go_on() {
    for kind in ["python", "command"] {
        ended(kind, |run| {
            // Ctrl-C.
            Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
            assert_eq!(run.wait().unwrap().code(), Some(130));
        });
    }
}

#[cfg(unix)]
#[test]
fn killed_runs_leave_no_process_and_go_on() {
    for kind in ["python", "command"] {
        ended(kind, |run| {
            run.kill().unwrap();
            run.wait().unwrap();
        });
    }
}

#[test]
fn failures_of_user_code_are_failures_of_the_run() {
    if !has_python() {
        return;
    }
    let lab = Lab::new();
    lab.write("own.yaml", STAGES);
    lab.write("mine.py", "def run(points):\n    if points['g'][0].as_py() == 2:\n        raise ValueError('two')\n    return {'x': points['g']}\n");
    let answer = lapicque(lab.folder(), &["run", "own.yaml"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.says("ValueError: two") && answer.says("mine.py, line 3, in run"), "{}", answer.stderr);
    // A misspelt argument is bad input, and nothing is stored.
    let before = folder_digest(&lab.store_folder());
    lab.write("mine.py", "def run(pointz):\n    pass\n");
    let answer = lapicque(lab.folder(), &["run", "own.yaml"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(
        answer.says("own.yaml:6") && answer.says("`run` has no argument `points`; did you mean `pointz`?"),
        "{}",
        answer.stderr
    );
    assert_eq!(folder_digest(&lab.store_folder()), before);
}

#[test]
fn a_process_for_each_batch_gives_the_same() {
    if !has_python() {
        return;
    }
    let lab = Lab::new();
    let files = [
        ("helper.py", "def half(number): return number // 2\n"),
        (
            "mine.py",
            "import helper\ndef run(points, seed):\n    return {'x': [helper.half(seed) for _ in points['g']]}\n",
        ),
    ];
    let here = Lab::new();
    for (name, text) in files {
        lab.write(name, text);
        here.write(name, text);
    }
    let points = json!({"kind": "parameters.list", "rows": [{"g": 1}, {"g": 2}, {"g": 3}]});
    let mine = json!({"kind": "python", "inputs": {"points": "points"}, "script": "mine.py", "batch": 1, "columns": {"x": {"type": "int64"}}});
    let pipeline = json!({"lapicque": 1, "name": "own", "seed": 5, "stages": {"points": points, "mine": mine}});
    let processes = Processes::new(None);
    let elsewhere = lab.run_by(&pipeline, Settings::default(), Some(&processes));
    assert_eq!(elsewhere.failures(), Vec::<String>::new());
    assert_eq!(here.run(&pipeline).contents("mine"), elsewhere.contents("mine"));
}

#[test]
fn functions_and_programs_are_applied_to_files() {
    let lab = Lab::new();
    lab.write("points.csv", "sample,g\na,1\nb,2.5\n");
    lab.write("twice.awk", "BEGIN { FS = \",\" }\nNR == 1 { print \"x\" }\nNR > 1 { print 2 * $NF }\n");
    let settings = ["--set", "run=awk -f twice.awk {points} > {output}", "--set", "shell=true", "--set", "format=csv"];
    let columns = ["--set", "columns={x: {}}", "-o", "out.csv"];
    let arguments = [&["apply", "command", "points=points.csv"][..], &settings, &columns].concat();
    lapicque(lab.folder(), &arguments).ok();
    let read = || std::fs::read_to_string(lab.folder().join("out.csv")).unwrap();
    assert_eq!(read(), "sample,x\na,2.0\nb,5.0\n");
    if !has_python() {
        return;
    }
    lab.write("mine.py", "def run(points):\n    return {'x': [3 * g for g in points['g'].to_pylist()]}\n");
    let arguments = [&["apply", "python", "points=points.csv", "--set", "script=mine.py"][..], &columns].concat();
    lapicque(lab.folder(), &arguments).ok();
    assert_eq!(read(), "sample,x\na,3.0\nb,7.5\n");
    // An input that is called after a table of the house is read as one.
    let rows: String = (0..20).map(|i| format!("{},{i},{}\n", f64::from(i) / 1000.0, -i)).collect();
    lab.write("recording.csv", format!("time_s,Cz,Fz\n{rows}"));
    lab.write(
        "mine.py",
        "def run(signals):\n    return {'x': [float(max(v)) for v in signals['values'].to_pylist()]}\n",
    );
    let columns = ["--set", "columns={x: {}}", "--set", "output=features", "-o", "out.csv"];
    let arguments = [&["apply", "python", "signals=recording.csv", "--set", "script=mine.py"][..], &columns].concat();
    lapicque(lab.folder(), &arguments).ok();
    assert_eq!(read(), "sample,channel,epoch,x\nrecording,Cz,0,19.0\nrecording,Fz,0,0.0\n");
    // A mistake of the function is not one of the recording.
    lab.write("mine.py", "def run(signals):\n    raise ValueError('no')\n");
    let answer = lapicque(lab.folder(), &arguments);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.says("ValueError: no"), "{}", answer.stderr);
}

#[test]
fn the_example_gives_one_line_in_r_and_in_awk() {
    if !has_python() {
        return;
    }
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/own_stage");
    let lab = Lab::new();
    let store = lab.store_folder().display().to_string();
    let awk = [
        "--set",
        "trend.run=awk -v target={config.target} -f {folder}/trend.awk {points} > {output}",
        "--set",
        "trend.shell=true",
        "--set",
        "trend.version_command=echo 1",
    ];
    let trend = |settings: &[&str]| {
        lapicque(lab.folder(), &[&["run", example, "--store", &store, "--quiet"][..], settings].concat()).ok();
        let query = ["sql", "-p", example, "--store", &store, "SELECT slope, r_squared FROM trend", "--format", "json"];
        let rows = lapicque(lab.folder(), &query).ok().json();
        (rows[0]["slope"].as_f64().unwrap(), rows[0]["r_squared"].as_f64().unwrap())
    };
    let (slope, r_squared) = trend(&awk);
    // Rates of the diffusion approximation grow by about 6 Hz per mV there.
    assert!((5.0..7.0).contains(&slope) && r_squared > 0.98, "{slope} {r_squared}");
    if Command::new("Rscript").arg("--version").output().is_err() {
        eprintln!("skipped: there is no Rscript");
        return;
    }
    let (in_r, _) = trend(&[]);
    assert!((in_r - slope).abs() < 1e-9 * slope, "{in_r} {slope}");
}
