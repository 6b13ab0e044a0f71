//! The files of a dataset: recordings, and what is beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::name::BidsName;

/// Types of data that are recordings over time; the names of their folders.
pub const DATATYPES: [&str; 5] = ["eeg", "ieeg", "meg", "emg", "nirs"];
/// Files of `meg` that calibrate the others.
const CALIBRATIONS: [&str; 2] = ["crosstalk", "calibration"];
/// Extensions of what describes recordings.
const BESIDE: [&str; 4] = ["json", "tsv", "tsv.gz", "txt"];
/// The entity of the further files of a recording that is too long for one.
const SPLIT: &str = "split";

/// The files of a dataset by their names, relative to its folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// By folder: names of files and their parts.
    folders: BTreeMap<String, Vec<(String, BidsName)>>,
}

/// A recording of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingName {
    /// From the folder of the dataset, e.g. `sub-01/eeg/sub-01_task-rest_eeg.edf`.
    pub path: String,
    /// The entities, e.g. `sub-01_task-rest`; with the suffix where several types of data have the same.
    pub label: String,
    /// The folder that it is in, e.g. `eeg`.
    pub datatype: String,
    /// The parts of its name.
    pub name: BidsName,
}

/// Which recordings are wanted; all where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// With or without `sub-`.
    pub subjects: Option<&'a [String]>,
    /// With or without `ses-`.
    pub sessions: Option<&'a [String]>,
    /// With or without `task-`.
    pub tasks: Option<&'a [String]>,
    /// With or without `run-`; 1 is `run-01` as well.
    pub runs: Option<&'a [String]>,
    /// Of [`DATATYPES`].
    pub datatypes: Option<&'a [String]>,
    /// The suffix of names; that of the type of data where none is given.
    pub suffix: Option<&'a str>,
}

/// What [`Layout::recordings`] finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// In the order of their paths.
    pub recordings: Vec<RecordingName>,
    /// Labels of recordings of which no file has a known extension, and the extensions that they have.
    pub unread: Vec<(String, String)>,
    /// Values that are wanted and that no recording has: the key of the entity, the value, and those that there are.
    pub absent: Vec<(&'static str, String, Vec<String>)>,
    /// Files whose names contradict their folders.
    pub misplaced: Vec<String>,
    /// What was left out, in sentences.
    pub notes: Vec<String>,
}

/// Two files beside a recording, of which neither is nearer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}` describe `{recording}` alike; one of them must go, or say by its name what it is of")]
#[allow(missing_docs, reason = "the message says what its fields are")]
pub struct Ambiguous {
    pub recording: String,
    pub first: String,
    pub second: String,
}

