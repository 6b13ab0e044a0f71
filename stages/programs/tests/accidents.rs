//! Whatever user code does fails its sample in a sentence; the run ends, and no process is left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::{Lab, points, python};

/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Processes that work in a folder.
fn processes_in(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().unwrap();
    let is_there = |pid: &u32| {
        let alive = std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        alive && std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_there).collect()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Five samples, of which one does something.
fn accident(more: &str) -> String {
    format!(
        "{}  mine: {{kind: python, inputs: {{points: points}}, script: mine.py, columns: {{x: {{}}}}, {more}}}\n",
        points(&[1.0, 2.0, 3.0, 4.0, 5.0])
    )
}

fn script(lab: &Lab, accident: &str) {
    let text = format!(
        "import os, sys, time\nimport numpy as np\ndef run(points):\n    g = points['g'].to_numpy()\n    if 3.0 in g:\n        {accident}\n    result = {{'x': 10 * g}}\n    if 'sample' in points.column_names:\n        result['sample'] = points['sample']\n    return result\n"
    );
    lab.write("mine.py", text);
}

/// The sample fails by itself with these words, and the interpreters of the run end with it.
fn fails_alone(accident_code: &str, more: &str, says: &[&str]) {
    for batched in ["", "batched: true, "] {
        let lab = Lab::new();
        script(&lab, accident_code);
        {
            let (pipeline, graph) = lab.bind(&accident(&format!("{batched}{more}"))).unwrap();
            let ran = lab.run_bound(&pipeline, &graph, &AtomicBool::new(false));
            let failures = ran.failures();
            assert_eq!(failures.len(), 1, "{accident_code}: {failures:?}");
            assert_eq!(failures[0].0, "c");
            for said in says {
                assert!(failures[0].1.contains(said), "{accident_code}: it does not say `{said}`:\n{}", failures[0].1);
            }
            assert_eq!(ran.floats("mine", "x"), [10.0, 20.0, 40.0, 50.0], "{accident_code}");
        }
        wait_until("interpreters are left", || processes_in(lab.folder()).is_empty());
    }
}

#[test]
fn an_interpreter_that_ends_fails_its_sample() {
    if !python() {
        return;
    }
    fails_alone("os._exit(3)", "", &["the interpreter ended with exit code 3"]);
    fails_alone(
        "os.kill(os.getpid(), 9)",
        "",
        &["the interpreter was ended by signal 9 (SIGKILL: the memory may have run out"],
    );
    // What it did when it crashed is told.
    let crash = "import ctypes; ctypes.string_at(0)";
    fails_alone(
        crash,
        "",
        &["the interpreter was ended by signal 11 (SIGSEGV", "it printed at last:", "mine.py\", line 6 in run"],
    );
    fails_alone("sys.exit('bye')", "", &["SystemExit: bye\n  mine.py, line 6, in run"]);
    fails_alone("raise KeyboardInterrupt()", "", &["KeyboardInterrupt\n  mine.py, line 6"]);
}

#[test]
fn an_endless_loop_is_ended_when_its_time_is_over() {
    if !python() {
        return;
    }
    // In Python, and in a library that does not let it go.
    fails_alone("\n        while True: pass", "timeout: 3 s", &["it took longer than 3s, the `timeout` of the stage"]);
    fails_alone("import re; re.match('(a+)+$', 'a' * 64 + 'b')", "timeout: 3 s", &["it took longer than 3s"]);
}

#[test]
fn memory_beyond_its_limit_is_refused() {
    if !python() {
        return;
    }
    let limit = "memory_limit: 4 GiB";
    fails_alone(
        "np.ones(20 * 2**30, dtype=np.uint8)",
        limit,
        &["MemoryError: Unable to allocate 20.0 GiB", "mine.py, line 6, in run: np.ones("],
    );
    fails_alone("b = bytearray(20 * 2**30)", limit, &["MemoryError\n  mine.py, line 6, in run"]);
}

#[test]
fn what_is_printed_is_a_note_and_never_without_end() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    script(
        &lab,
        "print('begin'); sys.stdout.write(99 * 'x' + '\\n') if 0 else [sys.stdout.write(1_000_000 * 'x') for _ in range(100)]; print('end', file=sys.stderr)",
    );
    let ran = lab.run(&accident("batched: true"));
    assert_eq!(ran.failures(), []);
    let notes = ran.notes("mine").join("\n");
    assert!(notes.len() < 6000 && notes.starts_with("it printed:\nbegin\nxxx") && notes.ends_with("xxxend"), "{notes}");
    assert!(notes.contains("bytes left out ..."), "{notes}");
    // Bytes that are no text, libraries in C, other processes and closed streams.
    let lab = Lab::new();
    script(
        &lab,
        "os.write(1, b'\\xff\\xfebytes\\n'); os.system('echo from a shell'); print('\\ud800'); import ctypes; ctypes.CDLL(None).puts(b'from C')",
    );
    let ran = lab.run(&accident(""));
    assert_eq!(ran.failures(), []);
    let notes = ran.notes("mine").join("\n");
    for said in ["\u{fffd}\u{fffd}bytes", "from a shell", "\\ud800", "from C"] {
        assert!(notes.contains(said), "{said}: {notes}");
    }
    let lab = Lab::new();
    script(&lab, "os.close(1); os.close(2); sys.stdout = None");
    assert_eq!(lab.run(&accident("")).failures(), []);
    // What is printed belongs to the sample that printed it.
    let lab = Lab::new();
    lab.write("mine.py", "def run(points):\n    g = points['g'][0].as_py()\n    print('value', g)\n    if g == 3: raise ValueError('three')\n    return {'x': [g]}\n");
    let ran = lab.run(&accident(""));
    assert_eq!(
        ran.notes("mine"),
        ["it printed: value 1", "it printed: value 2", "it printed: value 4", "it printed: value 5"]
    );
    assert!(ran.failures()[0].1.ends_with("\n  it printed: value 3"), "{:?}", ran.failures());
}

