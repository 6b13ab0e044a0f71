//! A file of a format that is read in parts: what its header says is what is read, or both are errors of bounded length.

use std::io::{self, Cursor};

use lapicque_recording::{FORMATS, Parts, ReadOptions, ReadSeek, Windows};

/// One file, which is every part of itself as well.
struct OneFile<'a>(&'a [u8]);

impl Parts for OneFile<'_> {
    fn open(&self, _: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(Cursor::new(self.0)))
    }
}

/// More than any message of a reader has.
const LONGEST_MESSAGE: usize = 10_000;

/// How many channels it has, each of its epochs counted.
pub fn channels(data: &[u8], extension: &str) -> usize {
    let format = FORMATS.iter().find(|format| format.extension() == extension).expect("a format of that extension");
    format.read(&mut OneFile(data), &ReadOptions::default(), None).expect("a recording").channels.len()
}

/// Why its header cannot be read.
pub fn message(data: &[u8], extension: &str, options: &ReadOptions<'_>) -> String {
    let format = FORMATS.iter().find(|format| format.extension() == extension).expect("a format of that extension");
    format.outline(&mut OneFile(data), options).expect_err("no recording").to_string()
}

/// Header, values and a window: they fit each other, or are errors of bounded length.
pub fn holds(data: &[u8], extension: &str) {
    let format = FORMATS.iter().find(|format| format.extension() == extension).expect("a format of that extension");
    let options = ReadOptions::default();
    let parts = &mut OneFile(data);
    let _ = format.parts(parts).map_err(|error| assert!(error.to_string().len() < LONGEST_MESSAGE));
    let outline = format.outline(parts, &options);
    let read = format.read(parts, &options, None);
    match (&outline, &read) {
        (Ok(outline), Ok(recording)) => {
            assert_eq!(outline.channels.len(), recording.channels.len());
            for (told, channel) in outline.channels.iter().zip(&recording.channels) {
                assert_eq!((&told.label, told.samples), (&channel.label, channel.samples.len() as u64));
                assert!(channel.sampling_rate_hz.is_finite() && channel.sampling_rate_hz > 0.0, "{channel:?}");
                assert!(channel.start_s.is_finite(), "{}", channel.label);
            }
            assert_eq!(outline.has_annotations, !recording.annotations.is_empty());
            for annotation in &recording.annotations {
                assert!(annotation.onset_s.is_finite(), "{annotation:?}");
                assert!(annotation.duration_s.is_none_or(|duration| duration >= 0.0));
            }
        }
        // Values are looked at later than the header.
        (Ok(_), Err(error)) | (Err(error), _) => assert!(error.to_string().len() < LONGEST_MESSAGE),
    }
    let window = Windows { length_s: 0.03, step_s: 0.02 }.number(1);
    let _ =
        format.read(parts, &options, Some(&window)).map_err(|error| assert!(error.to_string().len() < LONGEST_MESSAGE));
}
