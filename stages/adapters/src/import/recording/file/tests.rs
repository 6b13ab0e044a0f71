//! A recording of two files: a header that names the data, as BrainVision has them.

use std::collections::BTreeSet;
use std::io::Read;

use lapicque_pipeline::{Files, Written};
use lapicque_recording::{Channel, ReadOptions, Window};
use serde_json::json;

use super::*;

/// The header is the name of a file, which holds numbers, one a line.
struct TwoFiles;

impl TwoFiles {
    fn values(parts: &mut dyn Parts) -> Result<Vec<f64>, FormatError> {
        let name = text(parts, None)?;
        Ok(text(parts, Some(name.trim()))?.lines().filter_map(|line| line.parse().ok()).collect())
    }
}

fn text(parts: &mut dyn Parts, part: Option<&str>) -> io::Result<String> {
    let mut text = String::new();
    parts.open(part)?.read_to_string(&mut text)?;
    Ok(text)
}

impl Format for TwoFiles {
    fn name(&self) -> &'static str {
        "two files"
    }

    fn extension(&self) -> &'static str {
        "two"
    }

    fn version(&self) -> u32 {
        1
    }

    fn parts(&self, main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
        Ok(vec![text(main, None)?.trim().to_owned()])
    }

    fn outline(&self, parts: &mut dyn Parts, _: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let samples = Self::values(parts)?.len() as u64;
        let channel =
            ChannelOutline { label: "x".to_owned(), unit: None, sampling_rate_hz: 2.0, samples, start_s: 0.0 };
        Ok(Outline { channels: vec![channel], ..Outline::default() })
    }

    fn read(&self, parts: &mut dyn Parts, _: &ReadOptions<'_>, _: Option<&Window>) -> Result<Recording, FormatError> {
        let channel = Channel {
            label: "x".to_owned(),
            unit: None,
            sampling_rate_hz: 2.0,
            rate_rounding: 0.0,
            samples: Self::values(parts)?.into(),
            start_s: 0.0,
        };
        Ok(Recording { channels: vec![channel], ..Recording::default() })
    }
}

fn opened(folder: &std::path::Path) -> Result<RecordingFile, ConfigError> {
    let files = Files::new(folder, BTreeSet::new());
    let (config, written) = (json!({}), Written::default());
    let request =
        BindRequest { config: &config, written: &written, inputs: &[], grain: None, feedback: &[], files: &files };
    let main = request.open("path", "s/head.two")?;
    RecordingFile { main, parts: Vec::new(), format: Some(&TwoFiles) }.with_parts(&request, "path", "s/head.two")
}

#[test]
fn a_recording_of_several_files_depends_on_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join("s").join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("s")).unwrap();
    write("head.two", "data.raw\n");
    let error = opened(folder.path()).map(|_| ()).unwrap_err();
    assert!(error.message.starts_with("`s/head.two` names `data.raw`: there is no file"), "{}", error.message);
    write("data.raw", "1\n2\n3\n");
    let file = opened(folder.path()).unwrap();
    let reading = Reading::default();
    let survey = file.surveyed("path", "head", &reading).unwrap();
    assert_eq!(survey.summary, "1 channel at 2 Hz, 1.5 s, unit not known");
    let none = || Ok((Vec::new(), None));
    let read = |file: &RecordingFile| file.sample(&TwoFiles, &reading, &survey, &survey.samples[0], &none);
    let table = read(&file).unwrap().tables.swap_remove(0);
    assert_eq!(signals::read(&table).unwrap()[0].values[..], [1.0, 2.0, 3.0]);
    // Another part is another recording, and the one that was opened is not read any more.
    write("data.raw", "1\n2\n4\n");
    assert_ne!(opened(folder.path()).unwrap().content(), file.content());
    let error = read(&file).unwrap_err();
    assert_eq!(error.reason, lapicque_pipeline::FailureReason::Changed);
}
