//! Whatever the bytes: a recording or an error, in bounded memory. No reader may panic, hang, or trust a length it has not checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/counting.rs"]
mod counting;

use std::io::{self, Cursor};
use std::sync::atomic::Ordering;

use counting::{HELD, MOST};
use lapicque_recording::delimited::Separator;
use lapicque_recording::{CsvOptions, FORMATS, Parts, ReadOptions, ReadSeek, Windows, read_csv, read_edf, read_npy};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A channel of one sample costs more than its byte in the file; buffers and error messages cost something at any length.
const PER_BYTE: usize = 250;
const ANYWAY: usize = 100_000;

fn read_all(bytes: &[u8]) {
    let readers: [fn(&[u8]); 4] = [
        |bytes| drop(read_edf(&mut Cursor::new(bytes)).map_err(|error| error.to_string())),
        |bytes| drop(read_npy(&mut Cursor::new(bytes), 250.0).map_err(|error| error.to_string())),
        |bytes| drop(read_csv(&mut Cursor::new(bytes), &CsvOptions::default()).map_err(|error| error.to_string())),
        |bytes| {
            let stated = CsvOptions { sampling_rate_hz: Some(2.0), separator: Separator::Tab, ..CsvOptions::default() };
            drop(read_csv(&mut Cursor::new(bytes), &stated).map_err(|error| error.to_string()));
        },
    ];
    let in_parts: [fn(&[u8]); 5] = [
        |b| read_parts(b, "edf"),
        |b| read_parts(b, "bdf"),
        |b| read_parts(b, "csv"),
        |b| read_parts(b, "tsv"),
        |b| {
            read_parts(b, "npy");
        },
    ];
    for read in readers.into_iter().chain(in_parts) {
        let before = HELD.load(Ordering::Relaxed);
        MOST.store(before, Ordering::Relaxed);
        read(bytes);
        let most = MOST.load(Ordering::Relaxed) - before;
        assert!(most <= ANYWAY + PER_BYTE * bytes.len(), "{} bytes made a reader hold {most}", bytes.len());
    }
}

/// A file in memory.
struct Bytes<'a>(&'a [u8]);

impl Parts for Bytes<'_> {
    fn open(&self, _: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(Cursor::new(self.0)))
    }
}

/// Header, annotations and two windows, as a pipeline reads them.
fn read_parts(bytes: &[u8], extension: &str) {
    let format = FORMATS.iter().find(|format| format.extension() == extension).unwrap();
    let options = ReadOptions { sampling_rate_hz: (extension == "npy").then_some(4.0), ..ReadOptions::default() };
    let parts = &mut Bytes(bytes);
    drop(format.outline(parts, &options).map_err(|error| error.to_string()));
    drop(format.annotations(parts).map_err(|error| error.to_string()));
    let windows = Windows { length_s: 0.7, step_s: 0.4 };
    for number in [0, 2] {
        drop(format.read(parts, &options, Some(&windows.number(number))).map_err(|error| error.to_string()));
    }
}

fn edf_plus(records: usize, kind: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| bytes.extend(format!("{text:width$}").bytes());
    let fields = ["0", "X X X X", "Startdate X X X X", "02.03.02", "21.30.05", "768", kind];
    for (text, width) in fields.into_iter().zip([8, 80, 80, 8, 8, 8, 44]) {
        put(text, width);
    }
    put(&records.to_string(), 8);
    put("1", 8);
    put("2", 4);
    let per_signal = [
        (["EEG Cz", "EDF Annotations"], 16),
        (["", ""], 80),
        (["uV", ""], 8),
        (["-100", "-1"], 8),
        (["100", "1"], 8),
        (["-32768", "-32768"], 8),
        (["32767", "32767"], 8),
        (["", ""], 80),
        (["4", "16"], 8),
        (["", ""], 32),
    ];
    for (texts, width) in per_signal {
        put(texts[0], width);
        put(texts[1], width);
    }
    for record in 0..records {
        bytes.extend([1, 2, 3, 4, 5, 6, 7, 8]);
        let mut notes = format!("+{}\x14\x14\0+1\x152\x14note\x14\0", 2 * record).into_bytes();
        notes.resize(32, 0);
        bytes.extend(notes);
    }
    bytes
}

