//! EDF and BDF recordings, sound and broken.

use std::io::Cursor;

use super::*;
use crate::Annotation;

/// An EDF file in the making; every field is the text that goes into the header.
struct File {
    version: &'static [u8; 8],
    reserved: &'static str,
    records: String,
    duration: &'static str,
    signals: Vec<SignalText>,
    data: Vec<u8>,
}

#[derive(Clone)]
struct SignalText {
    label: &'static str,
    unit: &'static str,
    physical: [&'static str; 2],
    digital: [&'static str; 2],
    samples: usize,
}

fn eeg(samples: usize) -> SignalText {
    SignalText { label: "EEG Fpz-Cz", unit: "uV", physical: ["-440", "510"], digital: ["-2048", "2047"], samples }
}

fn notes(samples: usize) -> SignalText {
    SignalText { label: "EDF Annotations", unit: "", physical: ["-1", "1"], digital: ["-32768", "32767"], samples }
}

impl File {
    fn plain(signals: Vec<SignalText>, records: usize, data: Vec<u8>) -> Self {
        let records = records.to_string();
        Self { version: b"0       ", reserved: "", records, duration: "2", signals, data }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.version.to_vec();
        let mut put = |text: &str, width: usize| {
            assert!(text.len() <= width);
            bytes.extend(format!("{text:width$}").bytes());
        };
        put("X X X X", 80);
        put("Startdate 02-MAR-2002 X X X", 80);
        put("02.03.02", 8);
        put("21.30.05", 8);
        put(&(256 * (self.signals.len() + 1)).to_string(), 8);
        put(self.reserved, 44);
        put(&self.records, 8);
        put(self.duration, 8);
        put(&self.signals.len().to_string(), 4);
        type Column<'a> = (&'a dyn Fn(&SignalText) -> String, usize);
        let columns: [Column<'_>; 10] = [
            (&|s| s.label.to_owned(), 16),
            (&|_| "AgAgCl".to_owned(), 80),
            (&|s| s.unit.to_owned(), 8),
            (&|s| s.physical[0].to_owned(), 8),
            (&|s| s.physical[1].to_owned(), 8),
            (&|s| s.digital[0].to_owned(), 8),
            (&|s| s.digital[1].to_owned(), 8),
            (&|_| "HP:0.1Hz".to_owned(), 80),
            (&|s| s.samples.to_string(), 8),
            (&|_| String::new(), 32),
        ];
        for (column, width) in columns {
            for signal in &self.signals {
                put(&column(signal), width);
            }
        }
        bytes.extend(&self.data);
        bytes
    }

    fn read(&self) -> Result<Recording, EdfError> {
        read_edf(&mut Cursor::new(self.bytes()))
    }

    fn error(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

fn int16(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Text of one record, padded with zeros to `samples` 16-bit samples.
fn padded(text: &str, samples: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    assert!(bytes.len() <= 2 * samples);
    bytes.resize(2 * samples, 0);
    bytes
}

#[test]
fn digital_values_become_physical_ones_at_each_signals_own_rate() {
    let slow = SignalText { label: "Temp", unit: "degC", physical: ["40", "30"], digital: ["0", "10"], samples: 1 };
    let data = int16(&[-2048, 2047, 0, 10, 1, 2, 3, 4]);
    let recording = File::plain(vec![eeg(3), slow], 2, data).read().unwrap();
    let [fast, slow] = recording.channels.as_slice() else { panic!("{recording:?}") };
    assert_eq!((fast.label.as_str(), fast.unit.as_deref()), ("EEG Fpz-Cz", Some("uV")));
    assert_eq!((fast.sampling_rate_hz, slow.sampling_rate_hz), (1.5, 0.5));
    assert_eq!(fast.samples[..2], [-440.0, 510.0]);
    let expected = -440.0 + 2048.0 * 950.0 / 4095.0;
    assert!((fast.samples[2] - expected).abs() < 1e-12);
    assert_eq!(fast.samples.len(), 6);
    // A physical maximum below the minimum turns the signal upside down, as the format intends.
    assert_eq!(slow.samples, [30.0, 36.0]);
    assert_eq!(recording.start.as_deref(), Some("02.03.02 21.30.05"));
    assert!(recording.annotations.is_empty());
}

#[test]
fn bdf_samples_have_three_bytes() {
    let signal = SignalText { physical: ["-262144", "262143"], digital: ["-8388608", "8388607"], ..eeg(3) };
    let mut file = File::plain(vec![signal], 1, vec![0, 0, 0x80, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    file.version = b"\xffBIOSEMI";
    let samples = &file.read().unwrap().channels[0].samples;
    assert_eq!(samples[..2], [-262144.0, 262143.0]);
    let expected = -262144.0 + 8388607.0 * 524287.0 / 16777215.0;
    assert!((samples[2] - expected).abs() < 1e-9, "{}", samples[2]);
}

fn with_annotations(reserved: &'static str, onsets: &[&str]) -> File {
    let mut data = Vec::new();
    for (record, onset) in onsets.iter().enumerate() {
        data.extend(int16(&[record as i16; 2]));
        let more =
            if record == 0 { "+1.5\x150.25\x14spindle\x14K-complex\x14\0-3\x14Licht aus \u{e4}\x14\0" } else { "" };
        data.extend(padded(&format!("{onset}\x14\x14\0{more}"), 40));
    }
    let mut file = File::plain(vec![eeg(2), notes(40)], onsets.len(), data);
    file.reserved = reserved;
    file
}

#[test]
fn continuous_files_give_annotations_and_the_fraction_of_the_start() {
    let recording = with_annotations("EDF+C", &["+0.125", "+2.125"]).read().unwrap();
    assert_eq!(recording.channels.len(), 1);
    assert_eq!(recording.channels[0].start_s, 0.125);
    assert_eq!(recording.channels[0].samples.len(), 4);
    let note = |onset_s, duration_s, text: &str| Annotation { onset_s, duration_s, text: text.to_owned() };
    assert_eq!(
        recording.annotations,
        [note(1.5, Some(0.25), "spindle"), note(1.5, Some(0.25), "K-complex"), note(-3.0, None, "Licht aus ä")]
    );
}

#[test]
fn without_edf_plus_the_label_means_nothing() {
    let recording = with_annotations("", &["+0"]).read().unwrap();
    assert_eq!((recording.channels.len(), recording.annotations.len()), (2, 0));
}

#[test]
fn gaps_split_a_discontinuous_file() {
    let recording = with_annotations("EDF+D", &["+0", "+2.0001", "+7.5", "+9.5"]).read().unwrap();
    let stretches: Vec<(f64, usize)> =
        recording.channels.iter().map(|channel| (channel.start_s, channel.samples.len())).collect();
    assert_eq!(stretches, [(0.0, 4), (7.5, 4)]);
    let first_of = |value: f64| -440.0 + (value + 2048.0) * 950.0 / 4095.0;
    assert!((recording.channels[1].samples[0] - first_of(2.0)).abs() < 1e-12);

    let error = with_annotations("EDF+D", &["+0", "+1"]).error();
    assert!(error.starts_with("data record 1 starts at 1 s, before the end of the one before it at 2 s"), "{error}");
    let error = with_annotations("EDF+D", &["+0", ""]).error();
    assert!(error.contains("data record 1") && error.contains("must start with + or -"), "{error}");
    let mut silent = with_annotations("EDF+D", &["+0"]);
    silent.data[4..].fill(0);
    assert!(silent.error().contains("must say in each record when it starts"));
}

#[test]
fn files_of_annotations_alone_need_no_duration() {
    let mut file = File::plain(vec![notes(8)], 1, padded("+3\x14blink\x14\0", 8));
    file.reserved = "EDF+C";
    file.duration = "0";
    let recording = file.read().unwrap();
    assert!(recording.channels.is_empty());
    assert_eq!(recording.annotations[0].text, "blink");
}

#[test]
fn malformed_annotations_are_placed() {
    for (text, expected) in [
        ("+0", "does not end with bytes 20, 0"),
        ("0\x14\x14\0", "onset `0` must start with + or -"),
        ("+1e3\x14\x14\0", "onset `+1e3` must be a number"),
        ("+\x14\x14\0", "onset `+` must be a number"),
        ("+1\x15-2\x14a\x14\0", "duration `-2` must be"),
    ] {
        let mut file = File::plain(vec![eeg(1), notes(10)], 1, int16(&[0]));
        file.reserved = "EDF+C";
        file.data.extend(padded(text, 10));
        let error = file.error();
        assert!(error.starts_with("annotations of data record 0, byte 770 of the file"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn record_counts_and_lengths_must_agree() {
    let data = int16(&[1, 2, 3, 4, 5]);
    let file = |records: &str| {
        let mut file = File::plain(vec![eeg(2)], 0, data.clone());
        file.records = records.to_owned();
        file
    };
    assert_eq!(file("1").read().unwrap().channels[0].samples.len(), 2);
    assert_eq!(file("-1").read().unwrap().channels[0].samples.len(), 4);
    let truncated = file("3").error();
    assert_eq!(truncated, "the header announces 3 data records of 4 bytes, but the file ends after 2 whole records");
    assert!(file("99999999").error().contains("announces 99999999"));
    assert!(matches!(file("0").read(), Err(EdfError::NoRecords)));
    let whole = file("1").bytes();
    for length in 0..512 {
        let error = read_edf(&mut Cursor::new(&whole[..length])).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the file ends after {length} bytes, within its header")), "{error}");
    }
    assert!(matches!(read_edf(&mut Cursor::new(&whole[..512])), Err(EdfError::Truncated { .. })));
}

#[test]
fn header_fields_are_named_with_place_text_and_what_is_allowed() {
    let valid = File::plain(vec![eeg(2)], 1, int16(&[1, 2])).bytes();
    for (offset, text, expected) in [
        (0, "1       ", "it starts with `1       `"),
        (184, "511     ", "`number of bytes in header` at byte 184 is `511     `; allowed: 512 for 1 signals"),
        (236, "two     ", "`number of data records` at byte 236 is `two     `; allowed: a whole number >= 0, or -1"),
        (236, "-2      ", "`number of data records`"),
        (236, "1.5     ", "`number of data records`"),
        (244, "-1      ", "`duration of a data record` at byte 244"),
        (244, "0       ", "a number of seconds above 0 where there are signals"),
        (244, "1e-300  ", "`duration of a data record` at byte 244"),
        (244, "nan     ", "`duration of a data record` at byte 244"),
        (252, "0   ", "`number of signals` at byte 252 is `0   `"),
        (252, "\0\0\0\0", "is `\\x00\\x00\\x00\\x00`"),
        (256 + 104, "inf     ", "`physical minimum of signal 1` at byte 360"),
        (
            256 + 112,
            "-440    ",
            "`physical maximum of signal 1` at byte 368 is `-440    `; allowed: a number other than the physical minimum, -440",
        ),
        (
            256 + 120,
            "-32769  ",
            "`digital minimum of signal 1` at byte 376 is `-32769  `; allowed: a whole number from -32768 to 32767",
        ),
        (256 + 128, "-2048   ", "`digital maximum of signal 1` at byte 384"),
        (256 + 128, "32768   ", "`digital maximum of signal 1` at byte 384"),
        (256 + 216, "0       ", "`number of samples per data record of signal 1` at byte 472"),
    ] {
        let mut bytes = valid.clone();
        bytes[offset..offset + text.len()].copy_from_slice(text.as_bytes());
        let error = read_edf(&mut Cursor::new(bytes)).unwrap_err().to_string();
        assert!(error.contains(expected), "{offset} {text:?}: {error}");
    }
}

#[test]
fn labels_in_latin_1_are_kept() {
    let mut bytes = File::plain(vec![eeg(1)], 1, int16(&[1])).bytes();
    bytes[256..260].copy_from_slice(b"\xb5V 1");
    let recording = read_edf(&mut Cursor::new(bytes)).unwrap();
    assert_eq!(recording.channels[0].label, "µV 1Fpz-Cz");
}
