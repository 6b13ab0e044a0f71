//! MAT files and those of EEGLAB as formats of recordings.

use super::plan::{LayoutError, Plan};
use super::{MatValue, Wanted, eeglab, fieldtrip, find, matrix, read_wanted};
use crate::format::{Format, FormatError, Outline, Parts, ReadOptions};
use crate::windows::Window;
use crate::{Annotation, Recording};

/// `.mat`: a recording of FieldTrip or EEGLAB, or any array.
pub(crate) struct Mat;

/// `.set`, with its values or beside them.
pub(crate) struct Eeglab;

impl Format for Mat {
    fn name(&self) -> &'static str {
        "MAT"
    }

    fn extension(&self) -> &'static str {
        "mat"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("of any version: recordings of FieldTrip and EEGLAB, or an array that `variable` names")
    }

    fn version(&self) -> u32 {
        1
    }

    fn has_variables(&self) -> bool {
        true
    }

    fn has_plain_arrays(&self) -> bool {
        true
    }

    // All of a compressed file must be inflated to see what is in it.
    fn outline_reads_all(&self) -> bool {
        true
    }

    fn parts(&self, main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
        part_of(main)
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        mat_plan(parts, options, None)?.outline(parts, options)
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        mat_plan(parts, options, window)?.read(parts, options, window)
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        let variables = described(parts)?;
        match eeglab::prefix(&variables) {
            Some(prefix) => Ok((eeglab::plan(&variables, &prefix)?.annotations, None)),
            None => Ok((Vec::new(), None)),
        }
    }
}

impl Format for Eeglab {
    fn name(&self) -> &'static str {
        "EEGLAB"
    }

    fn extension(&self) -> &'static str {
        "set"
    }

    fn remark(&self) -> Option<&'static str> {
        Some("with a file .fdt or without")
    }

    fn version(&self) -> u32 {
        1
    }

    // All of a compressed file must be inflated to see what is in it.
    fn outline_reads_all(&self) -> bool {
        true
    }

    fn parts(&self, main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
        part_of(main)
    }

    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError> {
        eeglab_plan(parts, None)?.outline(parts, options)
    }

    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError> {
        eeglab_plan(parts, window)?.read(parts, options, window)
    }

    fn annotations(&self, parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        Ok((eeglab_plan(parts, None)?.annotations, None))
    }
}

/// All that is small, and the shapes of what is large.
fn described(parts: &mut dyn Parts) -> Result<Vec<(String, MatValue)>, FormatError> {
    let wanted = Wanted { of_array: &fieldtrip::wanted, is_read: &|_, _| true };
    Ok(read_wanted(&mut *parts.open(None)?, wanted)?)
}

/// As [`described`], without events and epochs where a window is read: there may be thousands of them.
fn described_for(parts: &mut dyn Parts, window: Option<&Window>) -> Result<Vec<(String, MatValue)>, FormatError> {
    const MANY: [&str; 3] = ["event", "urevent", "epoch"];
    let is_few = |path: &str, structs: Option<usize>| {
        let name = path.rsplit('.').next().unwrap_or(path);
        window.is_none() || structs.is_none_or(|count| count < 2) || !MANY.contains(&name)
    };
    let wanted = Wanted { of_array: &fieldtrip::wanted, is_read: &is_few };
    Ok(read_wanted(&mut *parts.open(None)?, wanted)?)
}

fn eeglab_plan(parts: &mut dyn Parts, window: Option<&Window>) -> Result<Plan, FormatError> {
    let variables = described_for(parts, window)?;
    let prefix = eeglab::prefix(&variables)
        .ok_or_else(|| LayoutError::NoVariable { path: "EEG".to_owned(), known: super::plan::told(&variables) })?;
    Ok(eeglab::plan(&variables, &prefix)?)
}

/// The file that a recording of EEGLAB has its values in.
fn part_of(main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
    let variables = described(main)?;
    let name = eeglab::prefix(&variables).and_then(|prefix| {
        let data = find(&variables, &format!("{prefix}data"))?;
        eeglab::part_name(data.text()?)
    });
    Ok(name.into_iter().collect())
}

fn mat_plan(parts: &mut dyn Parts, options: &ReadOptions<'_>, window: Option<&Window>) -> Result<Plan, FormatError> {
    let variables = described_for(parts, window)?;
    let of_layout = |plan: Result<Plan, LayoutError>, path: &str, layout| {
        let useless = [
            ("rate_variable", options.rate_variable.is_some()),
            ("channels_variable", options.channels_variable.is_some()),
            ("orientation", options.orientation.is_some()),
        ];
        match useless.into_iter().find(|(_, is_set)| *is_set) {
            Some((option, _)) => Err(LayoutError::NotForLayout { option, path: path.to_owned(), layout }.into()),
            None => plan.map_err(FormatError::from),
        }
    };
    if let Some(path) = options.variable {
        return match find(&variables, path) {
            Some(value) if fieldtrip::is_recording(value) => {
                of_layout(fieldtrip::plan(&variables, path), path, "FieldTrip")
            }
            Some(value) if value.field("srate").is_some() && value.field("data").is_some() => {
                of_layout(eeglab::plan(&variables, &format!("{path}.")), path, "EEGLAB")
            }
            _ => matrix::plan(&variables, options),
        };
    }
    if let Some(prefix) = eeglab::prefix(&variables) {
        let path = if prefix.is_empty() { "data" } else { prefix.trim_end_matches('.') };
        return of_layout(eeglab::plan(&variables, &prefix), path, "EEGLAB");
    }
    match &fieldtrip::recordings(&variables)[..] {
        [] => matrix::plan(&variables, options),
        [path] => of_layout(fieldtrip::plan(&variables, path), path, "FieldTrip"),
        several => {
            let candidates = several.iter().map(|path| format!("{path} (a recording of FieldTrip)")).collect();
            Err(LayoutError::Several { candidates }.into())
        }
    }
}
