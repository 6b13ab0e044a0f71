//! What happens in a step, in its order: by slot, then by order, then by name.

use std::collections::HashSet;

use super::checks::{self, conflict};
use super::report::OperationReport;
use super::{Known, Survey};
use crate::language::equation::{EquationKind, Flag};
use crate::network::context::not_allowed;
use crate::network::description::SLOTS;
use crate::network::description::{Slot, Spikes, Text};

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
        let model = self.model;
        let mut found = Vec::new();
        let mut add = |slot: &str, order: i32, name: String, what: &'static str, every_s: f64| {
            found.push(OperationReport { slot: slot.to_owned(), order, name, what, every_s });
        };
        let every = |text: &Option<Text>, known: &Known| {
            let period = text.as_ref().and_then(|text| checks::positive_time("", text, &self.outer).ok());
            period.unwrap_or(known.dt)
        };
        for (name, described) in &model.neurons {
            let Some(known) = self.groups.get(name.as_str()) else { continue };
            let dt = known.dt;
            if has_constant_over_dt(known) {
                add(
                    "before_start",
                    described.order,
                    format!("{name}_constant_over_dt"),
                    "computes what is constant over a step",
                    dt,
                );
            }
            for (number, regular) in described.run_regularly.iter().enumerate() {
                let name = format!("{name}_run_regularly_{number}");
                add(regular.when.name(), regular.order, name, "runs statements", every(&regular.every, known));
            }
            let derivatives = known.equations.derivatives().next().is_some();
            if derivatives || described.refractory.is_some() {
                add("groups", described.order, format!("{name}_update"), "updates variables of neurons", dt);
            }
            if described.threshold.is_some() {
                add("thresholds", described.order, format!("{name}_threshold"), "finds who spikes", dt);
            }
            for (event, of) in &described.events {
                add(of.when.name(), of.order, format!("{name}_event_{event}"), "finds who has the event", dt);
            }
            if described.threshold.is_some() && described.reset.is_some() {
                add("resets", described.order, format!("{name}_reset"), "resets who has spiked", dt);
            }
            for (number, on_event) in described.on_event.iter().enumerate() {
                let name = format!("{name}_on_{}_{number}", on_event.event);
                add(on_event.when.name(), on_event.order, name, "runs statements for who has the event", dt);
            }
        }
        for name in model.poisson.keys() {
            if let Some(known) = self.groups.get(name.as_str()) {
                add("thresholds", 0, format!("{name}_threshold"), "draws who spikes", known.dt);
            }
        }
        for name in model.spike_generators.keys() {
            if let Some(known) = self.groups.get(name.as_str()) {
                add("thresholds", 0, format!("{name}_spikes"), "emits the listed spikes", known.dt);
            }
        }
        for (name, described) in &model.synapses {
            let Some(known) = self.synapses.get(name.as_str()) else { continue };
            let target = described.target.as_deref().unwrap_or(&described.source);
            let target_order =
                self.part("", target).ok().and_then(|(group, _)| self.groups.get(group)).map_or(0, |group| group.order);
            if has_constant_over_dt(known) {
                add(
                    "before_start",
                    described.order,
                    format!("{name}_constant_over_dt"),
                    "computes what is constant over a step",
                    known.dt,
                );
            }
            for equation in known.equations.equations().iter().filter(|equation| equation.has(Flag::Summed)) {
                let name = format!("{name}_summed_{}", equation.name);
                add("groups", target_order.saturating_sub(1), name, "sums over synapses", known.dt);
            }
            if known.equations.derivatives().any(|(equation, _)| !equation.has(Flag::EventDriven)) {
                add("groups", described.order, format!("{name}_update"), "updates variables of synapses", known.dt);
            }
            for (number, regular) in described.run_regularly.iter().enumerate() {
                let name = format!("{name}_run_regularly_{number}");
                add(regular.when.name(), regular.order, name, "runs statements", every(&regular.every, known));
            }
            if described.on_pre.is_some() {
                add("synapses", -1, format!("{name}_pre"), "delivers spikes", known.dt);
            }
            if described.on_post.is_some() {
                add("synapses", 1, format!("{name}_post"), "delivers spikes", known.dt);
            }
            for (pathway, of) in &described.pathways {
                let order = of.order.unwrap_or(if of.spikes == Spikes::Pre { -1 } else { 1 });
                add(of.when.name(), order, format!("{name}_{pathway}"), "delivers spikes", known.dt);
            }
        }
        for (name, described) in &model.poisson_inputs {
            let group = self.part("", &described.target).ok().and_then(|(group, _)| self.groups.get(group));
            if let Some(known) = group {
                add(described.when.name(), described.order, name.clone(), "adds Poisson input", known.dt);
            }
        }
        for (name, described) in &model.monitors.state {
            let known = self.part("", &described.of).ok().and_then(|(group, _)| self.groups.get(group));
            if let Some(known) = known.or_else(|| self.synapses.get(described.of.as_str())) {
                let period = every(&described.every, known);
                add(described.when.name(), described.order, format!("monitor {name}"), "records variables", period);
            }
        }
        found
    }
}

fn has_constant_over_dt(known: &Known) -> bool {
    let stored = |equation: &crate::language::equation::Equation| {
        equation.kind() == EquationKind::Subexpression && equation.has(Flag::ConstantOverDt)
    };
    known.equations.equations().iter().any(stored)
}
