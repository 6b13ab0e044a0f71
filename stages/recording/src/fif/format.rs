//! FIF as a format: a file, and those that go on with it.

use std::io::ErrorKind;

use super::contents::{Contents, Next};
use super::{FifError, FifRecording};
use crate::format::settled_rate;
use crate::{Annotation, Format, FormatError, Outline, Parts, ReadOptions, Recording, Stretch, Window};

/// More than a day of any device.
const MOST_FILES: usize = 1000;

/// FIF: raw data in one file or several.
pub(crate) struct Fif;

/// The files of a recording, in their order.
struct Files {
    /// Names and contents.
    known: Vec<(String, Contents)>,
    /// The name of one that goes on, and could not be opened.
    missing: Option<String>,
}

impl Files {
    fn whole(self) -> Result<Vec<(String, Contents)>, FormatError> {
        match self.missing {
            None => Ok(self.known),
            Some(name) => Err(FormatError::Io(std::io::Error::new(ErrorKind::NotFound, name))),
        }
    }
}

impl Fif {
    fn files(parts: &mut dyn Parts) -> Result<Files, FormatError> {
        let main = parts.name().unwrap_or_default().to_owned();
        let contents = Contents::read(&mut parts.open(None)?).map_err(FormatError::from)?;
        let mut files = vec![(main.clone(), contents)];
        while let Some(name) = files.last().and_then(|(_, contents)| named(contents.next.as_ref(), &main)) {
            if files.len() >= MOST_FILES || files.iter().any(|(known, _)| *known == name) {
                return Err(FifError::TooManyFiles { most: MOST_FILES }.into());
            }
            let mut reader = match parts.open(Some(&name)) {
                Ok(reader) => reader,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Ok(Files { known: files, missing: Some(name) });
                }
                Err(error) => return Err(error.into()),
            };
            let mut contents = Contents::read(&mut reader)?;
            // That it goes on with another is known.
            contents.notes.retain(|note| !note.starts_with("the file goes on with"));
            files.push((name, contents));
        }
        Ok(Files { known: files, missing: None })
    }

    fn open(parts: &mut dyn Parts) -> Result<FifRecording, FormatError> {
        Ok(FifRecording::new(Self::files(parts)?.whole()?)?)
    }

    fn rate(file: &FifRecording, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        let label = file.header.channels.first().map_or("", |channel| channel.label.as_str());
        settled_rate(options.sampling_rate_hz, file.header.sampling_rate_hz, 0.0, label)
    }
}

/// The name of the next file. Where it has but a number, it is called as the first one, `x.fif` or `x-1.fif`, with that number.
fn named(next: Option<&Next>, main: &str) -> Option<String> {
    match next? {
        Next::Named(name) => Some(name.clone()),
        Next::Numbered(number) => {
            let (stem, extension) = main.split_once('.')?;
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let stem = match stem.rsplit_once('-') {
                Some((stem, own)) if is_number(own) => stem,
                _ => stem,
            };
            Some(format!("{stem}-{number}.{extension}"))
        }
    }
}

impl Format for Fif {
    fn name(&self) -> &'static str {
        "FIF"
    }

    fn extension(&self) -> &'static str {
        "fif"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("raw data, with the files that go on with it")
    }

    fn version(&self) -> u32 {
        1
    }

    fn parts(&self, main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
        let Files { known, missing } = Self::files(main)?;
        Ok(known.into_iter().skip(1).map(|(name, _)| name).chain(missing).collect())
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let file = Self::open(parts)?;
        Ok(Outline {
            channels: file.channels(Self::rate(&file, options)?),
            has_annotations: !file.annotations.is_empty(),
            may_have_gaps: file.has_gaps(),
            is_epoched: false,
            missing: file.holds_integers().then_some(0),
            notes: file.notes,
        })
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        let files = Self::files(parts)?.whole()?;
        let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
        let file = FifRecording::new(files)?;
        let rate_hz = Self::rate(&file, options)?;
        let spans = match window {
            None => file.all(),
            Some(window) => {
                let stretches = file.stretches();
                let rates = vec![rate_hz; file.header.channels.len()];
                let start_s = window.start_s();
                let gap =
                    if file.has_gaps() { FormatError::InGap { start_s } } else { FormatError::PastEnd { start_s } };
                let (number, spans) = window.of_stretches(&stretches, &rates).ok_or(gap)?;
                let first = file.all()[number].start;
                spans.first().map(|span| first + span.start..first + span.end).into_iter().collect()
            }
        };
        let open = |number: usize| parts.open(names.get(number).filter(|_| number > 0).map(String::as_str));
        let mut recording = file.read(&spans, rate_hz, open)?;
        if window.is_none() {
            recording.notes.extend(file.annotations_note.clone());
            recording.annotations = file.annotations;
        }
        Ok(recording)
    }

    fn stretches(
        &self,
        parts: &mut dyn Parts,
        _options: &ReadOptions<'_>,
    ) -> Result<Option<Vec<Stretch>>, FormatError> {
        Ok(Some(Self::open(parts)?.stretches()))
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        let file = Self::open(parts)?;
        Ok((file.annotations, file.annotations_note))
    }
}
