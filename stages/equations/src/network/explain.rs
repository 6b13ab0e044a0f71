//! What a model means, without running it: what its equations become, who takes them, how large it is, and what happens
//! in which order in a step; or everything that is wrong with it.
//!
//! Nothing is allocated that a model only announces: 10^9 synapses are told, or refused, by an estimate.

mod checks;
mod connections;
mod groups;
mod integrator;
mod links;
mod page;
mod report;
mod runs;
mod spiking;
mod step;
mod stiffness;
mod synapses;

use std::collections::BTreeMap;
use std::sync::Arc;

use lapicque_numerics::random::StreamKey;

pub use report::{
    ConstantReport, EquationReport, EventReport, Explanation, GroupKind, GroupReport, InputReport, IntegratorReport,
    MemoryReport, MonitorReport, OperationReport, PathwayReport, RefusalReport, Remark, RunReport, SynapsesReport,
    TimeConstant, VariableReport,
};

use super::context::{Connections, Context, bounds, group_and_part};
use super::description::Model;
use super::error::{NetworkError, NetworkProblem};
use crate::language::block::Equations;
use crate::language::check::check_divisors;
use crate::language::equation::EquationKind;
use crate::language::parse_expression;
use crate::language::scope::{Callable, Meaning, Scope, Variable};
use checks::unknown;

/// Further problems are not listed.
const MOST_PROBLEMS: usize = 20;

/// What a model means.
///
/// `connections` are those of a table; without them, synapses of a table are not counted. Models whose state needs more
/// than `memory_limit_bytes` are refused.
///
/// # Errors
/// All that is wrong, up to 20 problems; at least one.
pub fn explain(
    model: &Model,
    connections: Option<&Connections>,
    memory_limit_bytes: Option<u64>,
) -> Result<Explanation, Vec<NetworkError>> {
    let key = StreamKey::new([0; 16]);
    let context = Context::new(model, &BTreeMap::new(), None, &key, connections).map_err(|error| vec![error])?;
    let mut survey = Survey::new(context);
    let constants = survey.constants();
    let groups = survey.groups();
    let synapses = survey.all_synapses();
    let inputs = survey.poisson_inputs();
    survey.links();
    let runs = survey.runs();
    let monitors = survey.monitors(&runs);
    let step = survey.step();
    let memory = report::memory(&groups, &synapses, &monitors);
    if let Some(limit) = memory_limit_bytes
        && !survey.is_full()
        && memory.total_bytes() > limit as f64
    {
        survey.errors.extend(too_large(&synapses, &memory, limit));
    }
    if survey.errors.is_empty() {
        let (time_step_s, remarks) = (survey.dt, survey.remarks);
        return Ok(Explanation {
            time_step_s,
            constants,
            groups,
            synapses,
            inputs,
            step,
            runs,
            monitors,
            memory,
            remarks,
        });
    }
    Err(survey.errors)
}

/// What needs the most.
fn too_large(synapses: &[SynapsesReport], memory: &MemoryReport, limit: u64) -> Option<NetworkError> {
    let largest = synapses.iter().max_by(|a, b| a.bytes.total_cmp(&b.bytes));
    let megabytes = |bytes: f64| bytes / 1e6;
    let (path, what) = match largest.filter(|largest| largest.bytes > 0.5 * memory.total_bytes()) {
        Some(largest) => (
            format!("synapses.{}.connect", largest.name),
            format!("about {:.3e} synapses and all else", largest.expected),
        ),
        None if memory.records_bytes > 0.5 * memory.total_bytes() => {
            ("monitors".to_owned(), "what monitors record and all else".to_owned())
        }
        None => ("neurons".to_owned(), "the variables of all groups".to_owned()),
    };
    let (needed_mb, allowed_mb) = (megabytes(memory.total_bytes()), megabytes(limit as f64));
    Some(NetworkError::new(path, NetworkProblem::Memory { what, needed_mb, allowed_mb }))
}

/// A model while it is gone through.
struct Survey<'a> {
    context: Context<'a>,
    model: &'a Model,
    /// Constants and arrays over time.
    outer: Arc<Scope>,
    /// The same for what is solved from event to event: no array is constant between events.
    between: Arc<Scope>,
    dt: f64,
    groups: BTreeMap<&'a str, Known>,
    synapses: BTreeMap<&'a str, Known>,
    errors: Vec<NetworkError>,
    remarks: Vec<Remark>,
    /// How many evaluations of conditions of pairs are left.
    evaluations: u64,
}

/// A group or synapses of which the equations are good.
struct Known {
    path: String,
    /// How many elements it has; of synapses none where that is not known before they are made.
    size: Option<u32>,
    /// How many are expected.
    expected: f64,
    equations: Equations,
    names: Scope,
    /// Whether it has spikes.
    spikes: bool,
    /// Other events.
    events: Vec<String>,
    dt: f64,
    order: i32,
}

