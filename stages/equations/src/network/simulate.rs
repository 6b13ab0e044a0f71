//! Running a model from its beginning to its end.

use lapicque_numerics::random::StreamKey;

use super::build::{Changes, Given, Network, Now, build, out_of_memory};
use super::context::{Connections, not_allowed};
use super::description::{Model, Run, Text};
use super::error::{NetworkError, NetworkProblem};
use super::finite::Watch;
use super::initial_values::values_of;
use super::monitors::EventRecorder;
use super::pathway::Pathway;
use super::queue::Queue;
use super::recording::Recording;
use super::synapses::SynapticObject;
use crate::language::error::nearest;
use crate::units::Dimension;

/// How many bytes a simulation may take where nothing else is said.
const MEMORY_LIMIT: u64 = 8 << 30;

/// After so many rounds it is looked at how much memory recorded events take.
const BETWEEN_COUNTS: u64 = 256;

/// What a simulation may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many bytes variables, synapses and records may take together (default 8 GiB), estimated before they are taken.
    pub memory_limit_bytes: Option<u64>,
}

/// Simulates a model. All random numbers come from `key`: the same model and key give the same recording, to the last
/// bit. `cancelled` is asked before each step; `progress` is told the part of the time that is done, at most some hundred
/// times.
///
/// # Errors
/// What is wrong with the model, with its place; a variable that becomes infinite or NaN, unless the model allows it;
/// [`NetworkProblem::Cancelled`].
pub fn simulate(
    model: &Model,
    connections: Option<&Connections>,
    options: &Options,
    key: &StreamKey,
    cancelled: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(f64),
) -> Result<Recording, NetworkError> {
    let memory_limit = options.memory_limit_bytes.unwrap_or(MEMORY_LIMIT);
    let given = Given { model, connections, key, memory_limit };
    let mut told = Told { progress, last: 0.0 };
    let first = Attempt { given: &given, cancelled, each_round_from: u64::MAX }.run(&mut told);
    match first {
        Ok(recording) => Ok(recording),
        Err(Stop::Failed(error)) => Err(error),
        // All is as it was before, so that the first step with such a value is found.
        Err(Stop::NotFinite { since, error }) => {
            match (Attempt { given: &given, cancelled, each_round_from: since }).run(&mut told) {
                Err(Stop::Failed(error) | Stop::NotFinite { error, .. }) => Err(error),
                Ok(_) => Err(error),
            }
        }
    }
}

/// Why a run ended before its end.
enum Stop {
    Failed(NetworkError),
    /// A value that is not finite; the rounds of the clocks after which all were finite for sure.
    NotFinite {
        since: u64,
        error: NetworkError,
    },
}

impl From<NetworkError> for Stop {
    fn from(error: NetworkError) -> Self {
        Self::Failed(error)
    }
}

/// All that changes with time, at some time.
struct Stored<'a> {
    name: &'a str,
    now: Now,
    /// Events on their way in each pathway of all synapses, with the step of its clock.
    on_its_way: Vec<Vec<(Queue, f64)>>,
    /// The step of the clock of the model, if it was not as in the model.
    dt: Option<f64>,
}

impl<'a> Stored<'a> {
    fn new(name: &'a str, network: &Network<'_>, dt: Option<f64>) -> Self {
        let of = |synapses: &SynapticObject| synapses.pathways.iter().map(Pathway::on_its_way).collect();
        let on_its_way = network.synapses.iter().map(of).collect();
        Self { name, now: network.now.clone(), on_its_way, dt }
    }

    fn put_back(&self, network: &mut Network<'_>) {
        network.now = self.now.clone();
        for (synapses, queues) in network.synapses.iter_mut().zip(&self.on_its_way) {
            for (pathway, queue) in synapses.pathways.iter_mut().zip(queues) {
                pathway.restore(queue.clone());
            }
        }
    }
}

/// Who wants to know how far it is.
struct Told<'a> {
    progress: &'a mut dyn FnMut(f64),
    last: f64,
}

impl Told<'_> {
    fn tell(&mut self, part: f64) {
        if part >= self.last + 0.005 {
            self.last = part;
            (self.progress)(part.min(1.0));
        }
    }
}

/// One simulation, which looks at each value after each round from `each_round_from` on.
struct Attempt<'a> {
    given: &'a Given<'a>,
    cancelled: &'a dyn Fn() -> bool,
    each_round_from: u64,
}

