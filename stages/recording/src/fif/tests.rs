use crate::in_memory::InMemory;
use crate::{Annotation, FormatError, ReadOptions, Windows};

/// A file in the making.
#[derive(Clone, Default)]
struct File(Vec<u8>);

struct Of<'a> {
    name: &'a str,
    unit: i32,
    multiplier: i32,
    range: f32,
    calibration: f32,
}

impl File {
    fn tag(&mut self, kind: i32, data_type: i32, content: &[u8]) -> &mut Self {
        for number in [kind, data_type, content.len() as i32, 0] {
            self.0.extend(number.to_be_bytes());
        }
        self.0.extend(content);
        self
    }

    fn int(&mut self, kind: i32, number: i32) -> &mut Self {
        self.tag(kind, 3, &number.to_be_bytes())
    }

    fn floats(&mut self, kind: i32, numbers: &[f32]) -> &mut Self {
        let content: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.tag(kind, 4, &content)
    }

    fn block(&mut self, block: i32, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.int(104, block);
        inside(self);
        self.int(105, block)
    }

    fn channel(&mut self, of: &Of<'_>) -> &mut Self {
        let mut content = Vec::new();
        for number in [1, 1, 2] {
            content.extend(i32::to_be_bytes(number));
        }
        content.extend(of.range.to_be_bytes());
        content.extend(of.calibration.to_be_bytes());
        content.resize(72, 0);
        content.extend(of.unit.to_be_bytes());
        content.extend(of.multiplier.to_be_bytes());
        content.extend(of.name.bytes().take(15));
        content.resize(96, 0);
        self.tag(203, 30, &content)
    }

    fn information(&mut self) -> &mut Self {
        self.block(101, |file| {
            // Projections have a number of channels of their own.
            file.block(313, |file| {
                file.int(200, 77);
            });
            file.int(200, 2).floats(201, &[250.0]);
            file.channel(&Of { name: "EEG 001", unit: 107, multiplier: -6, range: 2.0, calibration: 0.25 });
            file.channel(&Of { name: "MEG 002 with a l", unit: 201, multiplier: 0, range: 1.0, calibration: -1.0 });
            file.block(359, |file| {
                file.tag(3507, 10, b"EEG 001");
            });
        })
    }

    fn begin() -> Self {
        let mut file = Self::default();
        file.tag(100, 31, &[0; 20]).int(101, -1);
        file
    }

    /// `data` within the block of raw data, `behind` it.
    fn raw(data: impl FnOnce(&mut Self), behind: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut file = Self::begin();
        file.block(100, |file| {
            file.information().block(102, data);
            behind(file);
        });
        file.0
    }

    fn shorts(&mut self, values: &[i16]) -> &mut Self {
        let content: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.tag(300, 16, &content)
    }
}

fn of_one(bytes: &[u8]) -> InMemory {
    InMemory::of(&[("x_raw.fif", bytes)])
}

fn values(mut files: InMemory) -> Vec<(f64, Vec<f64>)> {
    files.read().unwrap().channels.iter().map(|channel| (channel.start_s, channel.samples.to_vec())).collect()
}

#[test]
fn every_kind_of_buffer_is_read_with_the_factors_of_its_channels() {
    let numbers = [1_i16, -2, 300, 4, -32768, 32767];
    let mut bytes: Vec<Vec<u8>> = Vec::new();
    for (data_type, content) in [
        (2, numbers.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>()),
        (16, numbers.iter().flat_map(|v| v.to_be_bytes()).collect()),
        (3, numbers.iter().flat_map(|v| i32::from(*v).to_be_bytes()).collect()),
        (4, numbers.iter().flat_map(|v| f32::from(*v).to_be_bytes()).collect()),
        (5, numbers.iter().flat_map(|v| f64::from(*v).to_be_bytes()).collect()),
    ] {
        let half = content.len() / 3;
        bytes.push(File::raw(
            |file| {
                file.tag(300, data_type, &content[..half]).tag(300, data_type, &content[half..]);
            },
            |_| {},
        ));
    }
    for file in bytes {
        let mut files = of_one(&file);
        let recording = files.read().unwrap();
        let [eeg, meg] = &recording.channels[..] else { panic!("two channels") };
        assert_eq!((eeg.label.as_str(), eeg.unit.as_deref(), eeg.sampling_rate_hz), ("EEG 001", Some("uV"), 250.0));
        assert_eq!((meg.label.as_str(), meg.unit.as_deref()), ("MEG 002 with a", Some("T/m")));
        assert_eq!(eeg.samples, [0.5, 150.0, -16384.0]);
        assert_eq!(meg.samples, [2.0, -4.0, -32767.0]);
        assert_eq!(recording.notes, ["marked as bad in the file, and read as the others: EEG 001"]);
        assert_eq!(files.outline().unwrap().channels[1].samples, 3);
    }
}

