//! Numbers of a model that can be set from outside, by path, and the times that it runs for.
//!
//! | path | what it sets |
//! |---|---|
//! | `constants.NAME` | a constant |
//! | `duration`, `runs.NUMBER.duration` | how long it runs |
//! | `neurons.G.size`, `poisson.P.size` | how many elements there are |
//! | `neurons.G.refractory` | where it is given, the time for which a neuron is refractory |
//! | `neurons.G.initial.V`, `synapses.S.initial.V` | the value of a variable before the first step |
//! | `spatial_neurons.G.initial.V`, `.size`, `.refractory`, `.capacitance`, `.resistivity` | the same of neurons with a form, and of their membrane |
//! | `poisson.P.rates` | the rate of all its processes |
//! | `synapses.S.delay`, `synapses.S.post_delay`, `synapses.S.pathways.P.delay` | the delay of all synapses |
//! | `synapses.S.connect.NUMBER.p`, `synapses.S.connect.NUMBER.n` | with which probability pairs are connected; where it is given, how often |
//! | `poisson_inputs.I.processes`, `.rate`, `.weight` | how many processes there are, their rate, what an event adds |

use std::collections::BTreeMap;

use super::context::{constants, fixed, positive_time};
use super::description::{Initial, Model, Neurons, SpatialNeurons, Synapses, Text};
use super::error::NetworkError;
use crate::language::block::Equations;
use crate::language::check::fixed_value;
use crate::language::equation::{EquationKind, Flag, Values};
use crate::language::scope::Scope;
use crate::language::{parse_expression, replace_names};
use crate::units::Dimension;

/// Of a membrane by area.
const CAPACITANCE: Dimension = Dimension::whole([-4, -1, 4, 2, 0, 0, 0]);
const RESISTIVITY: Dimension = Dimension::whole([3, 1, -3, -2, 0, 0, 0]);

/// A number of a model that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelValue {
    /// Where it stands, `neurons.G.initial.v`.
    pub path: String,
    /// What it measures.
    pub dimension: Dimension,
    /// What it is now, in SI units; none where it is no single number.
    pub value: Option<f64>,
    /// Whether it is a whole number from 0 on.
    pub is_count: bool,
}

/// The step of a model and the latest time that it comes to, in s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// The step of clocks that have no other.
    pub time_step: f64,
    /// The latest time.
    pub end: f64,
}

