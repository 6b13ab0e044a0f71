//! The network of kernels: its values, those of the configuration and those of a sample become [`KernelParameters`], and
//! what is taken from elsewhere is told.

use lapicque_network::{FittedTo, Network, NetworkFile, shipped};
use lapicque_numerics::grid::TimeGrid;
use lapicque_potential::kernels::{Calibration, CellValues, KernelParameters, uses};
use lapicque_units::write_number;

use super::kernel_settings::set;

/// What turns a network into kernel parameters.
pub(super) struct KernelRule {
    /// The network that was fitted, if that of the stage is one like it.
    reference: Option<Network>,
    /// What the configuration says, by the paths of settings.
    pub(super) given: Vec<(String, f64)>,
    /// Membrane, grid and probes.
    pub(super) fixed: KernelParameters,
}

impl KernelRule {
    pub(super) fn new(file: &NetworkFile, given: Vec<(String, f64)>, fixed: KernelParameters) -> Result<Self, String> {
        let reference = match file.fitted_to() {
            Some(FittedTo::Hagen2022) => {
                let text = shipped("hagen").unwrap_or_default();
                Some(NetworkFile::parse(text, "hagen").map_err(|error| error.to_string())?.network().clone())
            }
            None => None,
        };
        Ok(Self { reference, given, fixed })
    }

    /// `set_by_columns` are settings of one sample.
    pub(super) fn parameters(
        &self,
        network: &Network,
        set_by_columns: &[(String, f64)],
    ) -> Result<KernelParameters, String> {
        let fixed = &self.fixed;
        let value = |path: String| {
            let all = set_by_columns.iter().chain(&self.given);
            all.into_iter().find(|(known, _)| *known == path).map(|(_, value)| *value)
        };
        let resting = |name: &str| {
            let hagen = fixed.population(name).map_or(f64::NAN, |population| population.resting_potential_mv);
            value(format!("populations.{name}.resting_potential")).unwrap_or(hagen)
        };
        let conductance = |pre: &str, post: &str| value(format!("weights.{pre}.{post}"));
        let calibration = self.reference.as_ref().map_or(Calibration::AsWritten, Calibration::Relative);
        let cells = CellValues { resting_potential_mv: &resting, peak_conductance_us: &conductance };
        let mut parameters =
            KernelParameters::from_network(network, calibration, cells).map_err(|error| error.to_string())?;
        for (path, value) in self.given.iter().chain(set_by_columns) {
            set(&mut parameters, path, *value)?;
        }
        parameters.membrane = fixed.membrane;
        parameters.effective_leak = fixed.effective_leak;
        parameters.dt_ms = fixed.dt_ms;
        parameters.window_ms = fixed.window_ms;
        parameters.probes.clone_from(&fixed.probes);
        parameters.compatibility = fixed.compatibility;
        Ok(parameters)
    }

    pub(super) fn is_relative(&self) -> bool {
        self.reference.is_some()
    }

    /// What of the kernels is not of the network, and what of the network is not in the kernels. `swept` are the settings
    /// that columns give.
    pub(super) fn remarks(&self, network: &Network, parameters: &KernelParameters, swept: &[String]) -> Vec<String> {
        let mut remarks = match &self.reference {
            Some(reference) => self.relative_remarks(network, reference, parameters),
            None => self.remarks_as_written(network, parameters, swept),
        };
        remarks.extend(rounded_delays(network, parameters.dt_ms));
        remarks
    }