#[test]
fn skips_are_gaps_and_windows_keep_their_times() {
    let bytes = File::raw(
        |file| {
            // Skipped before the first buffer: 2 buffers of 2 samples, counted from sample 1000.
            file.int(208, 1000).int(301, 2).shorts(&[1, 1, 2, 2]).shorts(&[3, 3, 4, 4]);
            file.int(301, 3).shorts(&[5, 5, 6, 6]).int(303, 1).shorts(&[7, 7]);
        },
        |_| {},
    );
    let mut files = of_one(&bytes);
    assert_eq!(
        values(files.clone()),
        [
            (0.0, vec![0.5, 1.0, 1.5, 2.0]),
            (0.04, vec![2.5, 3.0]),
            (0.052, vec![3.5]),
            (0.0, vec![-1.0, -2.0, -3.0, -4.0]),
            (0.04, vec![-5.0, -6.0]),
            (0.052, vec![-7.0])
        ]
    );
    let outline = files.outline().unwrap();
    assert_eq!((outline.may_have_gaps, outline.channels.len(), outline.channels[0].samples), (true, 2, 7));
    assert!(outline.notes[1].starts_with("the first sample is number 1004, 4.016 s after"), "{:?}", outline.notes);
    let stretches = files.format().stretches(&mut files, &ReadOptions::default()).unwrap().unwrap();
    let windows = Windows { length_s: 0.008, step_s: 0.008 };
    assert_eq!(windows.within(&stretches, &[250.0, 250.0]), [0, 1, 5]);
    let mut window = |number: u64| {
        let format = files.format();
        format.read(&mut files, &ReadOptions::default(), Some(&windows.number(number)))
    };
    let part = window(5).unwrap();
    assert_eq!((part.channels[1].start_s, &part.channels[1].samples[..]), (0.04, &[-5.0, -6.0][..]));
    assert!(matches!(window(2), Err(FormatError::InGap { .. })));
}

