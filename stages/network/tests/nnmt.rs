//! Network parameters of NNMT: what is read from them, and what the reader says about those that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::file::DelayDistribution;
use lapicque_network::*;

const PD14: &str = include_str!("../../../tests/golden/nnmt_networks/microcircuit_pd14.yaml");
const BOS: &str = include_str!("../../../tests/golden/nnmt_networks/microcircuit_bos2016.yaml");
const SENK: &str = include_str!("../../../tests/golden/nnmt_networks/spatial_senk2020.json");

fn read(text: &str) -> NnmtNetwork {
    NnmtNetwork::parse(text, "params.yaml").unwrap_or_else(|error| panic!("{error}"))
}

fn of_shipped(name: &str) -> NetworkFile {
    NetworkFile::parse(shipped(name).unwrap(), name).unwrap_or_else(|error| panic!("{error}"))
}

fn value(network: &Network, path: &str) -> f64 {
    network.get(path).unwrap_or_else(|| panic!("{path}")).value
}

/// What stationary theory depends on: everything but starting potentials and the delays of drives.
fn assert_same_theory(read: &Network, shipped: &Network) {
    assert_eq!(read.populations.len(), shipped.populations.len());
    for (read, shipped) in read.populations.iter().zip(&shipped.populations) {
        assert_eq!((&read.name, read.size, read.neuron.model), (&shipped.name, shipped.size, shipped.neuron.model));
        for spec in shipped.neuron.model.parameters().iter().filter(|spec| spec.symbol != "V_m") {
            assert_eq!(read.neuron.parameters[spec.symbol], shipped.neuron.parameters[spec.symbol], "{}", spec.symbol);
        }
        assert_eq!(read.drives.len(), shipped.drives.len());
        for (read, shipped) in read.drives.iter().zip(&shipped.drives) {
            let (Drive::Poisson { rate_hz, synapses, weight, .. }, Drive::Poisson { rate_hz: rate, .. }) =
                (read, shipped)
            else {
                panic!("{read:?} {shipped:?}");
            };
            assert_eq!(rate_hz, rate);
            let Drive::Poisson { synapses: of_shipped, weight: weight_of_shipped, .. } = shipped else {
                unreachable!();
            };
            assert_eq!((synapses, weight), (of_shipped, weight_of_shipped));
        }
    }
    assert_eq!(read.connections.len(), shipped.connections.len());
    for (read, shipped) in read.connections.iter().zip(&shipped.connections) {
        let name = &read.name;
        assert_eq!((name, &read.pre, &read.post), (&shipped.name, &shipped.pre, &shipped.post));
        let Rule::InDegree { k, .. } = read.rule else { panic!("{name}") };
        assert!(matches!(shipped.rule, Rule::InDegree { k: of_shipped, .. } if k == of_shipped), "{name}");
        assert_eq!(read.weight.mean(), shipped.weight.mean(), "{name}");
        assert_eq!((read.weight.sd(), shipped.weight.sd()), (0.0, 0.0), "{name}");
        assert_eq!(read.delay_ms.mean(), shipped.delay_ms.mean(), "{name}");
        assert_eq!(read.delay_ms.sd(), shipped.delay_ms.sd(), "{name}");
        assert_eq!(read.profile, shipped.profile, "{name}");
    }
}

#[test]
fn the_microcircuit_is_the_shipped_one() {
    let read = read(PD14);
    assert_eq!(read.delay_distribution, DelayDistribution::None);
    assert_eq!(read.file.network().name, "microcircuit");
    assert_same_theory(read.file.network(), of_shipped("potjans_diesmann").network());
}

#[test]
fn the_variant_of_bos_is_the_shipped_one() {
    let read = read(BOS);
    assert_eq!(read.delay_distribution, DelayDistribution::TruncatedGaussian);
    let shipped = of_shipped("bos2016");
    assert_same_theory(read.file.network(), shipped.network());
    for network in [read.file.network(), shipped.network()] {
        assert!(network.connections.iter().all(|connection| connection.delay_ms.bounds == Bounds::KeepSign));
    }
}

#[test]
fn the_spatial_network_is_the_shipped_one_but_for_names_and_rates() {
    let read = read(SENK);
    let mut network = read.file.with(&[
        ("populations.EX.drives.0.rate", 95504.46870081492),
        ("populations.EX.drives.1.rate", 15718.599312594055),
        ("populations.IN.drives.0.rate", 95504.46870081492),
        ("populations.IN.drives.1.rate", 15718.599312594055),
    ]);
    let network = network.as_mut().unwrap();
    assert_eq!(value(read.file.network(), "populations.EX.drives.0.rate"), 0.0);
    for (population, name) in network.populations.iter_mut().zip(["E", "I"]) {
        population.name = name.to_owned();
    }
    for connection in &mut network.connections {
        for end in [&mut connection.pre, &mut connection.post, &mut connection.name] {
            *end = end.replace("EX", "E").replace("IN", "I");
        }
    }
    // The shipped file is in the order of sources.
    let mut shipped = of_shipped("senk2020").network().clone();
    shipped.connections.sort_by_key(|connection| connection.post.clone());
    assert_same_theory(network, &shipped);
}

