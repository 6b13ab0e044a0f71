//! From settings to the engine's arrays; all that is refused is refused here.

use lapicque_numerics::random::StreamKey;

use super::coupling::Links;
use super::engine::{Engine, Lane, Scratch};
use super::setting::{Initial, Input, Set, Settings, SimulationError, Values};
use crate::network::{AHEAD, MEMORY_LIMIT_BYTES, Network};
use crate::noise::Normals;
use crate::{Description, Lanes, Model, Real, StateSpec, WIDTH};

type Refused = SimulationError;

/// What first values are drawn for.
pub(crate) const INITIAL: &str = "initial";

pub(super) fn prepare<'a, M: Model>(
    model: &M,
    network: &'a Network,
    sets: &'a [Set],
    settings: &'a Settings,
    steps: u64,
    first_set: usize,
) -> Result<Engine<'a>, Refused> {
    let description = model.description();
    let (nodes, dt) = (network.nodes(), settings.time_step_ms);
    if !(dt.is_finite() && dt > 0.0) {
        return Err(Refused::TimeStep(dt));
    }
    let step = first_step(&sets[0]);
    for set in sets {
        check(&description, nodes, set, step, steps)?;
        if first_step(set) != step {
            return Err(Refused::Steps(step, first_step(set)));
        }
    }
    check_record(&description, settings, step)?;
    let side_by_side = sets.len() > 1;
    let blocks = if side_by_side { nodes } else { nodes.div_ceil(WIDTH) };
    let lane = |block: usize, lane: usize| {
        if side_by_side {
            Lane { set: lane.min(sets.len() - 1), node: block, real: lane < sets.len() }
        } else {
            let node = block * WIDTH + lane;
            Lane { set: 0, node: node.min(nodes - 1), real: node < nodes }
        }
    };
    let lanes: Vec<Lane> = (0..blocks * WIDTH).map(|k| lane(k / WIDTH, k % WIDTH)).collect();
    let place = |name: &str| description.parameters.iter().position(|p| p.name == name);
    let [tau, sigma] = [place("tau_ou"), place("sigma_ou")];
    let own_delays: Vec<usize> = lanes
        .iter()
        .flat_map(|lane| {
            description
                .delayed
                .iter()
                .map(|&(_, p)| (value(&sets[lane.set].parameters[p], lane.node) / dt).round_ties_even() as usize)
        })
        .collect();
    let kept = own_delays.iter().copied().max().unwrap_or(0).max(network.longest_delay()).saturating_add(1);
    let width = if side_by_side { WIDTH } else { 1 };
    let capacity = kept.saturating_add(kept.max(64));
    let bytes = capacity as f64 * (nodes * description.sources * width * 8) as f64;
    if bytes > MEMORY_LIMIT_BYTES as f64 {
        let limit = MEMORY_LIMIT_BYTES as f64 / 1e9;
        return Err(Refused::TooLarge { nodes, steps: kept as u64 - 1, gigabytes: bytes / 1e9, limit });
    }
    let count = description.delayed.len();
    let offset = |block: usize, k: usize, l: usize| {
        let (lane, delay) = (lanes[block * WIDTH + l], own_delays[(block * WIDTH + l) * count + k]);
        let row = description.delayed[k].0 * nodes + lane.node;
        (row * capacity + kept - 1 - delay) * width + if side_by_side { l } else { 0 }
    };
    let own_offsets = (0..blocks * count).map(|n| std::array::from_fn(|l| offset(n / count, n % count, l))).collect();
    let changes = |set: &Set| set.inputs.iter().any(|i| matches!(i, Input::OverTime(_) | Input::PerNodeOverTime(_)));
    let zeros = |per_block: usize| vec![Lanes::of(0.0); blocks * per_block];
    let mut engine = Engine {
        network,
        sets,
        settings,
        first_set,
        side_by_side,
        blocks,
        step,
        derived: zeros(description.derived),
        states: zeros(description.states.len()),
        algebraic: zeros(description.algebraic.len()),
        noise: zeros(description.noise.len()),
        noise_means: zeros(description.noise.len()),
        noise_factors: vec![[Lanes::of(0.0); 2]; blocks],
        weight_sums: zeros(1),
        inputs: zeros(description.inputs.len()),
        coupling: zeros(description.couplings.len()),
        links: Links::new(network, &description.couplings, side_by_side, capacity, kept - 1),
        ahead: zeros(AHEAD * description.couplings.len()),
        ahead_left: 0,
        normals: Vec::new(),
        noisy: false,
        inputs_change: sets.iter().any(changes),
        own_delays,
        own_offsets,
        kept,
        capacity,
        now: kept - 1,
        width,
        history: vec![0.0; capacity * nodes * description.sources * width],
        failures: vec![None; sets.len()],
        records: Vec::new(),
        recorded: 0,
        first_record: 0,
        sums: zeros(settings.record.outputs.len()),
        scratch: Scratch::new(&description, blocks),
        lanes,
        description,
    };
    let mut parameters = vec![0.0; engine.description.parameters.len()];
    let mut derived = vec![0.0; engine.description.derived];
    for k in 0..engine.lanes.len() {
        let (block, l, Lane { set, node, real }) = (k / WIDTH, k % WIDTH, engine.lanes[k]);
        let of = &sets[set];
        for (parameter, values) in parameters.iter_mut().zip(&of.parameters) {
            *parameter = value(values, node);
        }
        model.derive(&parameters, &mut derived);
        put(&mut engine.derived, block, l, derived.iter().copied());
        let means: Vec<f64> = engine.description.noise.iter().map(|&p| parameters[p]).collect();
        put(&mut engine.noise_means, block, l, means.iter().copied());
        if let (Some(tau), Some(sigma)) = (tau, sigma) {
            let factors = settings.noise.factors(parameters[tau], parameters[sigma], dt);
            engine.noise_factors[block][0].0[l] = factors[0];
            engine.noise_factors[block][1].0[l] = factors[1];
            engine.noisy |= factors[1] != 0.0 && !means.is_empty();
        }
        engine.noisy |= !engine.description.white_noise.is_empty();
        engine.weight_sums[block].0[l] = if real { network.weight_sum(node) } else { 0.0 };
        let (states, algebraic) = (engine.description.states.len(), engine.description.algebraic.len());
        let first = first_values(&engine.description, &of.initial, nodes, node, &means);
        put(&mut engine.states, block, l, first[..states].iter().copied());
        put(&mut engine.algebraic, block, l, first[states..states + algebraic].iter().copied());
        put(&mut engine.noise, block, l, first[states + algebraic..].iter().copied());
    }
    engine.fill_history(model);
    Ok(engine)
}

