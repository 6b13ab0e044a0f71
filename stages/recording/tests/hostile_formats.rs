//! BrainVision, FIF and NPZ, whatever the bytes: a recording or an error, in bounded memory and time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, dead_code)]

#[path = "support/counting.rs"]
mod counting;

use std::io::Write;
use std::sync::atomic::Ordering;

#[path = "../../../fuzz/src/brainvision.rs"]
mod brainvision;
#[path = "../../../fuzz/src/fif.rs"]
mod fif;
#[path = "../../../fuzz/src/makes_sense.rs"]
mod makes_sense;
#[path = "../../../fuzz/src/npz.rs"]
mod npz;

use counting::{HELD, MOST};
use lapicque_recording::ReadOptions;
use makes_sense::{Files, read};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A channel of one sample costs more than its bytes in the file; buffers and error messages cost something at any length.
const PER_BYTE: usize = 250;
const ANYWAY: usize = 300_000;
/// What a compressed array may hold of values anyway, as numbers of 64 bits.
const INFLATED: usize = 10 << 20;

#[derive(Debug, Clone, Copy)]
enum Target {
    BrainVision,
    Fif,
    Npz,
}

fn run(target: Target, bytes: &[u8]) {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let (per_byte, anyway) = match target {
        Target::BrainVision => {
            brainvision::target(bytes);
            (PER_BYTE, ANYWAY)
        }
        Target::Fif => {
            fif::target(bytes);
            // The target has the file twice.
            (2 * PER_BYTE, ANYWAY)
        }
        Target::Npz => {
            npz::target(bytes);
            (64 * 9 + PER_BYTE, ANYWAY + INFLATED)
        }
    };
    let most = MOST.load(Ordering::Relaxed) - before;
    assert!(most <= anyway + per_byte * bytes.len(), "{target:?}: {} bytes made a reader hold {most}", bytes.len());
}

fn seeds() -> Vec<(Target, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (target, folder) in [(Target::BrainVision, "brainvision"), (Target::Fif, "fif"), (Target::Npz, "npz")] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            seeds.push((target, std::fs::read(entry.unwrap().path()).unwrap()));
        }
    }
    seeds.sort_by(|a, b| a.1.cmp(&b.1));
    assert!(seeds.len() >= 8);
    seeds
}

/// Damage to a file: bits flipped, bytes and 32-bit numbers replaced, cut, doubled.
fn damage(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    const TEXT: &[u8] = b"0123456789-+.eE,=;[]\\$\n";
    const NUMBERS: [i32; 12] = [0, 1, -1, 2, 16, 24, 0x100, 0x7fff_ffff, i32::MIN, 0x0100_0000, 999, -16];
    for (place, how, value) in edits {
        if bytes.is_empty() {
            return bytes;
        }
        let place = place.index(bytes.len());
        match how % 8 {
            0 => bytes[place] ^= 1 << (value % 8),
            1 => bytes[place] = *value,
            2 => bytes[place] = TEXT[*value as usize % TEXT.len()],
            3 | 4 => {
                let number = NUMBERS[*value as usize % NUMBERS.len()];
                let raw = if how % 2 == 0 { number.to_be_bytes() } else { number.to_le_bytes() };
                bytes.iter_mut().skip(place / 4 * 4).zip(raw).for_each(|(byte, raw)| *byte = raw);
            }
            5 => bytes.truncate(place),
            6 => bytes.extend_from_within(place..),
            _ => drop(bytes.remove(place)),
        }
    }
    bytes
}

#[test]
fn no_reader_of_these_panics_or_holds_more_than_the_file_is_worth() {
    let seeds = seeds();
    for (target, seed) in &seeds {
        run(*target, seed);
        for end in 0..seed.len() {
            run(*target, &seed[..end]);
        }
    }
    let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..8);
    runner
        .run(&(prop::sample::select(seeds), edits), |((target, file), edits)| {
            run(target, &damage(file, &edits));
            Ok(())
        })
        .unwrap();
    lying_headers();
    bombs();
}

