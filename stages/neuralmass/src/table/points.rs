//! A table from its points, in whatever order they come.

use super::lookup::{Table, TableError, check_axis};
use super::neuron::Neuron;

/// A point of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TablePoint {
    /// Mean of the input in mV/ms.
    pub mu: f64,
    /// Fluctuation of the input in mV/sqrt(ms).
    pub sigma: f64,
    /// Stationary rate in kHz.
    pub rate_khz: f64,
    /// Time constant of the response to a modulation of mu, in ms.
    pub tau_mu_ms: f64,
    /// Mean potential in mV.
    pub potential_mv: f64,
    /// Likewise of sigma, in ms; 0 where there is none.
    pub tau_sigma_ms: f64,
}

impl Table {
    /// From points that fill a grid.
    ///
    /// # Errors
    /// As [`Table::new`], and where a point of the grid is missing or there twice.
    pub fn of_points(neuron: Neuron, mut points: Vec<TablePoint>) -> Result<Self, TableError> {
        points.sort_by(|one, other| one.mu.total_cmp(&other.mu).then(one.sigma.total_cmp(&other.sigma)));
        let axis = |of: fn(&TablePoint) -> f64| {
            let mut values: Vec<f64> = points.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            values
        };
        let (mu, sigma) = (axis(|point| point.mu), axis(|point| point.sigma));
        check_axis("mu", &mu)?;
        check_axis("sigma", &sigma)?;
        let grid = mu.iter().flat_map(|&mu| sigma.iter().map(move |&sigma| (mu, sigma)));
        let mut found = points.iter().map(|point| (point.mu, point.sigma)).peekable();
        for (mu, sigma) in grid {
            let mut times = 0;
            while found.next_if_eq(&(mu, sigma)).is_some() {
                times += 1;
            }
            if times != 1 {
                return Err(TableError::Times { mu, sigma, times });
            }
        }
        let values = |point: TablePoint| [point.rate_khz, point.tau_mu_ms, point.potential_mv, point.tau_sigma_ms];
        Self::new(neuron, &mu, &sigma, points.into_iter().map(values).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::shipped;

    fn point(mu: f64, sigma: f64) -> TablePoint {
        TablePoint { mu, sigma, rate_khz: mu + 10.0 * sigma, tau_mu_ms: 1.0, potential_mv: -60.0, tau_sigma_ms: 0.0 }
    }

    fn message(points: Vec<TablePoint>) -> String {
        Table::of_points(Neuron::default(), points).unwrap_err().to_string()
    }

    #[test]
    fn the_order_is_without_effect() {
        let grid = [[0.5, 1.0], [0.5, 2.0], [1.0, 1.0], [1.0, 2.0], [1.5, 1.0], [1.5, 2.0]];
        let mut points: Vec<TablePoint> = grid.iter().map(|&[mu, sigma]| point(mu, sigma)).collect();
        let values = points.iter().map(|point| [point.rate_khz, 1.0, -60.0, 0.0]).collect();
        let expected = Table::new(Neuron::default(), &[0.5, 1.0, 1.5], &[1.0, 2.0], values).unwrap();
        assert_eq!(Table::of_points(Neuron::default(), points.clone()).unwrap(), expected);
        points.reverse();
        points.swap(1, 4);
        assert_eq!(Table::of_points(Neuron::default(), points).unwrap(), expected);
    }

    #[test]
    fn the_shipped_table_is_one_of_its_points() {
        let table = shipped();
        let axis = |[first, last]: [f64; 2], count: usize| lapicque_numerics::grid::linspace(first, last, count);
        let (mu, sigma) = (axis(table.mu_range(), 350), axis(table.sigma_range(), 64));
        let points = table.values().iter().enumerate().map(|(place, value)| TablePoint {
            mu: mu[place / 64],
            sigma: sigma[place % 64],
            rate_khz: value[0],
            tau_mu_ms: value[1],
            potential_mv: value[2],
            tau_sigma_ms: value[3],
        });
        let same = Table::of_points(*table.neuron(), points.rev().collect()).unwrap();
        assert_eq!(same.values(), table.values());
    }

    #[test]
    fn points_that_are_no_grid_are_told() {
        let square = || vec![point(0.0, 1.0), point(0.0, 2.0), point(1.0, 1.0), point(1.0, 2.0)];
        let missing = message(square()[..3].to_vec());
        assert_eq!(
            missing,
            "the point mu = 1 mV/ms, sigma = 2 mV/sqrt(ms) is there 0 times: each of a grid is there once"
        );
        let mut twice = square();
        twice[3] = twice[2];
        assert!(message(twice).contains("mu = 1 mV/ms, sigma = 1 mV/sqrt(ms) is there 2 times"));
        let mut wrong = square();
        wrong[0].mu = f64::NAN;
        assert!(Table::of_points(Neuron::default(), wrong).is_err());
        assert!(Table::of_points(Neuron::default(), Vec::new()).is_err());
        let mut negative = square();
        negative[1].rate_khz = -1.0;
        assert!(message(negative).contains("the rate in kHz is -1 at mu = 0 mV/ms, sigma = 2 mV/sqrt(ms)"));
    }
}
