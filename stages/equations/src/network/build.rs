//! From a model to a network that is ready to run, and to one that goes on with other constants or another step.

use std::collections::BTreeMap;

use lapicque_numerics::random::StreamKey;

use super::connect::{connect, expected_synapses};
use super::context::{Connections, Context, not_allowed};
use super::description::{Model, Neurons, Synapses, Text};
use super::error::{NetworkError, NetworkProblem};
use super::finite::Watch;
use super::given_spikes::GivenSpikes;
use super::group::Group;
use super::groups::code::{self, GroupCode};
use super::groups::{self, CONDITION, LAST_SPIKE, NEVER, NOT_REFRACTORY};
use super::initial_values::{initialise, settable, used_names};
use super::object::{Object, Remote};
use super::poisson_input::BinomialInput;
use super::recorders::Recorders;
use super::schedule::Clocks;
use super::spatial::{self, SpatialObject};
use super::step::{Entry, Parts, schedule};
use super::synapses::{self, SynapticObject};
use crate::engine::State;
use crate::language::equation::Values;

/// What a run is made from.
pub(crate) struct Given<'a> {
    /// The model.
    pub model: &'a Model,
    /// Connections from outside.
    pub connections: Option<&'a Connections>,
    /// From which all streams of random numbers are derived.
    pub key: &'a StreamKey,
    /// How many bytes may be taken.
    pub memory_limit: u64,
}

/// What changes between runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// Constants that are not as in the model.
    pub constants: BTreeMap<String, Text>,
    /// The step of the model's clock, if it is not as in the model, in s.
    pub dt: Option<f64>,
    /// How often steps have been numbered anew, so that random numbers would come again.
    pub epoch: u64,
}

/// A network that runs.
pub(crate) struct Network<'a> {
    /// What it is built from, and its objects.
    pub context: Context<'a>,
    /// All groups, as far as they are like each other.
    pub groups: Vec<Group>,
    /// The cables of neurons with a form.
    pub spatial: Vec<SpatialObject>,
    /// Synapses.
    pub synapses: Vec<SynapticObject>,
    /// The clocks of objects by their numbers.
    pub clocks: Vec<usize>,
    /// Inputs of many Poisson processes.
    pub inputs: Vec<BinomialInput>,
    /// What happens in a step, in order.
    pub entries: Vec<Entry>,
    /// Remarks for the user.
    pub notes: Vec<String>,
    /// Variables that are to stay finite, by the number of the object; empty where they need not.
    pub watches: Vec<Watch>,
    /// What changes with time.
    pub now: Now,
}

/// What changes with time, all of which is kept when a state is stored.
#[derive(Clone)]
pub(crate) struct Now {
    /// Variables by the number of the object.
    pub states: Vec<State>,
    /// Clocks.
    pub clocks: Clocks,
    /// Who had an event last time that it was looked for, by the numbers of object and event.
    pub fired: Vec<Vec<Vec<u32>>>,
    /// What was recorded.
    pub recorders: Recorders,
    /// The time at which the next run begins, in s.
    pub time: f64,
}

/// Builds a network.
///
/// # Errors
/// Whatever is wrong with the model.
pub(crate) fn build<'a>(given: &Given<'a>) -> Result<Network<'a>, NetworkError> {
    let changes = Changes::default();
    check_names(given.model)?;
    check_sizes(given.model)?;
    let mut context = Context::new(given.model, &changes.constants, None, given.key, given.connections)?;
    let described = objects(&mut context)?;
    enough_memory(&context, given.memory_limit)?;
    for (number, described) in described.iter().enumerate() {
        groups::link(&mut context, number, described)?;
    }
    let mut states: Vec<State> = context.objects.iter().map(first_state).collect();
    let mut spatial = cables(&context, &mut states)?;
    spatial.iter_mut().try_for_each(|own| own.add_whole(&mut context))?;
    states.extend(context.objects[states.len()..].iter().map(first_state));
    first_values(&context, &described, &mut states)?;
    let mut synapses = Vec::new();
    for (name, described) in &given.model.synapses {
        synapses.push(synapses_of(&mut context, name, described, &mut states, given.memory_limit)?);
    }
    let clocks = Clocks::new(context.dt);
    let now = Now { states, clocks, fired: Vec::new(), recorders: Recorders::default(), time: 0.0 };
    let mut network = Network {
        context,
        groups: Vec::new(),
        spatial,
        synapses,
        clocks: Vec::new(),
        inputs: Vec::new(),
        entries: Vec::new(),
        notes: Vec::new(),
        watches: Vec::new(),
        now,
    };
    network.compile(described)?;
    Ok(network)
}