impl Known {
    /// The variable of this name, of its equations or given to compartments, unless it is computed.
    fn kept(&self, name: &str) -> Option<Variable> {
        let meaning = match self.names.meaning(name) {
            Some(Meaning::Variable(variable)) => variable,
            _ => return None,
        };
        match self.equations.get(name) {
            Some(equation) => (equation.kind() != EquationKind::Subexpression).then_some(meaning),
            None => (self.is_given(name) && meaning.read_only.is_none()).then_some(meaning),
        }
    }

    /// Whether it is a variable that compartments have besides those of their equations.
    fn is_given(&self, name: &str) -> bool {
        self.path.starts_with("spatial_neurons.") && matches!(self.names.meaning(name), Some(Meaning::Variable(_)))
    }
}

impl<'a> Survey<'a> {
    fn new(context: Context<'a>) -> Self {
        let (model, dt) = (context.model, context.dt);
        let constants = context.constants.clone();
        let mut between = constants.clone();
        for name in model.timed_arrays.keys() {
            if let Some(Callable::TimedArray { dimension, per_element, .. }) = constants.callable(name).cloned() {
                between.add_callable(name, Callable::TimedArray { dimension, per_element, constant_over_step: false });
            }
        }
        Self {
            context,
            model,
            outer: Arc::new(constants),
            between: Arc::new(between),
            dt,
            groups: BTreeMap::new(),
            synapses: BTreeMap::new(),
            errors: Vec::new(),
            remarks: Vec::new(),
            evaluations: 4_000_000,
        }
    }

    /// Adds constants and arrays over time to what names mean for a clock of step `dt`.
    fn add_outer(&self, names: &mut Scope, dt: f64) {
        names.set_outer(Arc::clone(&self.outer));
        for array in self.context.arrays.iter().filter(|_| dt != self.dt) {
            if let Some(&Callable::TimedArray { dimension, per_element, .. }) = self.outer.callable(array.name()) {
                let constant_over_step = array.dt() >= dt;
                names.add_callable(array.name(), Callable::TimedArray { dimension, per_element, constant_over_step });
            }
        }
    }

    /// What there is, or a problem more.
    fn noted<T>(&mut self, result: Result<T, NetworkError>) -> Option<T> {
        match result {
            Ok(found) => Some(found),
            Err(error) => {
                if self.errors.len() < MOST_PROBLEMS {
                    self.errors.push(error);
                }
                None
            }
        }
    }

    /// Whether there is no use in looking for more problems.
    fn is_full(&self) -> bool {
        self.errors.len() >= MOST_PROBLEMS
    }

    fn remark(&mut self, path: &str, text: String) {
        self.remarks.push(Remark { path: path.to_owned(), text });
    }

    fn constants(&mut self) -> Vec<ConstantReport> {
        let mut reports = Vec::new();
        for (name, text) in &self.model.constants {
            if self.is_full() {
                break;
            }
            let outer = Arc::clone(&self.outer);
            // They were read already.
            if let Ok(parsed) = parse_expression(text.as_str()) {
                let divided = check_divisors(&parsed, &outer)
                    .map_err(|error| NetworkError::language(format!("constants.{name}"), error, text.as_str()));
                self.noted(divided);
            }
            if let Some(quantity) = outer.fixed(name) {
                let (value, unit) = (quantity.value, quantity.dimension.to_string());
                reports.push(ConstantReport { name: name.clone(), text: text.as_str().to_owned(), value, unit });
            }
        }
        reports
    }

    /// A group or a part of one: its name and the numbers of its elements.
    fn part(&self, path: &str, text: &str) -> Result<(&'a str, std::ops::Range<u32>), NetworkError> {
        let (name, part) = group_and_part(text);
        let Some((&name, known)) = self.groups.get_key_value(name) else {
            return Err(unknown(path, "group", name, self.groups.keys().copied()));
        };
        let (start, stop) = bounds(path, text, name, part, known.size.unwrap_or(u32::MAX))?;
        Ok((name, start..stop))
    }

    /// Whether a group is there but was refused already, so that what refers to it needs no message of its own.
    fn is_refused(&self, text: &str) -> bool {
        let (name, _) = group_and_part(text);
        let model = self.model;
        let described = model.neurons.contains_key(name)
            || model.spatial_neurons.contains_key(name)
            || model.poisson.contains_key(name)
            || model.spike_generators.contains_key(name)
            || model.synapses.contains_key(name);
        described && !self.groups.contains_key(name) && !self.synapses.contains_key(name)
    }
}
