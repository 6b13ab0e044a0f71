//! Which synapses there are.
//!
//! | way | pairs, in this order |
//! |---|---|
//! | `i` and `j`, lists | those of the lists, one number with all of the other list |
//! | `condition`, `p`, both or none | for each i each j for which the condition holds, with probability p |
//! | `j`, a generator | for each i what it gives |
//! | `i`, a generator | for each j what it gives |
//! | `table` | the rows of the table `connectivity` |
//!
//! Each pair has `n` synapses, one after the other. Numbers of neurons are those within the parts of groups that are
//! connected.
//!
//! With the same p for all pairs, the pairs before the next one that is taken are `floor(ln U/ln(1 - p))` with U uniform from
//! 0 (excluded) to 1, so that it takes as long as there are synapses rather than pairs. Where there is a condition as well,
//! it is looked at for those pairs alone. Expressions are computed for blocks of pairs. Draws depend on the number of a pair
//! or of a neuron, and of its draw, alone.
//!
//! Values of p below 0 count as 0, those above 1 as 1.

mod candidates;
mod expected;
mod generated;
mod listed;
mod names;
mod pair_code;
mod pairwise;
mod sampling;
#[cfg(test)]
mod tests;

use lapicque_numerics::random::StreamKey;

use super::context::{Context, Members};
use super::description::{Connect, Indices};
use super::error::{NetworkError, NetworkProblem};
use crate::engine::State;
use crate::units::Dimension;

pub(crate) use expected::expected_synapses;
use names::Names;

/// About how many bytes a synapse takes, with one variable and a delay.
const BYTES_PER_SYNAPSE: f64 = 64.0;
/// More bytes of synapses are refused.
const ALLOWED_BYTES: f64 = 16e9;
/// More pairs or numbers to look at are refused.
const MOST_CANDIDATES: f64 = 1e10;

/// The synapses of an object in the order in which they are created.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pairs {
    /// Source neurons, numbered within the part.
    pub i: Vec<u32>,
    /// Target neurons, numbered within the part.
    pub j: Vec<u32>,
    /// Number of the synapse among those of the same two neurons.
    pub copy: Vec<u32>,
    /// Weights that come with tables.
    pub weights: Vec<TableWeights>,
}

/// Weights of consecutive synapses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableWeights {
    /// The variable of the synapses that they are for.
    pub variable: String,
    /// The path of its name in the model.
    pub path: String,
    /// What they measure.
    pub dimension: Dimension,
    /// The number of the first synapse that has one.
    pub first: usize,
    /// In SI units.
    pub values: Vec<f64>,
}

/// Creates synapses between two parts of groups, one way of `described` after the other. `path` is that of the synapses.
///
/// # Errors
/// Ways that mean nothing, neurons that do not exist, what is no number or no whole one where one is needed, more synapses
/// than there is memory for.
pub(crate) fn connect(
    context: &Context<'_>,
    path: &str,
    source: Members,
    target: Members,
    described: &[Connect],
    states: &mut [State],
    key: &StreamKey,
) -> Result<Pairs, NetworkError> {
    let mut created = Created::default();
    let mut distinct = described.len() < 2;
    for (number, way) in described.iter().enumerate() {
        let path = format!("{path}.connect[{number}]");
        check_combination(&path, way)?;
        let names = Names::new(context, path, source, target);
        let key = key.derive(&names.path);
        match (&way.table, &way.i, &way.j) {
            (Some(table), _, _) => listed::table(context, &names, table, &mut created)?,
            (None, Some(Indices::Listed(i)), Some(Indices::Listed(j))) => {
                listed::listed(&names, i, j, way, states, &key, &mut created)?;
            }
            (None, None, None) => {
                pairwise::pairwise(&names, way, states, &key, &mut created)?;
                continue;
            }
            _ => generated::generated(&names, way, None, states, &key, &mut created)?,
        }
        distinct = false;
    }
    let mut pairs = created.pairs;
    if !distinct {
        pairs.copy = copies(&pairs.i, &pairs.j);
    }
    Ok(pairs)
}

