//! Many Poisson processes of one rate onto each neuron of a group, without a group of their own.
//!
//! In each step `x += w k` with k of the binomial distribution of N trials with the probability `rate dt`, drawn for each
//! neuron. A variable that is written only outside of refractoriness keeps its value inside of it.

use super::context::{Context, Members, expression, not_allowed};
use super::description::{PoissonInput, Slot};
use super::error::{NetworkError, NetworkProblem};
use super::evaluate::Derived;
use crate::engine::{Binomial, Draws, EngineError, State};
use crate::language::check::{check_number, fixed_value};
use crate::language::equation::Values;
use crate::language::error::nearest;
use crate::language::scope::Meaning;
use crate::units::Dimension;

/// How many neurons are drawn for at once.
const BLOCK: usize = 512;

/// Adds a binomial number of events to a variable.
#[derive(Clone, Debug)]
pub(crate) struct BinomialInput {
    /// Whose variable.
    pub target: Members,
    /// In which slot.
    pub when: Slot,
    /// Its place within the slot.
    pub order: i32,
    column: usize,
    /// Whether the variable has whole numbers alone.
    whole: bool,
    /// The column that says who is not refractory, where that matters.
    free: Option<usize>,
    counts: Binomial,
    weight: Weight,
    key: [u32; 2],
}

/// What an event adds.
#[derive(Clone, Debug)]
enum Weight {
    Same(f64),
    /// Something else to each neuron; and the neurons if they are not all.
    OfEach(Box<Derived>, Option<Vec<u32>>),
}

impl BinomialInput {
    /// The input of this name.
    ///
    /// # Errors
    /// Groups and variables that do not exist or cannot be written, weights with another unit than the variable, rates that
    /// are negative or give more than one event in a step.
    pub(crate) fn new(context: &Context<'_>, name: &str, described: &PoissonInput) -> Result<Self, NetworkError> {
        let path = format!("poisson_inputs.{name}");
        let at = |field: &str| format!("{path}.{field}");
        let target = context.members(&at("target"), &described.target)?;
        let object = &context.objects[target.object];
        let variable = &described.variable;
        let column = object.layout.number(variable).filter(|&column| column < object.own_columns());
        let known = match object.names.meaning(variable) {
            Some(Meaning::Variable(known)) => Some(known),
            _ => None,
        };
        let Some(known) = known else {
            let columns = object.layout.columns().iter().map(|column| column.name.as_str());
            let suggestion = nearest(variable, columns);
            let problem = NetworkProblem::Unknown { kind: "variable", name: variable.clone(), suggestion };
            return Err(NetworkError::new(at("variable"), problem));
        };
        let refused = |why: &str| not_allowed(&at("variable"), format!("`{variable}`"), why.to_owned());
        if let Some(reason) = known.read_only {
            return Err(refused(&format!("it cannot be written: {reason}")));
        }
        let Some(column) = column else { return Err(refused("a variable of the group itself")) };
        let kept = &object.layout.columns()[column];
        if kept.shared || kept.values == Values::Boolean {
            return Err(refused("a variable with a number for each neuron"));
        }
        let free = if kept.unless_refractory { object.layout.number("not_refractory") } else { None };

        let rate = context.fixed(&at("rate"), &described.rate, Dimension::HERTZ, "the rate")?;
        let Some(counts) = Binomial::new(described.processes, rate * object.dt) else {
            let allowed = format!("from 0 to one event in a step, {}*Hz", 1.0 / object.dt);
            return Err(not_allowed(&at("rate"), described.rate.as_str().to_owned(), allowed));
        };
        let weight = Self::weight(context, &at("weight"), described, target, known.dimension)?;
        let key = Draws::key(&context.key.derive(&path));
        let (when, order, whole) = (described.when.clone(), described.order, kept.values == Values::Integer);
        Ok(Self { target, when, order, column, whole, free, counts, weight, key })
    }

