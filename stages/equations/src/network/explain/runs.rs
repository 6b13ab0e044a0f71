//! Runs and monitors of a model.

use std::collections::HashSet;
use std::sync::Arc;

use super::checks::{self, conflict, unknown};
use super::report::{MonitorReport, RunReport};
use super::{Known, Survey};
use crate::network::context::not_allowed;
use crate::network::description::{Initial, Recorded, Run, Smoothing, StateMonitor};
use crate::network::error::NetworkError;
use crate::network::schedule::MOST_STEPS;

impl<'a> Survey<'a> {
    pub(super) fn runs(&mut self) -> Vec<RunReport> {
        let model = self.model;
        let single;
        let runs: &[Run] = match (&model.duration, model.runs.as_slice()) {
            (Some(_), [_, ..]) => {
                self.noted::<()>(Err(conflict("duration", "either `duration` or `runs`")));
                return Vec::new();
            }
            (None, []) => {
                self.remark("duration", "the model does not say how long it runs (`duration` or `runs`)".to_owned());
                return Vec::new();
            }
            (Some(duration), []) => {
                single = [Run { duration: Some(duration.clone()), ..Run::default() }];
                &single
            }
            (None, runs) => runs,
        };
        let mut dt = self.dt;
        let mut stored = HashSet::new();
        let mut reports = Vec::new();
        for (number, run) in runs.iter().enumerate() {
            if self.is_full() {
                break;
            }
            let path = if model.duration.is_some() { String::new() } else { format!("runs.{number}.") };
            reports.extend(self.run(&path, run, &mut dt, &stored));
            stored.extend(run.store.as_deref());
        }
        reports
    }

    fn run(&mut self, path: &str, run: &Run, dt: &mut f64, stored: &HashSet<&str>) -> Option<RunReport> {
        let outer = Arc::clone(&self.outer);
        if let Some(name) = &run.restore
            && !stored.contains(name.as_str())
        {
            let error = unknown(&format!("{path}restore"), "stored state", name, stored.iter().copied());
            self.noted::<()>(Err(error));
        }
        for (name, text) in &run.constants {
            let at = format!("{path}constants.{name}");
            let result = match outer.fixed(name).filter(|_| self.model.constants.contains_key(name)) {
                None => Err(unknown(&at, "constant", name, self.model.constants.keys().map(String::as_str))),
                Some(before) => checks::number(&at, text, &outer, before.dimension, &format!("`{name}`")).map(|_| ()),
            };
            self.noted(result);
        }
        for (target, initial) in &run.set {
            let result = self.set(&format!("{path}set.{target}"), target, initial);
            self.noted(result);
        }
        if let Some(step) = &run.time_step {
            *dt = self.noted(checks::positive_time(&format!("{path}time_step"), step, &outer))?;
        }
        let duration = match &run.duration {
            None => 0.0,
            Some(text) => self.noted(checks::duration(&format!("{path}duration"), text, &outer))?,
        };
        let exact = duration / *dt;
        if exact > MOST_STEPS {
            let error =
                not_allowed(&format!("{path}duration"), format!("{exact:e} steps"), format!("at most {MOST_STEPS:e}"));
            return self.noted(Err(error));
        }
        let steps = if (exact - exact.round()).abs() <= 1e-4 { exact.round() } else { exact.ceil() };
        let changes = run.constants.iter().map(|(name, text)| format!("{name} = {}", text.as_str()));
        let set = run.set.iter().map(|(name, initial)| match initial {
            Initial::Expression(text) => format!("{name} = {}", text.as_str()),
            Initial::Values { values, .. } => format!("{name} = {} values", values.len()),
            Initial::Sections(sections) => format!("{name} in {} sections", sections.len()),
            Initial::At { elements, value } => format!("{name} = {} for {} elements", value.as_str(), elements.len()),
        });
        Some(RunReport {
            duration_s: duration,
            time_step_s: *dt,
            steps: steps as u64,
            restore: run.restore.clone(),
            changes: changes.chain(set).collect(),
            store: run.store.clone(),
        })
    }

