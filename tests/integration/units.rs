//! In which unit every column of numbers of every kind is, held against the definition of what it holds.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use lapicque_units::{Dimension, Unit};

use crate::conformance::{every_kind, lab};
use crate::support::texts;

const TIME: [i8; 6] = [0, 0, 1, 0, 0, 0];
const FREQUENCY: [i8; 6] = [0, 0, -1, 0, 0, 0];
const LENGTH: [i8; 6] = [1, 0, 0, 0, 0, 0];
const CURRENT: [i8; 6] = [0, 0, 0, 1, 0, 0];
const VOLTAGE: [i8; 6] = [2, 1, -3, -1, 0, 0];
const VOLTAGE_PER_TIME: [i8; 6] = [2, 1, -4, -1, 0, 0];
const CAPACITANCE: [i8; 6] = [-2, -1, 4, 2, 0, 0];
const CONDUCTANCE: [i8; 6] = [-2, -1, 3, 2, 0, 0];
const NUMBER: [i8; 6] = [0; 6];
/// Of a power density of rates: rate^2 over frequency.
const RATE_DENSITY: [i8; 6] = [0, 0, -1, 0, 0, 0];
/// Rate over voltage.
const GAIN: [i8; 6] = [-2, -1, 2, 1, 0, 0];
/// Voltage over dipole moment.
const LEAD: [i8; 6] = [1, 1, -3, -2, 0, 0];
const WAVENUMBER: [i8; 6] = [-1, 0, 0, 0, 0, 0];

