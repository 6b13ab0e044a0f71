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
    let note = |onset_s, duration_s, text: &str| Annotation {
        onset_s,
        duration_s,
        text: text.to_owned(),
        ..Annotation::default()
    };
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
fn malformed_annotations_are_left_out_and_placed() {
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
        let recording = file.read().unwrap();
        assert_eq!((recording.channels[0].samples.len(), recording.channels[0].start_s), (1, 0.0));
        let [note] = recording.notes.as_slice() else { panic!("{:?}", recording.notes) };
        assert!(note.starts_with("a malformed annotation is left out: data record 0, byte 770 of the file"), "{note}");
        assert!(note.contains(expected), "{note}");
    }
}

#[test]
fn one_bad_annotation_loses_no_other() {
    let mut file = with_annotations("EDF+C", &["+0", "+2"]);
    let text = padded("+0\x14\x14\x000.5\x14no sign\x14\0+1\x14good\x14\0", 40);
    file.data[4..84].copy_from_slice(&text);
    let recording = file.read().unwrap();
    assert_eq!(recording.channels[0].samples.len(), 4);
    assert_eq!(recording.annotations.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["good"]);
    assert!(recording.notes[0].contains("onset `0.5` must start with + or -"), "{:?}", recording.notes);
    // The same in a file with gaps: only what keeps the time must be there.
    file.reserved = "EDF+D";
    assert_eq!(file.read().unwrap().annotations.len(), 1);
    file.data[4..84].copy_from_slice(&padded("0\x14\x14\0", 40));
    assert!(file.error().contains("onset `0` must start with + or -"), "{}", file.error());
}

#[test]
fn records_that_contradict_a_file_without_gaps_are_told() {
    let recording = with_annotations("EDF+C", &["+0", "+2", "+7", "+9"]).read().unwrap();
    assert_eq!((recording.channels.len(), recording.channels[0].samples.len()), (1, 8));
    let [note] = recording.notes.as_slice() else { panic!("{:?}", recording.notes) };
    assert!(note.starts_with("data record 2 says that it starts at 7 s"), "{note}");
}

#[test]
fn what_is_wrong_with_a_signal_loses_that_signal_only() {
    let with = |change: fn(&mut SignalText)| {
        let mut bad = SignalText { label: "EMG", ..eeg(2) };
        change(&mut bad);
        bad
    };
    for (bad, expected) in [
        (with(|s| s.physical = ["0", "0"]), "its physical minimum and maximum are both 0"),
        (with(|s| s.physical = ["", ""]), "its physical minimum is ``; allowed: a number"),
        (with(|s| s.physical = ["inf", "1"]), "its physical minimum is `inf`; allowed: a number"),
        (with(|s| s.physical = ["-1", "1e999"]), "its physical maximum is `1e999`; allowed: a number"),
        (with(|s| s.physical = ["-1e308", "1e308"]), "lie too far apart"),
        (with(|s| s.digital = ["0", "0"]), "its digital minimum, 0, is not below its digital maximum, 0"),
        (with(|s| s.digital = ["5", "-5"]), "is not below"),
        (
            with(|s| s.digital = ["-32769", "32767"]),
            "its digital minimum is `-32769`; allowed: a whole number from -32768 to 32767",
        ),
        (with(|s| s.digital = ["-32768", "65535"]), "its digital maximum is `65535`"),
        (with(|s| s.digital = ["0", "1.5"]), "its digital maximum is `1.5`"),
        (with(|s| s.digital = ["0", "9e99"]), "its digital maximum is `9e99`"),
        (with(|s| s.samples = 0), "it has no samples"),
    ] {
        let width = bad.samples;
        let record = |value: i16| [int16(&[value, value]), vec![9; 2 * width], int16(&[-value])].concat();
        let other = SignalText { label: "C3", ..eeg(1) };
        let file = File::plain(vec![eeg(2), bad, other], 2, [record(1), record(2)].concat());
        let recording = file.read().unwrap();
        let [first, last] = recording.channels.as_slice() else { panic!("{recording:?}") };
        assert_eq!((first.samples.len(), last.label.as_str(), last.samples.len()), (4, "C3", 2));
        let physical = |digital: f64| -440.0 + (digital + 2048.0) * 950.0 / 4095.0;
        assert!((first.samples[3] - physical(2.0)).abs() < 1e-9 && (last.samples[1] - physical(-2.0)).abs() < 1e-9);
        let [note] = recording.notes.as_slice() else { panic!("{:?}", recording.notes) };
        assert!(note.starts_with("signal 2, `EMG`, is left out: ") && note.contains(expected), "{note}");
    }
    let none = File::plain(vec![with(|s| s.samples = 0)], 1, vec![1, 2]);
    assert!(matches!(none.read(), Err(EdfError::NoSamples)));
    let flat = with(|s| s.physical = ["0", "0"]);
    let all = File::plain(vec![flat; 12], 1, vec![0; 48]).read().unwrap();
    assert_eq!((all.channels.len(), all.notes.len(), all.notes[8].as_str()), (0, 9, "4 more signals are left out"));
}