/// All numbers of a model that can be set. What cannot be read has none: building the model says why.
pub fn model_values(model: &Model) -> Vec<ModelValue> {
    let known = constants(&model.constants, &BTreeMap::new()).unwrap_or_default();
    let quantity = |path: String, text: Option<&Text>, dimension: Dimension| ModelValue {
        path,
        dimension,
        value: text.and_then(|text| number(text, dimension, &known)),
        is_count: false,
    };
    let count = |path: String, value: u32| ModelValue {
        path,
        dimension: Dimension::NONE,
        value: Some(f64::from(value)),
        is_count: true,
    };
    let of_initial = |path: String, initial: Option<&Initial>, dimension: Dimension| match initial {
        Some(Initial::Expression(text)) => quantity(path, Some(text), dimension),
        Some(_) => quantity(path, None, dimension),
        None => ModelValue { path, dimension, value: Some(0.0), is_count: false },
    };
    let initial = |path: &str, variables: &[(String, Dimension)], given: &BTreeMap<String, Initial>| {
        let value = |(name, dimension): &(String, Dimension)| {
            of_initial(format!("{path}.initial.{name}"), given.get(name), *dimension)
        };
        variables.iter().map(value).collect::<Vec<_>>()
    };

    let mut values = Vec::new();
    for name in model.constants.keys() {
        if let Some(constant) = known.fixed(name) {
            let (dimension, value) = (constant.dimension, Some(constant.value));
            values.push(ModelValue { path: format!("constants.{name}"), dimension, value, is_count: false });
        }
    }
    if model.duration.is_some() {
        values.push(quantity("duration".to_owned(), model.duration.as_ref(), Dimension::SECOND));
    }
    for (number, run) in model.runs.iter().enumerate() {
        if run.duration.is_some() {
            values.push(quantity(format!("runs.{number}.duration"), run.duration.as_ref(), Dimension::SECOND));
        }
    }
    for (name, group) in &model.neurons {
        let path = format!("neurons.{name}");
        values.push(count(format!("{path}.size"), group.size));
        if group.refractory.is_some() {
            values.push(quantity(format!("{path}.refractory"), group.refractory.as_ref(), Dimension::SECOND));
        }
        values.extend(initial(&path, &variables(&group.equations, &group.replace), &group.initial));
    }
    for (name, group) in &model.spatial_neurons {
        let path = format!("spatial_neurons.{name}");
        values.push(count(format!("{path}.size"), group.size));
        values.push(of_initial(format!("{path}.capacitance"), Some(&group.capacitance), CAPACITANCE));
        values.push(quantity(format!("{path}.resistivity"), Some(&group.resistivity), RESISTIVITY));
        if group.refractory.is_some() {
            values.push(quantity(format!("{path}.refractory"), group.refractory.as_ref(), Dimension::SECOND));
        }
        let potential = ("v".to_owned(), Dimension::VOLT);
        let mut own = variables(&group.equations, &group.replace);
        own.insert(0, potential);
        values.extend(initial(&path, &own, &group.initial));
    }
    for (name, group) in &model.poisson {
        values.push(count(format!("poisson.{name}.size"), group.size));
        values.push(of_initial(format!("poisson.{name}.rates"), Some(&group.rates), Dimension::HERTZ));
    }
    for (name, synapses) in &model.synapses {
        let path = format!("synapses.{name}");
        values.extend(initial(&path, &variables(&synapses.equations, &synapses.replace), &synapses.initial));
        let delay = |path: String, given: Option<&Initial>| of_initial(path, given, Dimension::SECOND);
        if synapses.on_pre.is_some() {
            values.push(delay(format!("{path}.delay"), synapses.delay.as_ref()));
        }
        if synapses.on_post.is_some() {
            values.push(delay(format!("{path}.post_delay"), synapses.post_delay.as_ref()));
        }
        for (name, pathway) in &synapses.pathways {
            values.push(delay(format!("{path}.pathways.{name}.delay"), pathway.delay.as_ref()));
        }
        for (number, connect) in synapses.connect.iter().enumerate() {
            let one = Text::new("1");
            let p = Some(connect.p.as_ref().unwrap_or(&one));
            values.push(quantity(format!("{path}.connect.{number}.p"), p, Dimension::NONE));
            if connect.n.is_some() {
                values.push(quantity(format!("{path}.connect.{number}.n"), connect.n.as_ref(), Dimension::NONE));
            }
        }
    }
    for (name, input) in &model.poisson_inputs {
        let path = format!("poisson_inputs.{name}");
        values.push(count(format!("{path}.processes"), input.processes));
        values.push(quantity(format!("{path}.rate"), Some(&input.rate), Dimension::HERTZ));
        let group = input.target.split('[').next().unwrap_or_default().trim();
        let of_group = model.neurons.get(group).map(|group| variables(&group.equations, &group.replace));
        let variable = of_group.into_iter().flatten().find(|(name, _)| *name == input.variable);
        if let Some((_, dimension)) = variable {
            values.push(quantity(format!("{path}.weight"), Some(&input.weight), dimension));
        }
    }
    values
}

