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

/// How many neurons go through a cable together, an operation of each at once.
const LANES: usize = 8;

/// Where a step fails.
enum Failure {
    /// There is no positive pivot.
    Pivot { row: usize },
    /// The result is not finite.
    Result { row: usize, value: f64 },
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
        let together = count * LANES;
        let mut inputs = conductance.chunks(together).zip(current.chunks(together));
        for (group, v) in v.chunks_mut(together).enumerate() {
            let Some((conductance, current)) = inputs.next() else { break };
            if v.len() == together && self.advance::<LANES>(v, conductance, current, scratch).is_ok() {
                continue;
            }
            // The last neurons, and those of which one fails.
            let inputs = conductance.chunks_exact(count).zip(current.chunks_exact(count));
            for (neuron, (v, (conductance, current))) in v.chunks_exact_mut(count).zip(inputs).enumerate() {
                let neuron = group * LANES + neuron;
                self.advance::<1>(v, conductance, current, scratch)
                    .map_err(|failure| self.why(&failure, neuron, v, conductance, current))?;
            }
        }
        Ok(())
    }

    /// One step of as many neurons as there are lanes, all with the same operations. Writes nothing where one fails.
    fn advance<const LANES: usize>(
        &self,
        v: &mut [f64],
        conductance: &[f64],
        current: &[f64],
        scratch: &mut Scratch,
    ) -> Result<(), Failure> {
        let count = self.compartments.len();
        for values in [&mut scratch.leak, &mut scratch.solution] {
            values.clear();
            values.resize(self.rows.len() * LANES, 0.0);
        }
        let (leak, _) = scratch.leak.as_chunks_mut::<LANES>();
        let (solution, _) = scratch.solution.as_chunks_mut::<LANES>();
        for (i, own) in self.compartments.iter().enumerate() {
            let row = own.row as usize;
            for lane in 0..LANES {
                let at = lane * count + i;
                leak[row][lane] = own.capacitance_by_dt + own.area * conductance[at];
                solution[row][lane] = own.capacitance_by_dt * v[at] + own.area * current[at];
            }
        }
        self.solve(leak, solution)?;
        for (i, own) in self.compartments.iter().enumerate() {
            for (lane, solution) in solution[own.row as usize].iter().enumerate() {
                v[lane * count + i] = *solution;
            }
        }
        Ok(())
    }

    /// Eliminates from the tips to the root, then goes back.
    fn solve<const LANES: usize>(
        &self,
        leak: &mut [[f64; LANES]],
        solution: &mut [[f64; LANES]],
    ) -> Result<(), Failure> {
        for (number, row) in self.rows.iter().enumerate().rev() {
            let pivot = leak[number].map(|leak| leak + row.coupling);
            if !pivot.iter().all(|&pivot| pivot > 0.0) {
                return Err(Failure::Pivot { row: number });
            }
            let by_pivot = pivot.map(|pivot| 1.0 / pivot);
            if number > 0 {
                let parent = row.parent as usize;
                for lane in 0..LANES {
                    let share = row.coupling * by_pivot[lane];
                    leak[parent][lane] += share * leak[number][lane];
                    solution[parent][lane] += share * solution[number][lane];
                }
            }
            leak[number] = by_pivot;
        }
        for (number, row) in self.rows.iter().enumerate() {
            // The root is connected to itself by 0.
            let parent = solution[row.parent as usize];
            let own = &mut solution[number];
            for lane in 0..LANES {
                own[lane] = (own[lane] + row.coupling * parent[lane]) * leak[number][lane];
            }
            if let Some(&value) = own.iter().find(|value| !value.is_finite()) {
                return Err(Failure::Result { row: number, value });
            }
        }
        Ok(())
    }

    /// Why a step of a neuron failed: what is not finite before it, else what was seen in it.
    fn why(&self, failure: &Failure, neuron: usize, v: &[f64], conductance: &[f64], current: &[f64]) -> CableError {
        for (what, values) in [("v", v), ("gtot", conductance), ("I0", current)] {
            if let Some(compartment) = values.iter().position(|value| !value.is_finite()) {
                return CableError::NotFinite { what, neuron, compartment, value: values[compartment] };
            }
        }
        let compartment = |row: usize| self.rows[row].compartment as usize;
        match *failure {
            Failure::Pivot { row } => CableError::Unstable { neuron, compartment: compartment(row) },
            Failure::Result { row, value } => {
                CableError::NotFinite { what: "v after the step", neuron, compartment: compartment(row), value }
            }
        }
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