    fn weight(
        context: &Context<'_>,
        path: &str,
        described: &PoissonInput,
        target: Members,
        dimension: Dimension,
    ) -> Result<Weight, NetworkError> {
        let text = described.weight.as_str();
        let parsed = expression(path, text)?;
        let object = &context.objects[target.object];
        let located = |error| NetworkError::language(path, error, text);
        check_number(&parsed, &object.names, dimension, "the weight").map_err(located)?;
        if let Ok(weight) = fixed_value(&parsed, &object.names) {
            if weight.value.is_finite() {
                return Ok(Weight::Same(weight.value));
            }
            return Err(not_allowed(path, format!("{text} is {}", weight.value), "a finite number".to_owned()));
        }
        let inlined = object.inline(&parsed).map_err(located)?;
        let derived = Derived::new(context, object, target.object, path, &[inlined]);
        let derived = derived.map_err(|error| NetworkError::new(path, error))?;
        let all = target.size() as usize == object.layout.elements();
        let elements = (!all).then(|| (target.start..target.stop).collect());
        Ok(Weight::OfEach(Box::new(derived), elements))
    }

    /// Adds the events of a step of the group's clock.
    ///
    /// # Errors
    /// Weights that cannot be computed.
    pub(crate) fn add(&mut self, states: &mut [State], step: u64) -> Result<(), EngineError> {
        if let Weight::OfEach(derived, elements) = &mut self.weight {
            match elements {
                None => derived.compute(states, step)?,
                Some(elements) => derived.compute_at(states, step, elements)?,
            }
        }
        let state = &mut states[self.target.object];
        let mut values = std::mem::take(state.whole_column_mut(self.column));
        let draws = Draws::new(self.key, step);
        let mut uniforms = [0.0; BLOCK];
        let range = self.target.start as usize..self.target.stop as usize;
        let free = self.free.map(|free| &state.column(free)[range.clone()]);
        let weights = match &self.weight {
            Weight::Same(_) => None,
            Weight::OfEach(derived, _) => Some(&derived.result(0)[range.clone()]),
        };
        for (block, part) in values[range].chunks_mut(BLOCK).enumerate() {
            let first = block * BLOCK;
            let uniforms = &mut uniforms[..part.len()];
            draws.uniforms(0, self.target.start + first as u32, uniforms);
            for (place, (value, &mut uniform)) in part.iter_mut().zip(uniforms).enumerate() {
                let weight = match (weights, &self.weight) {
                    (Some(weights), _) => weights[first + place],
                    (None, &Weight::Same(weight)) => weight,
                    (None, Weight::OfEach(..)) => f64::NAN,
                };
                if free.is_none_or(|free| free[first + place] != 0.0) {
                    *value += f64::from(self.counts.of(uniform)) * weight;
                    if self.whole {
                        *value = value.trunc();
                    }
                }
            }
        }
        *state.whole_column_mut(self.column) = values;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::description::{Model, Text};
    use super::super::test_objects::{add_group, column, context, model};
    use super::*;

    const EQUATIONS: &str =
        "v : volt (unless refractory)\nn : integer\ng = 2*n : 1\nc : 1 (constant)\nb : boolean\ns : 1 (shared)";

    fn input(target: &str, variable: &str, rate: &str, weight: &str) -> PoissonInput {
        PoissonInput {
            target: target.to_owned(),
            variable: variable.to_owned(),
            processes: 1000,
            rate: Text::new(rate),
            weight: Text::new(weight),
            when: Slot::named("synapses").unwrap(),
            order: 0,
        }
    }

    fn group(model: &Model, size: usize) -> (Context<'_>, Vec<State>) {
        let mut context = context(model, 3);
        let mut states = Vec::new();
        add_group(&mut context, &mut states, "G", EQUATIONS, size);
        (context, states)
    }

    #[test]
    fn counts_have_mean_and_variance_of_the_distribution() {
        let model = model("0.1*ms");
        let (context, mut states) = group(&model, 1500);
        let mut whole = BinomialInput::new(&context, "p", &input("G[100:1400]", "n", "2000*Hz", "1")).unwrap();
        let (mut sum, mut squares) = (0.0, 0.0);
        let steps = 200;
        for step in 0..steps {
            column(&context, &mut states, "G", "n").fill(0.0);
            whole.add(&mut states, step).unwrap();
            let n = column(&context, &mut states, "G", "n");
            assert!(n[..100].iter().chain(&n[1400..]).all(|&n| n == 0.0));
            sum += n.iter().sum::<f64>();
            squares += n.iter().map(|n| n * n).sum::<f64>();
        }
        // 1000 trials of probability 0.2, in 260 000 draws.
        let draws = 1300.0 * steps as f64;
        let mean = sum / draws;
        let variance = squares / draws - mean * mean;
        assert!((mean - 200.0).abs() < 5.0 * (160.0 / draws).sqrt(), "{mean}");
        assert!((variance - 160.0).abs() < 5.0 * 160.0 * (2.0 / draws).sqrt(), "{variance}");
    }

    #[test]
    fn a_part_gets_what_it_gets_within_the_whole() {
        let model = model("0.1*ms");
        let (context, states) = group(&model, 1500);
        let values = |target: &str| {
            let mut states = states.clone();
            BinomialInput::new(&context, "p", &input(target, "n", "2000*Hz", "2"))
                .unwrap()
                .add(&mut states, 7)
                .unwrap();
            column(&context, &mut states, "G", "n").to_vec()
        };
        let (all, part) = (values("G"), values("G[700:1300]"));
        assert_eq!(part[700..1300], all[700..1300]);
        assert!(all.iter().any(|&n| n != all[0]) && all.iter().all(|n| n % 2.0 == 0.0));
    }

    #[test]
    fn weights_may_differ_between_neurons() {
        let model = model("0.1*ms");
        let (context, mut states) = group(&model, 600);
        column(&context, &mut states, "G", "n").iter_mut().enumerate().for_each(|(i, n)| *n = i as f64);
        let mut ones = states.clone();
        // The rate 1/dt: one event for each process in each step.
        let described = |weight: &str| input("G[1:600]", "v", "10000*Hz", weight);
        BinomialInput::new(&context, "p", &described("g*mV")).unwrap().add(&mut states, 0).unwrap();
        BinomialInput::new(&context, "p", &described("1*mV")).unwrap().add(&mut ones, 0).unwrap();
        let found = column(&context, &mut states, "G", "v").to_vec();
        for (i, (found, one)) in found.iter().zip(column(&context, &mut ones, "G", "v")).enumerate() {
            assert!((found - *one * 2.0 * i as f64).abs() < 1e-9, "{i}: {found} {one}");
            assert_eq!(*one > 0.0, i > 0);
        }
    }

    #[test]
    fn refractory_neurons_keep_their_value() {
        let model = model("0.1*ms");
        let mut context = context(&model, 3);
        let mut states = Vec::new();
        add_group(&mut context, &mut states, "G", "v : 1 (unless refractory)\nu : 1", 4);
        column(&context, &mut states, "G", "not_refractory")[2..].fill(0.0);
        for variable in ["v", "u"] {
            let mut all = BinomialInput::new(&context, "p", &input("G", variable, "10000*Hz", "0.5")).unwrap();
            all.add(&mut states, 0).unwrap();
        }
        assert_eq!(column(&context, &mut states, "G", "v"), [500.0, 500.0, 0.0, 0.0]);
        assert_eq!(column(&context, &mut states, "G", "u"), [500.0; 4]);
    }

    #[test]
    fn wrong_inputs_are_refused() {
        let model = model("0.1*ms");
        let (context, _) = group(&model, 4);
        let refused = |described: &PoissonInput| {
            let error = BinomialInput::new(&context, "p", described).unwrap_err();
            (error.path.clone(), error.to_string())
        };
        for (described, path, message) in [
            (input("H", "v", "1*Hz", "1*mV"), "target", "there is no group `H`"),
            (input("G", "w", "1*Hz", "1*mV"), "variable", "there is no variable `w`"),
            (input("G", "g", "1*Hz", "1"), "variable", "`g`: it cannot be written: it is computed from its equation"),
            (input("G", "c", "1*Hz", "1"), "variable", "`c`: it cannot be written: it is declared `constant`"),
            (input("G", "b", "1*Hz", "1"), "variable", "`b`: a variable with a number for each neuron"),
            (input("G", "s", "1*Hz", "1"), "variable", "`s`: a variable with a number for each neuron"),
            (input("G", "v", "1*Hz", "1*mA"), "weight", "the weight"),
            (input("G", "v", "1*Hz", "inf*volt"), "weight", "inf*volt is inf: a finite number"),
            (input("G", "v", "1*ms", "1*mV"), "rate", "the rate"),
            (input("G", "v", "-1*Hz", "1*mV"), "rate", "-1*Hz: from 0 to one event in a step, 10000*Hz"),
            (input("G", "v", "10.1*kHz", "1*mV"), "rate", "10.1*kHz: from 0 to one event in a step, 10000*Hz"),
        ] {
            let (found, text) = refused(&described);
            assert_eq!(found, format!("poisson_inputs.p.{path}"));
            assert!(text.contains(message), "{text}");
        }
    }
}
