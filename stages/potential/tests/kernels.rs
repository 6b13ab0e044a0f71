//! Kernels against LFPykernels 0.2.0 with NEURON 9.0.0: `tests/golden/kernels`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::Bounds;
use lapicque_potential::kernels::{
    Compatibility, KernelError, KernelParameters, Probe, postsynaptic_cell, predict, predict_connection,
};
use lapicque_potential::membrane::MembraneModel;
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/kernels/");
const CASES: [&str; 4] = ["A_default_ihlin", "B_no_geff", "C_passive", "D_vrest_pops_dt"];

struct Case {
    parameters: KernelParameters,
    /// Per pair.
    dipole: Vec<Vec<f64>>,
    /// Per pair and contact, every `stride` lags.
    lfp: Vec<Vec<Vec<f64>>>,
    stride: usize,
    compartments: Value,
}

fn read(case: &str) -> Case {
    let all: Value = serde_json::from_str(&std::fs::read_to_string(format!("{FOLDER}cases.json")).unwrap()).unwrap();
    let meta = &all["cases"][case];
    let mut parameters = KernelParameters::hagen();
    for population in &mut parameters.populations {
        population.rate_hz = meta["rate_hz"][&population.name].as_f64().unwrap();
        population.resting_potential_mv = meta["resting_potential_mv"][&population.name].as_f64().unwrap();
    }
    parameters.dt_ms = meta["dt_ms"].as_f64().unwrap();
    parameters.window_ms = meta["window_ms"].as_f64().unwrap();
    parameters.effective_leak = meta["effective_leak"].as_bool().unwrap();
    parameters.membrane = match meta["membrane"].as_str().unwrap() {
        "passive" => MembraneModel::Passive,
        "frozen" => MembraneModel::Frozen,
        "ih_linearized" => MembraneModel::IhLinearized,
        other => panic!("{other}"),
    };
    parameters.compatibility = Compatibility::Lfpykernels;
    let contacts: Vec<f64> = all["contacts_um"].as_array().unwrap().iter().map(|z| z.as_f64().unwrap()).collect();
    for &contact_z_um in &contacts {
        parameters.probes.push(Probe::Lfp { contact_z_um });
    }

    let mut values = floats(case).into_iter();
    let lags = meta["lags"].as_u64().unwrap() as usize;
    let stride = all["lfp_lag_stride"].as_u64().unwrap() as usize;
    let dipole = (0..4).map(|_| values.by_ref().take(lags).collect()).collect();
    let lfp = (0..4)
        .map(|_| contacts.iter().map(|_| values.by_ref().take(lags.div_ceil(stride)).collect()).collect())
        .collect();
    assert_eq!(values.count(), 0);
    Case { parameters, dipole, lfp, stride, compartments: meta["compartments"].clone() }
}

