//! The shipped networks, and setting their values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::file::AssignmentError;
use lapicque_network::*;

fn file(name: &str) -> NetworkFile {
    NetworkFile::parse(shipped(name).unwrap(), name).unwrap_or_else(|error| panic!("{error}"))
}

fn hagen() -> NetworkFile {
    file("hagen")
}

fn value(network: &Network, path: &str) -> f64 {
    network.get(path).unwrap_or_else(|| panic!("{path}")).value
}

#[test]
fn every_shipped_network_reads() {
    assert_eq!(shipped_names(), ["bos2016", "brunel", "hagen", "potjans_diesmann", "senk2020"]);
    for name in shipped_names() {
        let file = NetworkFile::parse(shipped(name).unwrap(), name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.network().name, name);
        assert!(file.parameters().iter().all(|parameter| parameter.description.is_some()));
    }
    assert_eq!(shipped("none"), None);
}

#[test]
fn every_parameter_changes_the_values_that_it_names_and_no_others() {
    for name in shipped_names() {
        let file = file(name);
        let defaults: Vec<(&str, f64)> = file.parameters().iter().map(|p| (p.name.as_str(), p.default)).collect();
        assert_eq!(&file.with(&defaults).unwrap(), file.network(), "{name}");
        for parameter in file.parameters() {
            let changed = 1.25 * parameter.default + 0.125;
            let network = file.with(&[(&parameter.name, changed)]).unwrap_or_else(|error| panic!("{name}: {error}"));
            for (before, after) in file.paths().into_iter().zip(network.paths()) {
                let of = |targets: &[file::Target]| {
                    targets.iter().find(|target| target.path == before.path).map(|target| target.factor)
                };
                let scaled = file.scaled(&before.path, &[]);
                let others: f64 = scaled.as_ref().map_or(1.0, |scaled| {
                    let others = scaled.by.iter().filter(|scale| scale.parameter != parameter.name);
                    others.map(|scale| scale.factor * scale.value).product()
                });
                let base = scaled.map_or(before.value, |scaled| scaled.base);
                let expected = match (of(&parameter.sets), of(&parameter.scales)) {
                    (Some(factor), None) => changed * factor * others,
                    (None, Some(factor)) => changed * factor * others * base,
                    _ => before.value,
                };
                let near = (after.value - expected).abs() <= 1e-14 * expected.abs();
                assert!(near, "{name} {} {}: {} {expected}", parameter.name, before.path, after.value);
            }
        }
    }
}

/// At a path that may name a drive.
fn of_file(file: &NetworkFile, path: &str) -> f64 {
    file.paths().into_iter().find(|entry| entry.path == path).unwrap_or_else(|| panic!("{path}")).value
}

#[test]
fn potjans_diesmann_has_the_published_values() {
    let file = file("potjans_diesmann");
    let network = file.network();
    let names: Vec<&str> = network.populations.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]);
    let sizes: Vec<u32> = network.populations.iter().map(|p| p.size).collect();
    assert_eq!(sizes, [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]);
    assert_eq!(sizes.iter().sum::<u32>(), 77_169);
    let external = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
        .map(|name| value(network, &format!("populations.{name}.drive.synapses")));
    assert_eq!(external, [1600.0, 1500.0, 2100.0, 1900.0, 2000.0, 1900.0, 2900.0, 2100.0]);
    let expected = [
        ("populations.L6I.C_m", 250.0),
        ("populations.L6I.tau_m", 10.0),
        ("populations.L6I.t_ref", 2.0),
        ("populations.L6I.E_L", -65.0),
        ("populations.L6I.V_reset", -65.0),
        ("populations.L6I.V_th", -50.0),
        ("populations.L6I.tau_syn_ex", 0.5),
        ("populations.L6I.tau_syn_in", 0.5),
        ("populations.L6I.drive.rate", 8.0),
        ("populations.L6I.drive.weight", 87.8),
        ("connections.L23E_to_L23I.weight", 87.8),
        ("connections.L4E_to_L23E.weight", 175.6),
        ("connections.L4I_to_L23E.weight", -351.2),
        ("connections.L23E_to_L23E.rule.in_degree", 2199.86486),
        ("connections.L4I_to_L4E.rule.in_degree", 794.596213),
        ("connections.L5I_to_L4E.rule.in_degree", 0.319552818),
        ("connections.L6I_to_L6I.rule.in_degree", 459.402985),
        ("connections.L6I_to_L6I.delay", 0.75),
        ("connections.L6E_to_L6I.delay", 1.5),
    ];
    for (path, expected) in expected {
        assert_eq!(value(network, path), expected, "{path}");
    }
    // The 9 digits of an in-degree are those of the connection probability: 0.1009 within L23E.
    let pairs = 20683.0f64 * 20683.0;
    let in_degree = (1.0f64 - 0.1009).ln() / (-1.0 / pairs).ln_1p() / 20683.0;
    assert!((in_degree - 2199.86486).abs() < 1e-4, "{in_degree}");
    assert!(network.connections.iter().all(|c| c.weight.sd() == 0.0 && c.delay_ms.sd() == 0.0));
    let published = file.with(&[("w_sd", 0.1), ("d_sd", 0.5)]).unwrap();
    for connection in &published.connections {
        assert_eq!(connection.weight.sd(), 0.1 * connection.weight.mean().abs());
        assert_eq!(connection.delay_ms.sd(), 0.5 * connection.delay_ms.mean());
    }
}

