//! Synapses as objects: their variables, what they see of neurons, and all that they compute.
//!
//! | in a step | what |
//! |---|---|
//! | before_start | subexpressions that are constant over the step |
//! | groups, before the neurons of the target | summed variables: 0, then what each synapse adds, in their order |
//! | groups | clock-driven equations |
//! | synapses, or where the model says | pathways |
//! | where the model says | statements at regular times |
//!
//! `i` and `j` are numbers within the parts of groups that are connected, `N_pre` and `N_post` the sizes of these parts,
//! `N_outgoing` and `N_incoming` how many of these synapses the presynaptic and the postsynaptic neuron have,
//! `delay` is that of the pathway `pre`. Event-driven variables are solved from `lastupdate` to the event before the code of
//! any pathway, and `lastupdate` is the time of the event afterwards.

pub(crate) mod event_driven;
mod plan;
pub(crate) mod sides;
mod texts;

use std::sync::Arc;

use super::connect::Pairs;
use super::context::{Context, Members};
use super::delivery::{Amount, Built, Effect, Sum};
use super::description::Synapses;
use super::error::{NetworkError, NetworkProblem};
use super::object::{Code, Object};
use super::pathway::{DELAY, Pathway, delays};
use super::queue::Delays;
use crate::engine::{Bindings, EngineError, Graph, Layout, Scope as EngineScope, State, Write};
use crate::integrators::step;
use crate::language::equation::Flag;
use crate::language::scope::Side;
use plan::{COUNTS, PRE, Plan};
use sides::Sides;

/// Synapses with all that they compute.
#[derive(Clone, Debug)]
pub(crate) struct SynapticObject {
    /// Their number among all objects.
    pub number: usize,
    /// Both sides.
    pub sides: Sides,
    /// Subexpressions that are kept for a step, in the slot before_start.
    pub constant_over_dt: Option<Code>,
    /// Clock-driven equations, in the slot groups at the order of the description.
    pub update: Option<Code>,
    /// Summed variables.
    pub summed: Vec<Summed>,
    /// Pathways in the order of their names.
    pub pathways: Vec<Pathway>,
    /// Statements at regular times, as `run_regularly` of the description has them.
    pub regular: Vec<Regular>,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// What all synapses add to a variable of neurons, instead of its value.
#[derive(Clone, Debug)]
pub(crate) struct Summed {
    /// Its name: `S_x_post`.
    pub name: String,
    /// Its place in the slot groups: one before the neurons.
    pub order: i32,
    /// Whose variable it is; it has their clock.
    pub members: Members,
    synapses: u32,
    code: Code,
    sum: Sum,
}

impl Summed {
    /// Sums up.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(crate) fn run(&mut self, states: &mut [State], step: u64) -> Result<(), EngineError> {
        self.code.run(states, step)?;
        let column = states[self.members.object].column_mut(self.sum.column);
        if let Some(part) = column.get_mut(self.members.start as usize..self.members.stop as usize) {
            part.fill(0.0);
        }
        self.sum.add(states, 0..self.synapses);
        Ok(())
    }
}

/// Statements for all synapses, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Regular {
    effect: Effect,
    synapses: Arc<[u32]>,
}

impl Regular {
    /// Runs them.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(crate) fn run(&mut self, states: &mut [State], step: u64) -> Result<(), EngineError> {
        self.effect.run(states, step, &self.synapses)
    }
}

/// The groups, or parts of them, that synapses connect. What can be wrong without any pair is said here, as making pairs may
/// take long.
///
/// # Errors
/// What is wrong with the description.
pub(crate) fn members(
    context: &Context<'_>,
    name: &str,
    described: &Synapses,
) -> Result<(Members, Members), NetworkError> {
    let (source, target) = plan::members(context, name, described)?;
    let none: Arc<[u32]> = Arc::new([]);
    Plan::new(context, name, described, &Sides { source, target, pre: none.clone(), post: none })?;
    Ok((source, target))
}