fn put(lanes: &mut [Lanes], block: usize, lane: usize, values: impl ExactSizeIterator<Item = f64>) {
    let count = values.len();
    for (k, value) in values.enumerate() {
        lanes[block * count + k].0[lane] = value;
    }
}

fn first_step(set: &Set) -> u64 {
    match &set.initial {
        Initial::Continued(state) => state.step,
        Initial::Drawn(_) | Initial::Given(_) => 0,
    }
}

/// States, algebraic values and noise of one node.
fn first_values(description: &Description, initial: &Initial, nodes: usize, node: usize, means: &[f64]) -> Vec<f64> {
    match initial {
        Initial::Drawn(key) => {
            let key = key.derive(INITIAL);
            let specs = description.states.iter().chain(&description.algebraic).enumerate();
            let drawn = specs.map(|(place, spec)| drawn(key, place, node, spec));
            drawn.chain(means.iter().copied()).collect()
        }
        Initial::Given(start) => {
            let given = start.states.iter().chain(&start.algebraic).map(|v| value(v, node));
            match &start.noise {
                None => given.chain(means.iter().copied()).collect(),
                Some(noise) => given.chain(noise.iter().map(|v| value(v, node))).collect(),
            }
        }
        Initial::Continued(state) => [&state.states, &state.algebraic, &state.noise]
            .into_iter()
            .flat_map(|values| values.iter().skip(node).step_by(nodes).copied())
            .collect(),
    }
}

/// First value of a state, or of an algebraic value behind the states.
pub(crate) fn drawn(key: StreamKey, place: usize, node: usize, spec: &StateSpec) -> f64 {
    let [low, high] = spec.initial;
    low + (high - low) * key.at(((place as u64) << 32) | node as u64).uniform()
}

pub(super) fn value(values: &Values, node: usize) -> f64 {
    match values {
        Values::Same(value) => *value,
        Values::PerNode(values) => values[node],
    }
}

fn counted(what: &str, found: usize, expected: usize) -> Result<(), Refused> {
    if found == expected { Ok(()) } else { Err(Refused::Count { what: what.to_owned(), found, expected }) }
}

