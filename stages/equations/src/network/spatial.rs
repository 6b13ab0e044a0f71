//! Neurons with a form as objects of a model.
//!
//! The elements of such an object are compartments, those of each neuron in the order of its morphology, neuron by
//! neuron. All neurons have the same morphology. A step has two parts:
//!
//! 1. at the place `order` all variables with a derivative but `v` make their step by the integrator, with the old `v`;
//! 2. at the place `order + 1` `v` makes a step of backward Euler (see [`spatial`](crate::spatial)), with the current of
//!    the membrane at the new values of all others.
//!
//! | variable | meaning | unit |
//! |---|---|---|
//! | `v` | membrane potential | V |
//! | `Cm` | capacitance of the membrane | F/m^2 |
//! | `area`, `length`, `diameter`, `volume` | of the compartment | m^2, m, m, m^3 |
//! | `distance` | way from the root to its midpoint | m |
//! | `r_length_1`, `r_length_2` | conductance of its halves times the resistivity | m |
//! | `neuron`, `compartment` | numbers of its neuron, and of the compartment within it | 1 |
//! | `Ic` | Cm (v' - v)/dt of the last step, v' being the new v: what charges the membrane | A/m^2 |
//! | `space_constant` | at the gtot of the last step, for a cable of such compartments without end | m |
//! | `membrane_current` | what left through the membrane in the last step, from within to outside | A |
//!
//! `Im` and point currents are positive where they depolarise, that is into the compartment. `membrane_current` is positive
//! where it leaves, as a source of potentials outside:
//!
//! ```text
//! membrane_current = area (Ic - Im) - (sum of point currents that are not of electrodes),   at v'
//! ```
//!
//! What an electrode brings into the neuron does not come through the membrane. By the cable equation the sum of
//! `membrane_current` over a neuron is the sum of the currents of its electrodes, and 0 without. Before the first step
//! `Ic` and `membrane_current` are 0.
//!
//! `exact` and `exponential_euler` are the same for variables that do not depend on each other, as channels mostly are; the
//! latter is computed then, which takes no exponentials of matrices.

mod neurons;
mod programs;
mod read_form;
mod variables;

use std::sync::Arc;

pub(crate) use neurons::compartments_of;

use self::variables::{AREA, CAPACITANCE, CHARGING, HIDDEN, OUTWARD, V};
use super::context::{Context, not_allowed};
use super::description::{Neurons, SpatialNeurons};
use super::error::{NetworkError, NetworkProblem};
use super::form::Form;
use super::groups;
use super::object::{Code, Object};
use crate::engine::State;
use crate::spatial::{Cable, CableError, Scratch};
use crate::units::Dimension;

const OHM_METRE: Dimension = Dimension::whole([3, 1, -3, -2, 0, 0, 0]);

/// Neurons with a form, ready to make steps of `v`.
#[derive(Clone, Debug)]
pub(crate) struct SpatialObject {
    /// The number of the object.
    pub number: usize,
    /// How many compartments each neuron has.
    compartments: u32,
    place: Option<Place>,
    path: String,
    membrane: Code,
    cable: Cable,
    scratch: Scratch,
    /// `v` before the step.
    before: Vec<f64>,
    /// Numbers of the hidden columns that there are.
    hidden: Vec<usize>,
}

/// Where neurons spike.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// An element of each neuron.
    pub elements: Arc<[u32]>,
    /// The number of the object of neurons as wholes, once it is made.
    pub whole: usize,
}

/// The object of a group with its own variables, and the form of its neurons.
///
/// # Errors
/// Forms and equations that are not allowed.
pub(crate) fn object(
    context: &Context<'_>,
    name: &str,
    described: &SpatialNeurons,
) -> Result<(Object, Form), NetworkError> {
    let path = format!("spatial_neurons.{name}");
    let at = |field: &str| format!("{path}.{field}");
    let form = read_form::form(context, &at("morphology"), &described.morphology)?;
    let compartments = form.compartments();
    let elements = compartments.checked_mul(described.size as usize).filter(|&elements| elements < u32::MAX as usize);
    let Some(elements) = elements.filter(|&elements| elements > 0) else {
        let allowed = format!("from 1 to {}, with {compartments} compartments each", u32::MAX as usize / compartments);
        return Err(not_allowed(&at("size"), described.size.to_string(), allowed));
    };
    let neurons = common(described, elements as u32);
    let mut object = groups::object_with(context, "spatial_neurons", name, &neurons, &variables::given(described))?;
    let resistivity = context.fixed(&at("resistivity"), &described.resistivity, OHM_METRE, "the resistivity")?;
    let space_constant = variables::space_constant(resistivity);
    object.remote_subexpressions.insert(variables::SPACE_CONSTANT.to_owned(), space_constant);
    Ok((object, form))
}

/// What a group is as one of as many point neurons as there are compartments: all but `v`.
///
/// # Errors
/// Equations that cannot be split into noise and what is none.
pub(crate) fn as_neurons(object: &Object, described: &SpatialNeurons) -> Result<Neurons, NetworkError> {
    let integrator = programs::integrator(object, described)?;
    Ok(Neurons { integrator, ..common(described, object.layout.elements() as u32) })
}

/// What a group has in common with one of point neurons.
fn common(described: &SpatialNeurons, elements: u32) -> Neurons {
    Neurons {
        size: elements,
        equations: described.equations.clone(),
        replace: described.replace.clone(),
        integrator: described.integrator.clone(),
        threshold: described.threshold.clone(),
        reset: described.reset.clone(),
        refractory: described.refractory.clone(),
        events: described.events.clone(),
        on_event: described.on_event.clone(),
        run_regularly: described.run_regularly.clone(),
        linked: described.linked.clone(),
        initial: described.initial.clone(),
        time_step: described.time_step.clone(),
        order: described.order,
    }
}