/// Makes the object of synapses between these pairs and its state. Weights that come with the pairs are not set.
///
/// # Errors
/// What is wrong with the description.
pub(crate) fn assemble(
    context: &mut Context<'_>,
    name: &str,
    described: &Synapses,
    states: &mut Vec<State>,
    pairs: &Pairs,
) -> Result<SynapticObject, NetworkError> {
    let (source, target) = plan::members(context, name, described)?;
    let whole = |of: &[u32], members: Members| of.iter().map(|neuron| neuron + members.start).collect::<Arc<[u32]>>();
    let sides = Sides { source, target, pre: whole(&pairs.i, source), post: whole(&pairs.j, target) };
    let plan = Plan::new(context, name, described, &sides)?;
    let object = plan.object(pairs.i.len())?;
    let number = context.objects.len();
    let mut state = State::new(&object.layout);
    let as_numbers = |numbers: &[u32]| numbers.iter().map(|&number| f64::from(number)).collect::<Vec<f64>>();
    let mut given = vec![
        ("i", as_numbers(&pairs.i)),
        ("j", as_numbers(&pairs.j)),
        ("N_pre", vec![f64::from(source.size())]),
        ("N_post", vec![f64::from(target.size())]),
    ];
    given.extend(described.multisynaptic_index.iter().map(|name| (name.as_str(), as_numbers(&pairs.copy))));
    given.extend(COUNTS.into_iter().zip([counts(&pairs.i, source), counts(&pairs.j, target)]));
    for (name, values) in given {
        if let Some(column) = object.layout.number(name) {
            *state.whole_column_mut(column) = values;
        }
    }
    context.by_name.insert(name.to_owned(), number);
    context.objects.push(object);
    states.push(state);

    let described_pathways = super::pathway::described(&plan.path, described)?;
    let mut compiled = Compiled::new(context, &plan, number, &sides)?;
    let mut pathways = Vec::with_capacity(described_pathways.len());
    for (pathway, effect) in described_pathways.iter().zip(compiled.pathways.drain(..)) {
        let delays = delays(context, number, states, &pathway.delay)?;
        if let Some(column) = context.objects[number].layout.number(DELAY).filter(|_| pathway.name == PRE) {
            match &delays {
                Delays::Same(delay) => states[number].column_mut(column).fill(*delay),
                Delays::Each(delays) => states[number].column_mut(column).copy_from_slice(delays),
            }
        }
        let neurons = if pathway.side == Side::Presynaptic { &pairs.i } else { &pairs.j };
        let dt = context.objects[sides.members(pathway.side).object].dt;
        pathways.push(Pathway::new(format!("{name}_{}", pathway.name), pathway, &sides, neurons, delays, dt, effect)?);
    }
    let Compiled { constant_over_dt, update, summed, regular, .. } = compiled;
    Ok(SynapticObject { number, sides, constant_over_dt, update, summed, pathways, regular, notes: plan.notes })
}

/// For each synapse how many there are with the same neuron.
fn counts(neurons: &[u32], members: Members) -> Vec<f64> {
    let mut counts = vec![0_u32; members.size() as usize];
    neurons.iter().for_each(|&neuron| counts[neuron as usize] += 1);
    neurons.iter().map(|&neuron| f64::from(counts[neuron as usize])).collect()
}

impl SynapticObject {
    /// Compiles everything anew, after constants or steps of clocks have changed. Variables and events on their way stay.
    ///
    /// # Errors
    /// What does not fit the new constants.
    pub(crate) fn renew(&mut self, context: &mut Context<'_>, described: &Synapses) -> Result<(), NetworkError> {
        let old = &context.objects[self.number];
        let (name, path) = (old.name.clone(), old.path.clone());
        let plan = Plan::new(context, &name, described, &self.sides)?;
        let object = plan.object(old.layout.elements())?;
        if object.layout != old.layout {
            let problem = "the new constants give these synapses other variables".to_owned();
            return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
        }
        context.objects[self.number] = object;
        let compiled = Compiled::new(context, &plan, self.number, &self.sides)?;
        let described_pathways = super::pathway::described(&path, described)?;
        for ((own, pathway), effect) in self.pathways.iter_mut().zip(&described_pathways).zip(compiled.pathways) {
            let members = self.sides.members(pathway.side);
            let elements = self.sides.elements(pathway.side);
            let neurons: Vec<u32> = elements.iter().map(|neuron| neuron - members.start).collect();
            own.renew(pathway, &neurons, context.objects[members.object].dt, effect)?;
        }
        self.constant_over_dt = compiled.constant_over_dt;
        self.update = compiled.update;
        self.summed = compiled.summed;
        self.regular = compiled.regular;
        self.notes = plan.notes;
        Ok(())
    }
}

/// All programs of synapses.
struct Compiled {
    constant_over_dt: Option<Code>,
    update: Option<Code>,
    summed: Vec<Summed>,
    pathways: Vec<Effect>,
    regular: Vec<Regular>,
}

