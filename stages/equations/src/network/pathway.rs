//! Pathways: what events of neurons on one side do to each of their synapses, after a delay.
//!
//! A pathway has the clock of the neurons whose events it takes. In a step it sends the events of that step on their way,
//! and runs its code for all synapses that events reach now, one after the other (see [`delivery`](super::delivery)).

use std::collections::HashSet;

use super::context::{Context, Members, expression, not_allowed};
use super::delivery::{Effect, Ordered};
use super::description::{Initial, Slot, Spikes, Synapses, Text};
use super::error::{NetworkError, NetworkProblem};
use super::evaluate::{Asked, evaluate};
use super::groups::code::{SPIKE, events};
use super::queue::{BadDelay, Delays, MOST_STEPS, Queue, Runs};
use super::spatial::compartments_of;
use super::synapses::sides::Sides;
use crate::engine::{EngineError, State};
use crate::language::check::{check_number, fixed_value};
use crate::language::error::nearest;
use crate::language::scope::Side;
use crate::units::Dimension;

/// The delay of the pathway [`PRE`].
pub(crate) const DELAY: &str = "delay";

/// A pathway.
#[derive(Clone, Debug)]
pub(crate) struct Pathway {
    /// Its name: `S_pre`.
    pub name: String,
    /// Its slot.
    pub when: Slot,
    /// Its place within the slot.
    pub order: i32,
    /// Whose events it takes.
    pub source: Members,
    /// Which of their events.
    pub event: String,
    /// The step of its clock, that of the neurons, in s.
    pub dt: f64,
    delays: Delays,
    queue: Queue,
    effect: Effect,
    /// For each sum that needs no program, which neurons it is added to.
    ordered: Vec<Ordered>,
    due: Vec<u32>,
    synapses: Vec<u32>,
}

impl Pathway {
    /// Sends events of the whole group of its neurons, whose numbers ascend.
    pub(crate) fn push(&mut self, fired: &[u32]) {
        let first = fired.partition_point(|&neuron| neuron < self.source.start);
        let own = fired[first..].iter().take_while(|&&neuron| neuron < self.source.stop);
        self.queue.push(own.map(|&neuron| neuron - self.source.start));
    }

    /// Runs its code for all that is due in this step, and goes on to the next.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(crate) fn deliver(&mut self, states: &mut [State], step: u64) -> Result<(), EngineError> {
        self.queue.pop(&mut self.due);
        if self.due.is_empty() {
            return Ok(());
        }
        let runs = self.queue.runs();
        if let Effect::Sums(sums) = &self.effect {
            for (sum, ordered) in sums.iter().zip(&self.ordered) {
                sum.add_runs(states, runs, &self.due, ordered);
            }
            return Ok(());
        }
        self.synapses.clear();
        let mut seen: HashSet<u32> = HashSet::new();
        for &run in &self.due {
            // Code sees a synapse once at a time.
            if self.queue.repeats() && runs.of(run).iter().any(|synapse| seen.contains(synapse)) {
                self.effect.run(states, step, &self.synapses)?;
                self.synapses.clear();
                seen.clear();
            }
            self.synapses.extend_from_slice(runs.of(run));
            if self.queue.repeats() {
                seen.extend(runs.of(run));
            }
        }
        self.effect.run(states, step, &self.synapses)
    }

    /// Makes a pathway whose events have not begun.
    ///
    /// # Errors
    /// Delays that are negative, no numbers or too long.
    pub(crate) fn new(
        name: String,
        described: &Described<'_>,
        sides: &Sides,
        neurons: &[u32],
        delays: Delays,
        dt: f64,
        effect: Effect,
    ) -> Result<Self, NetworkError> {
        let source = sides.members(described.side);
        let runs =
            Runs::new(source.size() as usize, neurons, &delays, dt).map_err(|bad| refused(described, bad, dt))?;
        let queue = Queue::new(runs);
        let mut pathway = Self {
            name,
            when: described.when.clone(),
            order: described.order,
            source,
            event: described.event.to_owned(),
            dt,
            delays,
            queue,
            effect: Effect::Sums(Vec::new()),
            ordered: Vec::new(),
            due: Vec::new(),
            synapses: Vec::new(),
        };
        pathway.set_effect(effect);
        Ok(pathway)
    }

    /// Puts in code that was compiled anew, for a clock of the step `dt`. Events on their way keep their time.
    ///
    /// # Errors
    /// Delays that have too many of such steps.
    pub(crate) fn renew(
        &mut self,
        described: &Described<'_>,
        neurons: &[u32],
        dt: f64,
        effect: Effect,
    ) -> Result<(), NetworkError> {
        if dt.to_bits() != self.dt.to_bits() {
            let runs = Runs::new(self.source.size() as usize, neurons, &self.delays, dt);
            let runs = runs.map_err(|bad| refused(described, bad, dt))?;
            self.queue = self.queue.rescaled(runs, self.dt, dt);
            self.dt = dt;
        }
        self.set_effect(effect);
        Ok(())
    }

    /// What is on its way, to be given to [`Pathway::restore`] later.
    pub(crate) fn on_its_way(&self) -> (Queue, f64) {
        (self.queue.clone(), self.dt)
    }

    /// Replaces what is on its way, by what it was when the clock had the step `dt`.
    pub(crate) fn restore(&mut self, (queue, dt): (Queue, f64)) {
        self.queue = queue;
        self.dt = dt;
        self.order_sums();
    }

    fn set_effect(&mut self, effect: Effect) {
        self.effect = effect;
        self.order_sums();
    }

    fn order_sums(&mut self) {
        let runs = self.queue.runs();
        self.ordered = match &self.effect {
            Effect::Sums(sums) => sums.iter().map(|sum| Ordered::new(runs, &sum.elements)).collect(),
            Effect::Program(_) => Vec::new(),
        };
    }
}