#[test]
fn a_split_recording_is_read_whole() {
    let next = |name: &str| {
        let name = name.to_owned();
        move |file: &mut File| {
            file.block(118, |file| {
                file.int(115, 2).tag(118, 10, name.as_bytes()).int(117, 1);
            });
        }
    };
    let first = File::raw(
        |file| {
            file.int(208, 50).shorts(&[1, 1, 2, 2]);
        },
        next("C:\\meg\\x_raw-1.fif"),
    );
    let second = File::raw(
        |file| {
            file.int(208, 52).shorts(&[3, 3]);
        },
        next("x_raw-2.fif"),
    );
    let third = File::raw(
        |file| {
            file.int(208, 53).shorts(&[4, 4, 5, 5]);
        },
        |file| {
            file.block(118, |file| {
                file.int(115, 1).tag(118, 10, b"x_raw-1.fif");
            });
        },
    );
    let all = [("x_raw.fif", &first[..]), ("x_raw-1.fif", &second), ("x_raw-2.fif", &third)];
    // Files are asked for until none is new.
    for (known, expected) in [(1, 1), (2, 2), (3, 2)] {
        let mut files = InMemory::of(&all[..known]);
        let names = files.format().parts(&mut files).unwrap();
        assert_eq!(names, ["x_raw-1.fif", "x_raw-2.fif"][..expected]);
    }
    let mut files = InMemory::of(&all);
    let whole = values(files.clone());
    assert_eq!(whole, [(0.0, vec![0.5, 1.0, 1.5, 2.0, 2.5]), (0.0, vec![-1.0, -2.0, -3.0, -4.0, -5.0])]);
    let window = Windows { length_s: 0.012, step_s: 0.004 }.number(1);
    let part = files.format().read(&mut files, &ReadOptions::default(), Some(&window)).unwrap();
    assert_eq!(part.channels[0].samples, [1.0, 1.5, 2.0]);
    assert!(InMemory::of(&all[..2]).refused().contains("x_raw-2.fif"));
    // Opened in the middle, it says so.
    let notes = of_one(&third).read().unwrap().notes;
    assert!(notes.contains(&"the file goes on with a recording that begins in `x_raw-1.fif`".to_owned()), "{notes:?}");
    // A circle, another recording, a gap, and one that has a number for a name.
    let circle = File::raw(
        |file| {
            file.shorts(&[3, 3]);
        },
        next("x_raw-1.fif"),
    );
    let message = InMemory::of(&[all[0], ("x_raw-1.fif", &circle)]).refused();
    assert!(message.contains("name each other in a circle"), "{message}");
    let other = String::from_utf8_lossy(&second).contains("MEG 002");
    assert!(other);
    let mut renamed = third.clone();
    let place = renamed.windows(7).position(|part| part == b"MEG 002").unwrap();
    renamed[place + 6] = b'3';
    let message = InMemory::of(&[all[0], all[1], ("x_raw-2.fif", &renamed)]).refused();
    assert!(message.starts_with("`x_raw-2.fif`, which goes on with the recording, has other channels"), "{message}");
    let later = File::raw(
        |file| {
            file.int(208, 60).shorts(&[3, 3]);
        },
        |_| {},
    );
    let read = InMemory::of(&[all[0], ("x_raw-1.fif", &later)]).read().unwrap();
    assert_eq!((read.channels.len(), read.channels[1].start_s), (4, 0.04));
    assert!(read.notes.iter().any(|note| note.contains("there is a gap before `x_raw-1.fif`")));
    let numbered = File::raw(
        |file| {
            file.shorts(&[1, 1]);
        },
        |file| {
            file.block(118, |file| {
                file.int(115, 2).int(117, 1);
            });
        },
    );
    let mut files = InMemory::of(&[("x_raw.fif", &numbered), ("x_raw-1.fif", &circle)]);
    assert_eq!(files.format().parts(&mut files.clone()).unwrap_or_default(), [""; 0]);
    files.0[1].1 = File::raw(
        |file| {
            file.shorts(&[2, 2]);
        },
        |_| {},
    );
    assert_eq!(values(files)[0].1, [0.5, 1.0]);
}

#[test]
fn annotations_count_from_the_first_sample() {
    let of = |measured: Option<i32>, origin: Option<f64>| {
        let mut file = File::begin();
        file.block(100, |file| {
            file.information();
            if let Some(measured) = measured {
                let place = file.0.len() - 20;
                let mut end = File(file.0.split_off(place));
                file.tag(204, 3, &[measured.to_be_bytes(), 500_000_i32.to_be_bytes()].concat());
                file.0.append(&mut end.0);
            }
            file.block(102, |file| {
                file.int(208, 500).shorts(&[1, 1]);
            });
            file.block(3810, |file| {
                file.floats(3568, &[3.0, 4.5]).floats(3569, &[3.25, 4.5]);
                file.tag(206, 10, b"a{COLON}b &#20208;&#21351; &#60;:caf\xe9");
                if let Some(origin) = origin {
                    file.tag(204, 5, &origin.to_be_bytes());
                }
            });
        });
        of_one(&file.0).read().unwrap().annotations
    };
    let mark = |onset_s: f64, duration_s: f64, text: &str| Annotation {
        onset_s,
        duration_s: Some(duration_s),
        text: text.to_owned(),
        ..Annotation::default()
    };
    let texts = ["a:b \u{4ef0}\u{5367} &#60;", "caf\u{e9}"];
    // The first sample is 2 s behind the start of the measurement.
    for (measured, origin, first_s) in
        [(None, None, 1.0), (Some(100), Some(100.5), 1.0), (Some(100), Some(99.5), 0.0), (Some(100), None, 3.0)]
    {
        let expected = [mark(first_s, 0.25, texts[0]), mark(first_s + 1.5, 0.0, texts[1])];
        assert_eq!(of(measured, origin), expected, "{measured:?} {origin:?}");
    }
}

