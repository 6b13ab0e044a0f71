//! What ties groups together other than synapses: linked variables, and Poisson inputs.

use std::collections::HashMap;

use super::Survey;
use super::checks::{self, conflict, unknown};
use super::report::InputReport;
use crate::language::equation::Flag;
use crate::network::context::not_allowed;
use crate::network::description::{Link, PoissonInput};
use crate::network::error::NetworkError;
use crate::units::Dimension;

impl Survey<'_> {
    /// Linked variables, after all groups are known.
    pub(super) fn links(&mut self) {
        let model = self.model;
        for (name, described) in &model.neurons {
            let Some(known) = self.groups.get(name.as_str()) else { continue };
            let path = format!("neurons.{name}");
            let size = known.size.unwrap_or_default();
            let linked = known.equations.equations().iter().filter(|equation| equation.has(Flag::Linked));
            let linked: HashMap<String, Dimension> =
                linked.map(|equation| (equation.name.clone(), equation.dimension)).collect();
            for missing in linked.keys().filter(|variable| !described.linked.contains_key(*variable)) {
                let text = format!("`{missing}` has the flag `linked`, and `linked` does not say to which group");
                self.noted::<()>(Err(conflict(&format!("{path}.linked"), &text)));
            }
            for (variable, link) in &described.linked {
                let at = format!("{path}.linked.{variable}");
                let Some(dimension) = linked.get(variable) else {
                    let text = format!("`{variable}` is no variable with the flag `linked` in the equations");
                    self.noted::<()>(Err(conflict(&at, &text)));
                    continue;
                };
                let result = self.link(&at, link, *dimension, size);
                self.noted(result);
            }
        }
    }

    fn link(&self, at: &str, link: &Link, dimension: Dimension, size: u32) -> Result<(), NetworkError> {
        let Some(group) = self.groups.get(link.group.as_str()) else {
            return Err(unknown(&format!("{at}.group"), "group", &link.group, self.groups.keys().copied()));
        };
        let Some(variable) = group.equations.get(&link.variable) else {
            let known = group.equations.equations().iter().map(|equation| equation.name.as_str());
            return Err(unknown(&format!("{at}.variable"), "variable", &link.variable, known));
        };
        if variable.dimension != dimension {
            let value = format!("`{}` has the unit {}", link.variable, variable.dimension);
            return Err(not_allowed(&format!("{at}.variable"), value, format!("a variable with the unit {dimension}")));
        }
        let neurons = format!("{at}.neurons");
        let there = group.size.unwrap_or_default();
        match &link.neurons {
            None if there == 1 || there == size || variable.has(Flag::Shared) => Ok(()),
            None => {
                let value = format!("{} has {} neurons", link.group, there);
                Err(not_allowed(&format!("{at}.group"), value, format!("1 or {size}, or `neurons` that says which")))
            }
            Some(list) if list.len() != size as usize => {
                Err(not_allowed(&neurons, format!("{} numbers", list.len()), format!("one for each of {size} neurons")))
            }
            Some(list) => match list.iter().find(|neuron| **neuron >= there) {
                Some(neuron) => Err(not_allowed(&neurons, neuron.to_string(), format!("numbers below {there}"))),
                None => Ok(()),
            },
        }
    }

    pub(super) fn poisson_inputs(&mut self) -> Vec<InputReport> {
        let model = self.model;
        let mut reports = Vec::new();
        for (name, described) in &model.poisson_inputs {
            if self.is_full() {
                break;
            }
            let path = format!("poisson_inputs.{name}");
            if !self.is_refused(&described.target) {
                let result = self.poisson_input(&path, described);
                self.noted(result);
            }
            reports.push(InputReport {
                name: name.clone(),
                target: described.target.clone(),
                variable: described.variable.clone(),
                processes: described.processes,
                rate: described.rate.as_str().to_owned(),
                weight: described.weight.as_str().to_owned(),
            });
        }
        reports
    }

    fn poisson_input(&self, path: &str, described: &PoissonInput) -> Result<(), NetworkError> {
        let at = |field: &str| format!("{path}.{field}");
        let (group, _) = self.part(&at("target"), &described.target)?;
        let Some(known) = self.groups.get(group) else { return Ok(()) };
        let Some(variable) = known.kept(&described.variable) else {
            let names = known.equations.equations().iter().map(|equation| equation.name.as_str());
            return Err(unknown(&at("variable"), "variable", &described.variable, names));
        };
        let rate = checks::number(&at("rate"), &described.rate, &self.outer, Dimension::HERTZ, "the rate")?;
        if checks::known(&rate, &self.outer).is_none_or(|rate| rate < 0.0) {
            let allowed = "a finite rate of at least 0*Hz".to_owned();
            return Err(not_allowed(&at("rate"), described.rate.as_str().to_owned(), allowed));
        }
        checks::number(&at("weight"), &described.weight, &known.names, variable.dimension, "the weight")?;
        Ok(())
    }
}
