//! The shipped networks, and setting their values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::file::AssignmentError;
use lapicque_network::*;

fn hagen() -> NetworkFile {
    NetworkFile::parse(shipped("hagen").unwrap(), "hagen.yaml").unwrap_or_else(|error| panic!("{error}"))
}

fn value(network: &Network, path: &str) -> f64 {
    network.get(path).unwrap_or_else(|| panic!("{path}")).value
}

#[test]
fn every_shipped_network_reads() {
    assert_eq!(shipped_names(), ["hagen"]);
    for name in shipped_names() {
        let file = NetworkFile::parse(shipped(name).unwrap(), name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.network().name, name);
        assert!(file.parameters().iter().all(|parameter| parameter.description.is_some()));
    }
    assert_eq!(shipped("none"), None);
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
