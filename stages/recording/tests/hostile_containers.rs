//! Whatever the bytes of a MAT, EEGLAB, NWB or SNIRF file: a recording or an error, in bounded time and memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/counting.rs"]
mod counting;

#[path = "../../../fuzz/src/one_file.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is shared with the tests of seeds")]
mod one_file;

use std::io::Cursor;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use counting::{HELD, MOST};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use lapicque_recording::mat::{MatError, read_mat};
use lapicque_recording::read_nwb_units;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// 2^22 values may be announced by any file (`Limits` in `hdf5.rs`), and are held twice while they are put in order; a node of a tree of values is larger than
/// its eight bytes in the file.
const ANYWAY: usize = 48 << 20;
const PER_BYTE: usize = 1000;

fn bounded(what: &str, bytes: &[u8]) {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let message = |error: String| assert!(error.len() < 10_000, "{what}: {error}");
    drop(read_mat(&mut Cursor::new(bytes)).map_err(|error| message(error.to_string())));
    drop(read_nwb_units(&mut Cursor::new(bytes)).map_err(|error| message(error.to_string())));
    for extension in ["mat", "set", "nwb", "snirf"] {
        one_file::holds(bytes, extension);
    }
    let most = MOST.load(Ordering::Relaxed) - before;
    assert!(most <= ANYWAY + PER_BYTE * bytes.len(), "{what}: {} bytes made a reader hold {most}", bytes.len());
}

fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let mut seeds = Vec::new();
    for name in ["mat", "hdf5"] {
        for entry in std::fs::read_dir(folder.join(name)).unwrap() {
            let path = entry.unwrap().path();
            seeds.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
    seeds.sort();
    assert!(seeds.len() > 8);
    seeds
}

fn header() -> Vec<u8> {
    let mut header = vec![b' '; 124];
    header.extend([0, 1, b'I', b'M']);
    header
}

fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The beginning of an array: class, dimensions, name.
fn array(class: u32, dims: &[u32], name: &[u8], content: &[u8]) -> Vec<u8> {
    let body = [element(6, &words(&[class, 0])), element(5, &words(dims)), element(1, name), content.to_vec()].concat();
    element(14, &body)
}

fn compressed(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    let deflated = encoder.finish().unwrap();
    [words(&[15, deflated.len() as u32]), deflated].concat()
}

fn error_of(bytes: &[u8]) -> MatError {
    read_mat(&mut Cursor::new(bytes)).unwrap_err()
}

#[test]
fn no_reader_of_containers_panics_hangs_or_holds_more_than_a_file_is_worth() {
    let seeds = seeds();
    for (name, bytes) in &seeds {
        // Every length of a short file, many of a long one.
        for end in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
            bounded(&format!("{name} cut at {end}"), &bytes[..end]);
        }
    }
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..6);
    let strategy = (prop::sample::select(seeds.clone()), edits);
    let cases = if std::env::var("LAPICQUE_LONG_TESTS").is_ok_and(|long| long == "1") { 20_000 } else { 2000 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[14; 32]));
    runner
        .run(&strategy, |((name, bytes), edits)| {
            bounded(&name, &damage(bytes, &edits));
            Ok(())
        })
        .unwrap();
    announced_lengths_are_not_trusted();
    files_that_grow_are_refused();
    shapes_are_held_against_the_file(&seeds);
}

fn damage(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (place, how, value) in edits {
        if bytes.is_empty() {
            return bytes;
        }
        let place = place.index(bytes.len());
        let field = place / 4 * 4..(place / 4 * 4 + 4).min(bytes.len());
        match how % 6 {
            0 => bytes[place] ^= 1 << (value % 8),
            1 => bytes[place] = *value,
            // Lengths and addresses are fields of four or eight bytes.
            2 => bytes[field].fill(0xff),
            3 => bytes[field].fill(0),
            4 => bytes.truncate(place),
            _ => bytes.extend_from_within(place..),
        }
    }
    bytes
}