/// Sets the number at a path of [`model_values`]: an expression, and where it is a count, a whole number. Says whether it
/// did.
pub fn set_model_value(model: &mut Model, path: &str, value: &Text) -> bool {
    let (section, rest) = path.split_once('.').unwrap_or((path, ""));
    let parts: Vec<&str> = rest.split('.').collect();
    match (section, parts.as_slice()) {
        ("constants", [name]) => replaced(model.constants.get_mut(*name), value.clone()),
        ("duration", [""]) => replaced(model.duration.as_mut(), value.clone()),
        ("runs", [number, "duration"]) => {
            let run = number.parse::<usize>().ok().and_then(|number| model.runs.get_mut(number));
            replaced(run.and_then(|run| run.duration.as_mut()), value.clone())
        }
        ("neurons", [name, rest @ ..]) => match model.neurons.get_mut(*name) {
            Some(group) => set_of_neurons(group, rest, value),
            None => false,
        },
        ("spatial_neurons", [name, rest @ ..]) => match model.spatial_neurons.get_mut(*name) {
            Some(group) => set_of_spatial(group, rest, value),
            None => false,
        },
        ("poisson", [name, "size"]) => counted(model.poisson.get_mut(*name).map(|group| &mut group.size), value),
        ("poisson", [name, "rates"]) => {
            let rates = model.poisson.get_mut(*name).map(|group| &mut group.rates);
            replaced(rates, Initial::Expression(value.clone()))
        }
        ("synapses", [name, rest @ ..]) => match model.synapses.get_mut(*name) {
            Some(synapses) => set_of_synapses(synapses, rest, value),
            None => false,
        },
        ("poisson_inputs", [name, field]) => {
            let input = model.poisson_inputs.get_mut(*name);
            match *field {
                "processes" => counted(input.map(|input| &mut input.processes), value),
                "rate" => replaced(input.map(|input| &mut input.rate), value.clone()),
                "weight" => replaced(input.map(|input| &mut input.weight), value.clone()),
                _ => false,
            }
        }
        _ => false,
    }
}

/// The step of a model and the latest time that its runs come to.
///
/// # Errors
/// Constants, steps and durations that are no such numbers.
pub fn model_times(model: &Model) -> Result<Times, NetworkError> {
    let none = BTreeMap::new();
    let known = constants(&model.constants, &none)?;
    let time_step = positive_time("time_step", &model.time_step, &known)?;
    let lasting = |path: &str, text: &Text, known: &Scope| fixed(path, text, Dimension::SECOND, "the time", known);
    let mut end = match &model.duration {
        Some(duration) => lasting("duration", duration, &known)?,
        None => 0.0,
    };
    let mut time: f64 = 0.0;
    let mut stored: BTreeMap<&str, f64> = BTreeMap::new();
    let mut changed = none;
    for (number, run) in model.runs.iter().enumerate() {
        changed.extend(run.constants.iter().map(|(name, text)| (name.clone(), text.clone())));
        if let Some(back) = run.restore.as_deref().and_then(|name| stored.get(name)) {
            time = *back;
        }
        if let Some(duration) = &run.duration {
            let known = constants(&model.constants, &changed)?;
            time += lasting(&format!("runs.{number}.duration"), duration, &known)?;
        }
        end = end.max(time);
        stored.extend(run.store.as_deref().map(|name| (name, time)));
    }
    Ok(Times { time_step, end })
}

/// The steps of the clocks of groups, by name, and the step of the model for those that have no other.
///
/// # Errors
/// Steps that are no times above 0.
pub fn group_steps(model: &Model) -> Result<BTreeMap<String, f64>, NetworkError> {
    let known = constants(&model.constants, &BTreeMap::new())?;
    let neurons = model.neurons.iter().map(|(name, group)| ("neurons", name, &group.time_step));
    let poisson = model.poisson.iter().map(|(name, group)| ("poisson", name, &group.time_step));
    let generators = model.spike_generators.iter().map(|(name, group)| ("spike_generators", name, &group.time_step));
    let synapses = model.synapses.iter().map(|(name, synapses)| ("synapses", name, &synapses.time_step));
    let spatial = model.spatial_neurons.iter().map(|(name, group)| ("spatial_neurons", name, &group.time_step));
    let groups = neurons.chain(spatial).chain(poisson).chain(generators).chain(synapses);
    let step = |(section, name, own): (&str, &String, &Option<Text>)| {
        let step = match own {
            Some(own) => positive_time(&format!("{section}.{name}.time_step"), own, &known),
            None => positive_time("time_step", &model.time_step, &known),
        };
        step.map(|step| (name.clone(), step))
    };
    groups.map(step).collect()
}

