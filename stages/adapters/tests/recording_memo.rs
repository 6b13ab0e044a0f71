//! What is known of files is not read again: bytes that this process reads, so this file has one test.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lapicque_pipeline::{FILE_MEMO, FileMemo, Graph, Pipeline, Registry};
use lapicque_schemas::Digest;

const FILES: usize = 20;
const RECORDS: usize = 10_000;
const SAMPLES: usize = 256;

/// An EDF file whose data are a hole: 5 MB, and one sample that tells it from the others.
fn sparse_edf(path: &Path, number: usize) {
    let mut header = Vec::new();
    let mut put = |text: &str, width: usize| header.extend(format!("{text:width$}").bytes());
    let (records, samples) = (RECORDS.to_string(), SAMPLES.to_string());
    let fields = ["0", "X", "X", "02.03.02", "21.30.05", "512", "", &records, "1", "1"];
    for (text, width) in fields.into_iter().zip([8, 80, 80, 8, 8, 8, 44, 8, 8, 4]) {
        put(text, width);
    }
    let columns = ["Cz", "", "uV", "-100", "100", "-32768", "32767", "", &samples, ""];
    for (text, width) in columns.into_iter().zip([16, 80, 8, 8, 8, 8, 8, 80, 8, 32]) {
        put(text, width);
    }
    header.extend((number as i16).to_le_bytes());
    let mut file = File::create(path).unwrap();
    file.write_all(&header).unwrap();
    file.set_len((512 + 2 * RECORDS * SAMPLES) as u64).unwrap();
    settle(&file);
}

/// As if it had been written an hour ago.
fn settle(file: &File) {
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

/// Bytes that this process has read.
fn bytes_read() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

/// What a check reads, and the digests of its points and its notes.
fn check(folder: &Path, config: &str, memo: FileMemo) -> (u64, Vec<Digest>, Vec<String>) {
    let text = format!("lapicque: 1\nstages:\n  x:\n    kind: import.recording\n{config}");
    let pipeline = Pipeline::parse(text, None, folder.to_owned(), &[]).unwrap();
    let registry = Registry::new(lapicque_stages::kinds());
    let before = bytes_read();
    let graph = Graph::bind_with(&pipeline, &registry, &memo).unwrap();
    let read = bytes_read() - before;
    memo.save();
    let bound = graph.stages[0].bound();
    (read, bound.points().unwrap().digests.clone(), bound.notes.clone())
}

#[test]
fn a_second_check_reads_headers_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join(".lapicque");
    for number in 0..FILES {
        sparse_edf(&folder.path().join(format!("{number:02}.edf")), number);
    }
    let whole = (FILES * 2 * RECORDS * SAMPLES) as u64;
    let config = "    path: \"*.edf\"\n";
    let checked = |memo: FileMemo| check(folder.path(), config, memo);
    let (first, digests, notes) = checked(FileMemo::open(&store));
    assert!(first >= whole, "{first}");
    // 100 MB are worth a folder of their own.
    assert!(store.join(FILE_MEMO).is_file());
    let headers = (FILES * 16_384) as u64;
    let (second, same, again) = checked(FileMemo::open(&store));
    assert!(second < headers, "{second} bytes were read again");
    assert_eq!((&same, &again), (&digests, &notes));
    // Whoever wants to be sure reads all.
    assert!(checked(FileMemo::anew(&store)).0 >= whole);
    assert!(checked(FileMemo::open(&store)).0 < headers);

    // A damaged memo is as good as none.
    let memo = store.join(FILE_MEMO);
    let mut damaged = std::fs::read(&memo).unwrap();
    let last = damaged.len() - 40;
    damaged[last] ^= 1;
    for bytes in [damaged, b"no".to_vec(), Vec::new()] {
        std::fs::write(&memo, bytes).unwrap();
        let (read, same, _) = checked(FileMemo::open(&store));
        assert!(read >= whole && same == digests, "{read}");
        assert!(checked(FileMemo::open(&store)).0 < headers);
    }

    // A file of other content and the same length and time.
    let path = folder.path().join("07.edf");
    let mut changed = std::fs::read(&path).unwrap();
    let end = changed.len() - 1;
    changed[end] = 1;
    std::fs::write(&path, changed).unwrap();
    settle(&File::options().write(true).open(&path).unwrap());
    let (read, other, _) = checked(FileMemo::open(&store));
    assert!(read < whole / 10);
    let differ: Vec<usize> = (0..FILES).filter(|&number| other[number] != digests[number]).collect();
    assert_eq!(differ, [7]);

    // What was written just now may be written again within the same tick of the clock.
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now()).unwrap();
    assert!(checked(FileMemo::open(&store)).0 >= whole / 20);
    assert!(checked(FileMemo::open(&store)).0 >= whole / 20);
    settle(&File::options().write(true).open(&path).unwrap());

    // Formats without a header that says enough are read once as well.
    let rows: String = (0..50_000).map(|row| format!("{},{}\n", row as f64 / 250.0, row % 7)).collect();
    std::fs::write(folder.path().join("x.csv"), format!("time_s,Cz\n{rows}")).unwrap();
    settle(&File::options().write(true).open(folder.path().join("x.csv")).unwrap());
    let text = check(folder.path(), "    path: x.csv\n", FileMemo::open(&store));
    assert!(text.0 > 2 * rows.len() as u64, "hashed and read");
    let again = check(folder.path(), "    path: x.csv\n", FileMemo::open(&store));
    assert!(again.0 < 70_000, "{}", again.0);
    assert_eq!((&text.1, &text.2), (&again.1, &again.2));
    assert_eq!(text.2, ["`x.csv`: 1 channel at 250 Hz, 200 s, unit not known, no value missing"]);
    // With other options something else is to be found out.
    let other = check(folder.path(), "    path: x.csv\n    unit: mV\n", FileMemo::open(&store));
    assert!(other.0 > rows.len() as u64 && other.1 != text.1);

    // A few small files are not worth a folder.
    let small = tempfile::tempdir().unwrap();
    std::fs::write(small.path().join("s.csv"), "time_s,Cz\n0,1\n0.5,2\n").unwrap();
    check(small.path(), "    path: s.csv\n", FileMemo::open(&small.path().join(".lapicque")));
    assert!(!small.path().join(".lapicque").exists());
}