fn floats(file: &str) -> Vec<f64> {
    std::fs::read(format!("{FOLDER}{file}.f64le"))
        .unwrap()
        .chunks_exact(8)
        .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

/// Largest difference over largest value.
fn deviation(ours: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(ours.len(), reference.len());
    let largest = reference.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
    ours.iter().zip(reference).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / largest
}

fn worst_deviations(case: &str, compatibility: Compatibility) -> (f64, f64) {
    let mut case = read(case);
    case.parameters.compatibility = compatibility;
    let kernels = predict(&case.parameters).unwrap();
    assert_eq!(kernels.len(), 4 * 6);
    let (mut dipole, mut lfp) = (0.0_f64, 0.0_f64);
    for (pair, kernels) in kernels.chunks(6).enumerate() {
        let names = [("E", "E"), ("E", "I"), ("I", "E"), ("I", "I")][pair];
        for kernel in kernels {
            assert_eq!((kernel.pre.as_str(), kernel.post.as_str()), names);
        }
        assert_eq!(kernels[0].probe, Probe::DipoleZ);
        dipole = dipole.max(deviation(&kernels[0].values, &case.dipole[pair]));
        for (kernel, reference) in kernels[1..].iter().zip(&case.lfp[pair]) {
            let every: Vec<f64> = kernel.values.iter().step_by(case.stride).copied().collect();
            lfp = lfp.max(deviation(&every, reference));
        }
    }
    (dipole, lfp)
}

#[test]
fn equal_to_lfpykernels_with_its_rounding() {
    for case in CASES {
        let (dipole, lfp) = worst_deviations(case, Compatibility::Lfpykernels);
        assert!(dipole < 1e-9, "{case}: dipole {dipole:e}");
        assert!(lfp < 1e-6, "{case}: LFP {lfp:e}");
    }
}

#[test]
fn close_to_lfpykernels_without_its_rounding() {
    for case in CASES {
        let (dipole, _) = worst_deviations(case, Compatibility::Exact);
        assert!(dipole > 1e-9 && dipole < 2e-5, "{case}: dipole {dipole:e}");
    }
}

#[test]
fn compartments_have_the_conductances_of_the_peer() {
    for case in CASES {
        let case = read(case);
        for post in ["E", "I"] {
            let population = case.parameters.population(post).unwrap();
            let cell = postsynaptic_cell(&case.parameters, population).unwrap();
            let reference = &case.compartments[format!("E to {post}")];
            for (k, (compartment, membrane)) in cell.cable.compartments.iter().zip(&cell.membrane).enumerate() {
                let value = |key: &str| reference[key][k].as_f64().unwrap_or(0.0);
                assert!((compartment.z_um - value("z_um")).abs() < 1e-9);
                assert!((compartment.area_um2 / value("area_um2") - 1.0).abs() < 1e-12);
                let ih = &reference["Ih"][k.min(1)];
                let gbar = if k == 0 { 0.0002 } else { 0.002 };
                let conductance = value("g_pas_S_cm2_after_shift")
                    + value("g_na_S_cm2")
                    + value("g_k_S_cm2")
                    + ih["wInf"].as_f64().map_or(0.0, |w| gbar * w);
                assert!((membrane.conductance_s_per_cm2 / conductance - 1.0).abs() < 1e-9);
                if let Some(mu) = ih["mu"].as_f64() {
                    assert!((membrane.gate_s_per_cm2 / mu - 1.0).abs() < 1e-9);
                }
            }
        }
    }
}

#[test]
fn one_connection_alone_gives_the_same_kernels() {
    let case = read("A_default_ihlin");
    let all = predict(&case.parameters).unwrap();
    let one = predict_connection(&case.parameters, "I", "E").unwrap();
    assert_eq!(one, all[12..18]);
    assert!(matches!(predict_connection(&case.parameters, "I", "X"), Err(KernelError::UnknownConnection { .. })));
}

#[test]
fn populations_and_connections_are_free() {
    let mut parameters = KernelParameters::hagen();
    let mut third = parameters.populations[1].clone();
    third.name = "SOM".into();
    parameters.populations.push(third);
    let mut connection = parameters.connection("I", "E").unwrap().clone();
    connection.pre = "SOM".into();
    parameters.connections.push(connection);
    parameters.effective_leak = false;
    let kernels = predict(&parameters).unwrap();
    assert_eq!(kernels.len(), 5);
    assert_eq!(kernels[4].pre, "SOM");
    assert_eq!(kernels[4].values, kernels[2].values);

    parameters.connections.clear();
    assert!(predict(&parameters).unwrap().is_empty());
}

#[test]
fn membrane_models_coincide_without_the_channels_in_which_they_differ() {
    let with = |membrane, ih_s_per_cm2, others: f64| {
        let mut parameters = KernelParameters::hagen();
        parameters.membrane = membrane;
        for population in &mut parameters.populations {
            let channels = &mut population.channels;
            for region in [&mut channels.soma, &mut channels.dendrites] {
                region.ih_s_per_cm2 = ih_s_per_cm2;
                region.sodium_s_per_cm2 *= others;
                region.potassium_s_per_cm2 *= others;
            }
        }
        predict(&parameters).unwrap()
    };
    use MembraneModel::{Frozen, IhLinearized, Passive};
    assert_ne!(with(Frozen, 0.002, 1.0), with(IhLinearized, 0.002, 1.0));
    assert_eq!(with(Frozen, 0.0, 1.0), with(IhLinearized, 0.0, 1.0));
    assert_ne!(with(Passive, 0.0, 1.0), with(Frozen, 0.0, 1.0));
    assert_eq!(with(Passive, 0.0, 0.0), with(Frozen, 0.0, 0.0));
}

#[test]
fn the_dipole_does_not_see_the_depth_of_somas_that_move_with_their_synapses() {
    let mut parameters = KernelParameters::hagen();
    let reference = predict(&parameters).unwrap();
    parameters.soma_depth.mean_um = -400.0;
    for connection in &mut parameters.connections {
        for peak in &mut connection.placement.peaks {
            peak.mean_um -= 400.0;
        }
    }
    assert_eq!(predict(&parameters).unwrap(), reference);
}

/// Contacts and synapses keep their depth when somas move; the peer agrees.
#[test]
fn somas_off_the_middle_equal_lfpykernels() {
    let mut parameters = KernelParameters::hagen();
    parameters.connections.truncate(1);
    parameters.membrane = MembraneModel::Passive;
    parameters.soma_depth.mean_um = -100.0;
    parameters.compatibility = Compatibility::Lfpykernels;
    for contact_z_um in [1000.0, 400.0, -100.0] {
        parameters.probes.push(Probe::Lfp { contact_z_um });
    }
    let reference = floats("soma_depth_minus_100um");
    let kernels = predict(&parameters).unwrap();
    assert_eq!(reference.len(), 4 * 201);
    for (kernel, reference) in kernels.iter().zip(reference.chunks(201)) {
        let every: Vec<f64> = kernel.values.iter().step_by(8).copied().collect();
        let tolerance = if kernel.probe == Probe::DipoleZ { 1e-9 } else { 1e-6 };
        assert!(deviation(&every, reference) < tolerance);
    }
}

#[test]
fn errors_name_parameter_and_value() {
    let message = |change: fn(&mut KernelParameters)| {
        let mut parameters = KernelParameters::hagen();
        change(&mut parameters);
        predict(&parameters).unwrap_err().to_string()
    };
    for (change, expected) in [
        (
            (|p| p.window_ms = 100.01) as fn(&mut KernelParameters),
            "`window_ms` is 100.01; it must be a whole number of steps `dt_ms` = 0.0625",
        ),
        (|p| p.dt_ms = 0.0, "`dt_ms` is 0; it must be finite and above 0"),
        (|p| p.populations[0].rate_hz = f64::NAN, "`populations.E.rate_hz` is NaN; it must be finite and at least 0"),
        (|p| p.populations[1].name = "E".into(), "population `E` is described twice"),
        (|p| p.populations[1].name = "PV".into(), "connection E -> I names population `I`; there are: E, PV"),
        (|p| p.connections[1].pre = "I".into(), "connection I -> I is described twice"),
        (
            |p| p.populations[0].resting_potential_mv = 165.0,
            "`populations.E.resting_potential_mv` is 165; it must be between -200 and 100 mV",
        ),
        (|p| p.probes.push(Probe::DipoleZ), "probe dipole_z is asked for twice"),
        (|p| p.connections[0].probability = 1.5, "`connections.E.E.probability` is 1.5; it must be between 0 and 1"),
        (
            |p| p.connections[0].synapse.time_course.rise_time_ms = 1.8,
            "`connections.E.E.decay_time_ms` is 1.8; it must be above `rise_time_ms`",
        ),
        (
            |p| p.populations[0].cell.sticks[0].diameter_um = 0.0,
            "`sticks[0].diameter_um` is 0; it must be finite and above 0",
        ),
        (
            |p| p.connections[0].placement.regions.clear(),
            "connection E -> E: no membrane of the cell of E lies in the placement's regions",
        ),
        (
            |p| p.connections[0].delay_ms.bounds = Bounds::Between { min: 150.0, max: f64::INFINITY },
            "connection E -> E: no lag of the grid 0, 0.0625, .. 100 ms has a delay between 150",
        ),
    ] {
        let message = message(change);
        assert!(message.starts_with(expected), "{message}");
    }
}
