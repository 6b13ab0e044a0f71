//! Steps of the cable equation.

use super::Morphology;

/// The cable equation on a morphology, for steps of one length. The page of [`spatial`](super) has the equations.
#[derive(Clone, Debug, PartialEq)]
pub struct Cable {
    /// For each compartment.
    compartments: Vec<Own>,
    /// For each unknown: a compartment, or a node without a membrane. Each but the first has its parent before it.
    rows: Vec<Row>,
    dt: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Own {
    row: u32,
    /// m^2.
    area: f64,
    /// Of the whole compartment, over dt, in S.
    capacitance_by_dt: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    parent: u32,
    /// Conductance to the parent, in S; 0 for the first.
    coupling: f64,
    /// The compartment itself, or the one next to a node.
    compartment: u32,
}

/// Memory of a step, which can be used for any cable and number of neurons.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    leak: Vec<f64>,
    solution: Vec<f64>,
}

/// Something a cable refuses.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CableError {
    /// A length of steps, a resistivity or a capacitance that nothing can have.
    #[error("the {what} is {value:e} {unit}; it must be above 0 and finite")]
    NotPositive {
        /// What.
        what: &'static str,
        /// What it is.
        value: f64,
        /// In which unit.
        unit: &'static str,
    },
    /// As many values as there are neither neurons nor compartments.
    #[error("{found} values of {what}; expected {expected}")]
    Values {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are expected.
        expected: String,
    },
    /// A number that is missing or infinite.
    #[error("{what} of compartment {compartment} of neuron {neuron} is {value}; expected a finite number")]
    NotFinite {
        /// `v`, `gtot` or `I0` before the step, or `v after the step`.
        what: &'static str,
        /// Number of the neuron, from 0.
        neuron: usize,
        /// Number of the compartment, from 0.
        compartment: usize,
        /// What it is.
        value: f64,
    },
    /// A negative conductance that takes over.
    #[error(
        "the membrane around compartment {compartment} of neuron {neuron} has a negative conductance that is too large for the step; expected gtot > -Cm/dt"
    )]
    Unstable {
        /// Number of the neuron, from 0.
        neuron: usize,
        /// Number of the compartment, from 0.
        compartment: usize,
    },
}

impl Cable {
    /// For steps of `dt` (s) on a morphology with a resistivity (ohm m) and the capacitance of the membrane (F/m^2), which
    /// is one value or one for each compartment.
    ///
    /// # Errors
    /// [`CableError::NotPositive`], [`CableError::Values`].
    pub fn new(morphology: &Morphology, capacitance: &[f64], resistivity: f64, dt: f64) -> Result<Self, CableError> {
        positive("step", dt, "s")?;
        positive("resistivity", resistivity, "ohm m")?;
        capacitance.iter().try_for_each(|&each| positive("capacitance", each, "F/m^2"))?;
        let geometry = morphology.compartments();
        let count = geometry.len();
        if capacitance.len() != 1 && capacitance.len() != count {
            let expected = format!("1, or {count} for as many compartments");
            return Err(CableError::Values { what: "the capacitance", found: capacitance.len(), expected });
        }

        let (at_root, children) = children(morphology);
        let mut compartments = Vec::with_capacity(count);
        let mut rows: Vec<Row> = Vec::with_capacity(count + children.len());
        if at_root > 1 {
            rows.push(Row { parent: 0, coupling: 0.0, compartment: 0 });
        }
        // What the children of each section are connected to: a row, and the r of its side unless it is a node.
        let mut ends: Vec<Option<(usize, Option<f64>)>> = Vec::with_capacity(children.len());
        for (section, &children) in children.iter().enumerate() {
            let mut before = match morphology.parent(section) {
                Some(parent) => ends[parent],
                None => (at_root > 1).then_some((0, None)),
            };
            for number in morphology.range(section) {
                let own = &geometry[number];
                let row = match before {
                    Some((row, Some(r))) => {
                        connected(row, 1.0 / (resistivity * (1.0 / r + 1.0 / own.r_length_1)), number)?
                    }
                    Some((row, None)) => connected(row, own.r_length_1 / resistivity, number)?,
                    None => Row { parent: 0, coupling: 0.0, compartment: number as u32 },
                };
                let each = if capacitance.len() == 1 { capacitance[0] } else { capacitance[number] };
                let capacitance_by_dt = each / dt * own.area;
                positive("capacitance of a compartment, divided by the step,", capacitance_by_dt, "S")?;
                compartments.push(Own { row: rows.len() as u32, area: own.area, capacitance_by_dt });
                before = Some((rows.len(), Some(own.r_length_2)));
                rows.push(row);
            }
            if children > 1
                && let Some((last, Some(r))) = before
            {
                before = Some((rows.len(), None));
                rows.push(connected(last, r / resistivity, rows[last].compartment as usize)?);
            }
            ends.push(before);
        }
        Ok(Self { compartments, rows, dt })
    }

