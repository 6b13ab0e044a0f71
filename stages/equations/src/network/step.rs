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

use super::build::{Group, Network, event_of, group_of};
use super::context::{Context, not_allowed};
use super::description::{Regular, Slot};
use super::error::NetworkError;
use super::groups::code::{SPIKE, events};
use super::object::Object;
use super::poisson_input::BinomialInput;
use super::recorders::Recorders;
use super::schedule::{Clocks, Place, Slots};
use super::spatial::SpatialObject;
use super::synapses::SynapticObject;
use crate::language::expression::ExpressionKind;
use crate::language::functions::Function;
use crate::language::parse_expression;

/// Something that happens in a step.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    place: Place,
    clock: usize,
    action: Action,
    /// Its place in the model.
    path: String,
}

/// What happens. Numbers are places in the lists of a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
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

impl Network<'_> {
    /// One round of the clocks: each of those that move now makes a step. Says whether there was one.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(crate) fn round(&mut self) -> Result<bool, NetworkError> {
        if !self.now.clocks.round() {
            return Ok(false);
        }
        for place in 0..self.entries.len() {
            let entry = &self.entries[place];
            if self.now.clocks.moves(entry.clock) {
                let (clock, action) = (entry.clock, entry.action);
                self.act(clock, action).map_err(|stopped| match stopped {
                    Stopped::Engine(error) => NetworkError::new(&self.entries[place].path, error),
                    Stopped::Network(error) => error,
                })?;
            }
        }
        self.now.clocks.advance();
        Ok(true)
    }

    fn act(&mut self, clock: usize, action: Action) -> Result<(), Stopped> {
        let now = &mut self.now;
        let states = &mut now.states;
        let time = now.clocks.clock(clock);
        match action {
            Action::ConstantOverDt { group } => {
                if let Some(code) = &mut self.groups[group].code.constant_over_dt {
                    code.run(states, time.step)?;
                }
            }
            Action::Update { group } => {
                let group = &mut self.groups[group];
                if let Some(release) = &mut group.code.release {
                    release.step(&mut states[group.number], time.step);
                }
                if let Some(code) = &mut group.code.update {
                    code.run(states, time.step)?;
                }
            }
            Action::Solve { spatial, .. } => self.spatial[spatial].solve(states, time.step)?,
            Action::Condition { group, event } => {
                let group = &mut self.groups[group];
                let spikes = group.described.threshold.is_some() && event == 0;
                let mut fired = std::mem::take(&mut now.fired[group.number][event]);
                fired.clear();
                let spatial = group.spatial.map(|spatial| &self.spatial[spatial]);
                let place = spatial.filter(|_| spikes).and_then(SpatialObject::place);
                match (&mut group.code.conditions[event], &group.code.update) {
                    (Some(code), _) if group.spatial.is_some() => {
                        let column = group.condition.unwrap_or(usize::MAX);
                        match place {
                            Some(place) => {
                                code.run_at(states, time.step, &place.elements)?;
                                let condition = states[group.number].column(column);
                                place.fulfilled(condition, &mut fired, &mut now.fired[place.whole][0]);
                            }
                            None => {
                                code.run(states, time.step)?;
                                let condition = states[group.number].column(column).iter();
                                fired
                                    .extend((0..).zip(condition).filter(|(_, holds)| **holds != 0.0).map(|(at, _)| at));
                            }
                        }
                    }
                    (Some(code), _) => {
                        code.run(states, time.step)?;
                        fired.extend_from_slice(code.fulfilled());
                    }
                    (None, Some(update)) => fired.extend_from_slice(update.fulfilled()),
                    (None, None) => {}
                }
                let state = &mut states[group.number];
                if let (true, false, Some((not_refractory, last_spike))) =
                    (spikes, fired.is_empty(), group.refractoriness)
                {
                    let t = time.step as f64 * time.dt;
                    for &neuron in fired.iter() {
                        state.column_mut(not_refractory)[neuron as usize] = 0.0;
                        state.column_mut(last_spike)[neuron as usize] = t;
                    }
                    if let Some(release) = &mut group.code.release {
                        release.spiked(&fired);
                    }
                }
                now.fired[group.number][event] = fired;
            }
            Action::OnEvent { group, code } => {
                let group = &mut self.groups[group];
                let (event, code) = &mut group.code.on_events[code];
                let fired = &now.fired[group.number][*event];
                if !fired.is_empty() {
                    code.run_at(states, time.step, fired)?;
                }
            }
            Action::Regular { group, code } => {
                let group = &mut self.groups[group];
                let step = now.clocks.clock(group.clock).step;
                group.code.regular[code].run(states, step)?;
            }
            Action::Generate { group } => {
                let group = &self.groups[group];
                let fired = &mut now.fired[group.number][0];
                fired.clear();
                if let Some(spikes) = &group.spikes {
                    spikes.fired(time.step, fired);
                }
            }
            Action::SynapticConstantOverDt { synapses } => {
                if let Some(code) = &mut self.synapses[synapses].constant_over_dt {
                    code.run(states, time.step)?;
                }
            }
            Action::SynapticUpdate { synapses } => {
                if let Some(code) = &mut self.synapses[synapses].update {
                    code.run(states, time.step)?;
                }
            }
            Action::Summed { synapses, sum } => self.synapses[synapses].summed[sum].run(states, time.step)?,
            Action::Deliver { synapses, pathway, event } => {
                let pathway = &mut self.synapses[synapses].pathways[pathway];
                pathway.push(&now.fired[pathway.source.object][event]);
                pathway.deliver(states, time.step)?;
            }
            Action::SynapticRegular { synapses, code } => {
                let synapses = &mut self.synapses[synapses];
                let step = now.clocks.clock(self.clocks[synapses.number]).step;
                synapses.regular[code].run(states, step)?;
            }
            Action::Input { input } => self.inputs[input].add(states, time.step)?,
            Action::RecordEvents { recorder, event } => {
                let recorder = &mut now.recorders.events[recorder];
                let fired = &now.fired[recorder.source.object][event];
                recorder.record(states, fired, time.step, time.step as f64 * time.dt)?;
            }
            Action::RecordState { recorder } => {
                now.recorders.states[recorder].record(states, time.step as f64 * time.dt)?;
            }
            Action::RecordRate { recorder } => {
                let recorder = &mut now.recorders.rates[recorder];
                recorder.record(&now.fired[recorder.source.object][0], time.step as f64 * time.dt);
            }
        }
        Ok(())
    }
}

/// Why a step was not finished: without a place in the model, or with one.
enum Stopped {
    Engine(crate::engine::EngineError),
    Network(NetworkError),
}

impl From<crate::engine::EngineError> for Stopped {
    fn from(error: crate::engine::EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<NetworkError> for Stopped {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}
