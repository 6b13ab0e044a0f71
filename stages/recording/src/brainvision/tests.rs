use crate::in_memory::InMemory;
use crate::{Annotation, ReadOptions, Windows};

const HEADER: &str = "Brain Vision Data Exchange Header File Version 1.0
; a comment
[Common Infos]
DataFile=$b.eeg
MarkerFile=marks.vmrk
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels=3
SamplingInterval=2000

[Binary Infos]
BinaryFormat=INT_16

[Channel Infos]
Ch1=F\\1z,,0.5,\u{b5}V
Ch2= Cz ,ref,,mV
Ch3=ARU 1,,-2,ARU

[Comment]
[Common Infos]
NumberOfChannels=900
";

const MARKERS: &str = "Brain Vision Data Exchange Marker File, Version 2.0
[Common Infos]
DataFile=x.eeg
[Marker Infos]
; type,description,position,size,channel
Mk1=New Segment,,1,1,0,20131113161403794232
Mk2=Stimulus,S  1,2,0,0
Mk3=Comment,a\\1 b [c],3,2,2
Mk4=New Segment,,4,1,0
Mk5=Response,R 1,nowhere,1,0
Mk6=Bad Interval,,900,5,7
Mk7=,loose,5
[Marker User Infos]
Mk8=Stimulus,S 2,1,1,0
";

const VALUES: [i16; 15] = [1, 2, 3, -4, 5, -6, 700, -800, 900, 10, 11, 12, -32768, 32767, 0];

