//! Refuses kernel parameters that have no meaning, and names them.

use std::collections::HashSet;

use lapicque_network::{Distribution, Shape};
use lapicque_numerics::grid::TimeGrid;

use crate::cable::SynapticTimeCourse;
use crate::kernels::{Connection, GaussCylinder, KernelParameters, Probe, TruncatedNormal};
use crate::membrane::check_resting_potential;
use crate::range::{OutOfRange, finite, not_negative, positive, require};

/// Why kernels cannot be predicted.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KernelError {
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    #[error("connection {pre} -> {post} names population `{name}`; there are: {known}")]
    UnknownPopulation { pre: String, post: String, name: String, known: String },
    #[error("population `{name}` is described twice")]
    DuplicatePopulation { name: String },
    #[error("connection {pre} -> {post} is described twice")]
    DuplicateConnection { pre: String, post: String },
    #[error("probe {channel} is asked for twice")]
    DuplicateProbe { channel: String },
    #[error("there is no connection {pre} -> {post}")]
    UnknownConnection { pre: String, post: String },
    #[error("`window_ms` is {window_ms}; it must be a whole number of steps `dt_ms` = {dt_ms}")]
    WindowOffGrid { window_ms: f64, dt_ms: f64 },
    #[error(
        "connection {pre} -> {post}: no membrane of the cell of {post} lies in the placement's regions {regions} and depths"
    )]
    NoTarget { pre: String, post: String, regions: String },
    #[error(
        "connection {pre} -> {post}: no lag of the grid 0, {dt_ms}, .. {window_ms} ms has a delay between {min_ms} and {max_ms} ms"
    )]
    DelayOffGrid { pre: String, post: String, dt_ms: f64, window_ms: f64, min_ms: f64, max_ms: f64 },
    #[error(
        "connection {pre} -> {post}: {percent:.3} % of its delays are longer than the window of {window_ms} ms; at most 0.1 % may be"
    )]
    DelayBeyondWindow { pre: String, post: String, percent: f64, window_ms: f64 },
}

/// Longest kernel, to refuse a window in the wrong unit before memory runs out.
const MAX_LAGS: f64 = 1e8;

impl KernelParameters {
    /// Checks everything but the cells, which [`crate::cable::BallAndSticks::compartments`] and
    /// [`crate::membrane::Channels::linearize`] check.
    pub fn check(&self) -> Result<(), KernelError> {
        self.check_populations()?;
        self.check_connections()?;
        GaussCylinder::new(self.soma_depth, self.conductivity_s_per_m)?;
        for (i, probe) in self.probes.iter().enumerate() {
            if self.probes[..i].contains(probe) {
                return Err(KernelError::DuplicateProbe { channel: probe.channel() });
            }
            if let Probe::Lfp { contact_z_um } = *probe {
                finite("contact_z_um", contact_z_um)?;
            }
        }
        self.steps().map(|_| ())
    }

    /// `window / dt`.
    ///
    /// # Errors
    /// A `dt` or window that is not above 0, or a window off the grid.
    pub fn steps(&self) -> Result<usize, KernelError> {
        let grid = self.grid()?;
        positive("window_ms", self.window_ms)?;
        require("window_ms", self.window_ms, self.window_ms / self.dt_ms <= MAX_LAGS, "at most 1e8 steps `dt_ms`")?;
        match grid.steps(self.window_ms) {
            Ok(steps) if steps > 0 => Ok(steps as usize),
            _ => Err(KernelError::WindowOffGrid { window_ms: self.window_ms, dt_ms: self.dt_ms }),
        }
    }

    pub(super) fn grid(&self) -> Result<TimeGrid, KernelError> {
        positive("dt_ms", self.dt_ms)?;
        TimeGrid::new(self.dt_ms).map_err(|_| {
            let parameter = "dt_ms".to_owned();
            OutOfRange { parameter, value: self.dt_ms, allowed: "at most 1e12" }.into()
        })
    }