#[test]
fn bos2016_differs_from_potjans_diesmann_in_two_numbers_and_delays() {
    let (bos, potjans) = (file("bos2016"), file("potjans_diesmann"));
    let (bos, potjans) = (bos.network(), potjans.network());
    let mut differing = Vec::new();
    for entry in potjans.paths().into_iter().filter(|entry| !entry.path.contains(".delay.")) {
        let found = value(bos, &entry.path);
        if found != entry.value {
            differing.push((entry.path, found));
        }
    }
    let expected = [("populations.L4E.drive.synapses", 1780.0), ("connections.L4I_to_L4E.rule.in_degree", 675.0)];
    assert_eq!(differing, expected.map(|(path, value)| (path.to_owned(), value)));
    assert!(bos.connections.iter().all(|c| c.delay_ms.sd() == c.delay_ms.mean()));
}

#[test]
fn brunel_has_the_published_values() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/nnmt_networks/brunel_delta.json")).unwrap();
    let golden = |key: &str| golden[key].as_f64().unwrap();
    let file = file("brunel");
    let network = file.network();
    let (j_mv, g) = (golden("J_V") * 1e3, 5.0);
    for population in ["E", "I"] {
        let of = |symbol: &str| value(network, &format!("populations.{population}.{symbol}"));
        assert_eq!(of("drive.synapses"), golden("K_ext"));
        assert_eq!(of("drive.weight"), golden("J_ext_V") * 1e3);
        assert_eq!(of("tau_m"), golden("tau_m_s") * 1e3);
        assert_eq!(of("t_ref"), golden("tau_r_s") * 1e3);
        assert_eq!(of("V_th") - of("E_L"), golden("V_th_rel_V") * 1e3);
        assert_eq!(of("V_reset") - of("E_L"), golden("V_0_rel_V") * 1e3);
        for (pre, key, weight) in [("E", "C_E", j_mv), ("I", "C_I", -g * j_mv)] {
            let connection = format!("connections.{pre}_to_{population}");
            assert_eq!(value(network, &format!("{connection}.rule.in_degree")), golden(key));
            assert_eq!(value(network, &format!("{connection}.weight")), weight);
        }
        // The rate of external synapses that brings the mean potential to threshold.
        let per_ms = of("V_th") / (of("drive.weight") * of("drive.synapses") * of("tau_m"));
        assert!((per_ms * 1e3 - golden("nu_thr_hz")).abs() < 1e-12);
    }
    let swept = file.with(&[("g", 6.0), ("nu_ext", 9.0), ("J", 0.25)]).unwrap();
    assert_eq!(value(&swept, "connections.I_to_I.weight"), -1.5);
    assert_eq!(value(&swept, "connections.E_to_I.weight"), 0.25);
    assert_eq!(value(&swept, "populations.E.drive.weight"), 0.25);
    assert_eq!(value(&swept, "populations.I.drive.rate"), 9.0);
}

#[test]
fn senk2020_has_the_published_values() {
    let file = file("senk2020");
    let expected = [
        ("populations.E.size", 4000.0),
        ("populations.I.size", 1000.0),
        ("populations.I.tau_m", 5.0),
        ("populations.I.t_ref", 0.0),
        ("populations.E.drives.E.weight", 87.8),
        ("populations.E.drives.I.weight", -439.0),
        ("populations.E.drives.I.rate", 15718.599312594055),
        ("connections.E_to_I.rule.in_degree", 400.0),
        ("connections.I_to_I.rule.in_degree", 100.0),
        ("connections.E_to_I.weight", 87.8),
        ("connections.I_to_E.weight", -439.0),
        ("connections.I_to_E.delay", 1.5),
        ("connections.E_to_I.profile.width", 200.0),
        ("connections.I_to_E.profile.width", 70.0),
    ];
    for (path, expected) in expected {
        assert_eq!(of_file(&file, path), expected, "{path}");
    }
    let swept = file.with(&[("w", 100.0), ("g", 6.0)]).unwrap();
    assert_eq!(value(&swept, "populations.I.drives.1.weight"), -600.0);
    assert_eq!(value(&swept, "populations.I.drives.0.weight"), 100.0);
}

