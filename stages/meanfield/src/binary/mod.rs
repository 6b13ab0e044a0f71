//! Networks of binary units (van Vreeswijk & Sompolinsky 1998; Helias, Tetzlaff & Diesmann 2014, PLOS Comput Biol 10:e1003428).
//!
//! A unit is 1 when its input exceeds the threshold as it is updated, else 0. With Gaussian input the mean activity is
//! m = erfc(-(mu - theta)/(sqrt(2) sigma))/2, and
//! mu_i = sum_j K_ij J_ij m_j + sum K_ext J_ext m_ext,
//! sigma_i^2 = sum_j K_ij <J_ij^2> m_j (1 - m_j) + sum K_ext <J_ext^2> m_ext (1 - m_ext).
//!
//! | symbol | field | unit | meaning | range |
//! |---|---|---|---|---|
//! | theta | `threshold_v` | V | | finite |
//! | K | `in_degree` | 1 | synapses onto a unit, by population they come from | 0 or above |
//! | J | `weight_v`, `weight_sd_v` | V | mean and standard deviation over synapses | finite; 0 or above |
//! | m_ext | `mean_activity` | 1 | of the units of a drive | 0 to 1 |

mod from_network;
mod units;

pub use units::{
    BinaryDrive, BinaryFixedPointError, BinaryParameters, BinaryPopulation, BinaryWorkingPoint, balanced_thresholds,
    binary_input, binary_working_point,
};
