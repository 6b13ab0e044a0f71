//! How many synapses there are, and what share of them each compartment gets.
//!
//! Synapses are spread over network depth `d` as a mixture of normal densities, somas as N(m, sd_soma). Relative to a soma
//! a synapse of peak q then lies at z ~ N(loc_q - m, sqrt(sd^2 + sd_soma^2)), and compartment k of an allowed region gets
//!
//! ```text
//! p_k = A_k sum_q weight_q N(z_k; loc_q - m, sqrt(sd^2 + sd_soma^2)) / sum over all k
//! ```

use crate::cable::Cable;
use crate::kernels::{Connection, KernelError, SomaDepth, TruncatedNormal};

/// p_k; sums to 1.
pub(super) fn synapse_fractions(
    connection: &Connection,
    cable: &Cable,
    soma_depth: &SomaDepth,
) -> Result<Vec<f64>, KernelError> {
    let placement = &connection.placement;
    let sd = placement.sd_um.hypot(soma_depth.sd_um);
    let mut fractions: Vec<f64> = cable
        .compartments
        .iter()
        .map(|c| {
            if !placement.regions.contains(&c.region) {
                return 0.0;
            }
            let density: f64 = placement
                .peaks
                .iter()
                .map(|peak| {
                    let z = c.z_um - (peak.mean_um - soma_depth.mean_um);
                    peak.weight * (-0.5 * (z / sd).powi(2)).exp()
                })
                .sum();
            c.area_um2 * density
        })
        .collect();
    let total: f64 = fractions.iter().sum();
    // Also when sd is 0 and no compartment is met exactly, where the density is 0/0.
    if !(total > 0.0 && total.is_finite()) {
        let regions: Vec<String> = placement.regions.iter().map(|r| format!("{r:?}")).collect();
        return Err(KernelError::NoTarget {
            pre: connection.pre.clone(),
            post: connection.post.clone(),
            regions: regions.join(", "),
        });
    }
    for fraction in &mut fractions {
        *fraction /= total;
    }
    Ok(fractions)
}

/// Mean of the whole numbers within the limits, weighted by the density.
pub(super) fn mean_synapses_per_connection(synapses: &TruncatedNormal) -> f64 {
    if synapses.sd == 0.0 {
        return synapses.mean;
    }
    let (mut sum, mut weighted) = (0.0, 0.0);
    for k in synapses.min.ceil() as u64..=synapses.max.floor() as u64 {
        let density = synapses.relative_density(k as f64);
        sum += density;
        weighted += k as f64 * density;
    }
    if sum > 0.0 {
        return weighted / sum;
    }
    // All densities underflow: the nearest whole number outweighs the others.
    synapses.mean.round().clamp(synapses.min.ceil(), synapses.max.floor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::KernelParameters;

    #[test]
    fn means_of_the_hagen_connections() {
        let expected = [2.0000069, 2.0051532, 5.0000004, 5.0000592];
        for (connection, expected) in KernelParameters::hagen().connections.iter().zip(expected) {
            let mean = mean_synapses_per_connection(&connection.synapses_per_connection);
            assert!((mean - expected).abs() < 1e-7, "{mean} for {expected}");
        }
    }

    #[test]
    fn a_density_that_underflows_gives_the_nearest_whole_number() {
        let narrow = TruncatedNormal { mean: 2.4, sd: 1e-3, min: 1.0, max: 10.0 };
        assert_eq!(mean_synapses_per_connection(&narrow), 2.0);
        let constant = TruncatedNormal { sd: 0.0, ..narrow };
        assert_eq!(mean_synapses_per_connection(&constant), 2.4);
    }
}
