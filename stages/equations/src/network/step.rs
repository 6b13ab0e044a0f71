//! What happens in a step, in which order, and how.
//!
//! | slot | what | name among those of one order |
//! |---|---|---|
//! | before_start | subexpressions that are constant over a step | G_subexpression_update |
//! | start | recording variables, statements at regular times | name of the monitor, G_run_regularly |
//! | groups | refractoriness and equations, at the order of the group; cables, at the next | G_stateupdater |
//! | thresholds | conditions of spikes, given spikes; at the next order recording spikes | G_spike_thresholder |
//! | groups, before the target | summed variables | S_x_post |
//! | groups | clock-driven equations of synapses | S_stateupdater |
//! | synapses | pathways: -1 for pre, 1 for post | S_pre |
//! | synapses | binomial inputs | name of the input |
//! | after_thresholds | conditions of other events; at the next order recording them | G_EVENT_thresholder |
//! | resets | resets | G_spike_resetter |
//! | after_resets | statements on events | G_EVENT_resetter |
//! | end | recording rates | name of the monitor |

use super::context::{Context, not_allowed};
use super::description::{Regular, Slot};
use super::error::NetworkError;
use super::group::{Group, event_of, group_of};
use super::groups::code::{SPIKE, events};
use super::object::Object;
use super::poisson_input::BinomialInput;
use super::recorders::Recorders;
use super::schedule::{Clocks, Place, Slots};
use super::synapses::SynapticObject;
use crate::language::expression::ExpressionKind;
use crate::language::functions::Function;
use crate::language::parse_expression;

/// Something that happens in a step.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    place: Place,
    /// The number of its clock.
    pub clock: usize,
    /// What is done.
    pub action: Action,
    /// Its place in the model.
    pub path: String,
}

/// What happens. Numbers are places in the lists of a [`Network`](super::build::Network).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ConstantOverDt { group: usize },
    Update { group: usize },
    Solve { group: usize, spatial: usize },
    Condition { group: usize, event: usize },
    OnEvent { group: usize, code: usize },
    Regular { group: usize, code: usize },
    Generate { group: usize },
    SynapticConstantOverDt { synapses: usize },
    SynapticUpdate { synapses: usize },
    Summed { synapses: usize, sum: usize },
    Deliver { synapses: usize, pathway: usize, event: usize },
    SynapticRegular { synapses: usize, code: usize },
    Input { input: usize },
    RecordEvents { recorder: usize, event: usize },
    RecordState { recorder: usize },
    RecordRate { recorder: usize },
}

/// All that happens in a step, in order, and for which groups the state update can look at the threshold as well.
///
/// # Errors
/// Slots that the schedule of the model does not have, events that groups do not have.
pub(crate) fn schedule(parts: &Parts<'_>, clocks: &mut Clocks) -> Result<(Vec<Entry>, Vec<bool>), NetworkError> {
    let &Parts { context, groups, .. } = parts;
    let slots = Slots::new(context.model.schedule.as_deref())?;
    let mut planned = Plan { slots, entries: Vec::new() };
    for number in 0..groups.len() {
        planned.group(context, groups, number, clocks)?;
    }
    for number in 0..parts.synapses.len() {
        planned.synapses(parts, number, clocks)?;
    }
    for (input, (own, name)) in parts.inputs.iter().zip(context.model.poisson_inputs.keys()).enumerate() {
        let path = format!("poisson_inputs.{name}");
        let clock = parts.clocks[own.target.object];
        planned.add(path, own.when.name(), own.order, name.clone(), clock, Action::Input { input })?;
    }
    planned.recorders(parts, clocks)?;
    let mut entries = planned.entries;
    // What has the same name comes in the order of the model.
    entries.sort_by(|a, b| a.place.cmp(&b.place));
    let fused = (0..groups.len()).map(|group| is_fused(context, groups, &entries, group)).collect();
    Ok((entries, fused))
}

/// What can be put in the order of a step.
pub(crate) struct Parts<'a> {
    pub context: &'a Context<'a>,
    pub groups: &'a [Group],
    pub synapses: &'a [SynapticObject],
    /// By the numbers of objects.
    pub clocks: &'a [usize],
    pub inputs: &'a [BinomialInput],
    pub recorders: &'a Recorders,
}

struct Plan {
    slots: Slots,
    entries: Vec<Entry>,
}

impl Plan {
    fn add(
        &mut self,
        path: String,
        slot: &str,
        order: i32,
        name: String,
        clock: usize,
        action: Action,
    ) -> Result<(), NetworkError> {
        let Some(slot) = Slot::named(slot) else {
            return Err(not_allowed(&path, format!("the slot `{slot}`"), "a slot of a step".to_owned()));
        };
        let place = self.slots.place(&path, &slot, order, name)?;
        self.entries.push(Entry { place, clock, action, path });
        Ok(())
    }