    /// A new value of a variable, `G.I`.
    fn set(&self, path: &str, target: &str, initial: &Initial) -> Result<(), NetworkError> {
        let Some((object, variable)) = target.split_once('.') else {
            return Err(not_allowed(path, format!("`{target}`"), "a group and a variable of it: `G.v`".to_owned()));
        };
        let (known, size) = match (self.groups.get(object), self.synapses.get(object)) {
            (Some(known), _) | (None, Some(known)) => (known, known.size),
            (None, None) if self.is_refused(object) => return Ok(()),
            (None, None) => {
                let known = self.groups.keys().chain(self.synapses.keys()).copied();
                return Err(unknown(path, "group or synapses", object, known));
            }
        };
        match known.kept(variable) {
            Some(meaning) => {
                let size = if meaning.shared { Some(1) } else { size };
                checks::initial(path, initial, &known.names, &meaning, size).map(|_| ())
            }
            None => {
                let names = known.equations.equations().iter().map(|equation| equation.name.as_str());
                Err(unknown(path, "variable", variable, names))
            }
        }
    }

    pub(super) fn monitors(&mut self, runs: &[RunReport]) -> Vec<MonitorReport> {
        let model = self.model;
        let mut reports = Vec::new();
        for (name, described) in &model.monitors.spikes {
            let path = format!("monitors.spikes.{name}");
            if !self.spikes(&path, &described.of) {
                continue;
            }
            let watched = self.watched(&path, &described.of, &described.variables);
            reports.extend(
                watched.map(|watched| events(name, "spikes", &described.of, &described.variables, watched.expected)),
            );
        }
        for (name, described) in &model.monitors.state {
            let path = format!("monitors.state.{name}");
            if let Some(watched) = self.watched(&path, &described.of, &described.variables) {
                reports.extend(self.state(&path, name, described, watched, runs));
            }
        }
        for (name, described) in &model.monitors.rate {
            let path = format!("monitors.rate.{name}");
            let outer = Arc::clone(&self.outer);
            if let Some(Smoothing::Flat(width) | Smoothing::Gaussian(width)) = &described.smooth {
                self.noted(checks::positive_time(&format!("{path}.smooth"), width, &outer));
            }
            if !self.spikes(&path, &described.of) {
                continue;
            }
            if let Some(watched) = self.watched(&path, &described.of, &[]) {
                let steps: f64 = runs.iter().map(|run| run.steps as f64).sum();
                reports.push(MonitorReport {
                    name: name.clone(),
                    kind: "rate",
                    of: described.of.clone(),
                    variables: Vec::new(),
                    elements: watched.expected,
                    bytes: 16.0 * steps,
                });
            }
        }
        for (name, described) in &model.monitors.events {
            let path = format!("monitors.events.{name}");
            let Some(watched) = self.watched(&path, &described.of, &described.variables) else { continue };
            if let Ok((group, _)) = self.part("", &described.of)
                && let Some(known) = self.groups.get(group)
                && described.event != "spike"
                && !known.events.contains(&described.event)
            {
                let all = known.events.iter().map(String::as_str).chain(["spike"]);
                let error = unknown(&format!("{path}.event"), "event", &described.event, all);
                self.noted::<()>(Err(error));
            }
            reports.push(events(name, "events", &described.of, &described.variables, watched.expected));
        }
        for (name, described) in &model.monitors.last {
            let path = format!("monitors.final.{name}");
            if let Some(watched) = self.watched(&path, &described.of, &described.variables) {
                reports.push(MonitorReport {
                    name: name.clone(),
                    kind: "final",
                    of: described.of.clone(),
                    variables: described.variables.clone(),
                    elements: watched.expected,
                    bytes: 8.0 * watched.expected * described.variables.len() as f64,
                });
            }
        }
        reports
    }