fn data() -> Vec<u8> {
    VALUES.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn recording(header: &str, data: &[u8]) -> InMemory {
    InMemory::of(&[("head.x.vhdr", header.as_bytes()), ("head.x.eeg", data), ("marks.vmrk", MARKERS.as_bytes())])
}

fn samples(mut files: InMemory) -> Vec<Vec<f64>> {
    files.read().unwrap().channels.iter().map(|channel| channel.samples.to_vec()).collect()
}

fn expected() -> Vec<Vec<f64>> {
    let of = |channel: usize, by: f64| VALUES.iter().skip(channel).step_by(3).map(|&v| by * f64::from(v)).collect();
    vec![of(0, 0.5), of(1, 1.0), of(2, -2.0)]
}

#[test]
fn header_data_and_markers_are_a_recording() {
    let mut files = recording(HEADER, &data());
    assert_eq!(files.format().parts(&mut files).unwrap(), ["head.x.eeg", "marks.vmrk"]);
    let recording = files.read().unwrap();
    let of: Vec<_> = recording.channels.iter().map(|c| (c.label.as_str(), c.unit.as_deref().unwrap())).collect();
    assert_eq!(of, [("F,z", "uV"), ("Cz", "mV"), ("ARU 1", "ARU")]);
    assert!(recording.channels.iter().all(|channel| channel.sampling_rate_hz == 500.0 && channel.start_s == 0.0));
    assert_eq!(samples(files.clone()), expected());
    assert_eq!(recording.start.as_deref(), Some("20131113161403794232"));
    let mark = |onset_s: f64, duration_s: f64, kind: &str, text: &str, channel: Option<&str>| Annotation {
        onset_s,
        duration_s: Some(duration_s),
        text: text.to_owned(),
        kind: Some(kind.to_owned()).filter(|kind| !kind.is_empty()),
        channel: channel.map(str::to_owned),
    };
    let marks = [
        mark(0.0, 0.002, "New Segment", "", None),
        mark(0.002, 0.0, "Stimulus", "S  1", None),
        mark(0.004, 0.004, "Comment", "a, b [c]", Some("Cz")),
        mark(0.006, 0.002, "New Segment", "", None),
        mark(1.798, 0.01, "Bad Interval", "", None),
        mark(0.008, 0.0, "", "loose", None),
    ];
    assert_eq!(recording.annotations, marks);
    assert_eq!(recording.notes.len(), 2, "{:?}", recording.notes);
    assert!(recording.notes[0].starts_with("the recording was interrupted once"), "{:?}", recording.notes);
    assert_eq!(
        recording.notes[1],
        "a malformed marker is left out: line 10: its position is `nowhere`; a whole number >= 1 is due"
    );
    let (alone, note) = files.format().annotations(&mut files).unwrap();
    assert_eq!((alone.as_slice(), note.is_some()), (marks.as_slice(), true));
    let outline = files.outline().unwrap();
    assert_eq!((outline.channels.len(), outline.channels[2].samples, outline.missing), (3, 5, Some(0)));
}

#[test]
fn every_layout_and_kind_of_number_gives_the_same_values() {
    let vectorized: Vec<i16> = (0..3).flat_map(|channel| VALUES.into_iter().skip(channel).step_by(3)).collect();
    for (orientation, values) in [("MULTIPLEXED", VALUES.to_vec()), ("vectorized", vectorized)] {
        for (format, bytes) in [
            ("INT_16", values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()),
            ("INT_32", values.iter().flat_map(|v| i32::from(*v).to_le_bytes()).collect()),
            ("IEEE_FLOAT_32", values.iter().flat_map(|v| f32::from(*v).to_le_bytes()).collect()),
            ("INT_16\nUseBigEndianOrder=YES", values.iter().flat_map(|v| v.to_be_bytes()).collect()),
        ] {
            let header = HEADER.replace("INT_16", format).replace("MULTIPLEXED", orientation);
            assert_eq!(samples(recording(&header, &bytes)), expected(), "{orientation} {format}");
            let window = Windows { length_s: 0.004, step_s: 0.002 }.number(2);
            let mut files = recording(&header, &bytes);
            let part = files.format().read(&mut files, &ReadOptions::default(), Some(&window)).unwrap();
            for (part, whole) in part.channels.iter().zip(expected()) {
                assert_eq!((part.start_s, &part.samples[..]), (0.004, &whole[2..4]), "{orientation} {format}");
            }
            assert!(part.annotations.is_empty());
        }
    }
    let unsigned = HEADER.replace("INT_16", "UINT_16");
    assert_eq!(samples(recording(&unsigned, &data()))[1][4], 32767.0);
    assert_eq!(samples(recording(&unsigned, &data()))[0][1], 0.5 * 65532.0);
}

#[test]
fn text_is_utf_8_or_latin_1_whatever_the_file_says() {
    let latin: Vec<u8> = HEADER.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let mut files =
        InMemory::of(&[("head.x.vhdr", &latin), ("head.x.eeg", &data()), ("marks.vmrk", MARKERS.as_bytes())]);
    assert_eq!(files.read().unwrap(), recording(HEADER, &data()).read().unwrap());
    let marked = format!("\u{feff}{}", HEADER.replace('\n', "\r\n"));
    assert_eq!(samples(recording(&marked, &data())), expected());
    for first in [
        "BrainVision Data Exchange Header File Version 2.0",
        "Brain Vision Core Data Exchange Header File Version 2.0",
        "Brain Vision V-Amp Data Header File Version 1.0",
    ] {
        let header = HEADER.replace("Brain Vision Data Exchange Header File Version 1.0", first);
        assert_eq!(samples(recording(&header, &data())), expected(), "{first}");
    }
}

#[test]
fn what_a_header_leaves_out_has_the_defaults_of_the_format() {
    let bare = HEADER
        .replace("MarkerFile=marks.vmrk\n", "")
        .replace("DataFormat=BINARY\nDataOrientation=MULTIPLEXED\n", "")
        .replace("Ch1=F\\1z,,0.5,\u{b5}V", "Ch1=")
        .replace("Ch2= Cz ,ref,,mV", "Ch2=Cz");
    let mut files = recording(&bare, &data());
    let recording = files.read().unwrap();
    assert_eq!(files.format().parts(&mut files).unwrap(), ["head.x.eeg"]);
    assert_eq!((recording.annotations.len(), recording.notes.len()), (0, 0));
    let of: Vec<_> = recording.channels.iter().map(|c| (c.label.as_str(), c.unit.as_deref(), c.samples[0])).collect();
    assert_eq!(of, [("1", Some("uV"), 1.0), ("Cz", Some("uV"), 2.0), ("ARU 1", Some("ARU"), -6.0)]);
}

#[test]
fn rates_are_those_that_were_meant() {
    for (interval, rate_hz) in [
        ("2000", 500.0),
        ("3906.25", 256.0),
        ("488.28125", 2048.0),
        ("3333.3333", 300.0),
        ("976,5625", 1024.0),
        ("3906", 1e6 / 3906.0),
        ("1e3", 1000.0),
        ("8e7", 0.0125),
    ] {
        let header = HEADER.replace("SamplingInterval=2000", &format!("SamplingInterval={interval}"));
        assert_eq!(recording(&header, &data()).outline().unwrap().channels[0].sampling_rate_hz, rate_hz, "{interval}");
    }
    let mut files = recording(HEADER, &data());
    let other = ReadOptions { sampling_rate_hz: Some(250.0), ..ReadOptions::default() };
    let message = files.format().read(&mut files, &other, None).unwrap_err().to_string();
    assert_eq!(message, "the file says 500 Hz of channel `F,z`, not 250 Hz");
}

#[test]
fn data_of_another_length_than_announced_are_told_or_refused() {
    let announced = |points: u64| HEADER.replace("NumberOf", &format!("DataPoints={points}\nNumberOf"));
    for (header, cut, length, note) in [
        (announced(5), 0, 5, None),
        (
            announced(6),
            0,
            5,
            Some("the header announces 6 data points, but the data file ends after 5: these are read"),
        ),
        (announced(3), 0, 3, Some("the header announces 3 data points; 2 more in the data file are not read")),
        (HEADER.to_owned(), 1, 4, Some("the data file ends within a sample: 5 bytes at its end are not read")),
    ] {
        let data = data();
        let mut files = recording(&header, &data[..data.len() - cut]);
        let read = files.read().unwrap();
        assert_eq!(read.channels[1].samples.len(), length);
        assert_eq!(read.notes.iter().find(|note| note.contains("data")).map(String::as_str), note);
        assert_eq!(files.outline().unwrap().channels[1].samples, length as u64);
    }
    let vectorized = HEADER.replace("MULTIPLEXED", "VECTORIZED");
    let message = recording(&vectorized, &data()[1..]).refused();
    assert!(message.starts_with("the data file has 29 bytes, which is not a whole number of samples"), "{message}");
    let message = recording(&announced(6).replace("MULTIPLEXED", "VECTORIZED"), &data()).refused();
    assert!(message.starts_with("the header announces 6 data points, but the data file has 5"), "{message}");
    assert!(recording(HEADER, &[]).refused().starts_with("the data file has 0 bytes"));
}

#[test]
fn what_cannot_be_read_is_refused_by_line_and_key() {
    for (from, to, expected) in [
        ("Brain Vision Data", "Some Data", "not a BrainVision header: its first line is `Some Data Exchange"),
        ("Version 1.0", "Version 3.0", "not a BrainVision header"),
        ("DataFile=$b.eeg\n", "", "the header has no `DataFile` in [Common Infos]; allowed: the name of the data file"),
        ("DataFormat=BINARY", "DataFormat=ASCII", "line 6 of the header: `DataFormat=ASCII`; allowed: `BINARY`"),
        ("MULTIPLEXED", "SIDEWAYS", "line 7 of the header: `DataOrientation=SIDEWAYS`"),
        ("DataFormat=BINARY", "DataType=FREQUENCYDOMAIN", "`DataType=FREQUENCYDOMAIN`; allowed: `TIMEDOMAIN`"),
        ("INT_16", "INT_24", "`BinaryFormat=INT_24`; allowed: INT_16, UINT_16, INT_32 or IEEE_FLOAT_32"),
        ("INT_16", "INT_16\nDataOffset=4", "`DataOffset=4`; allowed: `0`"),
        ("SamplingInterval=2000", "SamplingInterval=0", "`SamplingInterval=0`; allowed: a number of microseconds"),
        ("SamplingInterval=2000", "SamplingInterval=1e-3", "for a rate of up to 10000000 Hz"),
        ("NumberOfChannels=3", "NumberOfChannels=2", "`Ch3=ARU 1,,-2,ARU`; allowed: channels 1 to 2"),
        ("NumberOfChannels=3", "NumberOfChannels=4", "the header has no `Ch4` in [Channel Infos]"),
        ("NumberOfChannels=3", "NumberOfChannels=0", "allowed: a whole number from 1 to 65536"),
        ("Ch3=", "Ch1=", "allowed: one line for each channel"),
        ("0.5", "half", "a resolution that is a number other than 0"),
        ("0.5", "0", "a resolution that is a number other than 0"),
        ("DataFile=$b.eeg", "DataFile=..", "allowed: the name of a file beside the header"),
    ] {
        let message = recording(&HEADER.replacen(from, to, 1), &data()).refused();
        assert!(message.contains(expected), "{to}: {message}");
    }
    let message = recording(HEADER, &data()).0.swap_remove(2).1;
    let not_markers = String::from_utf8(message).unwrap().replace("Marker File", "Header File");
    let mut files = recording(HEADER, &data());
    files.0[2].1 = not_markers.into_bytes();
    assert!(files.refused().starts_with("not a BrainVision marker file"));
    files.0.truncate(1);
    assert!(files.refused().contains("head.x.eeg"));
}

#[test]
fn a_file_is_looked_for_beside_the_header_alone() {
    for name in ["/etc/passwd/$b.eeg", "..\\..\\$b.eeg", "C:\\data\\$b.eeg"] {
        let header = HEADER.replace("$b.eeg", name);
        let mut files = recording(&header, &data());
        assert_eq!(files.format().parts(&mut files).unwrap()[0], "head.x.eeg");
        let note = format!("`DataFile={name}` is taken for the file `head.x.eeg` beside the header");
        assert!(files.read().unwrap().notes.contains(&note));
    }
}