fn check(description: &Description, nodes: usize, set: &Set, step: u64, run_steps: u64) -> Result<(), Refused> {
    let per_node = |name: &str, values: &Values| match values {
        Values::Same(_) => Ok(()),
        Values::PerNode(values) => counted(name, values.len(), nodes),
    };
    counted("parameters", set.parameters.len(), description.parameters.len())?;
    for (spec, values) in description.parameters.iter().zip(&set.parameters) {
        per_node(spec.name, values)?;
        if let Some(node) = (0..nodes).find(|&node| !spec.range.contains(value(values, node))) {
            let (name, allowed) = (spec.name.to_owned(), format!("it must be in the range {:?}", spec.range));
            return Err(Refused::Value { name, node, value: value(values, node), allowed });
        }
    }
    let delay = |&&(_, p): &&(usize, usize)| (0..nodes).any(|node| value(&set.parameters[p], node) < 0.0);
    if let Some(&(_, p)) = description.delayed.iter().find(delay) {
        let (name, allowed) = (description.parameters[p].name.to_owned(), "a delay is not below 0".to_owned());
        return Err(Refused::Value { name, node: 0, value: value(&set.parameters[p], 0), allowed });
    }
    check_inputs(description, nodes, set, step.saturating_add(run_steps) as usize)?;
    let finite = |name: &str, values: &Values| {
        per_node(name, values)?;
        match (0..nodes).find(|&node| !value(values, node).is_finite()) {
            None => Ok(()),
            Some(node) => Err(Refused::Value {
                name: name.to_owned(),
                node,
                value: value(values, node),
                allowed: "it must be a number".to_owned(),
            }),
        }
    };
    let (states, algebraic, noise) = (description.states.len(), description.algebraic.len(), description.noise.len());
    match &set.initial {
        Initial::Drawn(_) => {}
        Initial::Given(start) => {
            counted("initial states", start.states.len(), states)?;
            counted("initial algebraic values", start.algebraic.len(), algebraic)?;
            if let Some(values) = &start.noise {
                counted("initial noise", values.len(), noise)?;
            }
            let named = description.states.iter().zip(&start.states);
            let named = named.chain(description.algebraic.iter().zip(&start.algebraic));
            named.map(|(spec, values)| (spec.name, values)).try_for_each(|(name, values)| finite(name, values))?;
            start.noise.iter().flatten().try_for_each(|values| finite("initial noise", values))?;
        }
        Initial::Continued(state) => {
            counted("continued states", state.states.len(), states * nodes)?;
            counted("continued algebraic values", state.algebraic.len(), algebraic * nodes)?;
            counted("continued noise", state.noise.len(), noise * nodes)?;
            let rows = (description.sources * nodes).max(1);
            if state.history.len() % rows != 0 || (description.sources > 0 && state.history.is_empty()) {
                counted("continued history", state.history.len(), rows)?;
            }
        }
    }
    if let Normals::Tape { steps, values } = &set.normals {
        let needed = step.saturating_add(run_steps) as usize;
        if *steps < needed {
            counted("steps of the tape of noise", *steps, needed)?;
        }
        counted("tapes of noise", values.len(), noise + description.white_noise.len())?;
        values.iter().try_for_each(|tape| counted("a tape of noise", tape.len(), nodes * steps))?;
    }
    Ok(())
}

fn check_inputs(description: &Description, nodes: usize, set: &Set, needed: usize) -> Result<(), Refused> {
    counted("inputs", set.inputs.len(), description.inputs.len())?;
    for (spec, input) in description.inputs.iter().zip(&set.inputs) {
        let long = |samples: &[f64]| {
            if samples.len() >= needed { Ok(()) } else { counted(spec.name, samples.len(), needed) }
        };
        let rows: Vec<&[f64]> = match input {
            Input::Constant(value) => vec![std::slice::from_ref(value)],
            Input::PerNode(values) => {
                counted(spec.name, values.len(), nodes)?;
                values.chunks(1).collect()
            }
            Input::OverTime(samples) => {
                long(samples)?;
                vec![samples]
            }
            Input::PerNodeOverTime(rows) => {
                counted(spec.name, rows.len(), nodes)?;
                rows.iter().try_for_each(|row| long(row))?;
                rows.iter().map(Vec::as_slice).collect()
            }
        };
        for (node, row) in rows.iter().enumerate() {
            if let Some(&value) = row.iter().find(|v| !v.is_finite()) {
                let (name, allowed) = (spec.name.to_owned(), "it must be a number".to_owned());
                return Err(Refused::Value { name, node, value, allowed });
            }
        }
    }
    Ok(())
}

fn check_record(description: &Description, settings: &Settings, step: u64) -> Result<(), Refused> {
    let (record, available) = (&settings.record, description.outputs.len());
    let allowed = if record.every == 0 {
        "At least every 1 step"
    } else if record.outputs.iter().any(|&o| o >= available) {
        "Outputs are counted from 0"
    } else if record.average && !step.is_multiple_of(record.every) {
        "A mean can begin only where a window begins"
    } else {
        return Ok(());
    };
    Err(Refused::Record { every: record.every, outputs: record.outputs.clone(), available, step, allowed })
}