#[test]
fn the_parameters_of_a_microcircuit_act_as_in_the_shipped_one() {
    let (read, shipped) = (read(PD14).file, of_shipped("potjans_diesmann"));
    let names: Vec<&str> = read.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["w", "g", "w_ext", "nu_ext", "d_e", "d_i"]);
    let values = [("g", 5.5), ("w", 70.0), ("nu_ext", 9.0), ("d_i", 1.0), ("w_ext", 80.0)];
    assert_same_theory(&read.with(&values).unwrap(), &shipped.with(&values).unwrap());
    let defaults: Vec<(&str, f64)> = read.parameters().iter().map(|p| (p.name.as_str(), p.default)).collect();
    assert_eq!(&read.with(&defaults).unwrap(), read.network());
    for entry in read.paths() {
        assert_eq!(read.parameter_unit(&entry.path), Some(entry.unit), "{}", entry.path);
    }
}

#[test]
fn either_kind_is_recognised() {
    assert!(matches!(read_network(PD14, "a"), Ok(AnyNetwork::Nnmt(_))));
    assert!(matches!(read_network(SENK, "a"), Ok(AnyNetwork::Nnmt(_))));
    let hagen = read_network(shipped("hagen").unwrap(), "hagen.yaml").unwrap();
    assert_eq!(hagen.file(), &of_shipped("hagen"));
    assert_eq!(hagen.into_file(), of_shipped("hagen"));
    for text in ["", "a: 1", "- 1", "name: x"] {
        let error = read_network(text, "x").unwrap_err();
        assert_eq!(error, NetworkFile::parse(text, "x").unwrap_err());
    }
}

const SMALL: &str = "\
populations: [E, I]
N: [80, 20]
C: {val: 0.25, unit: nF}
tau_m: {val: 10, unit: ms}
tau_r: {val: 2, unit: ms}
tau_s: {val: [0.5, 2], unit: ms}
V_0_abs: {val: -65, unit: mV}
V_th_abs: {val: -50, unit: mV}
K: [[10, 2.5], [0, 3]]
w: {val: 87.8, unit: pA}
g: 4
d_e: {val: 1.5, unit: ms}
d_i: {val: 0.00075, unit: s}
d_e_sd: {val: 0.5, unit: ms}
d_i_sd: {val: 0, unit: ms}
delay_dist: gaussian
K_ext: [100, 90]
nu_ext: {val: 8, unit: Hz}
nu_e_ext: {val: [3, 0], unit: Hz}
nu_i_ext: {val: [1, 0], unit: 1/s}
I_ext: {val: 0.1, unit: nA}
";

#[test]
fn scalars_serve_all_populations_and_units_are_converted() {
    let NnmtNetwork { file, delay_distribution } = read(SMALL);
    assert_eq!(delay_distribution, DelayDistribution::Gaussian);
    let network = file.network();
    assert_eq!(network.name, "nnmt");
    let expected = [
        ("populations.I.C_m", 250.0),
        ("populations.E.I_e", 100.0),
        ("populations.E.tau_syn_in", 0.5),
        ("populations.I.tau_syn_ex", 2.0),
        ("populations.I.V_reset", -65.0),
        ("populations.I.E_L", -65.0),
        ("populations.I.drive.synapses", 90.0),
        ("populations.I.drive.weight", 87.8),
        ("populations.E.drives.0.synapses", 100.0),
        ("populations.E.drives.1.weight", 87.8),
        ("populations.E.drives.1.rate", 3.0),
        ("populations.E.drives.2.weight", -351.2),
        ("connections.I_to_E.weight", -351.2),
        ("connections.I_to_E.rule.in_degree", 2.5),
        ("connections.I_to_E.delay", 0.75),
        ("connections.E_to_E.delay.sd", 0.5),
    ];
    for (path, expected) in expected {
        assert_eq!(value(network, path), expected, "{path}");
    }
    assert!(network.get("connections.E_to_I.weight").is_none());
    assert!(network.get("connections.I_to_E.delay.sd").is_none());
    let changed = file.with(&[("w", 100.0), ("g", 5.0)]).unwrap();
    assert_eq!(value(&changed, "populations.E.drives.2.weight"), -500.0);
    assert_eq!(value(&changed, "populations.E.drives.0.weight"), 100.0);
    let lognormal = read(&SMALL.replace("gaussian", "lognormal")).file;
    assert!(matches!(lognormal.network().connections[0].delay_ms.shape, Shape::Lognormal { mean: 1.5, .. }));
}

