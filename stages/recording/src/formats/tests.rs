//! Every format: what its outline says is what is read, and a window is that part of the whole, to the bit.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::format::ReadSeek;
use crate::windows::Windows;

/// A file in memory that counts the bytes that are read of it.
struct InMemory {
    bytes: Vec<u8>,
    read: AtomicU64,
}

struct Counting<'a> {
    of: &'a InMemory,
    cursor: Cursor<&'a [u8]>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.cursor.read(buffer)?;
        self.of.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.cursor.seek(to)
    }
}

impl Parts for &InMemory {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        assert_eq!(part, None);
        Ok(Box::new(Counting { of: self, cursor: Cursor::new(&self.bytes) }))
    }
}

impl InMemory {
    fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, read: AtomicU64::new(0) }
    }

    fn read(&self) -> u64 {
        self.read.swap(0, Ordering::Relaxed)
    }
}

fn format(extension: &str) -> &'static dyn Format {
    FORMATS.iter().copied().find(|format| format.extension() == extension).unwrap()
}

/// Two channels of 6 and 4 samples per record of 2 s, and annotations: in each record one that belongs to the record before it.
fn edf(records: usize, reserved: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| bytes.extend(format!("{text:width$}").bytes());
    for (text, width) in [
        ("0", 8),
        ("X", 80),
        ("X", 80),
        ("02.03.02", 8),
        ("21.30.05", 8),
        ("1024", 8),
        (reserved, 44),
        (&records.to_string(), 8),
        ("2", 8),
        ("3", 4),
    ] {
        put(text, width);
    }
    for (texts, width) in [
        (["Cz", "Pz", "EDF Annotations"], 16),
        (["", "", ""], 80),
        (["uV", "mV", ""], 8),
        (["-100", "-7", "-1"], 8),
        (["100", "5", "1"], 8),
        (["-32768", "-2048", "-32768"], 8),
        (["32767", "2047", "32767"], 8),
        (["", "", ""], 80),
        (["6", "4", "20"], 8),
        (["", "", ""], 32),
    ] {
        texts.iter().for_each(|text| put(text, width));
    }
    for record in 0..records {
        let samples = (0..10).map(|sample| ((record * 977 + sample * 131) % 4000) as i16 - 2000);
        bytes.extend(samples.flat_map(i16::to_le_bytes));
        let onset = 2 * record;
        let mut notes =
            format!("+{onset}.25\x14\x14\0{:+}\x150.5\x14mark {record}\x14\0", onset as f64 - 1.0).into_bytes();
        notes.resize(40, 0);
        bytes.extend(notes);
    }
    bytes
}

fn npy(element: &str, fortran_order: &str, channels: usize, samples: usize) -> Vec<u8> {
    let header =
        format!("{{'descr': '{element}', 'fortran_order': {fortran_order}, 'shape': ({channels}, {samples}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    for element in 0..channels * samples {
        bytes.extend((element as f32).sqrt().to_le_bytes());
    }
    bytes
}

fn csv(rows: usize) -> Vec<u8> {
    let row =
        |row: usize| format!("{},{},{}\n", row as f64 * 0.25, row, if row.is_multiple_of(5) { "" } else { "2.5" });
    std::iter::once("time_s,Cz,Pz\n".to_owned()).chain((0..rows).map(row)).collect::<String>().into_bytes()
}

fn given_rate(rate_hz: f64) -> ReadOptions<'static> {
    ReadOptions { sampling_rate_hz: Some(rate_hz), ..ReadOptions::default() }
}

/// Recordings with the options that they need.
fn files() -> Vec<(&'static str, Vec<u8>, ReadOptions<'static>)> {
    vec![
        ("edf", edf(40, "EDF+C"), ReadOptions::default()),
        ("edf", edf(40, ""), ReadOptions::default()),
        // Records follow each other, so that it is one stretch.
        ("edf", edf(40, "EDF+D"), ReadOptions::default()),
        ("npy", npy("<f4", "False", 3, 200), given_rate(3.0)),
        ("npy", npy("<f4", "True", 3, 200), given_rate(3.0)),
        ("csv", csv(200), ReadOptions::default()),
    ]
}

#[test]
fn formats_have_names_and_extensions_of_their_own() {
    for (number, format) in FORMATS.iter().enumerate() {
        assert_eq!(format.extension(), format.extension().to_lowercase());
        assert!(FORMATS[..number].iter().all(|other| other.extension() != format.extension()));
        assert!(format.version() > 0 && !format.name().is_empty());
    }
}

