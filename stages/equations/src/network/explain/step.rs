//! What happens in a step, in its order: by slot, then by order, then by name.

use std::collections::{BTreeMap, HashSet};

use super::checks::{self, conflict};
use super::report::OperationReport;
use super::{Known, Survey};
use crate::language::equation::{EquationKind, Flag};
use crate::network::context::not_allowed;
use crate::network::description::{Event, OnEvent, Regular, SLOTS, Slot, Spikes, Text};

impl Survey<'_> {
    pub(super) fn step(&mut self) -> Vec<OperationReport> {
        let schedule = self.schedule();
        let mut operations = self.operations();
        let place = |operation: &OperationReport| Slot::named(&operation.slot).and_then(|slot| slot.place(&schedule));
        operations.sort_by(|a, b| (place(a), a.order, &a.name).cmp(&(place(b), b.order, &b.name)));
        if let Some(operation) = operations.iter().find(|operation| place(operation).is_none()) {
            let text = format!("the schedule has no slot `{}`, in which `{}` happens", operation.slot, operation.name);
            self.noted::<()>(Err(conflict("schedule", &text)));
        }
        operations
    }

    /// The slots of a step.
    fn schedule(&mut self) -> Vec<String> {
        let default = || SLOTS.map(str::to_owned).to_vec();
        let Some(schedule) = &self.model.schedule else { return default() };
        let mut seen = HashSet::new();
        for (number, slot) in schedule.iter().enumerate() {
            let path = format!("schedule.{number}");
            if !SLOTS.contains(&slot.as_str()) {
                self.noted::<()>(Err(checks::unknown(&path, "slot", slot, SLOTS.into_iter())));
                return default();
            }
            if !seen.insert(slot) {
                self.noted::<()>(Err(not_allowed(&path, format!("`{slot}`"), "each slot once".to_owned())));
                return default();
            }
        }
        schedule.clone()
    }

    fn operations(&self) -> Vec<OperationReport> {
        let mut found = Vec::new();
        self.of_groups(&mut found);
        self.of_synapses(&mut found);
        let model = self.model;
        for (name, described) in &model.poisson_inputs {
            let group = self.part("", &described.target).ok().and_then(|(group, _)| self.groups.get(group));
            if let Some(known) = group {
                found.push(operation(
                    described.when.name(),
                    described.order,
                    name.clone(),
                    "adds Poisson input",
                    known.dt,
                ));
            }
        }
        let of = |of: &str| {
            let group = self.part("", of).ok().and_then(|(group, _)| self.groups.get_key_value(group));
            group.or_else(|| self.synapses.get_key_value(of))
        };
        let watches = |event: &str, group: &str| {
            let described = model.neurons.get(group).and_then(|group| group.events.get(event));
            let described =
                described.or_else(|| model.spatial_neurons.get(group).and_then(|group| group.events.get(event)));
            described.filter(|_| event != "spike").map(|event| (event.when.name().to_owned(), event.order))
        };
        let events = model.monitors.events.iter().map(|(name, own)| (name, &own.of, own.event.as_str()));
        for (name, group, event) in
            model.monitors.spikes.iter().map(|(name, own)| (name, &own.of, "spike")).chain(events)
        {
            let Some((group, known)) = of(group) else { continue };
            let (slot, order) = watches(event, group).unwrap_or(("thresholds".to_owned(), known.order));
            found.push(operation(&slot, order.saturating_add(1), name.clone(), "records who has it", known.dt));
        }
        for (name, described) in &model.monitors.state {
            if let Some((_, known)) = of(&described.of) {
                let every = self.period(&described.every, known);
                found.push(operation(described.when.name(), described.order, name.clone(), "records variables", every));
            }
        }
        for (name, described) in &model.monitors.rate {
            if let Some((_, known)) = of(&described.of) {
                found.push(operation("end", 0, name.clone(), "records a rate", known.dt));
            }
        }
        found
    }

    fn period(&self, every: &Option<Text>, known: &Known) -> f64 {
        let period = every.as_ref().and_then(|text| checks::positive_time("", text, &self.outer).ok());
        period.unwrap_or(known.dt)
    }

    fn regularly(&self, name: &str, known: &Known, all: &[Regular], found: &mut Vec<OperationReport>) {
        for (number, regular) in all.iter().enumerate() {
            let number = if number == 0 { String::new() } else { format!("_{number}") };
            let (name, every) = (format!("{name}_run_regularly{number}"), self.period(&regular.every, known));
            found.push(operation(regular.when.name(), regular.order, name, "runs statements", every));
        }
    }

    fn of_groups(&self, found: &mut Vec<OperationReport>) {
        let model = self.model;
        for (name, described) in &model.spatial_neurons {
            let Some(known) = self.groups.get(name.as_str()) else { continue };
            let next = described.order.saturating_add(1);
            let has = Has {
                threshold: described.threshold.is_some(),
                reset: described.reset.is_some(),
                refractory: described.refractory.is_some(),
                events: &described.events,
                on_event: &described.on_event,
            };
            of_group(name, known, &has, found);
            found.push(operation(
                "groups",
                next,
                format!("{name}_stateupdater"),
                "solves the cable equation",
                known.dt,
            ));
            self.regularly(name, known, &described.run_regularly, found);
        }
        for (name, described) in &model.neurons {
            let Some(known) = self.groups.get(name.as_str()) else { continue };
            let has = Has {
                threshold: described.threshold.is_some(),
                reset: described.reset.is_some(),
                refractory: described.refractory.is_some(),
                events: &described.events,
                on_event: &described.on_event,
            };
            of_group(name, known, &has, found);
            self.regularly(name, known, &described.run_regularly, found);
        }
        for name in model.poisson.keys() {
            if let Some(known) = self.groups.get(name.as_str()) {
                found.push(operation(
                    "thresholds",
                    0,
                    format!("{name}_spike_thresholder"),
                    "draws who spikes",
                    known.dt,
                ));
            }
        }
        for name in model.spike_generators.keys() {
            if let Some(known) = self.groups.get(name.as_str()) {
                found.push(operation("thresholds", 0, name.clone(), "emits the given spikes", known.dt));
            }
        }
    }

    fn of_synapses(&self, found: &mut Vec<OperationReport>) {
        for (name, described) in &self.model.synapses {
            let Some(known) = self.synapses.get(name.as_str()) else { continue };
            let group = |text: &str| self.part("", text).ok().and_then(|(group, _)| self.groups.get(group));
            let (source, target) =
                (group(&described.source), group(described.target.as_deref().unwrap_or(&described.source)));
            if has_constant_over_dt(known) {
                let name = format!("{name}_subexpression_update");
                found.push(operation(
                    "before_start",
                    described.order,
                    name,
                    "computes what is constant over a step",
                    known.dt,
                ));
            }
            for equation in known.equations.equations().iter().filter(|equation| equation.has(Flag::Summed)) {
                let (order, dt) = target.map_or((0, known.dt), |target| (target.order, target.dt));
                let name = format!("{name}_{}", equation.name);
                found.push(operation("groups", order.saturating_sub(1), name, "sums over synapses", dt));
            }
            if known.equations.derivatives().any(|(equation, _)| !equation.has(Flag::EventDriven)) {
                let name = format!("{name}_stateupdater");
                found.push(operation("groups", described.order, name, "updates variables of synapses", known.dt));
            }
            self.regularly(name, known, &described.run_regularly, found);
            let dt = |spikes: Spikes| {
                let side = if spikes == Spikes::Pre { source } else { target };
                side.map_or(known.dt, |side| side.dt)
            };
            if described.on_pre.is_some() {
                found.push(operation("synapses", -1, format!("{name}_pre"), "delivers spikes", dt(Spikes::Pre)));
            }
            if described.on_post.is_some() {
                found.push(operation("synapses", 1, format!("{name}_post"), "delivers spikes", dt(Spikes::Post)));
            }
            for (pathway, of) in &described.pathways {
                let order = of.order.unwrap_or(if of.spikes == Spikes::Pre { -1 } else { 1 });
                let name = format!("{name}_{pathway}");
                found.push(operation(of.when.name(), order, name, "delivers spikes", dt(of.spikes)));
            }
        }
    }
}