impl Compiled {
    fn new(context: &Context<'_>, plan: &Plan, number: usize, sides: &Sides) -> Result<Self, NetworkError> {
        let object = &context.objects[number];
        let built = |dt: f64| Built { context, object, number, sides, neighbours: &plan.neighbours, dt };
        let mut pathways = Vec::with_capacity(plan.pathways.len());
        for (path, side, coded) in &plan.pathways {
            let dt = context.objects[sides.members(*side).object].dt;
            pathways.push(coded.build(&built(dt), path).map_err(|error| NetworkError::new(path, error))?);
        }
        let everyone: Arc<[u32]> = match plan.regular.is_empty() {
            true => Arc::new([]),
            false => (0..object.layout.elements() as u32).collect(),
        };
        let mut regular = Vec::with_capacity(plan.regular.len());
        for (path, coded) in &plan.regular {
            let effect = coded.build(&built(object.dt), path).map_err(|error| NetworkError::new(path, error))?;
            regular.push(Regular { effect, synapses: everyone.clone() });
        }
        Ok(Self {
            constant_over_dt: constant_over_dt(context, object, number)?,
            update: update(context, plan, object, number)?,
            summed: summed(context, plan, &built(object.dt))?,
            pathways,
            regular,
        })
    }
}

fn constant_over_dt(context: &Context<'_>, object: &Object, number: usize) -> Result<Option<Code>, NetworkError> {
    let path = format!("{}.equations", object.path);
    let scope = object.scope(&context.arrays);
    let mut graph = Graph::new(&scope);
    let mut writes: Vec<Write> = Vec::new();
    for (equation, expression) in object.equations.subexpressions() {
        let Some(column) = object.layout.number(&equation.name).filter(|_| equation.has(Flag::ConstantOverDt)) else {
            continue;
        };
        let located = |error| NetworkError::language(&path, error, object.equations.source());
        let engine = |error: EngineError| NetworkError::new(&path, error);
        let inlined = object.inline(expression).map_err(located)?;
        let value = graph.expression(&inlined, &Bindings::new(), equation.has(Flag::Shared)).map_err(engine)?;
        let write = graph.write(column, value).map_err(engine)?;
        graph.follow(write);
        writes.push(write);
    }
    let key = context.key.derive(&format!("{}.constant over dt", object.path));
    Ok((!writes.is_empty()).then(|| Code::new(object, number, &graph, &writes, &key)))
}

fn update(context: &Context<'_>, plan: &Plan, object: &Object, number: usize) -> Result<Option<Code>, NetworkError> {
    let Some((integrator, system)) = &plan.clock_driven else { return Ok(None) };
    let scope = object.scope(&context.arrays);
    let mut graph = Graph::new(&scope);
    let writes = step(&mut graph, system, &object.names, *integrator);
    let writes = writes.map_err(|error| NetworkError::new(format!("{}.equations", object.path), error))?;
    let key = context.key.derive(&format!("{}.update", object.path));
    Ok(Some(Code::new(object, number, &graph, &writes, &key)))
}

fn summed(context: &Context<'_>, plan: &Plan, built: &Built<'_>) -> Result<Vec<Summed>, NetworkError> {
    let object = built.object;
    let path = format!("{}.equations", object.path);
    let engine = |error: EngineError| NetworkError::new(&path, error);
    let mut all = Vec::new();
    for (target, side, expression) in &plan.summed {
        let members = built.sides.members(*side);
        let group = &context.objects[members.object];
        let order = context.model.neurons.get(&group.name).map(|neurons| neurons.order);
        let order = order.or_else(|| context.model.spatial_neurons.get(&group.name).map(|neurons| neurons.order));
        let scope = EngineScope { layout: &object.layout, names: &object.names, arrays: &context.arrays, dt: group.dt };
        let mut graph = Graph::new(&scope);
        let column = built.column(target).map_err(engine)?;
        let value = graph.expression(expression, &Bindings::new(), false).map_err(engine)?;
        let key = context.key.derive(&format!("{}.summed {target}", object.path));
        all.push(Summed {
            name: format!("{}_{target}", object.name),
            order: order.unwrap_or(0) - 1,
            members,
            synapses: object.layout.elements() as u32,
            code: Code::apart(object, built.number, &graph, &[Write { column, value }], &key, &[column]),
            sum: built.sum(target, Amount::Column(column)).map_err(engine)?,
        });
    }
    Ok(all)
}

impl Plan {
    /// The object of `synapses` synapses.
    fn object(&self, synapses: usize) -> Result<Object, NetworkError> {
        let seen: Vec<_> = self.used.iter().filter_map(|name| self.neighbours.seen.get(name)).collect();
        let columns = self.own.iter().cloned().chain(seen.iter().map(|seen| seen.column.clone())).collect();
        let layout = Layout::new(synapses, columns).map_err(|error| NetworkError::new(&self.path, error))?;
        Ok(Object {
            name: self.name.clone(),
            path: self.path.clone(),
            equations: self.equations.clone(),
            names: self.names.clone(),
            layout,
            remotes: seen.into_iter().map(|seen| seen.remote.clone()).collect(),
            remote_subexpressions: self.neighbours.subexpressions.clone(),
            dt: self.dt,
        })
    }
}

#[cfg(test)]
mod tests;