    /// Whether a group has spikes that can be recorded.
    fn spikes(&mut self, path: &str, of: &str) -> bool {
        let silent = self.part("", of).ok().and_then(|(group, _)| self.groups.get_key_value(group));
        let Some((group, _)) = silent.filter(|(_, known)| !known.spikes) else { return true };
        let error = conflict(&format!("{path}.of"), &format!("`{group}` never spikes: it has no `threshold`"));
        self.noted::<()>(Err(error)).is_some()
    }

    /// How many elements a monitor watches.
    fn watched(&mut self, path: &str, of: &str, variables: &[String]) -> Option<Watched> {
        if self.is_full() || self.is_refused(of) {
            return None;
        }
        let at = format!("{path}.of");
        let (known, elements) = match self.synapses.get(of) {
            Some(synapses) => (synapses, Watched { expected: synapses.expected, size: synapses.size }),
            None => {
                let part = self.part(&at, of);
                let (group, range) = self.noted(part)?;
                (self.groups.get(group)?, Watched { expected: range.len() as f64, size: Some(range.len() as u32) })
            }
        };
        let given = ["i", "j", "t", "N", "lastspike", "not_refractory", "rates", "delay"];
        let is_known =
            |name: &str| known.equations.get(name).is_some() || known.is_given(name) || given.contains(&name);
        let missing = variables.iter().enumerate().find(|(_, name)| !is_known(name));
        if let Some((number, name)) = missing {
            let names = known.equations.equations().iter().map(|equation| equation.name.as_str());
            let error = unknown(&format!("{path}.variables.{number}"), "variable", name, names);
            return self.noted(Err(error));
        }
        Some(elements)
    }

    fn state(
        &mut self,
        path: &str,
        name: &str,
        described: &StateMonitor,
        watched: Watched,
        runs: &[RunReport],
    ) -> Option<MonitorReport> {
        let outer = Arc::clone(&self.outer);
        let elements = match &described.record {
            Recorded::All => watched.expected,
            Recorded::Elements(list) => {
                if let Some(size) = watched.size
                    && let Some(element) = list.iter().find(|element| **element >= size)
                {
                    let allowed = format!("numbers below {size}");
                    return self.noted(Err(not_allowed(&format!("{path}.record"), element.to_string(), allowed)));
                }
                list.len() as f64
            }
        };
        let period = match &described.every {
            None => None,
            Some(text) => Some(self.noted(checks::positive_time(&format!("{path}.every"), text, &outer))?),
        };
        let clock = self.clock_of(&described.of);
        let times: f64 =
            runs.iter().map(|run| (run.duration_s / period.or(clock).unwrap_or(run.time_step_s)).ceil()).sum();
        Some(MonitorReport {
            name: name.to_owned(),
            kind: "state",
            of: described.of.clone(),
            variables: described.variables.clone(),
            elements,
            bytes: 8.0 * times * (1.0 + elements * described.variables.len() as f64),
        })
    }

    /// The step of the clock of a group or of synapses, where it is not that of the model.
    fn clock_of(&self, of: &str) -> Option<f64> {
        let of_group = self.part("", of).ok().and_then(|(group, _)| self.groups.get(group));
        let known: Option<&Known> = of_group.or_else(|| self.synapses.get(of));
        known.map(|known| known.dt).filter(|dt| *dt != self.dt)
    }
}

/// What a monitor can see.
#[derive(Clone, Copy)]
struct Watched {
    expected: f64,
    /// How many elements there are, where that is known.
    size: Option<u32>,
}

fn events(name: &str, kind: &'static str, of: &str, variables: &[String], elements: f64) -> MonitorReport {
    MonitorReport {
        name: name.to_owned(),
        kind,
        of: of.to_owned(),
        variables: variables.to_vec(),
        elements,
        // Who, the step and the time, and a value of each variable.
        bytes: 20.0 + 8.0 * variables.len() as f64,
    }
}