impl SpatialObject {
    /// For the object of this number, whose layout does not change any more. Writes geometry and `Cm` to its state.
    ///
    /// # Errors
    /// Currents that are not linear in `v`, values that are not allowed, places that there are not.
    pub(crate) fn new(
        context: &Context<'_>,
        number: usize,
        form: &Form,
        described: &SpatialNeurons,
        states: &mut [State],
    ) -> Result<Self, NetworkError> {
        let object = &context.objects[number];
        let at = |field: &str| format!("{}.{field}", object.path);
        let compartments = form.compartments();
        let place = match &described.threshold_location {
            None => None,
            Some(_) if described.threshold.is_none() => {
                let problem = NetworkProblem::Conflict("a place of a threshold needs a `threshold`".to_owned());
                return Err(NetworkError::new(at("threshold_location"), problem));
            }
            Some(place) => {
                let first = read_form::compartment(form, context, &at("threshold_location"), place)?;
                let elements = (first..object.layout.elements() as u32).step_by(compartments).collect();
                Some(Place { elements, whole: number })
            }
        };
        let membrane = programs::membrane(context, object, number, described)?;
        variables::fill(&mut states[number], form);
        let capacitance = variables::capacitance(context, number, form, described, states)?;
        let resistivity = context.fixed(&at("resistivity"), &described.resistivity, OHM_METRE, "the resistivity")?;
        let cable = Cable::new(&form.morphology, &capacitance, resistivity, object.dt)
            .map_err(|error| NetworkError::new(&object.path, error))?;
        Ok(Self {
            number,
            compartments: compartments as u32,
            place,
            path: object.path.clone(),
            membrane,
            cable,
            scratch: Scratch::default(),
            before: Vec::new(),
            hidden: HIDDEN.iter().filter_map(|name| object.layout.number(name)).collect(),
        })
    }

    /// One step of `v`, after those of the others; gives `Ic` and `membrane_current` as well.
    ///
    /// # Errors
    /// Currents and potentials that are not finite, and membranes whose conductance is negative and too large.
    pub(crate) fn solve(&mut self, states: &mut [State], step: u64) -> Result<(), NetworkError> {
        self.membrane.run(states, step).map_err(|error| NetworkError::new(&self.path, error))?;
        let state = &mut states[self.number];
        let mut v = std::mem::take(state.whole_column_mut(V));
        self.before.clear();
        self.before.extend_from_slice(&v);
        let (conductance, current) = (state.column(self.hidden[0]), state.column(self.hidden[1]));
        let done = self.cable.step(&mut v, conductance, current, &mut self.scratch);
        if done.is_ok() {
            self.currents(state, &v);
        }
        *state.whole_column_mut(V) = v;
        done.map_err(|error| self.failed(error, step))
    }

    /// `Ic` and `membrane_current` of a step to `v`.
    fn currents(&self, state: &mut State, v: &[f64]) {
        let by_dt = 1.0 / self.cable.dt();
        let mut charging = std::mem::take(state.whole_column_mut(CHARGING));
        let mut outward = std::mem::take(state.whole_column_mut(OUTWARD));
        let (capacitance, area) = (state.column(CAPACITANCE), state.column(AREA));
        let (conductance, current) = (state.column(self.hidden[0]), state.column(self.hidden[1]));
        for (i, (charging, outward)) in charging.iter_mut().zip(&mut outward).enumerate() {
            *charging = capacitance[i] * (v[i] - self.before[i]) * by_dt;
            *outward = area[i] * (*charging - (current[i] - conductance[i] * v[i]));
        }
        if let [_, _, conductance, current] = self.hidden[..] {
            let electrodes = state.column(conductance).iter().zip(state.column(current));
            for ((outward, (conductance, current)), v) in outward.iter_mut().zip(electrodes).zip(v) {
                *outward += current - conductance * v;
            }
        }
        *state.whole_column_mut(CHARGING) = charging;
        *state.whole_column_mut(OUTWARD) = outward;
    }

    fn failed(&self, error: CableError, step: u64) -> NetworkError {
        let problem = match error {
            CableError::NotFinite { what, neuron, compartment, value } => {
                let variable = match what {
                    "gtot" => "the conductance of the membrane",
                    "I0" => "Im",
                    _ => "v",
                };
                NetworkProblem::NotFinite {
                    variable: variable.to_owned(),
                    element: (neuron * self.compartments as usize + compartment) as u32,
                    value,
                    step,
                    time_ms: step as f64 * self.cable.dt() * 1e3,
                }
            }
            other => NetworkProblem::Cable(other),
        };
        NetworkError::new(&self.path, problem)
    }

    /// Adds the object of neurons as wholes, where they spike at a place.
    ///
    /// # Errors
    /// An object of its name.
    pub(crate) fn add_whole(&mut self, context: &mut Context<'_>) -> Result<(), NetworkError> {
        let Some(place) = &mut self.place else { return Ok(()) };
        let whole = neurons::whole(&context.objects[self.number], self.number, &place.elements)
            .map_err(|error| NetworkError::new(&self.path, error))?;
        place.whole = context.add(whole)?;
        Ok(())
    }

    /// Where neurons spike; none where all compartments do for themselves.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl Place {
    /// The elements of this place that fulfil a condition, and their neurons.
    pub(crate) fn fulfilled(&self, condition: &[f64], elements: &mut Vec<u32>, neurons: &mut Vec<u32>) {
        elements.clear();
        neurons.clear();
        for (neuron, &element) in (0..).zip(self.elements.iter()) {
            if condition.get(element as usize).is_some_and(|&holds| holds != 0.0) {
                elements.push(element);
                neurons.push(neuron);
            }
        }
    }
}
