//! What programs are made of: slots of what is shared, and instructions over blocks of elements.

use super::Operation;
use super::draws::Distribution;
use super::matrix::{Entry, Matrix};

/// How many values of each element a sum of products may have.
pub(super) const MOST_TERMS: usize = 5;

/// Where an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A block of intermediate values.
    Register(u16),
    /// A variable.
    Column(u16),
    /// A shared value.
    Slot(u32),
    /// An entry of an exponential that each element keeps.
    Kept(u16),
    /// A variable after the program, by its place among those that are written.
    Output(u16),
}

/// Where an instruction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Register(u16),
    /// A variable after the program, by its place among those that are written.
    Output(u16),
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Apply(Operation),
    Copy,
    Index,
    Draw {
        distribution: Distribution,
        draw: u32,
    },
    Poisson {
        draw: u32,
    },
    Timed {
        array: u32,
    },
    /// A sum of products with shared factors, and a choice. Sources: `terms` values of each element, factors of all but
    /// those of the first if it is alone, the shared value that the sum begins with, condition and alternative.
    Affine {
        terms: u8,
        first_alone: bool,
        add: bool,
        select: bool,
    },
}

/// One step over a block of elements; it has at least three sources, of which those that the code does not need repeat
/// the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: Code,
    pub(super) sources: Vec<Source>,
    pub(super) destination: Destination,
}

/// How a slot gets its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Constant(f64),
    Column(u16),
    Time,
    Step,
    Apply(Operation, [u32; 3]),
    Draw {
        distribution: Distribution,
        draw: u32,
    },
    Poisson {
        mean: u32,
        draw: u32,
    },
    Timed {
        array: u32,
        time: u32,
        index: Option<u32>,
    },
    /// An entry of the exponential of a shared matrix.
    Propagated {
        matrix: usize,
        entry: Entry,
    },
}

/// A matrix that is the same for all elements.
#[derive(Clone, Debug)]
pub(super) struct SharedMatrix {
    pub(super) matrix: Matrix,
    /// Slots of its entries.
    pub(super) slots: Vec<u32>,
}

/// A matrix that differs between elements.
#[derive(Clone, Debug)]
pub(super) struct MatrixOfEach {
    pub(super) matrix: Matrix,
    /// What computes its entries, as outputs in their order.
    pub(super) code: Compiled,
    /// What is needed of its exponential, and where among what elements keep.
    pub(super) wanted: Vec<(Entry, usize)>,
}

/// Writes to variables, as instructions.
#[derive(Clone, Debug, Default)]
pub(super) struct Compiled {
    /// Slots in an order in which each uses earlier ones.
    pub(super) scalars: Vec<Scalar>,
    pub(super) instructions: Vec<Instruction>,
    pub(super) registers: usize,
    /// Variables of each element that are written.
    pub(super) outputs: Vec<usize>,
    /// Shared variables that are written, with the slots of their values.
    pub(super) shared_outputs: Vec<(usize, u32)>,
    /// Variables of each element that are read.
    pub(super) inputs: Vec<usize>,
    pub(super) shared_matrices: Vec<SharedMatrix>,
    pub(super) matrices: Vec<MatrixOfEach>,
    /// How many numbers each element keeps of exponentials of its matrices.
    pub(super) kept: usize,
}

impl Compiled {
    /// The variables that are read in any way, each once, in ascending order.
    pub(super) fn columns_read(&self) -> Vec<usize> {
        let shared = |scalars: &[Scalar]| -> Vec<usize> {
            let column = |scalar: &Scalar| match scalar {
                Scalar::Column(number) => Some(usize::from(*number)),
                _ => None,
            };
            scalars.iter().filter_map(column).collect()
        };
        let mut columns = shared(&self.scalars);
        columns.extend(&self.inputs);
        for matrix in &self.matrices {
            columns.extend(matrix.code.columns_read());
        }
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}