fn npy(shape: &str, data: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 1);
    bytes
}

/// Where a header with two signals has numbers: start and width.
const NUMBERS: [(usize, usize); 14] = [
    (184, 8),
    (236, 8),
    (244, 8),
    (252, 4),
    (464, 8),
    (472, 8),
    (480, 8),
    (488, 8),
    (496, 8),
    (504, 8),
    (512, 8),
    (520, 8),
    (688, 8),
    (696, 8),
];
const EXTREME: [&str; 22] = [
    "9e99", "1e19", "9e18", "2e17", "1e-9", "1e308", "-0", "+1", "+999", "0", "-1", "1", "9999", "99999999",
    "-9999999", "0.000001", "1e-300", "inf", "nan", "32768", "-32769", "",
];

fn valid_files() -> Vec<Vec<u8>> {
    let csv = b"# x\n,time_s,Cz,Pz\n0,0,1,2\n1,0.5,nan,-3e2\n2,1,,\"4\"\n".to_vec();
    let files = vec![edf_plus(3, "EDF+C"), edf_plus(40, "EDF+D"), npy("(2, 3)", 24), npy("(5,)", 20), csv];
    for (position, file) in files.iter().enumerate() {
        let recording = match position {
            0 | 1 => read_edf(&mut Cursor::new(file)).unwrap(),
            2 | 3 => read_npy(&mut Cursor::new(file), 250.0).unwrap(),
            _ => read_csv(&mut Cursor::new(file), &CsvOptions::default()).unwrap(),
        };
        assert_eq!(recording.channels.len(), [1, 40, 2, 1, 2][position]);
    }
    files
}

/// Damage to a valid file: bits flipped, bytes replaced (often by digits, which keep numbers numbers), cut, doubled.
fn damage(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    const DIGITS: &[u8] = b"0123456789-+.eE,():T;\t\"#";
    for (place, how, value) in edits {
        if bytes.is_empty() {
            return bytes;
        }
        let place = place.index(bytes.len());
        match how % 6 {
            0 => bytes[place] ^= 1 << (value % 8),
            1 => bytes[place] = *value,
            2 | 3 => bytes[place] = DIGITS[*value as usize % DIGITS.len()],
            4 => bytes.truncate(place),
            _ => bytes.extend_from_within(place..),
        }
    }
    bytes
}

#[test]
fn no_reader_panics_or_holds_more_than_the_file_is_worth() {
    let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let files = valid_files();
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..8);
    let strategy = (prop::sample::select(files), edits);
    runner
        .run(&strategy, |(file, edits)| {
            read_all(&damage(file, &edits));
            Ok(())
        })
        .unwrap();
    // Several numbers of a header at once, each a text that some reader takes for a number.
    let fields = prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(EXTREME.to_vec())), 1..7);
    let strategy = (prop::sample::select(vec![edf_plus(3, "EDF+C"), edf_plus(3, "EDF+D"), edf_plus(3, "")]), fields);
    runner
        .run(&strategy, |(mut file, fields)| {
            for (field, text) in fields {
                let (start, width) = NUMBERS[field.index(NUMBERS.len())];
                let text = format!("{text:width$}");
                file[start..start + width].copy_from_slice(&text.as_bytes()[..width]);
            }
            read_all(&file);
            Ok(())
        })
        .unwrap();
    let beginnings: [&[u8]; 5] = [b"", b"0       ", b"\xffBIOSEMI", b"\x93NUMPY\x01\0", b"time_s,x\n"];
    let strategy = (prop::sample::select(beginnings.to_vec()), prop::collection::vec(any::<u8>(), 0..2000));
    runner
        .run(&strategy, |(beginning, rest)| {
            read_all(&[beginning, &rest].concat());
            Ok(())
        })
        .unwrap();
    for length in [0, 1, 7, 100_000] {
        read_all(&vec![b','; length]);
        read_all(&vec![b'"'; length]);
        read_all(&vec![b'\n'; length]);
    }
    read_all(&npy("(4, 1000000000000)", 8));
    read_all(&npy("(65536, 1)", 4 * 65536));
}