/// What a group does other than its equations.
struct Has<'a> {
    threshold: bool,
    reset: bool,
    refractory: bool,
    events: &'a BTreeMap<String, Event>,
    on_event: &'a [OnEvent],
}

fn of_group(name: &str, known: &Known, has: &Has<'_>, found: &mut Vec<OperationReport>) {
    let (order, dt) = (known.order, known.dt);
    let mut add = |slot: &str, order: i32, what: &str, does: &'static str| {
        found.push(operation(slot, order, format!("{name}_{what}"), does, dt));
    };
    if has_constant_over_dt(known) {
        add("before_start", order, "subexpression_update", "computes what is constant over a step");
    }
    if known.equations.derivatives().next().is_some() || has.refractory {
        add("groups", order, "stateupdater", "updates variables");
    }
    if has.threshold {
        add("thresholds", order, "spike_thresholder", "finds who spikes");
    }
    for (event, of) in has.events {
        add(of.when.name(), of.order, &format!("{event}_thresholder"), "finds who has the event");
    }
    if has.threshold && has.reset {
        add("resets", order, "spike_resetter", "resets who has spiked");
    }
    for on_event in has.on_event {
        add(
            on_event.when.name(),
            on_event.order,
            &format!("{}_resetter", on_event.event),
            "runs statements for who has the event",
        );
    }
}