/// A pathway as the model has it.
#[derive(Clone, Debug)]
pub(crate) struct Described<'a> {
    /// Its name among those of the synapses.
    pub name: &'a str,
    /// Whose events.
    pub side: Side,
    /// The statements, and their place in the model.
    pub code: (&'a str, String),
    /// The delay, and its place in the model.
    pub delay: (Option<&'a Initial>, String),
    /// Which events.
    pub event: &'a str,
    /// Its slot.
    pub when: Slot,
    /// Its place within the slot.
    pub order: i32,
}

/// The pathways of synapses, by name.
///
/// # Errors
/// Two of one name, and delays without a pathway.
pub(crate) fn described<'a>(path: &str, synapses: &'a Synapses) -> Result<Vec<Described<'a>>, NetworkError> {
    let at = |field: &str| format!("{path}.{field}");
    let mut all = Vec::new();
    let short = [
        ("pre", Side::Presynaptic, &synapses.on_pre, "on_pre", &synapses.delay, "delay"),
        ("post", Side::Postsynaptic, &synapses.on_post, "on_post", &synapses.post_delay, "post_delay"),
    ];
    for (name, side, code, field, delay, delay_field) in short {
        let Some(code) = code else {
            if delay.is_some() {
                let problem = format!("it is the delay of `{field}`, which there is none of; pathways have their own");
                return Err(NetworkError::new(at(delay_field), NetworkProblem::Conflict(problem)));
            }
            continue;
        };
        if synapses.pathways.contains_key(name) {
            let problem = format!("`{field}` is the pathway `{name}`, and there is another one of this name");
            return Err(NetworkError::new(at(field), NetworkProblem::Conflict(problem)));
        }
        let (code, delay) = ((code.as_str(), at(field)), (delay.as_ref(), at(delay_field)));
        all.push(Described { name, side, code, delay, event: SPIKE, when: Slot::synapses(), order: order_of(side) });
    }
    for (name, pathway) in &synapses.pathways {
        let side = match pathway.spikes {
            Spikes::Pre => Side::Presynaptic,
            Spikes::Post => Side::Postsynaptic,
        };
        all.push(Described {
            name,
            side,
            code: (&pathway.code, at(&format!("pathways.{name}.code"))),
            delay: (pathway.delay.as_ref(), at(&format!("pathways.{name}.delay"))),
            event: pathway.event.as_deref().unwrap_or(SPIKE),
            when: pathway.when.clone(),
            order: pathway.order.unwrap_or(order_of(side)),
        });
    }
    Ok(all)
}

fn order_of(side: Side) -> i32 {
    match side {
        Side::Presynaptic => -1,
        Side::Postsynaptic => 1,
    }
}