#[test]
fn names_of_more_than_15_characters_stand_in_blocks_of_their_own() {
    let with = |blocks: usize| {
        let mut file = File::begin();
        file.block(100, |file| {
            file.block(101, |file| {
                file.int(200, 2).floats(201, &[250.0]);
                for name in ["long", "short"] {
                    file.channel(&Of { name, unit: 0, multiplier: 0, range: 1.0, calibration: 1.0 });
                }
                for name in ["a long name of a channel", "short"].into_iter().take(blocks) {
                    file.block(113, |file| {
                        file.tag(258, 10, name.as_bytes());
                    });
                }
            });
            file.block(102, |file| {
                file.shorts(&[1, 1]);
            });
        });
        let recording = of_one(&file.0).read().unwrap();
        assert!(recording.channels.iter().all(|channel| channel.unit.is_none()));
        recording.channels[0].label.clone()
    };
    assert_eq!((with(2).as_str(), with(1).as_str()), ("a long name of a channel", "long"));
}

#[test]
fn what_cannot_be_read_is_refused_and_a_cut_file_gives_what_is_whole() {
    let whole = File::raw(
        |file| {
            file.shorts(&[1, 1, 2, 2]).shorts(&[3, 3, 4, 4]);
        },
        |_| {},
    );
    let place = whole.len() - 16 - 4 - 16 - 4 - 8;
    let mut cut = of_one(&whole[..place + 5]);
    let recording = cut.read().unwrap();
    assert_eq!(recording.channels[0].samples, [0.5, 1.0]);
    assert!(recording.notes.iter().any(|note| note.starts_with("the file ends within a data buffer")));
    let replaced = |from: &[u8], to: &[u8]| {
        let place = whole.windows(from.len()).position(|part| part == from).unwrap();
        let mut changed = whole.clone();
        changed[place..place + to.len()].copy_from_slice(to);
        of_one(&changed).refused()
    };
    let header = |numbers: [i32; 4]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    for (from, to, expected) in [
        (header([100, 31, 20, 0]), header([100, 31, 21, 0]), "not a FIF file"),
        (header([300, 16, 8, 0]), header([300, 20, 8, 0]), "is a data buffer of type 20; allowed:"),
        (header([300, 16, 8, 0]), header([300, 3, 8, 5]), "says that the next one is at byte 5, before its own end"),
        (header([300, 16, 8, 0]), header([300, 5, 8, 0]), "not a whole number of samples of 2 channels of 8 bytes"),
        (
            header([201, 4, 4, 0]),
            header([777, 4, 4, 0]),
            "the file has no sampling rate in its measurement information",
        ),
        (250_f32.to_be_bytes().to_vec(), (-1_f32).to_be_bytes().to_vec(), "says -1 of the sampling rate; allowed:"),
        (header([203, 30, 96, 0]), header([777, 30, 96, 0]), "and one description for each; it has 1"),
        (2_f32.to_be_bytes().to_vec(), f32::NAN.to_be_bytes().to_vec(), "channel 1, `EEG 001`: its range, NaN"),
        ((-6_i32).to_be_bytes().to_vec(), 7_i32.to_be_bytes().to_vec(), "the multiplier of its unit is 10^7"),
    ] {
        let message = replaced(&from, &to);
        assert!(message.contains(expected), "{message}");
    }
    let empty = File::raw(|_| {}, |_| {});
    assert!(of_one(&empty).refused().starts_with("the file has no raw data"));
}
