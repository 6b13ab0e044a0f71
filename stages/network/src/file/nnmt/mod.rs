//! Network parameters of lif_meanfield_tools and NNMT (Layer et al. 2022, Front Neuroinform 16:835657), as YAML or JSON.
//!
//! Quantities are written `{val: 10, unit: ms}` with a number, a list or a list of lists; numbers without dimension stand
//! alone. Matrices are `[target][source]`. `n` is the number of populations.
//!
//! | key | unit | shape | meaning |
//! |---|---|---|---|
//! | `populations` | | list of n texts | names; those that begin with a digit get an `L` in front (`23E` is `L23E`) |
//! | `N` | 1 | number, n | neurons |
//! | `C` | capacitance | number, n | membrane capacitance |
//! | `tau_m`, `tau_s`, `tau_r` | time | number, n | membrane, synapses, refractory period |
//! | `V_0_abs`, `V_th_abs` | voltage | number, n | reset and leak, threshold |
//! | `K` | 1 | n x n | in-degrees; pairs with 0 are not connected |
//! | `delay_dist` | | text | `none` (default), `gaussian`, `truncated_gaussian`, `lognormal` |
//! | `I_ext` | current | number, n | constant input; optional |
//! | `label` | | text | optional name |
//!
//! A microcircuit, whose populations are excitatory and inhibitory in turn:
//!
//! | key | unit | shape | meaning |
//! |---|---|---|---|
//! | `w`, `g` | current, 1 | number | amplitude of excitatory currents; inhibitory ones are -g w. From the third population onto the first it is 2 w |
//! | `d_e`, `d_i`, `d_e_sd`, `d_i_sd` | time | number | delays; `_sd` unless `delay_dist` is `none` |
//! | `K_ext`, `nu_ext`, `w_ext` | 1, frequency, current | n; number; number | external input; `w_ext` is `w` unless given |
//! | `nu_e_ext`, `nu_i_ext` | frequency | number, n | further external input through weights w and -g w; optional |
//!
//! A network of another form:
//!
//! | key | unit | shape | meaning |
//! |---|---|---|---|
//! | `W` | current | n x n | amplitudes of postsynaptic currents |
//! | `D_mean`, `D_std` | time | n x n | delays; `D_std` unless `delay_dist` is `none` |
//! | `K_ext`, `W_ext` | 1, current | n, or n x m; `K_ext` may be m | external input from m sources; optional |
//! | `nu_ext` | frequency | number, m | rates; 0 unless given, to be set or computed |
//! | `width` | length | number, n | distance up to which a source connects (boxcar); optional |
//!
//! What is read is a [`NetworkFile`] like any other, with `w`, `g`, `w_ext`, `nu_ext`, `d_e`, `d_i` of a microcircuit (and
//! a single `nu_ext` of others) as parameters. All neurons are `iaf_psc_exp` and start at `V_0_abs`.

mod build;
mod connections;
mod external;
mod names;
mod values;

use serde::{Deserialize, Serialize};

use super::node::{Node, Value, read_nodes};
use super::problem::{NetworkFileError, Problem, failed};
use super::reader::{Reader, Section};
use super::{NetworkFile, check_whole};

const DELAY_DISTRIBUTIONS: &[&str] = &["none", "gaussian", "truncated_gaussian", "lognormal"];

/// Network parameters of NNMT.
#[derive(Debug, Clone, PartialEq)]
pub struct NnmtNetwork {
    /// The network, as a file of this crate would describe it.
    pub file: NetworkFile,
    /// The network has the delays of `gaussian` cut at 0, as those of `truncated_gaussian`: no other can be realised.
    pub delay_distribution: DelayDistribution,
}

/// How NNMT distributes delays about their mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelayDistribution {
    /// All are equal to the mean; standard deviations have no effect.
    None,
    /// Normal, negative delays included; for theory.
    Gaussian,
    /// Normal and above 0.
    TruncatedGaussian,
    /// Their logarithm is normal.
    Lognormal,
}

impl NnmtNetwork {
    /// Reads network parameters; `source_name` is what errors call it.
    ///
    /// # Errors
    /// All problems of the file, by line and column.
    pub fn parse(text: &str, source_name: &str) -> Result<Self, NetworkFileError> {
        let root = read_nodes(text).map_err(|problem| failed(source_name, vec![*problem]))?;
        read(&root).map_err(|problems| failed(source_name, problems))
    }
}

/// Whether these are network parameters of NNMT; network files begin with `network`.
pub(super) fn is_nnmt(root: &Node) -> bool {
    let Value::Map(entries) = &root.value else {
        return false;
    };
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    !has("network") && ["K", "N", "V_th_abs", "tau_m"].into_iter().any(has)
}

pub(super) fn read(root: &Node) -> Result<NnmtNetwork, Vec<Problem>> {
    let mut reader = Reader::default();
    match read_network(&mut reader, root) {
        Some(network) if reader.problems.is_empty() => Ok(network),
        _ => Err(reader.problems),
    }
}

/// `None` only after a problem.
fn read_network<'t>(reader: &mut Reader<'t>, root: &'t Node) -> Option<NnmtNetwork> {
    let section = reader.section(root, "")?;
    let delay_distribution = reader.delay_distribution(section)?;
    let file = reader.nnmt_file(root, delay_distribution)?;
    if reader.problems.is_empty() {
        check_whole(reader, &file.network, &file.drive_names, section);
    }
    Some(NnmtNetwork { file, delay_distribution })
}

impl<'t> Reader<'t> {
    fn delay_distribution(&mut self, section: Section<'t>) -> Option<DelayDistribution> {
        let Some(node) = section.get("delay_dist") else {
            return Some(DelayDistribution::None);
        };
        match self.text(node, "delay_dist")? {
            "none" => Some(DelayDistribution::None),
            "gaussian" => Some(DelayDistribution::Gaussian),
            "truncated_gaussian" => Some(DelayDistribution::TruncatedGaussian),
            "lognormal" => Some(DelayDistribution::Lognormal),
            found => {
                self.choice(node, "delay_dist", found, DELAY_DISTRIBUTIONS);
                None
            }
        }
    }
}