#[test]
fn numbers_are_read_as_recorders_write_them() {
    let signal = SignalText { physical: ["- 1976,5", "1976,4"], digital: ["+0", " 10\0"], ..eeg(1) };
    let mut file = File::plain(vec![signal], 2, int16(&[0, 10]));
    file.duration = " 0,5";
    file.records = "\t2".to_owned();
    let channel = &file.read().unwrap().channels[0];
    assert_eq!((channel.sampling_rate_hz, channel.samples[0]), (2.0, -1976.5));
    assert!((channel.samples[1] - 1976.4).abs() < 1e-9);
    // Two numbers in one field are a field of another file.
    for records in ["1 2", "0x1", "1e0", "", "--1", "1,5"] {
        file.records = records.to_owned();
        assert!(file.error().contains("`number of data records`"), "{records}");
    }
}

#[test]
fn rounded_durations_of_records_give_the_rate_that_was_meant() {
    for (samples, duration, expected) in [
        (255, "0.996094", 256.0),
        (255, ".9960938", 256.0),
        (85, "0.333333", 255.0),
        (100, "0.33333", 300.0),
        (1137, "1.137", 1000.0),
        (1000, "1.024", 976.5625),
        (1000, "1.024000", 976.5625),
        (128, "0.50176", 128.0 / 0.50176),
        (3070, "9.59375", 320.0),
        (333, "2.5", 133.2),
    ] {
        let mut file = File::plain(vec![eeg(samples), eeg(1)], 1, int16(&vec![0; samples + 1]));
        file.duration = duration;
        let recording = file.read().unwrap();
        let rates: Vec<f64> = recording.channels.iter().map(|channel| channel.sampling_rate_hz).collect();
        assert!((rates[0] - expected).abs() <= 1e-12 * expected, "{duration}: {rates:?}");
        assert!((rates[1] - expected / samples as f64).abs() <= 1e-12 * expected, "{duration}: {rates:?}");
        let is_rounded = (samples as f64 / duration.parse::<f64>().unwrap() - expected).abs() > 1e-9;
        assert_eq!(!recording.notes.is_empty(), is_rounded, "{duration}: {:?}", recording.notes);
    }
    // Records that follow each other are no gaps after a day of rounding.
    let mut file = with_annotations("EDF+D", &["+0", "+9.9609375", "+99609.375"]);
    file.signals[0].samples = 255;
    file.duration = "0.996094";
    file.data.clear();
    for record in [0, 1, 2, 3] {
        file.data.extend(int16(&[0; 255]));
        let onset = f64::from(record) * 255.0 / 256.0;
        file.data.extend(padded(&format!("+{onset}\x14\x14\0"), 40));
    }
    file.records = "4".to_owned();
    assert_eq!(file.read().unwrap().channels.len(), 1);
    file.duration = "1e-6";
    assert!(file.error().contains("would be sampled at 255000000 Hz"), "{}", file.error());
}

#[test]
fn files_that_end_early_give_their_whole_records() {
    let data = int16(&[1, 2, 3, 4, 5]);
    let file = |records: &str| {
        let mut file = File::plain(vec![eeg(2)], 0, data.clone());
        file.records = records.to_owned();
        file
    };
    for (records, samples, expected) in [
        ("1", 2, "the header announces 1 data records; 6 bytes after them (1 data records) are not read"),
        ("2", 4, "the header announces 2 data records; 2 bytes after them (0 data records) are not read"),
        ("-1", 4, "the file ends within a data record: the whole ones are read"),
        (
            "3",
            4,
            "the header announces 3 data records, but the file ends after 2 and a part of one: the whole ones are read",
        ),
        ("99999999", 4, "the header announces 99999999 data records"),
    ] {
        let recording = file(records).read().unwrap();
        assert_eq!(recording.channels[0].samples.len(), samples, "{records}");
        assert!(recording.notes.len() == 1 && recording.notes[0].starts_with(expected), "{:?}", recording.notes);
    }
    assert!(matches!(file("0").read(), Err(EdfError::NoRecords)));
    let whole = file("1").bytes();
    for length in 0..512 {
        let error = read_edf(&mut Cursor::new(&whole[..length])).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the file ends after {length} bytes, within its header")), "{error}");
    }
    for length in 512..516 {
        assert!(matches!(read_edf(&mut Cursor::new(&whole[..length])), Err(EdfError::Truncated { found: 0, .. })));
    }
    assert!(read_edf(&mut Cursor::new(&whole[..516])).unwrap().notes.is_empty());
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
        (252, "9e99", "`number of signals` at byte 252 is `9e99`; allowed: a whole number from 1 to 9999"),
        (252, "\0\0\0\0", "is `\\x00\\x00\\x00\\x00`"),
        (256 + 216, "-1      ", "`number of samples per data record of signal 1` at byte 472"),
        (256 + 216, "1e19    ", "`number of samples per data record of signal 1` at byte 472"),
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
