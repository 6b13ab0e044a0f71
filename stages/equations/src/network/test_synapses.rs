//! Groups with synapses for tests.

use std::collections::BTreeMap;

use lapicque_numerics::random::StreamKey;

use super::connect::Pairs;
use super::context::Context;
use super::description::Model;
use super::error::NetworkError;
use super::groups::{NOT_REFRACTORY, object};
use super::initial_values::initialise;
use super::synapses::{SynapticObject, assemble};
use crate::engine::State;

/// A model in JSON.
pub(super) fn model(text: serde_json::Value) -> Model {
    serde_json::from_value(text).unwrap()
}

/// The groups of a model, and synapses by name, all with their first values.
pub(super) struct Network<'a> {
    pub context: Context<'a>,
    pub states: Vec<State>,
    pub synapses: BTreeMap<String, SynapticObject>,
}

/// Builds the groups of a model, and its synapses with these pairs (numbers within the parts).
pub(super) fn network<'a>(model: &'a Model, pairs: &[(u32, u32)]) -> Result<Network<'a>, NetworkError> {
    let context = Context::new(model, &BTreeMap::new(), None, &StreamKey::new([7; 16]), None)?;
    let mut network = Network { context, states: Vec::new(), synapses: BTreeMap::new() };
    let Network { context, states, synapses: all } = &mut network;
    for (name, described) in &model.neurons {
        let group = object(context, "neurons", name, described)?;
        let mut state = State::new(&group.layout);
        if let Some(column) = group.layout.number(NOT_REFRACTORY) {
            state.column_mut(column).fill(1.0);
        }
        states.push(state);
        context.by_name.insert(name.clone(), context.objects.len());
        context.objects.push(group);
        let number = context.by_name[name];
        initialise(context, number, states, &format!("neurons.{name}.initial"), &described.initial)?;
    }
    let mut copies: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut connected = Pairs::default();
    for &(i, j) in pairs {
        let copy = copies.entry((i, j)).or_default();
        connected.i.push(i);
        connected.j.push(j);
        connected.copy.push(*copy);
        *copy += 1;
    }
    for (name, described) in &model.synapses {
        let synapses = assemble(context, name, described, states, &connected)?;
        initialise(context, synapses.number, states, &format!("synapses.{name}.initial"), &described.initial)?;
        all.insert(name.clone(), synapses);
    }
    Ok(network)
}

impl Network<'_> {
    /// The values of a variable.
    pub(super) fn values(&mut self, object: &str, variable: &str) -> &mut [f64] {
        let number = self.context.by_name[object];
        self.states[number].column_mut(self.context.objects[number].layout.number(variable).unwrap())
    }

    /// Sends events of a pathway, and delivers what is due.
    pub(super) fn step(&mut self, synapses: &str, pathway: usize, fired: &[u32], step: u64) {
        let pathway = &mut self.synapses.get_mut(synapses).unwrap().pathways[pathway];
        pathway.push(fired);
        pathway.deliver(&mut self.states, step).unwrap();
    }
}