fn lying_headers() {
    let header = |channels: u64, format: &str, more: &str| {
        format!(
            "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=x.eeg\nNumberOfChannels={channels}\n\
             SamplingInterval=1\n{more}\n[Binary Infos]\nBinaryFormat={format}\n[Channel Infos]\n"
        )
    };
    for channels in [0, 1, 65_536, 65_537, u64::MAX] {
        for more in ["", "DataPoints=18446744073709551615", "DataPoints=0", "DataPoints=-1"] {
            let mut text = header(channels, "INT_16", more);
            for number in [1, 65_536, u64::MAX] {
                text += &format!("Ch{number}=x,,1e30,V\n");
            }
            run(Target::BrainVision, &[text.as_bytes(), brainvision::CUT, brainvision::CUT, &[1; 64]].concat());
        }
    }
    // Many channels, and many lines that are none.
    let lines: String = (1..=2000).map(|number| format!("Ch{number}=,,,\n")).collect();
    let text = header(2000, "INT_16", "") + &lines;
    run(Target::BrainVision, &[text.as_bytes(), brainvision::CUT, brainvision::CUT, &[1; 8000]].concat());
    run(Target::BrainVision, (header(1, "INT_16", "") + &"=\n".repeat(100_000)).as_bytes());
    // A FIF file of tags that announce everything, and of skips beyond all numbers.
    let tag = |kind: i32, data_type: i32, content: &[u8], next: i32| {
        let header = [kind, data_type, content.len() as i32, next].map(i32::to_be_bytes).concat();
        [header, content.to_vec()].concat()
    };
    let mut fif = tag(100, 31, &[0; 20], 0);
    for block in [100_i32, 101] {
        fif.extend(tag(104, 3, &block.to_be_bytes(), 0));
    }
    fif.extend(tag(200, 3, &1_i32.to_be_bytes(), 0));
    fif.extend(tag(201, 4, &1000_f32.to_be_bytes(), 0));
    let mut channel = vec![0; 96];
    channel[12..20].copy_from_slice(&[1_f32.to_be_bytes(), 1_f32.to_be_bytes()].concat());
    fif.extend(tag(203, 30, &channel, 0));
    fif.extend(tag(105, 3, &101_i32.to_be_bytes(), 0));
    fif.extend(tag(104, 3, &102_i32.to_be_bytes(), 0));
    for kind in [208_i32, 301, 303] {
        for number in [i32::MAX, -1, 0] {
            let mut bytes = fif.clone();
            for _ in 0..3 {
                bytes.extend(tag(kind, 3, &number.to_be_bytes(), 0));
                bytes.extend(tag(300, 16, &[1; 600], 0));
            }
            run(Target::Fif, &bytes);
        }
    }
    let mut bytes = fif.clone();
    for _ in 0..2000 {
        bytes.extend(tag(303, 3, &1_i32.to_be_bytes(), 0));
        bytes.extend(tag(300, 16, &[1, 2], 0));
    }
    run(Target::Fif, &bytes);
    for next in [-2, 1, 5, i32::MAX, i32::MIN] {
        run(Target::Fif, &[fif.clone(), tag(300, 16, &[1; 4], next)].concat());
    }
    run(Target::Fif, &[fif.clone(), tag(104, 3, &118_i32.to_be_bytes(), 0).repeat(5000)].concat());
}

/// An archive of an array of zeros.
fn zeros(length: usize, announced: u32) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({length},), }}\n");
    let mut content = b"\x93NUMPY\x01\0".to_vec();
    content.extend((header.len() as u16).to_le_bytes());
    content.extend(header.bytes());
    content.resize(content.len() + length, 0);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&content).unwrap();
    let packed = encoder.finish().unwrap();
    let announced = if announced == 0 { content.len() as u32 } else { announced };
    let common = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend((packed.len() as u32).to_le_bytes());
        out.extend(announced.to_le_bytes());
        out.extend([5, 0, 0, 0]);
    };
    let mut bytes = b"PK\x03\x04".to_vec();
    common(&mut bytes);
    bytes.extend(b"a.npy");
    bytes.extend(&packed);
    let at = bytes.len();
    bytes.extend(b"PK\x01\x02\x14\0");
    common(&mut bytes);
    bytes.extend([0; 14]);
    bytes.extend(b"a.npy");
    let directory = (bytes.len() - at) as u32;
    bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    bytes.extend(directory.to_le_bytes());
    bytes.extend((at as u32).to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn bombs() {
    // 100 kB that are 100 MB, and those that say that they are less or more.
    for announced in [0, 1000, 1 << 20, u32::MAX] {
        run(Target::Npz, &zeros(100_000_000, announced));
        run(Target::Npz, &zeros(100_000, announced));
    }
    let options = ReadOptions { sampling_rate_hz: Some(1.0), ..ReadOptions::default() };
    read("npz", &Files(&[("npz", &zeros(900_000, 0))]), &options, 900_000);
}
