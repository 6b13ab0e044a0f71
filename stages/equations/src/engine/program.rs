//! Programs: what is written to variables in one step, computed from what they were.

use lapicque_numerics::random::StreamKey;
use lapicque_numerics::vectorise::vectorise;

use super::compile::compile;
use super::draws::Draws;
use super::instruction::Compiled;
use super::kernels::{BLOCK, Blocks, Condition, Elements};
use super::propagators::Propagators;
use super::scalars::{Moment, SharedPropagator};
use super::{EngineError, Graph, Layout, State, TimedArray, Write};

/// Writes to variables, ready to be computed. It keeps what it needs in between, so one state at a time.
#[derive(Clone, Debug)]
pub struct Program {
    layout: Layout,
    arrays: Vec<TimedArray>,
    dt: f64,
    key: [u32; 2],
    compiled: Compiled,
    slots: Vec<f64>,
    shared_propagators: Vec<SharedPropagator>,
    propagators: Vec<Propagators>,
    /// Numbers of propagators of all elements.
    kept: Vec<Vec<f64>>,
    registers: Vec<Vec<f64>>,
    /// Values after the program of all elements.
    next: Vec<Vec<f64>>,
    /// Values before and after the program of elements from a list.
    gathered: Vec<Vec<f64>>,
    gathered_kept: Vec<Vec<f64>>,
    results: Vec<Vec<f64>>,
    /// The output of which it is only asked for which elements it is not 0.
    condition: Option<u16>,
    fulfilled: Vec<u32>,
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
            shared_propagators: vec![SharedPropagator::default(); compiled.shared_matrices.len()],
            propagators: compiled.matrices.iter().map(|matrix| Propagators::new(matrix, &layout)).collect(),
            kept: vec![vec![0.0; elements]; compiled.kept],
            registers: vec![vec![0.0; BLOCK]; compiled.registers],
            next: vec![vec![0.0; elements]; outputs],
            gathered: vec![Vec::new(); layout.columns().len()],
            gathered_kept: vec![Vec::new(); compiled.kept],
            results: vec![vec![0.0; BLOCK]; outputs],
            condition: None,
            fulfilled: Vec::new(),
            layout,
            compiled,
        }
    }

    /// From now on what is written to this variable of each element is not kept: [`Program::fulfilled`] says for which
    /// elements it is not 0.
    pub fn find(mut self, column: usize) -> Self {
        self.condition = self.compiled.outputs.iter().position(|&output| output == column).map(|output| output as u16);
        if let Some(output) = self.condition {
            self.next[usize::from(output)] = vec![0.0; BLOCK.min(self.layout.elements())];
        }
        self
    }

    /// Elements for which the condition held in the last [`Program::run`], ascending.
    pub fn fulfilled(&self) -> &[u32] {
        &self.fulfilled
    }

    /// How many instructions it takes for each block of elements.
    pub fn instructions(&self) -> usize {
        self.compiled.instructions.len()
    }

    /// How many registers it has.
    pub fn registers(&self) -> usize {
        self.compiled.registers
    }

    /// The columns that it reads for each element or as shared ones.
    pub(crate) fn columns_read(&self) -> Vec<usize> {
        self.compiled.columns_read()
    }

    /// Computes step number `step`, which is at time `step dt`, for all elements.
    ///
    /// # Errors
    /// A state of another layout; factors of a linear system of which there is no exponential. Nothing is written then.
    pub fn run(&mut self, state: &mut State, step: u64) -> Result<(), EngineError> {
        state.fits(&self.layout)?;
        let draws = Draws::new(self.key, step);
        self.prepare(state, step, None)?;
        self.fulfilled.clear();
        if !self.compiled.instructions.is_empty() {
            let fulfilled = &mut self.fulfilled;
            vectorise(Blocks {
                instructions: &self.compiled.instructions,
                slots: &self.slots,
                columns: &state.columns,
                kept: &self.kept,
                registers: &mut self.registers,
                outputs: &mut self.next,
                arrays: &self.arrays,
                dt: self.dt,
                draws,
                elements: Elements::All,
                length: self.layout.elements(),
                condition: self.condition.map(|output| Condition { output, fulfilled }),
            });
            let kept = self.compiled.outputs.iter().zip(&mut self.next).enumerate();
            for (_, (column, next)) in kept.filter(|(output, _)| self.condition != Some(*output as u16)) {
                std::mem::swap(&mut state.columns[*column], next);
            }
        }
        self.write_shared(state);
        Ok(())
    }

    /// As [`Program::run`], for the elements of a list alone; shared variables are written unless the list is empty.
    ///
    /// # Errors
    /// Those of [`Program::run`]; a list that is not ascending or names an element that is not there.
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
        self.prepare(state, step, Some(list))?;
        for part in list.chunks(BLOCK) {
            for &input in &self.compiled.inputs {
                let column = &state.columns[input];
                self.gathered[input].clear();
                self.gathered[input].extend(part.iter().map(|&element| column[element as usize]));
            }
            for (gathered, kept) in self.gathered_kept.iter_mut().zip(&self.kept) {
                gathered.clear();
                gathered.extend(part.iter().map(|&element| kept[element as usize]));
            }
            vectorise(Blocks {
                instructions: &self.compiled.instructions,
                slots: &self.slots,
                columns: &self.gathered,
                kept: &self.gathered_kept,
                registers: &mut self.registers,
                outputs: &mut self.results,
                arrays: &self.arrays,
                dt: self.dt,
                draws,
                elements: Elements::Listed(part),
                length: part.len(),
                condition: None,
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

    /// What is shared by all elements, and what elements, all or those of a list, keep.
    fn prepare(&mut self, state: &State, step: u64, list: Option<&[u32]>) -> Result<(), EngineError> {
        let moment = Moment { step, dt: self.dt, arrays: &self.arrays, draws: Draws::new(self.key, step) };
        moment.fill(&mut self.slots, &self.compiled, state, &mut self.shared_propagators)?;
        for (propagators, matrix) in self.propagators.iter_mut().zip(&self.compiled.matrices) {
            propagators.renew(&mut self.kept, matrix, state, &moment, list)?;
        }
        Ok(())
    }

    fn write_shared(&self, state: &mut State) {
        for &(column, slot) in &self.compiled.shared_outputs {
            if let Some(value) = state.columns[column].first_mut() {
                *value = self.slots[slot as usize];
            }
        }
    }
}