impl<'a> Network<'a> {
    /// Compiles everything anew; variables, queues and records stay.
    ///
    /// # Errors
    /// What does not go with the changes.
    pub(crate) fn renew(&mut self, given: &Given<'a>, changes: &Changes) -> Result<(), NetworkError> {
        let key = match changes.epoch {
            0 => *given.key,
            epoch => given.key.derive(&format!("epoch {epoch}")),
        };
        let context = Context::new(given.model, &changes.constants, changes.dt, &key, given.connections)?;
        let mut old = std::mem::replace(&mut self.context, context).objects;
        let described = objects(&mut self.context)?;
        for (number, described) in described.iter().enumerate() {
            groups::link(&mut self.context, number, described)?;
        }
        self.spatial = cables(&self.context, &mut self.now.states)?;
        self.spatial.iter_mut().try_for_each(|own| own.add_whole(&mut self.context))?;
        for object in old.drain(self.context.objects.len()..) {
            self.context.add(object)?;
        }
        for (synapses, described) in self.synapses.iter_mut().zip(given.model.synapses.values()) {
            synapses.renew(&mut self.context, described)?;
        }
        self.compile(described)
    }

    /// Programs and the schedule, over objects and states that are there.
    fn compile(&mut self, described: Vec<Neurons>) -> Result<(), NetworkError> {
        self.notes.clear();
        let context = &self.context;
        self.groups.clear();
        self.clocks.clear();
        let mut fired = Vec::with_capacity(context.objects.len());
        for (number, described) in described.into_iter().enumerate() {
            let object = &context.objects[number];
            let spikes = GivenSpikes::of(context, object)?;
            let events = code::events(&described).len().max(usize::from(spikes.is_some()));
            fired.push(vec![Vec::new(); events]);
            let both = object.layout.number(NOT_REFRACTORY).zip(object.layout.number(LAST_SPIKE));
            let spatial = self.spatial.iter().position(|spatial| spatial.number == number);
            let clock = self.now.clocks.of(described.time_step.is_some().then_some(object.dt));
            self.clocks.push(clock);
            self.groups.push(Group {
                number,
                clock,
                code: GroupCode::default(),
                condition: object.layout.number(CONDITION),
                refractoriness: both.filter(|_| described.refractory.is_some()),
                spatial,
                whole: spatial.and_then(|spatial| Some(self.spatial[spatial].place()?.whole)),
                spikes,
                described,
            });
        }
        for spatial in self.spatial.iter().filter(|spatial| spatial.place().is_some()) {
            self.clocks.push(self.clocks[spatial.number]);
        }
        // Spikes of neurons as wholes.
        fired.resize(context.objects.len(), vec![Vec::new()]);
        if self.now.fired.is_empty() {
            self.now.fired = fired;
        }
        self.now.recorders = self.now.recorders.renewed(context)?;
        for (synapses, described) in self.synapses.iter_mut().zip(context.model.synapses.values()) {
            let dt = context.objects[synapses.number].dt;
            self.clocks.push(self.now.clocks.of(described.time_step.is_some().then_some(dt)));
            self.notes.extend(synapses.notes.iter().cloned());
        }
        self.inputs.clear();
        for (name, described) in &context.model.poisson_inputs {
            self.inputs.push(BinomialInput::new(context, name, described)?);
        }
        let parts = Parts {
            context,
            groups: &self.groups,
            synapses: &self.synapses,
            clocks: &self.clocks,
            inputs: &self.inputs,
            recorders: &self.now.recorders,
        };
        let (entries, fused) = schedule(&parts, &mut self.now.clocks)?;
        for (group, fused) in self.groups.iter_mut().zip(fused) {
            group.code = code::compile(context, group.number, &group.described, fused)?;
            self.notes.append(&mut group.code.notes);
        }
        self.entries = entries;
        let groups = &self.groups;
        self.entries.retain(|entry| entry.does_something(groups));
        Ok(())
    }

    /// The step that an object makes next.
    pub(crate) fn next_step(&self, object: usize) -> u64 {
        self.now.clocks.clock(self.clocks[object]).step
    }

    /// The step that an object has made last.
    pub(crate) fn last_step(&self, object: usize) -> u64 {
        self.next_step(object).saturating_sub(1)
    }
}

