//! What a simulation is told besides the network.

use lapicque_numerics::grid::TimeGrid;

use crate::SimulationError;

/// | option | default | meaning | range |
/// |---|---|---|---|
/// | `time_step_ms` | 2^-4 | grid of spikes and delays | > 0 |
/// | `duration_ms` | 1000 | simulated time, the transient included | whole steps |
/// | `transient_ms` | 0 | spikes before it are not recorded | whole steps, below `duration_ms` |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The step between two looks at the threshold; spikes and delays are whole steps.
    pub time_step_ms: f64,
    /// Simulated time, the transient included.
    pub duration_ms: f64,
    /// Spikes before it are not recorded.
    pub transient_ms: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { time_step_ms: 0.0625, duration_ms: 1000.0, transient_ms: 0.0 }
    }
}

/// Options in steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) grid: TimeGrid,
    pub(crate) steps: u32,
    pub(crate) transient_steps: u32,
}

impl Options {
    pub(crate) fn check(&self) -> Result<Schedule, SimulationError> {
        let &Self { time_step_ms, duration_ms, transient_ms } = self;
        let option = |option| move |source| SimulationError::Option { option, source };
        let grid = TimeGrid::new(time_step_ms).map_err(option("time_step_ms"))?;
        let steps = grid.steps(duration_ms).map_err(option("duration_ms"))?;
        let transient_steps = grid.steps(transient_ms).map_err(option("transient_ms"))?;
        if transient_steps >= steps {
            return Err(SimulationError::Transient { transient_ms, duration_ms });
        }
        Ok(Schedule { grid, steps, transient_steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_whole_steps() {
        let schedule = Options { duration_ms: 3000.0, transient_ms: 500.0, ..Options::default() }.check().unwrap();
        assert_eq!((schedule.steps, schedule.transient_steps), (48_000, 8_000));
        let message = |options: Options| options.check().unwrap_err().to_string();
        let bad = Options { duration_ms: 1.01, ..Options::default() };
        assert_eq!(message(bad), "`duration_ms`: 1.01 ms is not a whole number of steps of 0.0625 ms");
        assert!(message(Options { time_step_ms: 0.0, ..Options::default() }).starts_with("`time_step_ms`"));
        assert!(message(Options { transient_ms: -1.0, ..Options::default() }).starts_with("`transient_ms`"));
        assert!(message(Options { transient_ms: 1000.0, ..Options::default() }).contains("below `duration_ms`"));
        assert!(message(Options { duration_ms: 0.0, ..Options::default() }).contains("below `duration_ms`"));
        assert!(message(Options { duration_ms: f64::NAN, ..Options::default() }).starts_with("`duration_ms`"));
    }
}