fn set_of_neurons(group: &mut Neurons, path: &[&str], value: &Text) -> bool {
    match path {
        ["size"] => counted(Some(&mut group.size), value),
        ["refractory"] => replaced(group.refractory.as_mut(), value.clone()),
        ["initial", name] => {
            group.initial.insert((*name).to_owned(), Initial::Expression(value.clone()));
            true
        }
        _ => false,
    }
}

fn set_of_spatial(group: &mut SpatialNeurons, path: &[&str], value: &Text) -> bool {
    match path {
        ["size"] => counted(Some(&mut group.size), value),
        ["capacitance"] => replaced(Some(&mut group.capacitance), Initial::Expression(value.clone())),
        ["resistivity"] => replaced(Some(&mut group.resistivity), value.clone()),
        ["refractory"] => replaced(group.refractory.as_mut(), value.clone()),
        ["initial", name] => {
            group.initial.insert((*name).to_owned(), Initial::Expression(value.clone()));
            true
        }
        _ => false,
    }
}

fn set_of_synapses(synapses: &mut Synapses, path: &[&str], value: &Text) -> bool {
    let initial = Initial::Expression(value.clone());
    match path {
        ["initial", name] => {
            synapses.initial.insert((*name).to_owned(), initial);
            true
        }
        ["delay"] => replaced(Some(&mut synapses.delay), Some(initial)),
        ["post_delay"] => replaced(Some(&mut synapses.post_delay), Some(initial)),
        ["pathways", name, "delay"] => {
            replaced(synapses.pathways.get_mut(*name).map(|pathway| &mut pathway.delay), Some(initial))
        }
        ["connect", number, field] => {
            let connect = number.parse::<usize>().ok().and_then(|number| synapses.connect.get_mut(number));
            match *field {
                "p" => replaced(connect.map(|connect| &mut connect.p), Some(value.clone())),
                "n" => replaced(connect.and_then(|connect| connect.n.as_mut()), value.clone()),
                _ => false,
            }
        }
        _ => false,
    }
}

fn replaced<T>(place: Option<&mut T>, value: T) -> bool {
    let is_there = place.is_some();
    if let Some(place) = place {
        *place = value;
    }
    is_there
}

fn counted(place: Option<&mut u32>, value: &Text) -> bool {
    match value.as_str().parse() {
        Ok(count) => replaced(place, count),
        Err(_) => false,
    }
}

/// The number of an expression, where it is one that measures this.
fn number(text: &Text, dimension: Dimension, known: &Scope) -> Option<f64> {
    let quantity = fixed_value(&parse_expression(text.as_str()).ok()?, known).ok()?;
    (quantity.dimension == dimension).then_some(quantity.value)
}

/// The variables of equations that have a number before the first step, with what they measure.
fn variables(equations: &str, replace: &BTreeMap<String, Text>) -> Vec<(String, Dimension)> {
    let replacements: Vec<(&str, &str)> = replace.iter().map(|(name, by)| (name.as_str(), by.as_str())).collect();
    let read = replace_names(equations, &replacements).and_then(|text| Equations::parse(&text));
    let equations = read.map(|read| read.equations().to_vec()).unwrap_or_default();
    let has_number = |equation: &&crate::language::equation::Equation| {
        equation.kind() != EquationKind::Subexpression
            && equation.values != Values::Boolean
            && !equation.has(Flag::Linked)
    };
    equations.iter().filter(has_number).map(|equation| (equation.name.clone(), equation.dimension)).collect()
}
