//! Brain Imaging Data Structure (BIDS): what names of files and the tables beside them say of recordings.
//!
//! A dataset is a folder with `participants.tsv` and a folder per subject, in it perhaps one per session, in it one per type of data:
//! `sub-01/ses-02/eeg/sub-01_ses-02_task-rest_run-1_eeg.edf`. The parts of a name are [`BidsName`]s; which files of a listing are recordings, and which
//! others describe them, says a [`Layout`]. Nothing here opens a path: whoever lists and reads files hands over names and readers.
//!
//! | what | where | rule | BIDS 1.10 |
//! |---|---|---|---|
//! | entities | `key-value` between `_`, then suffix and extension | in any order; each once | Common principles, Filenames |
//! | sidecars (`.json`) | folder of the recording and those above | all whose entities the recording has; the nearest wins, key by key | The Inheritance Principle |
//! | tables (`.tsv`) | as sidecars | the nearest alone | The Inheritance Principle |
//! | `channels.tsv` | `name`, `type`, `units`, `status`, `description` | one row per channel, in the order of the file | EEG, iEEG, MEG, EMG |
//! | `events.tsv` | `onset` and `duration` in s, `trial_type`, `value` | onsets count from the first sample that is stored | Task events |
//! | `participants.tsv` | `participant_id` and columns of the study's own | one row per subject | Modality agnostic files |
//! | missing values | `n/a` | | Tabular files |
//!
//! Where tables contradict the recording, the recording is right: its own channels, units and rates are what they are.
//!
//! ```
//! use lapicque_recording::bids::{Layout, Wanted};
//!
//! let files = ["task-rest_eeg.json", "sub-01/eeg/sub-01_task-rest_eeg.edf", "sub-01/eeg/sub-01_task-rest_channels.tsv"];
//! let layout = Layout::of(files);
//! let found = layout.recordings(&["edf"], &Wanted::default());
//! let [rest] = &found.recordings[..] else { return Err("one recording") };
//! assert_eq!((rest.label.as_str(), rest.name.entity("task")), ("sub-01_task-rest", Some("rest")));
//! assert_eq!(layout.beside(rest, "eeg", "json").unwrap(), ["task-rest_eeg.json"]);
//! # Ok::<(), &str>(())
//! ```

mod channels;
mod events;
mod layout;
mod name;
mod participants;
mod sidecar;
mod table;

pub use channels::{Assigned, ChannelRow, assign, plain_unit, read_channels, same_unit};
pub use events::{EventRow, read_events};
pub use layout::{Ambiguous, DATATYPES, Found, Layout, RecordingName, Wanted};
pub use name::BidsName;
pub use participants::{Column, Participants, Values, read_participants};
pub use sidecar::{Sidecar, SidecarError};
pub use table::TableError;

#[cfg(test)]
mod tests;