    /// How many compartments each neuron has.
    pub fn compartments(&self) -> usize {
        self.compartments.len()
    }

    /// The length of its steps, in s.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// One step of the membrane potential `v` (V), with `conductance` gtot (S/m^2) and `current` I0 (A/m^2). There may be
    /// any number of neurons, each with all its compartments, one after the other.
    ///
    /// # Errors
    /// [`CableError::Values`], [`CableError::NotFinite`] and [`CableError::Unstable`]; neurons before the one that is
    /// named have made their step, the others have not.
    pub fn step(
        &self,
        v: &mut [f64],
        conductance: &[f64],
        current: &[f64],
        scratch: &mut Scratch,
    ) -> Result<(), CableError> {
        let count = self.compartments.len();
        if !v.len().is_multiple_of(count) {
            let expected = format!("{count} for each neuron");
            return Err(CableError::Values { what: "v", found: v.len(), expected });
        }
        for (what, values) in [("gtot", conductance), ("I0", current)] {
            if values.len() != v.len() {
                let expected = format!("{}, as many as of v", v.len());
                return Err(CableError::Values { what, found: values.len(), expected });
            }
        }
        let inputs = conductance.chunks_exact(count).zip(current.chunks_exact(count));
        for (neuron, (v, (conductance, current))) in v.chunks_exact_mut(count).zip(inputs).enumerate() {
            self.begin(v, conductance, current, scratch);
            let unstable = self.solve(scratch).err();
            let infinite = scratch.solution.iter().position(|x| !x.is_finite());
            if let Some(row) = unstable.or(infinite) {
                let compartment = self.rows[row].compartment as usize;
                let value = scratch.solution[row];
                return Err(not_finite(neuron, v, conductance, current).unwrap_or(match unstable {
                    Some(_) => CableError::Unstable { neuron, compartment },
                    None => CableError::NotFinite { what: "v after the step", neuron, compartment, value },
                }));
            }
            for (v, own) in v.iter_mut().zip(&self.compartments) {
                *v = scratch.solution[own.row as usize];
            }
        }
        Ok(())
    }

    /// Conductances to outside and currents of all unknowns.
    fn begin(&self, v: &[f64], conductance: &[f64], current: &[f64], scratch: &mut Scratch) {
        scratch.leak.clear();
        scratch.leak.resize(self.rows.len(), 0.0);
        scratch.solution.clear();
        scratch.solution.resize(self.rows.len(), 0.0);
        for (i, own) in self.compartments.iter().enumerate() {
            scratch.leak[own.row as usize] = own.capacitance_by_dt + own.area * conductance[i];
            scratch.solution[own.row as usize] = own.capacitance_by_dt * v[i] + own.area * current[i];
        }
    }

    /// Eliminates from the tips to the root, then goes back; else gives the row at which there is no positive pivot.
    fn solve(&self, scratch: &mut Scratch) -> Result<(), usize> {
        let leak = &mut scratch.leak[..self.rows.len()];
        let solution = &mut scratch.solution[..self.rows.len()];
        for (number, row) in self.rows.iter().enumerate().rev() {
            let pivot = leak[number] + row.coupling;
            if pivot.is_nan() || pivot <= 0.0 {
                return Err(number);
            }
            let by_pivot = 1.0 / pivot;
            if number > 0 {
                let parent = row.parent as usize;
                let share = row.coupling * by_pivot;
                leak[parent] += share * leak[number];
                solution[parent] += share * solution[number];
            }
            leak[number] = by_pivot;
        }
        solution[0] *= leak[0];
        for (number, row) in self.rows.iter().enumerate().skip(1) {
            solution[number] = (solution[number] + row.coupling * solution[row.parent as usize]) * leak[number];
        }
        Ok(())
    }
}

/// How many sections begin at the root, and at the end of each section.
fn children(morphology: &Morphology) -> (usize, Vec<usize>) {
    let (mut at_root, mut children) = (0, vec![0; morphology.sections()]);
    for section in 0..morphology.sections() {
        match morphology.parent(section) {
            Some(parent) => children[parent] += 1,
            None => at_root += 1,
        }
    }
    (at_root, children)
}

/// An unknown that is connected to its parent.
fn connected(parent: usize, coupling: f64, compartment: usize) -> Result<Row, CableError> {
    positive("conductance between compartments", coupling, "S")?;
    Ok(Row { parent: parent as u32, coupling, compartment: compartment as u32 })
}

fn positive(what: &'static str, value: f64, unit: &'static str) -> Result<(), CableError> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(CableError::NotPositive { what, value, unit }) }
}

/// The first value of a neuron before a step that is not finite.
fn not_finite(neuron: usize, v: &[f64], conductance: &[f64], current: &[f64]) -> Option<CableError> {
    [("v", v), ("gtot", conductance), ("I0", current)].into_iter().find_map(|(what, values)| {
        let compartment = values.iter().position(|value| !value.is_finite())?;
        Some(CableError::NotFinite { what, neuron, compartment, value: values[compartment] })
    })
}
