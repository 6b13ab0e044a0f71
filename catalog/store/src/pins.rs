//! Pins: runs under a name of the user's, which garbage collection keeps.

use lapicque_pipeline::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::ParquetStore;
use crate::files::{list, read_json, remove, write_new};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    pub name: String,
    pub run: String,
    pub pipeline: String,
}

impl ParquetStore {
    /// All pins, by name.
    pub fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        list(&self.folder().join("pins"), "json")?.iter().map(|path| read_json(path)).collect()
    }

    /// Gives a run a name; one of the name that is there already is told, and stays.
    pub fn pin(&self, name: &str, run: &str) -> Result<Pin, StoreError> {
        let refused = |message: String| StoreError::Unsupported { message };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(allowed) {
            let message = format!("`{name}` is no name for a pin: letters, digits, `-`, `_` and `.` are allowed");
            return Err(refused(message));
        }
        if let Some(known) = self.pins()?.into_iter().find(|pin| pin.name == name) {
            return Err(refused(format!("`{name}` is the run {} already; remove that pin first", known.run)));
        }
        let runs = self.runs()?;
        let run = runs.into_iter().find(|known| known.id == run);
        let run = run.ok_or_else(|| refused("there is no such run; `system.runs` lists them".to_owned()))?;
        let pin = Pin { name: name.to_owned(), run: run.id, pipeline: run.pipeline };
        let text = serde_json::to_vec_pretty(&pin).map_err(|error| refused(error.to_string()))?;
        write_new(&self.place("pins", &format!("{name}.json"))?, &text)?;
        Ok(pin)
    }

    /// Removes a pin; whether there was one.
    pub fn unpin(&self, name: &str) -> Result<bool, StoreError> {
        let known = self.pins()?.iter().any(|pin| pin.name == name);
        if known {
            remove(&self.folder().join("pins").join(format!("{name}.json")))?;
        }
        Ok(known)
    }
}
