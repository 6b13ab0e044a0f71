//! Propagators of elements whose matrices differ.
//!
//! They are kept while what the entries of the matrices are computed from has the same bits. Where it changes, the
//! entries are computed, and exponentials where these have changed too: one for each set of entries, so that elements
//! with the same parameters share the work. Each depends on the entries of its own element alone.

use std::collections::HashMap;

use lapicque_numerics::vectorise::vectorise;

use super::instruction::{MatrixOfEach, Source};
use super::kernels::{BLOCK, Blocks, Elements};
use super::scalars::Moment;
use super::{EngineError, Layout, State};

/// How many sets of entries are remembered while elements are gone through.
const REMEMBERED: usize = 1024;

/// What belongs to a [`MatrixOfEach`].
#[derive(Clone, Debug)]
pub(super) struct Propagators {
    slots: Vec<f64>,
    /// Slots that the instructions for entries read.
    read: Vec<usize>,
    /// What the instructions read, as it was when entries were computed.
    shared: Vec<f64>,
    inputs: Vec<Vec<f64>>,
    /// Whether that was since what is shared changed.
    fresh: Vec<bool>,
    /// Entries of which elements keep the exponential, and whether they do.
    entries: Vec<Vec<f64>>,
    known: Vec<bool>,
    /// For elements whose entries are computed.
    registers: Vec<Vec<f64>>,
    gathered: Vec<Vec<f64>>,
    results: Vec<Vec<f64>>,
}

impl Propagators {
    pub(super) fn new(of: &MatrixOfEach, layout: &Layout) -> Self {
        let elements = layout.elements();
        let outputs = of.code.outputs.len();
        let slot = |source: Source| match source {
            Source::Slot(slot) => Some(slot as usize).filter(|&slot| slot < of.code.scalars.len()),
            _ => None,
        };
        let mut read: Vec<usize> =
            of.code.instructions.iter().flat_map(|i| i.sources.iter().copied()).filter_map(slot).collect();
        read.sort_unstable();
        read.dedup();
        Self {
            slots: vec![0.0; of.code.scalars.len()],
            shared: vec![0.0; read.len()],
            read,
            inputs: vec![vec![0.0; elements]; of.code.inputs.len()],
            fresh: vec![false; elements],
            entries: vec![vec![0.0; elements]; outputs],
            known: vec![false; elements],
            registers: vec![vec![0.0; BLOCK]; of.code.registers],
            gathered: vec![Vec::new(); layout.columns().len()],
            results: vec![vec![0.0; BLOCK]; outputs],
        }
    }

    /// Brings into `kept` what has changed for all elements or those of a list.
    ///
    /// # Errors
    /// The first element whose matrix has no exponential.
    pub(super) fn renew(
        &mut self,
        kept: &mut [Vec<f64>],
        of: &MatrixOfEach,
        state: &State,
        moment: &Moment<'_>,
        list: Option<&[u32]>,
    ) -> Result<(), EngineError> {
        moment.fill(&mut self.slots, &of.code, state, &mut [])?;
        for (old, &slot) in self.shared.iter_mut().zip(&self.read) {
            let new = self.slots[slot];
            if old.to_bits() != new.to_bits() {
                *old = new;
                self.fresh.fill(false);
            }
        }
        let stale = match list {
            Some(list) => list.iter().copied().filter(|&element| !self.is_fresh(of, state, element)).collect(),
            None => self.stale(of, state),
        };
        let mut remembered: HashMap<Vec<u64>, Vec<f64>> = HashMap::new();
        for part in stale.chunks(BLOCK) {
            self.compute_entries(of, state, moment, part);
            for (place, &element) in part.iter().enumerate() {
                let element = element as usize;
                let entries = || self.results.iter().map(|result| result[place]);
                let old = self.entries.iter().map(|entries| entries[element].to_bits());
                if !self.known[element] || !entries().map(f64::to_bits).eq(old) {
                    let bits: Vec<u64> = entries().map(f64::to_bits).collect();
                    let numbers = match remembered.get(&bits) {
                        Some(numbers) => numbers.clone(),
                        None => {
                            let propagator = of.matrix.propagator(entries(), moment.dt, Some(element))?;
                            let numbers: Vec<f64> = of.wanted.iter().map(|(entry, _)| entry.of(&propagator)).collect();
                            if remembered.len() < REMEMBERED {
                                remembered.insert(bits, numbers.clone());
                            }
                            numbers
                        }
                    };
                    for (&(_, place), number) in of.wanted.iter().zip(numbers) {
                        kept[place][element] = number;
                    }
                    for (entries, results) in self.entries.iter_mut().zip(&self.results) {
                        entries[element] = results[place];
                    }
                    self.known[element] = true;
                }
                for (input, &column) in self.inputs.iter_mut().zip(&of.code.inputs) {
                    input[element] = state.columns[column][element];
                }
                self.fresh[element] = true;
            }
        }
        Ok(())
    }

    /// Elements whose entries may have changed.
    fn stale(&self, of: &MatrixOfEach, state: &State) -> Vec<u32> {
        let mut columns = self.inputs.iter().zip(&of.code.inputs);
        if self.fresh.iter().all(|&fresh| fresh) && columns.all(|(input, &column)| same(input, &state.columns[column]))
        {
            return Vec::new();
        }
        (0..self.fresh.len() as u32).filter(|&element| !self.is_fresh(of, state, element)).collect()
    }

    fn is_fresh(&self, of: &MatrixOfEach, state: &State, element: u32) -> bool {
        let element = element as usize;
        let mut columns = self.inputs.iter().zip(&of.code.inputs);
        let same = |(input, &column): (&Vec<f64>, &usize)| {
            input[element].to_bits() == state.columns[column][element].to_bits()
        };
        self.fresh[element] && columns.all(same)
    }

    /// Entries of the matrices of at most [`BLOCK`] elements, into `results`.
    fn compute_entries(&mut self, of: &MatrixOfEach, state: &State, moment: &Moment<'_>, elements: &[u32]) {
        for &input in &of.code.inputs {
            let column = &state.columns[input];
            self.gathered[input].clear();
            self.gathered[input].extend(elements.iter().map(|&element| column[element as usize]));
        }
        vectorise(Blocks {
            instructions: &of.code.instructions,
            slots: &self.slots,
            columns: &self.gathered,
            kept: &[],
            registers: &mut self.registers,
            outputs: &mut self.results,
            arrays: moment.arrays,
            dt: moment.dt,
            draws: moment.draws,
            elements: Elements::Listed(elements),
            length: elements.len(),
            condition: None,
        });
    }
}

/// Whether all numbers have the same bits. In chunks without branches, so that they become vectors.
fn same(a: &[f64], b: &[f64]) -> bool {
    let differ =
        |(a, b): (&[f64], &[f64])| a.iter().zip(b).fold(0, |bits, (a, b)| bits | (a.to_bits() ^ b.to_bits())) != 0;
    a.len() == b.len() && !a.chunks(256).zip(b.chunks(256)).any(differ)
}
