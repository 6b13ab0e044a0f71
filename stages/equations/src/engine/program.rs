//! Programs: what is written to variables in one step, computed from what they were.

use lapicque_numerics::random::StreamKey;
use lapicque_numerics::vectorise::vectorise;

use super::compile::{Compiled, Scalar, compile};
use super::draws::{Draws, SHARED};
use super::kernels::{Blocks, Elements};
use super::{EngineError, Graph, Layout, State, TimedArray, Write};

/// Elements that are computed together: few enough that all registers stay in the second cache, enough that what an
/// instruction costs once does not count.
pub const BLOCK: usize = 1024;

/// Writes to variables, ready to be computed. It keeps what it needs in between, so one state at a time.
#[derive(Clone, Debug)]
pub struct Program {
    layout: Layout,
    arrays: Vec<TimedArray>,
    dt: f64,
    key: [u32; 2],
    compiled: Compiled,
    slots: Vec<f64>,
    registers: Vec<Vec<f64>>,
    /// Values after the program of all elements.
    next: Vec<Vec<f64>>,
    /// Values before and after the program of elements from a list.
    gathered: Vec<Vec<f64>>,
    results: Vec<Vec<f64>>,
}

impl Program {
    /// Compiles writes to variables of a graph. Where there are several to one variable, the last counts. Draws depend on
    /// `key`, which no other program of a model should have.
    pub fn new(graph: &Graph<'_>, writes: &[Write], key: &StreamKey) -> Self {
        let compiled = compile(graph, writes);
        let layout = graph.layout().clone();
        let elements = layout.elements();
        let outputs = compiled.outputs.len();
        Self {
            arrays: graph.scope.arrays.to_vec(),
            dt: graph.scope.dt,
            key: Draws::key(key),
            slots: vec![0.0; compiled.scalars.len()],
            registers: vec![vec![0.0; BLOCK]; compiled.registers],
            next: vec![vec![0.0; elements]; outputs],
            gathered: vec![Vec::new(); layout.columns().len()],
            results: vec![vec![0.0; BLOCK]; outputs],
            layout,
            compiled,
        }
    }

    /// How many instructions it takes for each block of elements.
    pub fn instructions(&self) -> usize {
        self.compiled.instructions.len()
    }

    /// How many registers it has.
    pub fn registers(&self) -> usize {
        self.compiled.registers
    }

    /// Computes step number `step`, which is at time `step dt`, for all elements.
    ///
    /// # Errors
    /// A state of another layout.
    pub fn run(&mut self, state: &mut State, step: u64) -> Result<(), EngineError> {
        state.fits(&self.layout)?;
        let draws = Draws::new(self.key, step);
        self.fill_slots(state, step, draws);
        if !self.compiled.instructions.is_empty() {
            vectorise(Blocks {
                instructions: &self.compiled.instructions,
                slots: &self.slots,
                columns: &state.columns,
                registers: &mut self.registers,
                outputs: &mut self.next,
                arrays: &self.arrays,
                dt: self.dt,
                draws,
                elements: Elements::All,
                length: self.layout.elements(),
            });
            for (column, next) in self.compiled.outputs.iter().zip(&mut self.next) {
                std::mem::swap(&mut state.columns[*column], next);
            }
        }
        self.write_shared(state);
        Ok(())
    }

    /// As [`Program::run`], for the elements of a list alone; shared variables are written unless the list is empty.
    ///
    /// # Errors
    /// A state of another layout; a list that is not ascending or names an element that is not there.
    pub fn run_at(&mut self, state: &mut State, step: u64, list: &[u32]) -> Result<(), EngineError> {
        state.fits(&self.layout)?;
        if let Some(&last) = list.last()
            && last as usize >= self.layout.elements()
        {
            return Err(EngineError::NoElement { index: last as usize, elements: self.layout.elements() });
        }
        if let Some(pair) = list.windows(2).find(|pair| pair[0] >= pair[1]) {
            let allowed = "numbers of elements ascend, each once";
            return Err(EngineError::OutOfRange { field: "list", value: f64::from(pair[1]), allowed });
        }
        if list.is_empty() {
            return Ok(());
        }
        let draws = Draws::new(self.key, step);
        self.fill_slots(state, step, draws);
        for part in list.chunks(BLOCK) {
            for &input in &self.compiled.inputs {
                let column = &state.columns[input];
                self.gathered[input].clear();
                self.gathered[input].extend(part.iter().map(|&element| column[element as usize]));
            }
            vectorise(Blocks {
                instructions: &self.compiled.instructions,
                slots: &self.slots,
                columns: &self.gathered,
                registers: &mut self.registers,
                outputs: &mut self.results,
                arrays: &self.arrays,
                dt: self.dt,
                draws,
                elements: Elements::Listed(part),
                length: part.len(),
            });
            for (&column, results) in self.compiled.outputs.iter().zip(&self.results) {
                let column = &mut state.columns[column];
                for (&element, &result) in part.iter().zip(results) {
                    column[element as usize] = result;
                }
            }
        }
        self.write_shared(state);
        Ok(())
    }

    /// What is shared by all elements.
    fn fill_slots(&mut self, state: &State, step: u64, draws: Draws) {
        for (number, scalar) in self.compiled.scalars.iter().enumerate() {
            let at = |slot: u32| self.slots[slot as usize];
            let value = match scalar {
                Scalar::Constant(value) => *value,
                Scalar::Column(column) => state.column(usize::from(*column)).first().copied().unwrap_or(f64::NAN),
                Scalar::Time => step as f64 * self.dt,
                Scalar::Step => step as f64,
                Scalar::Apply(operation, operands) => operation.evaluate(operands.map(at)),
                Scalar::Draw { distribution, draw } => draws.one(*distribution, *draw, SHARED),
                Scalar::Poisson { mean, draw } => draws.poisson(at(*mean), *draw, SHARED),
                Scalar::Timed { array, time, index } => {
                    self.arrays[*array as usize].at(at(*time), index.map_or(0.0, at), self.dt)
                }
            };
            self.slots[number] = value;
        }
    }

    fn write_shared(&self, state: &mut State) {
        for &(column, slot) in &self.compiled.shared_outputs {
            if let Some(value) = state.columns[column].first_mut() {
                *value = self.slots[slot as usize];
            }
        }
    }
}
