//! Runs that end in the middle of writing: at every point of it, at random moments, on a full disk, beside another run.
//!
//! `LAPICQUE_LONG_TESTS=1` runs the long form, of more than 200 runs that are killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Where the store lets itself be ended, see `lapicque_store`.
const POINTS: [&str; 7] =
    ["file.create", "file.written", "file.synced", "file.linked", "publish.segments", "claim.written", "merge.written"];
const SAMPLES: u64 = 20;
const BATCH: u64 = 4;
/// Actions in all: four sample-wise stages and one that runs once.
const ALL: u64 = 4 * SAMPLES + 1;

fn pipeline() -> String {
    let stage = |name: &str, from: &str, query: &str| {
        format!("  {name}: {{kind: sql, inputs: {{t: {from}}}, grain: sample, batch: {BATCH}, query: '{query}'}}\n")
    };
    format!(
        "lapicque: 1\nname: crash\nstages:\n  p: {{kind: parameters.grid, batch: {BATCH}, sweep: {{x: {{linspace: [0, 1, {SAMPLES}]}}}}}}\n{}{}{}\
         \x20 total: {{kind: sql, inputs: {{t: c}}, query: 'SELECT sum(z) AS z, count(*) AS n FROM t'}}\n",
        stage("a", "p", "SELECT sample, 2 * x AS y FROM t"),
        stage("b", "a", "SELECT sample, y + 1 AS y FROM t"),
        stage("c", "b", "SELECT sample, y * y AS z FROM t"),
    )
}

/// The same body under a search of some rounds.
fn search() -> String {
    let source = "kind: search.cma_es, feedback: {l: c}, minimise: z, rounds: 7, population: 6, bounds: {x: [-1, 1]}";
    let grid = format!("kind: parameters.grid, batch: {BATCH}, sweep: {{x: {{linspace: [0, 1, {SAMPLES}]}}}}");
    pipeline().replace(&grid, source)
}

fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("pipeline.yaml"), pipeline()).unwrap();
    folder
}

fn command(folder: &Path, faults: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
    command.current_dir(folder).args(["run", ".", "--json", "--jobs", "2"]).env_remove("LAPICQUE_STORE");
    command.env("FAILPOINTS", faults).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, faults: &str) -> Output {
    command(folder, faults).output().unwrap()
}

fn sum(output: &Output, field: &str) -> u64 {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["stages"].as_array().unwrap().iter().map(|stage| stage[field].as_u64().unwrap()).sum()
}