impl Layout {
    /// Of files by their names relative to the folder of the dataset; those that have no names of BIDS are passed over.
    pub fn of<'a>(files: impl IntoIterator<Item = &'a str>) -> Self {
        let mut layout = Self::default();
        for path in files {
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
            if let Some(name) = BidsName::parse(file) {
                layout.folders.entry(folder.to_owned()).or_default().push((path.to_owned(), name));
            }
        }
        layout.folders.values_mut().for_each(|files| files.sort_by(|a, b| a.0.cmp(&b.0)));
        layout
    }

    /// Whether there is a file of this path.
    pub fn has(&self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.folders.get(folder).into_iter().flatten().any(|(known, _)| known == path)
    }

    /// The recordings that are wanted, of files with one of these extensions (in small letters); where a recording is there in several formats, the one
    /// whose extension comes first.
    pub fn recordings(&self, extensions: &[&str], wanted: &Wanted<'_>) -> Found {
        let mut found = Found::default();
        let mut by_name: BTreeMap<(String, String), Vec<RecordingName>> = BTreeMap::new();
        for (folder, files) in &self.folders {
            let Some((subject, session, datatype)) = data_folder(folder) else {
                continue;
            };
            for (path, name) in files {
                let suffix = wanted.suffix.unwrap_or(datatype);
                let is_data = name.suffix == suffix && !BESIDE.contains(&name.extension.to_lowercase().as_str());
                let calibrates = datatype == "meg" && name.entity("acq").is_some_and(|acq| CALIBRATIONS.contains(&acq));
                if !is_data || calibrates {
                    continue;
                }
                if name.entity("sub") != Some(subject) || name.entity("ses") != session {
                    found.misplaced.push(path.clone());
                    continue;
                }
                let key = (folder.clone(), name.label());
                by_name.entry(key).or_default().push(RecordingName {
                    path: path.clone(),
                    label: name.label(),
                    datatype: datatype.to_owned(),
                    name: name.clone(),
                });
            }
        }
        let all: Vec<Vec<RecordingName>> = by_name.into_values().collect();
        found.absent = absent(&all, wanted);
        for files in all {
            if files.first().is_some_and(|file| is_wanted(file, wanted)) {
                found.add(files, extensions);
            }
        }
        found.join_splits();
        found.tell_labels_apart();
        found.recordings.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// The files of this suffix and extension that describe a recording, the nearest last: those in its folder and above whose entities it has.
    ///
    /// # Errors
    /// Two of one folder with as many entities.
    pub fn beside(&self, recording: &RecordingName, suffix: &str, extension: &str) -> Result<Vec<&str>, Ambiguous> {
        let mut folder = recording.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut found: Vec<&str> = Vec::new();
        loop {
            let files = self.folders.get(folder).into_iter().flatten();
            let mut here: Vec<&(String, BidsName)> = files
                .filter(|(_, name)| name.suffix == suffix && name.extension == extension)
                .filter(|(_, name)| name.is_within(&recording.name))
                .collect();
            here.sort_by_key(|(_, name)| std::cmp::Reverse(name.entities.len()));
            if let Some([(first, _), (second, _)]) =
                here.array_windows().find(|[(_, first), (_, second)]| first.entities.len() == second.entities.len())
            {
                let (first, second) = (first.clone(), second.clone());
                return Err(Ambiguous { recording: recording.path.clone(), first, second });
            }
            found.extend(here.into_iter().map(|(path, _)| path.as_str()));
            if folder.is_empty() {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        found.reverse();
        Ok(found)
    }
}

impl Found {
    /// Adds a recording that is there in these files.
    fn add(&mut self, files: Vec<RecordingName>, extensions: &[&str]) {
        let place = |file: &RecordingName| {
            let extension = file.name.extension.to_lowercase();
            extensions.iter().position(|known| *known == extension)
        };
        let mut known: Vec<(usize, RecordingName)> =
            files.iter().filter_map(|file| Some((place(file)?, file.clone()))).collect();
        known.sort_by_key(|(place, _)| *place);
        let mut known = known.into_iter().map(|(_, file)| file);
        let Some(first) = known.next() else {
            let found: Vec<&str> = files.iter().map(|file| file.name.extension.as_str()).collect();
            self.unread.extend(files.first().map(|file| (file.label.clone(), found.join(", "))));
            return;
        };
        let others: Vec<String> = known.map(|file| format!(".{}", file.name.extension)).collect();
        if !others.is_empty() {
            let (label, extension) = (&first.label, &first.name.extension);
            self.notes
                .push(format!("`{label}` is there as .{extension} and {}; .{extension} is read", others.join(", ")));
        }
        self.recordings.push(first);
    }

    /// Leaves out all but the first file of a recording in several, which names the others.
    fn join_splits(&mut self) {
        let number = |recording: &RecordingName| {
            let split = recording.name.entity(SPLIT)?;
            Some((split.parse().unwrap_or(u64::MAX), split.to_owned()))
        };
        let whole = |recording: &RecordingName| (recording.datatype.clone(), recording.name.label_without(SPLIT));
        let mut first: HashMap<(String, String), (u64, String)> = HashMap::new();
        for recording in &self.recordings {
            if let Some(own) = number(recording) {
                let known = first.entry(whole(recording)).or_insert_with(|| own.clone());
                *known = known.clone().min(own);
            }
        }
        let (kept, parts): (Vec<_>, Vec<_>) = std::mem::take(&mut self.recordings)
            .into_iter()
            .partition(|recording| number(recording).is_none_or(|own| first.get(&whole(recording)) == Some(&own)));
        self.recordings = kept;
        self.recordings.iter_mut().for_each(|recording| recording.label = recording.name.label_without(SPLIT));
        if let Some(part) = parts.first() {
            self.notes.push(format!(
                "{} files are further parts of recordings, such as `{}`, and no recordings by themselves",
                parts.len(),
                part.path
            ));
        }
    }

    /// Recordings of one label are those of several types of data.
    fn tell_labels_apart(&mut self) {
        let mut count: HashMap<String, usize> = HashMap::new();
        for recording in &self.recordings {
            *count.entry(recording.label.clone()).or_default() += 1;
        }
        for recording in self.recordings.iter_mut().filter(|recording| count[&recording.label] > 1) {
            recording.label = format!("{}_{}", recording.label, recording.datatype);
        }
    }
}

/// Subject, session and type of data of a folder with recordings.
fn data_folder(folder: &str) -> Option<(&str, Option<&str>, &str)> {
    let parts: Vec<&str> = folder.split('/').collect();
    let (subject, session, datatype) = match parts.as_slice() {
        [subject, datatype] => (subject, None, datatype),
        [subject, session, datatype] => (subject, Some(session.strip_prefix("ses-")?), datatype),
        _ => return None,
    };
    Some((subject.strip_prefix("sub-")?, session, datatype))
}

/// The entities that recordings are chosen by, with what is wanted of them.
fn filters<'a>(wanted: &Wanted<'a>) -> [(&'static str, Option<&'a [String]>); 4] {
    [("sub", wanted.subjects), ("ses", wanted.sessions), ("task", wanted.tasks), ("run", wanted.runs)]
}

fn is_wanted(recording: &RecordingName, wanted: &Wanted<'_>) -> bool {
    let of_entities = filters(wanted).into_iter().all(|(key, values)| {
        let own = recording.name.entity(key);
        values.is_none_or(|values| values.iter().any(|value| own.is_some_and(|own| is_value(key, own, value))))
    });
    let datatype = recording.datatype.as_str();
    let of_type = match wanted.datatypes {
        None => DATATYPES.contains(&datatype),
        Some(wanted) => wanted.iter().any(|wanted| wanted == datatype),
    };
    of_entities && of_type
}

/// Whether a value of an entity is the one that is asked for. Runs are numbers, whatever zeros are in front.
fn is_value(key: &str, own: &str, asked: &str) -> bool {
    let asked = asked.strip_prefix(key).and_then(|rest| rest.strip_prefix('-')).unwrap_or(asked);
    let same_number = || match (own.parse::<u64>(), asked.parse::<u64>()) {
        (Ok(own), Ok(asked)) => own == asked,
        _ => false,
    };
    own == asked || (key == "run" && same_number())
}

/// What is asked for and nowhere there.
fn absent(all: &[Vec<RecordingName>], wanted: &Wanted<'_>) -> Vec<(&'static str, String, Vec<String>)> {
    let mut absent = Vec::new();
    let files = || all.iter().flatten();
    for (key, values) in filters(wanted) {
        let known: BTreeSet<&str> = files().filter_map(|file| file.name.entity(key)).collect();
        for value in values.into_iter().flatten() {
            if !known.iter().any(|own| is_value(key, own, value)) {
                absent.push((key, value.clone(), known.iter().map(|&own| own.to_owned()).collect()));
            }
        }
    }
    let known: BTreeSet<&str> = files().map(|file| file.datatype.as_str()).collect();
    for value in wanted.datatypes.into_iter().flatten() {
        if !known.contains(value.as_str()) {
            absent.push(("datatype", value.clone(), known.iter().map(|&own| own.to_owned()).collect()));
        }
    }
    absent
}