    fn group(
        &mut self,
        context: &Context<'_>,
        groups: &[Group],
        number: usize,
        clocks: &mut Clocks,
    ) -> Result<(), NetworkError> {
        let group = &groups[number];
        let (described, clock) = (&group.described, group.clock);
        let object = &context.objects[group.number];
        let at = |field: &str| format!("{}.{field}", object.path);
        let named = |what: &str| format!("{}_{what}", object.name);
        let order = described.order;
        let action = Action::ConstantOverDt { group: number };
        self.add(at("equations"), "before_start", order, named("subexpression_update"), clock, action)?;
        let action = Action::Update { group: number };
        self.add(at("equations"), "groups", order, named("stateupdater"), clock, action)?;
        if let Some(spatial) = group.spatial {
            let action = Action::Solve { group: number, spatial };
            let next = order.saturating_add(1);
            self.add(at("equations"), "groups", next, named("stateupdater"), clock, action)?;
        }
        if group.spikes.is_some() {
            let action = Action::Generate { group: number };
            self.add(at("times"), "thresholds", order, object.name.clone(), clock, action)?;
        }
        for (event, name) in events(described).into_iter().enumerate() {
            let action = Action::Condition { group: number, event };
            let thresholder = named(&format!("{name}_thresholder"));
            match described.events.get(name).filter(|_| name != SPIKE) {
                None => self.add(at("threshold"), "thresholds", order, thresholder, clock, action)?,
                Some(own) => {
                    let path = at(&format!("events.{name}.condition"));
                    self.add(path, own.when.name(), own.order, thresholder, clock, action)?;
                }
            }
        }
        let mut code = 0;
        if described.reset.is_some() {
            let action = Action::OnEvent { group: number, code };
            self.add(at("reset"), "resets", order, named("spike_resetter"), clock, action)?;
            code += 1;
        }
        for (place, on) in described.on_event.iter().enumerate() {
            let action = Action::OnEvent { group: number, code: code + place };
            let name = named(&format!("{}_resetter", on.event));
            self.add(at(&format!("on_event.{place}.code")), on.when.name(), on.order, name, clock, action)?;
        }
        let action = |code: usize| Action::Regular { group: number, code };
        self.regular(context, object, &described.run_regularly, clock, clocks, action)
    }

    /// Statements at regular times.
    fn regular(
        &mut self,
        context: &Context<'_>,
        object: &Object,
        described: &[Regular],
        clock: usize,
        clocks: &mut Clocks,
        action: impl Fn(usize) -> Action,
    ) -> Result<(), NetworkError> {
        for (place, regular) in described.iter().enumerate() {
            let path = format!("{}.run_regularly.{place}", object.path);
            let clock = match &regular.every {
                None => clock,
                Some(every) => clocks.of(Some(regular_time(context, &format!("{path}.every"), every, object.dt)?)),
            };
            let number = if place == 0 { String::new() } else { format!("_{place}") };
            let name = format!("{}_run_regularly{number}", object.name);
            self.add(format!("{path}.code"), regular.when.name(), regular.order, name, clock, action(place))?;
        }
        Ok(())
    }

    fn synapses(&mut self, parts: &Parts<'_>, synapses: usize, clocks: &mut Clocks) -> Result<(), NetworkError> {
        let &Parts { context, groups, .. } = parts;
        let own = &parts.synapses[synapses];
        let object = &context.objects[own.number];
        let Some(described) = context.model.synapses.get(&object.name) else { return Ok(()) };
        let (path, clock, order) = (format!("{}.equations", object.path), parts.clocks[own.number], described.order);
        let named = |what: &str| format!("{}_{what}", object.name);
        if own.constant_over_dt.is_some() {
            let action = Action::SynapticConstantOverDt { synapses };
            self.add(path.clone(), "before_start", order, named("subexpression_update"), clock, action)?;
        }
        if own.update.is_some() {
            let action = Action::SynapticUpdate { synapses };
            self.add(path.clone(), "groups", order, named("stateupdater"), clock, action)?;
        }
        for (sum, summed) in own.summed.iter().enumerate() {
            let (clock, action) = (parts.clocks[summed.members.object], Action::Summed { synapses, sum });
            self.add(path.clone(), "groups", summed.order, summed.name.clone(), clock, action)?;
        }
        let paths = super::pathway::described(&object.path, described)?;
        for (pathway, (own, described)) in own.pathways.iter().zip(paths).enumerate() {
            let path = described.code.1;
            let event = event_of(context, groups, &path, own.source.object, &own.event)?;
            let (clock, action) = (parts.clocks[own.source.object], Action::Deliver { synapses, pathway, event });
            self.add(path, own.when.name(), own.order, own.name.clone(), clock, action)?;
        }
        let action = |code: usize| Action::SynapticRegular { synapses, code };
        self.regular(context, object, &described.run_regularly, clock, clocks, action)
    }

