//! Annotations as MNE stores them: onsets and ends in seconds, and descriptions between colons.

use super::contents::RawAnnotations;
use crate::Annotation;

/// What stands for a colon within a description.
const COLON: &str = "{COLON}";

/// Annotations in seconds from the first sample, and what was left out. Onsets count from the start of the measurement, if there is one that they can be
/// held against; then the first sample lies `first_s` behind it.
pub(super) fn of(raw: &RawAnnotations, measured_s: Option<f64>, first_s: f64) -> (Vec<Annotation>, Option<String>) {
    let RawAnnotations { onsets_s, ends_s, texts, origin_s } = raw;
    if onsets_s.is_empty() && ends_s.is_empty() {
        return (Vec::new(), None);
    }
    let texts: Vec<String> = texts.split(':').map(|text| text.replace(COLON, ":")).collect();
    if onsets_s.len() != ends_s.len() || onsets_s.len() != texts.len() {
        let note = format!(
            "annotations are left out: there are {} onsets, {} ends and {} descriptions",
            onsets_s.len(),
            ends_s.len(),
            texts.len()
        );
        return (Vec::new(), Some(note));
    }
    let zero_s = match (measured_s, origin_s) {
        (Some(measured_s), Some(origin_s)) => measured_s - origin_s + first_s,
        (Some(_), None) => 0.0,
        (None, _) => first_s,
    };
    let mut malformed = 0;
    let mut found = Vec::with_capacity(onsets_s.len());
    for ((&onset_s, &end_s), text) in onsets_s.iter().zip(ends_s).zip(texts) {
        let (onset_s, duration_s) = (onset_s - zero_s, end_s - onset_s);
        if !(onset_s.is_finite() && duration_s.is_finite() && duration_s >= 0.0) {
            malformed += 1;
            continue;
        }
        found.push(Annotation { onset_s, duration_s: Some(duration_s), text, ..Annotation::default() });
    }
    let note = (malformed > 0).then(|| format!("{malformed} annotations are left out: their times are no times"));
    (found, note)
}