/// (kind, column, dimension over m, kg, s, A, K, mol, unit): what a column of this name of this kind is, by its definition.
const QUANTITIES: &[(&str, &str, [i8; 6], &str)] = &[
    ("connectome.synthetic", "length_mm", LENGTH, "mm"),
    ("connectome.synthetic", "x_mm", LENGTH, "mm"),
    ("connectome.synthetic", "y_mm", LENGTH, "mm"),
    ("connectome.synthetic", "z_mm", LENGTH, "mm"),
    ("features.bands", "individual_alpha_frequency_hz", FREQUENCY, "Hz"),
    ("features.bands", "individual_alpha_peak_hz", FREQUENCY, "Hz"),
    ("features.bands", "median_frequency_hz", FREQUENCY, "Hz"),
    ("features.bands", "peak_frequency_hz", FREQUENCY, "Hz"),
    ("features.bands", "spectral_edge_hz", FREQUENCY, "Hz"),
    ("features.bistability", "down_duration_s", TIME, "s"),
    ("features.bistability", "fraction_up", NUMBER, "1"),
    ("features.bistability", "transition_rate_hz", FREQUENCY, "Hz"),
    ("features.bistability", "up_duration_s", TIME, "s"),
    ("features.bistability", "up_states", NUMBER, "1"),
    ("features.bursts", "burst_duration_ms", TIME, "ms"),
    ("features.bursts", "burst_rate_hz", FREQUENCY, "Hz"),
    ("features.bursts", "center_ms", TIME, "ms"),
    ("features.bursts", "end_ms", TIME, "ms"),
    ("features.bursts", "period_ms", TIME, "ms"),
    ("features.bursts", "start_ms", TIME, "ms"),
    ("features.complexity", "autocorrelation_decay_ms", TIME, "ms"),
    ("features.events", "count", NUMBER, "1"),
    ("features.events", "duration_mean_s", TIME, "s"),
    ("features.events", "interval_cv", NUMBER, "1"),
    ("features.events", "interval_mean_s", TIME, "s"),
    ("features.events", "interval_sd_s", TIME, "s"),
    ("features.events", "rate_hz", FREQUENCY, "Hz"),
    ("features.events", "time_fraction", NUMBER, "1"),
    ("features.functional_connectivity", "fc_correlation", NUMBER, "1"),
    ("features.functional_connectivity", "fc_ks", NUMBER, "1"),
    ("features.functional_connectivity", "fc_mean", NUMBER, "1"),
    ("features.functional_connectivity", "fc_sd", NUMBER, "1"),
    ("features.functional_connectivity", "fcd_mean", NUMBER, "1"),
    ("features.functional_connectivity", "fcd_variance", NUMBER, "1"),
    ("features.functional_connectivity", "kuramoto_order", NUMBER, "1"),
    ("features.functional_connectivity", "metastability", NUMBER, "1"),
    ("features.dfa", "window_s", TIME, "s"),
    ("features.spectral_parameters", "bandwidth_hz", FREQUENCY, "Hz"),
    ("features.spectral_parameters", "center_frequency_hz", FREQUENCY, "Hz"),
    ("features.spectral_parameters", "peak_bandwidth_hz", FREQUENCY, "Hz"),
    ("features.spectral_parameters", "peak_frequency_hz", FREQUENCY, "Hz"),
    ("features.spiking", "correlation_5ms", NUMBER, "1"),
    ("features.spiking", "fano_1ms", NUMBER, "1"),
    ("features.spiking", "isi_cv", NUMBER, "1"),
    ("features.spiking", "rate_hz", FREQUENCY, "Hz"),
    ("features.spiking", "rate_sd_hz", FREQUENCY, "Hz"),
    ("import.bids", "duration_s", TIME, "s"),
    ("import.bids", "onset_s", TIME, "s"),
    ("import.bids", "power_line_frequency_hz", FREQUENCY, "Hz"),
    ("import.bids", "sampling_rate_hz", FREQUENCY, "Hz"),
    ("import.recording", "duration_s", TIME, "s"),
    ("import.recording", "onset_s", TIME, "s"),
    ("import.spikes", "rate_hz", FREQUENCY, "Hz"),
    ("import.spikes", "t_start_ms", TIME, "ms"),
    ("import.spikes", "t_stop_ms", TIME, "ms"),
    ("meanfield.binary", "balanced_threshold_mV", VOLTAGE, "mV"),
    ("meanfield.binary", "mean_input_mV", VOLTAGE, "mV"),
    ("meanfield.binary", "sd_input_mV", VOLTAGE, "mV"),
    // Integrals over lags of covariances of rates, Hz^2 s.
    ("meanfield.covariances", "covariance_hz", FREQUENCY, "Hz"),
    ("meanfield.covariances", "pair_covariance_hz", FREQUENCY, "Hz"),
    ("meanfield.eigenmodes", "frequency_hz", FREQUENCY, "Hz"),
    ("meanfield.external_rates", "mean_input_mV", VOLTAGE, "mV"),
    ("meanfield.external_rates", "population_rate_hz", FREQUENCY, "Hz"),
    ("meanfield.external_rates", "rate_hz", FREQUENCY, "Hz"),
    ("meanfield.external_rates", "sd_input_mV", VOLTAGE, "mV"),
    ("meanfield.low_pass_fit", "gain", GAIN, "Hz/mV"),
    ("meanfield.low_pass_fit", "gain_error", GAIN, "Hz/mV"),
    ("meanfield.low_pass_fit", "mean_input_mV", VOLTAGE, "mV"),
    ("meanfield.low_pass_fit", "sd_input_mV", VOLTAGE, "mV"),
    ("meanfield.low_pass_fit", "time_constant_error_ms", TIME, "ms"),
    ("meanfield.low_pass_fit", "time_constant_ms", TIME, "ms"),
    ("meanfield.power_spectra", "frequency_hz", FREQUENCY, "Hz"),
    ("meanfield.power_spectra", "power", RATE_DENSITY, "Hz^2/Hz"),
    ("meanfield.sensitivity", "frequency_hz", FREQUENCY, "Hz"),
    ("meanfield.spatial", "im", FREQUENCY, "1/s"),
    ("meanfield.spatial", "re", FREQUENCY, "1/s"),
    ("meanfield.spatial", "wavenumber", WAVENUMBER, "1/mm"),
    ("meanfield.stability", "rate_hz", FREQUENCY, "Hz"),
    ("meanfield.transfer_function", "frequency_hz", FREQUENCY, "Hz"),
    ("meanfield.transfer_function", "im", GAIN, "Hz/mV"),
    ("meanfield.transfer_function", "re", GAIN, "Hz/mV"),
    ("meanfield.working_point", "mean_input_mV", VOLTAGE, "mV"),
    ("meanfield.working_point", "rate_hz", FREQUENCY, "Hz"),
    ("meanfield.working_point", "residual_hz", FREQUENCY, "Hz"),
    ("meanfield.working_point", "sd_input_mV", VOLTAGE, "mV"),
    ("neuralmass.table", "capacitance_pF", CAPACITANCE, "pF"),
    ("neuralmass.table", "leak_conductance_nS", CONDUCTANCE, "nS"),
    ("neuralmass.table", "mean_potential_mV", VOLTAGE, "mV"),
    ("neuralmass.table", "mu", VOLTAGE_PER_TIME, "mV/ms"),
    ("neuralmass.table", "rate_hz", FREQUENCY, "Hz"),
    ("neuralmass.table", "tau_mu_ms", TIME, "ms"),
    ("neuralmass.table", "tau_sigma_ms", TIME, "ms"),
    // As the cases have them.
    ("command", "J_ext", CURRENT, "pA"),
    ("import.table", "J_ext", CURRENT, "pA"),
    ("inverse.sequential", "J_ext", CURRENT, "pA"),
    ("parameters.from_table", "J_ext", CURRENT, "pA"),
    ("parameters.grid", "J_ext", CURRENT, "pA"),
    ("parameters.grid", "tau_syn", TIME, "ms"),
    ("parameters.list", "J_ext", CURRENT, "pA"),
    ("parameters.random", "J_ext", CURRENT, "pA"),
    ("parameters.refine", "J_ext", CURRENT, "pA"),
    ("search.cma_es", "J_ext", CURRENT, "pA"),
    ("search.evolution", "J_ext", CURRENT, "pA"),
    ("sql", "J_ext", CURRENT, "pA"),
    ("potential.kernels", "contact_z", LENGTH, "um"),
    ("potential.lead_field", "mx", LEAD, "mV/(nA um)"),
    ("potential.lead_field", "my", LEAD, "mV/(nA um)"),
    ("potential.lead_field", "mz", LEAD, "mV/(nA um)"),
    ("signal.epochs", "onset_s", TIME, "s"),
    ("signal.spectrogram", "frequencies_hz", FREQUENCY, "Hz"),
    ("signal.spectrogram", "time_s", TIME, "s"),
    ("signal.spectrum", "frequencies_hz", FREQUENCY, "Hz"),
    ("simulate.spiking", "rate_hz", FREQUENCY, "Hz"),
    ("simulate.spiking", "t_start_ms", TIME, "ms"),
    ("simulate.spiking", "t_stop_ms", TIME, "ms"),
];