    fn check_populations(&self) -> Result<(), KernelError> {
        let mut names = HashSet::new();
        for population in &self.populations {
            let name = &population.name;
            if !names.insert(name) {
                return Err(KernelError::DuplicatePopulation { name: name.clone() });
            }
            let field = |field: &str| format!("populations.{name}.{field}");
            not_negative(field("rate_hz"), population.rate_hz)?;
            for external in &population.external {
                not_negative(field("external_synapses"), external.synapses)?;
                not_negative(field("external.peak_conductance_us"), external.peak_conductance_us)?;
                not_negative(field("external.rate_hz"), external.rate_hz)?;
                check_time_course(&field("external"), external.time_course)?;
            }
            check_resting_potential(field("resting_potential_mv"), population.resting_potential_mv)?;
        }
        Ok(())
    }

    fn check_connections(&self) -> Result<(), KernelError> {
        let mut pairs = HashSet::new();
        for connection in &self.connections {
            let (pre, post) = (&connection.pre, &connection.post);
            for name in [pre, post] {
                if self.population(name).is_none() {
                    let known: Vec<&str> = self.populations.iter().map(|p| p.name.as_str()).collect();
                    return Err(KernelError::UnknownPopulation {
                        pre: pre.clone(),
                        post: post.clone(),
                        name: name.clone(),
                        known: known.join(", "),
                    });
                }
            }
            if !pairs.insert((pre, post)) {
                return Err(KernelError::DuplicateConnection { pre: pre.clone(), post: post.clone() });
            }
            check_connection(connection)?;
        }
        Ok(())
    }
}

fn check_connection(connection: &Connection) -> Result<(), OutOfRange> {
    let path = format!("connections.{}.{}", connection.pre, connection.post);
    let field = |field: &str| format!("{path}.{field}");
    not_negative(field("peak_conductance_us"), connection.peak_conductance_us)?;
    require(
        field("probability"),
        connection.probability,
        (0.0..=1.0).contains(&connection.probability),
        "between 0 and 1",
    )?;
    finite(field("reversal_potential_mv"), connection.synapse.reversal_potential_mv)?;
    check_time_course(&path, connection.synapse.time_course)?;
    check_distribution(&field("synapses_per_connection"), &connection.synapses_per_connection)?;
    let synapses = &connection.synapses_per_connection;
    require(
        field("synapses_per_connection.max"),
        synapses.max,
        synapses.max.floor() >= synapses.min.ceil() && synapses.max <= 1e6,
        "at most 1e6, with a whole number between min and max",
    )?;
    check_delay(field("delay_ms"), &connection.delay_ms)?;
    not_negative(field("placement.sd_um"), connection.placement.sd_um)?;
    for (i, peak) in connection.placement.peaks.iter().enumerate() {
        finite(field(&format!("placement.peaks[{i}].mean_um")), peak.mean_um)?;
        not_negative(field(&format!("placement.peaks[{i}].weight")), peak.weight)?;
    }
    Ok(())
}

fn check_time_course(path: &str, course: SynapticTimeCourse) -> Result<(), OutOfRange> {
    positive(format!("{path}.rise_time_ms"), course.rise_time_ms)?;
    require(
        format!("{path}.decay_time_ms"),
        course.decay_time_ms,
        course.decay_time_ms > course.rise_time_ms,
        "above `rise_time_ms`",
    )
}

fn check_distribution(path: &str, normal: &TruncatedNormal) -> Result<(), OutOfRange> {
    finite(format!("{path}.mean"), normal.mean)?;
    not_negative(format!("{path}.sd"), normal.sd)?;
    not_negative(format!("{path}.min"), normal.min)?;
    if normal.max == f64::INFINITY {
        return Ok(());
    }
    require(format!("{path}.max"), normal.max, normal.max >= normal.min, "at least `min`")
}

/// Whether any lag is met shows on the grid.
fn check_delay(path: String, delay: &Distribution) -> Result<(), OutOfRange> {
    let (min, max) = delay.limits();
    let is_lognormal = matches!(delay.shape, Shape::Lognormal { .. });
    not_negative(format!("{path}.mean"), delay.mean())?;
    require(format!("{path}.mean"), delay.mean(), delay.mean() > 0.0 || !is_lognormal, "above 0 if it is lognormal")?;
    not_negative(format!("{path}.sd"), delay.sd())?;
    require(path, delay.mean(), min <= max, "within bounds that are in order")
}
