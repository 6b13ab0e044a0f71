//! The values of a network of several models by path.
//!
//! | path | what it sets |
//! |---|---|
//! | `GROUP.NAME`, `GROUP.NAME.NODE`, `GROUP.initial.NAME` | a value of the model of a group, as in a network of one model |
//! | `PROJECTION.weight` | its weight, in the unit of what it reaches per unit of what it carries |
//! | `PROJECTION.delay` | its delay, to which that of the fibres is added |
//! | `speed` | along the fibres of the connectome |

use lapicque_neuralmass::settings::{DEFAULT_SPEED_MM_PER_MS, ModelSettings};
use lapicque_units::{Entry, Range, SetError, Settable};
use serde::ser::{Serialize, SerializeMap, Serializer};

const SPEED: &str = "speed";
const WEIGHT: &str = "weight";
const DELAY: &str = "delay";

#[derive(Debug, Clone)]
pub(super) struct MixedSettings {
    pub(super) groups: Vec<(String, ModelSettings)>,
    pub(super) projections: Vec<(String, ProjectionValues)>,
    pub(super) speed_mm_per_ms: f64,
}

#[derive(Debug, Clone)]
pub(super) struct ProjectionValues {
    pub(super) weight: f64,
    /// Of the weight.
    pub(super) unit: String,
    pub(super) delay_ms: f64,
}

/// Which value a path is of.
enum Place<'p> {
    Group(usize, &'p str),
    Weight(usize),
    Delay(usize),
    Speed,
}

impl MixedSettings {
    pub(super) fn new(groups: Vec<(String, ModelSettings)>, projections: Vec<(String, String)>) -> Self {
        let values = |(name, unit)| (name, ProjectionValues { weight: 1.0, unit, delay_ms: 0.0 });
        let projections = projections.into_iter().map(values).collect();
        Self { groups, projections, speed_mm_per_ms: DEFAULT_SPEED_MM_PER_MS }
    }

    fn place<'p>(&self, path: &'p str) -> Option<Place<'p>> {
        if path == SPEED {
            return Some(Place::Speed);
        }
        let (name, rest) = path.split_once('.')?;
        if let Some(group) = self.groups.iter().position(|(group, _)| group == name) {
            // The speed is that of all groups.
            return (rest != SPEED).then_some(Place::Group(group, rest));
        }
        let projection = self.projections.iter().position(|(projection, _)| projection == name)?;
        match rest {
            WEIGHT => Some(Place::Weight(projection)),
            DELAY => Some(Place::Delay(projection)),
            _ => None,
        }
    }

    fn weight_entry(&self, projection: usize) -> Entry {
        let (name, values) = &self.projections[projection];
        Entry::new(format!("{name}.{WEIGHT}"), values.unit.clone(), values.weight, Range::Any)
    }

    fn delay_entry(&self, projection: usize) -> Entry {
        let (name, values) = &self.projections[projection];
        Entry::new(format!("{name}.{DELAY}"), "ms", values.delay_ms, Range::NonNegative)
    }

    fn speed_entry(&self) -> Entry {
        Entry::new(SPEED, "m/s", self.speed_mm_per_ms, Range::Positive)
    }
}

fn within(group: &str, entry: Entry) -> Entry {
    Entry { path: format!("{group}.{}", entry.path), ..entry }
}

impl Settable for MixedSettings {
    type Error = SetError;
    const NAME: &'static str = "the network";

    fn entries(&self) -> Vec<Entry> {
        let of_groups = self.groups.iter().flat_map(|(name, group)| {
            let own = group.entries().into_iter().filter(|entry| entry.path != SPEED);
            own.map(|entry| within(name, entry))
        });
        let of_projections =
            (0..self.projections.len()).flat_map(|place| [self.weight_entry(place), self.delay_entry(place)]);
        of_groups.chain(of_projections).chain([self.speed_entry()]).collect()
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        Some(match self.place(path)? {
            Place::Group(group, rest) => {
                let (name, group) = &self.groups[group];
                within(name, group.entry(rest)?)
            }
            Place::Weight(projection) => self.weight_entry(projection),
            Place::Delay(projection) => self.delay_entry(projection),
            Place::Speed => self.speed_entry(),
        })
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        match self.place(path).ok_or_else(|| SetError::unknown(path))? {
            Place::Group(group, rest) => {
                let (name, group) = &mut self.groups[group];
                group.set(rest, value).map_err(|error| match error {
                    SetError::Unknown { path } => SetError::Unknown { path: format!("{name}.{path}") },
                    SetError::OutOfRange { path, value, unit, allowed } => {
                        SetError::OutOfRange { path: format!("{name}.{path}"), value, unit, allowed }
                    }
                })?;
            }
            Place::Weight(projection) => {
                self.weight_entry(projection).admits(value)?;
                self.projections[projection].1.weight = value;
            }
            Place::Delay(projection) => {
                self.delay_entry(projection).admits(value)?;
                self.projections[projection].1.delay_ms = value;
            }
            Place::Speed => {
                self.speed_entry().admits(value)?;
                self.speed_mm_per_ms = value;
            }
        }
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        Key { settings: self, swept: swept.iter().map(|&path| path.to_owned()).collect() }
    }
}

struct Key<'a> {
    settings: &'a MixedSettings,
    swept: Vec<String>,
}

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { settings, swept } = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, group) in &settings.groups {
            let own: Vec<&str> =
                swept.iter().filter_map(|path| path.strip_prefix(name.as_str())?.strip_prefix('.')).collect();
            map.serialize_entry(name, &group.canonical(&own))?;
        }
        let of_projections = (0..settings.projections.len())
            .flat_map(|place| [settings.weight_entry(place), settings.delay_entry(place)]);
        for entry in of_projections.chain([settings.speed_entry()]).filter(|entry| !swept.contains(&entry.path)) {
            map.serialize_entry(&entry.path, &entry.value)?;
        }
        map.serialize_entry("swept", swept)?;
        map.end()
    }
}