#[test]
fn input_is_at_its_end_and_output_is_not_the_way_tables_take() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    script(
        &lab,
        "assert sys.stdin.read() == ''; assert os.read(0, 10) == b''; sys.stdout.buffer.write(b'\\x00' * 1000); print()",
    );
    let ran = lab.run(&accident(""));
    assert_eq!(ran.failures(), []);
    assert_eq!(ran.floats("mine", "x"), [10.0, 20.0, 30.0, 40.0, 50.0]);
}

#[test]
fn a_script_that_changes_during_a_run_is_told_and_computed_by_the_next() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("helper.py", "factor = 10\n");
    lab.write(
        "mine.py",
        "import helper\ndef run(points):\n    return {'x': [helper.factor * points['g'][0].as_py()]}\n",
    );
    let (pipeline, graph) = lab.bind(&accident("")).unwrap();
    lab.write("helper.py", "factor = 20\n");
    let ran = lab.run_bound(&pipeline, &graph, &AtomicBool::new(false));
    assert_eq!(ran.failures().len(), 5);
    assert_eq!(
        ran.failures()[0].1,
        "`helper.py`: it has changed since this command began; run it again to read what it holds now"
    );
    let next = lab.run(&accident(""));
    assert_eq!(next.failures(), []);
    assert_eq!(next.floats("mine", "x"), [20.0, 40.0, 60.0, 80.0, 100.0]);
}

#[test]
fn a_script_that_cannot_be_loaded_is_tried_again_by_the_next_run() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("mine.py", "import os\nif not os.path.exists('there'): raise RuntimeError('not there')\ndef run(points):\n    return {'x': points['g']}\n");
    let ran = lab.run(&accident(""));
    assert_eq!(ran.failures().len(), 5);
    for (_, told) in ran.failures() {
        assert_eq!(
            told,
            "the script could not be loaded: RuntimeError: not there\n  mine.py, line 2, in <module>: if not os.path.exists('there'): raise RuntimeError('not there')"
        );
    }
    lab.write("there", "");
    assert_eq!(lab.run(&accident("")).failures(), []);
}

#[test]
fn a_run_that_is_cancelled_ends_at_once_with_its_interpreters_and_what_they_started() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    script(
        &lab,
        "import subprocess; child = subprocess.Popen(['sleep', '1000']); open('begun', 'w').write('x'); time.sleep(1000)",
    );
    let cancelled = AtomicBool::new(false);
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("nothing began", || lab.folder().join("begun").exists());
            assert!(processes_in(lab.folder()).len() >= 2);
            cancelled.store(true, Ordering::Relaxed);
        });
        let ran = lab.run_until(&accident(""), &cancelled);
        assert!(!ran.record.ok);
        assert_eq!(ran.failures(), []);
    });
    assert!(began.elapsed() < PATIENCE);
    wait_until("processes are left", || processes_in(lab.folder()).is_empty());
}

#[test]
fn processes_of_a_runner_that_is_killed_end() {
    const FOLDER: &str = "LAPICQUE_TEST_FOLDER";
    if !python() {
        return;
    }
    // The runner: this test in a process of its own.
    if let Some(folder) = std::env::var_os(FOLDER) {
        std::env::set_current_dir(&folder).unwrap();
        let lab = Lab::new();
        let code = format!(
            "import subprocess; os.chdir('{}'); subprocess.Popen(['sleep', '1000']); open('begun', 'w').write('x')\n        while True: pass",
            folder.display()
        );
        script(&lab, &code);
        lab.run(&accident(""));
        return;
    }
    let lab = Lab::new();
    let mut runner = Command::new(std::env::current_exe().unwrap());
    runner.args(["processes_of_a_runner_that_is_killed_end", "--exact"]).env(FOLDER, lab.folder());
    let mut runner = runner.stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("nothing began", || lab.folder().join("begun").exists());
    // The runner, its interpreter and what that has started.
    assert!(processes_in(lab.folder()).len() >= 3);
    runner.kill().unwrap();
    runner.wait().unwrap();
    wait_until("processes are left", || processes_in(lab.folder()).is_empty());
}