fn tables(folder: &Path) -> [Vec<u8>; 2] {
    ["SELECT * FROM total", "SELECT * FROM c ORDER BY sample"].map(|query| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
        let output = command.current_dir(folder).args(["sql", "-p", ".", query, "--json"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    })
}

/// Runs to the end; nothing that was published is computed again.
fn recovers(folder: &Path, due: &[Vec<u8>; 2], what: &str) {
    recovers_of(ALL, folder, due, what);
}

fn recovers_of(all: u64, folder: &Path, due: &[Vec<u8>; 2], what: &str) {
    let plan = Command::new(env!("CARGO_BIN_EXE_lapicque")).current_dir(folder).args(["plan", ".", "--json"]).output();
    let known = sum(&plan.unwrap(), "cached");
    let output = run(folder, "");
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(sum(&output, "computed") <= all - known, "{what}: what is published is not computed again");
    assert_eq!(&tables(folder), due, "{what}");
    assert_eq!(sum(&run(folder, ""), "computed"), 0, "{what}");
}

fn due() -> [Vec<u8>; 2] {
    let whole = bench();
    let output = run(whole.path(), "");
    assert_eq!(sum(&output, "computed"), ALL);
    tables(whole.path())
}

fn long() -> bool {
    std::env::var_os("LAPICQUE_LONG_TESTS").is_some()
}

#[test]
fn a_process_that_ends_at_any_point_of_writing_loses_what_it_was_writing() {
    let due = due();
    let counts: &[u32] = if long() { &[0, 1, 2, 3, 5, 8, 11, 15, 20, 26, 33, 40, 50, 60] } else { &[0, 3, 17] };
    for point in POINTS {
        let mut ended = 0;
        for count in counts {
            let folder = bench();
            let output = run(folder.path(), &format!("{point}={count}*off->return"));
            ended += u32::from(!output.status.success());
            recovers(folder.path(), &due, &format!("{point} after {count}"));
        }
        // Few manifests are not merged.
        assert!(ended > 0 || point == "merge.written", "{point} was never reached");
    }
}

#[test]
fn a_search_that_ends_at_any_point_of_writing_or_at_any_moment_goes_on() {
    let bench = || {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("pipeline.yaml"), search()).unwrap();
        folder
    };
    let whole = bench();
    let all = sum(&run(whole.path(), ""), "computed");
    // Rounds, their points, three stages and the total.
    assert_eq!(all, 7 + 4 * 7 * 6 + 1);
    let due = tables(whole.path());
    let counts: &[u32] = if long() { &[0, 1, 2, 4, 7, 12, 19, 27, 36, 50, 70] } else { &[1, 19, 50] };
    for point in ["file.create", "file.linked", "publish.segments", "claim.written"] {
        for count in counts {
            let folder = bench();
            let output = run(folder.path(), &format!("{point}={count}*off->return"));
            assert!(*count > 0 || !output.status.success(), "{point} was never reached");
            recovers_of(all, folder.path(), &due, &format!("{point} after {count}"));
        }
    }
    let kills = if long() { 30 } else { 4 };
    for n in 0..kills {
        let folder = bench();
        let mut child = command(folder.path(), "").spawn().unwrap();
        std::thread::sleep(Duration::from_micros(2_000 + (n * 7_919_317) % 500_000));
        child.kill().unwrap();
        child.wait().unwrap();
        recovers_of(all, folder.path(), &due, &format!("kill {n}"));
    }
}

#[test]
fn a_process_that_ends_while_manifests_are_merged_loses_nothing() {
    let due = due();
    let folder = bench();
    let text = pipeline().replace(&format!("batch: {BATCH}"), "batch: 1");
    std::fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
    let output = run(folder.path(), "merge.written=return");
    assert!(!output.status.success(), "more than 64 manifests are merged");
    recovers(folder.path(), &due, "merging");
}

#[test]
fn a_process_that_is_killed_at_a_random_moment_loses_what_was_running() {
    let due = due();
    let kills = if long() { 120 } else { 6 };
    for n in 0..kills {
        let folder = bench();
        let mut child = command(folder.path(), "").spawn().unwrap();
        // Moments without pattern over the whole run.
        std::thread::sleep(Duration::from_micros(2_000 + (n * 7_919_317) % 400_000));
        child.kill().unwrap();
        child.wait().unwrap();
        recovers(folder.path(), &due, &format!("kill {n}"));
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_stored_stays() {
    let due = due();
    for point in ["file.create", "file.written", "publish.segments"] {
        for count in [0, 9, 30] {
            let folder = bench();
            let output = run(folder.path(), &format!("{point}={count}*off->return(full)"));
            if !output.status.success() {
                assert_eq!(output.status.code(), Some(1));
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(told.contains("error:") && told.to_lowercase().contains("space"), "{point}: {told}");
            }
            recovers(folder.path(), &due, &format!("{point} full after {count}"));
        }
    }
}

#[test]
fn a_runner_takes_over_what_a_killed_one_had_claimed() {
    let due = due();
    for count in [0, 2, 5] {
        let folder = bench();
        let output = run(folder.path(), &format!("claim.written={count}*off->return"));
        assert!(!output.status.success());
        let left = std::fs::read_dir(folder.path().join(".lapicque/claims")).unwrap().count();
        assert!(left > 1, "its claims are there");
        recovers(folder.path(), &due, "claims of the dead");
    }
}
