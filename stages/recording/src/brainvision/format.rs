//! BrainVision as a format: the header is its main file.

use super::markers::Markers;
use super::{BrainVisionError, BrainVisionFile, Header, length};
use crate::format::settled_rate;
use crate::{Annotation, Format, FormatError, Outline, Parts, ReadOptions, Recording, Window};

/// BrainVision: header, data and markers.
pub(crate) struct BrainVision;

impl BrainVision {
    fn header(parts: &mut dyn Parts) -> Result<Header, BrainVisionError> {
        Header::read(&mut parts.open(None)?, parts.name())
    }

    fn open(parts: &mut dyn Parts) -> Result<BrainVisionFile, BrainVisionError> {
        let header = Self::header(parts)?;
        let bytes = length(&mut parts.open(Some(&header.data_file))?)?;
        BrainVisionFile::new(header, bytes)
    }

    fn rate(file: &BrainVisionFile, options: &ReadOptions<'_>) -> Result<f64, FormatError> {
        let Header { sampling_rate_hz, rate_rounding, channels, .. } = &file.header;
        let label = channels.first().map_or("", |channel| channel.label.as_str());
        settled_rate(options.sampling_rate_hz, *sampling_rate_hz, *rate_rounding, label)
    }

    fn markers(parts: &mut dyn Parts, header: &Header, rate_hz: f64) -> Result<Option<Markers>, BrainVisionError> {
        let Some(name) = &header.marker_file else {
            return Ok(None);
        };
        let labels: Vec<&str> = header.channels.iter().map(|channel| channel.label.as_str()).collect();
        Markers::read(&mut parts.open(Some(name))?, rate_hz, &labels).map(Some)
    }
}

impl Format for BrainVision {
    fn name(&self) -> &'static str {
        "BrainVision"
    }

    fn extension(&self) -> &'static str {
        "vhdr"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("with the data and marker files that it names")
    }

    fn version(&self) -> u32 {
        1
    }

    fn parts(&self, main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
        let header = Self::header(main)?;
        Ok(std::iter::once(header.data_file).chain(header.marker_file).collect())
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        let file = Self::open(parts)?;
        let rate_hz = Self::rate(&file, options)?;
        let mut notes = file.notes.clone();
        if let Some(markers) = Self::markers(parts, &file.header, rate_hz)? {
            notes.extend(markers.pauses());
        }
        Ok(Outline {
            channels: file.channels(rate_hz),
            has_annotations: file.header.marker_file.is_some(),
            // Floating-point data may have values that are none.
            missing: file.header.stored.holds_integers().then_some(0),
            notes,
            ..Outline::default()
        })
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        let file = Self::open(parts)?;
        let rate_hz = Self::rate(&file, options)?;
        let span = window.map_or(0..file.points, |window| window.samples(rate_hz));
        if span.end > file.points {
            return Err(FormatError::PastEnd { start_s: window.map_or(0.0, Window::start_s) });
        }
        let mut recording = file.read(&mut parts.open(Some(&file.header.data_file))?, span, rate_hz)?;
        if let Some(markers) = Self::markers(parts, &file.header, rate_hz)? {
            recording.notes.extend(markers.pauses());
            recording.start = markers.start;
            if window.is_none() {
                recording.notes.extend(markers.note);
                recording.annotations = markers.found;
            }
        }
        Ok(recording)
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        let header = Self::header(parts)?;
        let markers = Self::markers(parts, &header, header.sampling_rate_hz)?;
        Ok(markers.map_or((Vec::new(), None), |markers| (markers.found, markers.note)))
    }
}
