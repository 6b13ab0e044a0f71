//! Exponentials of matrices whose entries are values.

use super::{EngineError, Graph, Node, Value};
use crate::maths::propagator::{Propagator, propagator};

/// M of x' = M x + c.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrix {
    /// Names of x.
    pub(crate) variables: Vec<String>,
    /// Entries that are not 0, with their places: row times the number of variables, plus column.
    pub(crate) entries: Vec<(usize, Value)>,
}

/// A [`Propagator`] of values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solution {
    /// e^(M dt)
    pub(crate) state: Vec<Value>,
    /// The integral of e^(M s) from 0 to dt.
    pub(crate) input: Vec<Value>,
}

/// A number of a [`Propagator`], by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    State(u32),
    Input(u32),
}

impl Entry {
    pub(super) fn of(self, propagator: &Propagator) -> f64 {
        let (numbers, place) = match self {
            Self::State(place) => (&propagator.state, place),
            Self::Input(place) => (&propagator.input, place),
        };
        numbers.get(place as usize).copied().unwrap_or(f64::NAN)
    }
}

/// How often entries of a matrix have to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Varies {
    Never,
    BetweenSteps,
    BetweenElements,
}

impl Matrix {
    fn size(&self) -> usize {
        self.variables.len()
    }

    /// Which variables each depends on, itself included, at `row * size + column`.
    fn reach(&self) -> Vec<bool> {
        let size = self.size();
        let mut reach = vec![false; size * size];
        for &(place, _) in &self.entries {
            reach[place] = true;
        }
        for entry in reach.iter_mut().step_by(size + 1) {
            *entry = true;
        }
        for by in 0..size {
            for row in 0..size {
                for column in 0..size {
                    reach[row * size + column] |= reach[row * size + by] && reach[by * size + column];
                }
            }
        }
        reach
    }

    /// The propagator where entries have these values, for an element if they are not the same for all.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn propagator(
        &self,
        values: impl Iterator<Item = f64>,
        dt: f64,
        element: Option<usize>,
    ) -> Result<Propagator, EngineError> {
        let size = self.size();
        let mut matrix = vec![0.0; size * size];
        for (&(place, _), value) in self.entries.iter().zip(values) {
            matrix[place] = value;
        }
        propagator(&matrix, size, dt).ok_or_else(|| {
            let sizes = matrix.chunks(size.max(1)).map(|row| row.iter().map(|entry| entry.abs()).sum::<f64>());
            // NaN is above all.
            let worst = sizes.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(row, _)| row);
            let variable = self.variables.get(worst).cloned().unwrap_or_default();
            EngineError::NoPropagator { variable, element }
        })
    }
}

impl Graph<'_> {
    /// What solves x' = M x + c over a step. Rows of variables that depend on constant entries alone are constants, of
    /// those that depend on shared entries shared.
    ///
    /// # Errors
    /// Constant entries of which there is no exponential.
    pub(crate) fn solution(&mut self, mut matrix: Matrix) -> Result<Solution, EngineError> {
        let size = matrix.size();
        matrix.entries.retain(|&(_, value)| self.as_constant(value) != Some(0.0));
        let reach = matrix.reach();
        let varies = |graph: &Self, value: Value| match graph.as_constant(value) {
            Some(_) => Varies::Never,
            None if graph.is_shared(value) => Varies::BetweenSteps,
            None => Varies::BetweenElements,
        };
        let mut of_row = vec![Varies::Never; size];
        for (row, of_row) in of_row.iter_mut().enumerate() {
            for &(place, value) in &matrix.entries {
                if reach[row * size + place / size] {
                    *of_row = varies(self, value).max(*of_row);
                }
            }
        }
        let zero = self.constant(0.0);
        let mut solution = Solution { state: vec![zero; size * size], input: vec![zero; size * size] };
        for level in [Varies::Never, Varies::BetweenSteps, Varies::BetweenElements] {
            if !of_row.contains(&level) {
                continue;
            }
            // Without rows that vary more, which these do not depend on.
            let mut part = matrix.clone();
            part.entries.retain(|&(place, _)| of_row[place / size] <= level);
            let constants: Option<Vec<f64>> = part.entries.iter().map(|&(_, value)| self.as_constant(value)).collect();
            let numbers = match constants {
                Some(values) => Some(part.propagator(values.into_iter(), self.dt(), None)?),
                None => None,
            };
            let number = self.matrix_number(part);
            for place in (0..size * size).filter(|&place| reach[place] && of_row[place / size] == level) {
                match &numbers {
                    Some(numbers) => {
                        solution.state[place] = self.constant(numbers.state[place]);
                        solution.input[place] = self.constant(numbers.input[place]);
                    }
                    None => {
                        solution.state[place] =
                            self.add(Node::Propagated { matrix: number, entry: Entry::State(place as u32) });
                        solution.input[place] =
                            self.add(Node::Propagated { matrix: number, entry: Entry::Input(place as u32) });
                    }
                }
            }
        }
        Ok(solution)
    }

    /// The number of a matrix, which equal ones share.
    fn matrix_number(&mut self, matrix: Matrix) -> u32 {
        let known = self.matrices.iter().position(|other| *other == matrix);
        known.unwrap_or_else(|| {
            self.matrices.push(matrix);
            self.matrices.len() - 1
        }) as u32
    }
}