impl Now {
    /// About how many bytes are taken when the run that is prepared is over.
    pub(crate) fn bytes(&self, context: &Context<'_>) -> u64 {
        let states = context.objects.iter().map(|object| groups::bytes(&object.layout)).fold(0, u64::saturating_add);
        let dt = |every: Option<f64>, object: usize| every.unwrap_or(context.objects[object].dt);
        let of_states = self
            .recorders
            .states
            .iter()
            .map(|own| own.bytes_of(self.clocks.steps_by(dt(own.every, own.source.object))));
        let of_rates =
            self.recorders.rates.iter().map(|own| own.bytes_of(self.clocks.steps_by(dt(None, own.source.object))));
        of_states.chain(of_rates).fold(states, u64::saturating_add)
    }
}

/// Each object knows all constants.
const MOST_NAMES: usize = 5_000_000;

/// Whether objects and constants fit into memory.
fn check_sizes(model: &Model) -> Result<(), NetworkError> {
    let groups = model.neurons.len() + model.spatial_neurons.len() + model.poisson.len() + model.spike_generators.len();
    let objects = groups + model.synapses.len();
    if objects.saturating_mul(model.constants.len()) <= MOST_NAMES {
        return Ok(());
    }
    let value = format!("{objects} groups and synapses, and {} constants", model.constants.len());
    Err(not_allowed("constants", value, format!("a product of at most {MOST_NAMES}")))
}

/// Whether the names of objects can be told from what stands around them, in `G[0:3]` and `G.v`.
fn check_names(model: &Model) -> Result<(), NetworkError> {
    let neurons = model.neurons.keys().map(|name| ("neurons", name));
    let spatial = model.spatial_neurons.keys().map(|name| ("spatial_neurons", name));
    let poisson = model.poisson.keys().map(|name| ("poisson", name));
    let generators = model.spike_generators.keys().map(|name| ("spike_generators", name));
    let synapses = model.synapses.keys().map(|name| ("synapses", name));
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    for (section, name) in neurons.chain(spatial).chain(poisson).chain(generators).chain(synapses) {
        if name.is_empty() || !name.chars().all(is_part) {
            let allowed = "names are made of letters, digits, `_` and `-`".to_owned();
            return Err(not_allowed(section, format!("`{name}`"), allowed));
        }
    }
    Ok(())
}

/// Makes the objects of all groups with their own variables. Gives what the model says of them, as of point neurons.
fn objects(context: &mut Context<'_>) -> Result<Vec<Neurons>, NetworkError> {
    let model = context.model;
    let mut all = Vec::new();
    for (name, described) in &model.spatial_neurons {
        let (object, form) = spatial::object(context, name, described)?;
        all.push(spatial::as_neurons(&object, described)?);
        let number = context.add(object)?;
        context.forms.insert(number, form);
    }
    for (name, described) in &model.neurons {
        let object = groups::object(context, "neurons", name, described)?;
        context.add(object)?;
        all.push(described.clone());
    }
    for (name, described) in &model.poisson {
        let neurons = groups::poisson(context, name, described)?;
        let object = groups::object(context, "poisson", name, &neurons)?;
        context.add(object)?;
        all.push(neurons);
    }
    for (name, described) in &model.spike_generators {
        let neurons = Neurons { size: described.size, time_step: described.time_step.clone(), ..Neurons::default() };
        let object = groups::object(context, "spike_generators", name, &neurons)?;
        context.add(object)?;
        all.push(neurons);
    }
    Ok(all)
}