/// Columns whose dimension has halves of powers: twice the exponents.
const HALVES: &[(&str, &str, [i16; 6], &str)] = &[("neuralmass.table", "sigma", [4, 2, -7, -2, 0, 0], "mV/ms^1/2")];

/// Tables of signals and kernels: all their kinds.
const TIMES_OF_SIGNALS: [&str; 2] = ["dt", "t0"];

/// Columns of numbers that have no dimension, or whose unit stands in another column or is that of the signal or target.
const WITHOUT: &[(&str, &[&str])] = &[
    ("", &["epoch", "values", "sample", "mode", "stable", "growth"]),
    ("connectome.synthetic", &["weight"]),
    // Powers and amplitudes are in units of signals.
    (
        "features.bands",
        &[
            "alpha_absolute",
            "alpha_relative",
            "beta_absolute",
            "beta_relative",
            "delta_absolute",
            "delta_relative",
            "gamma_absolute",
            "gamma_relative",
            "high_absolute",
            "high_low_ratio",
            "high_relative",
            "low_absolute",
            "low_relative",
            "spectral_entropy",
            "theta_absolute",
            "theta_relative",
            "total_power",
        ],
    ),
    (
        "features.bursts",
        &[
            "amplitude",
            "amplitude_consistency",
            "amplitude_fraction",
            "bursts",
            "cycle",
            "cycles",
            "fraction_in_bursts",
            "in_burst",
            "monotonicity",
            "peak_trough_symmetry",
            "period_consistency",
            "rise_decay_symmetry",
        ],
    ),
    (
        "features.complexity",
        &[
            "approximate_entropy",
            "higuchi_fd",
            "hjorth_activity",
            "hjorth_complexity",
            "hjorth_mobility",
            "hurst_exponent",
            "katz_fd",
            "lempel_ziv",
            "lempel_ziv_normalized",
            "line_length",
            "multiscale_entropy_1",
            "multiscale_entropy_2",
            "multiscale_entropy_3",
            "permutation_entropy",
            "petrosian_fd",
            "sample_entropy",
            "spectral_entropy",
            "svd_entropy",
            "zero_crossings",
        ],
    ),
    (
        "features.connectivity",
        &[
            "coherence",
            "correlation",
            "debiased_wpli",
            "envelope_correlation",
            "fast_orthogonalised_envelope_correlation",
            "fast_plv",
            "fast_squared_coherence",
            "fast_wpli",
            "imaginary_coherence",
            "orthogonalised_envelope_correlation",
            "pli",
            "plv",
            "slow_orthogonalised_envelope_correlation",
            "slow_plv",
            "slow_squared_coherence",
            "slow_wpli",
            "wpli",
        ],
    ),
    // Fluctuations are in the unit of the signal.
    ("features.dfa", &["dfa_exponent", "dfa_intercept", "dfa_r_squared", "fluctuation", "in_fit", "windows"]),
    ("features.fei", &["dfa_exponent", "fei", "fei_outliers_removed", "outliers", "windows"]),
    ("features.functional_connectivity", &["correlation"]),
    // Power is log10 of that of the spectrum; the unit of a knee depends on the exponent.
    (
        "features.spectral_parameters",
        &["accepted", "exponent", "knee", "mae", "offset", "peak", "peak_power", "peaks", "power", "r_squared"],
    ),
    ("inverse.c2st", &["c2st", "draws", "reference"]),
    (
        "inverse.calibration",
        &[
            "chi_square",
            "chi_square_p",
            "contraction",
            "correlation",
            "coverage",
            "draws",
            "error",
            "high_edge",
            "high_edge_of_prior",
            "ks",
            "ks_p",
            "level",
            "low_edge",
            "low_edge_of_prior",
            "rank",
            "samples",
            "shift",
            "shift_z",
            "spread",
            "spread_z",
            "z_mean",
            "z_sd",
        ],
    ),
    ("inverse.importance", &["coefficient", "first_order", "importance", "linear_r2", "sd"]),
    // The unit of a target stands beside its values.
    (
        "inverse.predict",
        &["draw", "log_density", "map", "mean", "outside_training", "q05", "q25", "q50", "q75", "q95", "sd", "value"],
    ),
    (
        "inverse.sequential",
        &[
            "disagreement",
            "draw",
            "g",
            "log_density",
            "part_of_prior",
            "simulations",
            "trained_on",
            "validation_loss",
            "value",
        ],
    ),
    ("inverse.support", &["mahalanobis", "mahalanobis_quantile", "neighbour", "neighbour_quantile", "quantile"]),
    (
        "inverse.train",
        &[
            "best",
            "candidate",
            "fold",
            "fraction",
            "mae",
            "missing_samples",
            "mse",
            "n",
            "predicted",
            "r2",
            "repeat",
            "samples",
            "score",
            "shape",
            "true",
        ],
    ),
    ("import.bids", &["channels"]),
    ("import.spikes", &["neuron", "size", "spikes", "step"]),
    ("import.table", &["count", "length_mm", "power", "weight"]),
    ("meanfield.binary", &["mean_activity", "residual"]),
    ("meanfield.covariances", &["effective_weight", "pair_correlation", "spectral_bound"]),
    ("meanfield.eigenmodes", &["im", "left_im", "left_re", "re", "right_im", "right_re"]),
    ("meanfield.low_pass_fit", &["relative_error", "weight"]),
    ("meanfield.sensitivity", &["across", "amplitude", "eigenvalue_im", "eigenvalue_re", "im", "re"]),
    ("meanfield.spatial", &["branch", "mixture", "xi_im", "xi_re"]),
    ("meanfield.stability", &["point"]),
    ("meanfield.working_point", &["cv"]),
    ("parameters.from_table", &["prediction"]),
    ("parameters.grid", &["seed"]),
    ("parameters.refine", &["g"]),
    // Losses are in whatever the feedback table has.
    ("search.cma_es", &["evaluations", "g", "generation", "generation_loss", "least_loss", "start", "step"]),
    // So are objectives.
    (
        "search.evolution",
        &["correlation", "error", "evaluations", "front", "g", "generation", "least_loss", "missing", "point", "rank"],
    ),
    // Where there is a Python.
    ("python", &["line_length", "number"]),
    ("signal.average", &["count"]),
    // Their unit stands beside them.
    ("signal.reject", &["threshold", "value"]),
    // The unit of power stands beside it.
    ("signal.spectrogram", &["power"]),
    ("signal.spectrum", &["power"]),
    ("simulate.spiking", &["neuron", "size", "step"]),
    // Of values in any unit.
    (
        "statistics.effect_size",
        &[
            "ci_high",
            "ci_low",
            "cohens_d",
            "df",
            "estimate",
            "hedges_g",
            "mean",
            "mean_control",
            "n",
            "n_control",
            "p",
            "p_corrected",
            "sd",
            "sd_control",
            "se",
            "statistic",
        ],
    ),
    (
        "statistics.mixed_model",
        &[
            "aic",
            "bic",
            "bic_without_random",
            "ci_high",
            "ci_low",
            "correlation",
            "covariance",
            "df",
            "estimate",
            "levels",
            "log_likelihood",
            "n",
            "p",
            "p_corrected",
            "residual_sd",
            "se",
            "singular",
            "statistic",
        ],
    ),
    (
        "statistics.permutation",
        &["estimate", "exact", "labellings", "n", "n_control", "p", "p_corrected", "se", "statistic"],
    ),
    // What a query makes of numbers.
    (
        "sql",
        &[
            "correlation",
            "draw",
            "dt",
            "duration_s",
            "log_density",
            "mean",
            "onset_s",
            "plv",
            "prediction",
            "std",
            "t0",
            "value",
        ],
    ),
];