impl<'a> Attempt<'a> {
    fn run(&self, told: &mut Told<'_>) -> Result<Recording, Stop> {
        let model = self.given.model;
        let mut network = build(self.given)?;
        let runs = runs(model)?;
        let mut changes = Changes::default();
        let mut stored: Vec<Stored<'_>> = Vec::new();
        let mut progress = Progress { rounds: 0, done: 0.0, whole: whole(&network, &runs)? };
        for (number, (path, run)) in runs.iter().enumerate() {
            let mut renew = false;
            if let Some(name) = &run.restore {
                let Some(then) = stored.iter().find(|stored| stored.name == name) else {
                    let suggestion = nearest(name, stored.iter().map(|stored| stored.name));
                    let problem = NetworkProblem::Unknown { kind: "stored state", name: name.clone(), suggestion };
                    return Err(NetworkError::new(format!("{path}restore"), problem).into());
                };
                then.put_back(&mut network);
                changes.dt = then.dt;
                // The same random numbers as after the state was stored would make the same noise again.
                changes.epoch = number as u64;
                renew = true;
            }
            if !run.constants.is_empty() {
                changes.constants.extend(run.constants.iter().map(|(name, text)| (name.clone(), text.clone())));
                renew = true;
            }
            if let Some(step) = &run.time_step {
                renew |= self.change_step(&mut network, &mut changes, &format!("{path}time_step"), step, number)?;
            }
            if renew {
                network.renew(self.given, &changes).map_err(|error| of_run(error, path, run))?;
            }
            set(&mut network, path, run)?;
            if let Some(duration) = &run.duration {
                self.go(&mut network, &format!("{path}duration"), duration, &mut progress, told)?;
            }
            if let Some(name) = &run.store {
                stored.retain(|stored| stored.name != name);
                stored.push(Stored::new(name, &network, changes.dt));
            }
        }
        told.tell(1.0);
        let Network { context, mut now, notes, .. } = network;
        Ok(now.recorders.finish(&context, &mut now.states, notes, now.time)?)
    }

    /// Another step of the clock of the model. Says whether it is another.
    fn change_step(
        &self,
        network: &mut Network<'_>,
        changes: &mut Changes,
        path: &str,
        step: &Text,
        number: usize,
    ) -> Result<bool, NetworkError> {
        // With constants as they are now.
        let constants = Changes { dt: None, ..changes.clone() };
        let context = super::context::Context::new(
            self.given.model,
            &constants.constants,
            Some(network.context.dt),
            self.given.key,
            None,
        )?;
        let dt = context.positive_time(path, step)?;
        if dt == network.context.dt {
            return Ok(false);
        }
        network.now.clocks.change(path, dt, network.now.time)?;
        changes.dt = Some(dt);
        // Steps are numbered anew.
        changes.epoch = number as u64;
        Ok(true)
    }

    /// Runs for some time.
    fn go(
        &self,
        network: &mut Network<'_>,
        path: &str,
        duration: &Text,
        progress: &mut Progress,
        told: &mut Told<'_>,
    ) -> Result<(), Stop> {
        let duration = duration_of(network, path, duration)?;
        let start = network.now.time;
        let end = start + duration;
        network.now.clocks.prepare(path, start, end)?;
        let needed = network.now.bytes(&network.context);
        if needed > self.given.memory_limit {
            return Err(out_of_memory("monitors", "what is recorded", needed, self.given.memory_limit).into());
        }
        for group in &mut network.groups {
            if let Some(release) = &mut group.code.release {
                release.forget();
            }
        }
        network.watches = self.watches(network);
        let first = progress.rounds;
        loop {
            if (self.cancelled)() {
                return Err(NetworkError::new(path, NetworkProblem::Cancelled).into());
            }
            if !network.round()? {
                break;
            }
            progress.rounds += 1;
            if progress.rounds.is_multiple_of(BETWEEN_COUNTS) {
                let events = network.now.recorders.events.iter().map(EventRecorder::bytes).sum::<u64>();
                if needed.saturating_add(events) > self.given.memory_limit {
                    let what = "what is recorded";
                    let error = out_of_memory("monitors", what, needed.saturating_add(events), self.given.memory_limit);
                    return Err(error.into());
                }
            }
            let each = progress.rounds > self.each_round_from;
            self.look(network, progress.rounds, first, |watch| each || watch.is_due(progress.rounds))?;
            if progress.whole > 0.0 {
                let clock = network.now.clocks.clock(0);
                let here = (clock.step as f64 * clock.dt - start).min(duration);
                told.tell((progress.done + here) / progress.whole);
            }
        }
        self.look(network, progress.rounds, first, |_| true)?;
        progress.done += duration;
        network.now.time = end;
        Ok(())
    }