#[test]
fn external_input_of_basic_networks() {
    let head: String = SMALL.lines().take(9).map(|line| format!("{line}\n")).collect();
    let basic =
        format!("{head}W: {{val: [[1, -2], [3, -4]], unit: pA}}\nD_mean: {{val: [[1, 2], [3, 4]], unit: ms}}\n");
    let alone = read(&basic).file;
    assert!(alone.network().populations.iter().all(|population| population.drives.is_empty()));
    assert!(alone.parameters().is_empty());
    assert_eq!(value(alone.network(), "connections.I_to_E.weight"), -2.0);
    assert_eq!(value(alone.network(), "connections.I_to_I.delay"), 4.0);
    let cases = [
        ("W_ext: {val: 5, unit: pA}\nK_ext: 7\n", "populations.I.drive.synapses", 7.0),
        ("W_ext: {val: [5, 6], unit: pA}\nK_ext: [7, 8]\n", "populations.I.drive.weight", 6.0),
        ("W_ext: {val: [[5], [6]], unit: pA}\nK_ext: [[7], [8]]\n", "populations.I.drive.synapses", 8.0),
        ("W_ext: {val: [[5, 1, 2], [6, 3, 4]], unit: pA}\nK_ext: [7, 8, 9]\n", "populations.I.drives.2.synapses", 9.0),
        (
            "W_ext: {val: [[5, 1], [6, 3]], unit: pA}\nK_ext: [7, 8]\nnu_ext: {val: [1, 2], unit: kHz}\n",
            "populations.I.drives.1.rate",
            2000.0,
        ),
        (
            "W_ext: {val: [[5, 1], [6, 3]], unit: pA}\nK_ext: [7, 8]\nnu_ext: {val: 3, unit: Hz}\n",
            "populations.I.drives.1.rate",
            3.0,
        ),
    ];
    for (external, path, expected) in cases {
        let file = read(&format!("{basic}{external}")).file;
        assert_eq!(value(file.network(), path), expected, "{external}");
    }
    let refused = [
        ("W_ext: {val: 5, unit: pA}\n", "`K_ext` is missing"),
        (
            "W_ext: {val: [5, 6, 7], unit: pA}\nK_ext: 1\n",
            "W_ext: a number, or a list of 2 numbers or rows, is expected",
        ),
        (
            "W_ext: {val: [[5], [6, 7]], unit: pA}\nK_ext: 1\n",
            "W_ext[1]: a list of 1 numbers is expected, found a list of 2",
        ),
        ("W_ext: {val: [[], []], unit: pA}\nK_ext: 1\n", "W_ext[0]: a list of numbers is expected, found a list of 0"),
        (
            "W_ext: {val: 5, unit: pA}\nK_ext: [1, 2, 3]\n",
            "K_ext: a number or a list of 2 numbers, one for each population,",
        ),
        ("W_ext: {val: [[5, 1], [6, 3]], unit: pA}\nK_ext: [1, 2, 3]\n", "K_ext: a list of 2 numbers or 2 such lists"),
        (
            "W_ext: {val: 5, unit: pA}\nK_ext: 1\nnu_ext: {val: [1, 2], unit: Hz}\n",
            "nu_ext: a number is expected, found a list of 2",
        ),
    ];
    for (external, expected) in refused {
        let found = problems(&format!("{basic}{external}"));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{external}: {found:#?}");
    }
}

fn problems(text: &str) -> Vec<String> {
    let error = NnmtNetwork::parse(text, "params.yaml").expect_err("the file is wrong");
    assert!(error.to_string().starts_with("params.yaml:"));
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn problems_say_where_what_and_what_is_allowed() {
    let cases = [
        (
            "tau_m: {val: 10, unit: ms}",
            "tau_m: {val: 10, unit: mV}",
            "4:24: tau_m.unit: `10 mV` is a voltage; a time such as `1 ms` is expected",
        ),
        ("unit: nF", "unit: nf", "3:22: C.unit: `nf`: unknown unit `nf` at column 1; did you mean `nF`?"),
        (
            "C: {val: 0.25, unit: nF}",
            "C: 250",
            "3:4: C: a mapping of `val` and `unit` is expected, found the number 250",
        ),
        ("C: {val: 0.25, unit: nF}", "C: {val: 250}", "3:4: C: `unit` is missing; write e.g. `unit: pF`"),
        ("C: {val: 0.25, unit: nF}", "C: {unit: pF}", "3:4: C: `val` is missing; write e.g. `val: 1`"),
        (
            "C: {val: 0.25, unit: nF}",
            "C: {val: 250, unit: pF, x: 1}",
            "3:25: C: unknown key `x`; allowed are `val`, `unit`",
        ),
        ("val: 0.25", "val: -0.25", "3:10: C: -250 pF is not allowed; it must be greater than 0"),
        ("val: 0.25", "val: .nan", "3:10: C: NaN pF is not allowed; it must be greater than 0"),
        ("val: 0.25", "val: 1e308", "3:10: C: `1e308 nF` does not fit a 64-bit float in pF"),
        ("val: 0.25", "val: x", "3:10: C: a number is expected, found `x`"),
        (
            "N: [80, 20]",
            "N: [80, 20.5]",
            "2:9: N[1]: 20.5 is not allowed; it must be a whole number from 1 to 4294967295",
        ),
        ("N: [80, 20]", "N: [80]", "2:4: N: a list of 2 numbers is expected, found a list of 1"),
        ("N: [80, 20]\n", "", "1:1: `N` is missing; write e.g. `N: 1`"),
        ("[0, 3]]", "[0, -3]]", "9:20: K[1][1]: -3 is not allowed; it must be 0 or greater"),
        ("[0, 3]]", "[0, 3, 1]]", "9:16: K[1]: a list of 2 numbers is expected, found a list of 3"),
        ("[0, 3]]", "3]", "9:16: K[1]: a list of 2 numbers is expected, found the number 3"),
        (
            "K: [[10, 2.5], [0, 3]]",
            "K: 3",
            "9:4: K: a list of 2 rows, one for each target population, is expected, found the number 3",
        ),
        (
            "g: 4",
            "g: {val: 4, unit: mV}",
            "11:19: g.unit: `4 mV` is a voltage; a dimensionless number such as `1` is expected",
        ),
        ("g: 4", "g: [4, 4]", "11:4: g: a number is expected, found a list"),
        ("g: 4", "g: -4", "11:4: g: -4 is not allowed; it must be 0 or greater"),
        ("g: 4", "h: 4", "11:1: unknown key `h`; allowed are `label`, `populations`,"),
        ("tau_s", "tau_syn", "6:1: unknown key `tau_syn`; did you mean `tau_s`?; allowed are"),
        (
            "delay_dist: gaussian",
            "delay_dist: gauss",
            "16:13: delay_dist: `gauss` is not known; allowed are `none`, `gaussian`,",
        ),
        ("d_e_sd: {val: 0.5, unit: ms}\n", "", "1:1: `d_e_sd` is missing; write e.g. `d_e_sd: {val: 1, unit: ms}`"),
        ("d_e: {val: 1.5", "d_e: {val: 0", "12:12: d_e: 0 ms is not allowed; it must be greater than 0"),
        ("[E, I]", "[E, E]", "1:18: `populations.E`: the name is given twice"),
        ("[E, I]", "[E, 2/3I]", "1:18: populations: `2/3I` is no name"),
        ("[E, I]", "[E, 3]", "1:18: populations: a text is expected, found the number 3"),
        ("[E, I]", "[]", "1:14: populations: a list of 1 to 100 names is expected, found a list of 0"),
        ("[E, I]", "E", "1:14: populations: a list of 1 to 100 names is expected, found `E`"),
        ("val: -65", "val: -45", "7:10: `populations.E.V_reset`: V_reset (-45 mV) must be below V_th (-50 mV)"),
        ("w: {val: 87.8", "w: {val: 1e308", "10:4: `connections.I_to_E.weight`: the value -inf is not allowed"),
        ("delay_dist: gaussian", "delay_dist: 1", "16:13: delay_dist: a text is expected, found the number 1"),
        ("K_ext: [100, 90]", "K_ext: [100, 90, 80]", "17:8: K_ext: a list of 2 numbers is expected, found a list of 3"),
    ];
    assert!(NnmtNetwork::parse(SMALL, "small").is_ok());
    for (from, to, expected) in cases {
        assert!(SMALL.contains(from), "{from}");
        let found = problems(&SMALL.replacen(from, to, 1));
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{to}: {found:#?}\n{expected}");
    }
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let text = SMALL
        .replace("unit: nF", "unit: mV")
        .replace("[80, 20]", "[80]")
        .replace("g: 4", "g: -1")
        .replace("8, unit: Hz", "8, unit: s");
    let found = problems(&text);
    assert_eq!(found.len(), 4, "{found:#?}");
    for (problem, line) in found.iter().zip(["2:", "3:", "11:", "18:"]) {
        assert!(problem.starts_with(line), "{problem}");
    }
}