#[test]
fn every_column_has_the_unit_of_its_quantity() {
    let lab = lab();
    let (_, graph) = lab.bind(&every_kind()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut seen = BTreeSet::new();
    for stage in &graph.stages {
        let kind = stage.spec.kind.as_str();
        for output in &stage.bound().outputs {
            for field in output.schema.arrow.fields() {
                let name = field.name().as_str();
                if matches!(field.data_type(), DataType::Utf8 | DataType::Dictionary(..)) {
                    continue;
                }
                let what = format!("{kind}: column `{name}`");
                if let Some((.., halves, unit)) = HALVES.iter().find(|(of, column, ..)| (*of, *column) == (kind, name))
                {
                    let found = output.schema.unit_of(name);
                    assert_eq!(found, Some(*unit), "{what}");
                    assert_eq!(Unit::parse(unit).map(|unit| unit.dimension().halves()), Ok(*halves), "{what}");
                    continue;
                }
                let without = WITHOUT.iter().any(|(of, names)| (of.is_empty() || *of == kind) && names.contains(&name))
                    || kind == "features.catch22";
                let time = kind != "sql" && TIMES_OF_SIGNALS.contains(&name);
                let expected = QUANTITIES.iter().find(|(of, column, ..)| (*of, *column) == (kind, name));
                let expected =
                    expected.map(|row| (row.2, row.3)).or(time.then_some((TIME, "ms"))).filter(|_| !without || time);
                match (output.schema.unit_of(name), expected) {
                    (None, None) => assert!(without, "{what}: say in this test what it is"),
                    (Some(unit), None) => panic!("{what} is in `{unit}`: say in this test what it is"),
                    (None, Some((_, unit))) => panic!("{what} has no unit; `{unit}` is due"),
                    (Some(found), Some((dimension, unit))) => {
                        let parsed = Unit::parse(found).unwrap_or_else(|error| panic!("{what}: {error}"));
                        assert_eq!(parsed.dimension(), Dimension::new(dimension), "{what} is in `{found}`");
                        assert_eq!(found, unit, "{what}");
                        seen.insert((kind.to_owned(), name.to_owned()));
                    }
                }
            }
        }
    }
    for (kind, column, ..) in QUANTITIES {
        assert!(seen.contains(&((*kind).to_owned(), (*column).to_owned())), "there is no {kind}: `{column}`");
    }
}

/// Where the unit stands in a column of its own, it is one that can be read.
#[test]
fn units_in_tables_can_be_read() {
    let lab = lab();
    let pipeline = every_kind();
    let ran = lab.run(&pipeline);
    let (_, graph) = lab.bind(&pipeline).unwrap_or_else(|problems| panic!("{problems}"));
    let mut read = BTreeSet::new();
    for stage in &graph.stages {
        for (number, output) in stage.bound().outputs.iter().enumerate() {
            if output.schema.column("unit").is_some() {
                // A file of a recording need not tell its unit.
                let told = texts(&ran.output(&stage.name, number), "unit").into_iter().filter(|unit| !unit.is_empty());
                for unit in told {
                    if let Err(error) = Unit::parse(&unit) {
                        panic!("{}.{}: {error}", stage.name, output.name);
                    }
                    read.insert(unit);
                }
            }
        }
    }
    assert!(read.contains("nA um") && read.contains("mV") && read.contains("pA"), "{read:?}");
}