    fn watches(&self, network: &Network<'_>) -> Vec<Watch> {
        if self.given.model.allow_not_finite {
            return Vec::new();
        }
        let objects = network.context.objects.iter().zip(&network.now.states).enumerate();
        objects.map(|(number, (object, state))| Watch::new(object, number, state)).collect()
    }

    /// Whether all variables are finite.
    fn look(
        &self,
        network: &Network<'_>,
        rounds: u64,
        first: u64,
        is_due: impl Fn(&Watch) -> bool,
    ) -> Result<(), Stop> {
        let watches = &network.watches;
        for watch in watches.iter().filter(|watch| is_due(watch)) {
            if let Some(found) = watch.find(&network.now.states) {
                let step = network.last_step(found.object);
                let error = found.error(&network.context.objects, &network.now.states, step);
                // Each watch looks at the multiples of its own number of rounds.
                let every = watches.iter().map(Watch::every).max().unwrap_or(1);
                let since = (rounds.saturating_sub(1) / every * every).max(first);
                return Err(Stop::NotFinite { since, error });
            }
        }
        Ok(())
    }
}

/// How far a simulation is.
struct Progress {
    /// Rounds of the clocks.
    rounds: u64,
    /// Time of runs that are over, in s.
    done: f64,
    /// Time of all runs, in s.
    whole: f64,
}

/// All runs with their paths.
fn runs(model: &Model) -> Result<Vec<(String, Run)>, NetworkError> {
    match (&model.duration, model.runs.as_slice()) {
        (Some(duration), []) => {
            let run = Run { duration: Some(duration.clone()), ..Run::default() };
            Ok(vec![(String::new(), run)])
        }
        (None, []) => {
            let problem = "a model has a `duration`, or `runs`".to_owned();
            Err(NetworkError::new("duration", NetworkProblem::Conflict(problem)))
        }
        (None, runs) => {
            Ok(runs.iter().enumerate().map(|(number, run)| (format!("runs.{number}."), run.clone())).collect())
        }
        (Some(_), _) => {
            let problem = "either `duration` or `runs`".to_owned();
            Err(NetworkError::new("duration", NetworkProblem::Conflict(problem)))
        }
    }
}

/// The place of a constant is in the run that changes it.
fn of_run(error: NetworkError, path: &str, run: &Run) -> NetworkError {
    let changed = error.path.strip_prefix("constants.").is_some_and(|name| run.constants.contains_key(name));
    if changed { NetworkError { path: format!("{path}{}", error.path), ..error } } else { error }
}

/// The time of all runs, in s, as far as constants do not change it.
fn whole(network: &Network<'_>, runs: &[(String, Run)]) -> Result<f64, NetworkError> {
    let mut whole = 0.0;
    for (path, run) in runs {
        if let Some(duration) = &run.duration {
            whole += duration_of(network, &format!("{path}duration"), duration)?;
        }
    }
    Ok(whole)
}

fn duration_of(network: &Network<'_>, path: &str, duration: &Text) -> Result<f64, NetworkError> {
    let time = network.context.fixed(path, duration, Dimension::SECOND, "the duration")?;
    if time >= 0.0 {
        return Ok(time);
    }
    Err(not_allowed(path, duration.as_str().to_owned(), "a time from 0*second".to_owned()))
}

/// Gives variables new values before a run. All expressions see what was there before.
fn set(network: &mut Network<'_>, path: &str, run: &Run) -> Result<(), NetworkError> {
    let mut new = Vec::with_capacity(run.set.len());
    for (target, values) in &run.set {
        let at = format!("{path}set.{target}");
        let Some((group, variable)) = target.split_once('.') else {
            return Err(not_allowed(&at, format!("`{target}`"), "GROUP.VARIABLE".to_owned()));
        };
        let number = network.context.object(&at, group)?;
        let step = network.next_step(number);
        let values = values_of(&network.context, number, &mut network.now.states, &at, variable, values, step)?;
        new.push((number, values));
    }
    for (number, (column, values)) in new {
        *network.now.states[number].whole_column_mut(column) = values;
    }
    Ok(())
}