    fn relative_remarks(&self, network: &Network, reference: &Network, parameters: &KernelParameters) -> Vec<String> {
        let hagen = KernelParameters::hagen();
        let same = |a: &KernelParameters, b: &KernelParameters| {
            let external = |p: &KernelParameters| p.populations.iter().map(|p| p.external.clone()).collect::<Vec<_>>();
            a.connections == b.connections && external(a) == external(b)
        };
        let mut remarks = Vec::new();
        if !same(parameters, &hagen) {
            remarks.push(
                "the network is `fitted_to: hagen2022`: its probabilities and weights by their ratio, its delays by their difference to those of `hagen` make those of the cells"
                    .to_owned(),
            );
        }
        let unused = network.paths().into_iter().filter(|entry| {
            !uses(network, &entry.path) && reference.get(&entry.path).is_some_and(|other| other.value != entry.value)
        });
        let unused: Vec<String> = unused.map(|entry| format!("`{}`", entry.path)).collect();
        if !unused.is_empty() {
            remarks.push(format!(
                "{} of the network {} no part in kernels: the cells have membranes of their own",
                unused.join(", "),
                if unused.len() == 1 { "has" } else { "have" }
            ));
        }
        remarks
    }

    fn remarks_as_written(&self, network: &Network, parameters: &KernelParameters, swept: &[String]) -> Vec<String> {
        let contacts = parameters.connections.iter().map(|connection| {
            let number = write_number(connection.synapses_per_connection.mean);
            format!("{}->{} {number}", connection.pre, connection.post)
        });
        let contacts: Vec<String> = contacts.collect();
        let mut remarks = vec![format!(
            "of Hagen et al. (2022), as a network of point neurons has none: cells and their channels, places of synapses, contacts per connection ({}), time courses and reversal potentials of synapses",
            contacts.join(", ")
        )];
        let is_given = |path: &String| swept.contains(path) || self.given.iter().any(|(known, _)| known == path);
        let mut defaults = Vec::new();
        for population in &parameters.populations {
            for (field, value, unit) in
                [("rate", population.rate_hz, "Hz"), ("resting_potential", population.resting_potential_mv, "mV")]
            {
                let path = format!("populations.{}.{field}", population.name);
                if !is_given(&path) {
                    defaults.push(format!("`{path}: {} {unit}`", write_number(value)));
                }
            }
        }
        if !defaults.is_empty() {
            remarks.push(format!("of Hagen et al. (2022), as the configuration gives none: {}", defaults.join(", ")));
        }
        let mut conductances = Vec::new();
        for connection in &parameters.connections {
            let (pre, post) = (&connection.pre, &connection.post);
            let described = network.connections.iter().find(|c| c.pre == *pre && c.post == *post);
            if let (Some(described), false) = (described, is_given(&format!("weights.{pre}.{post}"))) {
                let weight = network.get(&format!("connections.{}.weight", described.name));
                let weight = weight.map_or(String::new(), |w| format!("{} {} ", write_number(w.value), w.unit));
                conductances.push(format!("{pre}->{post} {weight}-> {:.4e} uS", connection.peak_conductance_us));
            }
        }
        if !conductances.is_empty() {
            remarks.push(format!(
                "weights become peak conductances of a contact by the charge that a connection carries at rest: {}",
                conductances.join(", ")
            ));
        }
        remarks.push(
            "of the network, membranes, thresholds and refractory periods of the point neurons, constant currents and delays of drives have no part in kernels"
                .to_owned(),
        );
        remarks
    }
}

/// Constant delays between the lags.
pub(super) fn rounded_delays(network: &Network, dt_ms: f64) -> Vec<String> {
    let Ok(grid) = TimeGrid::new(dt_ms) else {
        return Vec::new();
    };
    let rounded = network.connections.iter().filter(|connection| connection.delay_ms.sd() == 0.0).filter_map(|c| {
        let delay_ms = c.delay_ms.mean();
        let steps = grid.nearest_step(delay_ms).ok().filter(|_| grid.steps(delay_ms).is_err())?;
        Some(format!(
            "`connections.{}.delay`: {} ms is no whole number of steps of {} ms and becomes {} ms ({steps} steps)",
            c.name,
            write_number(delay_ms),
            write_number(dt_ms),
            write_number(grid.time_ms(steps))
        ))
    });
    rounded.collect()
}
