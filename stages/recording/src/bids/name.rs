//! Names of files: `sub-01_ses-02_task-rest_eeg.edf`.

/// The parts of the name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidsName {
    /// Keys and values, in the order of the name; each key once.
    pub entities: Vec<(String, String)>,
    /// What the file holds, e.g. `eeg` or `channels`.
    pub suffix: String,
    /// Without the first dot, as written, e.g. `edf` or `tsv.gz`.
    pub extension: String,
}

impl BidsName {
    /// Reads the name of a file without its folders; `None` where it is no name of BIDS.
    pub fn parse(file: &str) -> Option<Self> {
        let (stem, extension) = file.split_once('.')?;
        let (before, suffix) = match stem.rsplit_once('_') {
            Some((before, suffix)) => (Some(before), suffix),
            None => (None, stem),
        };
        if extension.is_empty() || suffix.is_empty() || suffix.contains('-') {
            return None;
        }
        let mut entities: Vec<(String, String)> = Vec::new();
        for part in before.into_iter().flat_map(|before| before.split('_')) {
            let (key, value) = part.split_once('-')?;
            if key.is_empty() || value.is_empty() || entities.iter().any(|(known, _)| known == key) {
                return None;
            }
            entities.push((key.to_owned(), value.to_owned()));
        }
        Some(Self { entities, suffix: suffix.to_owned(), extension: extension.to_owned() })
    }

    /// The value of an entity.
    pub fn entity(&self, key: &str) -> Option<&str> {
        self.entities.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All entities, as in the name.
    pub fn label(&self) -> String {
        self.label_without("")
    }

    /// The entities but for this one, as in the name.
    pub(super) fn label_without(&self, left_out: &str) -> String {
        let kept = self.entities.iter().filter(|(key, _)| key != left_out);
        kept.map(|(key, value)| format!("{key}-{value}")).collect::<Vec<_>>().join("_")
    }

    /// Whether every entity of this name is one of the other.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.entities.iter().all(|(key, value)| other.entity(key) == Some(value))
    }
}