/// Whether the fields of a way go together.
fn check_combination(path: &str, way: &Connect) -> Result<(), NetworkError> {
    let conflict = |field: &str, why: &str| {
        Err(NetworkError::new(format!("{path}.{field}"), NetworkProblem::Conflict(why.to_owned())))
    };
    let indices = way.i.is_some() || way.j.is_some();
    if way.table.is_some() && (indices || way.condition.is_some() || way.p.is_some() || way.n.is_some()) {
        return conflict("table", "a table has all pairs: without `i`, `j`, `condition`, `p` and `n`");
    }
    if indices && way.condition.is_some() {
        return conflict("condition", "it cannot be together with `i` or `j`; generators have a condition after `if`");
    }
    if indices && way.p.is_some() {
        return conflict("p", "it cannot be together with `i` or `j`; generators can have `sample(..., p=...)`");
    }
    match (&way.i, &way.j) {
        (Some(Indices::Generated(_)), Some(_)) | (Some(_), Some(Indices::Generated(_))) => {
            return conflict("i", "a generator stands alone: of `j` without `i`, or of `i` without `j`");
        }
        (Some(Indices::Listed(_)), None) => return conflict("i", "a list of `i` needs one of `j`"),
        (None, Some(Indices::Listed(_))) => return conflict("j", "a list of `j` needs one of `i`"),
        _ => {}
    }
    if way.skip_if_invalid
        && !matches!((&way.i, &way.j), (Some(Indices::Generated(_)), _) | (_, Some(Indices::Generated(_))))
    {
        return conflict("skip_if_invalid", "it is for generators of `i` or `j` alone");
    }
    Ok(())
}

/// Synapses that are there so far.
#[derive(Default)]
struct Created {
    pairs: Pairs,
}

impl Created {
    fn push(&mut self, path: &str, i: u32, j: u32, copies: u32) -> Result<(), NetworkError> {
        let synapses = self.pairs.i.len() as f64 + f64::from(copies);
        if synapses * BYTES_PER_SYNAPSE > ALLOWED_BYTES {
            return Err(too_many(path, synapses, "or more"));
        }
        for copy in 0..copies {
            self.pairs.i.push(i);
            self.pairs.j.push(j);
            self.pairs.copy.push(copy);
        }
        Ok(())
    }

    /// Makes room for about as many synapses as are expected.
    fn expect(&mut self, path: &str, synapses: f64) -> Result<(), NetworkError> {
        let all = self.pairs.i.len() as f64 + synapses;
        if all * BYTES_PER_SYNAPSE > ALLOWED_BYTES {
            return Err(too_many(path, all, "expected"));
        }
        let room = (synapses + 5.0 * synapses.sqrt()) as usize;
        for numbers in [&mut self.pairs.i, &mut self.pairs.j, &mut self.pairs.copy] {
            // Where there is no room, the push that needs it says so.
            let _ = numbers.try_reserve(room);
        }
        Ok(())
    }
}

fn too_many(path: &str, synapses: f64, how: &str) -> NetworkError {
    let problem = NetworkProblem::Memory {
        what: format!("{synapses:.0} synapses ({how})"),
        needed_mb: synapses * BYTES_PER_SYNAPSE / 1e6,
        allowed_mb: ALLOWED_BYTES / 1e6,
    };
    NetworkError::new(path, problem)
}

/// How many synapses of the same pair come before each.
fn copies(i: &[u32], j: &[u32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..i.len() as u32).collect();
    let pair = |number: u32| (i[number as usize], j[number as usize]);
    // Equal pairs stay in their order.
    order.sort_by_key(|&number| pair(number));
    let mut copies = vec![0; i.len()];
    for two in order.windows(2) {
        if pair(two[0]) == pair(two[1]) {
            copies[two[1] as usize] = copies[two[0] as usize] + 1;
        }
    }
    copies
}