/// Whether neurons have the event.
///
/// # Errors
/// They have not.
pub(crate) fn check_event(context: &Context<'_>, described: &Described<'_>, object: usize) -> Result<(), NetworkError> {
    let group = context.objects[object].name.as_str();
    let model = context.model;
    let known: Vec<&str> = if let Some(neurons) = model.neurons.get(group) {
        events(neurons)
    } else if let Some(neurons) = model.spatial_neurons.get(group) {
        let spikes = neurons.threshold.iter().map(|_| SPIKE);
        spikes.chain(neurons.events.keys().map(String::as_str)).collect()
    } else if let Some(neurons) = compartments_of(group).and_then(|name| model.spatial_neurons.get(name)) {
        neurons.threshold.iter().map(|_| SPIKE).collect()
    } else if model.poisson.contains_key(group) || model.spike_generators.contains_key(group) {
        vec![SPIKE]
    } else {
        Vec::new()
    };
    if known.contains(&described.event) {
        return Ok(());
    }
    let path = &described.code.1;
    if described.event == SPIKE {
        let problem = format!("`{group}` has no threshold, so it never spikes");
        return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
    }
    let suggestion = nearest(described.event, known.into_iter());
    let problem = NetworkProblem::Unknown { kind: "event", name: described.event.to_owned(), suggestion };
    Err(NetworkError::new(path, problem))
}

/// The delays of synapses, which are object `number`.
///
/// # Errors
/// What is no time or none for each synapse.
pub(crate) fn delays(
    context: &Context<'_>,
    number: usize,
    states: &mut [State],
    (given, path): &(Option<&Initial>, String),
) -> Result<Delays, NetworkError> {
    let object = &context.objects[number];
    let synapses = object.layout.elements();
    let mut computed = |text: &Text| -> Result<Delays, NetworkError> {
        let parsed = expression(path, text.as_str())?;
        let located = |error| NetworkError::language(path, error, text.as_str());
        check_number(&parsed, &object.names, Dimension::SECOND, "the delay").map_err(located)?;
        if let Ok(delay) = fixed_value(&parsed, &object.names) {
            return Ok(Delays::Same(delay.value));
        }
        let of_neurons = |name: &str| name.ends_with("_pre") || name.ends_with("_post");
        let own = |name: &&&str| **name == DELAY || (object.equations.get(name).is_some() && !of_neurons(name));
        if let Some(name) = parsed.names().iter().find(own) {
            let problem = format!("delays are known before `{name}` has values");
            return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
        }
        let asked = Asked { path, text: text.as_str(), expected: Dimension::SECOND };
        evaluate(context, object, number, states, &asked, 0).map(|delays| Delays::Each(delays.into()))
    };
    let delays = match given {
        None => Delays::Same(0.0),
        Some(Initial::Expression(text)) => computed(text)?,
        Some(Initial::Values { values, unit }) => {
            let values = context.values(path, values, unit.as_deref(), Dimension::SECOND, synapses)?;
            Delays::Each(values.into())
        }
        Some(Initial::At { elements, value }) => {
            let value = computed(value)?;
            let mut delays = vec![0.0; synapses];
            for &element in elements {
                let Some(delay) = delays.get_mut(element as usize) else {
                    let allowed = format!("numbers of synapses, which are below {synapses}");
                    return Err(not_allowed(path, element.to_string(), allowed));
                };
                *delay = match &value {
                    Delays::Same(value) => *value,
                    Delays::Each(values) => values[element as usize],
                };
            }
            Delays::Each(delays.into())
        }
        Some(Initial::Sections(_)) => {
            let allowed = "a time, or one for each synapse".to_owned();
            return Err(not_allowed(path, "delays of sections".to_owned(), allowed));
        }
    };
    Ok(match delays {
        Delays::Each(each) if each.first().is_some_and(|first| each.iter().all(|delay| delay == first)) => {
            Delays::Same(each[0])
        }
        other => other,
    })
}

fn refused(described: &Described<'_>, bad: BadDelay, dt: f64) -> NetworkError {
    let of = bad.synapse.map_or_else(String::new, |synapse| format!("of synapse {synapse} "));
    let value = format!("the delay {of}is {} ms", bad.delay * 1e3);
    let allowed = format!("at least 0 ms, and at most {MOST_STEPS} steps of {} ms", dt * 1e3);
    not_allowed(&described.delay.1, value, allowed)
}

#[cfg(test)]
mod tests;