#[test]
fn an_outline_says_what_is_read() {
    for (extension, bytes, options) in files() {
        let file = InMemory::of(bytes);
        let format = format(extension);
        let outline = format.outline(&mut &file, &options).unwrap();
        let header = file.read();
        let recording = format.read(&mut &file, &options, None).unwrap();
        let values = file.read();
        assert!(format.outline_reads_all() || header * 2 < values + 2000, "{extension}: {header} {values}");
        let read = Outline::of(recording.clone());
        let of = |outline: &Outline| {
            let channel = |c: &ChannelOutline| (c.label.clone(), c.unit.clone(), c.sampling_rate_hz, c.samples);
            outline.channels.iter().map(channel).collect::<Vec<_>>()
        };
        assert_eq!(of(&outline), of(&read), "{extension}");
        assert!(outline.missing.is_none_or(|missing| Some(missing) == read.missing), "{extension}");
        assert!(outline.notes.iter().all(|note| recording.notes.contains(note)), "{extension}");
        assert!(outline.has_annotations || recording.annotations.is_empty());
    }
}

#[test]
fn annotations_are_the_same_without_the_samples() {
    let file = InMemory::of(edf(40, "EDF+C"));
    let whole = format("edf").read(&mut &file, &ReadOptions::default(), None).unwrap();
    let (annotations, left_out) = format("edf").annotations(&mut &file).unwrap();
    assert_eq!((annotations.len(), left_out), (40, None));
    assert_eq!(annotations, whole.annotations);
    // The first record says that it starts at 0.25 s.
    assert_eq!(whole.channels[0].start_s, 0.25);
}

#[test]
fn a_window_of_a_long_file_reads_little_of_it() {
    let windows = Windows { length_s: 4.0, step_s: 4.0 };
    for (extension, bytes, options) in [
        ("edf", edf(20_000, "EDF+C"), ReadOptions::default()),
        ("npy", npy("<f4", "False", 3, 100_000), given_rate(3.0)),
        ("npy", npy("<f4", "True", 3, 100_000), given_rate(3.0)),
    ] {
        let file = InMemory::of(bytes);
        format(extension).read(&mut &file, &options, Some(&windows.number(5000))).unwrap();
        let read = file.read();
        assert!(read < 40_000, "{extension}: {read} of {} bytes", file.bytes.len());
    }
}

#[test]
fn a_window_beyond_the_end_or_over_gaps_is_refused() {
    let beyond = Windows { length_s: 10.0, step_s: 10.0 }.number(8);
    for (extension, bytes, options) in files() {
        let error = format(extension).read(&mut &InMemory::of(bytes), &options, Some(&beyond)).unwrap_err();
        assert!(matches!(error, FormatError::PastEnd { .. } | FormatError::InGap { .. }), "{extension}: {error}");
    }
    let file = InMemory::of(edf(40, "EDF+D"));
    let in_gap = Windows { length_s: 10.0, step_s: 10.0 }.number(8);
    let error = format("edf").read(&mut &file, &ReadOptions::default(), Some(&in_gap)).unwrap_err();
    assert!(matches!(error, FormatError::InGap { start_s: 80.0 }));
    let no_rate = format("npy").outline(&mut &file, &ReadOptions::default()).unwrap_err();
    assert!(no_rate.to_string().contains("has no sampling rate"), "{no_rate}");
    let other = format("edf").outline(&mut &InMemory::of(edf(2, "")), &given_rate(4.0)).unwrap_err();
    assert!(matches!(other, FormatError::OtherRate { found_hz: 3.0, .. }), "{other}");
}

proptest! {
    #[test]
    fn a_window_is_that_part_of_the_whole(which in 0_usize..6, length in 0.5_f64..30.0, step in 0.5_f64..30.0, number in 0_u64..20) {
        let (extension, bytes, options) = files().swap_remove(which);
        // Both channels at one rate and at their own.
        let window = Windows { length_s: length, step_s: step }.number(number);
        let file = InMemory::of(bytes);
        let format = format(extension);
        let whole = format.read(&mut &file, &options, None).unwrap();
        let expected = window.of(whole);
        match (format.read(&mut &file, &options, Some(&window)), expected) {
            (Ok(part), Some(expected)) => {
                let bits = |recording: &Recording| -> Vec<(u64, Vec<u64>)> {
                    let of = |c: &crate::Channel| (c.start_s.to_bits(), c.samples.iter().map(|v| v.to_bits()).collect());
                    recording.channels.iter().map(of).collect()
                };
                prop_assert_eq!(bits(&part), bits(&expected));
            }
            (Err(FormatError::PastEnd { .. } | FormatError::InGap { .. }), None) => {}
            (read, expected) => prop_assert!(false, "{:?} {:?}", read.is_ok(), expected.is_some()),
        }
    }
}