fn announced_lengths_are_not_trusted() {
    let many = 1 << 30;
    // Numbers, cells, structs, characters, sparse: a thousand million elements, and none.
    for class in [1, 2, 4, 5, 6, 12] {
        let lying = [header(), array(class, &[many, 2], b"x", &[])].concat();
        bounded("many elements", &lying);
        assert!(matches!(error_of(&lying), MatError::Truncated { .. }), "class {class}");
    }
    let negative = [header(), array(6, &[u32::MAX, 1], b"x", &element(9, &[0; 8]))].concat();
    assert!(matches!(error_of(&negative), MatError::Dimensions { .. }));
    let product = [header(), array(6, &[many, many, many, many], b"x", &element(9, &[0; 8]))].concat();
    assert!(matches!(error_of(&product), MatError::Dimensions { .. }));
    let short = [header(), array(6, &[3, 1], b"x", &element(9, &[0; 16]))].concat();
    assert!(matches!(error_of(&short), MatError::Length { .. }));

    // A cell in a cell in a cell.
    let mut nested = array(6, &[1, 1], b"", &element(9, &[0; 8]));
    for _ in 0..2000 {
        nested = array(1, &[1, 1], b"", &nested);
    }
    let deep = [header(), array(1, &[1, 1], b"x", &nested)].concat();
    bounded("nested cells", &deep);
    assert!(matches!(error_of(&deep), MatError::TooDeep { .. }));

    // The other order of bytes.
    let (_, mut swapped) = seeds().into_iter().find(|(name, _)| name.ends_with("every_class.mat")).unwrap();
    swapped[124..128].copy_from_slice(&[1, 0, b'M', b'I']);
    bounded("the wrong order of bytes", &swapped);
    assert!(read_mat(&mut Cursor::new(swapped)).is_err());

    // Sparse elements below the last row, columns that go back.
    let sparse = |rows: &[u32], starts: &[u32]| {
        let parts = [element(5, &words(rows)), element(5, &words(starts)), element(9, &[0; 16])].concat();
        [header(), array(5, &[2, 2], b"x", &parts)].concat()
    };
    assert!(read_mat(&mut Cursor::new(sparse(&[0, 1], &[0, 1, 2]))).is_ok());
    for lying in [
        sparse(&[0, 2], &[0, 1, 2]),
        sparse(&[0, 1], &[0, 2, 1]),
        sparse(&[0, 1], &[0, 1, 9]),
        sparse(&[0, 1], &[0, 1]),
    ] {
        assert!(matches!(error_of(&lying), MatError::Damaged { .. }));
    }
}

fn files_that_grow_are_refused() {
    // 64 MiB of zeros in 64 KiB.
    let zeros = vec![0; 64 << 20];
    let bomb = [header(), compressed(&array(6, &[8 << 20, 1], b"x", &element(9, &zeros)))].concat();
    drop(zeros);
    assert!(bomb.len() < 1 << 17);
    bounded("a bomb", &bomb);
    assert!(matches!(error_of(&bomb), MatError::Expands { .. }));
    // A million empty arrays in a cell.
    let count = 1 << 20;
    let empty = element(14, &[]).repeat(count as usize);
    let cells = [header(), compressed(&array(1, &[count, 1], b"x", &empty))].concat();
    drop(empty);
    bounded("a million cells", &cells);
    assert!(matches!(error_of(&cells), MatError::TooMany { .. }));
    // One compressed stream after the other, each within its bounds, and all of them too much.
    let one = compressed(&array(6, &[1 << 20, 1], b"x", &element(9, &vec![0; 8 << 20])));
    let several = [header(), one.repeat(8)].concat();
    bounded("several", &several);
    assert!(matches!(error_of(&several), MatError::TooLarge { .. }));
    // Silence is a recording.
    let silence = [header(), compressed(&array(6, &[1 << 20, 1], b"x", &element(9, &vec![0; 8 << 20])))].concat();
    assert!(read_mat(&mut Cursor::new(silence)).is_ok());
}

fn shapes_are_held_against_the_file(seeds: &[(String, Vec<u8>)]) {
    let (name, old_layout) = seeds.iter().find(|(name, _)| name.ends_with("old_layout.nwb")).unwrap();
    let shape = [12_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat();
    let places: Vec<usize> = (0..old_layout.len() - 16).filter(|&at| old_layout[at..at + 16] == shape[..]).collect();
    assert!(!places.is_empty());
    for length in [1_u64 << 23, 1 << 31, 1 << 40, u64::MAX / 2, u64::MAX] {
        let mut lying = old_layout.clone();
        for &at in &places {
            lying[at..at + 8].copy_from_slice(&length.to_le_bytes());
        }
        bounded(name, &lying);
        let options = lapicque_recording::ReadOptions::default();
        let message = one_file::message(&lying, "nwb", &options);
        assert!(message.contains("`acquisition/eeg/data` "), "{length}: {message}");
    }
}
