//! What must hold for every recording and every error, whatever the format.

use std::io::{self, Cursor, ErrorKind};

use lapicque_recording::{FORMATS, Parts, ReadOptions, ReadSeek, Recording, Windows};

/// Files in memory, by the ends of their names; the first is the main one.
pub struct Files<'a>(pub &'a [(&'a str, &'a [u8])]);

impl Parts for Files<'_> {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        let file = match part {
            None => self.0.first(),
            Some(name) => self.0.iter().skip(1).find(|(end, _)| name.ends_with(end)),
        };
        let (_, bytes) =
            file.ok_or_else(|| io::Error::new(ErrorKind::NotFound, part.unwrap_or_default().to_owned()))?;
        Ok(Box::new(Cursor::new(*bytes)))
    }

    fn name(&self) -> Option<&str> {
        Some("x_raw.fif")
    }
}

/// Reads a recording in every way; it has at most so many values.
pub fn read(extension: &str, files: &Files<'_>, options: &ReadOptions<'_>, most_values: usize) {
    let files = &mut Files(files.0);
    let bytes: usize = files.0.iter().map(|(_, bytes)| bytes.len()).sum();
    let format = FORMATS.iter().find(|format| format.extension() == extension).expect("a format");
    let outline = format.outline(files, options);
    let recording = format.read(files, options, None);
    // Names of channels and lines of text are as long as they are.
    let longest = 10_000 + 10 * bytes;
    for error in outline.as_ref().err().iter().chain(&recording.as_ref().err()) {
        assert!(error.to_string().len() <= longest);
    }
    if let Ok(parts) = format.parts(files) {
        assert!(parts.iter().all(|name| !name.is_empty() && !name.contains(['/', '\\'])), "{parts:?}");
    }
    if let Ok((annotations, _)) = format.annotations(files) {
        for annotation in annotations {
            assert!(annotation.onset_s.is_finite(), "{annotation:?}");
            assert!(annotation.duration_s.is_none_or(|duration| duration.is_finite() && duration >= 0.0));
        }
    }
    let windows = Windows { length_s: 0.05, step_s: 0.03 };
    for number in [0, 3] {
        if let Ok(part) = format.read(files, options, Some(&windows.number(number))) {
            for channel in &part.channels {
                assert_eq!(channel.samples.len() as u64, windows.samples(channel.sampling_rate_hz));
            }
        }
    }
    let Ok(recording) = recording else { return };
    check(&recording, most_values, longest);
    let outline = outline.expect("what is read has a header");
    assert!(outline.channels.len() <= recording.channels.len());
    let outlined: u64 = outline.channels.iter().map(|channel| channel.samples).sum();
    let values: usize = recording.channels.iter().map(|channel| channel.samples.len()).sum();
    assert_eq!(outlined, values as u64);
}

fn check(recording: &Recording, most_values: usize, longest: usize) {
    let values: usize = recording.channels.iter().map(|channel| channel.samples.len()).sum();
    assert!(values <= most_values, "{values} values");
    for channel in &recording.channels {
        assert!(channel.sampling_rate_hz.is_finite() && channel.sampling_rate_hz > 0.0, "{}", channel.sampling_rate_hz);
        assert!(channel.start_s.is_finite() && channel.start_s >= 0.0 && channel.rate_rounding >= 0.0);
        assert!(!channel.samples.is_empty());
    }
    assert!(recording.notes.iter().map(String::len).sum::<usize>() <= longest);
}