    fn recorders(&mut self, parts: &Parts<'_>, clocks: &mut Clocks) -> Result<(), NetworkError> {
        let &Parts { context, groups, recorders, .. } = parts;
        let monitors = &context.model.monitors;
        let clock_of = |object: usize| parts.clocks[object];
        let names = monitors.spikes.keys().map(|name| ("spikes", name));
        let names: Vec<_> = names.chain(monitors.events.keys().map(|name| ("events", name))).collect();
        for (recorder, (own, (section, name))) in recorders.events.iter().zip(names).enumerate() {
            let path = format!("monitors.{section}.{name}");
            let object = own.source.object;
            let event = event_of(context, groups, &format!("{path}.of"), object, &own.event)?;
            let (slot, order) = self.place_of_event(groups, object, event);
            let action = Action::RecordEvents { recorder, event };
            self.add(path, &slot, order.saturating_add(1), name.clone(), clock_of(object), action)?;
        }
        for (recorder, (own, name)) in recorders.states.iter().zip(monitors.state.keys()).enumerate() {
            let clock = match own.every {
                None => clock_of(own.source.object),
                Some(every) => clocks.of(Some(every)),
            };
            let path = format!("monitors.state.{name}");
            self.add(path, own.when.name(), own.order, name.clone(), clock, Action::RecordState { recorder })?;
        }
        for (recorder, (own, name)) in recorders.rates.iter().zip(monitors.rate.keys()).enumerate() {
            let path = format!("monitors.rate.{name}");
            let clock = clock_of(own.source.object);
            event_of(context, groups, &format!("{path}.of"), own.source.object, SPIKE)?;
            self.add(path, "end", 0, name.clone(), clock, Action::RecordRate { recorder })?;
        }
        Ok(())
    }

    /// Slot and order in which an event is looked for.
    fn place_of_event(&self, groups: &[Group], object: usize, event: usize) -> (String, i32) {
        let usual = ("thresholds".to_owned(), 0);
        let Some(group) = group_of(groups, object) else { return usual };
        let described = &group.described;
        match events(described).get(event).and_then(|name| described.events.get(*name)) {
            Some(own) => (own.when.name().to_owned(), own.order),
            None => (usual.0, described.order),
        }
    }
}

/// The time from one run of statements to the next.
fn regular_time(
    context: &Context<'_>,
    path: &str,
    every: &super::description::Text,
    dt: f64,
) -> Result<f64, NetworkError> {
    let time = context.positive_time(path, every)?;
    if time >= dt * (1.0 - 1e-4) {
        return Ok(time);
    }
    // The statements see the time of their group, which would stand still.
    Err(not_allowed(path, every.as_str().to_owned(), format!("at least the step of the group, {dt} s")))
}

/// Whether the state update of a group can look at its threshold as well: nothing between both writes what it reads.
fn is_fused(context: &Context<'_>, groups: &[Group], entries: &[Entry], group: usize) -> bool {
    let own = &groups[group];
    let Some(threshold) = &own.described.threshold else { return false };
    if own.spatial.is_some() || !context.objects[own.number].remotes.is_empty() || draws(threshold) {
        return false;
    }
    let place = |action: Action| entries.iter().position(|entry| entry.action == action);
    let update = place(Action::Update { group });
    let condition = place(Action::Condition { group, event: 0 });
    let (Some(update), Some(condition)) = (update, condition) else { return false };
    if update >= condition {
        return false;
    }
    // What writes variables of others, or of this group, is in the way.
    let leaves_alone = |other: usize| other != group && context.objects[groups[other].number].remotes.is_empty();
    entries[update + 1..condition].iter().all(|entry| match entry.action {
        Action::ConstantOverDt { group: other }
        | Action::Update { group: other }
        | Action::Condition { group: other, .. }
        | Action::Solve { group: other, .. }
        | Action::OnEvent { group: other, .. }
        | Action::Regular { group: other, .. } => leaves_alone(other),
        // These write their own variables alone.
        Action::Generate { .. } | Action::SynapticConstantOverDt { .. } | Action::SynapticUpdate { .. } => true,
        Action::Summed { .. } | Action::Deliver { .. } | Action::SynapticRegular { .. } | Action::Input { .. } => false,
        Action::RecordEvents { .. } | Action::RecordState { .. } | Action::RecordRate { .. } => true,
    })
}

/// Whether a condition draws random numbers, which depend on the program that draws them.
fn draws(condition: &str) -> bool {
    let stateful = |name: &str| Function::named(name).is_some_and(Function::is_stateful);
    let call = |kind: &ExpressionKind| matches!(kind, ExpressionKind::Call { function, .. } if stateful(function));
    parse_expression(condition).is_ok_and(|parsed| parsed.any(&mut |part| call(&part.kind)))
}

impl Entry {
    /// The name and the order that it has within its slot.
    #[cfg(test)]
    pub(crate) fn name_and_order(&self) -> (&str, i32) {
        self.place.name_and_order()
    }

    /// Whether there is a program for it.
    pub(crate) fn does_something(&self, groups: &[Group]) -> bool {
        match self.action {
            Action::ConstantOverDt { group } => groups[group].code.constant_over_dt.is_some(),
            Action::Update { group } => groups[group].code.update.is_some() || groups[group].code.release.is_some(),
            _ => true,
        }
    }
}
