//! Steps of a network, one round of its clocks after the other.

use super::build::Network;
use super::error::NetworkError;
use super::spatial::SpatialObject;
use super::step::Action;

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
                let watch = self.watches.get(group.number).filter(|_| !fired.is_empty() && group.spatial.is_none());
                if let Some(found) = watch.and_then(|watch| watch.find_among(&states[group.number], &fired)) {
                    return Err(found.error(&self.context.objects, states, time.step).into());
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
                let group = &mut self.groups[group];
                let fired = &mut now.fired[group.number][0];
                fired.clear();
                if let Some(spikes) = &mut group.spikes {
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