#[test]
fn hagen_has_the_published_values() {
    let file = hagen();
    let network = file.network();
    let expected = [
        ("populations.E.size", 8192.0),
        ("populations.I.size", 1024.0),
        ("populations.E.C_m", 289.1),
        ("populations.I.C_m", 110.7),
        ("populations.E.tau_m", 10.0),
        ("populations.E.E_L", -65.0),
        ("populations.E.V_reset", -65.0),
        ("populations.E.V_th", -55.0),
        ("populations.E.V_m", -70.0),
        ("populations.I.t_ref", 2.0),
        ("populations.I.I_e", 0.0),
        ("populations.E.tau_syn_ex", 0.5),
        ("populations.E.tau_syn_in", 0.5),
        ("populations.E.drive.rate", 40.0),
        ("populations.E.drive.synapses", 465.0),
        ("populations.I.drive.synapses", 160.0),
        ("populations.I.drive.weight", 29.89),
        ("populations.I.drive.delay", 1.0),
        ("connections.E_to_E.weight", 1.589),
        ("connections.E_to_I.weight", 2.02),
        ("connections.I_to_E.weight", -23.84),
        ("connections.I_to_I.weight", -8.441),
        ("connections.E_to_I.weight.sd", 0.1),
        ("connections.E_to_E.delay", 2.52),
        ("connections.E_to_I.delay", 1.714),
        ("connections.I_to_E.delay", 1.585),
        ("connections.I_to_I.delay", 1.149),
        ("connections.I_to_I.delay.sd", 0.5),
        ("connections.I_to_I.delay.min", 0.3),
        ("connections.I_to_E.rule.probability", 0.2),
        ("connections.I_to_E.rule.p", 0.2),
    ];
    for (path, expected) in expected {
        assert_eq!(value(network, path), expected, "{path}");
    }
    let connection = network.connections.iter().find(|c| c.name == "E_to_I").unwrap();
    assert_eq!((connection.pre.as_str(), connection.post.as_str()), ("E", "I"));
    assert_eq!(connection.rule, Rule::Probability { p: 0.2, autapses: true });
    assert_eq!(connection.weight.bounds, Bounds::KeepSign);
    assert_eq!(connection.synapse, Synapse::Static);
    let names: Vec<&str> = file.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["J_ext", "nu_ext", "J_EE", "J_EI", "J_IE", "J_II", "tau_syn_E", "tau_syn_I"]);
    assert_eq!(file.parameter_unit("J_EI"), Some("pA"));
    assert_eq!(file.parameter_unit("populations.E.size"), Some("1"));
    assert_eq!(file.parameter_unit("connections.E_to_E.delay.mean"), Some("ms"));
    assert_eq!(file.parameter_unit("J_XX"), None);
}

#[test]
fn values_are_set_by_name_and_path() {
    let file = hagen();
    let network = file.with(&[("J_ext", 27.0), ("tau_syn_E", 1.0), ("connections.I_to_E.weight.sd", 0.2)]).unwrap();
    assert_eq!(value(&network, "populations.E.drive.weight"), 27.0);
    assert_eq!(value(&network, "populations.I.drive.weight"), 27.0);
    assert_eq!(value(&network, "populations.I.tau_syn_ex"), 1.0);
    assert_eq!(value(&network, "populations.I.tau_syn_in"), 0.5);
    let inhibition = &network.connections[2].weight;
    assert_eq!(inhibition.sd(), 0.2 * 23.84);
    let swept = file.with(&[("J_IE", -10.0)]).unwrap();
    assert_eq!(swept.connections[2].weight.sd(), 1.0);
    assert_eq!(&file.with(&[]).unwrap(), file.network());
    let defaults: Vec<(&str, f64)> = file.parameters().iter().map(|p| (p.name.as_str(), p.default)).collect();
    assert_eq!(&file.with(&defaults).unwrap(), file.network());
}