/// Synapses with their first values.
fn synapses_of(
    context: &mut Context<'_>,
    name: &str,
    described: &Synapses,
    states: &mut Vec<State>,
    limit: u64,
) -> Result<SynapticObject, NetworkError> {
    let path = format!("synapses.{name}");
    let (source, target) = synapses::members(context, name, described)?;
    let expected = expected_synapses(context, source, target, &described.connect).unwrap_or(0.0);
    // At least both neurons of each, and their place in a queue.
    if expected * 16.0 > limit as f64 {
        let what = format!("{expected:.0} synapses");
        return Err(out_of_memory(&format!("{path}.connect"), &what, (expected * 16.0) as u64, limit));
    }
    let key = context.key.derive(&path);
    let pairs = connect(context, &path, source, target, &described.connect, states, &key)?;
    let synapses = synapses::assemble(context, name, described, states, &pairs)?;
    let number = synapses.number;
    for weights in &pairs.weights {
        let (column, variable) = settable(&context.objects[number], &weights.path, &weights.variable)?;
        if variable.dimension != weights.dimension || variable.shared || variable.values != Values::Float {
            let value = format!("weights in {}", weights.dimension);
            let allowed = format!("`{}` is a number of each synapse in {}", weights.variable, variable.dimension);
            return Err(not_allowed(&weights.path, value, allowed));
        }
        if described.initial.contains_key(&weights.variable) {
            let problem = format!("`{}` has values of the table, and others in `initial`", weights.variable);
            return Err(NetworkError::new(&weights.path, NetworkProblem::Conflict(problem)));
        }
        let there = states[number].column_mut(column).get_mut(weights.first..weights.first + weights.values.len());
        if let Some(there) = there {
            there.copy_from_slice(&weights.values);
        }
    }
    initialise(context, number, states, &format!("{path}.initial"), &described.initial)?;
    Ok(synapses)
}

/// Whether all states fit into memory.
fn enough_memory(context: &Context<'_>, limit: u64) -> Result<(), NetworkError> {
    let of = |object: &Object| groups::bytes(&object.layout);
    let needed = context.objects.iter().map(of).fold(0, u64::saturating_add);
    if needed <= limit {
        return Ok(());
    }
    let largest = context.objects.iter().max_by_key(|object| of(object));
    let path = largest.map_or(String::new(), |object| object.path.clone());
    Err(out_of_memory(&path, "the variables of neurons", needed, limit))
}

/// That something takes more memory than is allowed.
pub(crate) fn out_of_memory(path: &str, what: &str, needed: u64, limit: u64) -> NetworkError {
    let (needed_mb, allowed_mb) = (needed as f64 / 1e6, limit as f64 / 1e6);
    NetworkError::new(path, NetworkProblem::Memory { what: what.to_owned(), needed_mb, allowed_mb })
}

/// All 0, and nobody refractory.
fn first_state(object: &Object) -> State {
    let mut state = State::new(&object.layout);
    if object.layout.number(NOT_REFRACTORY).is_some() {
        for (name, value) in [(NOT_REFRACTORY, 1.0), (LAST_SPIKE, NEVER)] {
            if let Some(column) = object.layout.number(name) {
                state.column_mut(column).fill(value);
            }
        }
    }
    state
}

/// Gives the variables of groups their first values, those of a group after those of others that it is linked to and uses.
fn first_values(context: &Context<'_>, described: &[Neurons], states: &mut [State]) -> Result<(), NetworkError> {
    let mut waiting: Vec<(usize, Vec<usize>)> = Vec::with_capacity(described.len());
    for (number, described) in described.iter().enumerate() {
        let object = &context.objects[number];
        let path = format!("{}.initial", object.path);
        let used = used_names(object, &path, &described.initial)?;
        let remote = |(place, remote): (usize, &Remote)| {
            let name = &object.layout.columns()[object.own_columns() + place].name;
            used.contains(name).then_some(remote.object)
        };
        waiting.push((number, object.remotes.iter().enumerate().filter_map(remote).collect()));
    }
    while !waiting.is_empty() {
        let is_waiting: Vec<usize> = waiting.iter().map(|(number, _)| *number).collect();
        let (ready, later): (Vec<_>, Vec<_>) = std::mem::take(&mut waiting)
            .into_iter()
            .partition(|(_, uses)| uses.iter().all(|object| !is_waiting.contains(object)));
        if ready.is_empty() {
            let names: Vec<&str> = later.iter().map(|&(number, _)| context.objects[number].name.as_str()).collect();
            let problem = format!("first values of {} are made of each other", names.join(", "));
            return Err(NetworkError::new("neurons", NetworkProblem::Conflict(problem)));
        }
        for (number, _) in ready {
            let path = format!("{}.initial", context.objects[number].path);
            initialise(context, number, states, &path, &described[number].initial)?;
        }
        waiting = later;
    }
    Ok(())
}

/// The cables of all neurons with a form.
fn cables(context: &Context<'_>, states: &mut [State]) -> Result<Vec<SpatialObject>, NetworkError> {
    let mut all = Vec::new();
    for (&number, form) in &context.forms {
        if let Some(described) = context.model.spatial_neurons.get(&context.objects[number].name) {
            all.push(SpatialObject::new(context, number, form, described, states)?);
        }
    }
    Ok(all)
}