fn operation(slot: &str, order: i32, name: String, what: &'static str, every_s: f64) -> OperationReport {
    OperationReport { slot: slot.to_owned(), order, name, what, every_s }
}

fn has_constant_over_dt(known: &Known) -> bool {
    let stored = |equation: &crate::language::equation::Equation| {
        equation.kind() == EquationKind::Subexpression && equation.has(Flag::ConstantOverDt)
    };
    known.equations.equations().iter().any(stored)
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;

    use crate::network::build::{Given, build};
    use crate::network::description::{
        Connect, Event, Model, Neurons, OnEvent, PoissonInput, Regular, Slot, SpikeMonitor, StateMonitor, Synapses,
        Text,
    };
    use crate::network::explain::explain;

    /// A model with something in each slot.
    fn model() -> Model {
        let mut model = Model { duration: Some(Text::new("1*ms")), ..Model::default() };
        model.time_step = Text::new("0.1*ms");
        let group = Neurons {
            size: 3,
            equations: "dv/dt = (1 + noise - v)/(10*ms) : 1\nx : 1\nnoise = randn() : 1 (constant over dt)".to_owned(),
            threshold: Some("v > 1".to_owned()),
            reset: Some("v = 0".to_owned()),
            refractory: Some(Text::new("1*ms")),
            events: [("burst".to_owned(), Event { condition: "v > 2".to_owned(), ..event() })].into(),
            on_event: vec![OnEvent { event: "burst".to_owned(), code: "x += 1".to_owned(), ..on_event() }],
            run_regularly: vec![
                Regular { code: "x = 0".to_owned(), ..regular() },
                Regular { code: "x = 1".to_owned(), ..regular() },
            ],
            order: 2,
            ..Neurons::default()
        };
        model.neurons.insert("G".to_owned(), group);
        let synapses = Synapses {
            source: "G".to_owned(),
            equations: "w : 1\ndu/dt = -u/(5*ms) : 1 (clock-driven)\nx_post = u : 1 (summed)".to_owned(),
            on_pre: Some("v_post += w".to_owned()),
            on_post: Some("u += 1".to_owned()),
            connect: vec![Connect::default()],
            ..Synapses::default()
        };
        model.synapses.insert("S".to_owned(), synapses);
        let input = PoissonInput {
            target: "G".to_owned(),
            variable: "v".to_owned(),
            processes: 10,
            rate: Text::new("1*Hz"),
            weight: Text::new("0.1"),
            when: Slot::synapses(),
            order: 0,
        };
        model.poisson_inputs.insert("P".to_owned(), input);
        model.monitors.spikes.insert("spikes".to_owned(), SpikeMonitor { of: "G".to_owned(), variables: Vec::new() });
        let state = StateMonitor {
            of: "G".to_owned(),
            variables: vec!["v".to_owned()],
            when: Slot::start(),
            ..StateMonitor::default()
        };
        model.monitors.state.insert("state".to_owned(), state);
        model
    }

    fn event() -> Event {
        Event { when: Slot::after_thresholds(), ..Event::default() }
    }

    fn on_event() -> OnEvent {
        OnEvent { when: Slot::after_resets(), ..OnEvent::default() }
    }

    fn regular() -> Regular {
        Regular { when: Slot::start(), ..Regular::default() }
    }

    #[test]
    fn a_step_is_told_as_it_is_run() {
        let model = model();
        let key = StreamKey::new([1; 16]);
        let given = Given { model: &model, connections: None, key: &key, memory_limit: 1 << 20 };
        let network = build(&given).unwrap();
        let run: Vec<(&str, i32)> = network.entries.iter().map(|entry| entry.name_and_order()).collect();
        let explanation = explain(&model, None, None).unwrap();
        let told: Vec<(&str, i32)> = explanation.step.iter().map(|own| (own.name.as_str(), own.order)).collect();
        assert_eq!(told, run);
        assert_eq!(told.len(), 15);
    }
}