#[test]
fn impossible_values_are_refused_by_name() {
    let file = hagen();
    let message = |values: &[(&str, f64)]| file.with(values).unwrap_err().to_string();
    assert_eq!(message(&[("J_exc", 27.0)]), "the network file has no parameter or path `J_exc`; did you mean `J_ext`?");
    assert_eq!(
        message(&[("J_ext", 27.0), ("populations.E.drive.weight.mean", 26.0)]),
        "`J_ext` and `populations.E.drive.weight.mean` both set `populations.E.drive.weight`"
    );
    assert_eq!(
        message(&[("populations.E.size", 10.5)]),
        "`populations.E.size` = 10.5 is not allowed; it must be a whole number from 1 to 4294967295"
    );
    for (path, bad) in [
        ("populations.E.size", 0.0),
        ("populations.E.tau_m", 0.0),
        ("populations.E.tau_m", f64::NAN),
        ("populations.E.drive.rate", -1.0),
        ("connections.E_to_E.rule.probability", 1.01),
        ("connections.E_to_E.delay", 0.0),
        ("connections.E_to_E.weight.sd", -0.1),
        ("J_ext", f64::INFINITY),
    ] {
        assert!(matches!(file.with(&[(path, bad)]), Err(AssignmentError::Value { .. })), "{path} = {bad}");
    }
    assert!(message(&[("populations.E.V_reset", -50.0)]).contains("V_reset (-50 mV) must be below V_th (-55 mV)"));
    assert!(file.with(&[("populations.E.V_reset", -50.0), ("populations.E.V_th", -40.0)]).is_ok());
    assert!(message(&[("connections.E_to_E.delay.min", 90.0)]).contains("the bounds accept 0 of the draws"));
    assert!(message(&[("J_EE", 0.0)]).contains("a mean of 0 has no sign to keep"));
}

#[test]
fn every_path_can_be_set_to_its_own_value() {
    let file = hagen();
    let entries = file.network().paths();
    assert_eq!(entries.len(), 54);
    let mut network = file.network().clone();
    for entry in &entries {
        network.set(&entry.path, entry.value).unwrap();
        assert_eq!(file.parameter_unit(&entry.path), Some(entry.unit));
    }
    assert_eq!(&network, file.network());
    for entry in &entries {
        let doubled = entry.value * 1.5 + 1.0;
        let doubled = if entry.unit == "1" { doubled.round() } else { doubled };
        if network.set(&entry.path, doubled).is_ok() {
            assert_eq!(value(&network, &entry.path), doubled, "{}", entry.path);
            network = file.network().clone();
        }
    }
    let error = network.set("populations.E.tau_n", 1.0).unwrap_err().to_string();
    assert_eq!(error, "the network has no `populations.E.tau_n`; did you mean `populations.E.tau_m`?");
    let before = network.clone();
    assert!(network.set("connections.E_to_E.delay.min", 1e6).is_err());
    assert_eq!(network, before);
}

#[test]
fn a_network_serializes_in_one_way() {
    let network = hagen().network().clone();
    let json = serde_json::to_string(&network).unwrap();
    assert_eq!(json, serde_json::to_string(&hagen().network()).unwrap());
    assert!(
        json.starts_with(r#"{"name":"hagen","populations":[{"name":"E","size":8192,"neuron":{"model":"iaf_psc_exp","#)
    );
    assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), network);
    let zero = |value: f64| serde_json::to_string(&hagen().with(&[("populations.E.I_e", value)]).unwrap()).unwrap();
    assert_eq!(zero(-0.0), zero(0.0));
    // Written in other units, it is the same network.
    let text = shipped("hagen").unwrap();
    let other =
        text.replace("289.1 pF", "0.2891 nF").replace("2.520 ms", "0.00252 s").replace("29.89 pA", "0.02989 nA");
    assert_ne!(text, other);
    assert_eq!(NetworkFile::parse(&other, "other").unwrap(), hagen());
}

#[test]
fn the_schema_knows_the_keys_of_the_shipped_networks() {
    let schema = serde_json::to_value(network_file_schema()).unwrap();
    let models = schema["properties"]["populations"]["additionalProperties"]["oneOf"].as_array().unwrap();
    assert_eq!(models.len(), NeuronModel::ALL.len());
    for (model, schema) in NeuronModel::ALL.iter().zip(models) {
        assert_eq!(schema["properties"]["model"]["const"], model.name());
        for spec in model.parameters() {
            assert!(schema["properties"][spec.symbol]["description"].as_str().unwrap().contains(spec.meaning));
        }
    }
    let connection = &schema["properties"]["connections"]["additionalProperties"]["properties"];
    for key in ["pre", "post", "rule", "autapses", "multapses", "weight", "delay", "synapse", "profile"] {
        assert!(connection[key].is_object(), "{key}");
    }
}
