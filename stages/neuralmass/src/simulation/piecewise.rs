//! A run that is stepped piece by piece, with inputs that become known on the way.

use super::engine::{Arrivals, Engine, Sink};
use super::prepare;
use super::setting::{Scheme, Set, Settings, SimulationError};
use crate::network::Network;
use crate::{Lanes, Model, Real, WIDTH};

/// One set of a network that waits for its next piece. Pieces of any length give the same bits.
pub struct Piecewise<'a, M> {
    model: M,
    engine: Engine<'a>,
    /// Among the inputs.
    arriving: Vec<usize>,
}

impl<'a, M: Model> Piecewise<'a, M> {
    /// At its begin, of `steps` steps in all; the inputs of the places `arriving` are told with each piece.
    ///
    /// # Errors
    /// As [`super::simulate`], and places that are not there.
    pub fn new(
        model: M,
        network: &'a Network,
        set: &'a Set,
        settings: &'a Settings,
        steps: u64,
        arriving: Vec<usize>,
    ) -> Result<Self, SimulationError> {
        let mut engine = prepare::prepare(&model, network, std::slice::from_ref(set), settings, steps, 0)?;
        let count = engine.description.inputs.len();
        if let Some(&found) = arriving.iter().find(|&&place| place >= count) {
            return Err(SimulationError::Count { what: "inputs".to_owned(), found, expected: count });
        }
        engine.begin();
        Ok(Self { model, engine, arriving })
    }

    /// All outputs as they are now, `[output * nodes + node]`.
    pub fn outputs(&self) -> Vec<f64> {
        let engine = &self.engine;
        let (nodes, description) = (engine.network.nodes(), &engine.description);
        let (ns, na, nd) = (description.states.len(), description.algebraic.len(), description.derived);
        let mut values = vec![0.0; nodes * description.outputs.len()];
        let mut outputs = vec![Lanes::of(0.0); description.outputs.len()];
        for node in 0..nodes {
            let (b, lane) = (node / WIDTH, node % WIDTH);
            let (derived, states) = (&engine.derived[b * nd..(b + 1) * nd], &engine.states[b * ns..(b + 1) * ns]);
            self.model.outputs(derived, states, &engine.algebraic[b * na..(b + 1) * na], &mut outputs);
            for (output, lanes) in outputs.iter().enumerate() {
                values[output * nodes + node] = lanes.0[lane];
            }
        }
        values
    }

    /// Steps on. `values` has the samples of what arrives, `[(k * nodes + node) * samples + sample]`: one for the begin
    /// of each step and, for Heun, one for the end of the last.
    ///
    /// # Errors
    /// Too few samples, a state that is no longer finite, or that it was cancelled.
    pub fn advance(
        &mut self,
        steps: u64,
        values: Vec<f64>,
        sink: Sink<'_>,
        proceed: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), SimulationError> {
        let engine = &mut self.engine;
        let length = steps as usize + usize::from(engine.settings.scheme == Scheme::Heun);
        let expected = self.arriving.len() * engine.network.nodes() * length;
        if values.len() != expected {
            return Err(SimulationError::Count { what: "arriving".to_owned(), found: values.len(), expected });
        }
        engine.arrivals = Arrivals { places: self.arriving.clone(), first_step: engine.step, length, values };
        engine.go_on(&self.model, steps, sink, proceed)?;
        match engine.failures[0].clone() {
            None => Ok(()),
            Some(failure) => Err(failure),
        }
    }
}
