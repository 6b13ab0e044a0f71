//! Time bins and spike counts. Bins are `[t_start + i dt, t_start + (i + 1) dt)`, the last one closed.
//!
//! Spike times are whole steps from the start of the simulation, so no spike can fall on the wrong side of an edge.

use crate::range::{not_negative, positive, require};

use super::ConvolutionError;

/// Bins as long as a simulation step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinGrid {
    /// Length of a bin.
    pub dt_ms: f64,
    /// Step at which the first bin begins.
    pub first_step: u32,
    /// How many.
    pub bins: usize,
}

impl BinGrid {
    /// Bins of `dt_ms` from `t_start_ms` to `t_stop_ms`, both counted from the start of the simulation.
    ///
    /// # Errors
    /// Times that are negative, not in order, or off the grid by more than 1e-6 of a step.
    pub fn new(t_start_ms: f64, t_stop_ms: f64, dt_ms: f64) -> Result<Self, ConvolutionError> {
        positive("dt_ms", dt_ms)?;
        not_negative("t_start_ms", t_start_ms)?;
        require("t_stop_ms", t_stop_ms, t_stop_ms > t_start_ms, "above `t_start_ms`")?;
        let step = |parameter: &'static str, time_ms: f64| {
            let steps = time_ms / dt_ms;
            let on_grid = (steps - steps.round()).abs() <= 1e-6 && steps <= f64::from(u32::MAX);
            require(parameter, time_ms, on_grid, "a whole number of steps `dt_ms`, below 2^32 of them")?;
            Ok::<u32, ConvolutionError>(steps.round() as u32)
        };
        let first_step = step("t_start_ms", t_start_ms)?;
        let bins = (step("t_stop_ms", t_stop_ms)? - first_step) as usize;
        Ok(Self { dt_ms, first_step, bins })
    }

    /// When the first bin begins.
    pub fn t_start_ms(&self) -> f64 {
        self.time_ms(0)
    }

    /// When a bin begins.
    pub fn time_ms(&self, bin: usize) -> f64 {
        (f64::from(self.first_step) + bin as f64) * self.dt_ms
    }
}

/// Spikes per bin; spikes outside all bins are not counted. `steps` need not be sorted.
pub fn spike_counts(steps: &[u32], grid: &BinGrid) -> Vec<u32> {
    let mut counts = vec![0; grid.bins];
    for &step in steps {
        let Some(bin) = step.checked_sub(grid.first_step) else {
            continue;
        };
        let bin = bin as usize;
        if let Some(count) = counts.get_mut(bin) {
            *count += 1;
        } else if bin == grid.bins
            && let Some(last) = counts.last_mut()
        {
            *last += 1;
        }
    }
    counts
}

/// Spikes that lie in no bin.
pub fn outside(steps: &[u32], grid: &BinGrid) -> usize {
    let inside = |step: u32| step.checked_sub(grid.first_step).is_some_and(|bin| bin as usize <= grid.bins);
    steps.iter().filter(|step| !inside(**step)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bin_is_closed_and_others_are_half_open() {
        let grid = BinGrid::new(1.0, 2.0, 0.25).unwrap();
        assert_eq!((grid.first_step, grid.bins), (4, 4));
        assert_eq!(spike_counts(&[3, 4, 5, 5, 7, 8, 9, 4], &grid), [2, 2, 0, 2]);
        assert_eq!(outside(&[3, 4, 5, 5, 7, 8, 9, 4], &grid), 2);
        assert_eq!((grid.t_start_ms(), grid.time_ms(4)), (1.0, 2.0));
    }

    #[test]
    fn steps_that_are_not_binary_fractions_stay_on_the_grid() {
        let grid = BinGrid::new(2000.0, 12000.0, 0.1).unwrap();
        assert_eq!((grid.first_step, grid.bins), (20_000, 100_000));
    }

    #[test]
    fn refuses_times_off_the_grid_or_out_of_order() {
        for (start, stop, dt) in [
            (0.0, 0.0, 0.1),
            (1.0, 0.5, 0.1),
            (0.0, 1.05, 0.1),
            (0.05, 1.0, 0.1),
            (-1.0, 1.0, 0.1),
            (0.0, f64::NAN, 0.1),
            (0.0, 1.0, 0.0),
            (0.0, 1e12, 0.1),
        ] {
            assert!(BinGrid::new(start, stop, dt).is_err(), "{start} {stop} {dt}");
        }
    }
}
